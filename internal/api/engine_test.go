package api

import (
	"context"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// fakeEngine stands for the delivery room: it knows what a test put into it.
type fakeEngine struct {
	waiting, parked uint64
	events          map[event.Account][]*event.Record
	deliveries      map[event.Account][]deliver.DeliveryView
	jobs            map[event.ID]store.Job
	replays         []deliver.ReplaySpec
	backfills       []deliver.BackfillView
	backfillErr     error
	discards        []string
	retries         int
	retryErr        error
	filter          deliver.EventFilter
	asked           deliver.DeliveryFilter // of the last list of deliveries
	since           time.Time              // of the last look back
	slow            bool                   // a look back takes as long as it may
	panics          bool
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{
		events: map[event.Account][]*event.Record{}, deliveries: map[event.Account][]deliver.DeliveryView{},
		jobs: map[event.ID]store.Job{},
	}
}

func (e *fakeEngine) Apply(context.Context, store.Integration) error        { return nil }
func (e *fakeEngine) Remove(context.Context, event.Account, event.ID) error { return nil }
func (e *fakeEngine) Backlog(event.Account, event.ID) (waiting, parked uint64) {
	return e.waiting, e.parked
}

func (e *fakeEngine) stats(id event.ID) deliver.IntegrationStats {
	s := deliver.IntegrationStats{
		Integration: id, Kind: "webhook", Name: "x", State: deliver.LaneAttached, AddsUp: true, Breaker: "closed", Grade: "confirmed",
		Counts:   deliver.Counts{Journalled: 5, Matched: 4, Filtered: 1, Delivered: 4},
		Attempts: map[store.Outcome]uint64{store.OutcomeDelivered: 4},
	}
	s.Latency.Observe(3*time.Millisecond, 99)
	s.Latency.Observe(time.Minute, 1)
	return s
}

func (e *fakeEngine) Suppressed(_ context.Context, account event.Account, id event.ID, p store.Page) ([]store.Suppressed, string, error) {
	now := time.Now().UTC()
	return []store.Suppressed{{
		Delivery: event.NewID(), Account: account, Integration: id, Event: event.NewID(), EventAccount: account, Type: "alert.created",
		Severity: event.Low, Title: "one", Reason: "silenced", Detail: event.NewID().Text(event.PrefixSilence), At: now, Until: now.Add(time.Hour),
	}}, "", nil
}

func (e *fakeEngine) Stats(account event.Account) deliver.AccountStats {
	return deliver.AccountStats{Account: account, Journalled: 5, AddUp: true, Integrations: []deliver.IntegrationStats{e.stats(event.ID{1})}}
}

func (e *fakeEngine) IntegrationStats(_ event.Account, id event.ID) (deliver.IntegrationStats, bool) {
	return e.stats(id), true
}

func (e *fakeEngine) Deliveries(_ context.Context, account event.Account, f deliver.DeliveryFilter, _ store.Page) (list []deliver.DeliveryView, next string, err error) {
	if e.panics {
		panic("a bug that knows " + canarySecret)
	}
	e.asked = f
	for _, d := range e.deliveries[account] {
		if (f.Status == "" || f.Status == d.Status) && (f.Event.IsZero() || f.Event == d.Event) {
			list = append(list, d)
		}
	}
	return list, "", nil
}

func (e *fakeEngine) Delivery(_ context.Context, account event.Account, id event.ID) (deliver.DeliveryView, error) {
	for _, d := range e.deliveries[account] {
		if d.ID == id {
			return d, nil
		}
	}
	return deliver.DeliveryView{}, store.ErrNotFound
}

func (e *fakeEngine) Retry(ctx context.Context, account event.Account, id event.ID, force bool) error {
	if _, err := e.Delivery(ctx, account, id); err != nil {
		return err
	}
	e.retries++
	if force {
		return nil
	}
	return e.retryErr
}

func (e *fakeEngine) Replay(_ context.Context, account event.Account, spec deliver.ReplaySpec) (store.Job, error) {
	e.replays = append(e.replays, spec)
	j := store.Job{ID: event.NewID(), Account: account, Kind: "replay", State: "queued", Total: len(spec.IDs), CreatedAt: testTime, UpdatedAt: testTime}
	e.jobs[j.ID] = j
	return j, nil
}

func (e *fakeEngine) Discard(_ context.Context, _ event.Account, s deliver.Selection, reason string) (int, error) {
	e.discards = append(e.discards, reason)
	return len(s.IDs), nil
}

func (e *fakeEngine) Job(_ context.Context, account event.Account, id event.ID) (deliver.JobView, error) {
	j, ok := e.jobs[id]
	if !ok || j.Account != account {
		return deliver.JobView{}, store.ErrNotFound
	}
	if j.Kind == "backfill" {
		return deliver.JobView{Job: j, Backfill: &e.backfills[len(e.backfills)-1]}, nil
	}
	return deliver.JobView{Job: j, Problems: []deliver.JobProblem{{Delivery: "dlv_x", Error: "gone"}}}, nil
}

func (e *fakeEngine) Backfill(_ context.Context, account event.Account, integration event.ID, spec deliver.BackfillSpec) (store.Job, error) {
	if spec.To.Before(spec.From) && !spec.To.IsZero() {
		return store.Job{}, deliver.ErrSpan
	}
	if e.backfillErr != nil {
		return store.Job{}, e.backfillErr
	}
	e.backfills = append(e.backfills, deliver.BackfillView{BackfillSpec: spec, Integration: integration, Read: 9, Counts: deliver.RunCounts{Matched: 4, Delivered: 4}})
	j := store.Job{ID: event.NewID(), Account: account, Kind: "backfill", State: "queued", CreatedAt: testTime, UpdatedAt: testTime}
	e.jobs[j.ID] = j
	return j, nil
}

func (e *fakeEngine) Jobs(ctx context.Context, account event.Account, _ store.Page) (list []deliver.JobView, next string, err error) {
	for id := range e.jobs {
		if v, err := e.Job(ctx, account, id); err == nil {
			list = append(list, v)
		}
	}
	return list, "", nil
}

func (e *fakeEngine) CancelJob(_ context.Context, account event.Account, id event.ID) error {
	j, ok := e.jobs[id]
	switch {
	case !ok || j.Account != account:
		return store.ErrNotFound
	case j.State == "cancelled":
		return deliver.ErrJobEnded
	}
	j.State = "cancelled"
	e.jobs[id] = j
	return nil
}

func (e *fakeEngine) Events(_ context.Context, account event.Account, f deliver.EventFilter, p store.Page) ([]*event.Record, string, error) {
	e.filter = f
	if p.After == "bad" {
		return nil, "", store.ErrCursor
	}
	list := e.events[account]
	if len(list) > p.Limit {
		return list[:p.Limit], "more", nil
	}
	return list, "", nil
}

func (e *fakeEngine) Event(_ context.Context, account event.Account, id event.ID) (*event.Record, error) {
	for _, r := range e.events[account] {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, store.ErrNotFound
}

func (e *fakeEngine) LookBack(ctx context.Context, account event.Account, since time.Time, each deliver.Section) (deliver.Extent, error) {
	if ctx.Err() != nil {
		return deliver.Extent{}, ctx.Err()
	}
	e.since = since
	if e.slow {
		<-ctx.Done()
		return deliver.Extent{Since: testTime}, ctx.Err()
	}
	for _, r := range e.events[account] {
		if !each([]journal.TypeCount{{Type: r.Type, Count: 1}}, func() ([]*event.Record, error) { return []*event.Record{r}, nil }) {
			return deliver.Extent{Since: testTime}, ctx.Err()
		}
	}
	return deliver.Extent{Since: since, Complete: true}, ctx.Err()
}

// add puts an event into the engine.
func (e *fakeEngine) add(t *testing.T, account event.Account, raw string) *event.Record {
	t.Helper()
	r, err := event.Parse([]byte(raw), account, testTime, event.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	r.ID = event.NewID()
	e.events[account] = append(e.events[account], r)
	return r
}

// deliverOne puts a delivery with its history into the engine.
func (e *fakeEngine) deliverOne(account event.Account, status string) deliver.DeliveryView {
	d := deliver.DeliveryView{
		ID: event.NewID(), Integration: event.NewID(), Event: event.NewID(), Type: "alert.created", Severity: event.High,
		Status: status, Attempts: 2, Cause: "answered 500", CauseClass: "exhausted", Since: testTime,
		History: []deliver.AttemptView{{Number: 1, At: testTime, Latency: 12 * time.Millisecond, Outcome: store.OutcomeRetry, Status: 500, Batched: 1}},
	}
	e.deliveries[account] = append(e.deliveries[account], d)
	return d
}

// park puts a row into the mailbox of the real store.
func (h *hub) park(account event.Account, integration event.ID) store.Parked {
	h.t.Helper()
	p := store.Parked{
		Delivery: event.NewID(), Account: account, Integration: integration, Event: event.NewID(), Type: "alert.created",
		Severity: event.High, Position: journal.Position{Epoch: 1, Frame: 1}, State: store.StateMailbox, Attempts: 10,
		Cause: "answered 500", CauseClass: "exhausted", Since: testTime, FirstTried: testTime, Record: []byte("x"),
	}
	if err := h.store.SaveTick(h.t.Context(), store.Tick{Park: []store.Parked{p}}); err != nil {
		h.t.Fatal(err)
	}
	return p
}
