// Package payload lists the forms in which an event can be written for others: Tocsin's own envelope, projections to
// common schemas (OCSF, ECS, CEF, …), and the payloads of other products, so that a receiver made for one of those needs
// no change. A form is one file with a pure function; every connector that lets people choose one reads this list.
package payload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/cef"
	"github.com/tocsin-hub/tocsin/internal/event/cloudevents"
	"github.com/tocsin-hub/tocsin/internal/event/ecs"
	"github.com/tocsin-hub/tocsin/internal/event/leef"
	"github.com/tocsin-hub/tocsin/internal/event/ocsf"
	"github.com/tocsin-hub/tocsin/internal/event/udm"
)

// Writer appends one event in some form: one JSON value on one line, or one line of text without its end. It is pure
// and safe for concurrent use. An error means that this event cannot be written in this form, now or later; dst is then
// given back as it was.
type Writer func(dst []byte, r *event.Record) ([]byte, error)

// Options are what a form may need to know beside the event.
type Options struct {
	// PublicURL is where people reach this hub, without a slash at its end; empty if it is not configured.
	PublicURL string
	// Organisation is the name that payloads with such a field carry; empty: the event's account.
	Organisation string
	// Template is the source of the form "template".
	Template string
}

// Profile is one form.
type Profile struct {
	Name  string // "ocsf": stable for ever
	Title string // "OCSF 1.8"
	Help  string // one sentence
	// Text says that the form is a line of text rather than JSON.
	Text bool
	// ContentType is the media type of one event; "" is application/json, or text/plain for Text.
	ContentType string
	// ArrayContentType is the media type of a JSON array of events; "" is application/json.
	ArrayContentType string
	// AlwaysArray says that the product which has this form sends an array even for one event.
	AlwaysArray bool
	// Lossy says that the form cannot hold the whole event.
	Lossy bool
	// Open gives the writer. Its error is about Options: the text of a template that does not compile.
	Open func(Options) (Writer, error)
}

// The names of the forms that are used by name elsewhere.
const (
	Native      = "native"
	CloudEvents = "cloudevents"
	OCSF        = "ocsf"
	ECS         = "ecs"
	UDM         = "udm"
	SOCWarden   = "socwarden"
	Template    = "template"
)

// profiles lists the forms in the order in which people see them.
var profiles = []Profile{
	{Name: Native, Title: "Tocsin", Help: "Tocsin's own envelope: the whole event.", Open: always(native)},
	{Name: CloudEvents, Title: "CloudEvents 1.0", Help: "Tocsin's envelope inside a CloudEvent.",
		ContentType: cloudevents.ContentType, ArrayContentType: cloudevents.BatchContentType,
		Open: always(cloudevents.Append)},

	{Name: OCSF, Title: "OCSF 1.8", Help: "Open Cybersecurity Schema Framework: detection and incident findings.",
		Open: always(ocsf.Append)},
	{Name: ECS, Title: "ECS 9", Help: "Elastic Common Schema; what it has no field for stands below tocsin.",
		Open: always(ecs.Append)},
	{Name: "cef", Title: "CEF", Help: "ArcSight Common Event Format: one line of text.", Text: true, Lossy: true,
		Open: always(cef.Append)},
	{Name: "leef", Title: "LEEF 2.0", Help: "IBM QRadar Log Event Extended Format: one line of text.", Text: true, Lossy: true,
		Open: always(leef.Append)},
	{Name: UDM, Title: "UDM", Help: "Google SecOps Unified Data Model.", Lossy: true,
		Open: always(udm.Append)},
	socwarden, wardex, socmate, wallarm1, wallarm2, wallarm3, wallarm4, sourceDefense, falco, alertmanager,
	templateProfile,
}

func native(dst []byte, r *event.Record, link string) []byte { return r.AppendLinked(dst, link) }

// always makes the Open of a form that can write every event, and needs no options but the link.
func always(write func(dst []byte, r *event.Record, link string) []byte) func(Options) (Writer, error) {
	return func(o Options) (Writer, error) {
		return func(dst []byte, r *event.Record) ([]byte, error) { return write(dst, r, r.Link(o.PublicURL)), nil }, nil
	}
}

// Profiles lists the forms in the order in which people see them.
func Profiles() []Profile { return slices.Clone(profiles) }

// Names lists their names.
func Names() []string {
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = p.Name
	}
	return names
}

// Lookup finds a form by its name.
func Lookup(name string) (Profile, bool) {
	i := slices.IndexFunc(profiles, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return profiles[i], true
}

// Help describes the forms of those names, or all, in the order in which people see them, for the help of a setting that
// chooses one.
func Help(names ...string) string {
	var b strings.Builder
	for _, p := range profiles {
		if len(names) > 0 && !slices.Contains(names, p.Name) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.Name + ": " + p.Help)
	}
	return b.String()
}

// Media is the media type of one event in the form.
func (p Profile) Media() string {
	switch {
	case p.ContentType != "":
		return p.ContentType
	case p.Text:
		return "text/plain; charset=utf-8"
	}
	return "application/json"
}

// ArrayMedia is the media type of a JSON array of events in the form.
func (p Profile) ArrayMedia() string {
	if p.ArrayContentType != "" {
		return p.ArrayContentType
	}
	return "application/json"
}

// Open gives the writer of a form by its name.
func Open(name string, o Options) (Writer, error) {
	p, ok := Lookup(name)
	if !ok {
		return nil, fmt.Errorf("there is no payload profile %q", name)
	}
	return p.Open(o)
}
