package email

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// digest is "data.digest". Package digest makes it; docs/digests.md says what it holds.
type digest struct {
	Period       string         `json:"period"`
	Timezone     string         `json:"timezone"`
	From         time.Time      `json:"from"`
	To           time.Time      `json:"to"`
	Alerts       map[string]int `json:"alerts"` // by severity, and "total"
	Open         int            `json:"open"`
	Acknowledged int            `json:"acknowledged"`
	Resolved     int            `json:"resolved"`
	Days         []struct {
		Day    string         `json:"day"`
		Counts map[string]int `json:"counts"`
	} `json:"days"`
	Entities      []counted `json:"entities"`
	Rules         []counted `json:"rules"`
	Sources       []counted `json:"sources"`
	IncidentsOpen int       `json:"incidents_open"`
	Incidents     []struct {
		Number   string    `json:"number"`
		Title    string    `json:"title"`
		Severity string    `json:"severity"`
		Status   string    `json:"status"`
		Owner    string    `json:"owner"`
		Created  time.Time `json:"created_at"`
		URL      string    `json:"url"`
	} `json:"incidents"`
	FailingCount int `json:"failing_count"`
	Failing      []struct {
		Name  string    `json:"name"`
		Kind  string    `json:"kind"`
		Since time.Time `json:"since"`
		Error string    `json:"error"`
		URL   string    `json:"url"`
	} `json:"failing"`
	// Missing are the parts that could not be found out.
	Missing []string `json:"missing"`
	URL     string   `json:"url"`
}

type counted struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// maxDigestRows bounds each list of a digest; what makes digests gives less.
const maxDigestRows = 50

// composeDigest says what a digest says.
func composeDigest(r *event.Record, e *event.Event, d *digest, publicURL string) *letter {
	zone := d.zone()
	total := d.Alerts["total"]
	l := &letter{
		Severity: event.Info, Kicker: strings.TrimSpace(d.Period + " digest"), Title: block(e.Title, maxTitle), Type: r.Type,
		Event: r.ID.Text(event.PrefixEvent),
	}
	if l.Title == "" {
		l.Title = plural(total, "alert", "alerts")
	}
	l.Subject = inline(l.Title, maxTitle)
	l.Lead = []string{fmt.Sprintf("%s, %s.", plural(total, "new alert", "new alerts"), plural(d.incidents(), "incident open", "incidents open"))}
	const layout = "Mon 2 Jan 2006 15:04 MST"
	l.fact("From", d.From.In(zone).Format(layout))
	l.fact("To", d.To.In(zone).Format(layout))
	l.fact("Alerts open now", fmt.Sprint(d.Open))
	l.fact("Acknowledged now", fmt.Sprint(d.Acknowledged))
	l.fact("Resolved in that time", fmt.Sprint(d.Resolved))
	if len(d.Missing) > 0 {
		l.fact("Not known", listed(d.Missing, maxTags, "parts"))
	}
	l.Sections = append(l.Sections, section{Title: "New alerts by severity", Bars: allBars(d.Alerts)})
	l.trend(d)
	l.incidents(d, r.Time)
	l.failing(d, zone)
	l.top("Most seen entities", "Entity", d.Entities)
	l.top("Rules that fired most", "Rule", d.Rules)
	l.top("Busiest sources", "Source", d.Sources)
	if url := webLink(d.URL); url != "" {
		l.Button = link{"Open in Tocsin", url}
	} else if publicURL != "" {
		l.Button = link{"Open in Tocsin", publicURL + "/alerts"}
	}
	return l
}

// zone is the digest's time zone; UTC if this machine does not know it.
func (d *digest) zone() *time.Location {
	if z, err := time.LoadLocation(d.Timezone); err == nil && d.Timezone != "Local" {
		return z
	}
	return time.UTC
}

func (d *digest) incidents() int { return max(d.IncidentsOpen, len(d.Incidents)) }

