package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// rulesCmd groups the commands about response rules.
type rulesCmd struct {
	List   rulesListCmd   `cmd:"" help:"List response rules."`
	Try    rulesTryCmd    `cmd:"" help:"Show what a rule would make of recent events."`
	Create rulesCreateCmd `cmd:"" help:"Make a rule; it begins in shadow mode."`
	Report rulesReportCmd `cmd:"" help:"Show what a rule has done, or would have done."`
	Mode   rulesModeCmd   `cmd:"" help:"Let a rule propose or apply blocks, or put it back into shadow mode."`
	Delete rulesDeleteCmd `cmd:"" help:"Delete a rule."`
}

const responseRulesPath = "/api/v1/response-rules"

// ruleRow is a response rule as the API shows it.
type ruleRow struct {
	ID      string
	Name    string
	Enabled bool
	Mode    string
	Block   struct {
		EntityRole string `json:"entity_role"`
		TTL        string
		MaxPerHour int `json:"max_per_hour"`
	}
	Author      string
	ShadowSince time.Time `json:"shadow_since"`
}

func (r ruleRow) ident() (id, name, kind string) { return r.ID, r.Name, "" }

func findRule(ctx context.Context, hub *client.Client, text string) (ruleRow, error) {
	r, _, err := find[ruleRow](ctx, hub, "response rule", responseRulesPath, "rsr_", text)
	return r, err
}

// rulesListCmd lists rules.
type rulesListCmd struct {
	hubFlags
	viewFlags
}

// Help is the long help.
func (*rulesListCmd) Help() string {
	return `In shadow mode a rule only says what it would have done; in mode propose its blocks wait for a person; in mode apply they are made.

Example:

    tocsin response rules list`
}

// Run prints a table.
func (c *rulesListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		rows, raw, err := listAll[ruleRow](ctx, hub, responseRulesPath, nil)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("NAME", "MODE", "ENABLED", "BLOCKS", "FOR", "PER HOUR", "IN SHADOW SINCE", "BY", "ID")
			for i := range rows {
				r := &rows[i]
				t.row(r.Name, r.Mode, map[bool]string{true: "yes", false: "no"}[r.Enabled], r.Block.EntityRole, r.Block.TTL, strconv.Itoa(r.Block.MaxPerHour),
					day(&r.ShadowSince, ""), r.Author, r.ID)
			}
			return t.flush()
		})
	})
}

// readRule reads a rule from a file.
func readRule(p *Process, file string) (json.RawMessage, error) {
	raw, err := p.readAll(file)
	if err != nil {
		return nil, usageError{err}
	}
	if !json.Valid(raw) {
		return nil, usagef("%s is no JSON", file)
	}
	return raw, nil
}

// rulesTryCmd tries a rule.
type rulesTryCmd struct {
	hubFlags
	viewFlags

	File string `arg:"" help:"The rule as JSON; - reads standard input."`
	Last int    `default:"1000" placeholder:"N" help:"On how many of the newest events."`
}

// Help is the long help.
func (*rulesTryCmd) Help() string {
	return `Nothing is done. The guard answers by how things are now.

Example:

    tocsin response rules try rule.json`
}

// tallyRow counts decisions.
type tallyRow struct {
	WouldBlock  int `json:"would_block"`
	WouldAsk    int `json:"would_ask"`
	WouldRefuse int `json:"would_refuse"`
	Blocked     int
	Asked       int
	Refused     int
	Repeated    int
}

func (t *tallyRow) text() string {
	var parts []string
	for _, x := range []struct {
		n    int
		name string
	}{
		{t.WouldBlock, "would block"}, {t.WouldAsk, "would ask"}, {t.WouldRefuse, "would refuse"}, {t.Blocked, "blocked"}, {t.Asked, "asked"},
		{t.Refused, "refused"}, {t.Repeated, "repeated"},
	} {
		if x.n > 0 {
			parts = append(parts, strconv.Itoa(x.n)+" "+x.name)
		}
	}
	return strings.Join(parts, ", ")
}

// decisionRow is one decision of a rule.
type decisionRow struct {
	At                             time.Time
	Target, Decision, Detail, Type string
	Event, Block                   string
}

func printDecisions(p *Process, rows []decisionRow) error {
	if len(rows) == 0 {
		return nil
	}
	p.say("\n")
	t := p.table("WHEN", "TARGET", "DECISION", "EVENT", "DETAIL")
	for i := range rows {
		r := &rows[i]
		t.row(day(&r.At, ""), r.Target, r.Decision, r.Event, r.Detail)
	}
	return t.flush()
}

