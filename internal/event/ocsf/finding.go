package ocsf

import (
	"cmp"
	"encoding/json"
	"path"

	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// ruleAnalytic is the type_id of an analytic that is a rule.
const ruleAnalytic = 1

// findingInfo writes a finding_info: a member of that name, or an element of a list.
func (p *projection) findingInfo(name string) {
	w, f := &p.w, p.f
	m := w.Object(name)
	w.Text("uid", p.findingUID())
	w.Text("title", f.Event.Title)
	if p.class == detectionFinding {
		w.Text("desc", f.Event.Description)
	}
	w.Texts("types", f.Event.Type, f.Event.AlertType)
	switch p.activity {
	case create:
		w.Int("created_time", f.Event.Time.UnixMilli())
	default:
		w.Int("modified_time", f.Event.Time.UnixMilli())
	}
	w.Text("src_url", cmp.Or(f.Event.URL, p.link))
	analytic := w.Object("analytic")
	w.Text("name", f.RuleName())
	w.Text("uid", f.RuleID())
	if !w.Empty(analytic) {
		w.Int("type_id", ruleAnalytic)
		w.Text("type", "Rule")
	}
	w.End(analytic)
	p.attacks()
	w.End(m)
}

// findingUID is what all events of one finding share: the dedup key, of an incident else its number.
func (p *projection) findingUID() string {
	if e := &p.f.Event; p.class == incidentFinding && e.DedupKey == "" && e.Incident != "" {
		return e.Incident
	}
	return p.f.Key()
}

// attacks writes the techniques and tactics of MITRE ATT&CK. Ids are not looked up: an unknown one stays as it is.
func (p *projection) attacks() {
	w := &p.w
	list := w.List("attacks")
	for _, t := range p.f.Mitre {
		m := w.Object("")
		p.named("tactic", "uid", t.Tactic)
		p.named("technique", "uid", t.ID)
		p.named("technique", "name", t.Name)
		p.named("sub_technique", "uid", t.Sub)
		w.End(m)
	}
	w.End(list)
}

// named writes an object of one text, unless that is empty.
func (p *projection) named(object, member, value string) {
	m := p.w.Object(object)
	p.w.Text(member, value)
	p.w.End(m)
}

// evidences writes what the finding rests on, as one element.
func (p *projection) evidences() {
	w, f := &p.w, p.f
	list := w.List("evidences")
	m := w.Object("")
	p.endpoint("src_endpoint", &f.Source, true)
	p.endpoint("dst_endpoint", &f.Target, false)
	actor := w.Object("actor")
	p.user("user", &f.Source)
	w.End(actor)
	p.user("user", &f.Target)
	p.file()
	url := w.Object("url")
	w.Text("url_string", f.URL)
	w.End(url)
	job := w.List("resources")
	for _, r := range [...]struct{ kind, name string }{{"pod", f.Pod}, {"resource", f.Resource}} {
		m := w.Object("")
		if r.name != "" {
			w.Text("name", r.name)
			w.Text("type", r.kind)
		}
		w.End(m)
	}
	w.End(job)
	if !w.Empty(m) { // a container alone is no evidence to the schema
		p.named("container", "name", f.Container)
	}
	w.End(m)
	w.End(list)
}

// endpoint writes one end; where says that geo and network are about it.
func (p *projection) endpoint(name string, s *facts.Side, where bool) {
	w, f := &p.w, p.f
	m := w.Object(name)
	w.Text("ip", s.IPText())
	w.Text("hostname", s.Host)
	if where && s.IP.IsValid() {
		geo := w.Object("location")
		w.Text("country", f.Geo.CountryCode)
		w.Text("city", f.Geo.City)
		w.Text("region", f.Geo.Region)
		w.End(geo)
		as := w.Object("autonomous_system")
		if f.Net.ASN != 0 {
			w.Int("number", f.Net.ASN)
		}
		w.Text("name", f.Net.ASOrg)
		w.End(as)
	}
	w.End(m)
}

func (p *projection) user(name string, s *facts.Side) {
	w := &p.w
	m := w.Object(name)
	if s.User != "" {
		w.Text("name", s.User)
	} else {
		w.Text("name", s.Email)
	}
	w.Text("email_addr", s.Email)
	w.End(m)
}

// algorithmIDs are OCSF's, by our names.
var algorithmIDs = map[string]int64{"md5": 1, "sha1": 2, "sha256": 3, "sha512": 4}

// file writes the file with the checksums; without a name the schema knows no file.
func (p *projection) file() {
	w, f := &p.w, p.f
	if f.File == "" {
		return
	}
	m := w.Object("file")
	w.Text("name", path.Base(f.File))
	w.Text("path", f.File)
	w.Int("type_id", 0)
	hashes := w.List("hashes")
	for _, h := range f.Hashes {
		m := w.Object("")
		id, known := algorithmIDs[h.Algorithm]
		if !known {
			id = other
		}
		w.Int("algorithm_id", id)
		w.Text("value", h.Value)
		w.End(m)
	}
	w.End(hashes)
	w.End(m)
}

// unassigned is the group of an incident that nobody has taken yet: the schema wants somebody.
const unassigned = "unassigned"

// assignee writes who looks after an incident.
func (p *projection) assignee() {
	var data struct {
		Owner    string `json:"owner"`
		Assignee string `json:"assignee"`
	}
	if len(p.f.Event.Data) > 0 {
		_ = json.Unmarshal(p.f.Event.Data, &data) // a member of another kind stays empty
	}
	s := facts.Side{User: data.Assignee}
	if s.User == "" {
		s.User = data.Owner
	}
	if s.User == "" {
		s.User = p.f.Event.Actor
	}
	if s.User == "" {
		p.named("assignee_group", "name", unassigned)
		return
	}
	if facts.IsEmail(s.User) {
		s.Email = s.User
	}
	p.user("assignee", &s)
}
