package plan

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// recover reads what was saved and adds what the journal has had since.
func (s *Service) recover(ctx context.Context) error {
	rows, err := s.deps.Usage.LatestUsage(ctx)
	if err != nil {
		return fmt.Errorf("reading the usage of accounts: %w", err)
	}
	now := s.deps.Now()
	for i := range rows {
		if rows[i], err = s.notAhead(ctx, rows[i], monthOf(now)); err != nil {
			return err
		}
	}
	rows = s.unknown(rows, monthOf(now))
	s.complete(rows)
	meters := make(map[event.Account]*meter, len(rows))
	for _, row := range rows {
		m := &meter{account: row.Account}
		m.tally.Store(newTally(now))
		t := restored(row)
		if row.Month == monthOf(now) {
			m.tally.Store(t)
		} else {
			m.past = append(m.past, &saved{tally: t})
		}
		meters[row.Account] = m
	}
	s.meters.Store(&meters)
	return nil
}

// unknown adds rows of the accounts that have none: they were made so shortly before a crash that nothing of them was
// saved, and what the journal has of them came in this month.
func (s *Service) unknown(rows []store.Usage, month string) []store.Usage {
	has := make(map[event.Account]bool, len(rows))
	for _, row := range rows {
		has[row.Account] = true
	}
	for _, account := range s.deps.Accounts() {
		if !has[account] {
			rows = append(rows, store.Usage{Account: account, Month: month})
		}
	}
	return rows
}

// notAhead gives the row of the newest month that is not later than this one. A later month was counted while the clock
// was wrong.
func (s *Service) notAhead(ctx context.Context, row store.Usage, month string) (store.Usage, error) {
	if row.Month <= month {
		return row, nil
	}
	s.deps.Log.Warn("usage was counted for a month that has not come yet: the clock was wrong",
		slog.String("account", string(row.Account)), slog.String("month", row.Month))
	rows, err := s.deps.Usage.ListUsage(ctx, row.Account, maxMonths)
	if err != nil {
		return row, fmt.Errorf("reading the usage of account %s: %w", row.Account, err)
	}
	for _, r := range rows {
		if r.Month <= month {
			return r, nil
		}
	}
	return store.Usage{Account: row.Account, Month: month, Journalled: row.Journalled}, nil
}

// complete adds to saved rows what was journalled after them.
func (s *Service) complete(rows []store.Usage) {
	type bill struct {
		owner event.Account
		month string
	}
	added, sums := make([]uint64, len(rows)), map[bill]uint64{}
	for i := range rows {
		row := &rows[i]
		if have := s.deps.Journalled(row.Account); have > row.Journalled { // else nothing, or an older copy of the journal
			added[i] = have - row.Journalled
			row.Events += added[i]
		}
		sums[bill{s.Owner(row.Account), row.Month}] += row.Events
	}
	for i := range rows {
		row, p := &rows[i], s.planOf(rows[i].Account)
		b := bill{s.Owner(row.Account), row.Month}
		if most := uint64(p.EventsPerMonth); added[i] > 0 && most > 0 && p.Above == Flag && sums[b] > most {
			over := min(added[i], sums[b]-most)
			row.Over += over
			sums[b] -= over // counted, and not to be counted as another's
		}
	}
}
