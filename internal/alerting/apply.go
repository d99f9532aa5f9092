package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// applyTries is how often a change is made anew because something else changed the alert meanwhile.
const applyTries = 5

// Apply makes a change of an alert, and gives the alert as it is then and the event that tells of it: nil if nothing
// changed, or if the change was made already. Errors: form.Errors, store.ErrNotFound.
func (s *Service) Apply(ctx context.Context, account event.Account, alert event.ID, c Change) (store.Alert, *event.Record, error) {
	return s.ApplyTo(ctx, account, alert, 0, c)
}

// ApplyTo is Apply for an alert that must still have a version, if that is above 0; else its error is ErrVersion.
func (s *Service) ApplyTo(ctx context.Context, account event.Account, alert event.ID, version int64, c Change) (a store.Alert, r *event.Record, err error) {
	if err := c.Check(); err != nil {
		return a, nil, err
	}
	if a, err = s.Get(ctx, account, alert); err != nil {
		return a, nil, err // the record does not name what is not the account's
	}
	deed := act.Act{Account: account, Action: "alert." + string(c.Verb), Target: alert.Text(event.PrefixAlert), After: shown(&c)}
	err = act.Do(ctx, s.deps.Recorder, deed, func(ctx context.Context) error {
		if err := s.take(ctx); err != nil {
			return err
		}
		defer s.give()
		a, r, err = s.apply(ctx, account, alert, version, &c)
		return err
	})
	return a, r, err
}

// apply makes a change. The caller has the turn.
func (s *Service) apply(ctx context.Context, account event.Account, alert event.ID, version int64, c *Change) (store.Alert, *event.Record, error) {
	for try := 1; ; try++ {
		a, err := s.deps.Store.GetAlert(ctx, account, alert)
		switch {
		case err != nil:
			return a, nil, worded(err)
		case version > 0 && a.Version != version:
			return a, nil, ErrVersion
		}
		w, r, err := s.written(a, c)
		if err != nil || w == nil {
			return a, nil, err
		}
		err = s.deps.Store.ChangeAlerts(ctx, []store.AlertWrite{*w})
		switch {
		case err == nil && w.Unchanged:
			return a, nil, nil
		case err == nil:
			w.Alert.Version++
			return w.Alert, r, nil
		case errors.Is(err, store.ErrDone):
			return a, nil, nil
		case errors.Is(err, store.ErrConflict) && try < applyTries: // an incident took it meanwhile
			continue
		}
		return a, nil, worded(err)
	}
}

// written is what a change makes the store write; nil if there is nothing.
func (s *Service) written(a store.Alert, c *Change) (*store.AlertWrite, *event.Record, error) {
	at := s.changeTime(c)
	w := &store.AlertWrite{Alert: a, Once: c.once(a.Account, a.ID.Text(event.PrefixAlert))}
	eventType, done := Alter(&w.Alert, c, at)
	if eventType == "" {
		if w.Unchanged = w.Alert.RatedAt.Equal(a.RatedAt); w.Unchanged && w.Once == [16]byte{} {
			return nil, nil, nil
		}
		return w, nil, nil
	}
	said, r, err := Fact(&w.Alert, eventType, done, c.Origin, c.Hops, at)
	if err != nil {
		return nil, nil, err
	}
	h := history{alert: &w.Alert, entry: store.CaseEntry{At: at, Event: r.ID, Change: done}}
	h.tell(done.Verb, done.Changed)
	w.Entries, w.Say = h.entries, []store.Said{said}
	return w, r, nil
}

// changeTime is when a change was made: not in time to come.
func (s *Service) changeTime(c *Change) time.Time {
	now := s.deps.Now().UTC().Truncate(time.Microsecond)
	if c.At.IsZero() || c.At.After(now) {
		return now
	}
	return c.At.UTC().Truncate(time.Microsecond)
}

// Find gives the alert of a dedup key. Its error is store.ErrNotFound, or the store's.
func (s *Service) Find(ctx context.Context, account event.Account, key string) (event.ID, error) {
	a, err := s.deps.Store.GetAlert(ctx, account, event.AlertID(account, key))
	return a.ID, worded(err)
}

// shown is a change as the audit record shows it.
func shown(c *Change) json.RawMessage {
	raw, err := json.Marshal(struct {
		Verb     string `json:"verb"`
		Text     string `json:"text,omitempty"`
		Assignee string `json:"assignee,omitempty"`
		Severity string `json:"severity,omitempty"`
		By       string `json:"by,omitempty"`
		Via      string `json:"via,omitempty"`
	}{string(c.Verb), c.Text, c.Assignee, severityOf(c), c.By, c.Via})
	if err != nil {
		panic("alerting: writing a change as JSON: " + err.Error()) // texts
	}
	return raw
}

// worded says what was being done, unless the error says enough.
func worded(err error) error {
	if _, fields := form.AsErrors(err); err == nil || fields || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCursor) {
		return err
	}
	return fmt.Errorf("storing alerts: %w", err)
}
