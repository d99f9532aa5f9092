package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
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
// wait for another attempt come first, then those whose turn has not come (the oldest first), then those that were
// delivered. With an event, one delivery per integration that
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

// deliveryGroup is a part of the unfiltered list. Its mark is what the cursors within it begin with.
type deliveryGroup struct {
	mark string
	list func(store.Page) ([]DeliveryView, string, error)
}

func (e *Engine) allDeliveries(ctx context.Context, account event.Account, f DeliveryFilter, p store.Page) (list []DeliveryView, next string, err error) {
	groups := []deliveryGroup{
		{"", func(p store.Page) ([]DeliveryView, string, error) { return e.parkedDeliveries(ctx, account, f, p) }},
		{"w.", func(p store.Page) ([]DeliveryView, string, error) { return e.waiting(account, f, p) }},
		{"d.", func(p store.Page) ([]DeliveryView, string, error) { return e.settled(ctx, account, f, p) }},
	}
	at, after := 0, p.After
	for i, g := range groups[1:] {
		if rest, ok := strings.CutPrefix(p.After, g.mark); ok {
			at, after = i+1, rest
		}
	}
	for limit := pageLimit(p); at < len(groups); at++ {
		g := groups[at]
		if len(list) >= limit {
			return list, g.mark, nil
		}
		more, next, err := g.list(store.Page{After: after, Limit: limit - len(list)})
		if list = append(list, more...); err != nil || next != "" {
			return list, g.mark + next, err
		}
		after = ""
	}
	return list, "", nil
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
	return list, next, e.entitle(ctx, account, list)
}

// entitle adds the titles of the events of parked deliveries, which their rows keep.
func (e *Engine) entitle(ctx context.Context, account event.Account, list []DeliveryView) error {
	ids := make([]event.ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	titles, err := e.Store.ParkedTitles(ctx, account, ids)
	if err != nil {
		return fmt.Errorf("reading the titles of parked deliveries: %w", err)
	}
	for i := range list {
		list[i].Title = titles[list[i].ID]
	}
	return nil
}

func viewOfParked(r store.Parked) DeliveryView {
	v := DeliveryView{
		ID: r.Delivery, Integration: r.Integration, Event: r.Event, Account: cmp.Or(r.EventAccount, r.Account), Type: r.Type, Severity: r.Severity,
		Status: string(r.State), Attempts: r.Attempts, Due: r.Due, Cause: r.Cause, CauseClass: r.CauseClass,
		Since: r.Since, OrderingKey: r.OrderingKey, Run: JobOf(r),
		FromIntegration: r.FromIntegration, FromDelivery: r.FromDelivery, ToIntegration: r.ToIntegration, ToDelivery: r.ToDelivery,
	}
	if rec, _, err := event.DecodeRecord(r.Record, r.Account); err == nil {
		v.Title = rec.TitleLine(store.MaxListedTitle)
	}
	return v
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
		lane *lane
		rec  *event.Record
		view DeliveryView // without what costs more than a look
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
			v := DeliveryView{Type: en.rec.Type, Status: statusWaiting, Attempts: en.attempt, Since: en.rec.Received}
			if f.lets(&v) {
				found = append(found, placed{l, en.rec, v, en.pos})
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
	for i, p := range found {
		list[i] = p.lane.viewOf(p.rec)
		list[i].Status, list[i].Attempts, list[i].Since = p.view.Status, p.view.Attempts, p.view.Since
	}
	return list, next, nil
}

func (l *lane) viewOfEntry(en *entry) DeliveryView {
	v := l.viewOf(en.rec)
	v.Status, v.Attempts, v.Since = statusWaiting, en.attempt, en.rec.Received
	if en.settled() { // but not saved yet: it was within this tick
		v.Since = l.e.Now()
	}
	switch {
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
		Title: rec.TitleLine(store.MaxListedTitle), Severity: rec.Severity, OrderingKey: rec.OrderingKey,
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
	if u.Type != "" && !u.Type.Match(v.Type) {
		return v, false
	}
	if run.Outcome == store.OutcomeRetry {
		if _, err := e.Store.GetParked(ctx, pack.Account, v.ID); !errors.Is(err, store.ErrNotFound) {
			return v, false
		}
		if e.calledOff(ctx, pack.Integration, pos) {
			return v, false
		}
		e.arrival(ctx, pack.Account, &v)
	}
	if !u.lets(&v) {
		return v, false
	}
	v.Title = rec.TitleLine(store.MaxListedTitle)
	return v, true
}

// arrival fills in when a delivery arrived that had been parked: the ledger's pack knows of its first attempt only, and
// the attempt that succeeded has a row of its own, as long as the ledger is kept.
func (e *Engine) arrival(ctx context.Context, account event.Account, v *DeliveryView) {
	v.Attempts++ // at least one failed
	f := store.AttemptFilter{Account: account, Delivery: v.ID, Outcome: store.OutcomeDelivered}
	rows, _, err := e.Store.ListAttempts(ctx, f, store.Page{Limit: 1})
	if err != nil || len(rows) == 0 {
		return
	}
	v.Since, v.Attempts = rows[0].At.Add(rows[0].Latency), max(v.Attempts, rows[0].Number)
	v.Grade = cmp.Or(connector.Grade(rows[0].Grade), v.Grade)
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
		if err != nil {
			return nil, err
		}
		list := make([]DeliveryView, 0, len(rows))
		for _, r := range rows {
			if v := viewOfParked(r); f.lets(&v) {
				list = append(list, v)
			}
		}
		return list, e.entitle(ctx, account, list)
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
	for i := range given {
		given[i].Title = rec.TitleLine(store.MaxListedTitle)
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
			switch run.Outcome {
			case "":
				v.Status, v.Attempts = statusSkipped, 0
			case store.OutcomeRetry:
				e.arrival(ctx, l.account, &v)
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
	given.Title, given.Severity, given.OrderingKey, given.Account = v.Title, v.Severity, v.OrderingKey, v.Account
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
