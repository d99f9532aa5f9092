package sqlite

import (
	"context"
	"math"
)

const (
	// newestLooked is how many of the first alerts of an account are looked at, for each one that is needed, before it is
	// worth while to go by cells.
	newestLooked = 4
	// headCost is how many alerts can be looked at in the time that asking a cell for its first takes.
	headCost = 8
	// mostLooked bounds how many alerts are looked at.
	mostLooked = 50_000
)

// firstIndexes are the indexes by which an account's alerts are gone through.
var firstIndexes = map[string]string{"last_seen": "alerts_recent", "first_seen": "alerts_old", "risk": "alerts_worst"}

// looked is how many of the account's first alerts are looked at to find what is needed: enough if what is wanted is spread
// evenly, and that takes less time than asking each cell.
func (l *alertList) looked(cells []countedCell, need int) int {
	few := newestLooked * need
	wanted := 0
	for i := range cells {
		wanted += cells[i].alerts
	}
	if l.alerts == 0 || wanted == 0 {
		return few
	}
	n := min(2*int(float64(need)*float64(l.alerts)/float64(wanted)), mostLooked)
	switch {
	case l.many:
		return max(n, mostLooked)
	case n > headCost*len(cells):
		return few
	}
	return max(n, few)
}

// leading looks for the first places of cells among the first alerts of the account; ok says that they are there. Where many
// alerts are wanted, that is quicker than to ask each cell for its first.
func (l *alertList) leading(ctx context.Context, severity int64, cells []countedCell, after place, need int) (places []place, ok bool, err error) {
	index := firstIndexes[l.col]
	since, until := int64(math.MinInt64), int64(math.MaxInt64)
	if l.col == "last_seen" {
		since, until = bounds(l.f)
	}
	wanted := make(map[int64]struct{}, len(cells))
	for i := range cells {
		wanted[cells[i].id] = struct{}{}
	}
	type seen struct{ value, n, cell int64 }
	for most, step := l.looked(cells, need), newestLooked*need; most > 0; step *= 4 {
		step = min(step, most)
		rows, err := all(ctx, l.s.cases, func(r row, v *seen) error { return r.Scan(&v.value, &v.n, &v.cell) },
			`SELECT `+l.col+`, n, cell FROM alerts INDEXED BY `+index+` WHERE account = ? AND `+l.col+` <= ? AND `+l.col+` >= ? AND `+l.col+` < ?
			AND (`+l.col+`, n) < (?, ?) ORDER BY `+l.col+` DESC, n DESC LIMIT ?`,
			string(l.f.Account), after.value, since, until, after.value, after.n, step)
		if err != nil {
			return nil, false, err
		}
		for _, r := range rows {
			if _, ok := wanted[r.cell]; ok && len(places) < need {
				places = append(places, place{severity, r.value, r.n})
			}
		}
		if len(places) == need || len(rows) < step {
			return places, true, nil
		}
		most -= step
		after = place{value: rows[len(rows)-1].value, n: rows[len(rows)-1].n}
	}
	return nil, false, nil
}
