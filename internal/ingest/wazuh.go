package ingest

import (
	"iter"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Wazuh reads the alerts of a Wazuh manager (https://documentation.wazuh.com/current/user-manual/manager/alert-management.html):
// the lines of alerts.json, the file that the Integrator hands to an integration, and the wrappings that integrations
// put around it (all_fields of the Shuffle script, alert, parameters.alert of active response, _source of an index).
//
//	type       by the rule's groups and the members of the alert: vulnerability.detected and resolved (vulnerability
//	           detector), detection.malware (VirusTotal with positives), detection.file_integrity (syscheck),
//	           detection.rootkit (rootcheck), auth.login.failure and success; else detection.host_rule
//	severity   rule.level: 0 to 3 info, 4 to 6 low, 7 to 11 medium, 12 to 14 high, 15 and above critical
//	           (https://documentation.wazuh.com/current/user-manual/ruleset/rules/rules-classification.html); of a
//	           weakness its own severity
//	time       timestamp, else @timestamp
//	title      rule.description, of rootcheck with what it found; description: full_log, else Windows' message
//	rule       id and description of the rule; alert_type: its last group that is not a mark of compliance
//	mitre      rule.mitre.id; tags: rule.groups
//	source     vendor wazuh, product wazuh, instance manager.name, id id
//	dedup_key  wazuh, the manager, the rule, the agent, what it is about (see wazuhPlace) and the address, else the
//	           user that it came from; of a weakness the manager, the agent, the CVE and the package; of a check of a
//	           policy (SCA) the manager, the agent, the policy and the check
//	labels     agent_id, agent_name and cluster
//	geo        GeoLocation
//	entities   see wazuhEntities
//	data       everything else, and the members that these fields were taken from
type Wazuh struct{}

// Name is the last part of the path.
func (Wazuh) Name() string { return "wazuh" }

// Decode reads one alert, an array or NDJSON.
func (Wazuh) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, wazuhItem)
}

// wazuhAlert finds the alert in what stands around it, and where; at is empty when nothing does.
func wazuhAlert(o object) (alert object, at string) {
	isAlert := func(o object) bool {
		r := o.object("rule")
		return r.scalar("id") != "" || r.has("level") || r.text("description") != ""
	}
	if isAlert(o) {
		return o, ""
	}
	for _, path := range []string{"all_fields", "alert", "parameters.alert", "_source", "data", "body"} {
		if a := o.digObject(path); isAlert(a) {
			return a, path
		}
	}
	return nil, ""
}

func wazuhItem(o object) (Item, error) {
	a, at := wazuhAlert(o)
	if a == nil {
		return Item{}, event.FieldErrors{{Field: "rule", Detail: "is missing: not an alert of Wazuh (alert_format must be json)"}}
	}
	rule, r := a.object("rule"), remainderOf(a)
	groups := rule.texts("groups")
	e := event.Event{
		Type:        wazuhType(a, groups),
		Severity:    wazuhSeverity(a, rule),
		Time:        r.takeTime("timestamp", "@timestamp"),
		Title:       event.Clip(rule.text("description"), event.MaxTitle),
		Description: wazuhDescription(a, r),
		Rule:        &event.Rule{ID: event.Clip(rule.scalar("id"), event.MaxText), Name: event.Clip(rule.text("description"), event.MaxText)},
		AlertType:   wazuhAlertType(groups),
		Mitre:       techniques(rule.object("mitre").texts("id")...),
		Tags:        tagsOf(groups),
		Labels:      wazuhLabels(a),
		Geo:         wazuhGeo(a.object("GeoLocation")),
		URL:         wazuhURL(a.object("data")),
	}
	e.Source = sourceOf("wazuh", "wazuh", a.digText("manager.name"), r.take("id", event.MaxText))
	if e.Title == "" {
		e.Title = event.Clip("Wazuh rule "+rule.scalar("id"), event.MaxTitle)
	}
	if path := a.digText("data.url"); strings.HasPrefix(path, "/") {
		e.Endpoint = event.Clip(path, event.MaxText)
	}
	e.Status = event.Clip(a.digFirst("data.vulnerability.status", "syscheck.event"), event.MaxName)
	if found := a.digText("data.title"); e.Type == "detection.rootkit" && found != "" {
		e.Title = event.Clip(joinTexts(" ", strings.TrimRight(e.Title, ".")+":", found, a.digText("data.file")), event.MaxTitle)
	}
	list := wazuhEntities(a)
	e.Entities = list.all
	e.Actor = event.Clip(list.firstOf("user", "actor"), event.MaxText)
	e.DedupKey = wazuhKey(a, e.Source.Instance, e.Rule.ID, list)
	e.Data = wazuhData(o, r.rest(), at).data()
	return Item{Event: e, Test: a.truth("@sampledata")}, nil
}

