package deliver

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of what is watched live.
const (
	// MaxWatches bounds the watches of all accounts, MaxAccountWatches those of one.
	MaxWatches        = 200
	MaxAccountWatches = 50
	// watchQueue is how many deliveries wait for one watcher; more are dropped and counted.
	watchQueue = 4096
	// maxPendingLive bounds the deliveries of one tick that are told to watchers; more are dropped and counted.
	maxPendingLive = 65_536
)

// Errors of watching.
var (
	// ErrTooManyWatches: the account, or the hub, is watched by as many as may.
	ErrTooManyWatches = errors.New("too many streams are open")
	// ErrWatchEnded: the engine stops.
	ErrWatchEnded = errors.New("the hub is stopping")
)

// LiveSpec says what somebody watches. Types, MinSeverity and Project hold for every topic; since and resumption only for
// events, which are in the journal.
type LiveSpec struct {
	Events, Deliveries, Mailbox bool

	Filter EventFilter
	// Integration narrows deliveries and mailbox; zero is all.
	Integration event.ID
	// From is where to go on: the first position that is not known yet. Zero begins now, or at Filter.Since.
	From journal.Position
}

// LiveTopic says what a LiveItem is about.
type LiveTopic string

// The topics.
const (
	LiveEvents     LiveTopic = "events"
	LiveDeliveries LiveTopic = "deliveries"
	LiveMailbox    LiveTopic = "mailbox"
)

// LiveItem is one thing that happened. Exactly one of Event, Delivery and Lost is set, except that Lost may be 0 with
// Gap: how many were lost is not known.
type LiveItem struct {
	Topic LiveTopic
	// Event is an event, and Next the position after it: where to go on.
	Event *event.Record
	Next  journal.Position
	// Delivery is a delivery as its last attempt left it; the attempt is its History.
	Delivery *DeliveryView
	// Lost counts what the watcher should have got and did not: it was too slow, or the journal was trimmed.
	Lost uint64
	Gap  bool
}

// live tells watchers of deliveries. Events they read from the journal themselves.
type live struct {
	wanted atomic.Int32 // watches that want deliveries or the mailbox

	mu      sync.Mutex
	watches map[*Watch]struct{}
	ended   bool
	pending []liveDelivery // since the last tick
	dropped uint64
}

// liveDelivery is a delivery for the watchers of an account.
type liveDelivery struct {
	account event.Account
	topic   LiveTopic
	project string
	view    *DeliveryView
}

// Watch is one watcher's place. Next is for one goroutine.
type Watch struct {
	e       *Engine
	account event.Account
	spec    LiveSpec
	cancel  context.CancelFunc
	done    <-chan struct{}

	events  chan LiveItem // unbuffered: what was received of it is known to be taken
	queue   chan LiveItem
	dropped atomic.Uint64
	place   atomic.Pointer[journal.Position] // everything before it was received
}

// Watch begins to watch what happens in an account, until ctx is done or Close. Errors: ErrTooManyWatches,
// ErrWatchEnded, and those of looking for the place to begin at.
func (e *Engine) Watch(ctx context.Context, account event.Account, spec LiveSpec) (*Watch, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &Watch{
		e: e, account: account, spec: spec, cancel: cancel, done: ctx.Done(),
		events: make(chan LiveItem), queue: make(chan LiveItem, watchQueue),
	}
	if err := e.live.add(w); err != nil {
		cancel()
		return nil, err
	}
	if spec.Events {
		r, err := w.begin(ctx)
		if err != nil {
			w.Close()
			return nil, err
		}
		go r.run(ctx)
	}
	return w, nil
}

// Close ends the watch. It may be called again.
func (w *Watch) Close() {
	w.cancel()
	w.e.live.remove(w)
}

// Place is where to go on after everything that Next has given; zero without events.
func (w *Watch) Place() journal.Position {
	if p := w.place.Load(); p != nil {
		return *p
	}
	return journal.Position{}
}

// Next waits for the next thing to happen, at most until ctx is done. After the end of the watch it gives ErrWatchEnded.
func (w *Watch) Next(ctx context.Context) (LiveItem, error) {
	if n := w.dropped.Swap(0); n > 0 {
		topic := LiveDeliveries
		if !w.spec.Deliveries {
			topic = LiveMailbox
		}
		return LiveItem{Topic: topic, Lost: n, Gap: true}, nil
	}
	select {
	case i := <-w.events:
		return i, nil
	case i := <-w.queue:
		return i, nil
	case <-ctx.Done():
		return LiveItem{}, ctx.Err()
	case <-w.done:
		return LiveItem{}, ErrWatchEnded
	}
}

// EndWatches ends every watch and lets nobody watch any more: the hub stops.
func (e *Engine) EndWatches() {
	e.live.mu.Lock()
	defer e.live.mu.Unlock()
	e.live.ended = true
	for w := range e.live.watches {
		w.cancel()
	}
}

func (l *live) add(w *Watch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return ErrWatchEnded
	}
	of := 0
	for other := range l.watches {
		if other.account == w.account {
			of++
		}
	}
	if len(l.watches) >= MaxWatches || of >= MaxAccountWatches {
		return ErrTooManyWatches
	}
	if l.watches == nil {
		l.watches = map[*Watch]struct{}{}
	}
	l.watches[w] = struct{}{}
	if w.spec.Deliveries || w.spec.Mailbox {
		l.wanted.Add(1)
	}
	return nil
}

