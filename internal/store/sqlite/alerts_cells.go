package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// mostCells is how many cells are asked for what each has first. A list of more different ones goes through the alerts.
// Where the cells are not in memory, it is counted by the largest ones.
const mostCells = 8192

// countedCell is a cell with how many alerts it has.
type countedCell struct {
	alertCell

	id     int64
	alerts int
}

func scanCell(r row, c *countedCell) error {
	return r.Scan(&c.id, textCol[string]{&c.status}, &c.severity, textCol[string]{&c.alertType}, textCol[string]{&c.project},
		textCol[string]{&c.source}, textCol[string]{&c.assignees}, textCol[string]{&c.country}, &c.alerts)
}

// cellsWhere is the filter as conditions about cells.
func cellsWhere(f *store.AlertFilter) *where {
	w := new(where)
	w.and(`c.account = ?`, string(f.Account))
	severities := make([]any, len(f.Severity))
	for i, s := range f.Severity {
		severities[i] = int64(s)
	}
	for _, d := range []struct {
		column string
		values []any
	}{
		{"status", anys(f.Status)}, {"severity", severities}, {"alert_type", anys(f.AlertType)}, {"project", anys(f.Project)},
		{"source", anys(f.Source)}, {"assignee", anys(f.Assignee)}, {"country", anys(f.Country)},
	} {
		if len(d.values) > 0 {
			w.and(`c.`+d.column+` IN (`+placeholders(len(d.values))+`)`, d.values...)
		}
	}
	return w
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// cellColumns are a countedCell's.
const cellColumns = `c.id, c.status, c.severity, c.alert_type, c.project, c.source, c.assignee, c.country, c.alerts`

// cells gives the cells that the filter lets through, the largest ones.
func (l *alertList) cells(ctx context.Context) ([]countedCell, error) {
	if cells, alerts, ok := l.s.cellTable.list(l.f); ok {
		l.alerts, l.many = alerts, len(cells) > mostCells
		return cells, nil
	}
	w := cellsWhere(l.f)
	cells, err := all(ctx, l.s.cases, scanCell, `SELECT `+cellColumns+` FROM alert_cells c`+w.String()+` ORDER BY c.alerts DESC LIMIT ?`, append(w.args, mostCells+1)...)
	if l.more = len(cells) > mostCells; l.more {
		cells, l.many = cells[:mostCells], true
	}
	return cells, err
}

// cellsAmong gives those of some cells that the filter lets through. Senders choose what cells are made of: there may be as
// many as alerts, and a search must not read them all.
func (l *alertList) cellsAmong(ctx context.Context, ids []any) ([]countedCell, error) {
	if cells, ok := l.s.cellTable.among(l.f, ids); ok {
		return cells, nil
	}
	w := cellsWhere(l.f)
	return all(ctx, l.s.cases, scanCell, `SELECT `+cellColumns+` FROM json_each(?) j CROSS JOIN alert_cells c ON c.id = j.value`+w.String(),
		append([]any{idList(ids)}, w.args...)...)
}

// facetsOf sums cells up.
func facetsOf(cells []countedCell) store.AlertFacets {
	var total int
	counts := [7]map[string]int{}
	for i := range counts {
		counts[i] = map[string]int{}
	}
	for i := range cells {
		c := &cells[i]
		total += c.alerts
		for d, value := range [7]string{c.status, c.severity.String(), c.alertType, c.project, c.source, c.assignees, c.country} {
			counts[d][value] += c.alerts
		}
	}
	var lists [7][]store.ValueCount
	for d, values := range counts {
		lists[d] = mostFrequent(values)
	}
	return store.AlertFacets{
		Total: total, Status: lists[0], Severity: lists[1], AlertType: lists[2], Project: lists[3], Source: lists[4], Assignee: lists[5],
		Country: lists[6],
	}
}

// mostFrequent are the values of a facet, the most frequent first.
func mostFrequent(counts map[string]int) []store.ValueCount {
	list := make([]store.ValueCount, 0, len(counts))
	for v, n := range counts {
		if n > 0 {
			list = append(list, store.ValueCount{Value: v, Count: n})
		}
	}
	slices.SortFunc(list, func(a, b store.ValueCount) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Value, b.Value))
	})
	return list[:min(len(list), store.MaxFacetValues)]
}

// facets counts what the filter lets through. hits are what a search found, by cells; nil where nothing was sought.
func (l *alertList) facets(ctx context.Context, cells []countedCell, hits map[int64]int) (out store.AlertFacets, err error) {
	limited := l.limited
	if hits == nil && timed(l.f) {
		if hits, limited, err = l.s.countTimes(ctx, l.f, cells); err != nil {
			return out, err
		}
	}
	if hits != nil {
		for i := range cells {
			cells[i].alerts = hits[cells[i].id]
		}
	}
	out = facetsOf(cells)
	out.Approximate = limited || l.more
	counts, more := l.techniques, l.limited
	if counts == nil {
		if counts, more, err = l.countTechniques(ctx, cells); err != nil {
			return out, err
		}
	}
	out.Mitre, out.MitreApproximate = mostFrequent(counts), more
	return out, nil
}

