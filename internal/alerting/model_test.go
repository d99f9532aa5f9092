package alerting

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// modelled is an alert as the model has it.
type modelled struct {
	Status, Severity, Assignee string
	StatusAt, First, Last      int // minutes
	Count                      int
	Tags                       []string

	rated, bare bool
}

// model folds one thing at a time, in the plainest way.
type model map[string]*modelled

func (m model) event(key, kind, severity, tag string, at int) {
	to := map[string]string{"alert.acknowledged": "acknowledged", "alert.resolved": "resolved", "alert.reopened": "open"}[kind]
	a := m[key]
	if a == nil {
		m[key] = &modelled{Status: "open", Severity: severity, StatusAt: at, First: at, Last: at, Count: 1, Tags: []string{tag}, bare: to != ""}
		if to != "" {
			m[key].Status = to
		}
		if severity == "" {
			m[key].Severity = map[string]string{"alert.created": "high", "alert.updated": "medium", "alert.reopened": "high"}[kind]
		}
		if m[key].Severity == "" {
			m[key].Severity = "info"
		}
		return
	}
	a.Count++
	if !slices.Contains(a.Tags, tag) {
		a.Tags = append(a.Tags, tag)
	}
	newest := at >= a.Last
	a.First, a.Last = min(a.First, at), max(a.Last, at)
	if at >= a.StatusAt {
		switch {
		case to == "" && a.Status == "resolved" && at > a.StatusAt, to == "open" && a.Status != "open":
			a.Status, a.StatusAt, a.rated = "open", at, false
		case to == "acknowledged" && a.Status == "open", to == "resolved" && a.Status != "resolved":
			a.Status, a.StatusAt = to, at
		}
	}
	if to != "" {
		return
	}
	if a.bare {
		a.bare, newest = false, true
		if severity == "" {
			severity = map[string]string{"alert.created": "high", "alert.updated": "medium"}[kind]
		}
	} else if a.rated {
		return
	}
	if newest && severity != "" {
		a.Severity = severity
	}
}

func (m model) change(key string, c Change, at int) {
	a := m[key]
	if a == nil {
		return
	}
	switch c.Verb {
	case connector.Assign:
		a.Assignee = c.Assignee
	case connector.Rate:
		a.Severity, a.rated = c.Severity.String(), true
	case connector.Acknowledge:
		if at >= a.StatusAt && a.Status == "open" {
			a.Status, a.StatusAt = "acknowledged", at
		}
	case connector.Resolve:
		if at >= a.StatusAt && a.Status != "resolved" {
			a.Status, a.StatusAt = "resolved", at
		}
	case connector.Reopen:
		if at >= a.StatusAt && a.Status != "open" {
			a.Status, a.StatusAt, a.rated = "open", at, false
		}
	}
}

// TestFoldModel: events and changes in random order, folded in random batches, with failures and restarts in between, give
// the alerts that the model has, and counts that fit them.
func TestFoldModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		account := event.Account(fmt.Sprintf("run-%d", run))
		m := model{}
		var pending []*event.Record
		frame := uint64(run) * 1_000_000
		fold := func(n int) {
			for n > 0 {
				some := rapid.IntRange(1, n).Draw(rt, "batch")
				b := &batch{records: pending[:some], mark: journal.Position{Epoch: 1, Frame: frame + uint64(some)}}
				again := false
				for {
					if done, err := w.s.cursor.stored(t.Context(), b, again); err != nil {
						rt.Fatal(err)
					} else if done {
						break
					}
					again = true
					w.store.fails = rapid.SampledFrom([][]error{nil, nil, {errFrail}, {errLost}}).Draw(rt, "failure")
					if err := w.s.foldBatch(t.Context(), b); err == nil {
						break
					} else if !errors.Is(err, errFrail) && !errors.Is(err, errLost) {
						rt.Fatal(err)
					}
					if rapid.Bool().Draw(rt, "restart") {
						w.s = New(w.s.deps)
					}
				}
				w.store.fails = nil
				pending, frame, n = pending[some:], b.mark.Frame, n-some
			}
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key")
			at := rapid.IntRange(0, 20).Draw(rt, "minute")
			if rapid.IntRange(0, 3).Draw(rt, "what") > 0 {
				kind := rapid.SampledFrom([]string{"alert.created", "alert.updated", "alert.acknowledged", "alert.resolved", "alert.reopened"}).Draw(rt, "type")
				severity := rapid.SampledFrom([]string{"", "low", "high", "critical"}).Draw(rt, "severity")
				tag := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "tag")
				said := ""
				if severity != "" {
					said = `"severity":"` + severity + `",`
				}
				r := record(t, at, fmt.Sprintf(`{"type":%q,"dedup_key":%q,%s"tags":[%q]}`, kind, key, said, tag))
				r.Account = account
				pending = append(pending, r)
				m.event(key, kind, severity, tag, at)
				continue
			}
			fold(len(pending)) // the change is about what was there before
			c := Change{
				Verb: rapid.SampledFrom([]connector.Verb{connector.Acknowledge, connector.Resolve, connector.Reopen, connector.Assign, connector.Rate}).Draw(rt, "verb"),
				At:   minute(at), Assignee: rapid.SampledFrom([]string{"", "dana@example.com"}).Draw(rt, "assignee"), Severity: event.Severity(rapid.IntRange(0, 4).Draw(rt, "rating")),
			}
			if _, _, err := w.s.Apply(t.Context(), account, event.AlertID(account, key), c); err != nil && (m[key] != nil || !errors.Is(err, store.ErrNotFound)) {
				rt.Fatal(err)
			}
			m.change(key, c, at)
		}
		fold(len(pending))
		page, err := w.s.List(t.Context(), account, store.AlertQuery{Sort: store.ByLastSeen, Page: store.Page{Limit: 100}, Facets: true})
		if err != nil {
			rt.Fatal(err)
		}
		got, counted := model{}, map[string]int{}
		for _, a := range page.Alerts {
			minutes := func(t time.Time) int { return int(t.Sub(start) / time.Minute) }
			got[a.Key] = &modelled{
				Status: a.Status, Severity: a.Severity.String(), Assignee: a.Assignee, StatusAt: minutes(a.StatusAt), First: minutes(a.FirstSeen), Last: minutes(a.LastSeen),
				Count: int(a.Count), Tags: a.Tags, rated: !a.RatedAt.IsZero(), bare: a.Bare,
			}
			counted[a.Status]++
		}
		if diff := cmp.Diff(m, got, cmp.AllowUnexported(modelled{})); diff != "" {
			rt.Fatalf("-model +got:\n%s", diff)
		}
		facets := map[string]int{}
		for _, v := range page.Facets.Status {
			facets[v.Value] = v.Count
		}
		if !maps.Equal(facets, counted) {
			rt.Fatalf("facets %v of %v", facets, counted)
		}
	})
}
