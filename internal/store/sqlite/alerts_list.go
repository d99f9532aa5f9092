package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// place is an alert's place in a list: the greatest first.
type place struct {
	severity int64 // 0 in all lists but those by severity
	value    int64
	n        int64
}

// compare orders places as lists do.
func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.severity, p.severity), cmp.Compare(q.value, p.value), cmp.Compare(q.n, p.n))
}

// first is before every place.
var first = place{math.MaxInt64, math.MaxInt64, math.MaxInt64}

// sortColumns are what lists are ordered by, with the letter that their cursors have.
var sortColumns = map[store.AlertSort]struct {
	column string
	letter int64
}{
	store.ByLastSeen: {"last_seen", 'l'}, store.BySeverity: {"last_seen", 's'}, store.ByFirstSeen: {"first_seen", 'f'}, store.ByRisk: {"risk", 'r'},
}

// alertList is one page under way.
type alertList struct {
	s          *Store
	f          *store.AlertFilter
	sort       store.AlertSort
	col        string
	after      place
	need       int             // the page and one more
	most       int             // how many alerts are looked at in a search
	techniques techniqueCounts // counted of what a search found, where facets are wanted
	// limited: not everything that was found was looked at. more: not all cells were. many: they are too many to be asked.
	limited, more, many bool
	alerts              int // that the account has; 0: not known
}

// ListAlerts implements store.Alerts.
func (s *Store) ListAlerts(ctx context.Context, q store.AlertQuery) (out store.AlertPage, err error) {
	by, ok := sortColumns[q.Sort]
	if !ok {
		return out, fmt.Errorf("alerts by %.20q: %w", q.Sort, store.ErrInvalid)
	}
	limit := min(max(q.Page.Limit, 1), store.MaxPage)
	l := &alertList{s: s, f: &q.Filter, sort: q.Sort, col: by.column, after: first, need: limit + 1,
		most: min(cmp.Or(max(q.Most, 0), store.MaxAlertHits), store.MaxAlertHits)}
	if q.Page.After != "" {
		var letter int64
		if err := decodeCursor(listAlerts, q.Page.After, &letter, &l.after.severity, &l.after.value, &l.after.n); err != nil || letter != by.letter {
			return out, store.ErrCursor
		}
	}
	cells, places, hits, err := l.places(ctx)
	if err != nil {
		return out, err
	}
	if out.Approximate = l.limited; q.Facets {
		facets, err := l.facets(ctx, cells, hits)
		if err != nil {
			return out, err
		}
		out.Facets = &facets
	}
	if len(places) > limit {
		places = places[:limit]
		last := places[limit-1]
		out.Next = encodeCursor(listAlerts, by.letter, last.severity, last.value, last.n)
	}
	out.Alerts, err = s.alertsAt(ctx, places)
	return out, err
}

// places gives the places of the page, and the cells that they were looked for in; and of a search how many alerts of each
// cell it found.
func (l *alertList) places(ctx context.Context) (cells []countedCell, places []place, hits map[int64]int, err error) {
	if sought(l.f) {
		return l.search(ctx)
	}
	if cells, err = l.cells(ctx); err != nil {
		return nil, nil, nil, err
	}
	switch {
	case len(cells) == 0:
	case l.more:
		places, err = l.scan(ctx)
	case timed(l.f) && l.col != "last_seen":
		places, err = l.sorted(ctx, cells)
	default:
		places, err = l.merge(ctx, cells)
	}
	return cells, places, nil, err
}

