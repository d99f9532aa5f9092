package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// alertsCmd groups the commands about the queue of alerts.
type alertsCmd struct {
	List    alertsListCmd    `cmd:"" help:"List alerts, the newest first."`
	Get     alertsGetCmd     `cmd:"" help:"Show an alert with its history."`
	Ack     alertsAckCmd     `cmd:"" help:"Acknowledge alerts: somebody has taken them on."`
	Resolve alertsResolveCmd `cmd:"" help:"Resolve alerts: they are over."`
	Reopen  alertsReopenCmd  `cmd:"" help:"Reopen alerts."`
	Assign  alertsAssignCmd  `cmd:"" help:"Give alerts to somebody."`
	Note    alertsNoteCmd    `cmd:"" help:"Write a note to alerts."`
}

const alertsPath = "/api/v1/alerts"

// alertRow is an alert as the API shows it.
type alertRow struct {
	ID          string     `json:"id"`
	DedupKey    string     `json:"dedup_key"`
	Status      string     `json:"status"`
	Severity    string     `json:"severity"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	AlertType   string     `json:"alert_type"`
	Project     string     `json:"project"`
	Source      string     `json:"source"`
	Assignee    string     `json:"assignee"`
	Incident    string     `json:"incident"`
	Tags        []string   `json:"tags"`
	Count       uint64     `json:"count"`
	FirstSeen   *time.Time `json:"first_seen"`
	LastSeen    *time.Time `json:"last_seen"`
	Entities    []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"entities"`
	History []struct {
		At      *time.Time          `json:"at"`
		Verb    string              `json:"verb"`
		By      string              `json:"by"`
		Via     string              `json:"via"`
		Note    string              `json:"note"`
		Changed map[string][]string `json:"changed"`
	} `json:"history"`
	Tickets []struct {
		Key    string `json:"key"`
		URL    string `json:"url"`
		Status string `json:"status"`
	} `json:"tickets"`
}

// alertFlags choose alerts.
type alertFlags struct {
	Status      []string `placeholder:"STATUS" values:"open,acknowledged,resolved" help:"Only those that stand there: open, acknowledged, resolved; may be repeated."`
	Severity    []string `placeholder:"SEVERITY" values:"info,low,medium,high,critical" help:"Only those of this severity; may be repeated."`
	MinSeverity string   `placeholder:"SEVERITY" values:"info,low,medium,high,critical" help:"Only those at least this severe."`
	Type        []string `placeholder:"TYPE" help:"Only this kind of alert, such as brute_force; may be repeated."`
	Project     []string `placeholder:"NAME" help:"Only those of this project; may be repeated."`
	Source      []string `placeholder:"NAME" help:"Only those of this source, vendor/product; may be repeated."`
	Assignee    []string `placeholder:"MAIL" help:"Only those that this person has; none: those that nobody has; may be repeated."`
	Country     []string `placeholder:"CODE" help:"Only those from this country, as two letters (NL); none: those without one; may be repeated."`
	Mitre       []string `placeholder:"ID" help:"Only those that name this ATT&CK technique, or a sub-technique of it: T1110; may be repeated."`
	Incident    string   `placeholder:"NUMBER" help:"Only those under this incident: INC-7."`
	Entity      string   `placeholder:"VALUE" help:"Only those about this: 203.0.113.7, or ip:203.0.113.7."`
	Tag         string   `placeholder:"TAG" help:"Only those with this tag."`
	Rule        string   `placeholder:"RULE" help:"Only those of this rule: its id or its name."`
	Search      string   `short:"s" placeholder:"WORDS" help:"Only those with all of these words."`
	Since       string   `placeholder:"TIME" help:"Only those seen since: 24h or 7d (ago), 2026-11-21, or 2026-11-21T09:30:00Z."`
	Until       string   `placeholder:"TIME" help:"Only those last seen before."`
}

