package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// subscriptionObject and deliveryObject are described by the forms that read them.
type (
	subscriptionObject json.RawMessage
	deliveryObject     json.RawMessage
)

// MarshalJSON writes the object as it is.
func (o subscriptionObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Schema is that of the subscription's form.
func (subscriptionObject) Schema(huma.Registry) *huma.Schema {
	s := fromForm(form.Schema(new(route.SubscriptionForm)))
	s.Examples = []any{object{{"types", []string{"alert.*"}}, {"min_severity", "medium"}, {"alert_types", []string{}},
		{"projects", []string{}}, {"include_children", false}}}
	return s
}

// MarshalJSON writes the object as it is.
func (o deliveryObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Schema is that of the delivery policy's form. Its default for order is that of most connectors.
func (deliveryObject) Schema(huma.Registry) *huma.Schema {
	s := fromForm(form.Schema(connector.NewPolicyForm(connector.Kind{})))
	s.Examples = []any{object{{"order", "none"}, {"concurrency", 32}, {"retry", object{
		{"schedule", []string{"0s", "5s", "5m", "30m"}}, {"max_age", "168h"},
	}}}}
	return s
}

// IntegrationInput is an integration as it is made.
type IntegrationInput struct {
	Kind         string             `json:"kind" doc:"The connector's kind; it cannot be changed later." example:"webhook"`
	Name         string             `json:"name" doc:"A name for people, unique among the integrations of the kind." maxLength:"100" example:"SOC webhook"`
	Settings     jsonObject         `json:"settings" doc:"The connector's settings: GET /api/v1/connectors/{kind} has their schema." example:"{\"url\":\"https://soc.example.com/hooks/tocsin\"}"`
	Enabled      bool               `json:"enabled,omitempty" default:"true" doc:"Whether it receives events."`
	Paused       bool               `json:"paused,omitempty" default:"false" doc:"Whether its events wait."`
	Subscription subscriptionObject `json:"subscription,omitempty" doc:"Which events it wants. Without types it sends nothing; every other empty filter means all. A kind that is a responder alone receives no events and takes none."`
	Delivery     deliveryObject     `json:"delivery,omitempty" doc:"How deliveries are made: order, concurrency, rate, batches, retries."`
	Fallback     string             `json:"fallback,omitempty" maxLength:"64" doc:"The id of another integration of the account, which gets what ends in this one's mailbox, whatever it subscribes to. What came by fallback falls no further." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Owner        string             `json:"owner,omitempty" maxLength:"200" doc:"Who looks after it." example:"soc@example.com"`
	RotateBy     string             `json:"rotate_by,omitempty" doc:"The date by which its credentials are to be changed." example:"2027-01-31"`
}

// IntegrationPatch is a change: a JSON merge patch (RFC 7396).
type IntegrationPatch struct {
	Name         string             `json:"name,omitempty" doc:"A name for people." maxLength:"100"`
	Settings     jsonObject         `json:"settings,omitempty" doc:"The settings to change. A secret that is left out or sent back masked keeps its value; null removes it."`
	Enabled      bool               `json:"enabled,omitempty" doc:"Whether it receives events."`
	Paused       bool               `json:"paused,omitempty" doc:"Whether its events wait."`
	Subscription subscriptionObject `json:"subscription,omitempty" doc:"The filters to change."`
	Delivery     deliveryObject     `json:"delivery,omitempty" doc:"What to change of how deliveries are made."`
	Fallback     string             `json:"fallback,omitempty" maxLength:"64" doc:"The id of the integration that gets what ends in this one's mailbox; null or empty for none."`
	Owner        string             `json:"owner,omitempty" maxLength:"200" doc:"Who looks after it."`
	RotateBy     string             `json:"rotate_by,omitempty" doc:"The date by which its credentials are to be changed."`
}

// Integration is an integration as it is shown.
type Integration struct {
	ID             string                `json:"id" doc:"Its id." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Kind           string                `json:"kind" doc:"The connector's kind." example:"webhook"`
	Name           string                `json:"name" doc:"Its name." example:"SOC webhook"`
	Enabled        bool                  `json:"enabled" doc:"Whether it receives events."`
	Paused         bool                  `json:"paused" doc:"Whether somebody lets its events wait." example:"false"`
	Voided         []string              `json:"voided,omitempty" doc:"Secrets that were given up because the destination's host changed. Events wait until they are entered again, or cleared with null." example:"[\"signing_secret\"]"`
	DisabledReason string                `json:"disabled_reason,omitempty" doc:"Why the hub itself disabled it." example:"the receiver answered 410"`
	Settings       jsonObject            `json:"settings" doc:"The settings with their defaults; secrets are masked." example:"{\"url\":\"https://soc.example.com/hooks/tocsin\",\"method\":\"POST\",\"signing_secret\":\"********\"}"`
	Subscription   subscriptionObject    `json:"subscription" doc:"Which events it wants."`
	Delivery       deliveryObject        `json:"delivery" doc:"How deliveries are made, with the defaults."`
	Fallback       string                `json:"fallback" doc:"The integration that gets what ends in its mailbox; empty for none." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Owner          string                `json:"owner" doc:"Who looks after it." example:"soc@example.com"`
	RotateBy       string                `json:"rotate_by" doc:"The date by which its credentials are to be changed; empty for none." example:"2027-01-31"`
	Secrets        []SecretAge           `json:"secrets" doc:"When its secrets were set to what they are. A secret that was entered before this was noted is not listed."`
	Version        int64                 `json:"version" doc:"Grows with each change; it is the ETag." example:"3"`
	CreatedAt      time.Time             `json:"created_at" doc:"When it was made."`
	UpdatedAt      time.Time             `json:"updated_at" doc:"When it was changed last."`
	Warnings       []integration.Warning `json:"warnings" doc:"What is allowed but probably not meant."`
	CallbackURL    string                `json:"callback_url,omitempty" doc:"Where the vendor is told to call, for kinds that are called: buttons, webhooks. Without a public_url of the hub it is the path alone." example:"https://tocsin.example.com/api/v1/callbacks/pagerduty/int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// SecretAge says since when a secret is what it is. It tells nothing of its value.
type SecretAge struct {
	Field string    `json:"field" doc:"The setting's path." example:"signing_secret"`
	SetAt time.Time `json:"set_at" doc:"When it was set. Saving the integration without another value for it does not change this." example:"2026-03-14T09:26:53Z"`
	SetBy string    `json:"set_by,omitempty" doc:"Who set it: a person's address or the name of an API key." example:"dana@example.com"`
}

func secretAges(i store.Integration) []SecretAge {
	ages := integration.SecretAges(i)
	list := make([]SecretAge, len(ages))
	for k, s := range ages {
		list[k] = SecretAge{Field: s.Field, SetAt: s.At, SetBy: s.By}
	}
	return list
}

func (a *server) view(i store.Integration) Integration {
	return Integration{
		ID: i.ID.Text(event.PrefixIntegration), Kind: i.Kind, Name: i.Name, Enabled: i.Enabled, Paused: i.Paused, Voided: i.Voided,
		DisabledReason: i.DisabledReason, Settings: jsonObject(a.Integrations.Settings(i)),
		Subscription: subscriptionObject(i.Subscription), Delivery: deliveryObject(a.Integrations.Delivery(i)),
		Fallback: idOrEmpty(event.PrefixIntegration, i.Fallback), Owner: i.Owner, RotateBy: i.RotateBy,
		Secrets: secretAges(i), Version: i.Version, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
		Warnings: a.Integrations.Warnings(i), CallbackURL: callback.URL(a.Catalogue, a.PublicURL, i),
	}
}

// integrationAnswer carries an integration with its ETag.
type integrationAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new integration is."`
	Body     Integration
}

func (a *server) integrationAnswer(i store.Integration, err error) (*integrationAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &integrationAnswer{ETag: etag(i.Version), Body: a.view(i)}, nil
}

// idOrEmpty is an id as people see it; empty for none.
func idOrEmpty(prefix string, id event.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.Text(prefix)
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// IntegrationPath is the parameter of everything below one integration.
type IntegrationPath struct {
	ID string `path:"id" maxLength:"64" doc:"The integration's id." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// id reads it. What is not an id cannot be found.
func (p IntegrationPath) id() (event.ID, error) { return pathID(event.PrefixIntegration, p.ID) }

func pathID(prefix, text string) (event.ID, error) {
	id, err := event.ParseID(prefix, text)
	if err != nil {
		return id, problem(http.StatusNotFound, fmt.Sprintf("%.64q is %s", text, err))
	}
	return id, nil
}

// Condition is the condition of a change.
type Condition struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The ETag that the change is based on; without it the change is made in any case." example:"\"3\""`
}

// version reads the condition; 0 is none. A weak or foreign tag can never match.
func (m Condition) version() (int64, error) {
	tag := strings.TrimSpace(m.IfMatch)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	text, err := strconv.Unquote(tag)
	if err == nil {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil && v > 0 {
			return v, nil
		}
	}
	return 0, problem(http.StatusPreconditionFailed, "If-Match is not an ETag such as \"3\"",
		fieldError("header.If-Match", "must be an ETag such as \"3\""))
}

// queryID reads an optional id given as a parameter.
func queryID(prefix, name, text string) (event.ID, error) {
	if text == "" {
		return event.ID{}, nil
	}
	id, err := event.ParseID(prefix, text)
	if err != nil {
		f := fieldError("query."+name, err.Error())
		return id, problem(http.StatusUnprocessableEntity, summary([]FieldError{f}), f)
	}
	return id, nil
}
