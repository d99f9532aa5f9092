package sqlite

import (
	"context"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// ParkedCauses implements store.Parking. The rows are looked at in the order of an index, so that it takes no longer when
// there are many more of them.
func (s *Store) ParkedCauses(ctx context.Context, f store.ParkedFilter) (out store.ParkedCauses, err error) {
	w := parkedWhere(f)
	type cause struct {
		store.ParkedCause
		all, sum int
	}
	scan := func(r row, c *cause) error {
		return r.Scan(idCol{&c.Integration}, textCol[string]{&c.CauseClass}, textCol[string]{&c.Cause}, &c.Count, timeCol{&c.Oldest}, timeCol{&c.Newest},
			idCol{&c.Example}, &c.all, &c.sum)
	}
	args := append(w.args, store.MaxCausesLooked, store.MaxCauses)
	rows, err := all(ctx, s.lanes, scan, `SELECT integration, cause_class, cause, count(*) AS n, min(since), max(since), max(delivery),
			count(*) OVER (), sum(count(*)) OVER ()
		FROM (SELECT integration, cause_class, cause, since, delivery FROM parked`+w.String()+` ORDER BY since DESC, delivery DESC LIMIT ?)
		GROUP BY integration, cause_class, cause ORDER BY n DESC, max(since) DESC, integration, cause_class, cause LIMIT ?`, args...)
	if err != nil {
		return out, fmt.Errorf("summing up causes: %w", err)
	}
	for i := range rows {
		out.Causes = append(out.Causes, rows[i].ParkedCause)
		out.Total, out.More = rows[i].sum, rows[i].all > len(rows)
	}
	out.Approximate = out.Total >= store.MaxCausesLooked
	return out, nil
}
