package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// mappingsTryCmd tries a rule.
type mappingsTryCmd struct {
	hubFlags
	viewFlags

	Rule string `arg:"" optional:"" name:"rule" help:"A rule that is there, by its id or name."`
	File string `short:"f" placeholder:"FILE" help:"Instead: a file with a rule as YAML or JSON; - is standard input."`
	When string `placeholder:"CEL" help:"Instead: a rule with this condition that drops."`
	Last int    `default:"100" placeholder:"N" help:"How many of the latest events."`
}

// Help is the long help.
func (*mappingsTryCmd) Help() string {
	return `Nothing is saved, and no event is changed.

Examples:

    tocsin mappings try "drop health checks" --last 1000
    tocsin mappings try --when 'event.severity == "info"'
    tocsin mappings try -f rule.yaml`
}

// Run tries it and prints what the hub says.
func (c *mappingsTryCmd) Run(ctx context.Context, p *Process) error {
	given := 0
	for _, set := range []bool{c.Rule != "", c.File != "", c.When != ""} {
		if set {
			given++
		}
	}
	if given != 1 {
		return usagef("which rule? Give its name, -f FILE, or --when")
	}
	return c.with(p, func(hub *client.Client) error {
		rule, err := c.rule(ctx, p, hub)
		if err != nil {
			return err
		}
		_, raw, err := request[json.RawMessage](ctx, hub, http.MethodPost, mappingsPath+"/try", map[string]any{"rule": rule, "last": c.Last})
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return printMappingTrial(p, raw) })
	})
}

// mappingTrial is the API's answer to a trial.
type mappingTrial struct {
	Looked, Matched, Changed, Dropped, Failed int
	Items                                     []triedItem
}

// triedItem is what a rule would do to one event.
type triedItem struct {
	Event, Title  string
	Dropped       bool
	Before, After json.RawMessage
	Error         string
}

// outcome is it in words.
func (i *triedItem) outcome() string {
	switch {
	case i.Error != "":
		return "as it is: " + i.Error
	case i.Dropped:
		return "dropped"
	case len(i.After) > 0:
		return string(i.Before) + " → " + string(i.After)
	}
	return "as it is"
}

// printMappingTrial prints what a rule would do.
func printMappingTrial(p *Process, raw []byte) error {
	var t mappingTrial
	if err := json.Unmarshal(raw, &t); err != nil {
		return fmt.Errorf("the answer is not what a hub sends: %w", err)
	}
	p.say("of %d events: matched %d, changed %d, dropped %d, failed %d\n", t.Looked, t.Matched, t.Changed, t.Dropped, t.Failed)
	if len(t.Items) == 0 {
		return nil
	}
	p.say("\n")
	list := p.table("EVENT", "TITLE", "WOULD BE")
	for i := range t.Items {
		list.row(t.Items[i].Event, t.Items[i].Title, t.Items[i].outcome())
	}
	return list.flush()
}

// rule is what is tried, without what the hub alone sets.
func (c *mappingsTryCmd) rule(ctx context.Context, p *Process, hub *client.Client) (map[string]any, error) {
	rule := map[string]any{}
	switch {
	case c.When != "":
		return map[string]any{"name": "try", "source": "*", "when": c.When, "drop": true}, nil
	case c.File != "":
		text, err := p.readAll(c.File)
		if err != nil {
			return nil, usageError{err}
		}
		if err := yaml.Unmarshal(text, &rule); err != nil {
			return nil, usagef("%s is not one rule: %w", c.File, err)
		}
		if rule["name"] == nil {
			rule["name"] = "try"
		}
	default:
		_, raw, err := find[mappingRow](ctx, hub, "mapping rule", mappingsPath, "map_", c.Rule)
		if err != nil {
			return nil, err
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&rule); err != nil {
			return nil, fmt.Errorf("reading the rule: %w", err)
		}
	}
	for _, name := range []string{"id", "version", "created_at", "updated_at", "counts"} {
		delete(rule, name)
	}
	return rule, nil
}
