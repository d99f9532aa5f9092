package incident

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Store is what incidents are kept in.
type Store interface {
	store.Incidents
	store.IncidentRules
	// TicketsOf is of store.Tickets.
	TicketsOf(ctx context.Context, account event.Account, subject string) ([]store.Ticket, error)
}

// Deps are what a Service stands on. Log and Now may be nil.
type Deps struct {
	Store    Store
	Recorder act.Recorder
	// PublicURL is where people reach the hub, without a slash at its end; empty: facts have no link.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Service keeps incidents and their rules. It is safe for concurrent use.
type Service struct {
	deps Deps

	change sync.Mutex // one change of rules at a time: what is stored and what runs agree
	sets   atomic.Pointer[map[event.Account][]*compiled]

	deciding sync.Mutex // guards window
	window   *window
}

// Open reads the rules, and the alerts that were seen a little while ago, for them.
func Open(ctx context.Context, d Deps) (*Service, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{deps: d, window: newWindow(maxMembers)}
	return s, s.loadRules(ctx)
}

// Now is the service's clock, in UTC with the store's precision.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// Get gives one incident. Its error is ErrNotFound, or the store's.
func (s *Service) Get(ctx context.Context, account event.Account, number int64) (store.Incident, error) {
	i, err := s.deps.Store.GetIncident(ctx, account, number)
	return i, worded(err)
}

// List gives incidents, the newest first.
func (s *Service) List(ctx context.Context, f store.IncidentFilter, p store.Page) ([]store.Incident, string, error) {
	list, next, err := s.deps.Store.ListIncidents(ctx, f, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing incidents: %w", err)
	}
	return list, next, nil
}

// Open counts those that are not closed.
func (s *Service) Open(ctx context.Context, account event.Account) (int, error) {
	n, err := s.deps.Store.CountOpenIncidents(ctx, account)
	return n, worded(err)
}

// OpenIncidents gives those that are not closed, the newest first, at most limit (1 to store.MaxPage).
func (s *Service) OpenIncidents(ctx context.Context, account event.Account, limit int) ([]store.Incident, error) {
	list, _, err := s.List(ctx, store.IncidentFilter{
		Account: account, Statuses: []string{event.IncidentNew, event.IncidentActive},
	}, store.Page{Limit: limit})
	return list, err
}

// Alerts gives the alerts under an incident, the ones last seen first.
func (s *Service) Alerts(ctx context.Context, account event.Account, number int64, p store.Page) ([]store.Alert, string, error) {
	if _, err := s.Get(ctx, account, number); err != nil {
		return nil, "", err
	}
	return s.deps.Store.ListIncidentAlerts(ctx, account, number, p)
}

// Timeline gives everything that happened to an incident, the oldest first.
func (s *Service) Timeline(ctx context.Context, account event.Account, number int64, p store.Page) ([]store.CaseEntry, string, error) {
	if _, err := s.Get(ctx, account, number); err != nil {
		return nil, "", err
	}
	return s.deps.Store.ListIncidentEntries(ctx, account, number, p)
}

// Tickets gives what other systems keep for an incident.
func (s *Service) Tickets(ctx context.Context, account event.Account, number int64) ([]store.Ticket, error) {
	list, err := s.deps.Store.TicketsOf(ctx, account, Number(number))
	if err != nil {
		return nil, fmt.Errorf("reading the tickets of %s: %w", Number(number), err)
	}
	return list, nil
}

// URL is where people read about an incident; empty without a public URL.
func (s *Service) URL(number int64) string { return link(s.deps.PublicURL, number) }

func link(publicURL string, number int64) string {
	if publicURL == "" {
		return ""
	}
	return strings.TrimRight(publicURL, "/") + "/incidents/" + Number(number)
}

// worded turns the store's errors into those that callers understand.
func worded(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, store.ErrAttachments):
		return ErrNoRoom
	}
	return err
}
