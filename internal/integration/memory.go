package integration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Memory keeps what integrations remember.
type Memory interface {
	store.States
	store.Tickets
}

// Times of forgetting.
const (
	// forgetEvery is how often what has ended is deleted, forgetRows how much of it in one go.
	forgetEvery = 10 * time.Minute
	forgetRows  = 5000
)

// MemoryLoop deletes what integrations need not remember any more, until ctx is done.
func (s *Service) MemoryLoop(ctx context.Context) {
	if s.Memory == nil {
		return
	}
	ticker := time.NewTicker(forgetEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for ctx.Err() == nil {
			n, err := s.Memory.PruneStates(ctx, s.Now(), forgetRows)
			if err != nil && ctx.Err() == nil {
				s.Log.Warn("what integrations need not remember stays for now", slog.Any("error", err))
			}
			if err != nil || n < forgetRows {
				break
			}
		}
	}
}

// forget deletes what a deleted integration remembered. What is left of a failure does no harm: nobody asks for it.
func (s *Service) forget(ctx context.Context, account event.Account, id event.ID) {
	if s.Memory == nil {
		return
	}
	if err := s.Memory.ForgetIntegration(ctx, account, id); err != nil {
		s.Log.Warn("a deleted integration's memory stays", slog.String("integration", id.Text(event.PrefixIntegration)), slog.Any("error", err))
	}
}

// State is what an integration remembers; nil when nothing is remembered.
func (s *Service) State(account event.Account, id event.ID) connector.State {
	if s.Memory == nil {
		return nil
	}
	return stateOf{s, account, id}
}

// stateOf is one integration's state.
type stateOf struct {
	s       *Service
	account event.Account
	id      event.ID
}

var errStateSize = errors.New("is too long to be remembered")

// row checks what is to be remembered.
func (m stateOf) row(key string, value []byte, keep time.Duration) (store.StateRow, error) {
	r := store.StateRow{Account: m.account, Integration: m.id, Key: key, Value: value}
	if key == "" || len(key) > connector.MaxStateKey || len(value) > connector.MaxStateValue {
		return r, fmt.Errorf("%.40q (%d bytes with a value of %d): %w", key, len(key), len(value), errStateSize)
	}
	if keep > 0 {
		r.EndsAt = m.s.Now().Add(keep)
	}
	return r, nil
}

// Get implements connector.State.
func (m stateOf) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := m.s.Memory.GetState(ctx, m.account, m.id, key, m.s.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, connector.ErrNoState
	}
	return value, err
}

// Put implements connector.State.
func (m stateOf) Put(ctx context.Context, key string, value []byte, keep time.Duration) error {
	r, err := m.row(key, value, keep)
	if err != nil {
		return err
	}
	return m.s.Memory.PutState(ctx, r, connector.MaxStateEntries)
}

// Add implements connector.State.
func (m stateOf) Add(ctx context.Context, key string, value []byte, keep time.Duration) (bool, error) {
	r, err := m.row(key, value, keep)
	if err != nil {
		return false, err
	}
	return m.s.Memory.AddState(ctx, r, m.s.Now(), connector.MaxStateEntries)
}

// Delete implements connector.State.
func (m stateOf) Delete(ctx context.Context, key string) error {
	return m.s.Memory.DeleteState(ctx, m.account, m.id, key)
}

// ticketsOf are one integration's tickets.
type ticketsOf struct {
	s       *Service
	account event.Account
	id      event.ID
}

// OfSubject implements connector.Tickets.
func (m ticketsOf) OfSubject(ctx context.Context, subject string) (connector.Ticket, error) {
	return ticket(m.s.Memory.TicketOfSubject(ctx, m.account, m.id, subject))
}

// OfRef implements connector.Tickets.
func (m ticketsOf) OfRef(ctx context.Context, ref string) (connector.Ticket, error) {
	return ticket(m.s.Memory.TicketOfRef(ctx, m.account, m.id, ref))
}

// Save implements connector.Tickets.
func (m ticketsOf) Save(ctx context.Context, t connector.Ticket) error {
	if t.Subject == "" || t.Ref == "" || len(t.State) > connector.MaxStateValue {
		return fmt.Errorf("ticket %.40q of %.40q: %w", t.Ref, t.Subject, errStateSize)
	}
	return m.s.Memory.SaveTicket(ctx, store.Ticket{
		Account: m.account, Integration: m.id, Subject: t.Subject, Ref: t.Ref, Key: t.Key, URL: t.URL, Status: t.Status,
		Closed: t.Closed, Assignee: t.Assignee, SyncedAt: t.SyncedAt, By: t.By, Error: t.Error, State: t.State,
	})
}

// List implements connector.Tickets.
func (m ticketsOf) List(ctx context.Context, after string, open bool, limit int) ([]connector.Ticket, error) {
	rows, err := m.s.Memory.ListTickets(ctx, m.account, m.id, after, open, limit)
	list := make([]connector.Ticket, len(rows))
	for i, r := range rows {
		list[i], _ = ticket(r, nil)
	}
	return list, err
}

// Delete implements connector.Tickets.
func (m ticketsOf) Delete(ctx context.Context, subject string) error {
	return m.s.Memory.DeleteTicket(ctx, m.account, m.id, subject)
}

func ticket(r store.Ticket, err error) (connector.Ticket, error) {
	if errors.Is(err, store.ErrNotFound) {
		return connector.Ticket{}, connector.ErrNoTicket
	}
	return connector.Ticket{
		Subject: r.Subject, Ref: r.Ref, Key: r.Key, URL: r.URL, Status: r.Status, Closed: r.Closed, Assignee: r.Assignee,
		SyncedAt: r.SyncedAt, By: r.By, Error: r.Error, State: r.State,
	}, err
}
