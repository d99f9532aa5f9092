package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// silencesCmd groups the commands about silences.
type silencesCmd struct {
	List   silencesListCmd   `cmd:"" help:"List silences, and who made them."`
	Create silencesCreateCmd `cmd:"" help:"Let nobody be told of something for a time."`
	Expire silencesExpireCmd `cmd:"" help:"End a silence now."`
}

const silencesPath = "/api/v1/silences"

// matcherRow is a matcher as the API has it.
type matcherRow struct {
	Field  string   `json:"field"`
	Name   string   `json:"name,omitempty"`
	Op     string   `json:"op"`
	Value  string   `json:"value,omitempty"`
	Values []string `json:"values,omitempty"`
}

// text is the matcher as --match takes it.
func (m *matcherRow) text() string {
	field := m.Field
	if m.Name != "" {
		field += "." + m.Name
	}
	switch m.Op {
	case "one_of":
		return field + "=" + strings.Join(m.Values, "|")
	case "glob":
		return field + "~" + m.Value
	}
	return field + m.Op + m.Value
}

// parseMatcher reads "project=web", "type!=alert.created", "entity~host:mail-*", "severity=low|medium", "label.env=staging".
func parseMatcher(text string) (matcherRow, error) {
	i := strings.IndexAny(text, "=!~")
	if i <= 0 {
		return matcherRow{}, usagef("--match %q is no matcher: it looks like project=web, severity=low|medium, type!=ip.blocked or entity~host:mail-*", text)
	}
	m := matcherRow{Op: "="}
	rest := ""
	switch {
	case strings.HasPrefix(text[i:], "!="):
		m.Op, rest = "!=", text[i+2:]
	case text[i] == '~':
		m.Op, rest = "glob", text[i+1:]
	case text[i] == '=':
		rest = text[i+1:]
	default:
		return m, usagef("--match %q: what stands between field and value is =, != or ~", text)
	}
	m.Field, m.Name, _ = strings.Cut(text[:i], ".")
	m.Value = rest
	if m.Op == "=" && strings.Contains(rest, "|") {
		m.Op, m.Value, m.Values = "one_of", "", strings.Split(rest, "|")
	}
	return m, nil
}

// silenceRow is a silence as the API shows it.
type silenceRow struct {
	ID           string       `json:"id"`
	State        string       `json:"state"`
	Matchers     []matcherRow `json:"matchers"`
	Where        string       `json:"where"`
	Integrations []string     `json:"integrations"`
	Reason       string       `json:"reason"`
	Author       string       `json:"author"`
	StartsAt     time.Time    `json:"starts_at"`
	EndsAt       time.Time    `json:"ends_at"`
}

// about is what the silence is about, on one line.
func (r *silenceRow) about() string {
	var parts []string
	for i := range r.Matchers {
		parts = append(parts, r.Matchers[i].text())
	}
	if r.Where != "" {
		parts = append(parts, "where "+r.Where)
	}
	return strings.Join(parts, " and ")
}

// silencesListCmd lists silences.
type silencesListCmd struct {
	hubFlags
	viewFlags

	State string `enum:",active,pending,expired" default:"" placeholder:"STATE" help:"Only those that stand there: active, pending or expired."`
}

// Help is the long help.
func (*silencesListCmd) Help() string {
	return `The one that ends last comes first. Those that ended more than 30 days ago are gone.

Examples:

    tocsin silences list
    tocsin silences list --state active`
}

// Run prints a table.
func (c *silencesListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		query := url.Values{}
		setAll(query, "state", c.State)
		rows, raw, err := listAll[silenceRow](ctx, hub, silencesPath, query)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("ID", "STATE", "ABOUT", "BEGINS", "ENDS", "BY", "REASON")
			for i := range rows {
				r := &rows[i]
				t.row(r.ID, r.State, r.about(), day(&r.StartsAt, ""), day(&r.EndsAt, ""), r.Author, r.Reason)
			}
			return t.flush()
		})
	})
}

