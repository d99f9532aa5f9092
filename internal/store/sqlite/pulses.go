package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const pulseColumns = `step, at, account, integration, data`

func scanPulse(r row, p *store.PulsePiece) error {
	var seconds int64
	err := r.Scan(&seconds, timeCol{&p.At}, textCol[event.Account]{&p.Account}, idCol{&p.Integration}, bytesCol[[]byte]{&p.Data})
	p.Step = time.Duration(seconds) * time.Second
	return err
}

// SavePulses implements store.Pulses.
func (s *Store) SavePulses(ctx context.Context, pieces []store.PulsePiece) error {
	if len(pieces) == 0 {
		return nil
	}
	return s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `INSERT INTO pulses (`+pulseColumns+`) VALUES (`+placeholders(5)+`)
			ON CONFLICT (step, at, account, integration) DO UPDATE SET data = excluded.data`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for i := range pieces {
			p := &pieces[i]
			if _, err := stmt.ExecContext(ctx, int64(p.Step/time.Second), micros(p.At), string(p.Account), p.Integration[:], blob(p.Data)); err != nil {
				return err
			}
		}
		return nil
	})
}

const loadPulsesQuery = `SELECT ` + pulseColumns + ` FROM pulses WHERE step = ? AND at >= ? ORDER BY step, at, account, integration`

// LoadPulses implements store.Pulses.
func (s *Store) LoadPulses(ctx context.Context, step time.Duration, since time.Time) ([]store.PulsePiece, error) {
	return all(ctx, s.lanes, scanPulse, loadPulsesQuery, int64(step/time.Second), micros(since))
}

const prunePulsesQuery = `DELETE FROM pulses WHERE (step, at, account, integration) IN
	(SELECT step, at, account, integration FROM pulses WHERE step = ? AND at < ? ORDER BY step, at LIMIT ?)`

// PrunePulses implements store.Pulses.
func (s *Store) PrunePulses(ctx context.Context, step time.Duration, before time.Time, limit int) (deleted int, err error) {
	err = s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, prunePulsesQuery, int64(step/time.Second), micros(before), limit)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		deleted = int(n)
		return err
	})
	return deleted, err
}
