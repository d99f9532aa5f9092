package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// reading is an event that is about to be written in the form of another product.
type reading struct {
	event.Event
	record  *event.Record
	options Options
	// own is the event's data when the event came from that product, else nil: what the product's own form held that the
	// envelope has no place for, which may be nothing. A form takes members out of it by name and kind; nothing of it is copied unseen.
	own object
}

// form makes the Open of a form that is a Go value, which make fills in and encoding/json writes. All names come from
// the Go types; the texts of the event are only ever values. vendors are the source.vendor of events that came from the
// product itself.
func form(make func(*reading) any, vendors ...string) func(Options) (Writer, error) {
	return func(o Options) (Writer, error) {
		return func(dst []byte, r *event.Record) ([]byte, error) {
			e, err := r.Event()
			if err != nil {
				return dst, err
			}
			in := &reading{Event: e, record: r, options: o}
			if e.Source == nil {
				in.Source = &event.Source{}
			}
			if slices.Contains(vendors, in.Source.Vendor) {
				if in.own = objectOf(e.Data); in.own == nil {
					in.own = object{}
				}
			}
			return appendValue(dst, make(in))
		}, nil
	}
}

// appendValue appends a value as JSON on one line. Characters that HTML gives a meaning stay as they are.
func appendValue(dst []byte, value any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return dst, fmt.Errorf("writing the payload: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// id is the event's id.
func (r *reading) id() string { return r.record.ID.Text(event.PrefixEvent) }

// link is where the event can be read: its own URL, else this hub's page of it; empty when neither is known.
func (r *reading) link() string { return first(r.URL, r.home()) }

// home is this hub's page of the event; empty when nobody has said where the hub is reached.
func (r *reading) home() string { return r.record.Link(r.options.PublicURL) }

// back leads back to Tocsin, in forms with room for a member of ours, "tocsin".
type back struct {
	Incident string `json:"incident,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Link     string `json:"link,omitempty"`
}

// back is nil when there is nothing to say, and for an event that came in by the form itself: that goes out as it came.
func (r *reading) back() *back {
	b := back{r.Incident, r.Endpoint, r.home()}
	if r.own != nil || b == (back{}) {
		return nil
	}
	return &b
}

// organisation is whose event it is.
func (r *reading) organisation() string {
	if r.options.Organisation != "" {
		return r.options.Organisation
	}
	return string(r.record.Account)
}

// headline is the title, or what stands for it.
func (r *reading) headline() string { return first(r.Title, clipLine(r.Description), r.Type) }

// clipLine is the first line of a text, as long as a title at most.
func clipLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return event.Clip(line, event.MaxTitle)
}

// kind names what was found: the alert type, else the type: "brute_force" of detection.brute_force, "incident_created"
// of incident.created.
func (r *reading) kind() string {
	if r.AlertType != "" {
		return r.AlertType
	}
	return strings.ReplaceAll(strings.TrimPrefix(r.Type, "detection."), ".", "_")
}

// ruleName is the rule that fired, else the kind.
func (r *reading) ruleName() string {
	if r.Rule != nil {
		return first(r.Rule.Name, r.Rule.ID, r.kind())
	}
	return r.kind()
}

// entity is the value of the first entity of one of the types, those of a wanted role first.
func (r *reading) entity(role string, types ...string) string {
	found := ""
	for _, e := range r.Entities {
		if !slices.Contains(types, e.Type) {
			continue
		}
		if e.Role == role {
			return e.Value
		}
		if found == "" {
			found = e.Value
		}
	}
	return found
}

// address is the address of a role, else any; the zero Addr when there is none.
func (r *reading) address(role string) netip.Addr {
	a, _ := netip.ParseAddr(r.entity(role, "ip"))
	return a
}

// who is the actor, else the account that the event is about.
func (r *reading) who() string { return first(r.Actor, r.entity("actor", "user", "email", "account")) }

// host is the machine that the event is about.
func (r *reading) host() string { return r.entity("target", "host", "endpoint", "device") }

// over says whether the event is the end of the matter.
func (r *reading) over() bool {
	return r.Type == "incident.closed" || strings.HasSuffix(r.Type, ".resolved") || r.Type == "ip.unblocked"
}

// points is the risk score; where the event has none, one that stands for the severity.
func (r *reading) points() float64 {
	if r.RiskScore != nil {
		return *r.RiskScore
	}
	return [...]float64{event.Info: 0, event.Low: 25, event.Medium: 50, event.High: 75, event.Critical: 95}[min(r.Severity, event.Critical)]
}

// isTest says whether the event is a sample.
func (r *reading) isTest() bool { return r.record.Flags&event.Test != 0 }

// stamp writes a time as RFC 3339 in UTC.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// orNull is nil for the empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// list is a list that is written as [] rather than null.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// word is what a name that a form may repeat looks like.
var word = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,99}$`)

// decimal writes a number without an exponent.
func decimal(n float64) json.Number { return json.Number(strconv.FormatFloat(n, 'f', -1, 64)) }
