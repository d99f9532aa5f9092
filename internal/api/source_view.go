package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/ingest"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/source"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// authObject is described by the form that reads it.
type authObject json.RawMessage

// MarshalJSON writes the object as it is.
func (o authObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Schema is that of the form.
func (authObject) Schema(huma.Registry) *huma.Schema {
	s := fromForm(form.Schema(new(source.Auth)))
	s.Examples = []any{object{{"method", "standard_webhooks"}, {"secret", "********"}, {"tolerance", "5m"}}}
	return s
}

// SourceInput is a source endpoint as it is made.
type SourceInput struct {
	Name    string            `json:"name" maxLength:"100" doc:"A name for people, unique in the account." example:"GitHub alerts"`
	Dialect string            `json:"dialect" maxLength:"64" doc:"What the sender writes: one of GET /api/v1/dialects." example:"github"`
	Enabled bool              `json:"enabled,omitempty" default:"true" doc:"Whether it takes events. While it does not, its URL is not found."`
	Auth    authObject        `json:"auth,omitempty" doc:"How a sender proves itself; with an API key unless said. Which fields count depends on the method."`
	Project string            `json:"project,omitempty" maxLength:"256" doc:"The project of events that name none." example:"production-api"`
	Labels  map[string]string `json:"labels,omitempty" doc:"Labels of events that have none of the name; at most 32." example:"{\"team\":\"blue\"}"`
	Types   []string          `json:"types,omitempty" maxItems:"100" doc:"Event types that may be sent: names, prefixes such as alert.*, or *. Without any, every type but the hub's own audit.*." example:"[\"alert.*\"]"`
}

// SourcePatch is a change: a JSON merge patch (RFC 7396).
type SourcePatch struct {
	Name    string            `json:"name,omitempty" maxLength:"100" doc:"A name for people."`
	Dialect string            `json:"dialect,omitempty" maxLength:"64" doc:"What the sender writes."`
	Enabled bool              `json:"enabled,omitempty" doc:"Whether it takes events."`
	Auth    authObject        `json:"auth,omitempty" doc:"What to change of how a sender proves itself."`
	Project string            `json:"project,omitempty" maxLength:"256" doc:"The project of events that name none."`
	Labels  map[string]string `json:"labels,omitempty" doc:"The labels to change; null removes one."`
	Types   []string          `json:"types,omitempty" maxItems:"100" doc:"Event types that may be sent."`
}

// SourceCounts is what came to a source.
type SourceCounts struct {
	Accepted uint64 `json:"accepted" doc:"Events that were taken." example:"1024"`
	Rejected uint64 `json:"rejected" doc:"Events that were not valid." example:"0"`
	Refused  uint64 `json:"refused" doc:"Requests that did not prove to be the source's." example:"3"`
}

// SourceEndpoint is a source endpoint as it is shown.
type SourceEndpoint struct {
	ID             string                `json:"id" doc:"Its id." example:"src_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name           string                `json:"name" doc:"Its name." example:"GitHub alerts"`
	Dialect        string                `json:"dialect" doc:"What the sender writes." example:"github"`
	Enabled        bool                  `json:"enabled" doc:"Whether it takes events."`
	Auth           authObject            `json:"auth" doc:"How a sender proves itself, with the defaults of what the method uses. Secrets are masked."`
	Project        string                `json:"project" doc:"The project of events that name none." example:"production-api"`
	Labels         map[string]string     `json:"labels" doc:"Labels of events that have none of the name." example:"{\"team\":\"blue\"}"`
	Types          []string              `json:"types" doc:"Event types that may be sent; empty: every type but the hub's own." example:"[\"alert.*\"]"`
	URL            string                `json:"url" doc:"Where the sender sends to, with POST." example:"https://tocsin.example.com/api/v1/ingest/src_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Version        int64                 `json:"version" doc:"Grows with each change; it is the ETag." example:"3"`
	CreatedAt      time.Time             `json:"created_at" doc:"When it was made."`
	UpdatedAt      time.Time             `json:"updated_at" doc:"When it was changed last."`
	LastReceivedAt *time.Time            `json:"last_received_at" doc:"When a request last proved to be the source's; null if none has."`
	Counts         SourceCounts          `json:"counts" doc:"What came to it since it was made."`
	Warnings       []integration.Warning `json:"warnings" doc:"What is allowed but probably not meant."`
}

// RotatedSource is a source with its new secret.
type RotatedSource struct {
	SourceEndpoint

	Secret string `json:"secret" doc:"The new secret. It is shown this once." example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
}

// Dialect is one entry of the list of dialects.
type Dialect struct {
	Name    string   `json:"name" doc:"Its name." example:"github"`
	Title   string   `json:"title" doc:"Its name for people." example:"GitHub"`
	Methods []string `json:"methods" doc:"The values of auth.method with which the tool can prove itself, the best first." example:"[\"github\"]"`
	DocsURL string   `json:"docs_url,omitempty" doc:"The vendor's page about sending." example:"https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries"`
}

// SourceTrial is a sample.
type SourceTrial struct {
	Sample  jsonAny           `json:"sample" doc:"The body: any JSON as the tool would send it, or a text that holds the body, such as NDJSON." example:"{\"type\":\"alert.created\"}"`
	Headers map[string]string `json:"headers,omitempty" doc:"Headers that the tool would send along, where the dialect looks at them." example:"{\"X-GitHub-Event\":\"secret_scanning_alert\"}"`
}

// SourceTried is what would come of a sample.
type SourceTried struct {
	Events        []Event         `json:"events" doc:"The events that it would make, in their canonical form but for the id. At most 100."`
	Accepted      int             `json:"accepted" doc:"How many there are." example:"1"`
	Rejected      []TriedRejected `json:"rejected" doc:"What would not be taken, and why. At most 100."`
	RejectedTotal int             `json:"rejected_total" doc:"How many that are." example:"0"`
}

// TriedRejected is a part of a sample that would not be taken.
type TriedRejected struct {
	Index int    `json:"index" doc:"Place in the sample, from 0." example:"0"`
	Error string `json:"error" doc:"What is wrong with it." example:"type: is missing"`
}

// jsonAny is any JSON.
type jsonAny json.RawMessage

// MarshalJSON writes it as it is.
func (o jsonAny) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// UnmarshalJSON keeps the bytes.
func (o *jsonAny) UnmarshalJSON(b []byte) error { return (*json.RawMessage)(o).UnmarshalJSON(b) }

// Schema says nothing.
func (jsonAny) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// maxTriedEvents is how many events an answer shows.
const maxTriedEvents = 100

func newTried(t ingest.Tried) SourceTried {
	out := SourceTried{Events: []Event{}, Accepted: len(t.Records), Rejected: []TriedRejected{}, RejectedTotal: t.RejectedTotal}
	for _, r := range t.Records[:min(len(t.Records), maxTriedEvents)] {
		out.Events = append(out.Events, Event(r.AppendJSON(nil)))
	}
	for _, r := range t.Rejected {
		out.Rejected = append(out.Rejected, TriedRejected{r.Index, r.Error})
	}
	return out
}

func (a *server) viewSource(ctx context.Context, s store.Source) SourceEndpoint {
	v := SourceEndpoint{
		ID: s.ID.Text(event.PrefixSource), Name: s.Name, Dialect: s.Dialect, Enabled: s.Enabled, Auth: authObject(source.Shown(s)),
		Project: s.Project, Labels: s.Labels, Types: s.Types, URL: a.sourceURL(ctx, s), Version: s.Version,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Counts: SourceCounts(s.Counts), Warnings: []integration.Warning{},
	}
	for _, w := range a.Sources.Warnings(s) {
		v.Warnings = append(v.Warnings, integration.Warning(w))
	}
	if v.Labels == nil {
		v.Labels = map[string]string{}
	}
	if v.Types == nil {
		v.Types = []string{}
	}
	if !s.LastReceivedAt.IsZero() {
		v.LastReceivedAt = &s.LastReceivedAt
	}
	return v
}

// sourceAnswer carries a source with its ETag.
type sourceAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new source is."`
	Body     SourceEndpoint
}

type rotatedAnswer struct {
	ETag string `header:"ETag" doc:"The version; send it back as If-Match."`
	Body RotatedSource
}

func (a *server) sourceAnswer(ctx context.Context, s store.Source, err error) (*sourceAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &sourceAnswer{ETag: etag(s.Version), Body: a.viewSource(ctx, s)}, nil
}

// SourcePath is the parameter of everything below one source.
type SourcePath struct {
	ID string `path:"id" maxLength:"64" doc:"The source's id." example:"src_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// id reads it. What is not an id cannot be found.
func (p SourcePath) id() (event.ID, error) { return pathID(event.PrefixSource, p.ID) }

// target reads what a change is about.
func (p SourcePath) target(c Condition) (id event.ID, version int64, err error) {
	if id, err = p.id(); err != nil {
		return id, 0, err
	}
	version, err = c.version()
	return id, version, err
}
