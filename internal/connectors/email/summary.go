package email

import (
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// composeSummary says what a mail about several events says: a row for each. It is pure.
func composeSummary(ds []connector.Delivery, events []event.Event, publicURL string) *letter {
	l := &letter{Kicker: "Summary", Type: "summary"}
	counts := map[string]int{}
	t := &table{Head: []string{"Severity", "Event", "Time"}}
	for i := range ds {
		r, e := ds[i].Record, &events[i]
		counts[r.Severity.String()]++
		l.Severity = max(l.Severity, r.Severity)
		title := e.Title
		if title == "" {
			title = r.Type
		}
		if i < maxSummary {
			t.Rows = append(t.Rows, []cell{
				badge(r.Severity.String()), {Text: block(title, maxValue), Link: r.Link(publicURL)}, {Text: when(r.Time)},
			})
		}
	}
	l.Title = fmt.Sprintf("%s: %s", plural(len(ds), "event", "events"), severities(counts))
	l.Subject = l.Title
	first, last := ds[0].Record.Time, ds[0].Record.Time
	for i := range ds {
		if at := ds[i].Record.Time; at.Before(first) {
			first = at
		} else if at.After(last) {
			last = at
		}
	}
	l.Lead = []string{fmt.Sprintf("From %s to %s.", when(first), when(last))}
	l.Sections = []section{
		{Title: "By severity", Bars: severityBars(counts)},
		{Title: "Events", Table: t, Note: more(len(t.Rows), len(ds))},
	}
	if publicURL != "" {
		l.Button = link{"Open in Tocsin", publicURL + "/events"}
	}
	return l
}