// query is what was chosen.
func (f *alertFlags) query() (url.Values, error) {
	q := url.Values{}
	for name, values := range map[string][]string{
		"status": f.Status, "severity": f.Severity, "alert_type": f.Type, "project": f.Project, "source": f.Source, "assignee": f.Assignee,
		"country": f.Country, "mitre": f.Mitre,
	} {
		if len(values) > 0 {
			q.Set(name, strings.Join(values, ","))
		}
	}
	setAll(q, "min_severity", f.MinSeverity, "incident", f.Incident, "entity", f.Entity, "tag", f.Tag, "rule", f.Rule, "q", f.Search)
	if err := setTime(q, "since", "since", f.Since); err != nil {
		return nil, err
	}
	return q, setTime(q, "until", "until", f.Until)
}

// alertsListCmd lists alerts.
type alertsListCmd struct {
	hubFlags
	viewFlags
	alertFlags

	Sort   string `enum:"last_seen,first_seen,severity,risk" default:"last_seen" placeholder:"ORDER" help:"last_seen, first_seen, severity or risk: the greatest first."`
	Limit  int    `default:"50" placeholder:"N" help:"How many."`
	Counts bool   `help:"Instead, how many there are by status, severity, type, project, source, assignee, country and ATT&CK technique."`
}

// Help is the long help.
func (*alertsListCmd) Help() string {
	return `An alert is what the alert.* events of one dedup key fold into.

Examples:

    tocsin alerts list --status open --min-severity high
    tocsin alerts list --assignee none --since 24h --sort severity
    tocsin alerts list --search "failed logins" --entity ip:203.0.113.7
    tocsin alerts list --country NL --mitre T1110
    tocsin alerts list --status open --counts`
}

// Run prints a table.
func (c *alertsListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		if c.Limit < 1 {
			return usagef("--limit must be at least 1")
		}
		query, err := c.query()
		if err != nil {
			return err
		}
		if c.Counts {
			return c.counts(ctx, p, hub, query)
		}
		query.Set("sort", c.Sort)
		rows, raw, err := listSome[alertRow](ctx, hub, alertsPath, query, c.Limit)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("ID", "LAST SEEN", "STATUS", "SEVERITY", "COUNT", "ASSIGNEE", "TITLE")
			for _, a := range rows {
				t.row(a.ID, day(a.LastSeen, ""), a.Status, a.Severity, strconv.FormatUint(a.Count, 10), a.Assignee, a.Title)
			}
			return t.flush()
		})
	})
}

// counts prints how many alerts there are.
func (c *alertsListCmd) counts(ctx context.Context, p *Process, hub *client.Client, query url.Values) error {
	query.Set("facets", "true")
	query.Set("limit", "1")
	type facet []struct {
		Value string `json:"value"`
		Count int    `json:"count"`
	}
	page, _, err := fetch[struct {
		Facets struct {
			Total       int   `json:"total"`
			Approximate bool  `json:"approximate"`
			Status      facet `json:"status"`
			Severity    facet `json:"severity"`
			AlertType   facet `json:"alert_type"`
			Project     facet `json:"project"`
			Source      facet `json:"source"`
			Assignee    facet `json:"assignee"`
			Country     facet `json:"country"`
			Mitre       facet `json:"mitre"`
		} `json:"facets"`
	}](ctx, hub, alertsPath+"?"+query.Encode())
	if err != nil {
		return err
	}
	f := page.Facets
	return c.showValue(p, f, func() error {
		if f.Approximate {
			p.note("only the newest alerts were counted\n")
		}
		t := p.table("BY", "VALUE", "ALERTS")
		t.row("all", "", strconv.Itoa(f.Total))
		for _, by := range []struct {
			name string
			list facet
		}{{"status", f.Status}, {"severity", f.Severity}, {"type", f.AlertType}, {"project", f.Project}, {"source", f.Source}, {"assignee", f.Assignee}, {"country", f.Country}, {"mitre", f.Mitre}} {
			for _, v := range by.list {
				t.row(by.name, v.Value, strconv.Itoa(v.Count))
			}
		}
		return t.flush()
	})
}

