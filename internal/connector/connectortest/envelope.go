package connectortest

import (
	"encoding/json"
	"fmt"
)

// envelope is Tocsin's own form of an event as receivers read it. It is written here once more on purpose: nothing of
// package event takes part in reading.
type envelope struct {
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Project     string            `json:"project"`
	AlertType   string            `json:"alert_type"`
	DedupKey    string            `json:"dedup_key"`
	Incident    string            `json:"incident"`
	Endpoint    string            `json:"endpoint"`
	Rule        map[string]string `json:"rule"`
	Mitre       []string          `json:"mitre"`
	Status      string            `json:"status"`
	Actor       string            `json:"actor"`
	TLP         string            `json:"tlp"`
	Tags        []string          `json:"tags"`
	Labels      map[string]string `json:"labels"`
	URL         string            `json:"url"`
	Entities    []map[string]any  `json:"entities"`
	Source      map[string]string `json:"source"`
	Geo         map[string]string `json:"geo"`
	Network     map[string]string `json:"network"`
	Data        map[string]string `json:"data"`
}

// ReadEnvelope reads an event in Tocsin's own form, as receivers do.
func ReadEnvelope(raw []byte) (Reading, error) {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return Reading{}, fmt.Errorf("reading the envelope: %w", err)
	}
	shape, err := JSONShape(raw, "labels", "data")
	if err != nil {
		return Reading{}, err
	}
	r := Reading{Shape: shape, Texts: map[string]string{
		"title": e.Title, "description": e.Description, "project": e.Project, "alert_type": e.AlertType, "dedup_key": e.DedupKey,
		"incident": e.Incident, "endpoint": e.Endpoint, "rule.id": e.Rule["id"], "rule.name": e.Rule["name"], "status": e.Status,
		"actor": e.Actor, "tlp": e.TLP, "url": e.URL, "source.vendor": e.Source["vendor"], "source.product": e.Source["product"],
		"source.instance": e.Source["instance"], "source.id": e.Source["id"], "geo.country": e.Geo["country"], "geo.city": e.Geo["city"],
		"network.isp": e.Network["isp"],
	}}
	r.list("mitre", e.Mitre)
	r.list("tag", e.Tags)
	r.Pair("label", e.Labels)
	r.Pair("data", e.Data)
	r.Entities(e.Entities)
	return r, nil
}

// list takes the one text of a list.
func (r Reading) list(field string, texts []string) {
	if len(texts) == 1 {
		r.Texts[field] = texts[0]
	}
}

// Pair takes the one pair of an object whose names are data: "label" or "data".
func (r Reading) Pair(field string, object map[string]string) {
	for key, value := range object {
		r.Texts[field+".key"], r.Texts[field+".value"] = key, value
	}
}

// Entities takes the entities of RecordOf, in the envelope's form: the second and the third of them.
func (r Reading) Entities(list []map[string]any) {
	text := func(v any) string { s, _ := v.(string); return s }
	if len(list) == 3 {
		r.Texts["entity.type"], r.Texts["entity.value"], r.Texts["entity.role"] = text(list[1]["type"]), text(list[1]["value"]), text(list[1]["role"])
		r.Texts["entity.ip"] = text(list[2]["value"])
	}
}
