package deliver

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/deliver/noise"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// lane is one integration's place in the journal and all that is in flight from there.
type lane struct {
	e       *Engine
	id      event.ID
	text    string // id as TypeID
	account event.Account
	kind    string
	log     *slog.Logger

	mu        sync.Mutex
	row       store.Integration
	subs      []subVersion // the last one is in force at the tail
	crossed   int          // the one of subs that is in force at the lane's place
	policy    connector.Policy
	inst      connector.Instance
	grade     connector.Grade // of its successes
	send      Func
	shared    *budget // of its credential; nil when no other integration may have the same
	budgetKey budgetKey
	batch     batchLimits // events is 0 for the single-message engine
	openErr   error
	ctx       context.Context // ends when the integration is switched off
	cancel    context.CancelFunc
	off       bool // disabled or deleted: events are skipped and counted
	removed   bool
	fresh     bool // made since the last tick
	halted    bool // the engine is stopping

	// Where the lane is. Attached lanes follow the tail; others are at next, which nextSeq counts.
	attached   bool
	entry      *route.Entry[*lane]                   // the tail's mu guards its use in the index
	classBase  uint64                                // entry.Class.Missed when the lane attached
	below      map[event.Account]*route.Entry[*lane] // its places in the index of accounts below; as entry
	kin        *kin                                  // nil unless it follows accounts below
	next       journal.Position
	at         passing
	startSeq   uint64
	start      journal.Position // where its first event may be; zero when it is too old to know
	reading    bool             // a catch-up reader runs
	skipTo     journal.Position // what is before it expires unread: it is about to be trimmed
	swept      []chan struct{}  // who waits for that
	trim       trim
	trimmedGap bool // the next gap in the running numbers was trimmed, not damaged
	already    map[journal.Position]struct{}

	count     counts
	runs      map[event.ID]*run // what it is given beside what it matches
	win       window
	ready     queue     // entries that may be sent, in order
	lastBatch time.Time // when the last batch was begun
	gates     map[string]*gate
	park      parking
	owed      int // requests since the last one of a backfill

	flying int
	landed []chan struct{} // who waits that nothing is in flight
	again  []*work         // batches to be sent again before anything else
	unsent []*entry        // of the batch that is being concluded
	// setAside counts the events of that batch that went to the mailbox for good.
	setAside int
	failures int // of batches in a row
	throttle time.Time
	breaker  breaker
	timer    *time.Timer
	timerAt  time.Time

	// What the next tick makes durable.
	dirty    bool
	settledN []*entry
	attempts []store.Attempt
	touched  map[event.ID]*parked  // parked rows to write
	gone     []event.ID            // parked rows to delete
	saving   map[event.ID]struct{} // parked rows that the tick under way changes

	// Of noise control; see heed.go.
	noisy      bool         // the policy has some
	noise      *noise.State // nil: nothing had to be remembered yet
	held       holds
	suppressed []store.Suppressed // to be listed by the next tick
	listed     int                // since the list was pruned
	forgetting []noise.Saved      // notes that are given up

	closing closing
	telling telling
	health  health
	tempo   tempo
}

// counts are what became of matched events, whenever that was.
type counts struct {
	Delivered uint64 `json:"delivered"`
	Mailbox   uint64 `json:"mailbox"`
	Discarded uint64 `json:"discarded"`
	Expired   uint64 `json:"expired"` // mailbox rows that grew too old
	Skipped   uint64 `json:"skipped"` // taken into the window, but not tried when the integration was switched off, or left out
	// Held is what noise control did.
	Held heldCounts `json:"held,omitzero"`
}

// health is what people ask about first.
type health struct {
	lastError   string
	lastErrorAt time.Time
	lastSuccess time.Time
	attempts    map[store.Outcome]uint64
	latency     Histogram
}

// newLane makes a lane that is nowhere yet: the tail or recovery gives it its place.
func newLane(e *Engine, i store.Integration) *lane {
	l := &lane{
		e: e, id: i.ID, text: i.ID.Text(event.PrefixIntegration), account: i.Account, kind: i.Kind,
		gates: map[string]*gate{}, touched: map[event.ID]*parked{}, runs: map[event.ID]*run{},
	}
	l.log = e.Log.With(slog.String("integration", l.text), slog.String("kind", i.Kind), slog.String("name", i.Name))
	l.park.init()
	l.health.attempts = map[store.Outcome]uint64{}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.subs = []subVersion{e.versionOf(i)}
	l.configure(i)
	return l
}

// configure takes over everything but the subscription. The caller holds mu, or is alone.
func (l *lane) configure(i store.Integration) {
	if !bytes.Equal(l.row.Delivery, i.Delivery) {
		l.held.allDue(l.e.Now())
	}
	l.row = i
	l.off = !i.Enabled
	policy, err := connector.ParsePolicy(i.Delivery, l.e.Kinds[i.Kind].Kind)
	if err != nil { // it was checked when it was saved: the rules have changed since
		l.log.Error("the delivery settings are not valid any more; defaults are used", slog.Any("error", err))
		policy, _ = connector.ParsePolicy(nil, l.e.Kinds[i.Kind].Kind)
	}
	l.policy, l.noisy = policy, !policy.Noise.IsZero()
	l.open(i)
}