// Run tries it.
func (c *rulesTryCmd) Run(ctx context.Context, p *Process) error {
	rule, err := readRule(p, c.File)
	if err != nil {
		return err
	}
	return c.with(p, func(hub *client.Client) error {
		t, raw, err := request[struct {
			Looked, Matched, Failed int
			Without                 int `json:"without_target"`
			Counts                  tallyRow
			Items                   []decisionRow
		}](ctx, hub, http.MethodPost, responseRulesPath+"/try", map[string]any{"rule": rule, "last": c.Last})
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			if err := p.fields("looked at", count(t.Looked, "event"), "matched", strconv.Itoa(t.Matched), "without an address", strconv.Itoa(t.Without),
				"decisions", t.Counts.text()); err != nil {
				return err
			}
			return printDecisions(p, t.Items)
		})
	})
}

// rulesCreateCmd makes a rule.
type rulesCreateCmd struct {
	hubFlags
	viewFlags

	File string `arg:"" help:"The rule as JSON; - reads standard input."`
}

// Help is the long help.
func (*rulesCreateCmd) Help() string {
	return `For example:

    {"name": "Brute force", "subscription": {"types": ["alert.created"], "alert_types": ["brute_force"]},
     "block": {"ttl": "4h", "max_per_hour": 20}}

Only addresses that a sensor observed are blocked, never what stands in a text.

Example:

    tocsin response rules create rule.json`
}

// Run makes it and prints its id.
func (c *rulesCreateCmd) Run(ctx context.Context, p *Process) error {
	rule, err := readRule(p, c.File)
	if err != nil {
		return err
	}
	return c.with(p, func(hub *client.Client) error {
		r, raw, err := request[ruleRow](ctx, hub, http.MethodPost, responseRulesPath, rule)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			p.say("%s\n", shown(r.ID))
			return nil
		})
	})
}

// rulesReportCmd reports on a rule.
type rulesReportCmd struct {
	hubFlags
	viewFlags

	Rule string `arg:"" help:"The rule: its id or its name."`
}

// Help is the long help.
func (*rulesReportCmd) Help() string {
	return `Look at it before the mode is changed.

Example:

    tocsin response rules report "Brute force"`
}

// Run prints it.
func (c *rulesReportCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, err := findRule(ctx, hub, c.Rule)
		if err != nil {
			return err
		}
		report, raw, err := fetch[struct {
			Mode          string
			ShadowSince   time.Time `json:"shadow_since"`
			Hits, Targets int
			Shadow, Live  tallyRow
			Items         []decisionRow
		}](ctx, hub, below(responseRulesPath, r.ID, "report"))
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			if err := p.fields("mode", report.Mode, "in shadow since", day(&report.ShadowSince, ""), "decisions", strconv.Itoa(report.Hits),
				"addresses", strconv.Itoa(report.Targets), "in shadow mode", report.Shadow.text(), "for real", report.Live.text()); err != nil {
				return err
			}
			return printDecisions(p, report.Items)
		})
	})
}

// rulesModeCmd changes a rule's mode.
type rulesModeCmd struct {
	hubFlags
	viewFlags

	Rule string `arg:"" help:"The rule: its id or its name."`
	Mode string `arg:"" help:"shadow, propose or apply." enum:"shadow,propose,apply"`
}

// Help is the long help.
func (*rulesModeCmd) Help() string {
	return `Example:

    tocsin response rules mode "Brute force" propose`
}

// Run changes it.
func (c *rulesModeCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, err := findRule(ctx, hub, c.Rule)
		if err != nil {
			return err
		}
		now, raw, err := request[ruleRow](ctx, hub, http.MethodPatch, below(responseRulesPath, r.ID), map[string]string{"mode": c.Mode})
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			p.say("%s is in mode %s\n", shown(now.Name), shown(now.Mode))
			return nil
		})
	})
}

// rulesDeleteCmd deletes a rule.
type rulesDeleteCmd struct {
	hubFlags
	sureFlags

	Rule string `arg:"" help:"The rule: its id or its name."`
}

// Help is the long help.
func (*rulesDeleteCmd) Help() string {
	return `The blocks that it made stay; tocsin blocks undo --rule ends them.

Example:

    tocsin response rules delete "Brute force" --yes`
}

// Run deletes it.
func (c *rulesDeleteCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, err := findRule(ctx, hub, c.Rule)
		if err != nil {
			return err
		}
		if err := c.confirm(p, "This deletes the response rule "+strconv.Quote(shown(r.Name))+"."); err != nil {
			return err
		}
		if err := hub.Do(ctx, http.MethodDelete, below(responseRulesPath, r.ID), nil, nil); err != nil {
			return err
		}
		p.say("deleted %s\n", shown(r.ID))
		return nil
	})
}
