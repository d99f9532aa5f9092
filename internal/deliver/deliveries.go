package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// statusDelivered and statusWaiting are the statuses that have no row in the parking.
const (
	statusDelivered = "delivered"
	statusWaiting   = "waiting"
	statusSkipped   = "skipped"
)

// Deliveries lists an account's deliveries, the newest first within their group: without a status, those that failed or
// wait for another attempt come before those that were delivered. With an event, one delivery per integration that
// matched it. A page of what was delivered or skipped is made of at most mostUnpacked events: it may have fewer entries than
// were asked for although others follow.
func (e *Engine) Deliveries(ctx context.Context, account event.Account, f DeliveryFilter, p store.Page) (list []DeliveryView, next string, err error) {
	if !f.Event.IsZero() {
		list, err = e.deliveriesOf(ctx, account, f)
		return list, "", err
	}
	switch f.Status {
	case statusDelivered, statusSkipped:
		return e.settled(ctx, account, f, p)
	case statusWaiting:
		return e.waiting(account, f, p)
	case "":
		return e.allDeliveries(ctx, account, f, p)
	}
	return e.parkedDeliveries(ctx, account, f, p, store.ParkedState(f.Status))
}

// deliveredPhase marks a cursor of the second group of an unfiltered list.
const deliveredPhase = "d."

func (e *Engine) allDeliveries(ctx context.Context, account event.Account, f DeliveryFilter, p store.Page) ([]DeliveryView, string, error) {
	if rest, ok := strings.CutPrefix(p.After, deliveredPhase); ok {
		p.After = rest
		list, next, err := e.settled(ctx, account, f, p)
		if next != "" {
			next = deliveredPhase + next
		}
		return list, next, err
	}
	list, next, err := e.parkedDeliveries(ctx, account, f, p)
	if err != nil || next != "" {
		return list, next, err
	}
	room := pageLimit(p) - len(list)
	if room <= 0 {
		return list, deliveredPhase, nil
	}
	more, next, err := e.settled(ctx, account, f, store.Page{Limit: room})
	if next != "" {
		next = deliveredPhase + next
	}
	return append(list, more...), next, err
}

func (e *Engine) parkedDeliveries(ctx context.Context, account event.Account, f DeliveryFilter, p store.Page, states ...store.ParkedState) ([]DeliveryView, string, error) {
	p.Limit = pageLimit(p)
	filter := f.parked(account)
	filter.States = states
	rows, next, err := e.Store.ListParked(ctx, filter, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing parked deliveries: %w", err)
	}
	list := make([]DeliveryView, len(rows))
	for i, r := range rows {
		list[i] = viewOfParked(r)
	}
	return list, next, nil
}

func viewOfParked(r store.Parked) DeliveryView {
	return DeliveryView{
		ID: r.Delivery, Integration: r.Integration, Event: r.Event, Account: cmp.Or(r.EventAccount, r.Account), Type: r.Type, Severity: r.Severity,
		Status: string(r.State), Attempts: r.Attempts, Due: r.Due, Cause: r.Cause, CauseClass: r.CauseClass,
		Since: r.Since, OrderingKey: r.OrderingKey, Run: JobOf(r),
		FromIntegration: r.FromIntegration, FromDelivery: r.FromDelivery, ToIntegration: r.ToIntegration, ToDelivery: r.ToDelivery,
	}
}

// JobOf is the backfill that brought a delivery; zero if none did.
func JobOf(r store.Parked) event.ID { return jobOf(r.Integration, r.Run) }

// jobOf is the job that a run belongs to: what comes by fallback has none.
func jobOf(integration, run event.ID) event.ID {
	if run == integration {
		return event.ID{}
	}
	return run
}

// waiting lists what is in the windows and not settled, the oldest first.
func (e *Engine) waiting(account event.Account, f DeliveryFilter, p store.Page) ([]DeliveryView, string, error) {
	after, err := readCursor(p.After)
	if err != nil {
		return nil, "", err
	}
	limit := pageLimit(p)
	type placed struct {
		view DeliveryView
		pos  journal.Position
	}
	var found []placed
	for _, l := range e.allLanes() {
		if l.account != account || !f.Integration.IsZero() && l.id != f.Integration {
			continue
		}
		l.mu.Lock()
		for _, en := range l.win.list[l.win.head:] {
			if en.settled() || after != nil && !after.Less(en.pos) {
				continue
			}
			if v := l.viewOfEntry(en); f.lets(&v) {
				found = append(found, placed{v, en.pos})
			}
		}
		l.mu.Unlock()
	}
	slices.SortStableFunc(found, func(a, b placed) int { return a.pos.Compare(b.pos) })
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = writeCursor(found[limit-1].pos)
	}
	list := make([]DeliveryView, len(found))
	for i := range found {
		list[i] = found[i].view
	}
	return list, next, nil
}

