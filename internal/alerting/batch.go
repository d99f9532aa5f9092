package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// ruleTries is how often rules are asked anew because somebody else changed an incident; then a batch goes without them.
const ruleTries = 5

// foldBatch folds a batch and makes it durable.
func (s *Service) foldBatch(ctx context.Context, b *batch) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.give()
	state, err := json.Marshal(b.state)
	if err != nil {
		return fmt.Errorf("encoding the state of alerting: %w", err)
	}
	for try := 1; ; try++ {
		f, err := s.build(ctx, b)
		if err != nil {
			return err
		}
		f.Mark, f.State = b.mark, state
		if try <= ruleTries {
			f.Incidents = s.decide(ctx, f.Alerts)
		}
		err = s.deps.Store.SaveFold(ctx, f)
		switch {
		case len(f.Incidents) > 0 && try <= ruleTries && (errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid)):
			s.deps.Log.Warn("what rules made of alerts cannot be stored as it is; they are asked again", slog.Any("error", err))
		case errors.Is(err, store.ErrInvalid):
			return s.saveEach(ctx, f)
		default:
			return err
		}
	}
}

// build folds the events of a batch into the alerts as they are stored.
func (s *Service) build(ctx context.Context, b *batch) (f store.Fold, err error) {
	at, err := s.stored(ctx, b.records)
	if err != nil {
		return f, err
	}
	var order []event.ID // of the alerts, as they were met
	for _, r := range b.records {
		e, err := r.Event()
		if err != nil {
			s.counts.refused.Add(1)
			s.deps.Log.Error("an event is not folded: it cannot be read", slog.String("event", r.ID.Text(event.PrefixEvent)),
				slog.String("account", string(r.Account)), slog.Any("error", err))
			continue
		}
		id := event.AlertID(r.Account, r.AlertKey())
		w := at[id]
		if w == nil {
			w = &working{}
			at[id] = w
		}
		if !w.touched {
			w.touched = true
			order = append(order, id)
		}
		w.entries = append(w.entries, Fold(&w.alert, r, &e)...)
	}
	for _, id := range order {
		w := at[id]
		f.Alerts = append(f.Alerts, w.alert)
		f.Entries = append(f.Entries, w.entries[max(0, len(w.entries)-store.MaxAlertEntries):]...)
	}
	return f, nil
}

// working is an alert while a batch is folded.
type working struct {
	alert   store.Alert
	entries []store.CaseEntry
	touched bool
}

// stored reads the alerts that events are about.
func (s *Service) stored(ctx context.Context, records []*event.Record) (map[event.ID]*working, error) {
	if len(records) == 0 {
		return nil, nil
	}
	seen := make(map[event.ID]struct{}, len(records))
	ids := make([]event.ID, 0, len(records))
	for _, r := range records {
		id := event.AlertID(r.Account, r.AlertKey())
		if _, known := seen[id]; !known {
			seen[id] = struct{}{}
			ids = append(ids, id)
		}
	}
	rows, err := s.deps.Store.GetAlerts(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading alerts: %w", err)
	}
	at := make(map[event.ID]*working, len(ids))
	for i := range rows {
		at[rows[i].ID] = &working{alert: rows[i]}
	}
	return at, nil
}

// decide asks the rules, account by account. Alerts are folded whatever becomes of it.
func (s *Service) decide(ctx context.Context, alerts []store.Alert) (writes []store.IncidentWrite) {
	if s.deps.Rules == nil || len(alerts) == 0 {
		return nil
	}
	by := map[event.Account][]store.Alert{}
	var accounts []event.Account
	for i := range alerts {
		a := alerts[i].Account
		if by[a] == nil {
			accounts = append(accounts, a)
		}
		by[a] = append(by[a], alerts[i])
	}
	slices.Sort(accounts)
	for _, account := range accounts {
		more, err := s.deps.Rules.Decide(ctx, account, by[account])
		if err != nil {
			s.deps.Log.Error("rules made nothing of alerts", slog.String("account", string(account)), slog.Any("error", err))
			continue
		}
		writes = append(writes, more...)
	}
	return writes
}

// saveEach saves a fold that the store does not take: each alert by itself, without those that it refuses, and the mark at
// last. One event must not hold up all others. Alerts that were saved when it breaks off are folded once more.
func (s *Service) saveEach(ctx context.Context, f store.Fold) error {
	mark, state, err := s.deps.Store.LoadFold(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for i := range f.Alerts {
		a := &f.Alerts[i]
		one := store.Fold{Mark: mark, State: state, Alerts: f.Alerts[i : i+1]}
		for _, e := range f.Entries {
			if e.Alert == a.ID {
				one.Entries = append(one.Entries, e)
			}
		}
		switch err := s.deps.Store.SaveFold(ctx, one); {
		case errors.Is(err, store.ErrInvalid):
			s.counts.refused.Add(1)
			s.deps.Log.Error("an alert cannot be stored and is left out", slog.String("alert", a.ID.Text(event.PrefixAlert)),
				slog.String("account", string(a.Account)), slog.Any("error", err))
		case err != nil:
			return err
		}
	}
	return s.deps.Store.SaveFold(ctx, store.Fold{Mark: f.Mark, State: f.State, Say: f.Say})
}
