package integration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// saidExpiring is the fact that a credential is to be renewed.
const saidExpiring = "system.credential_expiring"

const (
	// rotationEvery is how often rotation dates are looked at.
	rotationEvery = time.Hour
	// rotateSoonDays is how long before its rotation date a credential is announced, in days.
	rotateSoonDays = 14
	// pastMark ends store.Integration.RotationSaid once it was said that the date is past.
	pastMark = "/past"
)

// reminder is a rotation date that is to be announced.
type reminder struct {
	of   store.Integration
	days int // until the date; negative once it is past
}

func (r reminder) past() bool { return r.days < 0 }

// said is what RotationSaid becomes.
func (r reminder) said() string {
	if r.past() {
		return r.of.RotateBy + pastMark
	}
	return r.of.RotateBy
}

// reminders chooses what is to be announced at a moment: each date once when it is near, and once when it is past. A
// date that is changed begins anew.
func reminders(rows []store.Integration, now time.Time) []reminder {
	var due []reminder
	for _, i := range rows {
		days, ok := daysLeft(i.RotateBy, now)
		if !ok || days > rotateSoonDays || !i.DeletedAt.IsZero() {
			continue
		}
		r := reminder{of: i, days: days}
		if i.RotationSaid == r.said() || i.RotationSaid == i.RotateBy+pastMark {
			continue
		}
		due = append(due, r)
	}
	return due
}

// daysLeft counts the days (UTC) until a date: 0 is today.
func daysLeft(date string, now time.Time) (int, bool) {
	due, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, false
	}
	today := now.UTC().Truncate(24 * time.Hour)
	return int(due.Sub(today) / (24 * time.Hour)), true
}

// RotationLoop announces credentials that are to be renewed, at once and then every hour, until ctx is done. It never
// disables anything.
func (s *Service) RotationLoop(ctx context.Context) {
	ticker := time.NewTicker(rotationEvery)
	defer ticker.Stop()
	for {
		if err := s.Remind(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("announcing credentials that are to be renewed failed; it is tried again in an hour", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Remind announces the credentials of all accounts whose rotation date is near or past and was not announced as such.
// What is said and that it was said are stored together.
func (s *Service) Remind(ctx context.Context) error {
	rows, err := s.Store.AllIntegrations(ctx)
	if err != nil {
		return fmt.Errorf("reading the integrations: %w", err)
	}
	var errs []error
	for _, r := range reminders(rows, s.Now()) {
		errs = append(errs, s.remind(ctx, r))
	}
	return errors.Join(errs...)
}

// remind announces one, unless it changed meanwhile: then the next round looks at it again.
func (s *Service) remind(ctx context.Context, r reminder) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	i := r.of
	i.RotationSaid = r.said()
	i.Say = s.sayExpiring(r)
	err := s.Store.UpdateIntegration(ctx, i)
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("storing what was said about integration %s: %w", idText(i), err)
	}
	return nil
}

// expiring is the "data" of the fact.
type expiring struct {
	Integration string `json:"integration"`
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Owner       string `json:"owner,omitempty"`
	RotateBy    string `json:"rotate_by"`
	DaysLeft    int    `json:"days_left"` // negative: so many days past
}

func (s *Service) sayExpiring(r reminder) []store.Said {
	i := r.of
	id := idText(i)
	data, err := encode(expiring{
		Integration: id, Kind: i.Kind, Name: event.Clip(i.Name, maxSaidText), Owner: event.Clip(i.Owner, maxSaidText),
		RotateBy: i.RotateBy, DaysLeft: r.days,
	})
	if err != nil {
		s.cannotSay(id, saidExpiring, err)
		return nil
	}
	status, severity := "expiring", event.DefaultSeverity(saidExpiring)
	if r.past() {
		status, severity = "expired", event.High
	}
	at := s.Now().UTC()
	rec, err := event.FromEvent(&event.Event{
		Type: saidExpiring, Severity: severity, Title: event.Clip(r.title(), maxSaidTitle),
		DedupKey: "credential/" + id, Status: status, Data: data,
	}, event.Origin{Account: i.Account, Received: at}, event.DefaultLimits())
	if err != nil {
		s.cannotSay(id, saidExpiring, err)
		return nil
	}
	return []store.Said{{ID: event.NewID(), Account: i.Account, Type: saidExpiring, Origin: id, Event: rec.Body, At: at}}
}

func (r reminder) title() string {
	when := fmt.Sprintf("is to be rotated within %d days", r.days)
	switch {
	case r.days == 0:
		when = "is to be rotated today"
	case r.days == 1:
		when = "is to be rotated by tomorrow"
	case r.past():
		when = "was to be rotated by " + r.of.RotateBy
	}
	title := fmt.Sprintf("The credential of %q (%s) %s", r.of.Name, r.of.Kind, when)
	if r.of.Owner != "" {
		title += " by " + strings.TrimSpace(oneLine(r.of.Owner))
	}
	return title
}