// open makes a new instance, so that settings and secrets are always the current ones.
func (l *lane) open(i store.Integration) {
	if l.off {
		l.grade = l.e.Kinds[i.Kind].Kind.Grade()
		l.leaveBudget()
		return
	}
	inst, err := l.e.Opener.Open(l.ctx, i)
	l.openErr, l.grade = err, connector.GradeOf(l.e.Kinds[i.Kind].Kind, inst)
	if err != nil {
		l.log.Error("the integration cannot be opened", slog.Any("error", err))
		l.noteError("cannot be opened: " + err.Error())
		l.leaveBudget()
		l.send = func(context.Context, []connector.Delivery) error { return err }
		return
	}
	l.closeInstanceLocked()
	l.inst = inst
	l.shareBudget(i)
	rateLimit := limit(l.policy.PerSecond)
	if l.shared != nil {
		rateLimit = l.shared.limit(l.e.Now)
	}
	l.send, l.batch = assemble(inst, l.policy, rateLimit)
	l.rearrange()
}

// closer is an instance that holds connections.
type closer interface{ Close() }

// closeInstance lets go of what the instance holds.
func (l *lane) closeInstance() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeInstanceLocked()
}

func (l *lane) closeInstanceLocked() {
	if old, ok := l.inst.(closer); ok {
		old.Close() // its idle connections; what is in flight goes on
	}
	l.inst = nil
}

// rearrange moves what waits in a way that the engine or order of before wanted.
func (l *lane) rearrange() {
	if l.batch.events > 0 {
		l.unwait() // the batch engine has one request in flight instead of gates
		for key, g := range l.gates {
			if g.busy = false; g.idle() {
				delete(l.gates, key)
			}
		}
	}
	if !l.ordered() {
		l.unorder(l.e.Now())
	}
	if l.batch.events > 0 {
		return
	}
	for _, w := range l.again {
		l.ready.pushFront(w.entries...)
	}
	l.again, l.failures = nil, 0
	l.ready.sort()
	if l.ordered() {
		l.order()
	}
}

// sub is the subscription in force at the tail.
func (l *lane) sub() route.Subscription { return l.subs[len(l.subs)-1].sub }

// foldLocked takes over what the class counted for the lane since it attached.
func (l *lane) foldLocked() {
	l.at.Filtered = l.filtered()
	l.classBase = l.entry.Class.Missed
}

// filtered is the count of filtered events at the lane's place.
func (l *lane) filtered() uint64 {
	if l.attached {
		return l.at.Filtered + l.entry.Class.Missed - l.classBase
	}
	return l.at.Filtered
}

// here is what the lane has counted at its place; seq is the account's running number there.
func (l *lane) here(seq uint64) passing {
	p := l.at
	p.Filtered, p.Seq = l.filtered(), seq
	return p
}

// offer is the tail's way in. The tail's mu is held.
func (l *lane) offer(r *event.Record, pos journal.Position, seq uint64, why route.Reason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.attached {
		return // its own reader will come to this event
	}
	if why == route.Wanted && !l.off && l.full() {
		if l.foreign(r.Account) {
			seq = l.ownSeq()
		}
		l.detachLocked(pos, seq)
		return
	}
	l.take(r, pos, seq, why)
	l.dispatch()
}

// offerLost counts events of an account that are not readable. The tail's mu is held.
func (l *lane) offerLost(a event.Account, n uint64, types []journal.TypeCount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.attached:
	case l.foreign(a):
		l.loseForeign(a, n, types, 0)
	default:
		l.takeLost(n, types, 0)
	}
}

// full says whether the window has no room for another event.
func (l *lane) full() bool {
	events, bytes := SingleWindowEvents, SingleWindowBytes
	if l.batch.events > 0 {
		events, bytes = BatchWindowEvents, BatchWindowBytes
	}
	return l.win.len() >= events || l.win.bytes >= bytes
}

// roomy says whether a reader would find enough room to be worth its while.
func (l *lane) roomy() bool {
	events, bytes := SingleWindowEvents, SingleWindowBytes
	if l.batch.events > 0 {
		events, bytes = BatchWindowEvents, BatchWindowBytes
	}
	return l.win.len() <= events/2 && l.win.bytes <= bytes/2
}

// detachLocked leaves the tail at pos. Both locks are held.
func (l *lane) detachLocked(pos journal.Position, seq uint64) {
	l.foldLocked()
	l.attached = false
	l.next, l.at.Seq = pos, seq
	l.dirty = true
}

// noteError remembers the last thing that went wrong. The caller holds mu, or is alone.
func (l *lane) noteError(text string) {
	l.health.lastError, l.health.lastErrorAt = text, l.e.Now()
}

// kick starts whatever can be started: sends and the catch-up reader.
func (l *lane) kick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatch()
	l.catchUpLocked()
}

// halt starts nothing new; what is in flight goes on.
func (l *lane) halt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.halted = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

func (l *lane) cancelFlying() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
}

// state says what the lane does. The caller holds mu.
func (l *lane) state() LaneState {
	switch {
	case l.off:
		return LaneDisabled
	case l.row.Held():
		return LanePaused
	case l.attached:
		return LaneAttached
	}
	return LaneCatchingUp
}

// hold says why the lane is paused, if it is: by a person first, who is the one to end it. The caller holds mu.
func (l *lane) hold() Hold {
	switch {
	case l.off || !l.row.Held():
		return ""
	case l.row.Paused:
		return HoldPerson
	}
	return HoldCredential
}
