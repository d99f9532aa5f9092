package email

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// group is "data.group": what noise control made one message of (docs/noise.md).
type group struct {
	Count      int            `json:"count"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"`
	Severities map[string]int `json:"severities"`
	Events     []string       `json:"events"` // ids
	Entities   []event.Entity `json:"entities"`
}

// held is "data.held": what noise control held back.
type held struct {
	Count      int            `json:"count"`
	Why        string         `json:"why"`
	From       time.Time      `json:"from"`
	To         time.Time      `json:"to"`
	Severities map[string]int `json:"severities"`
	Titles     []heldTitle    `json:"titles"`
	Events     []string       `json:"events"` // ids
	Entities   []event.Entity `json:"entities"`
}

// heldTitle is how many events had a title, and how bad the worst of them was.
type heldTitle struct {
	Title    string `json:"title"`
	Count    int    `json:"count"`
	Severity string `json:"severity"`
}

// maxRows bounds the rows of a table of events.
const maxRows = 50

// group says what the mail stands for.
func (l *letter) group(g *group, publicURL string) {
	s := section{Title: "Group"}
	add := func(name, value string) {
		if value != "" {
			s.Facts = append(s.Facts, fact{Name: name, Value: block(value, maxValue)})
		}
	}
	add("Events", strconv.Itoa(g.Count))
	add("First", when(g.First))
	add("Last", when(g.Last))
	add("Severities", severities(g.Severities))
	l.Sections = append(l.Sections, s)
	l.eventTable("Events of the group", g.Events, g.Count, publicURL)
	l.entities("Entities of the group", g.Entities)
}

// eventTable lists events by their ids, of which all there are n.
func (l *letter) eventTable(title string, ids []string, n int, publicURL string) {
	if len(ids) == 0 {
		return
	}
	t := &table{Head: []string{"Event"}}
	for _, id := range ids[:min(len(ids), maxRows)] {
		c := cell{Text: inline(id, maxValue)}
		if _, err := event.ParseID(event.PrefixEvent, id); err == nil && publicURL != "" {
			c.Link = publicURL + "/events/" + id
		}
		t.Rows = append(t.Rows, []cell{c})
	}
	l.Sections = append(l.Sections, section{Title: title, Table: t, Note: more(len(t.Rows), max(n, len(ids)))})
}

// titleTable lists what was held back by title.
func (l *letter) titleTable(titles []heldTitle) {
	if len(titles) == 0 {
		return
	}
	t := &table{Head: []string{"Severity", "Title", "Count"}}
	for _, x := range titles[:min(len(titles), maxRows)] {
		t.Rows = append(t.Rows, []cell{badge(x.Severity), {Text: inline(x.Title, maxValue)}, {Text: strconv.Itoa(x.Count)}})
	}
	l.Sections = append(l.Sections, section{Title: "By title", Table: t, Note: more(len(t.Rows), len(titles))})
}

// badge is a cell that shows a severity.
func badge(severity string) cell {
	if s, ok := event.ParseSeverity(severity); ok {
		return cell{Text: s.String(), Severity: s.String()}
	}
	return cell{Text: inline(severity, maxValue)}
}

// composeHeld says what was held back.
func composeHeld(r *event.Record, e *event.Event, h *held, publicURL string) *letter {
	l := &letter{
		Severity: r.Severity, Title: block(e.Title, maxTitle), Kicker: "Held back", Type: r.Type, Event: r.ID.Text(event.PrefixEvent),
	}
	if l.Title == "" {
		l.Title = plural(h.Count, "notification was held back", "notifications were held back")
	}
	l.Subject = inline(l.Title, maxTitle)
	l.Lead = []string{"Noise control kept these to itself. They are in Tocsin, with all the others."}
	l.fact("Held back", plural(h.Count, "notification", "notifications"))
	l.fact("Why", h.Why)
	l.fact("From", when(h.From))
	l.fact("To", when(h.To))
	l.Sections = append(l.Sections, section{Title: "By severity", Bars: severityBars(h.Severities)})
	l.titleTable(h.Titles)
	l.entities("Entities", h.Entities)
	l.eventTable("Some of them", h.Events, h.Count, publicURL)
	l.links(r, e, publicURL)
	return l
}

// severityBars is a chart of counts by severity, the worst first.
func severityBars(counts map[string]int) []bar {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	var bars []bar
	names := event.Severities()
	for i := len(names) - 1; i >= 0; i-- {
		n := counts[names[i]]
		if n == 0 && most > 0 {
			continue
		}
		bars = append(bars, newBar(names[i], n, most, colourOf(names[i])))
	}
	return bars
}

// severities is counts by severity in one line, the worst first.
func severities(counts map[string]int) string {
	text := ""
	names := event.Severities()
	for i := len(names) - 1; i >= 0; i-- {
		if n := counts[names[i]]; n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", n, names[i])
		}
	}
	return text
}
