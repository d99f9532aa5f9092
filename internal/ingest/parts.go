package ingest

import (
	"math"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The functions of this file are what decoders of JSON have in common beside reading single members.

// without gives the members that are not null, but those of the names.
func (o object) without(names ...string) object {
	rest := make(object, len(o))
	for name, value := range o {
		if o.has(name) && !slices.Contains(names, name) {
			rest[name] = value
		}
	}
	return rest
}

// clipped cuts texts for a list of the envelope, of at most most entries.
func clipped(texts []string, most int) []string {
	list := make([]string, 0, min(len(texts), most))
	for _, t := range texts[:min(len(texts), most)] {
		list = append(list, event.Clip(t, event.MaxName))
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// score is a risk score of the envelope, or nil when it is outside of 0 to 100.
func score(n float64, ok bool) *float64 {
	if !ok || !(n >= 0 && n <= 100) {
		return nil
	}
	return &n
}

// tenfold makes a score of 0 to 100 of one that counts to 10, to the hundredth.
func tenfold(n float64) float64 { return math.Round(n*1000) / 100 }

// link is a URL of the envelope; one that is too long to be kept whole is no link.
func link(text string) string {
	if len(text) > event.MaxURL {
		return ""
	}
	return text
}

// labelled adds a label that is not empty.
func labelled(labels map[string]string, name, value string) map[string]string {
	if value == "" {
		return labels
	}
	if labels == nil {
		labels = map[string]string{}
	}
	labels[name] = event.Clip(value, event.MaxText)
	return labels
}

// hecWrapped looks into an event that was sent in the form for Splunk's HTTP Event Collector,
// {"time","host","source","sourcetype","event":{…}}: the event, and what was around it; nil when o is no such thing.
func hecWrapped(o object) (inner, around object) {
	inner = o.object("event")
	if inner == nil {
		return nil, nil
	}
	for name := range o {
		switch name {
		case "event", "time", "host", "source", "sourcetype", "index", "fields":
		default:
			return nil, nil
		}
	}
	return inner, o.without("event")
}

// withAround keeps what was around an event under the name hec, unless the event has a member of that name.
func withAround(data, around object) object {
	if len(around) > 0 && !data.has("hec") {
		data["hec"] = around.data()
	}
	return data
}
