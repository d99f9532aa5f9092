package sqlite

import (
	"context"
	"database/sql"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const (
	suppressedColumns = `delivery, account, integration, event, event_account, type, severity, title, reason, detail, at, until`
	rememberedColumns = `integration, key, value, at`
)

func scanSuppressed(r row, v *store.Suppressed) error {
	return r.Scan(idCol{&v.Delivery}, textCol[event.Account]{&v.Account}, idCol{&v.Integration}, idCol{&v.Event},
		textCol[event.Account]{&v.EventAccount}, textCol[string]{&v.Type}, &v.Severity, textCol[string]{&v.Title},
		textCol[string]{&v.Reason}, textCol[string]{&v.Detail}, timeCol{&v.At}, timeCol{&v.Until})
}

func (t *tickStatements) saveSuppressed(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	_, err := t.suppressed.run(ctx, tx, len(tick.Suppressed), func(args []any, i int) []any {
		v := &tick.Suppressed[i]
		return append(args, v.Delivery[:], string(v.Account), v.Integration[:], v.Event[:], string(v.EventAccount), v.Type, int64(v.Severity),
			v.Title, v.Reason, v.Detail, micros(v.At), micros(v.Until))
	})
	return err
}

func (t *tickStatements) saveRemembered(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	kept := make([]int, 0, len(tick.Remember))
	for i := range tick.Remember {
		v := &tick.Remember[i]
		if len(v.Value) > 0 {
			kept = append(kept, i)
			continue
		}
		if _, err := tx.StmtContext(ctx, t.forget).ExecContext(ctx, v.Integration[:], v.Key[:]); err != nil {
			return err
		}
	}
	_, err := t.remembered.run(ctx, tx, len(kept), func(args []any, i int) []any {
		v := &tick.Remember[kept[i]]
		return append(args, v.Integration[:], v.Key[:], v.Value, micros(v.At))
	})
	return err
}

// LoadRemembered implements store.Noise.
func (s *Store) LoadRemembered(ctx context.Context, integration event.ID) ([]store.Remembered, error) {
	scan := func(r row, v *store.Remembered) error {
		var key []byte
		if err := r.Scan(idCol{&v.Integration}, bytesCol[[]byte]{&key}, bytesCol[[]byte]{&v.Value}, timeCol{&v.At}); err != nil {
			return err
		}
		copy(v.Key[:], key)
		return nil
	}
	return all(ctx, s.lanes, scan, `SELECT `+rememberedColumns+` FROM remembered WHERE integration = ?`, integration[:])
}

// ListSuppressed implements store.Noise.
func (s *Store) ListSuppressed(ctx context.Context, account event.Account, integration event.ID, p store.Page) ([]store.Suppressed, string, error) {
	w := new(where)
	w.and(`account = ?`, string(account))
	w.and(`integration = ?`, integration[:])
	if p.After != "" {
		at, id := int64(0), make([]byte, 16)
		if err := decodeCursor(listSuppressed, p.After, &at, &id); err != nil {
			return nil, "", err
		}
		w.and(`(at, delivery) < (?, ?)`, at, id)
	}
	return page(ctx, s.lanes, scanSuppressed, p, func(v *store.Suppressed) string {
		return encodeCursor(listSuppressed, micros(v.At), v.Delivery[:])
	}, `SELECT `+suppressedColumns+` FROM suppressed`+w.String()+` ORDER BY at DESC, delivery DESC`, w.args...)
}

// PruneSuppressed implements store.Noise.
func (s *Store) PruneSuppressed(ctx context.Context, integration event.ID, keep int) (deleted int, err error) {
	err = s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM suppressed WHERE delivery IN (SELECT delivery FROM suppressed
			WHERE integration = ? ORDER BY at DESC, delivery DESC LIMIT -1 OFFSET ?)`, integration[:], max(keep, 0))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		deleted = int(n)
		return err
	})
	return deleted, err
}
