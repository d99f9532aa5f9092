// Package event is the vendor-free model of what happened: ids, severities, the record that travels through the hub,
// the parser that turns a sender's JSON into it, and the catalogue of event types.
//
// Two shapes of one event exist. A [Record] is what the hub carries: the few fields that routing needs, and the
// event's JSON as bytes that nobody parses unless a connector asks. An [Event] is the parsed form, for code that
// reads or writes fields.
package event

import (
	"encoding/json"
	"time"
)

// Account names the tenant a thing belongs to. It is never optional: every row, key and query carries one.
type Account string

// DefaultAccount is the only account of an installation that has not made others.
const DefaultAccount Account = "default"

// Event is the envelope in its parsed form. All fields but Type may be empty. Field names are those of the JSON.
type Event struct {
	Type        string            `json:"type"`
	Time        time.Time         `json:"time,omitzero"`
	Severity    Severity          `json:"severity"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description,omitempty"`
	Project     string            `json:"project,omitempty"`
	AlertType   string            `json:"alert_type,omitempty"`
	DedupKey    string            `json:"dedup_key,omitempty"`
	OrderingKey string            `json:"ordering_key,omitempty"`
	Incident    string            `json:"incident,omitempty"`
	Endpoint    string            `json:"endpoint,omitempty"`
	Rule        *Rule             `json:"rule,omitempty"`
	Mitre       []string          `json:"mitre,omitempty"`
	RiskScore   *float64          `json:"risk_score,omitempty"` // 0 to 100
	Status      string            `json:"status,omitempty"`
	Actor       string            `json:"actor,omitempty"`
	Entities    []Entity          `json:"entities,omitempty"`
	Geo         json.RawMessage   `json:"geo,omitempty"`     // an object
	Network     json.RawMessage   `json:"network,omitempty"` // an object
	Tags        []string          `json:"tags,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	TLP         string            `json:"tlp,omitempty"`
	URL         string            `json:"url,omitempty"`
	Source      *Source           `json:"source,omitempty"`
	Data        json.RawMessage   `json:"data,omitempty"` // an object
}

// Rule is the detection that fired.
type Rule struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Source says where the event came from. ID is the sender's own id of the event.
type Source struct {
	Vendor   string `json:"vendor,omitempty"`
	Product  string `json:"product,omitempty"`
	Instance string `json:"instance,omitempty"`
	ID       string `json:"id,omitempty"`
}

// Entity is a thing the event is about. Only an Observed entity (the sensor saw it on the wire or on the host, it was
// not parsed from text) may ever become the target of a response action.
type Entity struct {
	Type     string `json:"type"` // ip, user, host, domain, url, hash, email, process, file, container, …
	Value    string `json:"value"`
	Role     string `json:"role,omitempty"` // source, target, actor, …
	Observed bool   `json:"observed,omitempty"`
}
