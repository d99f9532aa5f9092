package connectortest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// State is a connector.State in memory.
type State struct {
	Now func() time.Time // time.Now if nil

	mu   sync.Mutex
	rows map[string]remembered
}

type remembered struct {
	value []byte
	ends  time.Time
}

var _ connector.State = (*State)(nil)

func (s *State) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *State) get(key string) ([]byte, bool) {
	r, ok := s.rows[key]
	if !ok || !r.ends.IsZero() && !s.now().Before(r.ends) {
		return nil, false
	}
	return slices.Clone(r.value), true
}

// Get implements connector.State.
func (s *State) Get(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	value, ok := s.get(key)
	if !ok {
		return nil, connector.ErrNoState
	}
	return value, nil
}

func (s *State) put(key string, value []byte, keep time.Duration) {
	r := remembered{value: slices.Clone(value)}
	if keep > 0 {
		r.ends = s.now().Add(keep)
	}
	if s.rows == nil {
		s.rows = map[string]remembered{}
	}
	s.rows[key] = r
}

// Put implements connector.State.
func (s *State) Put(ctx context.Context, key string, value []byte, keep time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.put(key, value, keep)
	return nil
}

// Add implements connector.State.
func (s *State) Add(ctx context.Context, key string, value []byte, keep time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if _, ok := s.get(key); ok {
		return false, nil
	}
	s.put(key, value, keep)
	return true, nil
}

// Delete implements connector.State.
func (s *State) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, key)
	return nil
}

// Tickets are connector.Tickets in memory.
type Tickets struct {
	mu   sync.Mutex
	rows map[string]connector.Ticket
}

var _ connector.Tickets = (*Tickets)(nil)

// OfSubject implements connector.Tickets.
func (s *Tickets) OfSubject(_ context.Context, subject string) (connector.Ticket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.rows[subject]
	if !ok {
		return t, connector.ErrNoTicket
	}
	return t, nil
}

// OfRef implements connector.Tickets.
func (s *Tickets) OfRef(_ context.Context, ref string) (connector.Ticket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.rows {
		if t.Ref == ref {
			return t, nil
		}
	}
	return connector.Ticket{}, connector.ErrNoTicket
}

// Save implements connector.Tickets.
func (s *Tickets) Save(_ context.Context, t connector.Ticket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = map[string]connector.Ticket{}
	}
	s.rows[t.Subject] = t
	return nil
}

// List implements connector.Tickets.
func (s *Tickets) List(_ context.Context, after string, open bool, limit int) ([]connector.Ticket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.SortedFunc(maps.Values(s.rows), func(a, b connector.Ticket) int { return cmp.Compare(a.Subject, b.Subject) })
	list = slices.DeleteFunc(list, func(t connector.Ticket) bool { return t.Subject <= after || open && t.Closed })
	return list[:min(len(list), limit)], nil
}

// Delete implements connector.Tickets.
func (s *Tickets) Delete(_ context.Context, subject string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, subject)
	return nil
}
