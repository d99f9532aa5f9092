package pagerduty

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of the custom details.
const (
	maxDetail = 4096     // characters of a text
	maxValue  = 512      // characters of an element of a list
	maxItems  = 50       // elements of a list
	maxData   = 64 << 10 // bytes of the sender's own data, of geo and of network
	maxShown  = 8192     // characters that are shown of data that is larger
)

// left is what stands in the place of a detail that did not fit.
const left = "[left out by Tocsin: the page would be too large]"

// details are an object in the order in which people read it.
type details []detail

type detail struct {
	name  string
	value any
}

// MarshalJSON writes the object.
func (d details) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range d {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// drop leaves out the largest detail; false when there is nothing left to leave out.
func (d details) drop() bool {
	largest, size := -1, len(left)+2
	for i, m := range d {
		if raw, err := encode(m.value); err == nil && len(raw) > size {
			largest, size = i, len(raw)
		}
	}
	if largest < 0 {
		return false
	}
	d[largest].value = left
	return true
}

// text adds a text that is not empty.
func (d *details) text(name, value string) {
	if value != "" {
		*d = append(*d, detail{name, clip(value, maxDetail)})
	}
}

// list adds texts, if there are any.
func (d *details) list(name string, values []string) {
	if len(values) == 0 {
		return
	}
	short := make([]string, 0, min(len(values), maxItems+1))
	for _, v := range values[:min(len(values), maxItems)] {
		short = append(short, clip(v, maxValue))
	}
	if more := len(values) - maxItems; more > 0 {
		short = append(short, fmt.Sprintf("… and %d more [cut by Tocsin]", more))
	}
	*d = append(*d, detail{name, short})
}

// object adds JSON as it is, or the beginning of its text.
func (d *details) object(name string, raw json.RawMessage) {
	switch {
	case len(raw) == 0 || string(raw) == "{}":
	case len(raw) <= maxData:
		*d = append(*d, detail{name, raw})
	default:
		*d = append(*d, detail{name, clip(string(raw), maxShown)})
	}
}

// detailsOf are the event's fields.
func detailsOf(s *Settings, here string, r *event.Record, e event.Event) details {
	var d details
	full := s.Details != detailsShort
	if full {
		d.text("description", e.Description)
	}
	d.text("severity", r.Severity.String())
	d.text("status", e.Status)
	if e.RiskScore != nil {
		d = append(d, detail{"risk_score", *e.RiskScore})
	}
	d.text("alert_type", e.AlertType)
	if e.Rule != nil {
		d.text("rule", e.Rule.Name)
		d.text("rule_id", e.Rule.ID)
	}
	d.list("mitre", e.Mitre)
	d.list("entities", entities(e))
	d.text("actor", e.Actor)
	d.text("project", e.Project)
	d.text("endpoint_id", e.Endpoint)
	d.text("case_id", e.Incident)
	if !ofIncident(r, e) {
		d.text("alert_key", r.AlertKey())
	}
	d.list("tags", e.Tags)
	if e.Source != nil {
		d.text("vendor", e.Source.Vendor)
		d.text("product", e.Source.Product)
		d.text("source_id", e.Source.ID)
	}
	d.text("event_type", r.Type)
	d.text("event_id", r.ID.Text(event.PrefixEvent))
	d.text("tocsin_url", here)
	if full {
		d.list("labels", labels(e))
		d.object("geo", e.Geo)
		d.object("network", e.Network)
		d.object("data", e.Data)
	}
	return d
}

func entities(e event.Event) []string {
	list := make([]string, len(e.Entities))
	for i, x := range e.Entities {
		list[i] = x.Type + ": " + x.Value
		if x.Role != "" {
			list[i] += " (" + x.Role + ")"
		}
	}
	return list
}

func labels(e event.Event) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(e.Labels)) {
		list = append(list, name+": "+e.Labels[name])
	}
	return list
}
