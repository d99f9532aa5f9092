package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
)

// eventsShowCmd shows an event type.
type eventsShowCmd struct {
	viewFlags

	Type    string `arg:"" help:"An event type of the catalogue."`
	Profile string `placeholder:"PROFILE" values:"@profiles" help:"Only the sample, as this payload profile writes it: native, cloudevents, ocsf, ecs, cef, …"`
}

// Help is the long help.
func (*eventsShowCmd) Help() string {
	return `A payload profile is the form in which an integration sends events (its setting "profile"). The sample is what the
catalogue has for the type; the id and the times are made up for each call.

Examples:

    tocsin events show alert.created
    tocsin events show alert.created --profile cloudevents`
}

// Run prints it.
func (c *eventsShowCmd) Run(p *Process) error {
	sample, err := sampleOf(c.Type)
	if err != nil {
		return err
	}
	if c.Profile != "" {
		return c.profiled(p, sample)
	}
	t, known := event.LookupType(c.Type)
	if !known {
		t.Name, t.Category, t.Description = c.Type, "custom", "A type of your own."
	}
	row := eventTypeRow{t.Name, t.Category, t.Severity.String(), t.Description, sample}
	return c.showValue(p, row, func() error {
		text, err := prettyJSON(sample)
		if err != nil {
			return err
		}
		if err := p.fields("type", row.Name, "category", row.Category, "severity", row.Severity, "description", row.Description,
			"profiles", strings.Join(payload.Names(), ", ")); err != nil {
			return err
		}
		p.say("\n%s\n", text)
		return nil
	})
}

// profiled prints the sample as a payload profile writes it.
func (c *eventsShowCmd) profiled(p *Process, sample json.RawMessage) error {
	profile, ok := payload.Lookup(c.Profile)
	if !ok {
		return notFoundf("there is no payload profile %q; there are %s", c.Profile, strings.Join(payload.Names(), ", "))
	}
	write, err := profile.Open(payload.Options{})
	if err != nil {
		return usagef("the profile %s: %w", c.Profile, err)
	}
	record, err := event.Parse(sample, event.DefaultAccount, time.Now().UTC(), event.DefaultLimits())
	if err != nil {
		return fmt.Errorf("the sample of %s: %w", c.Type, err)
	}
	record.ID = event.NewID()
	text, err := write(nil, record)
	if err != nil {
		return fmt.Errorf("writing the sample as %s: %w", c.Profile, err)
	}
	if profile.Text || !json.Valid(text) {
		p.say("%s\n", line(string(text)))
		return nil
	}
	return c.show(p, text, func() error {
		pretty, err := prettyJSON(text)
		p.say("%s\n", pretty)
		return err
	})
}
