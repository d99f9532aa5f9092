// Package ecs projects a record to the Elastic Common Schema, version 9 (https://www.elastic.co/docs/reference/ecs). It is
// pure and never fails. Every field is one of the schema's, a list where the schema wants a list, or stands below "tocsin.".
//
//	id                 event.id
//	type               event.action; event.kind, event.category, event.type by categorise.go
//	time, received_at  @timestamp, event.ingested
//	severity           event.severity (1, 21, 47, 73, 99: what Elastic Security means by low, medium, high, critical), log.level
//	title              message
//	status             event.outcome where it says success or failure; tocsin.status
//	rule               rule.id, rule.name
//	mitre              threat.framework, threat.technique.id, threat.technique.subtechnique.id, threat.tactic.id
//	risk_score         event.risk_score, event.risk_score_norm
//	url                event.url (the link where the event has none)
//	link               tocsin.link
//	entities           source.*, destination.*, user.*, user.target.*, host.*, file.*, process.*, container.*, url.*; related.*
//	geo, network       source.geo.*, source.as.*; tocsin.geo, tocsin.network
//	source             observer.vendor, observer.product, observer.name; event.provider; tocsin.source_id
//	account            organization.id
//	tags, labels       tags, labels (a dot in a label's name becomes _, as labels may not be nested)
//	the rest           tocsin.description, .project, .alert_type, .dedup_key, .ordering_key, .incident, .endpoint, .actor, .tlp,
//	                   .entities, .data
//
// tocsin.data, tocsin.geo and tocsin.network hold whatever the sender sent: map them as "flattened".
package ecs

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/compose"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// Version is the version of the schema.
const Version = "9.4.0"

// severities are event.severity, by ours.
var severities = [...]int64{1, 21, 47, 73, 99}

// maxKeyword bounds a keyword that Elasticsearch indexes, in bytes (Lucene refuses a term of more than 32,766).
const maxKeyword = 32<<10 - 2

// Append appends the ECS document of r, one JSON object on one line. An empty link is left out.
func Append(dst []byte, r *event.Record, link string) []byte {
	f := facts.Of(r)
	p := projection{f: &f, w: compose.On(dst), link: link}
	m := p.w.Object("")
	p.base()
	p.event()
	p.named("rule", "id", f.RuleID(), "name", f.RuleName())
	p.threat()
	p.named("observer", "vendor", f.Vendor(), "product", f.Product(), "name", f.Instance())
	p.named("organization", "id", string(r.Account))
	p.side("source", &f.Source, true)
	p.side("destination", &f.Target, false)
	p.users()
	p.things()
	p.related()
	p.own()
	p.w.End(m)
	return p.w.Bytes()
}

// projection is one event on its way.
type projection struct {
	f    *facts.Facts
	w    compose.Writer
	link string
}

// named writes an object of the pairs whose text is not empty.
func (p *projection) named(object string, pairs ...string) {
	m := p.w.Object(object)
	for i := 0; i < len(pairs); i += 2 {
		p.w.Text(pairs[i], pairs[i+1])
	}
	p.w.End(m)
}

func (p *projection) base() {
	w, e := &p.w, &p.f.Event
	w.Time("@timestamp", e.Time)
	w.Text("message", p.f.Headline())
	p.named("ecs", "version", Version)
	w.Texts("tags", e.Tags...)
	p.labels()
	p.named("log", "level", e.Severity.String())
}

// labels writes the labels. Two names that are the same once their dots are gone are one label, the first of them.
func (p *projection) labels() {
	w := &p.w
	m := w.Object("labels")
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(p.f.Event.Labels)) {
		flat := flatten.Replace(name)
		if flat == "" {
			flat = "_"
		}
		if !seen[flat] {
			seen[flat] = true
			w.Named(flat, p.f.Event.Labels[name])
		}
	}
	w.End(m)
}

// flatten makes a label's name one that Elasticsearch does not take for a path.
var flatten = strings.NewReplacer(".", "_", "*", "_", " ", "_", "\x00", "_")

func (p *projection) event() {
	w, f, e := &p.w, p.f, &p.f.Event
	kind, category, types := categorise(f)
	m := w.Object("event")
	w.Text("id", f.ID)
	w.Text("kind", kind)
	w.Texts("category", category...)
	w.Texts("type", types...)
	w.Text("action", e.Type)
	w.Text("outcome", f.Outcome())
	w.Int("severity", severities[min(int(e.Severity), len(severities)-1)])
	if e.RiskScore != nil {
		w.Float("risk_score", *e.RiskScore)
		w.Float("risk_score_norm", *e.RiskScore)
	}
	w.Text("module", "tocsin")
	w.Text("provider", f.Product())
	w.Text("url", cmp.Or(e.URL, p.link))
	w.Time("ingested", f.Record.Received)
	w.End(m)
}

