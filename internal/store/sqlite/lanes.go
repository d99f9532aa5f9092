package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// LoadTail implements store.Lanes.
func (s *Store) LoadTail(ctx context.Context) (store.TailMark, error) {
	scan := func(r row, t *store.TailMark) error {
		return r.Scan(positionCol{&t.Mark}, bytesCol[json.RawMessage]{&t.State})
	}
	return get(ctx, s.lanes, scan, `SELECT mark, state FROM tail WHERE id = 1`)
}

// LoadLanes implements store.Lanes.
func (s *Store) LoadLanes(ctx context.Context) ([]store.LaneRow, error) {
	scan := func(r row, l *store.LaneRow) error {
		return r.Scan(idCol{&l.Integration}, textCol[event.Account]{&l.Account}, &l.Idle, positionCol{&l.Mark},
			bytesCol[json.RawMessage]{&l.State})
	}
	return all(ctx, s.lanes, scan, `SELECT integration, account, idle, mark, state FROM lanes ORDER BY integration`)
}

// DeleteLane implements store.Lanes. A lane that has no row is no error.
func (s *Store) DeleteLane(ctx context.Context, integration event.ID) error {
	return s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, table := range []string{"lanes", "remembered", "suppressed"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE integration = ?`, integration[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
