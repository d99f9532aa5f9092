package alerting

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What of its events an alert keeps. What is beyond is left out: the events themselves are in the journal.
const (
	MaxEntities = 100
	MaxTags     = 64 // and as many techniques and labels
	// maxGathered bounds the values of all entities together, and of all labels, in bytes each (32 KiB): a thousand alerts
	// are read at a time, and what they gather is their senders' choice.
	maxGathered = 32 << 10
	// MaxDescription bounds the description, geo and network, in bytes each (16 KiB).
	MaxDescription = 16 << 10
	// maxSource bounds the name of a source, in bytes.
	maxSource = 256
	// maxPerson bounds who did something, in bytes.
	maxPerson = 320
)

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// sourceOf names where an event came from.
func sourceOf(e *event.Event) string {
	switch {
	case e.Source == nil:
		return ""
	case e.Source.Vendor == "" || e.Source.Product == "":
		return event.Clip(e.Source.Vendor+e.Source.Product, maxSource)
	}
	return event.Clip(e.Source.Vendor+"/"+e.Source.Product, maxSource)
}

// ways are the words for how something is done here; ids of integrations are others.
var ways = []string{"api", "console", "rule", "cli"}

// viaOf says through what a sender's event changed an alert: its source, which never looks like one of the hub's own ways.
func viaOf(e *event.Event) string {
	source := sourceOf(e)
	word := strings.ToLower(strings.TrimSpace(source))
	if slices.Contains(ways, word) || strings.HasPrefix(word, event.PrefixIntegration+"_") {
		return "source " + source
	}
	return source
}

// describe takes what an event says of the alert: everything if it is the newest, else what is not known yet.
func describe(a *store.Alert, r *event.Record, e *event.Event, newest bool) {
	for _, f := range [...]struct {
		to   *string
		text string
		most int
	}{
		{&a.Title, e.Title, event.MaxTitle}, {&a.Description, e.Description, MaxDescription}, {&a.AlertType, r.AlertType, event.MaxName},
		{&a.Project, r.Project, event.MaxName}, {&a.Endpoint, e.Endpoint, event.MaxText}, {&a.Source, sourceOf(e), maxSource},
		{&a.Actor, e.Actor, event.MaxText}, {&a.URL, e.URL, event.MaxURL}, {&a.TLP, e.TLP, event.MaxName},
	} {
		if f.text != "" && (newest || *f.to == "") {
			*f.to = event.Clip(f.text, f.most)
		}
	}
	if e.Rule != nil && (newest || a.RuleID == "" && a.RuleName == "") && (e.Rule.ID != "" || e.Rule.Name != "") {
		a.RuleID, a.RuleName = e.Rule.ID, e.Rule.Name
	}
	if e.RiskScore != nil && (newest || a.RiskScore == nil) {
		score := *e.RiskScore
		a.RiskScore = &score
	}
	object(&a.Geo, e.Geo, newest)
	a.Country = facts.Country(a.Geo)
	object(&a.Network, e.Network, newest)
}

func object(to *json.RawMessage, v json.RawMessage, newest bool) {
	if len(v) > 0 && len(v) <= MaxDescription && (newest || len(*to) == 0) {
		*to = v
	}
}

// gather adds what an alert collects from all its events.
func gather(a *store.Alert, e *event.Event) {
	a.Tags = union(a.Tags, e.Tags)
	a.Mitre = union(a.Mitre, e.Mitre)
	for name, value := range e.Labels {
		if a.Labels == nil {
			a.Labels = map[string]string{}
		}
		old, known := a.Labels[name]
		if (known || len(a.Labels) < MaxTags) && labelBytes(a)-len(old)+len(name)+len(value) <= maxGathered {
			a.Labels[name] = value
		}
	}
	for i := range e.Entities {
		meet(a, &e.Entities[i])
	}
}

// labelBytes is what an alert's labels take.
func labelBytes(a *store.Alert) (n int) {
	for name, value := range a.Labels {
		n += len(name) + len(value)
	}
	return n
}

// union adds the texts that are not there, within the bound.
func union(have, more []string) []string {
	for _, v := range more {
		if len(have) >= MaxTags {
			break
		}
		if !slices.Contains(have, v) {
			have = append(have, v)
		}
	}
	return have
}

// meet adds an entity. One that was observed once stays so, and its role is the one that it was observed in: a text that
// names a victim as the source must not make a sensor's sighting of the victim one of an attacker.
func meet(a *store.Alert, e *event.Entity) {
	taken := len(e.Type) + len(e.Value) + len(e.Role)
	for i := range a.Entities {
		known := &a.Entities[i]
		taken += len(known.Type) + len(known.Value) + len(known.Role)
		if known.Type != e.Type || known.Value != e.Value {
			continue
		}
		switch {
		case e.Observed && !known.Observed:
			known.Observed, known.Role = true, e.Role
		case e.Observed == known.Observed && known.Role == "":
			known.Role = e.Role
		}
		return
	}
	if len(a.Entities) < MaxEntities && taken <= maxGathered {
		a.Entities = append(a.Entities, *e)
	}
}
