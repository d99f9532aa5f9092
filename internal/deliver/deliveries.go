package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
		ID: event.DeliveryID(rec.ID, l.id), Integration: l.id, Event: rec.ID, Account: rec.Account, Type: rec.Type,
		Title: rec.TitleLine(store.MaxListedTitle), Severity: rec.Severity, OrderingKey: rec.OrderingKey,
	}
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
			case store.OutcomeDelivered:
			default:
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