// threat writes the techniques and tactics of MITRE ATT&CK, each list without repetitions.
func (p *projection) threat() {
	w := &p.w
	var techniques, subs, names, tactics []string
	for _, t := range p.f.Mitre {
		techniques, subs = add(techniques, t.ID), add(subs, t.Sub)
		names, tactics = add(names, t.Name), add(tactics, t.Tactic)
	}
	if len(p.f.Mitre) == 0 {
		return
	}
	m := w.Object("threat")
	w.Text("framework", "MITRE ATT&CK")
	technique := w.Object("technique")
	w.Texts("id", techniques...)
	w.Texts("name", names...)
	sub := w.Object("subtechnique")
	w.Texts("id", subs...)
	w.End(sub)
	w.End(technique)
	tactic := w.Object("tactic")
	w.Texts("id", tactics...)
	w.End(tactic)
	w.End(m)
}

// add appends a text that is not empty and not there yet.
func add(list []string, text string) []string {
	if text == "" || slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// side writes one end of what happened; where says that geo and network are about it.
func (p *projection) side(name string, s *facts.Side, where bool) {
	w, f := &p.w, p.f
	m := w.Object(name)
	address := s.IPText()
	if address == "" {
		address = s.Host
	}
	w.Text("address", address)
	w.Text("ip", s.IPText())
	w.Text("domain", s.Host)
	if where && s.IP.IsValid() {
		p.named("geo", "country_iso_code", f.Geo.CountryCode, "country_name", f.Geo.Country, "city_name", f.Geo.City, "region_name", f.Geo.Region)
		as := w.Object("as")
		if f.Net.ASN != 0 {
			w.Int("number", f.Net.ASN)
		}
		p.named("organization", "name", f.Net.ASOrg)
		w.End(as)
	}
	p.named("user", "name", s.User, "email", s.Email)
	w.End(m)
}

// users writes who it is about, and to whom it was done if that is somebody else.
func (p *projection) users() {
	w, f := &p.w, p.f
	user, email := f.User()
	m := w.Object("user")
	w.Text("name", user)
	w.Text("email", email)
	if t := &f.Target; t.User != user || t.Email != email {
		p.named("target", "name", t.User, "email", t.Email)
	}
	w.End(m)
}

// things writes what was involved.
func (p *projection) things() {
	w, f := &p.w, p.f
	for i := range f.Event.Entities {
		if e := &f.Event.Entities[i]; e.Type == "host" || e.Type == "hostname" {
			p.named("host", "name", e.Value)
			break
		}
	}
	file := w.Object("file")
	if f.File != "" {
		w.Text("path", f.File)
		w.Text("name", path.Base(f.File))
	}
	hash := w.Object("hash")
	for _, algorithm := range [...]string{"md5", "sha1", "sha256", "sha512"} {
		for _, h := range f.Hashes {
			if h.Algorithm == algorithm {
				w.Text(algorithm, h.Value)
				break
			}
		}
	}
	w.End(hash)
	w.End(file)
	p.named("process", "name", f.Process)
	p.named("container", "id", f.Container)
	p.named("url", "original", f.URL)
}

// related writes every address, user, host and checksum, each once.
func (p *projection) related() {
	var ips, users, hosts, hashes []string
	for i := range p.f.Event.Entities {
		switch e := &p.f.Event.Entities[i]; e.Type {
		case "ip", "ipv4", "ipv6":
			if ip, ok := facts.ParseIP(e.Value); ok {
				ips = add(ips, ip.String())
			}
		case "user", "account", "username", "email":
			users = add(users, e.Value)
		case "host", "hostname", "domain":
			hosts = add(hosts, e.Value)
		}
	}
	users = add(users, p.f.Event.Actor)
	for _, h := range p.f.Hashes {
		hashes = add(hashes, h.Value)
	}
	w := &p.w
	m := w.Object("related")
	w.Texts("ip", ips...)
	w.Texts("user", users...)
	w.Texts("hosts", hosts...)
	w.Texts("hash", hashes...)
	w.End(m)
}

// own writes what the schema has no field for.
func (p *projection) own() {
	w, e := &p.w, &p.f.Event
	m := w.Object("tocsin")
	w.Text("description", event.Clip(e.Description, maxKeyword))
	for _, t := range [...]struct{ name, value string }{
		{"project", e.Project}, {"alert_type", e.AlertType}, {"dedup_key", e.DedupKey}, {"ordering_key", e.OrderingKey},
		{"incident", e.Incident}, {"endpoint", e.Endpoint}, {"status", e.Status}, {"actor", e.Actor}, {"tlp", e.TLP},
		{"source_id", p.f.SourceID()}, {"link", p.link},
	} {
		w.Text(t.name, t.value)
	}
	w.Entities("entities", e.Entities)
	w.JSON("geo", e.Geo)
	w.JSON("network", e.Network)
	w.JSON("data", e.Data)
	w.End(m)
}
