package connectortest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// ecsDocument is what is read of an event in the Elastic Common Schema, with what stands below "tocsin".
type ecsDocument struct {
	Message string            `json:"message"`
	Tags    []string          `json:"tags"`
	Labels  map[string]string `json:"labels"`
	Rule    struct{ ID, Name string }
	Event   struct{ URL, Provider string }
	Threat  struct {
		Technique struct{ Name []string }
	}
	Observer struct{ Vendor, Product, Name string }
	Source   struct {
		Geo struct {
			Country string `json:"country_name"`
			City    string `json:"city_name"`
		}
	}
	Tocsin struct {
		Description, Project, Incident, Endpoint, Status, Actor, TLP string

		AlertType string            `json:"alert_type"`
		DedupKey  string            `json:"dedup_key"`
		SourceID  string            `json:"source_id"`
		Entities  []map[string]any  `json:"entities"`
		Geo       map[string]string `json:"geo"`
		Network   map[string]string `json:"network"`
		Data      map[string]string `json:"data"`
	}
}

// ReadECS reads a document of the Elastic Common Schema, as its readers do.
func ReadECS(raw []byte) (Reading, error) {
	var d ecsDocument
	if err := json.Unmarshal(raw, &d); err != nil {
		return Reading{}, fmt.Errorf("reading an ECS document: %w", err)
	}
	shape, err := JSONShape(raw, "labels", "tocsin.data")
	if err != nil {
		return Reading{}, err
	}
	t := &d.Tocsin
	r := Reading{Shape: withoutEmail(shape), Texts: map[string]string{
		"title": d.Message, "description": t.Description, "project": t.Project, "alert_type": t.AlertType, "dedup_key": t.DedupKey,
		"incident": t.Incident, "endpoint": t.Endpoint, "rule.id": d.Rule.ID, "rule.name": d.Rule.Name, "status": t.Status, "actor": t.Actor,
		"tlp": t.TLP, "url": d.Event.URL, "source.vendor": d.Observer.Vendor, "source.product": d.Observer.Product,
		"source.product#provider": d.Event.Provider, "source.instance": d.Observer.Name, "source.id": t.SourceID,
		"geo.country": t.Geo["country"], "geo.city": t.Geo["city"], "geo.country#source": d.Source.Geo.Country, "geo.city#source": d.Source.Geo.City,
		"network.isp": t.Network["isp"],
	}}
	r.list("mitre", d.Threat.Technique.Name)
	r.list("tag", d.Tags)
	r.Pair("label", d.Labels)
	r.Pair("data", t.Data)
	r.Entities(t.Entities)
	return r, nil
}

// ShowsECS is what of a field is seen in such a document: no name of a label has a dot, as labels may not be nested.
func ShowsECS(field, text string) string {
	if field == "label.key" {
		return strings.NewReplacer(".", "_", "*", "_", " ", "_", "\x00", "_").Replace(text)
	}
	return text
}

// withoutEmail leaves out of a shape that an actor who is a mail address is known by it as well.
func withoutEmail(shape string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(shape, "\n"), func(line string) bool {
		return line == ".source.user.email string" || line == ".user.email string"
	}), "\n")
}
