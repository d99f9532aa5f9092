package ingest

import (
	"iter"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Suricata reads EVE, Suricata's JSON output (https://docs.suricata.io/en/latest/output/eve/eve-json-format.html), of
// every event type and version, as Suricata writes it or with what EveBox and Filebeat add.
//
//	type       detection.ids_signature for alert; telemetry.statistics for stats; system.notice for engine;
//	           network.file for fileinfo; else network.<event_type>
//	severity   alert.severity: 1 high, 2 medium, 3 low, more info; critical when the rule's own signature_severity says
//	           so; anomaly and drop low; all others info
//	time       timestamp, else @timestamp
//	title      alert.signature; else what was seen, and between whom
//	rule       id: alert.signature_id, with the group in front when that is not 1; name: alert.signature
//	alert_type alert.category in lower case with underscores
//	mitre      alert.metadata.mitre_technique_id and its relatives
//	status     alert.action
//	tags       tags (of a shipper), and alert.metadata.tag
//	source     vendor oisf, product suricata, instance host
//	dedup_key  of alerts and anomalies: suricata, the sensor, the rule and both ends
//	entities   see suricataEntities
//	data       everything else, flow_id and community_id among it
type Suricata struct{}

// Name is the last part of the path.
func (Suricata) Name() string { return "suricata" }

// Decode reads one object, an array or NDJSON.
func (Suricata) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, suricataItem)
}

// eveOf finds the EVE record in what a shipper made of it: Filebeat puts it into suricata.eve or json, and the two ends
// into fields of its own.
func eveOf(o object) object {
	if o.text("event_type") != "" {
		return o
	}
	for _, path := range []string{"suricata.eve", "json"} {
		eve := o.digObject(path)
		if eve.text("event_type") == "" {
			continue
		}
		for name, moved := range eveMoved {
			if !eve.has(name) && o.dig(moved) != nil {
				eve[name] = o.dig(moved)
			}
		}
		return eve
	}
	return nil
}

// eveMoved is where Filebeat puts the members of the record that it takes out of it.
var eveMoved = map[string]string{
	"src_ip": "source.ip", "src_port": "source.port", "dest_ip": "destination.ip", "dest_port": "destination.port",
}

func suricataItem(o object) (Item, error) {
	eve := eveOf(o)
	if eve == nil {
		return Item{}, event.FieldErrors{{Field: "event_type", Detail: "is missing: not an EVE record of Suricata"}}
	}
	kind, alert := eve.text("event_type"), eve.object("alert")
	e := event.Event{Type: suricataType(kind), Severity: suricataSeverity(kind, alert)}
	r := remainderOf(o)
	if e.Time = r.takeTime("timestamp"); e.Time.IsZero() {
		e.Time = remainderOf(eve).takeTime("timestamp")
	}
	if e.Time.IsZero() {
		e.Time = r.takeTime("@timestamp")
	}
	e.Tags = tagsOf(append(r.takeTags("tags"), alert.object("metadata").texts("tag")...))
	e.Source = sourceOf("oisf", "suricata", r.take("host", event.MaxText), "")
	if e.Source.Instance == "" {
		e.Source.Instance = event.Clip(o.digFirst("host.name", "agent.hostname", "agent.name"), event.MaxText)
	}
	list := suricataEntities(eve, alert)
	e.Entities = list.all
	source, target := suricataEnds(eve, alert)
	e.Title = event.Clip(suricataTitle(kind, eve), event.MaxTitle)
	e.Endpoint = event.Clip(eve.digText("http.url"), event.MaxText)
	switch {
	case alert != nil:
		suricataAlert(&e, alert)
		e.DedupKey = dedupKey("suricata", e.Source.Instance, e.Rule.ID, source, target)
	case kind == "anomaly":
		e.DedupKey = dedupKey("suricata", e.Source.Instance, "anomaly", eve.digText("anomaly.event"), source, target)
	}
	e.Data = r.rest().data()
	return Item{Event: e}, nil
}

// suricataAlert fills in what a rule that matched tells. A record of another type has it too when Suricata logs the
// alert along with, say, a dropped packet.
func suricataAlert(e *event.Event, alert object) {
	id, group := alert.scalar("signature_id"), alert.scalar("gid")
	if group != "" && group != "1" && id != "" {
		id = group + ":" + id
	}
	name := alert.text("signature")
	e.Rule = &event.Rule{ID: event.Clip(id, event.MaxText), Name: event.Clip(name, event.MaxText)}
	if name != "" {
		e.Title = event.Clip(name, event.MaxTitle)
	}
	e.AlertType = slug(alert.text("category"))
	e.Status = event.Clip(alert.text("action"), event.MaxName)
	metadata := alert.object("metadata")
	for _, name := range []string{"mitre_technique_id", "mitre_sub_technique_id", "mitre_technique", "mitre_attack"} {
		e.Mitre = append(e.Mitre, metadata.texts(name)...)
	}
	e.Mitre = techniques(e.Mitre...)
}

func suricataType(kind string) string {
	switch kind {
	case "alert":
		return "detection.ids_signature"
	case "stats":
		return "telemetry.statistics"
	case "engine":
		return "system.notice"
	case "fileinfo":
		return "network.file"
	}
	if t := namedType("network", kind); t != "network" {
		return t
	}
	return "custom.suricata"
}

func suricataSeverity(kind string, alert object) event.Severity {
	if alert != nil {
		if strings.EqualFold(firstOfTexts(alert.object("metadata"), "signature_severity"), "critical") {
			return event.Critical
		}
		switch n, _ := alert.integer("severity"); n {
		case 1:
			return event.High
		case 2:
			return event.Medium
		case 3:
			return event.Low
		}
		return event.Info
	}
	if kind == "anomaly" || kind == "drop" {
		return event.Low
	}
	return event.Info
}

// firstOfTexts is the first text of a member that is a text or an array of them.
func firstOfTexts(o object, name string) string {
	for _, t := range o.texts(name) {
		return t
	}
	return ""
}