func (l *live) remove(w *Watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.watches[w]; !ok {
		return
	}
	delete(l.watches, w)
	if w.spec.Deliveries || w.spec.Mailbox {
		l.wanted.Add(-1)
	}
}

// delivered notes a first success, for which the ledger has no row of its own. The lane's mu is held.
func (l *live) delivered(ln *lane, e *entry, res *result) {
	if l.wanted.Load() == 0 || e.outcome != store.OutcomeDelivered {
		return
	}
	l.attempted(ln, event.DeliveryID(e.rec.ID, ln.id), e.rec, AttemptView{
		Number: e.attempt + 1, At: res.at, Latency: res.exchange.Latency, Outcome: e.outcome, Status: res.exchange.Status, Batched: 1,
	})
}

// recorded notes an attempt that the ledger has a row for. rec may be nil. The lane's mu is held.
func (l *live) recorded(ln *lane, rec *event.Record, a *store.Attempt) {
	if l.wanted.Load() == 0 {
		return
	}
	l.attempted(ln, a.Delivery, rec, AttemptView{
		Number: a.Number, At: a.At, Latency: a.Latency, Outcome: a.Outcome, Status: a.Status, Error: a.Error, Class: a.Class,
		Answer: a.Answer, Batched: a.Batched,
	})
}

func (l *live) attempted(ln *lane, id event.ID, rec *event.Record, t AttemptView) {
	v := &DeliveryView{
		ID: id, Integration: ln.id, Account: ln.account, Status: statusAfter(t.Outcome), Attempts: t.Number, Cause: t.Error,
		CauseClass: t.Class, Since: t.At.Add(t.Latency), History: []AttemptView{t},
	}
	project := ""
	if rec != nil {
		v.Event, v.Type, v.Severity, v.OrderingKey, v.Account = rec.ID, rec.Type, rec.Severity, rec.OrderingKey, rec.Account
		v.Title, project = rec.TitleLine(store.MaxListedTitle), rec.Project
	}
	l.note(liveDelivery{account: ln.account, topic: LiveDeliveries, project: project, view: v})
}

// statusAfter is where a delivery stands after an attempt.
func statusAfter(o store.Outcome) string {
	switch o {
	case store.OutcomeDelivered:
		return "delivered"
	case store.OutcomeMailbox:
		return "mailbox"
	case store.OutcomeCancelled:
		return "discarded"
	}
	return "waiting"
}

// closed notes a delivery that entered the mailbox. The lane's mu is held.
func (l *live) closed(ln *lane, p *parked) {
	if l.wanted.Load() == 0 || p.row.State != store.StateMailbox {
		return
	}
	v := viewOfParked(p.row)
	project := ""
	if p.rec != nil {
		v.Title, project = p.rec.TitleLine(store.MaxListedTitle), p.rec.Project
	}
	l.note(liveDelivery{account: ln.account, topic: LiveMailbox, project: project, view: &v})
}

func (l *live) note(d liveDelivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) >= maxPendingLive {
		l.dropped++
		return
	}
	l.pending = append(l.pending, d)
}

// told is what one tick has to tell.
type told struct {
	items   []liveDelivery
	dropped uint64
}

// take gives what was noted. It is called before the lanes are collected, so that everything in it is in this tick or in
// an earlier one.
func (l *live) take() told {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := told{l.pending, l.dropped}
	l.pending, l.dropped = nil, 0
	return t
}

// tell brings to the watchers what has become durable. It never waits for one.
func (l *live) tell(t told) {
	if len(t.items) == 0 && t.dropped == 0 {
		return
	}
	// The lock is not held while the watches are told: lanes wait for it when they note what happened.
	l.mu.Lock()
	watches := slices.Collect(maps.Keys(l.watches))
	l.mu.Unlock()
	for _, w := range watches {
		if t.dropped > 0 && (w.spec.Deliveries || w.spec.Mailbox) {
			w.dropped.Add(t.dropped)
		}
		for i := range t.items {
			w.offer(&t.items[i])
		}
	}
}

func (w *Watch) offer(d *liveDelivery) {
	switch {
	case d.account != w.account,
		d.topic == LiveDeliveries && !w.spec.Deliveries, d.topic == LiveMailbox && !w.spec.Mailbox,
		!w.spec.Integration.IsZero() && d.view.Integration != w.spec.Integration,
		!w.spec.Filter.about(d.view.Type, d.view.Severity, d.project):
		return
	}
	select {
	case w.queue <- LiveItem{Topic: d.topic, Delivery: d.view}:
	default:
		w.dropped.Add(1)
	}
}

// about says whether the filter wants something of this type, severity and project.
func (f *EventFilter) about(kind string, severity event.Severity, project string) bool {
	if severity < f.MinSeverity || f.Project != "" && project != f.Project {
		return false
	}
	return f.wantsType(kind)
}

func (f *EventFilter) wantsType(kind string) bool {
	return len(f.Types) == 0 || slices.ContainsFunc(f.Types, func(t event.TypeFilter) bool { return t.Match(kind) })
}

// catchUpTime is how far behind the newest event a watcher may be once it has been there.
const catchUpTime = time.Minute