// alertsGetCmd shows an alert.
type alertsGetCmd struct {
	hubFlags
	viewFlags

	Alert string `arg:"" help:"The alert: alr_…, or its dedup key."`
}

// Help is the long help.
func (*alertsGetCmd) Help() string {
	return `With what it is about, its tickets, and its history: events that only repeat it are one line.

Examples:

    tocsin alerts get alr_01kmb7a2v4e9zr6x3q8w5t0ysd
    tocsin alerts get brute-force/203.0.113.7`
}

// Run prints it.
func (c *alertsGetCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		id, err := alertID(ctx, hub, c.Alert)
		if err != nil {
			return err
		}
		a, raw, err := fetch[alertRow](ctx, hub, below(alertsPath, id))
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return printAlert(p, &a) })
	})
}

// alertID finds an alert by its id or its dedup key.
func alertID(ctx context.Context, hub *client.Client, text string) (string, error) {
	if strings.HasPrefix(text, "alr_") {
		return text, nil
	}
	page, _, err := fetch[struct {
		Items []alertRow `json:"items"`
	}](ctx, hub, alertsPath+"?"+url.Values{"dedup_key": {text}}.Encode())
	switch {
	case err != nil:
		return "", err
	case len(page.Items) == 0:
		return "", notFoundf("there is no alert with the key %q: tocsin alerts list shows those there are", text)
	}
	return page.Items[0].ID, nil
}

// alertIDs is alertID for several.
func (c *hubFlags) alertIDs(ctx context.Context, p *Process, texts []string) ([]string, error) {
	ids := make([]string, len(texts))
	err := c.with(p, func(hub *client.Client) error {
		for n, text := range texts {
			var err error
			if ids[n], err = alertID(ctx, hub, text); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

func printAlert(p *Process, a *alertRow) error {
	if err := p.fields("id", a.ID, "key", a.DedupKey, "title", a.Title, "status", a.Status, "severity", a.Severity, "type", a.AlertType,
		"project", a.Project, "source", a.Source, "assignee", a.Assignee, "incident", a.Incident, "tags", strings.Join(a.Tags, ", "),
		"events", strconv.FormatUint(a.Count, 10), "first seen", day(a.FirstSeen, ""), "last seen", day(a.LastSeen, ""), "description", a.Description); err != nil {
		return err
	}
	if len(a.Entities) > 0 {
		p.say("\n")
		t := p.table("ENTITY", "VALUE")
		for _, e := range a.Entities {
			t.row(e.Type, e.Value)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	if len(a.Tickets) > 0 {
		p.say("\n")
		t := p.table("TICKET", "STATUS", "URL")
		for _, k := range a.Tickets {
			t.row(k.Key, k.Status, k.URL)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	p.say("\n")
	t := p.table("AT", "WHAT", "BY", "VIA", "CHANGED", "NOTE")
	for _, e := range a.History {
		t.row(day(e.At, ""), e.Verb, e.By, e.Via, changes(e.Changed), e.Note)
	}
	return t.flush()
}

// changes are what changed, in a line.
func changes(changed map[string][]string) string {
	var parts []string
	for _, name := range []string{"status", "severity", "assignee", "count"} {
		if pair := changed[name]; len(pair) == 2 {
			parts = append(parts, fmt.Sprintf("%s %s→%s", name, pair[0], pair[1]))
		}
	}
	return strings.Join(parts, ", ")
}

// changeAlerts makes one change of alerts, one after the other.
func changeAlerts(ctx context.Context, p *Process, hub *client.Client, view *viewFlags, alerts []string, verb string, in map[string]any) error {
	for _, text := range alerts {
		id, err := alertID(ctx, hub, text)
		if err != nil {
			return err
		}
		a, raw, err := request[alertRow](ctx, hub, http.MethodPost, below(alertsPath, id, verb), in)
		if err != nil {
			return err
		}
		if err := view.show(p, raw, func() error {
			p.say("%s is %s\n", shown(a.ID), shown(a.Status))
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
