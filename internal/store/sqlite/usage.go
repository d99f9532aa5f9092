package sqlite

import (
	"context"
	"database/sql"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxUsageMonths bounds one list of usage.
const maxUsageMonths = 36

const usageColumns = `account, month, events, over, refused, journalled, over_said, updated_at`

func scanUsage(r row, u *store.Usage) error {
	return r.Scan(textCol[event.Account]{&u.Account}, &u.Month, countCol{&u.Events}, countCol{&u.Over}, countCol{&u.Refused},
		countCol{&u.Journalled}, &u.OverSaid, timeCol{&u.UpdatedAt})
}

// countCol scans a count. The database has signed numbers only; no count comes near their end.
type countCol struct{ to *uint64 }

func (c countCol) Scan(src any) error {
	var n sql.Null[int64]
	if err := n.Scan(src); err != nil {
		return err
	}
	*c.to = uint64(n.V)
	return nil
}

// SaveUsage implements store.Usages.
func (s *Store) SaveUsage(ctx context.Context, rows []store.Usage) error {
	if len(rows) == 0 {
		return nil
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `INSERT INTO usage (`+usageColumns+`) VALUES (`+placeholders(8)+`)
			ON CONFLICT (account, month) DO UPDATE SET events = excluded.events, over = excluded.over,
			refused = excluded.refused, journalled = excluded.journalled, over_said = excluded.over_said,
			updated_at = excluded.updated_at`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for i := range rows {
			u := &rows[i]
			_, err := stmt.ExecContext(ctx, string(u.Account), u.Month, int64(u.Events), int64(u.Over), int64(u.Refused),
				int64(u.Journalled), flag(u.OverSaid), micros(u.UpdatedAt))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// LatestUsage implements store.Usages.
func (s *Store) LatestUsage(ctx context.Context) ([]store.Usage, error) {
	return all(ctx, s.config, scanUsage, `SELECT `+usageColumns+` FROM usage AS u
		WHERE month = (SELECT max(month) FROM usage WHERE account = u.account) ORDER BY account`)
}

// ListUsage implements store.Usages.
func (s *Store) ListUsage(ctx context.Context, account event.Account, limit int) ([]store.Usage, error) {
	return all(ctx, s.config, scanUsage, `SELECT `+usageColumns+` FROM usage WHERE account = ? ORDER BY month DESC LIMIT ?`,
		string(account), min(max(limit, 1), maxUsageMonths))
}
