package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const runColumns = `id, account, integration, kind, state, ended_at`

func scanRun(r row, v *store.Run) error {
	return r.Scan(idCol{&v.ID}, textCol[event.Account]{&v.Account}, idCol{&v.Integration}, textCol[string]{&v.Kind},
		bytesCol[json.RawMessage]{&v.State}, timeCol{&v.EndedAt})
}

// LoadRuns implements store.Lanes.
func (s *Store) LoadRuns(ctx context.Context) ([]store.Run, error) {
	return all(ctx, s.lanes, scanRun, `SELECT `+runColumns+` FROM runs ORDER BY id`)
}

// GetRun implements store.Lanes.
func (s *Store) GetRun(ctx context.Context, account event.Account, id event.ID) (store.Run, error) {
	return get(ctx, s.lanes, scanRun, `SELECT `+runColumns+` FROM runs WHERE id = ? AND account = ?`, id[:], string(account))
}

// DeleteRuns implements store.Lanes.
func (s *Store) DeleteRuns(ctx context.Context, ids []event.ID) error {
	if len(ids) == 0 {
		return nil
	}
	return s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for i := range ids {
			if _, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE id = ?`, ids[i][:]); err != nil {
				return err
			}
		}
		return nil
	})
}
