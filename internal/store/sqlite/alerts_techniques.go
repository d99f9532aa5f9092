package sqlite

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of what is stored beside an alert to count techniques by. All of them are in its body, and found by terms.
const (
	// maxTechniques is how many techniques of one alert are counted, its first ones.
	maxTechniques = 32
	// maxTechnique is the longest one that is counted, in bytes: an id has 9, a name a few dozen.
	maxTechnique = 64
)

// techniquesOf is what an alert's techniques are counted by: a JSON array, or nothing.
func techniquesOf(a *store.Alert) string {
	list := make([]string, 0, min(len(a.Mitre), maxTechniques))
	for _, id := range a.Mitre {
		if id = strings.ToUpper(strings.TrimSpace(id)); id != "" && len(id) <= maxTechnique && len(list) < maxTechniques {
			list = append(list, id)
		}
	}
	if len(list) == 0 {
		return ""
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "" // strings can always be written
	}
	return string(text)
}

// techniqueCounts is how many alerts name a technique.
type techniqueCounts map[string]int

// add counts n alerts that name the techniques of a stored list.
func (c techniqueCounts) add(stored string, n int) {
	var list []string
	if stored == "" || json.Unmarshal([]byte(stored), &list) != nil {
		return
	}
	seen := make(map[string]struct{}, len(list))
	for _, id := range list {
		if _, twice := seen[id]; !twice {
			seen[id] = struct{}{}
			c[id] += n
		}
	}
}

// countTechniques counts the techniques of the newest alerts of cells, within the filter's time. more says that there are
// alerts with techniques that were not looked at.
func (l *alertList) countTechniques(ctx context.Context, cells []countedCell) (counts techniqueCounts, more bool, err error) {
	since, until := bounds(l.f)
	wanted := make(map[int64]struct{}, len(cells))
	for i := range cells {
		wanted[cells[i].id] = struct{}{}
	}
	type group struct {
		cell int64
		list string
		n    int
	}
	rows, err := all(ctx, l.s.cases, func(r row, g *group) error { return r.Scan(&g.cell, &g.list, &g.n) },
		`SELECT cell, techniques, count(*) FROM (SELECT cell, techniques FROM alerts INDEXED BY alerts_techniques
		WHERE account = ? AND techniques <> '' AND last_seen >= ? AND last_seen < ? ORDER BY last_seen DESC LIMIT ?) GROUP BY cell, techniques`,
		string(l.f.Account), since, until, store.MaxTechniqueAlerts+1)
	counts = techniqueCounts{}
	looked := 0
	for _, g := range rows {
		looked += g.n
		if _, ok := wanted[g.cell]; ok {
			counts.add(g.list, g.n)
		}
	}
	return counts, looked > store.MaxTechniqueAlerts, err
}