// scan goes through the alerts of an account that has too many cells: those in the wanted order that fit.
func (l *alertList) scan(ctx context.Context) ([]place, error) {
	w := cellsWhere(l.f)
	since, until := bounds(l.f)
	if l.sort == store.ByLastSeen { // which an index has for the account as a whole
		w.and(`a.account = ? AND a.last_seen <= ? AND a.last_seen >= ? AND a.last_seen < ? AND (a.last_seen, a.n) < (?, ?)`,
			string(l.f.Account), l.after.value, since, until, l.after.value, l.after.n)
		return all(ctx, l.s.cases, scanPlace, `SELECT 0, a.last_seen, a.n FROM alerts a INDEXED BY alerts_recent CROSS JOIN alert_cells c ON c.id = a.cell`+
			w.String()+` ORDER BY a.last_seen DESC, a.n DESC LIMIT ?`, append(w.args, l.need)...)
	}
	w.and(`a.last_seen >= ? AND a.last_seen < ?`, since, until)
	severity := `0`
	if l.sort == store.BySeverity {
		severity = `c.severity`
	}
	w.and(`(`+severity+`, a.`+l.col+`, a.n) < (?, ?, ?)`, l.after.severity, l.after.value, l.after.n)
	return all(ctx, l.s.cases, scanPlace, `SELECT `+severity+`, a.`+l.col+`, a.n FROM alerts a JOIN alert_cells c ON c.id = a.cell`+w.String()+
		` ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT ?`, append(w.args, l.need)...)
}

func scanPlace(r row, p *place) error { return r.Scan(&p.severity, &p.value, &p.n) }

