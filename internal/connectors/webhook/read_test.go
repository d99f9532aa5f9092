package webhook

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
)

// closely are the forms whose every field is looked at: each format and each profile once. The texts of the other profiles
// are their own tests' concern.
var closely = map[string]string{"native": formatObject, "cloudevents": formatArray, "ecs": formatNDJSON}

// reads says how the events of a request are read back, and what they are held against.
func reads(t *testing.T, h *connectortest.Harness, format, profile string) {
	split := func(body []byte) ([]json.RawMessage, error) {
		switch format {
		case formatNDJSON:
			return connectortest.Lines(body)
		case formatArray:
			var list []json.RawMessage
			err := json.Unmarshal(body, &list)
			return list, err
		}
		return []json.RawMessage{body}, nil
	}
	one := map[string]func([]byte) (connectortest.Reading, error){
		"native": connectortest.ReadEnvelope, "cloudevents": cloudEvent, "ecs": connectortest.ReadECS,
	}[profile]
	if one == nil || closely[profile] != format {
		return
	}
	if profile == "cloudevents" {
		h.Check = connectortest.EachValue(connectortest.Schema(t, "cloudevents/cloudevents.json"), split)
	}
	if profile == "ecs" {
		h.Shows = connectortest.ShowsECS
		h.Limits = []connectortest.Limit{{Text: "description", Max: 32766, Unit: connectortest.Bytes}}
	}
	h.Read = func(r connectortest.Request) ([]connectortest.Reading, error) {
		if len(r.Body) == 0 {
			return nil, nil
		}
		values, err := split(r.Body)
		if err != nil {
			return nil, err
		}
		var list []connectortest.Reading
		for _, v := range values {
			reading, err := one(v)
			if err != nil {
				return nil, err
			}
			list = append(list, reading)
		}
		return list, nil
	}
}

// cloudEvent reads the envelope inside a CloudEvent, and what stands outside as well.
func cloudEvent(raw []byte) (connectortest.Reading, error) {
	var c struct {
		Subject string          `json:"subject"`
		Key     string          `json:"partitionkey"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return connectortest.Reading{}, fmt.Errorf("reading the CloudEvent: %w", err)
	}
	r, err := connectortest.ReadEnvelope(c.Data)
	if err != nil {
		return r, err
	}
	r.Texts["dedup_key#subject"], r.Texts["incident#partitionkey"] = c.Subject, c.Key
	outside, err := connectortest.JSONShape(raw, "data")
	r.Shape += "\n" + outside
	return r, err
}
