// Package udm projects a record to one event of Google SecOps' Unified Data Model
// (https://cloud.google.com/chronicle/docs/reference/udm-field-list), as JSON with the names of the field list, which both
// the ingestion API and the rules use. It is pure and never fails.
//
//	time            metadata.event_timestamp          received_at    metadata.collected_timestamp
//	type            metadata.product_event_type; metadata.event_type is GENERIC_EVENT, but USER_LOGIN, USER_LOGOUT,
//	                NETWORK_CONNECTION and STATUS_HEARTBEAT where the type says so and the fields that those demand are there
//	id              metadata.product_log_id
//	source          metadata.vendor_name, .product_name, .product_deployment_id; observer.hostname
//	title           metadata.description, security_result.summary
//	url             metadata.url_back_to_product, security_result.url_back_to_product (the link where the event has none)
//	entities, actor principal (who acted), target (to whom it was done), about (everything else)
//	geo             principal.location
//	severity        security_result.severity, .severity_details
//	description     security_result.description
//	rule            security_result.rule_id, .rule_name
//	alert_type      security_result.category_details; threat_name of a finding
//	mitre           security_result.attack_details.tactics, .techniques
//	risk_score      security_result.risk_score
//	findings        security_result.alert_state is ALERTING
//	dedup_key, incident, project, status, endpoint, tlp, account, link, tags, labels
//	                security_result.detection_fields
//	data, network   additional
package udm

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/compose"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// severities are UDM's, by ours.
var severities = [...]string{"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}

// Append appends the UDM event of r, one JSON object on one line. An empty link is left out.
func Append(dst []byte, r *event.Record, link string) []byte {
	f := facts.Of(r)
	p := projection{f: &f, w: compose.On(dst), kind: kindOf(&f), link: link}
	m := p.w.Object("")
	p.metadata()
	p.principal()
	p.target()
	p.observer()
	p.about()
	p.result()
	if p.kind == userLogin || p.kind == userLogout {
		p.auth()
	}
	additional := p.w.Object("additional")
	p.w.JSON("data", f.Event.Data)
	p.w.JSON("network", f.Event.Network)
	p.w.JSON("geo", f.Event.Geo)
	p.w.End(additional)
	p.w.End(m)
	return p.w.Bytes()
}

// projection is one event on its way.
type projection struct {
	f    *facts.Facts
	w    compose.Writer
	kind string
	link string
}

// The types of UDM events that are used.
const (
	genericEvent      = "GENERIC_EVENT"
	userLogin         = "USER_LOGIN"
	userLogout        = "USER_LOGOUT"
	networkConnection = "NETWORK_CONNECTION"
	statusHeartbeat   = "STATUS_HEARTBEAT"
)

// kindOf gives the most specific type whose demands are met: SecOps refuses an event that lacks what its type demands.
func kindOf(f *facts.Facts) string {
	user, email := f.User()
	known, acts := user != "" || email != "", f.Source.IP.IsValid() || f.Source.Host != ""
	switch f.Event.Type {
	case "auth.login.success", "auth.login.failure", "server.ssh.login":
		if known && acts {
			return userLogin
		}
	case "auth.logout":
		if known && acts {
			return userLogout
		}
	case "network.flow", "detection.ids_signature":
		if f.Source.IP.IsValid() && f.Target.IP.IsValid() {
			return networkConnection
		}
	case "telemetry.heartbeat":
		if acts {
			return statusHeartbeat
		}
	}
	return genericEvent
}

func (p *projection) metadata() {
	w, f := &p.w, p.f
	m := w.Object("metadata")
	w.Time("event_timestamp", f.Event.Time)
	w.Time("collected_timestamp", f.Record.Received)
	w.Text("event_type", p.kind)
	w.Text("vendor_name", f.Vendor())
	w.Text("product_name", f.Product())
	w.Text("product_event_type", f.Event.Type)
	w.Text("product_log_id", f.ID)
	w.Text("product_deployment_id", f.Instance())
	w.Text("description", f.Headline())
	w.Text("url_back_to_product", cmp.Or(f.Event.URL, p.link))
	w.End(m)
}

// machine writes what identifies a machine.
func (p *projection) machine(s *facts.Side) {
	if s.IP.IsValid() {
		p.w.Texts("ip", s.IPText())
	}
	p.w.Text("hostname", s.Host)
}

func (p *projection) user(user, email string) {
	w := &p.w
	m := w.Object("user")
	w.Text("userid", user)
	w.Texts("email_addresses", email)
	w.End(m)
}

// principal writes who acted. Files, URLs and mail addresses of its own are not allowed there.
func (p *projection) principal() {
	w, f := &p.w, p.f
	m := w.Object("principal")
	p.machine(&f.Source)
	p.user(f.Source.User, f.Source.Email)
	process := w.Object("process")
	w.Text("command_line", f.Process)
	w.End(process)
	if f.Source.IP.IsValid() {
		where := w.Object("location")
		w.Text("city", f.Geo.City)
		w.Text("state", f.Geo.Region)
		country := f.Geo.Country
		if country == "" {
			country = f.Geo.CountryCode
		}
		w.Text("country_or_region", country)
		w.End(where)
	}
	w.End(m)
}

// target writes to whom or what it was done. A login is done to the account that logs in.
func (p *projection) target() {
	w, f := &p.w, p.f
	m := w.Object("target")
	p.machine(&f.Target)
	user, email := f.Target.User, f.Target.Email
	if user == "" && email == "" && (p.kind == userLogin || p.kind == userLogout) {
		user, email = f.User()
	}
	p.user(user, email)
	w.Text("url", f.URL)
	p.file()
	resource := w.Object("resource")
	switch {
	case f.Resource != "":
		w.Text("name", f.Resource)
	case f.Pod != "":
		w.Text("name", f.Pod)
		w.Text("resource_type", "POD")
	case f.Container != "":
		w.Text("name", f.Container)
		w.Text("resource_type", "CONTAINER")
	}
	w.End(resource)
	w.End(m)
}

func (p *projection) file() {
	w, f := &p.w, p.f
	m := w.Object("file")
	w.Text("full_path", f.File)
	for _, algorithm := range [...]string{"md5", "sha1", "sha256"} {
		for _, h := range f.Hashes {
			if h.Algorithm == algorithm {
				w.Text(algorithm, h.Value)
				break
			}
		}
	}
	w.End(m)
}

// observer writes where the source itself runs.
func (p *projection) observer() {
	w := &p.w
	m := w.Object("observer")
	w.Text("hostname", p.f.Instance())
	w.End(m)
}

// about writes the entities that stand neither in principal nor in target.
func (p *projection) about() {
	w, f := &p.w, p.f
	placed := []string{
		f.Source.IPText(), f.Target.IPText(), f.Source.Host, f.Target.Host, f.Source.User, f.Target.User,
		f.Source.Email, f.Target.Email, f.URL, f.File, f.Process, f.Container, f.Pod, f.Resource,
	}
	list := w.List("about")
	for i := range f.Event.Entities {
		e := &f.Event.Entities[i]
		if slices.Contains(placed, e.Value) {
			continue
		}
		m := w.Object("")
		p.noun(e)
		w.End(m)
	}
	w.End(list)
}

func (p *projection) noun(e *event.Entity) {
	w := &p.w
	switch e.Type {
	case "ip", "ipv4", "ipv6":
		if ip, ok := facts.ParseIP(e.Value); ok {
			w.Texts("ip", ip.String())
			return
		}
	case "host", "hostname", "domain":
		w.Text("hostname", e.Value)
		return
	case "user", "account", "username":
		p.user(e.Value, "")
		return
	case "email":
		if facts.IsEmail(e.Value) {
			w.Text("email", e.Value)
			return
		}
	case "url":
		w.Text("url", e.Value)
		return
	case "file", "path":
		m := w.Object("file")
		w.Text("full_path", e.Value)
		w.End(m)
		return
	case "hash", "md5", "sha1", "sha256":
		if h := facts.HashOf(e.Value); h.Algorithm != "" && h.Algorithm != "sha512" {
			m := w.Object("file")
			w.Text(h.Algorithm, h.Value)
			w.End(m)
			return
		}
	}
	m := w.Object("resource")
	w.Text("name", e.Value)
	w.Text("resource_subtype", e.Type)
	w.End(m)
}

// result writes the one security result.
func (p *projection) result() {
	w, f, e := &p.w, p.f, &p.f.Event
	list := w.List("security_result")
	m := w.Object("")
	w.Text("summary", f.Headline())
	w.Text("description", e.Description)
	w.Text("severity", severities[min(int(e.Severity), len(severities)-1)])
	w.Text("severity_details", e.Severity.String())
	w.Texts("category_details", e.Type, e.AlertType)
	if f.Finding() {
		w.Text("threat_name", e.AlertType)
		w.Text("alert_state", "ALERTING")
	}
	w.Text("rule_id", f.RuleID())
	w.Text("rule_name", f.RuleName())
	w.Text("url_back_to_product", cmp.Or(e.URL, p.link))
	if e.RiskScore != nil {
		w.Float("risk_score", *e.RiskScore)
	}
	p.attacks()
	p.fields()
	w.End(m)
	w.End(list)
}

func (p *projection) attacks() {
	w := &p.w
	m := w.Object("attack_details")
	tactics := w.List("tactics")
	for _, t := range p.f.Mitre {
		one := w.Object("")
		w.Text("id", t.Tactic)
		w.End(one)
	}
	w.End(tactics)
	techniques := w.List("techniques")
	for _, t := range p.f.Mitre {
		one := w.Object("")
		w.Text("id", t.ID)
		w.Text("name", t.Name)
		w.Text("subtechnique_id", t.Sub)
		w.End(one)
	}
	w.End(techniques)
	w.End(m)
}

// fields writes what has no place of its own, as labels.
func (p *projection) fields() {
	w, e := &p.w, &p.f.Event
	list := w.List("detection_fields")
	label := func(key, value string) {
		if value != "" {
			m := w.Object("")
			w.Text("key", key)
			w.Text("value", value)
			w.End(m)
		}
	}
	label("account", string(p.f.Record.Account))
	label("project", e.Project)
	label("dedup_key", e.DedupKey)
	label("ordering_key", e.OrderingKey)
	label("incident", e.Incident)
	label("status", e.Status)
	label("endpoint", e.Endpoint)
	label("tlp", e.TLP)
	label("source_id", p.f.SourceID())
	label("link", p.link)
	for _, tag := range e.Tags {
		label("tag", tag)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Labels)) {
		label("label."+name, e.Labels[name])
	}
	w.End(list)
}

// auth writes the extension that logins and logouts demand.
func (p *projection) auth() {
	w := &p.w
	m := w.Object("extensions")
	auth := w.Object("auth")
	w.Text("type", "AUTHTYPE_UNSPECIFIED")
	w.End(auth)
	w.End(m)
}
