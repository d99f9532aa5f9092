package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// reopenAfter is how long an integration that cannot be opened is left alone.
const reopenAfter = 5 * time.Second

// entry is one responder.
type entry struct {
	mu     sync.Mutex
	row    store.Integration
	inst   *instance // nil: not opened yet
	failed error     // of the last opening
	at     time.Time // when that was
	gone   bool      // the integration is no more

	clock     clock
	state     State
	full      int       // how many entries the vendor held when it said that it can hold no more
	fullSince time.Time // when that was
}

// Load begins with the integrations that exist.
func (s *Service) Load(list []store.Integration) {
	for _, i := range list {
		s.Apply(i)
	}
}

// Apply follows an integration that is new or has changed: a cycle that is under way is broken off, and another one begins.
func (s *Service) Apply(i store.Integration) {
	if !s.Catalogue[i.Kind].Blocks || !i.DeletedAt.IsZero() {
		s.drop(i.ID)
		return
	}
	s.mu.Lock()
	e := s.roster[i.ID]
	if e == nil {
		e = &entry{}
		s.roster[i.ID] = e
	}
	s.mu.Unlock()
	e.replace(i)
	e.fresh(s.Now())
	s.wake()
}

// drop takes an integration off the roster, and gives its entry, whose cycle is broken off; nil: it is none.
func (s *Service) drop(id event.ID) *entry {
	s.mu.Lock()
	e := s.roster[id]
	delete(s.roster, id)
	s.mu.Unlock()
	if e != nil {
		e.retire()
	}
	return e
}

// Remove forgets an integration that is gone, and its placements. What it holds at the vendor stays there.
func (s *Service) Remove(ctx context.Context, account event.Account, id event.ID) error {
	if e := s.of(id); e != nil {
		if e.current().Account != account {
			return ErrNotFound
		}
		s.drop(id)
		if err := e.clock.wait(ctx); err != nil {
			return fmt.Errorf("waiting for the end of a cycle: %w", err)
		}
	}
	return s.abandon(ctx, account, id)
}

// abandon makes all placements of an integration that is gone final, and forgets its ledger.
func (s *Service) abandon(ctx context.Context, account event.Account, id event.ID) error {
	b, err := s.Store.LoadResponder(ctx, account, id)
	if err != nil {
		return fmt.Errorf("reading what a responder holds: %w", err)
	}
	c := &cycle{service: s, row: store.Integration{ID: id, Account: account}, book: newBook(b)}
	if c.book.empty() {
		return nil
	}
	if err := c.save(ctx, abandoned(c.book, c.now())); err != nil {
		return err
	}
	if err := s.Store.DropResponder(ctx, account, id, causeDropped, c.now()); err != nil {
		return fmt.Errorf("forgetting what a responder holds: %w", err)
	}
	return nil
}

// maxLost is how many integrations that are gone are cleared away at a time.
const maxLost = 1000

// clearAway does what Remove could not: the process ended within a deletion, or a block was made for the integration while it
// was being deleted. Without it such a block would never be gone everywhere.
func (s *Service) clearAway(ctx context.Context) {
	list, err := s.Store.LostResponders(ctx, maxLost)
	for _, r := range list {
		if err == nil {
			err = s.abandon(ctx, r.Account, r.Integration)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.Log.Error("what blocks wait for at responders that were removed cannot be cleared away; it is tried again", slog.Any("error", err))
	}
}

// causeDropped is why a placement is final when its responder is gone.
const causeDropped = "the responder was removed: what it holds at the vendor is left there"

// abandoned makes all placements of a responder final.
func abandoned(k *book, now time.Time) *draft {
	d := &draft{}
	for _, p := range k.placements {
		m := d.of(p)
		m.enter(store.PlacementRemoved, causeDropped, now)
		m.well()
	}
	return d
}

func (s *Service) of(id event.ID) *entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.roster[id]
}

// find gives an account's responder; nil: there is none.
func (s *Service) find(account event.Account, id event.ID) *entry {
	if e := s.of(id); e != nil && e.current().Account == account {
		return e
	}
	return nil
}

func (s *Service) entries() []*entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*entry, 0, len(s.roster))
	for _, e := range s.roster {
		list = append(list, e)
	}
	return list
}

// replace gives up the instance of the version before, and what was known by it.
func (e *entry) replace(i store.Integration) {
	e.mu.Lock()
	old := e.inst
	e.row, e.inst, e.failed, e.full = i, nil, nil, 0
	e.state = State{
		LastCycle: e.state.LastCycle, Used: e.state.Used, Ours: e.state.Ours, IPv4: e.state.IPv4, IPv6: e.state.IPv6, Capacity: e.state.Capacity,
	}
	e.mu.Unlock()
	e.clock.interrupt()
	if old != nil {
		old.release()
	}
}

// retire ends it for good.
func (e *entry) retire() {
	e.mu.Lock()
	old := e.inst
	e.inst, e.gone = nil, true
	e.mu.Unlock()
	e.clock.interrupt()
	if old != nil {
		old.release()
	}
}

func (e *entry) current() store.Integration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.row
}

// instance is an opened connector; the last one to leave closes it.
type instance struct {
	connector.Instance

	mu    sync.Mutex
	users int // cycles and the roster
}

// hold keeps it open until release.
func (i *instance) hold() *instance {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.users++
	return i
}

func (i *instance) release() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.users--
	if i.users == 0 {
		shut(i.Instance)
	}
}

func shut(i connector.Instance) {
	if c, ok := i.(interface{ Close() }); ok {
		c.Close()
	}
}

// open gives the entry's instance, which the caller releases, and the version that it was opened with. An error may be the
// one of a try shortly before.
func (s *Service) open(ctx context.Context, e *entry) (*instance, store.Integration, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inst != nil {
		return e.inst.hold(), e.row, nil
	}
	now := s.Now()
	if e.failed != nil && now.Sub(e.at) < reopenAfter {
		return nil, e.row, e.failed
	}
	opened, err := s.Opener.Open(ctx, e.row)
	if err != nil {
		e.failed, e.at = fmt.Errorf("the integration cannot be opened: %w", err), now
		return nil, e.row, e.failed
	}
	e.failed = nil
	e.inst = (&instance{Instance: opened}).hold()
	if e.gone { // it was retired meanwhile: nobody else would close it
		i := e.inst
		e.inst = nil
		return i, e.row, nil
	}
	return e.inst.hold(), e.row, nil
}
