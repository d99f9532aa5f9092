// Package deliver brings journalled events to integrations.
//
// One tail follows the journal and matches every event against the subscriptions. Each integration has a lane: a
// bounded window on the journal, in which deliveries are ordered, sent, judged and settled. A lane that is full detaches
// and later catches up with a reader of its own, so that a slow or dead receiver costs the others nothing. The settler
// makes what happened durable, in one transaction per tick.
//
// Locks are taken in this order: Engine.tree, the tail's, then a lane's. Nothing is sent while a lock is held.
package deliver

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/telemetry"
)

// Journal is what the engine reads.
type Journal interface {
	journal.Reader
	// Next is Read that waits until the frame exists.
	Next(ctx context.Context, frame uint64) (*journal.Frame, error)
	// Seek gives the number of the first frame whose time is not before t.
	Seek(ctx context.Context, t time.Time) (uint64, error)
	// End is the position after the newest event.
	End() journal.Position
	// Journalled is how many events of the account were ever journalled.
	Journalled(account event.Account) uint64
}

// Store is what the engine keeps its state in.
type Store interface {
	store.Lanes
	store.Parking
	store.Attempts
	store.Jobs
	store.Noise
}

// Opener opens an integration's connector with its secrets in place. It may implement Credentials.
type Opener interface {
	Open(ctx context.Context, i store.Integration) (connector.Instance, error)
}

// Options are what an Engine is made of. Log, Now and Recent may be zero.
type Options struct {
	Journal Journal
	Store   Store
	Opener  Opener
	Kinds   connector.Catalogue
	// Tree is who is whose parent, for integrations with include_children; nil: nobody has any children.
	Tree Tree
	// Silences say what nobody wants to be told of; nil: there are none.
	Silences Silences
	// Disable switches an integration off because its receiver asked for it (410). It must not wait for the engine.
	Disable func(account event.Account, id event.ID, reason string)
	// Tracing makes a trace of each request to a receiver; nil: none.
	Tracing *telemetry.Tracing
	Log     *slog.Logger
	Now     func() time.Time
	// Recent is how many of the newest events can be listed; 0 means DefaultRecent.
	Recent int
	// Retention is how long and how much of the ledger and the mailbox is kept.
	Retention Retention
}

// DefaultRecent is how many of the newest events can be listed.
const DefaultRecent = 10_000

// Engine delivers. Make it with New, start it with Start, and end it with Stop.
type Engine struct {
	Options

	tree sync.Mutex // held while a change of an integration or of the tree is being made
	tail tail
	wake chan struct{} // asks the settler for an early tick

	mu    sync.Mutex
	lanes map[event.ID]*lane
	jobs  jobs

	budgets budgets
	live    live

	settle settler
	closed sync.Mutex // held while rows of the mailbox are read and changed: by replay, discard and pruning

	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup
	sends  sync.WaitGroup
}

// New makes an engine. Nothing runs before Start.
func New(o Options) *Engine {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Recent = cmp.Or(o.Recent, DefaultRecent)
	o.Retention = o.Retention.withDefaults()
	e := &Engine{
		Options: o,
		wake:    make(chan struct{}, 1),
		lanes:   map[event.ID]*lane{},
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.jobs.init()
	e.tail.init(e)
	return e
}

// Start restores the lanes of the integrations from their saved marks and begins to deliver.
func (e *Engine) Start(ctx context.Context, integrations []store.Integration) error {
	if err := e.recover(ctx, integrations); err != nil {
		return fmt.Errorf("restoring the lanes: %w", err)
	}
	e.loops.Go(e.tail.run)
	e.loops.Go(e.settleLoop)
	e.loops.Go(e.pruneLoop)
	e.resumeJobs(ctx)
	for _, l := range e.allLanes() {
		l.kick()
	}
	return nil
}

// Stop takes nothing new, lets what is in flight finish until ctx is done, cancels the rest, and saves the marks.
func (e *Engine) Stop(ctx context.Context) error {
	e.tail.stop()
	for _, l := range e.allLanes() {
		l.halt()
	}
	done := make(chan struct{})
	go func() {
		e.sends.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		for _, l := range e.allLanes() {
			l.cancelFlying()
		}
		select {
		case <-done:
		case <-time.After(cancelGrace):
			e.Log.Error("a connector does not return although it was cancelled; its deliveries are repeated after the start")
		}
	}
	e.cancel()
	e.loops.Wait()
	if err := e.tick(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("saving the marks: %w", err)
	}
	for _, l := range e.allLanes() {
		l.closeInstance()
	}
	return nil
}

// cancelGrace is how long Stop waits for a connector that was cancelled; the contract is that it returns soon.
const cancelGrace = 3 * time.Second

// Apply makes a lane follow the integration as it is now; one that the engine does not know begins now. It returns when
// the change and its journal position are durable. A responder receives no events and has no lane.
func (e *Engine) Apply(ctx context.Context, i store.Integration) error {
	if e.Kinds[i.Kind].Responds() {
		return nil
	}
	e.tree.Lock()
	defer e.tree.Unlock()
	e.mu.Lock()
	l := e.lanes[i.ID]
	if l == nil {
		l = newLane(e, i)
		e.lanes[i.ID] = l
		e.mu.Unlock()
		e.tail.begin(l)
	} else {
		e.mu.Unlock()
		l.apply(i)
	}
	e.tail.follow(i)
	l.kick()
	return e.saveNow(ctx)
}

// Remove cancels what is in flight to a deleted integration, closes what is parked, and forgets its lane.
func (e *Engine) Remove(ctx context.Context, account event.Account, id event.ID) error {
	l := e.lane(account, id)
	if l == nil {
		return nil
	}
	l.shutOff("the integration was deleted", "disabled")
	e.tail.remove(l)
	e.tail.unfollow(id)
	l.dropBudget()
	l.mu.Lock()
	l.endRuns()
	l.mu.Unlock()
	l.awaitLanding(ctx) // what was in flight is closed, or even delivered, and counts
	l.closeInstance()
	if err := e.saveNow(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	delete(e.lanes, id)
	e.mu.Unlock()
	if err := e.Store.DeleteLane(ctx, id); err != nil {
		return fmt.Errorf("forgetting the lane: %w", err)
	}
	return nil
}

// Backlog counts what an integration has not been delivered yet: in its window and the journal, and parked.
func (e *Engine) Backlog(account event.Account, id event.ID) (waiting, parked uint64) {
	s, ok := e.IntegrationStats(account, id)
	if !ok {
		return 0, 0
	}
	return s.Counts.Waiting + s.Counts.Behind, s.Counts.Parked + s.Fallback.Parked + s.Backfill.Parked
}

// lane finds a lane of an account; nil if there is none.
func (e *Engine) lane(account event.Account, id event.ID) *lane {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.lanes[id]; l != nil && l.account == account {
		return l
	}
	return nil
}

func (e *Engine) allLanes() []*lane {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]*lane, 0, len(e.lanes))
	for _, l := range e.lanes {
		list = append(list, l)
	}
	return list
}

func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("deliver: encoding its own state: " + err.Error())
	}
	return b
}
