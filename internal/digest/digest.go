// Package digest gives integrations the digests that their settings ask for: once a day or a week, at a local time.
//
// A digest is a fact of type system.digest about one integration, which alone receives it: it goes through the outbox into
// the journal and from there down the integration's lane, like everything that is delivered. So it is retried, recorded and
// found in the mailbox like any other event. What it holds is [Digest].
//
// The fact and the note that it was given are one transaction, and its id follows from the integration, the period and the
// date: no digest is given twice. One that fell due while the hub was down is given when it is up again, if the next one is
// not due by then. While an integration is disabled, paused or held, its digests are passed over.
package digest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Errors that callers match with errors.Is.
var (
	// ErrHeld: nothing is delivered to the integration at present.
	ErrHeld = errors.New("the integration is disabled, paused, or waits for a credential: nothing would be sent")
	// ErrPeriod: not connector.Daily or connector.Weekly.
	ErrPeriod = errors.New("the period must be daily or weekly")
)

// Integrations are the configured ones; integration.Service has Get.
type Integrations interface {
	// All gives the existing ones of all accounts.
	All(ctx context.Context) ([]store.Integration, error)
	Get(ctx context.Context, account event.Account, id event.ID) (store.Integration, error)
	// Schedules gives the digests that an integration's settings ask for. It opens the integration: its error may pass.
	Schedules(ctx context.Context, i store.Integration) ([]connector.DigestSchedule, error)
}

// Alerts sums up an account's alerts.
type Alerts interface {
	// Summary counts what happened from one time (included) to another.
	Summary(ctx context.Context, account event.Account, from, to time.Time) (Summary, error)
}

// Summary is what there is to know of an account's alerts in a time.
type Summary struct {
	New      map[string]int // alerts that were opened, by severity
	Open     int            // now
	Acked    int            // now
	Resolved int            // in that time
	Days     []DigestDay    // in UTC; days without alerts may be left out
	Entities []DigestCount  // the most frequent first, at most 10 each
	Rules    []DigestCount
	Sources  []DigestCount
}

// Incidents gives an account's incidents.
type Incidents interface {
	// OpenIncidents gives at most limit that are not closed, the newest first.
	OpenIncidents(ctx context.Context, account event.Account, limit int) ([]store.Incident, error)
}

// Deliveries knows which integrations do not deliver.
type Deliveries interface {
	Failing(account event.Account) []DigestFailing
}

// Deps are what a Service is made of. Alerts, Incidents and Deliveries may be nil: then digests say that this is not
// known. Log and Now may be zero.
type Deps struct {
	Integrations Integrations
	Store        store.Digests
	Alerts       Alerts
	Incidents    Incidents
	Deliveries   Deliveries
	// Wake is called when there is something new in the outbox.
	Wake func()
	// PublicURL is where people reach the hub; empty: no links.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Service gives digests.
type Service struct {
	Deps

	// What follows belongs to Run.

	rows      map[rowKey]string // the last slot of each
	schedules map[event.ID]known
}

type rowKey struct {
	integration event.ID
	period      string
}

// known are the schedules of an integration at a version.
type known struct {
	version int64
	list    []connector.DigestSchedule
}

// New makes a Service. Nothing happens before Run.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Wake == nil {
		d.Wake = func() {}
	}
	return &Service{Deps: d, schedules: map[event.ID]known{}}
}

// Preview is what a digest would hold that ends now.
func (s *Service) Preview(ctx context.Context, account event.Account, id event.ID, period string) (Digest, error) {
	d, _, err := s.asked(ctx, account, id, period)
	return d, err
}

// Give gives an integration a digest that ends now, beside those of its schedule, and returns the id of its event. Errors:
// ErrHeld, ErrPeriod, whatever Integrations.Get says.
func (s *Service) Give(ctx context.Context, account event.Account, id event.ID, period string) (event.ID, error) {
	d, i, err := s.asked(ctx, account, id, period)
	switch {
	case err != nil:
		return event.ID{}, err
	case !i.Enabled || i.Held():
		return event.ID{}, ErrHeld
	}
	said, err := say(&i, event.NewID(), d, s.Now())
	if err != nil {
		return event.ID{}, err
	}
	if err := s.Store.SayDigest(ctx, said); err != nil {
		return event.ID{}, err
	}
	s.Wake()
	return said.ID, nil
}

// asked composes a digest that somebody wants now.
func (s *Service) asked(ctx context.Context, account event.Account, id event.ID, period string) (Digest, store.Integration, error) {
	if period != connector.Daily && period != connector.Weekly {
		return Digest{}, store.Integration{}, ErrPeriod
	}
	i, err := s.Integrations.Get(ctx, account, id)
	if err != nil {
		return Digest{}, i, err
	}
	zone := ""
	if list, err := s.Integrations.Schedules(ctx, i); err == nil {
		for _, c := range list {
			if zone == "" || c.Period == period {
				zone = c.Timezone
			}
		}
	}
	location, err := locate(zone)
	if err != nil {
		location = time.UTC
	}
	to := s.Now().In(location)
	d, err := s.compose(ctx, &i, period, slot{from: to.AddDate(0, 0, -days(period)), at: to})
	return d, i, err
}
