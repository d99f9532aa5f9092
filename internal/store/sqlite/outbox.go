package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Every file has an outbox, because a fact must be in the transaction of the change that it is about.

const outboxColumns = `id, account, type, origin, hops, event, at`

func scanSaid(r row, v *store.Said) error {
	return r.Scan(idCol{&v.ID}, textCol[event.Account]{&v.Account}, textCol[string]{&v.Type}, textCol[string]{&v.Origin},
		&v.Hops, bytesCol[json.RawMessage]{&v.Event}, timeCol{&v.At})
}

// saveSaid writes facts into the outbox of the transaction's file, and keeps it within its bound.
func (s *Store) saveSaid(ctx context.Context, tx *sql.Tx, said []store.Said) error {
	if len(said) == 0 {
		return nil
	}
	stored, err := insertSaid(ctx, tx, said)
	if err != nil {
		return fmt.Errorf("saving what is to be said: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE outbox_count SET waiting = waiting + ? WHERE id = 1`, stored); err != nil {
		return fmt.Errorf("counting what is to be said: %w", err)
	}
	if err := dropSaid(ctx, tx, s.maxOutbox); err != nil {
		return fmt.Errorf("dropping what cannot be said: %w", err)
	}
	return nil
}

// insertSaid gives the number of facts that did not wait already.
func insertSaid(ctx context.Context, tx *sql.Tx, said []store.Said) (stored int64, err error) {
	stmt, err := tx.PrepareContext(ctx, `INSERT INTO outbox (`+outboxColumns+`) VALUES (`+placeholders(7)+`)
		ON CONFLICT (id) DO NOTHING`)
	if err != nil {
		return 0, err
	}
	defer stmt.Close()
	for i := range said {
		v := &said[i]
		res, err := stmt.ExecContext(ctx, v.ID[:], string(v.Account), v.Type, v.Origin, int64(v.Hops), blob(v.Event), micros(v.At))
		if err != nil {
			return 0, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return 0, err
		}
		stored += n
	}
	return stored, nil
}

// dropSaid deletes and counts the oldest facts beyond most.
func dropSaid(ctx context.Context, tx *sql.Tx, most int64) error {
	var waiting int64
	if err := tx.QueryRowContext(ctx, `SELECT waiting FROM outbox_count WHERE id = 1`).Scan(&waiting); err != nil || waiting <= most {
		return err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT ?)`, waiting-most)
	if err != nil {
		return err
	}
	dropped, err := res.RowsAffected()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE outbox_count SET waiting = waiting - ?, dropped = dropped + ? WHERE id = 1`, dropped, dropped)
	return err
}

// outboxQuery lists an outbox by id, without the facts of skip.
func outboxQuery(limit int, skip []event.Account) (query string, args []any) {
	w := new(where)
	if len(skip) > 0 {
		accounts := make([]any, len(skip))
		for i, a := range skip {
			accounts[i] = string(a)
		}
		w.and(`account NOT IN (`+placeholders(len(skip))+`)`, accounts...)
	}
	return `SELECT ` + outboxColumns + ` FROM outbox` + w.String() + ` ORDER BY id LIMIT ?`, append(w.args, limit)
}

// ListOutbox implements store.Outbox.
func (s *Store) ListOutbox(ctx context.Context, limit int, skip ...event.Account) ([]store.Said, error) {
	limit = min(max(limit, 1), store.MaxPage)
	query, args := outboxQuery(limit, skip)
	var list []store.Said
	for _, f := range s.files() {
		part, err := all(ctx, f, scanSaid, query, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	slices.SortFunc(list, func(a, b store.Said) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return list[:min(limit, len(list))], nil
}

// DeleteOutbox implements store.Outbox. A file in which nothing waits is not written.
func (s *Store) DeleteOutbox(ctx context.Context, ids []event.ID) error {
	if len(ids) == 0 {
		return nil
	}
	for _, f := range s.files() {
		count, err := countSaid(ctx, f)
		if err != nil {
			return err
		}
		if count.Waiting == 0 {
			continue
		}
		if err := f.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return deleteSaid(ctx, tx, ids) }); err != nil {
			return err
		}
	}
	return nil
}

func deleteSaid(ctx context.Context, tx *sql.Tx, ids []event.ID) error {
	stmt, err := tx.PrepareContext(ctx, `DELETE FROM outbox WHERE id = ?`)
	if err != nil {
		return err
	}
	defer stmt.Close()
	var deleted int64
	for i := range ids {
		res, err := stmt.ExecContext(ctx, ids[i][:])
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		deleted += n
	}
	if deleted == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE outbox_count SET waiting = waiting - ? WHERE id = 1`, deleted)
	return err
}

// CountOutbox implements store.Outbox.
func (s *Store) CountOutbox(ctx context.Context) (store.OutboxCount, error) {
	var sum store.OutboxCount
	for _, f := range s.files() {
		c, err := countSaid(ctx, f)
		if err != nil {
			return store.OutboxCount{}, err
		}
		sum.Waiting += c.Waiting
		sum.Dropped += c.Dropped
	}
	return sum, nil
}

func countSaid(ctx context.Context, f *file) (store.OutboxCount, error) {
	scan := func(r row, c *store.OutboxCount) error { return r.Scan(&c.Waiting, &c.Dropped) }
	return get(ctx, f, scan, `SELECT waiting, dropped FROM outbox_count WHERE id = 1`)
}
