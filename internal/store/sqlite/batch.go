package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// batchRows is how many rows one multi-row INSERT holds.
const batchRows = 32

// inserter stores rows of one table, batchRows at a time and the rest one by one, with statements prepared once.
type inserter struct {
	columns   int
	one, many *sql.Stmt
}

// prepareInserter prepares "INSERT INTO head VALUES … tail" on the writing connection. Head is "table (column, …)".
func prepareInserter(ctx context.Context, db *sql.DB, head, tail string) (*inserter, error) {
	columns := strings.Count(head, ",") + 1
	values := "(" + placeholders(columns) + ")"
	in := &inserter{columns: columns}
	var err error
	if in.one, err = db.PrepareContext(ctx, "INSERT INTO "+head+" VALUES "+values+" "+tail); err != nil {
		return in, err
	}
	all := values + strings.Repeat(", "+values, batchRows-1)
	in.many, err = db.PrepareContext(ctx, "INSERT INTO "+head+" VALUES "+all+" "+tail)
	return in, err
}

func (in *inserter) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{in.one, in.many} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// run stores n rows; fill appends the i-th row's columns. It gives the number of rows that were stored or changed.
func (in *inserter) run(ctx context.Context, tx *sql.Tx, n int, fill func(args []any, i int) []any) (stored int64, err error) {
	if n == 0 {
		return 0, nil
	}
	args := make([]any, 0, min(n, batchRows)*in.columns)
	exec := func(prepared *sql.Stmt, from, to int) error {
		stmt := tx.StmtContext(ctx, prepared)
		for i := from; i < to; {
			args = args[:0]
			last := i + 1
			if prepared == in.many {
				last = i + batchRows
			}
			for ; i < last; i++ {
				args = fill(args, i)
			}
			res, err := stmt.ExecContext(ctx, args...)
			if err != nil {
				return err
			}
			affected, err := res.RowsAffected()
			if err != nil {
				return err
			}
			stored += affected
		}
		return nil
	}
	whole := n - n%batchRows
	if whole > 0 {
		if err := exec(in.many, 0, whole); err != nil {
			return stored, err
		}
	}
	if whole < n {
		err = exec(in.one, whole, n)
	}
	return stored, err
}