// wazuhKey tells matters apart. A weakness is the same under the rule that found it and the one that says it is solved, a
// check of a policy under the rules for failed and passed.
func wazuhKey(a object, manager, rule string, list *entities) string {
	agent := a.digFirst("agent.id", "agent.name")
	if cve := a.digText("data.vulnerability.cve"); cve != "" {
		return dedupKey("wazuh", manager, "vulnerability", agent, cve, a.digText("data.vulnerability.package.name"))
	}
	if check := a.digText("data.sca.check.id"); check != "" {
		return dedupKey("wazuh", manager, "sca", agent, a.digFirst("data.sca.policy_id", "data.sca.policy"), check)
	}
	place, from := wazuhPlace(a), list.firstOf("ip", "source")
	if place == "" && from == "" {
		from = list.firstOf("user", "")
	}
	return dedupKey("wazuh", manager, rule, agent, place, from)
}

// wazuhPlace is what an alert is about, where one rule stands for many matters: the file, the value of the registry, the
// signature of another sensor, the query, the finding of a cloud.
func wazuhPlace(a object) string {
	if value := a.digText("syscheck.value_name"); value != "" {
		return a.digText("syscheck.path") + "/" + value
	}
	place := a.digFirst("syscheck.path", "data.virustotal.source.file", "data.file", "data.title", "data.sca.policy_id", "data.sca.policy",
		"data.alert.signature_id", "data.osquery.name", "data.cis.rule_id", "data.cis.rule_title", "data.docker.id",
		"data.aws.id", "data.aws.eventName", "data.office365.Operation", "data.parameters.alert.data.srcip")
	if place == "" {
		place = wazuhWindowsPlace(a)
	}
	return place
}

// wazuhData is the rest of the alert, with what stood around it under "integration".
func wazuhData(o, rest object, at string) object {
	if at == "" {
		return rest
	}
	around := remainderOf(o)
	outer, inner, nested := strings.Cut(at, ".")
	around.place(outer)
	left := around.rest()
	if nested {
		beside := remainderOf(o.object(outer))
		beside.place(inner)
		left.setObject(outer, beside.rest())
	}
	rest.setObject(freeMember(rest, "integration"), left)
	return rest
}

func wazuhType(a object, groups []string) string {
	in := func(names ...string) bool {
		for _, g := range groups {
			for _, n := range names {
				if g == n {
					return true
				}
			}
		}
		return false
	}
	vulnerability, file := a.digObject("data.vulnerability"), a.digObject("data.virustotal")
	positives, _ := file.number("positives")
	switch {
	case vulnerability != nil && strings.EqualFold(vulnerability.text("status"), "solved"):
		return "vulnerability.resolved"
	case vulnerability != nil || in("vulnerability-detector"):
		return "vulnerability.detected"
	case positives > 0 || file.scalar("malicious") == "1":
		return "detection.malware"
	case file != nil: // VirusTotal knows nothing bad, or answered with an error
		return "detection.host_rule"
	case a.has("syscheck") || in("syscheck"):
		return "detection.file_integrity"
	case in("rootcheck"):
		return "detection.rootkit"
	case in("authentication_failed", "authentication_failures", "win_authentication_failed"):
		return "auth.login.failure"
	case in("authentication_success"):
		return "auth.login.success"
	}
	switch a.digText("data.office365.Operation") {
	case "UserLoginFailed":
		return "auth.login.failure"
	case "UserLoggedIn":
		return "auth.login.success"
	}
	return "detection.host_rule"
}

func wazuhSeverity(a, rule object) event.Severity {
	level, ok := rule.number("level")
	if own := a.digText("data.vulnerability.severity"); own != "" {
		return severityOf(wazuhLevel(level, ok), own)
	}
	return wazuhLevel(level, ok)
}

// wazuhLevel reads the level of a rule; ok is false when it has none.
func wazuhLevel(level float64, ok bool) event.Severity {
	switch {
	case !ok:
		return event.Medium
	case level >= 15:
		return event.Critical
	case level >= 12:
		return event.High
	case level >= 7:
		return event.Medium
	case level >= 4:
		return event.Low
	}
	return event.Info
}

// wazuhCompliance are the beginnings of groups that name a rule's place in a standard, not what it is about.
var wazuhCompliance = []string{"pci_dss", "gpg13", "gdpr", "hipaa", "nist_800_53", "tsc", "cis_", "iso_"}

func wazuhAlertType(groups []string) string {
	kind := ""
next:
	for _, g := range groups {
		for _, c := range wazuhCompliance {
			if strings.HasPrefix(strings.ToLower(g), c) {
				continue next
			}
		}
		if s := slug(g); s != "" && (s != "windows" || kind == "") { // Sysmon's rules have it last
			kind = s
		}
	}
	return kind
}
