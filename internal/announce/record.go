package announce

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// records makes the journal's records of facts, by account. Facts that cannot be said count as settled.
func (p *Pump) records(rows []store.Said) []journal.Append {
	var list []journal.Append
	at := map[event.Account]int{}
	now := p.deps.Now().UTC()
	for i := range rows {
		r, err := record(&rows[i], now)
		if err != nil {
			p.refuse(&rows[i], err)
			continue
		}
		n, ok := at[r.Account]
		if !ok {
			n = len(list)
			at[r.Account] = n
			list = append(list, journal.Append{Account: r.Account})
		}
		list[n].Records = append(list[n].Records, r)
	}
	return list
}

func (p *Pump) refuse(s *store.Said, err error) {
	p.refused.Add(1)
	p.done = append(p.done, s.ID)
	p.deps.Log.Warn("a fact is not said", slog.String("type", s.Type), slog.String("account", string(s.Account)),
		slog.String("about", s.Origin), slog.Any("error", err))
}

// record makes a fact an event. Its time is when it became true, received is when it enters the journal.
func record(s *store.Said, received time.Time) (*event.Record, error) {
	if s.Hops > MaxHops {
		return nil, fmt.Errorf("%d facts led to it, at most %d may", s.Hops, MaxHops)
	}
	at := s.At
	if at.IsZero() {
		at = received
	}
	r, err := event.Parse(s.Event, s.Account, at, event.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("reading the fact: %w", err)
	}
	if r.Type != s.Type {
		return nil, fmt.Errorf("its event has the type %s", r.Type)
	}
	r.ID, r.Received = s.ID, received
	r.Origin, r.Hops = s.Origin, s.Hops
	r.Flags |= event.Internal
	r.Raw = nil // nobody sent it
	return r, nil
}
