package callback

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The integrations that vendors may call are known here by their ids, so that a call for one that does not exist costs
// as little as any other, and asks the store for nothing.

// reopenAfter is how long an integration that cannot be opened is left alone.
const reopenAfter = 5 * time.Second

// entry is one integration that calls come for, or that is looked at.
type entry struct {
	slots chan struct{} // holds one for each call that is looked at
	rate  *rate.Limiter
	seen  ledger
	look  look

	mu     sync.Mutex
	row    store.Integration
	inst   *instance // nil: not opened yet
	failed error     // of the last opening
	at     time.Time // when that was
}

// Load begins with the integrations that exist.
func (s *Service) Load(list []store.Integration) {
	for _, i := range list {
		s.Apply(i)
	}
}

// Apply follows a new integration, or one that has changed: its instance is opened anew when it is needed next.
func (s *Service) Apply(i store.Integration) {
	d := s.Catalogue[i.Kind]
	if !d.CallsBack && !d.Reconciles || !i.DeletedAt.IsZero() {
		s.Remove(i.ID)
		return
	}
	s.mu.Lock()
	e := s.roster[i.ID]
	if e == nil {
		e = &entry{slots: make(chan struct{}, maxCallsOfOne), rate: rate.NewLimiter(CallsPerSecond, CallsBurst)}
		s.roster[i.ID] = e
	}
	s.mu.Unlock()
	e.replace(i)
	if d.Reconciles {
		e.look.plan(s.Now().Add(firstLook()))
		s.wake()
	}
}

// Remove forgets an integration.
func (s *Service) Remove(id event.ID) {
	s.mu.Lock()
	e := s.roster[id]
	delete(s.roster, id)
	s.mu.Unlock()
	if e != nil {
		e.replace(store.Integration{})
	}
}

// find gives the entry of an integration that calls of a kind may come for.
func (s *Service) find(kind, id string) *entry {
	parsed, err := event.ParseID(event.PrefixIntegration, id)
	if err != nil || !s.Catalogue[kind].CallsBack {
		return nil
	}
	e := s.of(parsed)
	if e == nil {
		return nil
	}
	row := e.current()
	if !row.Enabled || row.Kind != kind || !s.AccountOpen(row.Account) {
		return nil
	}
	return e
}

func (s *Service) of(id event.ID) *entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.roster[id]
}

// replace gives up the instance of the version before.
func (e *entry) replace(i store.Integration) {
	e.mu.Lock()
	old := e.inst
	e.row, e.inst, e.failed = i, nil, nil
	e.mu.Unlock()
	if old != nil {
		old.release()
	}
}

func (e *entry) current() store.Integration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.row
}

// instance is an opened connector that several calls share; the last one to leave closes it.
type instance struct {
	connector.Instance
	row store.Integration // the version that it was opened with

	mu    sync.Mutex
	users int // calls and the roster
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
	if c, ok := i.Instance.(interface{ Close() }); ok && i.users == 0 {
		c.Close()
	}
}

// open gives the entry's instance, which the caller releases. An error may be the one of a try shortly before.
func (s *Service) open(ctx context.Context, e *entry) (*instance, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inst != nil {
		return e.inst.hold(), nil
	}
	now := s.Now()
	if e.failed != nil && now.Sub(e.at) < reopenAfter {
		return nil, e.failed
	}
	opened, err := s.Opener.Open(ctx, e.row)
	if err != nil {
		e.failed, e.at = fmt.Errorf("the integration cannot be opened: %w", err), now
		s.Log.Warn("an integration that is called cannot be opened", slog.String("integration", idText(e.row)), slog.Any("error", err))
		return nil, e.failed
	}
	e.failed = nil
	e.inst = (&instance{Instance: opened, row: e.row}).hold()
	return e.inst.hold(), nil
}

func idText(i store.Integration) string { return i.ID.Text(event.PrefixIntegration) }
