package digest

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

// lookEvery is how often settings and clocks are looked at. A digest that falls due before is given in time.
const lookEvery = time.Minute

// Run gives digests as they fall due, until ctx is done.
func (s *Service) Run(ctx context.Context) {
	for ctx.Err() == nil {
		next, err := s.round(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("digests have to wait", slog.Any("error", err))
		}
		wait := lookEvery
		if left := next.Sub(s.Now()); !next.IsZero() && left < wait {
			wait = max(left, time.Millisecond)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// round gives what is due now, and says when something is next.
func (s *Service) round(ctx context.Context) (next time.Time, err error) {
	if err := s.load(ctx); err != nil {
		return next, err
	}
	list, err := s.Integrations.All(ctx)
	if err != nil {
		return next, fmt.Errorf("reading the integrations: %w", err)
	}
	exist := make(map[event.ID]struct{}, len(list))
	for n := range list {
		i := &list[n]
		exist[i.ID] = struct{}{}
		schedules, ok := s.wanted(ctx, i)
		if !ok {
			continue // its settings cannot be read now: what is due waits
		}
		s.unwanted(ctx, i, schedules)
		for _, c := range schedules {
			due, err := s.look(ctx, i, c)
			if err != nil && ctx.Err() == nil {
				s.Log.Warn("a digest has to wait", slog.String("integration", i.ID.Text(event.PrefixIntegration)),
					slog.String("period", c.Period), slog.Any("error", err))
			}
			if !due.IsZero() && (next.IsZero() || due.Before(next)) {
				next = due
			}
		}
	}
	for id := range s.schedules {
		if _, ok := exist[id]; !ok {
			delete(s.schedules, id)
		}
	}
	return next, nil
}

// load reads what was given before, once.
func (s *Service) load(ctx context.Context) error {
	if s.rows != nil {
		return nil
	}
	list, err := s.Store.AllDigests(ctx)
	if err != nil {
		return fmt.Errorf("reading which digests were given: %w", err)
	}
	s.rows = make(map[rowKey]string, len(list))
	for _, r := range list {
		s.rows[rowKey{r.Integration, r.Period}] = r.Slot
	}
	return nil
}

// wanted gives an integration's schedules; they are read anew when it has changed.
func (s *Service) wanted(ctx context.Context, i *store.Integration) ([]connector.DigestSchedule, bool) {
	if k, ok := s.schedules[i.ID]; ok && k.version == i.Version {
		return k.list, true
	}
	list, err := s.Integrations.Schedules(ctx, *i)
	if err != nil {
		s.Log.Debug("an integration's digests are not known", slog.String("integration", i.ID.Text(event.PrefixIntegration)), slog.Any("error", err))
		return nil, false
	}
	s.schedules[i.ID] = known{i.Version, list}
	return list, true
}

// unwanted forgets what was given of a period that is not asked for any more: if it ever is again, it begins anew.
func (s *Service) unwanted(ctx context.Context, i *store.Integration, schedules []connector.DigestSchedule) {
	for _, period := range []string{connector.Daily, connector.Weekly} {
		key := rowKey{i.ID, period}
		if _, ok := s.rows[key]; !ok || asksFor(schedules, period) {
			continue
		}
		if err := s.Store.DeleteDigest(ctx, i.Account, i.ID, period); err == nil {
			delete(s.rows, key)
		}
	}
}

func asksFor(schedules []connector.DigestSchedule, period string) bool {
	for _, c := range schedules {
		if c.Period == period {
			return true
		}
	}
	return false
}

// look gives a digest that is due, and says when the next one is.
func (s *Service) look(ctx context.Context, i *store.Integration, c connector.DigestSchedule) (next time.Time, err error) {
	now := s.Now()
	due, next, err := last(c, now)
	if err != nil {
		return next, err
	}
	key := rowKey{i.ID, c.Period}
	before, begun := s.rows[key]
	if begun && before >= due.date {
		return next, nil
	}
	row := store.DigestRow{Account: i.Account, Integration: i.ID, Period: c.Period, Slot: due.date, DueAt: due.at.UTC()}
	var said []store.Said
	if begun && i.Enabled && !i.Held() { // else: it begins with the next one, or is passed over
		d, err := s.compose(ctx, i, c.Period, due)
		if err != nil {
			return next, err
		}
		fact, err := say(i, eventID(i.ID, c.Period, due), d, now)
		if err != nil {
			return next, err
		}
		said = append(said, fact)
	}
	err = s.Store.SaveDigest(ctx, row, said...)
	switch {
	case errors.Is(err, store.ErrConflict): // given already
		s.rows[key] = due.date
		return next, nil
	case err != nil:
		return next, fmt.Errorf("saving the digest: %w", err)
	}
	s.rows[key] = due.date
	if len(said) > 0 {
		s.Wake()
	}
	return next, nil
}
