package sqlite

import (
	"context"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// ParkedCauses implements store.Parking. The rows are looked at in the order of an index, and what no index knows of is sorted
// out of them, so that it takes no longer when there are many more.
func (s *Store) ParkedCauses(ctx context.Context, f store.ParkedFilter) (out store.ParkedCauses, err error) {
	near := f
	near.Type, near.CauseClass, near.Cause = "", "", ""
	w, rest := parkedWhere(near), parkedWhere(store.ParkedFilter{Account: f.Account, Type: f.Type, CauseClass: f.CauseClass, Cause: f.Cause})
	type cause struct {
		store.ParkedCause
		looked, all, sum int
	}
	scan := func(r row, c *cause) error {
		return r.Scan(idCol{&c.Integration}, textCol[string]{&c.CauseClass}, textCol[string]{&c.Cause}, &c.Count, timeCol{&c.Oldest}, timeCol{&c.Newest},
			idCol{&c.Example}, &c.looked, &c.all, &c.sum)
	}
	args := append(append(w.args, store.MaxCausesLooked), append(rest.args, store.MaxCauses)...)
	// The row that counts what was looked at is there also when nothing of it is wanted.
	rows, err := all(ctx, s.lanes, scan, `WITH newest AS MATERIALIZED (SELECT account, integration, cause_class, cause, since, delivery, type FROM parked`+w.String()+`
			ORDER BY since DESC, delivery DESC LIMIT ?),
		causes AS (SELECT integration, cause_class, cause, count(*) AS n, min(since) AS oldest, max(since) AS latest, max(delivery) AS example,
			count(*) OVER () AS different, sum(count(*)) OVER () AS total
			FROM newest`+rest.String()+` GROUP BY integration, cause_class, cause)
		SELECT coalesce(integration, zeroblob(16)), coalesce(cause_class, ''), coalesce(cause, ''), coalesce(n, 0), coalesce(oldest, 0), coalesce(latest, 0),
			coalesce(example, zeroblob(16)), looked, coalesce(different, 0), coalesce(total, 0)
		FROM (SELECT count(*) AS looked FROM newest) LEFT JOIN causes ORDER BY n DESC, latest DESC, integration, cause_class, cause LIMIT ?`, args...)
	if err != nil {
		return out, fmt.Errorf("summing up causes: %w", err)
	}
	for i := range rows {
		out.Total, out.More = rows[i].sum, rows[i].all > len(rows)
		out.Approximate = rows[i].looked >= store.MaxCausesLooked
		if rows[i].Count > 0 {
			out.Causes = append(out.Causes, rows[i].ParkedCause)
		}
	}
	return out, nil
}