// cellCount is how many of a cell's alerts were found.
type cellCount struct {
	cell int64
	n    int
}

func scanCellCount(r row, c *cellCount) error { return r.Scan(&c.cell, &c.n) }

func countsOf(rows []cellCount) (counts map[int64]int, sum int) {
	counts = make(map[int64]int, len(rows))
	for _, c := range rows {
		counts[c.cell] = c.n
		sum += c.n
	}
	return counts, sum
}

// manyMatch says whether more alerts have the terms than are looked at, where other conditions left fewer of them.
func (s *Store) manyMatch(ctx context.Context, f *store.AlertFilter, q hitsOf, most int) (bool, error) {
	if q.match == "" || !timed(f) && f.Incident == 0 {
		return false, nil
	}
	n, err := get(ctx, s.cases, func(r row, n *int) error { return r.Scan(n) },
		`SELECT count(*) FROM (SELECT rowid FROM alert_terms WHERE alert_terms MATCH ? LIMIT ?)`, q.match, most+1)
	return n > most, err
}

// mostCounted is how many alerts are counted one by one: it takes the index alone.
const mostCounted = 50_000

// countTimes counts the alerts of cells that were last seen within the filter's time: all of them if the cells, or the
// time, have not too many.
func (s *Store) countTimes(ctx context.Context, f *store.AlertFilter, cells []countedCell) (counts map[int64]int, limited bool, err error) {
	since, until := bounds(f)
	sum := 0
	ids := make([]any, len(cells))
	for i := range cells {
		sum += cells[i].alerts
		ids[i] = cells[i].id
	}
	var rows []cellCount
	if sum <= mostCounted {
		rows, err = all(ctx, s.cases, scanCellCount, `SELECT c.id, count(*) FROM alert_cells c JOIN alerts a ON a.cell = c.id
			WHERE c.id IN (SELECT value FROM json_each(?)) AND a.last_seen >= ? AND a.last_seen < ? GROUP BY c.id`, idList(ids), since, until)
		counts, _ = countsOf(rows)
		return counts, false, err
	}
	rows, err = all(ctx, s.cases, scanCellCount, `SELECT cell, count(*) FROM (SELECT cell FROM alerts INDEXED BY alerts_recent
		WHERE account = ? AND last_seen >= ? AND last_seen < ? ORDER BY last_seen DESC LIMIT ?) GROUP BY cell`,
		string(f.Account), since, until, mostCounted+1)
	counts, sum = countsOf(rows)
	return counts, sum > mostCounted, err
}

// bounds are the filter's times, from and before.
func bounds(f *store.AlertFilter) (since, until int64) {
	if since, until = micros(f.Since), micros(f.Until); until == 0 {
		until = math.MaxInt64
	}
	return since, until
}

// idList is a list of numbers as json_each takes it.
func idList(ids []any) string {
	text, err := json.Marshal(ids)
	if err != nil {
		panic("sqlite: writing numbers as JSON: " + err.Error())
	}
	return string(text)
}

// timed and sought say whether a filter is about more than what cells know.
func timed(f *store.AlertFilter) bool { return !f.Since.IsZero() || !f.Until.IsZero() }

func sought(f *store.AlertFilter) bool {
	return f.Incident > 0 || f.Entity != "" || f.Tag != "" || f.Rule != "" || f.Text != "" || len(f.Mitre) > 0
}

// hitsOf is a query for the newest alerts that a search finds: one more than store.MaxAlertHits where there are as many.
// Without terms they may be of cells that the filter does not want.
type hitsOf struct {
	text  string
	args  []any
	match string
}

// hitsQuery makes the query; none says that nothing can be found.
func hitsQuery(f *store.AlertFilter, columns string, most int) (q hitsOf, none bool) {
	match, none := matchOf(f)
	if none {
		return q, true
	}
	w := new(where)
	from := ` FROM alerts a`
	if match != "" {
		// The newest are the ones with the largest numbers: the index of terms gives them in that order.
		from = ` FROM (SELECT rowid FROM alert_terms WHERE alert_terms MATCH ? ORDER BY rowid DESC LIMIT ?) t CROSS JOIN alerts a ON a.n = t.rowid`
		q.args = []any{match, most + 1}
	}
	w.and(`a.account = ?`, string(f.Account))
	if f.Incident > 0 {
		w.and(`a.incident = ?`, f.Incident)
	}
	if timed(f) {
		since, until := bounds(f)
		w.and(`a.last_seen >= ? AND a.last_seen < ?`, since, until)
	}
	q.text, q.match = `SELECT `+columns+from+w.String(), match
	q.args = append(q.args, w.args...)
	if match == "" {
		q.text += ` ORDER BY a.n DESC LIMIT ?`
		q.args = append(q.args, most+1)
	}
	return q, false
}