// search orders what a search finds. What the filter does not want of it goes.
func (l *alertList) search(ctx context.Context) (cells []countedCell, places []place, hits map[int64]int, err error) {
	hits = map[int64]int{}
	l.techniques = techniqueCounts{}
	q, none := hitsQuery(l.f, `a.n, a.cell, a.`+l.col+`, a.techniques`, l.most)
	if none {
		return nil, nil, hits, nil
	}
	type hit struct {
		n, cell, value int64
		techniques     string
	}
	rows, err := all(ctx, l.s.cases, func(r row, h *hit) error { return r.Scan(&h.n, &h.cell, &h.value, &h.techniques) }, q.text, q.args...)
	if err != nil {
		return nil, nil, nil, err
	}
	if l.limited = len(rows) > l.most; !l.limited {
		if l.limited, err = l.s.manyMatch(ctx, l.f, q, l.most); err != nil {
			return nil, nil, nil, err
		}
	}
	var ids []any
	met := map[int64]struct{}{}
	for _, h := range rows {
		if _, known := met[h.cell]; !known {
			met[h.cell] = struct{}{}
			ids = append(ids, h.cell)
		}
	}
	if cells, err = l.cellsAmong(ctx, ids); err != nil {
		return nil, nil, nil, err
	}
	severities := make(map[int64]int64, len(cells))
	for i := range cells {
		severities[cells[i].id] = int64(cells[i].severity)
	}
	places = make([]place, 0, len(rows))
	for _, h := range rows {
		severity, ok := severities[h.cell]
		if !ok {
			continue
		}
		hits[h.cell]++
		l.techniques.add(h.techniques, 1)
		p := place{0, h.value, h.n}
		if l.sort == store.BySeverity {
			p.severity = severity
		}
		if l.after.compare(p) < 0 {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, place.compare)
	return cells, places[:min(len(places), l.need)], hits, nil
}

// mostSorted is how many alerts are read to be sorted by something that no index has.
const mostSorted = 2 * store.MaxAlertHits

// sorted orders the newest alerts of cells within a time by something else than the time.
func (l *alertList) sorted(ctx context.Context, cells []countedCell) ([]place, error) {
	since, until := bounds(l.f)
	sum := 0
	ids := make([]any, len(cells))
	for i := range cells {
		sum += cells[i].alerts
		ids[i] = cells[i].id
	}
	among := `SELECT a.` + l.col + ` AS v, a.n AS n FROM json_each(?) j CROSS JOIN alerts a INDEXED BY alerts_last ON a.cell = j.value
		WHERE a.last_seen >= ? AND a.last_seen < ?`
	args := []any{idList(ids), since, until}
	if sum > mostSorted {
		looked, err := get(ctx, l.s.cases, func(r row, n *int) error { return r.Scan(n) }, `SELECT count(*) FROM (SELECT 1 FROM alerts INDEXED BY alerts_recent
			WHERE account = ? AND last_seen >= ? AND last_seen < ? LIMIT ?)`, string(l.f.Account), since, until, mostCounted+1)
		if err != nil {
			return nil, err
		}
		among = `SELECT a.` + l.col + ` AS v, a.n AS n FROM (SELECT n, cell FROM alerts INDEXED BY alerts_recent
			WHERE account = ? AND last_seen >= ? AND last_seen < ? ORDER BY last_seen DESC LIMIT ?) r CROSS JOIN alerts a ON a.n = r.n
			WHERE r.cell IN (SELECT value FROM json_each(?)) LIMIT ?`
		args = []any{string(l.f.Account), since, until, mostCounted, idList(ids), store.MaxAlertHits}
		l.limited = looked > store.MaxAlertHits
	}
	return all(ctx, l.s.cases, scanPlace, `SELECT 0, v, n FROM (`+among+`) WHERE (v, n) < (?, ?) ORDER BY v DESC, n DESC LIMIT ?`,
		append(args, l.after.value, l.after.n, l.need)...)
}

// merge goes through cells by what each has first.
func (l *alertList) merge(ctx context.Context, cells []countedCell) ([]place, error) {
	if l.sort != store.BySeverity {
		return l.mergeGroup(ctx, 0, cells, l.need)
	}
	by := map[event.Severity][]countedCell{}
	for _, c := range cells {
		by[c.severity] = append(by[c.severity], c)
	}
	var places []place
	for severity := event.Critical; len(places) < l.need; severity-- {
		if group := by[severity]; len(group) > 0 && int64(severity) <= l.after.severity {
			more, err := l.mergeGroup(ctx, int64(severity), group, l.need-len(places))
			if err != nil {
				return nil, err
			}
			places = append(places, more...)
		}
		if severity == event.Info {
			break
		}
	}
	return places, nil
}

// mergeGroup gives the first places of cells that share a severity, if the list is by severity. A cell whose first place
// is behind those that are needed is not read at all.
func (l *alertList) mergeGroup(ctx context.Context, severity int64, cells []countedCell, need int) ([]place, error) {
	after := l.after
	if l.sort == store.BySeverity && severity < after.severity {
		after = first
	}
	low := int64(math.MinInt64)
	if l.col == "last_seen" {
		since, until := bounds(l.f)
		if low = since; until != math.MaxInt64 && after.value >= until {
			after = place{value: until - 1, n: math.MaxInt64}
		}
	}
	if places, ok, err := l.leading(ctx, severity, cells, after, need); ok || err != nil {
		return places, err
	}
	if len(cells) > mostCells && l.sort != store.BySeverity {
		return l.scan(ctx)
	}
	heads, err := l.heads(ctx, cells, severity, after, low)
	if err != nil {
		return nil, err
	}
	var places []place
	for _, h := range heads {
		if len(places) >= need && h.compare(places[need-1]) > 0 {
			break
		}
		some, err := l.ofCell(ctx, h.cell, severity, after, low, need)
		if err != nil {
			return nil, err
		}
		places = append(places, some...)
		slices.SortFunc(places, place.compare)
		places = places[:min(len(places), need)]
	}
	return places, nil
}

// head is the first place of a cell.
type head struct {
	place

	cell int64
}

// heads gives the first place of each cell after one, in order.
func (l *alertList) heads(ctx context.Context, cells []countedCell, severity int64, after place, low int64) ([]head, error) {
	ids := make([]any, len(cells))
	for i := range cells {
		ids[i] = cells[i].id
	}
	scan := func(r row, h *head) error { h.severity = severity; return r.Scan(&h.cell, &h.value, &h.n) }
	heads, err := all(ctx, l.s.cases, scan, `SELECT h.cell, a.`+l.col+`, a.n FROM (SELECT j.value AS cell, coalesce(
			(SELECT n FROM alerts WHERE cell = j.value AND `+l.col+` = ? AND n < ? ORDER BY n DESC LIMIT 1),
			(SELECT n FROM alerts WHERE cell = j.value AND `+l.col+` < ? AND `+l.col+` >= ? ORDER BY `+l.col+` DESC, n DESC LIMIT 1)) AS n
		FROM json_each(?) j) h CROSS JOIN alerts a ON a.n = h.n`, after.value, after.n, after.value, low, idList(ids))
	slices.SortFunc(heads, func(a, b head) int { return a.compare(b.place) })
	return heads, err
}

// ofCell gives a cell's first places after one.
func (l *alertList) ofCell(ctx context.Context, cell, severity int64, after place, low int64, need int) (places []place, err error) {
	scan := func(r row, p *place) error { p.severity = severity; return r.Scan(&p.value, &p.n) }
	if after.n > 0 && after.value != math.MaxInt64 {
		places, err = all(ctx, l.s.cases, scan, `SELECT `+l.col+`, n FROM alerts WHERE cell = ? AND `+l.col+` = ? AND n < ? ORDER BY n DESC LIMIT ?`,
			cell, after.value, after.n, need)
		if err != nil || len(places) == need {
			return places, err
		}
	}
	rest, err := all(ctx, l.s.cases, scan, `SELECT `+l.col+`, n FROM alerts WHERE cell = ? AND `+l.col+` < ? AND `+l.col+` >= ?
		ORDER BY `+l.col+` DESC, n DESC LIMIT ?`, cell, after.value, low, need-len(places))
	return append(places, rest...), err
}

// alertsAt reads the alerts of places, in their order.
func (s *Store) alertsAt(ctx context.Context, places []place) ([]store.Alert, error) {
	if len(places) == 0 {
		return nil, nil
	}
	type numbered struct {
		n int64
		a store.Alert
	}
	args := make([]any, len(places))
	for i, p := range places {
		args[i] = p.n
	}
	rows, err := all(ctx, s.cases, func(r row, v *numbered) error { return scanAlert(withNumber{r, &v.n}, &v.a) },
		`SELECT a.n, `+alertColumns+alertFrom+` WHERE a.n IN (`+placeholders(len(args))+`)`, args...)
	if err != nil {
		return nil, err
	}
	by := make(map[int64]*store.Alert, len(rows))
	for i := range rows {
		by[rows[i].n] = &rows[i].a
	}
	list := make([]store.Alert, 0, len(rows))
	for _, p := range places {
		if a := by[p.n]; a != nil { // else it was deleted meanwhile
			list = append(list, *a)
		}
	}
	return list, nil
}

// withNumber is a row with a number in front.
type withNumber struct {
	row
	n *int64
}

// Scan is for package sql.
func (w withNumber) Scan(dest ...any) error { return w.row.Scan(append([]any{w.n}, dest...)...) }

// ListAlertEntries implements store.Alerts.
func (s *Store) ListAlertEntries(ctx context.Context, account event.Account, id event.ID, p store.Page) (list []store.CaseEntry, next string, err error) {
	after := slices.Repeat([]byte{0xff}, len(event.ID{}))
	if p.After != "" {
		if err := decodeCursor(listAlertEntries, p.After, &after); err != nil {
			return nil, "", err
		}
	}
	scan := func(r row, e *store.CaseEntry) error {
		e.Account, e.Alert = account, id
		return r.Scan(idCol{&e.ID}, timeCol{&e.At}, jsonCol{&e.Change}, idCol{&e.Event})
	}
	return page(ctx, s.cases, scan, p, func(e *store.CaseEntry) string { return encodeCursor(listAlertEntries, e.ID[:]) },
		`SELECT e.id, e.at, e.change, e.event FROM alert_entries e WHERE e.n = (SELECT n FROM alerts WHERE id = ? AND account = ?) AND e.id < ?
			ORDER BY e.id DESC`, id[:], string(account), after)
}