// allBars is a chart of every severity, the worst first, also of those with none.
func allBars(counts map[string]int) []bar {
	most := 0
	names := event.Severities()
	for _, name := range names {
		most = max(most, counts[name])
	}
	bars := make([]bar, 0, len(names))
	for i := len(names) - 1; i >= 0; i-- {
		bars = append(bars, newBar(names[i], counts[names[i]], most, colourOf(names[i])))
	}
	return bars
}

// trend shows the days, as a picture and as text.
func (l *letter) trend(d *digest) {
	days := d.Days[max(0, len(d.Days)-31):]
	if len(days) == 0 {
		return
	}
	most := 0
	counts := make([]map[string]int, len(days))
	for i, day := range days {
		counts[i] = day.Counts
		most = max(most, sum(day.Counts))
	}
	s := section{Title: "Alerts per day", Alt: "Alerts per day, from " + inline(days[0].Day, maxValue) + " to " + inline(days[len(days)-1].Day, maxValue)}
	for i, day := range days {
		s.Bars = append(s.Bars, newBar(inline(day.Day, maxValue), sum(counts[i]), most, colours[event.Low]))
	}
	if len(days) > 1 {
		s.Picture, l.Picture = true, trend(counts)
	}
	l.Sections = append(l.Sections, s)
}

// incidents lists the open ones.
func (l *letter) incidents(d *digest, now time.Time) {
	if d.incidents() == 0 {
		return
	}
	t := &table{Head: []string{"Incident", "Severity", "Age", "Owner"}}
	for _, i := range d.Incidents[:min(len(d.Incidents), maxDigestRows)] {
		owner := inline(i.Owner, maxValue)
		if owner == "" {
			owner = "nobody"
		}
		t.Rows = append(t.Rows, []cell{
			{Text: inline(i.Number+" "+i.Title, maxValue), Link: webLink(i.URL)}, badge(i.Severity), {Text: age(now.Sub(i.Created))}, {Text: owner},
		})
	}
	l.Sections = append(l.Sections, section{Title: "Open incidents", Table: t, Note: more(len(t.Rows), d.incidents())})
}

// failing lists the integrations that do not deliver.
func (l *letter) failing(d *digest, zone *time.Location) {
	all := max(d.FailingCount, len(d.Failing))
	if all == 0 {
		return
	}
	t := &table{Head: []string{"Integration", "No success since", "Last error"}}
	for _, f := range d.Failing[:min(len(d.Failing), maxDigestRows)] {
		since := "its start"
		if !f.Since.IsZero() {
			since = f.Since.In(zone).Format("2 Jan 15:04 MST")
		}
		t.Rows = append(t.Rows, []cell{
			{Text: inline(f.Name+" ("+f.Kind+")", maxValue), Link: webLink(f.URL)}, {Text: since}, {Text: block(f.Error, maxValue)},
		})
	}
	l.Sections = append(l.Sections, section{Title: "Failing integrations", Table: t, Note: more(len(t.Rows), all)})
}

// top lists what there was most of.
func (l *letter) top(title, what string, list []counted) {
	if len(list) == 0 {
		return
	}
	t := &table{Head: []string{what, "Alerts"}}
	for _, c := range list[:min(len(list), maxDigestRows)] {
		name := c.Name
		if c.Type != "" {
			name = c.Type + " " + name
		}
		t.Rows = append(t.Rows, []cell{{Text: block(name, maxValue)}, {Text: fmt.Sprint(c.Count), Number: true}})
	}
	l.Sections = append(l.Sections, section{Title: title, Table: t, Note: more(len(t.Rows), len(list))})
}

// age is a duration for people: the largest unit is enough.
func age(d time.Duration) string {
	switch {
	case d < time.Hour:
		return plural(max(0, int(d/time.Minute)), "minute", "minutes")
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour", "hours")
	}
	return plural(int(d/(24*time.Hour)), "day", "days")
}
