package sqlite

import (
	"context"
	"slices"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// mostKept is how many cells are kept in memory, about 300 bytes each. With more of them lists and counts are made of the
// tables.
const mostKept = 200_000

// cellTable is alert_cells in memory: what lists are planned by, and facets are summed up from. It changes with each
// transaction that is committed, before the next one begins.
type cellTable struct {
	mu       sync.RWMutex
	off      bool // too many cells, or a commit that nobody knows the outcome of
	cells    map[int64]*countedCell
	accounts map[event.Account]*accountCells
}

type accountCells struct {
	cells  map[int64]*countedCell
	alerts int
}

func scanKept(r row, c *countedCell) error {
	return r.Scan(&c.id, textCol[event.Account]{&c.account}, textCol[string]{&c.status}, &c.severity, textCol[string]{&c.alertType},
		textCol[string]{&c.project}, textCol[string]{&c.source}, textCol[string]{&c.assignees}, textCol[string]{&c.country}, &c.alerts)
}

// loadCells reads the table when the store is opened.
func loadCells(ctx context.Context, f *file) (*cellTable, error) {
	rows, err := all(ctx, f, scanKept, `SELECT id, account, status, severity, alert_type, project, source, assignee, country, alerts FROM alert_cells LIMIT ?`, mostKept+1)
	t := &cellTable{cells: map[int64]*countedCell{}, accounts: map[event.Account]*accountCells{}}
	for i := range rows {
		t.add(&rows[i])
	}
	return t, err
}

// add wants the lock.
func (t *cellTable) add(c *countedCell) {
	if t.off || len(t.cells) >= mostKept {
		t.off, t.cells, t.accounts = true, nil, nil
		return
	}
	a := t.accounts[c.account]
	if a == nil {
		a = &accountCells{cells: map[int64]*countedCell{}}
		t.accounts[c.account] = a
	}
	t.cells[c.id], a.cells[c.id] = c, c
	a.alerts += c.alerts
}

// settle takes over what a transaction did to the cells. With an error nobody knows whether it was committed.
func (t *cellTable) settle(w *alertWriter, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.off, t.cells, t.accounts = true, nil, nil
	}
	for cell, id := range w.cells {
		if t.off {
			return
		}
		if t.cells[id] == nil {
			t.add(&countedCell{alertCell: cell, id: id})
		}
	}
	for id, delta := range w.deltas {
		c := t.cells[id]
		if c == nil {
			continue
		}
		a := t.accounts[c.account]
		c.alerts += int(delta)
		a.alerts += int(delta)
		if delta < 0 && c.alerts == 0 {
			delete(t.cells, id)
			if delete(a.cells, id); len(a.cells) == 0 {
				delete(t.accounts, c.account)
			}
		}
	}
}

// list gives the cells that a filter lets through, in any order, and how many alerts its account has; ok says that the table knows.
func (t *cellTable) list(f *store.AlertFilter) (cells []countedCell, alerts int, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.off {
		return nil, 0, false
	}
	a := t.accounts[f.Account]
	if a == nil {
		return nil, 0, true
	}
	if n := len(a.cells); len(f.Severity)+len(f.AlertType)+len(f.Project)+len(f.Source)+len(f.Assignee)+len(f.Country) == 0 {
		cells = make([]countedCell, 0, n)
	}
	for _, c := range a.cells {
		if c.alerts > 0 && lets(f, &c.alertCell) {
			cells = append(cells, *c)
		}
	}
	return cells, a.alerts, true
}

// among gives those of some cells that a filter lets through; ok says that the table knows.
func (t *cellTable) among(f *store.AlertFilter, ids []any) (cells []countedCell, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, id := range ids {
		n, _ := id.(int64)
		if c := t.cells[n]; c != nil && c.account == f.Account && lets(f, &c.alertCell) {
			cells = append(cells, *c)
		}
	}
	return cells, !t.off
}

// lets says whether a filter lets a cell through.
func lets(f *store.AlertFilter, c *alertCell) bool {
	among := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return among(f.Status, c.status) && (len(f.Severity) == 0 || slices.Contains(f.Severity, c.severity)) && among(f.AlertType, c.alertType) &&
		among(f.Project, c.project) && among(f.Source, c.source) && among(f.Assignee, c.assignees) && among(f.Country, c.country)
}
