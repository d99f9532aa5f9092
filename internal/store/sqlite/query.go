package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// where collects conditions that all must hold.
type where struct {
	conds []string
	args  []any
}

func (w *where) and(cond string, args ...any) {
	w.conds = append(w.conds, cond)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// placeholders is n question marks.
func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// get reads one row, or store.ErrNotFound.
func get[T any](ctx context.Context, f *file, scan func(row, *T) error, query string, args ...any) (T, error) {
	var v T
	err := scan(f.readers.QueryRowContext(ctx, query, args...), &v)
	if errors.Is(err, sql.ErrNoRows) {
		return v, store.ErrNotFound
	}
	if err != nil {
		return v, f.failed("reading", err)
	}
	return v, nil
}

// all reads every row. It never keeps a read open longer than it takes to read: an open read keeps the write-ahead
// log from beginning anew.
func all[T any](ctx context.Context, f *file, scan func(row, *T) error, query string, args ...any) ([]T, error) {
	list, err := queryAll(ctx, f.readers, scan, query, args...)
	if err != nil {
		return nil, f.failed("reading", err)
	}
	return list, nil
}

// querier is what a pool and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func queryAll[T any](ctx context.Context, q querier, scan func(row, *T) error, query string, args ...any) (list []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// page reads one page: it asks for one row more than wanted, which says whether there is a next page.
func page[T any](ctx context.Context, f *file, scan func(row, *T) error, p store.Page, cursor func(*T) string,
	query string, args ...any) (list []T, next string, err error) {
	limit := min(max(p.Limit, 1), store.MaxPage)
	list, err = all(ctx, f, scan, query+" LIMIT ?", append(args, limit+1)...)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	list = list[:limit]
	return list, cursor(&list[limit-1]), nil
}

// preparedQuery runs a prepared statement where a querier is wanted.
type preparedQuery struct {
	stmt interface {
		QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
	}
}

func (q preparedQuery) QueryContext(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
	return q.stmt.QueryContext(ctx, args...)
}