// silencesCreateCmd makes a silence.
type silencesCreateCmd struct {
	hubFlags
	viewFlags

	Match       []string      `short:"m" sep:"none" placeholder:"MATCHER" help:"FIELD=VALUE, FIELD!=VALUE, FIELD=ONE|OTHER, or FIELD~GLOB; may be repeated, and then all must hold. Fields: type, severity, alert_type, project, rule, source, entity, tag, label.NAME, dedup_key, endpoint, account."`
	Where       string        `placeholder:"EXPRESSION" help:"An expression that must hold as well."`
	For         time.Duration `placeholder:"DURATION" help:"How long, such as 2h."`
	Until       string        `placeholder:"TIME" help:"Or until when: 2026-11-21T06:00:00Z."`
	From        string        `placeholder:"TIME" help:"When it begins; now if left out."`
	Integration []string      `placeholder:"NAME" help:"Only for this integration: its id, its name, or kind/name; may be repeated. Without it, for all."`
	Reason      string        `placeholder:"TEXT" help:"Why, for people."`
}

// Help is the long help.
func (*silencesCreateCmd) Help() string {
	return `Nothing is lost: what is silenced is counted and listed, and events stay in the journal and among the alerts.

Examples:

    tocsin silences create -m entity~host:mail-* --for 2h --reason "Planned work"
    tocsin silences create -m severity=low\|medium -m label.env=staging --until 2026-11-21T06:00:00Z
    tocsin silences create --where 'event.title.contains("test")' --for 30m --integration pagerduty/On-call`
}

// Run makes it and prints its id.
func (c *silencesCreateCmd) Run(ctx context.Context, p *Process) error {
	in := map[string]any{}
	var matchers []matcherRow
	for _, text := range c.Match {
		m, err := parseMatcher(text)
		if err != nil {
			return err
		}
		matchers = append(matchers, m)
	}
	if len(matchers) == 0 && c.Where == "" {
		return usagef("what is to be silenced? Give --match or --where")
	}
	if (c.For > 0) == (c.Until != "") {
		return usagef("how long? Give one of --for and --until")
	}
	now := time.Now().UTC()
	begins := now
	if c.From != "" {
		t, err := time.Parse(time.RFC3339, c.From)
		if err != nil {
			return usagef("--from %q is no time: it looks like 2026-11-21T22:00:00Z", c.From)
		}
		begins = t
		in["starts_at"] = c.From
	}
	in["ends_at"] = c.Until
	if c.For > 0 {
		in["ends_at"] = begins.Add(c.For).Format(time.RFC3339)
	}
	in["matchers"], in["where"], in["reason"] = matchers, c.Where, c.Reason
	return c.with(p, func(hub *client.Client) error {
		var ids []string
		for _, name := range c.Integration {
			r, _, err := findIntegration(ctx, hub, name)
			if err != nil {
				return err
			}
			ids = append(ids, r.ID)
		}
		in["integrations"] = ids
		var raw json.RawMessage
		if err := hub.Do(ctx, http.MethodPost, silencesPath, in, &raw); err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			var r silenceRow
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			p.say("%s\n", shown(r.ID))
			return nil
		})
	})
}

// silencesExpireCmd ends a silence.
type silencesExpireCmd struct {
	hubFlags

	ID string `arg:"" help:"The silence's id: sil_…"`
}

// Help is the long help.
func (*silencesExpireCmd) Help() string {
	return `What was left out stays left out; what comes from now on is told.

Example:

    tocsin silences expire sil_01kmb7a2v4e9zr6x3q8w5t0ysd`
}

// Run ends it.
func (c *silencesExpireCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		if err := hub.Do(ctx, http.MethodDelete, below(silencesPath, c.ID), nil, nil); err != nil {
			return err
		}
		p.say("ended %s\n", shown(c.ID))
		return nil
	})
}