func (l *lane) viewOfEntry(en *entry) DeliveryView {
	v := l.viewOf(en.rec)
	v.Status, v.Attempts, v.Since = statusWaiting, en.attempt, en.rec.Received
	switch { // settled, but not saved yet
	case en.outcome == store.OutcomeDelivered:
		v.Status, v.Attempts, v.Grade = statusDelivered, 1, en.grade
	case en.outcome == store.OutcomeMailbox:
		v.Status = string(store.StateMailbox)
	case en.outcome == store.OutcomeCancelled:
		v.Status = string(store.StateDiscarded)
	case en.outcome == store.OutcomeRetry:
		v.Status = string(store.StateParked)
	case en.skipped:
		v.Status = statusSkipped
	}
	return v
}

func (l *lane) viewOf(rec *event.Record) DeliveryView {
	return DeliveryView{
		ID: deliveryID(rec.ID, l.id), Integration: l.id, Event: rec.ID, Account: rec.Account, Type: rec.Type,
		Severity: rec.Severity, OrderingKey: rec.OrderingKey,
	}
}

// mostUnpacked is how many events of the ledger are looked at for one page.
const mostUnpacked = 5000

// settled lists what the ledger's packs know, the newest first: successes, or what was left out if the filter's status says
// so. A cursor is the ledger's own one and how many of the next pack were seen.
func (e *Engine) settled(ctx context.Context, account event.Account, f DeliveryFilter, p store.Page) (list []DeliveryView, next string, err error) {
	limit := pageLimit(p)
	after, seen, err := cutPackCursor(p.After)
	if err != nil {
		return nil, "", err
	}
	u := unpacking{DeliveryFilter: f, readable: e.readable(account), left: mostUnpacked}
	u.Status = cmp.Or(f.Status, statusDelivered)
	of := store.PackFilter{Account: account, Integration: f.Integration, Since: f.Since, Before: f.Until}
	for {
		packs, following, err := e.Store.ListPacks(ctx, of, store.Page{After: after, Limit: 1})
		if err != nil {
			return nil, "", fmt.Errorf("listing the ledger: %w", err)
		}
		for _, pack := range packs {
			taken, done, err := e.unpack(ctx, pack, &u, seen, limit-len(list))
			if err != nil {
				return nil, "", err
			}
			list = append(list, taken...)
			if done > 0 {
				return list, after + "~" + strconv.Itoa(done), nil
			}
		}
		if seen = 0; following == "" {
			return list, "", nil
		}
		if after = following; len(list) >= limit || u.left <= 0 {
			return list, after + "~0", nil
		}
	}
}

func cutPackCursor(s string) (after string, seen int, err error) {
	if s == "" {
		return "", 0, nil
	}
	after, n, ok := strings.Cut(s, "~")
	seen, convErr := strconv.Atoi(n)
	if !ok || convErr != nil || seen < 0 {
		return "", 0, store.ErrCursor
	}
	return after, seen, nil
}

// unpacking is a page of deliveries that is made of packs.
type unpacking struct {
	DeliveryFilter

	readable accounts
	left     int // how many events may still be looked at
}

// unpack gives at most limit of a pack's deliveries, the newest first, without the first seen of its events. If it could
// not give all, done is how many events have been seen now.
func (e *Engine) unpack(ctx context.Context, pack store.Pack, u *unpacking, seen, limit int) (list []DeliveryView, done int, err error) {
	runs, err := decodePack(pack.Data)
	if err != nil {
		return nil, 0, nil //nolint:nilerr // a damaged pack has nothing to show; recovery has reported it
	}
	n := 0
	for i := len(runs) - 1; i >= 0; i-- {
		for j := int(runs[i].N) - 1; j >= 0; j-- {
			if n++; n <= seen {
				continue
			}
			if len(list) >= limit || u.left <= 0 {
				return list, n - 1, nil
			}
			u.left--
			pos := runs[i].Pos
			pos.Item += uint32(j)
			if v, ok := e.packed(ctx, pack, u, runs[i], pos); ok {
				list = append(list, v)
			}
		}
	}
	return list, 0, nil
}

