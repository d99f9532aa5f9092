package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// incidentsCmd groups the commands about incidents.
type incidentsCmd struct {
	List   incidentsListCmd   `cmd:"" help:"List incidents, the newest first."`
	Get    incidentsGetCmd    `cmd:"" help:"Show an incident with its alerts, tickets and timeline."`
	Create incidentsCreateCmd `cmd:"" help:"Make an incident."`
	Update incidentsUpdateCmd `cmd:"" help:"Change an incident: its status, owner, severity and so on."`
	Note   incidentsNoteCmd   `cmd:"" help:"Add a note to an incident."`
	Link   incidentsLinkCmd   `cmd:"" help:"Put alerts under an incident, or take them out."`
}

const incidentsPath = "/api/v1/incidents"

// incidentRow is an incident as the API shows it.
type incidentRow struct {
	ID             string    `json:"id"`
	Title          string    `json:"title"`
	Description    string    `json:"description"`
	Severity       string    `json:"severity"`
	Status         string    `json:"status"`
	Classification string    `json:"classification"`
	Reason         string    `json:"reason"`
	Owner          string    `json:"owner"`
	Project        string    `json:"project"`
	Tags           []string  `json:"tags"`
	Alerts         int       `json:"alerts_count"`
	URL            string    `json:"url"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	Tickets        []struct {
		Key    string `json:"key"`
		Status string `json:"status"`
		URL    string `json:"url"`
		By     string `json:"by"`
		Error  string `json:"error"`
	} `json:"tickets"`
}

// incidentsListCmd lists incidents.
type incidentsListCmd struct {
	hubFlags
	viewFlags

	Severity string `placeholder:"LIST" help:"Only these severities: high,critical." values:"info,low,medium,high,critical"`
	Status   string `placeholder:"LIST" help:"Only these states: new,active,closed." values:"new,active,closed"`
	Timespan string `placeholder:"TIME" help:"Only those made within this time: PT1H, P7D, 1h."`
	Owner    string `placeholder:"MAIL" help:"Only those of this owner."`
	Query    string `name:"query" short:"q" placeholder:"TEXT" help:"Only those whose title holds it."`
	Limit    int    `default:"50" placeholder:"N" help:"How many."`
}

// Help is the long help.
func (*incidentsListCmd) Help() string {
	return `Examples:

    tocsin incidents list --status new,active
    tocsin incidents list --severity high,critical --timespan PT1H -o json`
}

// Run prints a table.
func (c *incidentsListCmd) Run(ctx context.Context, p *Process) error {
	query := url.Values{}
	for name, value := range map[string]string{"severity": c.Severity, "status": c.Status, "timespan": c.Timespan, "owner": c.Owner, "q": c.Query} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return c.with(p, func(hub *client.Client) error {
		rows, raw, err := listSome[incidentRow](ctx, hub, incidentsPath, query, c.Limit)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("ID", "SEVERITY", "STATUS", "ALERTS", "OWNER", "CREATED", "TITLE")
			for _, r := range rows {
				t.row(r.ID, r.Severity, r.Status, strconv.Itoa(r.Alerts), r.Owner, day(&r.CreatedAt, ""), r.Title)
			}
			return t.flush()
		})
	})
}

// incidentsGetCmd shows an incident.
type incidentsGetCmd struct {
	hubFlags
	viewFlags

	Number string `arg:"" help:"The incident: INC-12, or 12."`
	Lines  int    `default:"50" placeholder:"N" help:"How many lines of the timeline, and how many alerts."`
}

// Help is the long help.
func (*incidentsGetCmd) Help() string {
	return `With -o json or yaml it prints the incident itself; its alerts and its timeline are in the table only.

Example:

    tocsin incidents get INC-12`
}

// timelineRow is one line of a timeline.
type timelineRow struct {
	At      time.Time            `json:"at"`
	Verb    string               `json:"verb"`
	By      string               `json:"by"`
	Via     string               `json:"via"`
	Note    string               `json:"note"`
	Changed map[string][2]string `json:"changed"`
}

// what says what a line tells of.
func (r *timelineRow) what() string {
	parts := []string{}
	for _, name := range []string{"status", "classification", "severity", "owner", "title", "alerts", "attachment"} {
		if pair, ok := r.Changed[name]; ok {
			parts = append(parts, name+": "+orDash(pair[0])+" → "+orDash(pair[1]))
		}
	}
	if r.Note != "" {
		parts = append(parts, r.Note)
	}
	return strings.Join(parts, "; ")
}

// Run prints it.
func (c *incidentsGetCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		path := below(incidentsPath, c.Number)
		i, raw, err := fetch[incidentRow](ctx, hub, path)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return c.print(ctx, p, hub, path, &i) })
	})
}

func (c *incidentsGetCmd) print(ctx context.Context, p *Process, hub *client.Client, path string, i *incidentRow) error {
	if err := printIncident(p, i); err != nil {
		return err
	}
	type alertRow struct{ ID, Severity, Status, Title string }
	alerts, _, err := listSome[alertRow](ctx, hub, path+"/alerts", nil, c.Lines)
	if err != nil {
		return err
	}
	if len(alerts) > 0 {
		p.say("\n")
		t := p.table("ALERT", "SEVERITY", "STATUS", "TITLE")
		for _, a := range alerts {
			t.row(a.ID, a.Severity, a.Status, a.Title)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	lines, _, err := listSome[timelineRow](ctx, hub, path+"/timeline", nil, c.Lines)
	if err != nil {
		return err
	}
	p.say("\n")
	t := p.table("WHEN", "WHAT", "BY", "DETAIL")
	for _, l := range lines {
		t.row(day(&l.At, ""), l.Verb, l.By, l.what())
	}
	return t.flush()
}

func printIncident(p *Process, i *incidentRow) error {
	pairs := []string{
		"id", i.ID, "title", i.Title, "severity", i.Severity, "status", i.Status, "owner", i.Owner, "alerts", strconv.Itoa(i.Alerts),
		"created", day(&i.CreatedAt, ""), "changed", day(&i.UpdatedAt, ""), "url", i.URL,
	}
	for _, more := range []struct{ name, text string }{
		{"classification", i.Classification}, {"reason", i.Reason}, {"project", i.Project}, {"tags", strings.Join(i.Tags, ", ")}, {"description", i.Description},
	} {
		if more.text != "" {
			pairs = append(pairs, more.name, more.text)
		}
	}
	for _, t := range i.Tickets {
		text := t.Key + " " + t.Status + " " + t.URL
		if t.Error != "" {
			text += ": " + t.Error
		}
		pairs = append(pairs, "ticket", text)
	}
	return p.fields(pairs...)
}

// changeIncident makes a request about an incident and prints the incident, or one line about it.
func (f *hubFlags) changeIncident(ctx context.Context, p *Process, view *viewFlags, method, path string, in any, what string) error {
	return f.with(p, func(hub *client.Client) error {
		i, raw, err := request[incidentRow](ctx, hub, method, path, in)
		if err != nil {
			return err
		}
		return view.show(p, raw, func() error {
			p.say("%s %s (%s, %s): %s\n", what, shown(i.ID), shown(i.Status), shown(i.Severity), shown(i.Title))
			return nil
		})
	})
}

// incidentFlags are what an incident is made or changed with.
type incidentFlags struct {
	Title          *string  `placeholder:"TEXT" help:"One line."`
	Description    *string  `placeholder:"TEXT" help:"More for people."`
	Severity       *string  `placeholder:"NAME" help:"info, low, medium, high or critical." values:"info,low,medium,high,critical"`
	Owner          *string  `placeholder:"MAIL" help:"Who works on it; empty: nobody."`
	InProject      *string  `name:"project" placeholder:"NAME" help:"The project that it belongs to."`
	Tags           []string `name:"tag" sep:"none" placeholder:"TAG" help:"A tag; may be repeated. They replace those that are there; an empty one takes all away."`
	Status         *string  `placeholder:"NAME" help:"new, active or closed." values:"new,active,closed"`
	Classification *string  `placeholder:"NAME" help:"With closed: true_positive, benign_positive, false_positive or undetermined." values:"true_positive,benign_positive,false_positive,undetermined"`
	Reason         *string  `placeholder:"TEXT" help:"With closed: why."`
}

// body is what was said.
func (f *incidentFlags) body() map[string]any {
	out := map[string]any{}
	for name, value := range map[string]*string{
		"title": f.Title, "description": f.Description, "severity": f.Severity, "owner": f.Owner, "project": f.InProject, "status": f.Status,
		"classification": f.Classification, "reason": f.Reason,
	} {
		if value != nil {
			out[name] = *value
		}
	}
	if len(f.Tags) > 0 {
		out["tags"] = slices.DeleteFunc(slices.Clone(f.Tags), func(tag string) bool { return tag == "" })
	}
	return out
}

// incidentsCreateCmd makes one.
type incidentsCreateCmd struct {
	hubFlags
	viewFlags
	incidentFlags

	Alerts []string `arg:"" optional:"" help:"Alerts that come under it, by id (alr_…) or dedup key."`
}

// Help is the long help.
func (*incidentsCreateCmd) Help() string {
	return `Of alerts, or of nothing but a title. Without a title it has the one of its first alert; without a severity the highest of
its alerts.

Examples:

    tocsin incidents create alr_01kmb7a2v4e9zr6x3q8w5t0ysd --owner dana@example.com
    tocsin incidents create --title "Account takeover" --severity high`
}

// Run makes it.
func (c *incidentsCreateCmd) Run(ctx context.Context, p *Process) error {
	in := c.body()
	if len(c.Alerts) > 0 {
		ids, err := c.alertIDs(ctx, p, c.Alerts)
		if err != nil {
			return err
		}
		in["alerts"] = ids
	}
	return c.changeIncident(ctx, p, &c.viewFlags, http.MethodPost, incidentsPath, in, "made")
}

// incidentsUpdateCmd changes one.
type incidentsUpdateCmd struct {
	hubFlags
	viewFlags
	incidentFlags

	Number string `arg:"" help:"The incident: INC-12, or 12."`
}

// Help is the long help.
func (*incidentsUpdateCmd) Help() string {
	return `What is not said stays. Closing asks for a classification; reopening takes it away.

Examples:

    tocsin incidents update INC-12 --status active --owner dana@example.com
    tocsin incidents update INC-12 --status closed --classification true_positive --reason "Password reset, sessions ended."`
}

// Run changes it.
func (c *incidentsUpdateCmd) Run(ctx context.Context, p *Process) error {
	in := c.body()
	if len(in) == 0 {
		return usagef("what is to be changed? See: tocsin incidents update --help")
	}
	return c.changeIncident(ctx, p, &c.viewFlags, http.MethodPatch, below(incidentsPath, c.Number), in, "changed")
}

// incidentsNoteCmd adds a note.
type incidentsNoteCmd struct {
	hubFlags
	viewFlags

	Number string `arg:"" help:"The incident: INC-12, or 12."`
	Text   string `arg:"" help:"The note; - reads it from standard input."`
}

// Help is the long help.
func (*incidentsNoteCmd) Help() string {
	return `It stands in the timeline, and goes to the integrations that follow incidents.

Example:

    tocsin incidents note INC-12 "Talked to Alice: it was not her."`
}

// Run adds it.
func (c *incidentsNoteCmd) Run(ctx context.Context, p *Process) error {
	text := c.Text
	if text == "-" {
		raw, err := p.readAll("-")
		if err != nil {
			return usageError{err}
		}
		text = strings.TrimRight(string(raw), "\r\n")
	}
	return c.changeIncident(ctx, p, &c.viewFlags, http.MethodPost, below(incidentsPath, c.Number, "notes"), map[string]string{"text": text}, "noted on")
}

// incidentsLinkCmd links alerts.
type incidentsLinkCmd struct {
	hubFlags
	viewFlags

	Number string   `arg:"" help:"The incident: INC-12, or 12."`
	Alerts []string `arg:"" help:"The alerts, by id (alr_…) or dedup key."`
	Remove bool     `help:"Take them out instead."`
}

// Help is the long help.
func (*incidentsLinkCmd) Help() string {
	return `An alert is under one incident at most: one that is under another moves.

Examples:

    tocsin incidents link INC-12 alr_01kmb7a2v4e9zr6x3q8w5t0ysd
    tocsin incidents link INC-12 alr_01kmb7a2v4e9zr6x3q8w5t0ysd --remove`
}

// Run links them.
func (c *incidentsLinkCmd) Run(ctx context.Context, p *Process) error {
	path := below(incidentsPath, c.Number, "alerts")
	ids, err := c.alertIDs(ctx, p, c.Alerts)
	if err != nil {
		return err
	}
	if !c.Remove {
		return c.changeIncident(ctx, p, &c.viewFlags, http.MethodPost, path, map[string]any{"alerts": ids}, "linked to")
	}
	return c.with(p, func(hub *client.Client) error {
		for _, id := range ids {
			if err := hub.Do(ctx, http.MethodDelete, below(path, id), nil, nil); err != nil {
				return err
			}
		}
		return c.show(p, json.RawMessage("{}"), func() error {
			p.say("took %d out of %s\n", len(c.Alerts), shown(c.Number))
			return nil
		})
	})
}
