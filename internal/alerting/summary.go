package alerting

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a summary.
const (
	summaryDays = 31
	summaryTop  = 10
	// summaryLooked is of how many alerts the top lists are, the newest ones.
	summaryLooked = 10_000
)

// Summary is what a digest says of an account's alerts within a time.
type Summary struct {
	// Alerts are the new ones by severity.
	Alerts map[string]int
	// Open and Acknowledged are so now; Resolved are resolved now, since a time within.
	Open, Acknowledged, Resolved int
	// ByDay are the new ones by day (UTC) and severity: the last 31 days at most, without those that had none.
	ByDay []DayCount
	// The most frequent ones among the alerts seen within the time, at most 10 each.
	TopEntities, TopRules, TopSources []NamedCount
}

// DayCount are the new alerts of a day by severity.
type DayCount struct {
	Day    string // "2026-11-20"
	Counts map[string]int
}

// NamedCount is how many alerts something is in. Type is an entity's; empty for others.
type NamedCount struct {
	Type, Name string
	Count      int
}

// Summary counts an account's alerts from a time on and before another.
func (s *Service) Summary(ctx context.Context, account event.Account, from, to time.Time) (Summary, error) {
	out := Summary{Alerts: map[string]int{}}
	days, err := s.deps.Store.CountNewAlerts(ctx, account, from, to)
	if err != nil {
		return out, worded(err)
	}
	for _, d := range days {
		severity, day := d.Severity.String(), d.Day.Format(time.DateOnly)
		out.Alerts[severity] += d.Count
		if n := len(out.ByDay); n == 0 || out.ByDay[n-1].Day != day {
			out.ByDay = append(out.ByDay, DayCount{Day: day, Counts: map[string]int{}})
		}
		out.ByDay[len(out.ByDay)-1].Counts[severity] += d.Count
	}
	out.ByDay = out.ByDay[max(0, len(out.ByDay)-summaryDays):]
	if out.Resolved, err = s.deps.Store.CountResolved(ctx, account, from, to); err != nil {
		return out, worded(err)
	}
	now, err := s.List(ctx, account, store.AlertQuery{Sort: store.ByLastSeen, Page: store.Page{Limit: 1}, Facets: true})
	if err != nil {
		return out, err
	}
	for _, v := range now.Facets.Status {
		switch v.Value {
		case event.AlertOpen:
			out.Open = v.Count
		case event.AlertAcknowledged:
			out.Acknowledged = v.Count
		}
	}
	return out, s.tops(ctx, account, from, to, &out)
}

// tops counts what the newest alerts have in common.
func (s *Service) tops(ctx context.Context, account event.Account, from, to time.Time, out *Summary) error {
	entities, rules, sources := map[NamedCount]int{}, map[NamedCount]int{}, map[NamedCount]int{}
	q := store.AlertQuery{Filter: store.AlertFilter{Since: from, Until: to}, Sort: store.ByLastSeen, Page: store.Page{Limit: store.MaxPage}}
	for looked := 0; looked < summaryLooked; looked += store.MaxPage {
		page, err := s.List(ctx, account, q)
		if err != nil {
			return err
		}
		for i := range page.Alerts {
			a := &page.Alerts[i]
			for _, e := range a.Entities {
				entities[NamedCount{Type: e.Type, Name: e.Value}]++
			}
			if name := cmp.Or(a.RuleName, a.RuleID); name != "" {
				rules[NamedCount{Name: name}]++
			}
			if a.Source != "" {
				sources[NamedCount{Name: a.Source}]++
			}
		}
		if q.Page.After = page.Next; page.Next == "" {
			break
		}
	}
	out.TopEntities, out.TopRules, out.TopSources = top(entities), top(rules), top(sources)
	return nil
}

func top(counts map[NamedCount]int) []NamedCount {
	list := make([]NamedCount, 0, len(counts))
	for k, n := range counts {
		k.Count = n
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b NamedCount) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), summaryTop)]
}
