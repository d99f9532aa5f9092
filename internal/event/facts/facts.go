// Package facts reads from an event what projections to other schemas ask for: who did it to whom, from where, with
// what. It decides once, for all of them, what an entity's type and role mean.
package facts

import (
	"net/netip"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Facts are one event, looked at.
type Facts struct {
	Event  event.Event
	Record *event.Record
	// ID is the event's id as text.
	ID string
	// Family is the first part of the type ("alert"), Last its last part ("created").
	Family, Last string
	// Source is the side that acted, Target the side that it was done to; Other holds what has another role, or none.
	Source, Target, Other Side
	// Geo and Net say where Source is.
	Geo Geo
	Net Net

	File, Process, URL       string // the first of their kind, whatever their role
	Container, Pod, Resource string
	Hashes                   []Hash
	Mitre                    []Technique
}

// Side is one end of what happened: the first entity of each kind on it.
type Side struct {
	IP    netip.Addr // without zone; invalid when there is none
	Host  string     // a host or domain
	User  string     // a name, an address, or whatever the source calls a user
	Email string     // User or an entity of type email, when it is an address
}

// Empty says that nothing is known.
func (s *Side) Empty() bool { return !s.IP.IsValid() && s.Host == "" && s.User == "" && s.Email == "" }

// IPText is the address as text; empty when there is none.
func (s *Side) IPText() string {
	if s.IP.IsValid() {
		return s.IP.String()
	}
	return ""
}

// Of looks at an event. A body that cannot be read, which no record from the hub has, leaves what the record itself says.
func Of(r *event.Record) Facts {
	e, err := r.Event()
	if err != nil {
		e = event.Event{Type: r.Type, Severity: r.Severity, Time: r.Time, Project: r.Project, AlertType: r.AlertType, DedupKey: r.DedupKey}
	}
	f := Facts{Event: e, Record: r, ID: r.ID.Text(event.PrefixEvent)}
	f.Family, _, _ = strings.Cut(e.Type, ".")
	f.Last = e.Type[strings.LastIndexByte(e.Type, '.')+1:]
	for i := range e.Entities {
		f.entity(&e.Entities[i])
	}
	f.actor()
	f.Geo, f.Net = geoOf(e.Geo), netOf(e.Network)
	for _, text := range e.Mitre {
		f.Mitre = append(f.Mitre, techniqueOf(text))
	}
	return f
}

// entity puts an entity where it belongs, if the place is free.
func (f *Facts) entity(e *event.Entity) {
	side := f.side(e.Role)
	switch e.Type {
	case "ip", "ipv4", "ipv6":
		if ip, ok := ParseIP(e.Value); ok && !side.IP.IsValid() {
			side.IP = ip
		}
	case "host", "hostname", "domain":
		first(&side.Host, e.Value)
	case "user", "account", "username":
		first(&side.User, e.Value)
	case "email":
		if IsEmail(e.Value) {
			first(&side.Email, e.Value)
		}
	case "file", "path":
		first(&f.File, e.Value)
	case "process", "command":
		first(&f.Process, e.Value)
	case "url":
		first(&f.URL, e.Value)
	case "container":
		first(&f.Container, e.Value)
	case "pod":
		first(&f.Pod, e.Value)
	case "resource", "instance", "bucket":
		first(&f.Resource, e.Value)
	case "hash", "md5", "sha1", "sha256", "sha512":
		f.Hashes = append(f.Hashes, HashOf(e.Value))
	}
}

// side reads a role.
func (f *Facts) side(role string) *Side {
	switch role {
	case "source", "actor", "attacker", "client", "src":
		return &f.Source
	case "target", "destination", "victim", "server", "dst":
		return &f.Target
	}
	return &f.Other
}

// actor fills in who acted from the event's own field, and addresses from users.
func (f *Facts) actor() {
	first(&f.Source.User, f.Event.Actor)
	for _, s := range [...]*Side{&f.Source, &f.Target, &f.Other} {
		if IsEmail(s.User) {
			first(&s.Email, s.User)
		}
	}
}

func first(place *string, value string) {
	if *place == "" {
		*place = value
	}
}

// ParseIP reads an address; a network, a port or a zone is none.
func ParseIP(text string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, false
	}
	return ip.Unmap(), true
}

// IsEmail says whether a text looks like one mail address.
func IsEmail(text string) bool {
	at := strings.IndexByte(text, '@')
	return at > 0 && at < len(text)-1 && len(text) <= 320 && strings.IndexByte(text[at+1:], '@') < 0 &&
		!strings.ContainsAny(text, " \t\r\n<>\"(),;:\\")
}

// Vendor is the maker of the source, Product what it is called: the event's, or Tocsin's own name for what has none.
func (f *Facts) Vendor() string {
	if f.Event.Source != nil && f.Event.Source.Vendor != "" {
		return f.Event.Source.Vendor
	}
	if f.Event.Source != nil && f.Event.Source.Product != "" {
		return f.Event.Source.Product
	}
	return "Tocsin"
}

// Product is what the source is called. See Vendor.
func (f *Facts) Product() string {
	if f.Event.Source != nil && f.Event.Source.Product != "" {
		return f.Event.Source.Product
	}
	return f.Vendor()
}

// Instance is which of the vendor's installations it was.
func (f *Facts) Instance() string {
	if f.Event.Source != nil {
		return f.Event.Source.Instance
	}
	return ""
}

// SourceID is the sender's own id of the event.
func (f *Facts) SourceID() string {
	if f.Event.Source != nil {
		return f.Event.Source.ID
	}
	return ""
}

// RuleID is the id of the detection that fired.
func (f *Facts) RuleID() string {
	if f.Event.Rule != nil {
		return f.Event.Rule.ID
	}
	return ""
}

// RuleName is the name of the detection that fired.
func (f *Facts) RuleName() string {
	if f.Event.Rule != nil {
		return f.Event.Rule.Name
	}
	return ""
}

// Headline is the title, or the type of an event without one.
func (f *Facts) Headline() string {
	return either(f.Event.Title, f.Event.Type)
}

// Key is the dedup key, or the id of an event without one.
func (f *Facts) Key() string {
	return either(f.Event.DedupKey, f.ID)
}

// User is who it is about: who acted, else to whom it was done, else whoever is named.
func (f *Facts) User() (user, email string) {
	for _, s := range [...]*Side{&f.Source, &f.Target, &f.Other} {
		if s.User != "" || s.Email != "" {
			return s.User, s.Email
		}
	}
	return "", ""
}

// Finding says whether an event tells of something that somebody should look at, rather than of something that merely
// happened: by its family, and for families that can be both by whether a detection is named.
func (f *Facts) Finding() bool {
	switch f.Family {
	case "alert", "detection", "hit", "vulnerability", "script", "site", "secret", "attack", "incident":
		return true
	case "telemetry", "system", "audit", "log":
		return false
	}
	return f.Event.Rule != nil || f.Event.AlertType != "" && f.Family != "ip"
}

// Outcome is "success" or "failure" where the type or the status says so; else it is empty.
func (f *Facts) Outcome() string {
	for _, word := range [...]string{f.Last, f.Event.Status} {
		switch word {
		case "success", "succeeded":
			return "success"
		case "failure", "failed":
			return "failure"
		}
	}
	return ""
}