// packed is one event of a pack, if it is wanted. One that had been parked was delivered if its row is gone.
func (e *Engine) packed(ctx context.Context, pack store.Pack, u *unpacking, run packRun, pos journal.Position) (DeliveryView, bool) {
	v := DeliveryView{Integration: pack.Integration, Status: u.Status, Since: pack.At, Grade: run.Grade}
	switch {
	case u.Status == statusSkipped && run.Outcome == "":
	case u.Status == statusDelivered && (run.Outcome == store.OutcomeDelivered || run.Outcome == store.OutcomeRetry):
		v.Attempts = 1
	default:
		return v, false
	}
	rec, err := e.at(ctx, u.readable, pos)
	if err != nil {
		return v, false // trimmed: the ledger knows that it was delivered, but not any more what it was
	}
	rec = seenFrom(pack.Account, rec)
	v.ID, v.Event, v.Account = deliveryID(rec.ID, pack.Integration), rec.ID, rec.Account
	v.Type, v.Severity, v.OrderingKey = rec.Type, rec.Severity, rec.OrderingKey
	if !u.lets(&v) {
		return v, false
	}
	if run.Outcome == store.OutcomeRetry {
		if _, err := e.Store.GetParked(ctx, pack.Account, v.ID); !errors.Is(err, store.ErrNotFound) {
			return v, false
		}
		if e.calledOff(ctx, pack.Integration, pos) {
			return v, false
		}
		v.Attempts++ // at least one failed; the history has them all
	}
	return v, true
}

// calledOff says whether a delivery that was parked was left out later.
func (e *Engine) calledOff(ctx context.Context, integration event.ID, pos journal.Position) bool {
	packs, err := e.Store.PacksAt(ctx, integration, pos)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(packs, func(p store.Pack) bool {
		runs, _ := decodePack(p.Data)
		run, found := findRun(runs, pos)
		return found && run.Outcome == ""
	})
}

// deliveriesOf gives the deliveries of one event.
func (e *Engine) deliveriesOf(ctx context.Context, account event.Account, f DeliveryFilter) ([]DeliveryView, error) {
	rec, pos, err := e.find(ctx, e.readable(account), f.Event.Time(), func(r *event.Record) bool { return r.ID == f.Event })
	if errors.Is(err, store.ErrNotFound) {
		rows, _, err := e.Store.ListParked(ctx, store.ParkedFilter{Account: account, Event: f.Event, Integration: f.Integration}, store.Page{Limit: maxPage})
		list := make([]DeliveryView, 0, len(rows))
		for _, r := range rows {
			if v := viewOfParked(r); f.lets(&v) {
				list = append(list, v)
			}
		}
		return list, err
	}
	if err != nil {
		return nil, err
	}
	var list []DeliveryView
	for _, l := range e.allLanes() {
		if l.account != account || !f.Integration.IsZero() && l.id != f.Integration {
			continue
		}
		v, ok, err := e.stateOf(ctx, l, rec, pos)
		if err != nil {
			return nil, err
		}
		if ok && f.lets(&v) {
			list = append(list, v)
		}
	}
	given, err := e.givenOf(ctx, account, f)
	if err != nil {
		return nil, err
	}
	list = append(list, given...)
	slices.SortFunc(list, func(a, b DeliveryView) int { return strings.Compare(a.ID.Text(""), b.ID.Text("")) })
	return list, nil
}

// stateOf is where one event stands with one lane; ok is false if the lane did not match it.
func (e *Engine) stateOf(ctx context.Context, l *lane, rec *event.Record, pos journal.Position) (v DeliveryView, ok bool, err error) {
	rec = seenFrom(l.account, rec)
	v = l.viewOf(rec)
	row, err := e.Store.GetParked(ctx, l.account, v.ID)
	switch {
	case err == nil:
		return viewOfParked(row), true, nil
	case !errors.Is(err, store.ErrNotFound):
		return v, false, fmt.Errorf("reading a parked delivery: %w", err)
	}
	packs, err := e.Store.PacksAt(ctx, l.id, pos)
	if err != nil {
		return v, false, fmt.Errorf("reading the ledger: %w", err)
	}
	for _, pack := range slices.Backward(packs) { // the newest knows best
		runs, err := decodePack(pack.Data)
		if err != nil {
			continue
		}
		if run, found := findRun(runs, pos); found {
			v.Status, v.Since, v.Attempts, v.Grade = statusDelivered, pack.At, 1, run.Grade
			if run.Outcome == "" {
				v.Status, v.Attempts = statusSkipped, 0
			}
			return v, true, nil
		}
	}
	if inWindow, ok := l.waitingAt(rec, pos); ok {
		return inWindow, true, nil
	}
	given, ok, err := e.givenState(ctx, l.account, v.ID)
	if err != nil || !ok {
		return v, false, err
	}
	given.Severity, given.OrderingKey, given.Account = v.Severity, v.OrderingKey, v.Account
	return given, true, nil
}

// waitingAt is an event's state if the lane has it in its window, or is still to come to it.
func (l *lane) waitingAt(rec *event.Record, pos journal.Position) (v DeliveryView, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, en := range l.win.list[l.win.head:] {
		if en.pos == pos {
			return l.viewOfEntry(en), true
		}
	}
	v = l.viewOf(rec)
	v.Status, v.Since = statusWaiting, rec.Received
	return v, !l.attached && !pos.Less(l.next) && l.wants(rec, l.versionAt(pos)) == route.Wanted
}
