package connectortest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// TextFields names the texts of an event that a sender chooses, as Reading.Texts names them. "label.key" is the name of a
// label, "entity.ip" the value of an entity that says that it is an address, whatever stands there.
func TextFields() []string { return strings.Fields(textFields) }

const textFields = `title description project alert_type dedup_key incident endpoint rule.id rule.name mitre status actor tlp tag
	label.key label.value entity.type entity.value entity.role entity.ip url source.vendor source.product source.instance source.id
	geo.country geo.city network.isp data.key data.value`

// Plain is the harmless text of a field in the events that hostile ones are compared with.
func Plain(field string) string {
	if field == "url" {
		return "https://console.example.com/plain"
	}
	return "plain" + strings.NewReplacer(".", "", "_", "").Replace(field)
}

// plainTexts is Plain for every field.
func plainTexts() map[string]string {
	texts := map[string]string{}
	for _, field := range TextFields() {
		texts[field] = Plain(field)
	}
	return texts
}

// RecordOf makes an alert whose texts are given by the names of TextFields. A field without a text is left out. Besides it
// has a severity, a risk score and an observed address, always the same.
func RecordOf(id event.ID, texts map[string]string) *event.Record {
	at := time.Date(2026, 11, 20, 12, 0, 0, 123456000, time.UTC)
	risk := 75.0
	e := event.Event{
		Type: "alert.created", Time: at, Severity: event.High, RiskScore: &risk, Title: texts["title"], Description: texts["description"],
		Project: texts["project"], AlertType: texts["alert_type"], DedupKey: texts["dedup_key"], Incident: texts["incident"],
		Endpoint: texts["endpoint"], Status: texts["status"], Actor: texts["actor"], TLP: texts["tlp"], URL: texts["url"],
		Rule:   &event.Rule{ID: texts["rule.id"], Name: texts["rule.name"]},
		Source: &event.Source{Vendor: texts["source.vendor"], Product: texts["source.product"], Instance: texts["source.instance"], ID: texts["source.id"]},
		Geo:    pairs("country", texts["geo.country"], "city", texts["geo.city"]), Network: pairs("isp", texts["network.isp"]),
		Data: pairs(texts["data.key"], texts["data.value"]), Mitre: some(texts["mitre"]), Tags: some(texts["tag"]),
		Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Role: "source", Observed: true}},
	}
	if texts["entity.value"] != "" {
		e.Entities = append(e.Entities, event.Entity{Type: texts["entity.type"], Value: texts["entity.value"], Role: texts["entity.role"]})
	}
	if texts["entity.ip"] != "" {
		e.Entities = append(e.Entities, event.Entity{Type: "ip", Value: texts["entity.ip"], Role: "target"})
	}
	if key := texts["label.key"]; key != "" {
		e.Labels = map[string]string{key: texts["label.value"]}
	}
	body, err := json.Marshal(e)
	if err != nil {
		panic("connectortest: encoding an event: " + err.Error())
	}
	return &event.Record{
		ID: id, Account: event.DefaultAccount, Type: e.Type, Severity: e.Severity, Project: e.Project, AlertType: e.AlertType,
		DedupKey: e.DedupKey, OrderingKey: e.Incident, Time: at, Received: at.Add(time.Second), Body: body,
	}
}

func some(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// pairs is an object of the pairs that have a name and a text; nil without any.
func pairs(list ...string) json.RawMessage {
	object := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		if list[i] != "" && list[i+1] != "" {
			object[list[i]] = list[i+1]
		}
	}
	if len(object) == 0 {
		return nil
	}
	raw, err := json.Marshal(object)
	if err != nil {
		panic("connectortest: encoding an object: " + err.Error())
	}
	return raw
}
