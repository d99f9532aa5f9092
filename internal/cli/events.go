package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// eventsCmd groups the commands about the catalogue of event types. They need no hub.
type eventsCmd struct {
	List   eventsListCmd   `cmd:"" help:"List the event types that the catalogue knows."`
	Types  eventsListCmd   `cmd:"" hidden:"" help:"The older name of list."`
	Show   eventsShowCmd   `cmd:"" help:"Show an event type with its sample, and how it looks in a payload profile."`
	Sample eventsSampleCmd `cmd:"" help:"Print the sample of an event type."`
}

// eventTypeRow is an entry of the catalogue.
type eventTypeRow struct {
	Name        string          `json:"name"`
	Category    string          `json:"category"`
	Severity    string          `json:"severity"`
	Description string          `json:"description"`
	Sample      json.RawMessage `json:"sample,omitempty"`
}

// eventsListCmd lists the catalogue.
type eventsListCmd struct {
	viewFlags

	Pattern string `arg:"" optional:"" help:"Only the types that a subscription to this would get, such as alert.*"`
}

// Help is the long help.
func (*eventsListCmd) Help() string {
	return `A hub takes any well-formed type; those in the catalogue come with a description and a sample.

Examples:

    tocsin events list
    tocsin events list 'incident.*'
    tocsin events list -o json | jq -r '.[].name'`
}

// Run prints a table.
func (c *eventsListCmd) Run(p *Process) error {
	filter := event.TypeFilter("*")
	if c.Pattern != "" {
		filter = event.TypeFilter(c.Pattern)
		if err := filter.Check(); err != nil {
			return usageError{err}
		}
	}
	var rows []eventTypeRow
	for _, t := range event.Types() {
		if filter.Match(t.Name) {
			rows = append(rows, eventTypeRow{Name: t.Name, Category: t.Category, Severity: t.Severity.String(), Description: t.Description})
		}
	}
	if len(rows) == 0 {
		return notFoundf("the catalogue has no type that %s matches; a hub takes it all the same", c.Pattern)
	}
	return c.showValue(p, rows, func() error {
		t := p.table("TYPE", "CATEGORY", "SEVERITY", "DESCRIPTION")
		for _, r := range rows {
			t.row(r.Name, r.Category, r.Severity, r.Description)
		}
		return t.flush()
	})
}

// eventsSampleCmd prints a sample.
type eventsSampleCmd struct {
	Type string `arg:"" help:"An event type of the catalogue."`
}

// Help is the long help.
func (*eventsSampleCmd) Help() string {
	return `Examples:

    tocsin events sample alert.created

    # The same, sent
    tocsin send --sample alert.created

    # Changed a little, sent
    tocsin events sample alert.created | sed 's/"high"/"critical"/' | tocsin send -`
}

// Run prints the sample, indented.
func (c *eventsSampleCmd) Run(p *Process) error {
	sample, err := sampleOf(c.Type)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, sample, "", "  "); err != nil {
		return fmt.Errorf("printing the sample: %w", err)
	}
	p.say("%s\n", out.String())
	return nil
}

// samplesOf gives the catalogue's samples of the types, as inputs of send.
func samplesOf(types []string) ([]value, error) {
	values := make([]value, len(types))
	for i, name := range types {
		sample, err := sampleOf(name)
		if err != nil {
			return nil, err
		}
		values[i] = value{input: "the sample of " + name, number: 1, json: sample}
	}
	return values, nil
}

// sampleOf gives the catalogue's sample, or says which types come close.
func sampleOf(name string) (json.RawMessage, error) {
	_, known := event.LookupType(name)
	if sample, ok := event.Sample(name); ok && (known || strings.HasPrefix(name, "custom.")) {
		return sample, nil
	}
	head, _, _ := strings.Cut(name, ".")
	var close []string
	for _, t := range event.Types() {
		if strings.HasPrefix(t.Name, head+".") {
			close = append(close, t.Name)
		}
	}
	if len(close) == 0 {
		return nil, notFoundf("the catalogue has no event type %q: see tocsin events list", name)
	}
	return nil, notFoundf("the catalogue has no event type %q; it has %s", name, strings.Join(close, ", "))
}
