package ingest

import (
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// wallarmHit fills in what a malicious request tells.
func wallarmHit(e *event.Event, n notification) {
	hit := n.subject
	host, kind, request := firstText(hit, "host", "domain"), hit.text("type"), hit.text("path")
	title := n.summary
	if title == "" {
		title = "New hit detected"
	}
	e.Title = event.Clip(title+": "+joinTexts(" ", kind, "in", hit.text("method"), host+request), event.MaxTitle)
	if kind != "" {
		e.AlertType = event.Clip(strings.ToLower(kind), event.MaxName)
	}
	for _, name := range []string{"request_time", "create_time"} {
		if seconds, ok := hit.integer(name); ok && e.Time.IsZero() {
			e.Time, _ = event.EpochTime(seconds)
		}
	}
	e.Endpoint = event.Clip(request, event.MaxText)
	e.Status = event.Clip(hit.text("block_status"), event.MaxName)
	if apps := hit.texts("applications"); len(apps) > 0 {
		e.Project = event.Clip(apps[0], event.MaxName)
	}
	e.Source.ID = event.Clip(strings.Join(hit.texts("id"), "/"), event.MaxText)
	var list entities
	list.addIP(hit.text("remote_addr4"), "source")
	list.addIP(hit.text("remote_addr6"), "source")
	list.addHost(host, "target")
	e.Entities = list.all
	wallarmPlace(e, hit)
	e.DedupKey = dedupKey("wallarm", "hit", kind, host+request, firstText(hit, "remote_addr4", "remote_addr6"))
}

// wallarmPlace fills in geo and network.
func wallarmPlace(e *event.Event, hit object) {
	if country := hit.text("remote_country"); country != "" {
		e.Geo = object{"country_code": event.AppendString(nil, country)}.data()
	}
	network := object{}
	switch tor := hit.text("tor"); {
	case tor == "none":
		network["is_tor"] = []byte("false")
	case tor != "":
		network["is_tor"] = []byte("true")
	}
	if center := hit.text("datacenter"); center != "" && center != "unknown" && center != "none" {
		network["is_datacenter"] = []byte("true")
		network["datacenter"] = event.AppendString(nil, center)
	}
	if proxy := hit.text("proxy_type"); proxy != "" && proxy != "none" {
		network["is_proxy"] = []byte("true")
		network["proxy_type"] = event.AppendString(nil, proxy)
	}
	e.Network = network.data()
}

// wallarmWeakness fills in what a vulnerability or a security issue tells.
func wallarmWeakness(e *event.Event, n notification) {
	v := n.subject
	title, host := v.text("title"), firstText(v, "host", "domain")
	summary := n.summary
	if summary == "" {
		summary = "New vulnerability detected"
	}
	e.Title = event.Clip(joinTexts(": ", summary, title), event.MaxTitle)
	if s, ok := event.ParseSeverity(firstText(v, "risk", "threat")); ok {
		e.Severity = s
	}
	if kind := v.text("type"); kind != "" {
		e.AlertType = event.Clip(strings.ToLower(kind), event.MaxName)
	}
	e.Endpoint = event.Clip(v.text("path"), event.MaxText)
	link := firstText(v, "link")
	if link == "" && n.details != nil {
		link = n.details.text(n.name + "_link")
	}
	if len(link) <= event.MaxURL {
		e.URL = link
	}
	if e.Source.ID = event.Clip(v.scalar("id"), event.MaxText); e.Source.ID == "" && link != "" {
		e.Source.ID = event.Clip(path.Base(link), event.MaxText) // the link ends in the object's number
	}
	list := entities{told: true} // what is weak is not what attacks
	list.addHost(host, "target")
	if server, err := netip.ParseAddrPort(v.text("source")); err == nil {
		list.addIP(server.Addr().String(), "target")
	}
	e.Entities = list.all
	e.DedupKey = dedupKey("wallarm", n.name, host, v.text("path"), v.text("parameter"), e.Source.ID, title)
}

// wallarmOther fills in what the notifications without a subject tell.
func wallarmOther(e *event.Event, n notification) {
	if e.Title == "" {
		e.Title = event.Clip("Wallarm: "+n.kind, event.MaxTitle)
	}
	var list entities
	key := n.details.text("trigger_name")
	switch e.Type {
	case "vulnerability.detected": // vuln_high, vuln_medium and vuln_low carry the risk in their names
		_, risk, _ := strings.Cut(n.kind, "_")
		if s, ok := event.ParseSeverity(risk); ok {
			e.Severity = s
		}
	case "ip.blocked":
		e.Status = "blocked"
		for _, text := range append(n.details.texts("ip"), n.details.texts("ips")...) {
			list.addIP(text, "source")
		}
		if len(list.all) > 0 {
			key = list.all[0].Value
		}
	case "scope.changed":
		list.told = true
		wallarmScope(&list, n.details)
	case "system.user_created", "system.user_updated", "system.user_deleted":
		list.told = true
		user := wallarmUser(n.details)
		list.add("user", user, "target")
		key = user
	}
	e.Entities = list.all
	e.DedupKey = dedupKey("wallarm", n.kind, n.details.text("client_name"), key)
}

// wallarmUser finds the user a notification is about: the page shows no such payload, so all likely names are tried.
func wallarmUser(details object) string {
	if u := details.object("user"); u != nil {
		return firstText(u, "email", "username", "login", "name", "realname")
	}
	return firstText(details, "user_email", "email", "username", "user", "login", "user_name")
}

// wallarmScope lists the new addresses, hosts and domains of a scope notification: the texts of members that are
// named so.
func wallarmScope(list *entities, details object) {
	for _, name := range slices.Sorted(maps.Keys(details)) {
		switch lower := strings.ToLower(name); {
		case strings.HasPrefix(lower, "ip"):
			for _, text := range details.texts(name) {
				list.addIP(text, "target")
			}
		case strings.HasPrefix(lower, "domain"):
			for _, text := range details.texts(name) {
				list.add("domain", text, "target")
			}
		case strings.HasPrefix(lower, "host"):
			for _, text := range details.texts(name) {
				list.addHost(text, "target")
			}
		}
	}
}

// joinTexts joins the texts that are not empty.
func joinTexts(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool { return t == "" }), separator)
}
