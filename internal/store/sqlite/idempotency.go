package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// minForget is the least number of old rows that one SaveIdempotency may forget; it may always forget twice as many as
// it stores, so the table shrinks under any load.
const minForget = 2000

const idempotencyColumns = `account, key_hash, body_hash, first_id, count, at`

func scanIdempotency(r row, v *store.IdempotencyRow) error {
	return r.Scan(textCol[event.Account]{&v.Account}, hashCol{&v.KeyHash}, hashCol{&v.BodyHash}, idCol{&v.First},
		&v.Count, timeCol{&v.At})
}

// GetIdempotency implements store.Idempotency.
func (s *Store) GetIdempotency(ctx context.Context, account event.Account, keyHash [32]byte) (store.IdempotencyRow, error) {
	return get(ctx, s.lanes, scanIdempotency, `SELECT `+idempotencyColumns+` FROM idempotency
		WHERE account = ? AND key_hash = ?`, string(account), keyHash[:])
}

// SaveIdempotency implements store.Idempotency.
func (s *Store) SaveIdempotency(ctx context.Context, rows []store.IdempotencyRow, through uint64, before time.Time) error {
	return s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := s.tick.idempotency.run(ctx, tx, len(rows), func(args []any, i int) []any {
			r := &rows[i]
			return append(args, string(r.Account), r.KeyHash[:], r.BodyHash[:], r.First[:], int64(r.Count), micros(r.At))
		})
		if err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, `INSERT INTO idempotency_through (id, frame) VALUES (1, ?)
			ON CONFLICT (id) DO UPDATE SET frame = excluded.frame`, int64(through)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM idempotency WHERE (account, key_hash) IN
			(SELECT account, key_hash FROM idempotency WHERE at < ? ORDER BY at LIMIT ?)`,
			micros(before), max(minForget, 2*len(rows)))
		return err
	})
}

// IdempotencyThrough implements store.Idempotency.
func (s *Store) IdempotencyThrough(ctx context.Context) (uint64, error) {
	scan := func(r row, v *int64) error { return r.Scan(v) }
	frame, err := get(ctx, s.lanes, scan, `SELECT frame FROM idempotency_through WHERE id = 1`)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return uint64(frame), err
}
