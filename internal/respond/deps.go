package respond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Store is what the room keeps its things in.
type Store interface {
	store.Blocks
	store.Responses
}

// Responders are the account's integrations that can block; *reconcile.Service is one.
type Responders interface {
	// States are the account's responders, by name.
	States(account event.Account) []reconcile.State
	// Nudge has responders look at what is wanted of them, soon.
	Nudge(integrations ...event.ID)
	// Preview says what a change would do at a responder, with the exact call.
	Preview(ctx context.Context, account event.Account, integration event.ID, c connector.BlockChange) (reconcile.Effect, error)
	// RetryNow forgets how long to wait after failures.
	RetryNow(ctx context.Context, account event.Account, integrations ...event.ID)
}

// Evidences finds what blocks are asked for because of. Errors are store.ErrNotFound, or the store's.
type Evidences interface {
	Alert(ctx context.Context, account event.Account, id event.ID) (store.Alert, error)
	Incident(ctx context.Context, account event.Account, number int64) error
	Event(ctx context.Context, account event.Account, id event.ID) (*event.Record, error)
}

// Deps are what a Service stands on. Those from Now on may be zero.
type Deps struct {
	Store      Store
	Responders Responders
	Evidences  Evidences
	Recorder   act.Recorder
	// Wake is called after facts were put into the outbox.
	Wake func()
	// Parents are the accounts above one, the nearest first.
	Parents func(event.Account) []event.Account
	// Principals are all ids that an actor acts with; see store.BlockActor.
	Principals func(ctx context.Context, a act.Actor) []string
	// Own are the hub's own addresses, Operator those of the configuration with their reasons.
	Own      []netip.Prefix
	Operator map[netip.Prefix]string
	// Sessions are the addresses that people of an account are signed in from, with their names.
	Sessions  func(ctx context.Context, account event.Account) (map[netip.Addr]string, error)
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Service is the room's front. It is safe for concurrent use.
type Service struct {
	deps Deps
	// opened is when the service was made, by the clock of ids.
	opened time.Time
	terms  atomic.Pointer[terms]
	// changing has room for one: whoever changes terms.
	changing chan struct{}

	mu    sync.Mutex // guards books
	books map[event.Account]*book

	// poke wakes Run when a block ends before the time that Run waits for.
	poke chan struct{}
	wait atomic.Int64 // that time, in microseconds since 1970; 0: Run does not wait
	// unswept: blocks that are protected now may be left, because ending them failed.
	unswept atomic.Bool
}

// Open reads the open blocks, the policies and the never-block list, and ends blocks that are protected by now.
func Open(ctx context.Context, d Deps) (*Service, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	s := &Service{deps: d, opened: event.NewID().Time(), changing: make(chan struct{}, 1), books: map[event.Account]*book{}, poke: make(chan struct{}, 1)}
	if err := s.readTerms(ctx); err != nil {
		return nil, err
	}
	if err := s.readBooks(ctx); err != nil {
		return nil, err
	}
	if _, err := s.sweep(ctx, s.accounts(), anything); err != nil {
		return nil, fmt.Errorf("ending blocks of what is protected now: %w", err)
	}
	return s, nil
}

// readBooks takes the open blocks of all accounts from the store.
func (s *Service) readBooks(ctx context.Context) error {
	list, err := s.deps.Store.OpenBlocks(ctx)
	if err != nil {
		return fmt.Errorf("reading the open blocks: %w", err)
	}
	by := map[event.Account][]store.Block{}
	for i := range list {
		by[list[i].Account] = append(by[list[i].Account], list[i])
	}
	for account, blocks := range by {
		b := s.book(account)
		if b.recent, err = s.deps.Store.ActivatedBlocks(ctx, account, s.now().Add(-hour), maxRecent); err != nil {
			return fmt.Errorf("reading when blocks of account %s became active: %w", account, err)
		}
		b.put(blocks...)
		b.stale = false
	}
	return nil
}

// now is the service's clock, in UTC with the store's precision.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// parents are the accounts above one, the nearest first.
func (s *Service) parents(account event.Account) []event.Account {
	if s.deps.Parents == nil {
		return nil
	}
	return s.deps.Parents(account)
}

// accounts are those that have blocks, or had some since the start.
func (s *Service) accounts() []event.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.books))
}

// below is an account, and those known that something in it holds for.
func (s *Service) below(account event.Account) []event.Account {
	list := slices.DeleteFunc(s.accounts(), func(a event.Account) bool {
		return a == account || !slices.Contains(s.parents(a), account)
	})
	return append([]event.Account{account}, list...)
}

// do records and does an act. Refusals of every kind are written down as such.
func (s *Service) do(ctx context.Context, a act.Act, f func(context.Context) error) error {
	var own error
	err := act.Do(ctx, s.deps.Recorder, a, func(ctx context.Context) error {
		if own = f(ctx); own != nil && refusal(own) {
			return fmt.Errorf("%w: %w", act.ErrRefused, own)
		}
		return own
	})
	if own != nil {
		return own
	}
	return err
}

// refusals are the errors that say no.
var refusals = []error{ErrNotFound, ErrVersion, ErrEnded, ErrNotPending, ErrSamePerson, ErrNotPerson, ErrNoProtect}

func refusal(err error) bool {
	return slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) })
}
