package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// eventsCmd groups the commands about the catalogue of event types. They need no hub.
type eventsCmd struct {
	Types  eventsTypesCmd  `cmd:"" help:"List the event types that the catalogue knows."`
	Sample eventsSampleCmd `cmd:"" help:"Print the sample of an event type."`
}

// eventsTypesCmd lists the catalogue.
type eventsTypesCmd struct {
	Pattern string `arg:"" optional:"" help:"Only the types that a subscription to this would get, such as alert.*"`
}

// Help is the long help.
func (*eventsTypesCmd) Help() string {
	return `A hub takes any well-formed type; those in the catalogue come with a description and a sample.

Examples:

    tocsin events types
    tocsin events types 'incident.*'`
}

// Run prints a table.
func (c *eventsTypesCmd) Run(p *Process) error {
	filter := event.TypeFilter("*")
	if c.Pattern != "" {
		filter = event.TypeFilter(c.Pattern)
		if err := filter.Check(); err != nil {
			return usageError{err}
		}
	}
	table, found := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0), false
	for _, t := range event.Types() {
		if filter.Match(t.Name) {
			found = true
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", t.Name, t.Category, t.Severity, t.Description)
		}
	}
	if !found {
		return fmt.Errorf("the catalogue has no type that %s matches; a hub takes it all the same", c.Pattern)
	}
	return table.Flush()
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
		return nil, usagef("the catalogue has no event type %q: see tocsin events types", name)
	}
	return nil, usagef("the catalogue has no event type %q; it has %s", name, strings.Join(close, ", "))
}
