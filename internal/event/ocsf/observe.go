package ocsf

import "github.com/tocsin-hub/tocsin/internal/event"

// observableTypes are OCSF's names of the types of observables, by the types of entities.
var observableTypes = map[string]string{
	"ip": "IP Address", "ipv4": "IP Address", "ipv6": "IP Address", "host": "Hostname", "hostname": "Hostname", "domain": "Hostname",
	"mac": "MAC Address", "user": "User Name", "account": "User Name", "username": "User Name", "email": "Email Address", "url": "URL String", "file": "File Name",
	"path": "File Path", "hash": "Hash", "md5": "Hash", "sha1": "Hash", "sha256": "Hash", "sha512": "Hash", "process": "Process Name",
	"command": "Command Line", "port": "Port", "subnet": "Subnet", "country": "Country", "cve": "CVE", "container": "Container",
	"resource": "Resource UID", "instance": "Resource UID", "bucket": "Resource UID", "user_agent": "HTTP User-Agent",
}

// observables writes every entity.
func (p *projection) observables() {
	w := &p.w
	list := w.List("observables")
	for i := range p.f.Event.Entities {
		e := &p.f.Event.Entities[i]
		m := w.Object("")
		w.Text("name", p.place(e))
		kind, known := observableTypes[e.Type]
		if !known {
			kind = e.Type
		}
		w.Text("type", kind)
		w.Int("type_id", other)
		w.Text("value", e.Value)
		w.End(m)
	}
	w.End(list)
}

// place says where in the event the entity stands besides; empty where it does not.
func (p *projection) place(e *event.Entity) string {
	f := p.f
	if p.class != detectionFinding {
		return ""
	}
	switch e.Value {
	case f.Source.IPText():
		return "evidences[0].src_endpoint.ip"
	case f.Target.IPText():
		return "evidences[0].dst_endpoint.ip"
	case f.Source.Host:
		return "evidences[0].src_endpoint.hostname"
	case f.Target.Host:
		return "evidences[0].dst_endpoint.hostname"
	case f.Source.User:
		return "evidences[0].actor.user.name"
	case f.Target.User:
		return "evidences[0].user.name"
	case f.File:
		return "evidences[0].file.path"
	case f.URL:
		return "evidences[0].url.url_string"
	}
	return ""
}

// unmapped writes what has no place of its own in the class.
func (p *projection) unmapped() {
	w, e := &p.w, &p.f.Event
	m := w.Object("unmapped")
	w.Text("project", e.Project)
	w.Text("ordering_key", e.OrderingKey)
	w.Text("endpoint", e.Endpoint)
	w.Text("link", p.link)
	w.Text("actor", e.Actor)
	w.Text("tlp", e.TLP)
	if p.class == baseEvent {
		w.Text("alert_type", e.AlertType)
		w.Text("dedup_key", e.DedupKey)
		w.Text("description", e.Description)
		w.Text("url", e.URL)
		rule := w.Object("rule")
		w.Text("id", p.f.RuleID())
		w.Text("name", p.f.RuleName())
		w.End(rule)
	}
	w.Entities("entities", e.Entities)
	w.JSON("geo", e.Geo)
	w.JSON("network", e.Network)
	w.JSON("data", e.Data)
	w.End(m)
}
