package api

import (
	"github.com/danielgtaylor/huma/v2"
)

// The security schemes' names in the document.
const (
	schemeKey     = "apiKey"
	schemeBearer  = "bearer"
	schemeSession = "session"
)

// The tags, which group operations in the document and on the page.
const (
	tagEvents       = "Events"
	tagAlerts       = "Alerts"
	tagIntegrations = "Integrations"
	tagSources      = "Sources"
	tagConnectors   = "Connectors"
	tagIncidents    = "Incidents"
	tagDeliveries   = "Deliveries"
	tagSilences     = "Silences"
	tagBlocks       = "Blocks"
	tagMailbox      = "Mailbox"
	tagJobs         = "Jobs"
	tagState        = "State"
	tagKeys         = "API keys"
	tagUsers        = "People"
	tagAccounts     = "Accounts"
	tagAudit        = "Audit"
	tagHub          = "Operator"
)

const about = `Tocsin receives security events once, makes them durable, and delivers them to many destinations.

Send a key as X-API-Key or as a bearer token; each operation names the scope that its key needs, and a key with the scope admin may do everything. A thing of another account is not found. An administrator acts in an account below by naming it in X-Tocsin-Account.

Where a limit applies, answers carry X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset (Unix seconds), and what is above it is answered 429 with Retry-After. What is privileged is written down in the audit record before it is done; if it cannot be written down, it is not done (503).

Problems are application/problem+json (RFC 9457) with one entry per wrong field. Lists answer {"items": […], "next": "cursor"}: pass next as cursor to go on, until there is none. Times are RFC 3339 in UTC, durations are Go durations such as "15s", sizes look like "900KiB".

What people change (integrations, alerts, incidents, silences, blocks, rules) has an ETag. Send it back as If-Match with a change, and the change is refused with 412 if somebody else was faster.`

// newDocument begins the OpenAPI document.
func newDocument(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Tocsin API", Version: version, Description: about,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "This hub"}},
		Tags: []*huma.Tag{
			{Name: tagEvents, Description: "Send events, and read back the recent ones."},
			{Name: tagAlerts, Description: "The queue of alerts: what the alert.* events of one dedup key fold into, and what people do with it."},
			{Name: tagIncidents, Description: "Cases: alerts under one number, with an owner, a status, notes, files and a timeline; and the rules that make them."},
			{Name: tagIntegrations, Description: "Where events go: configured instances of connectors, each with its subscription and delivery policy."},
			{Name: tagSources, Description: "Where events come from: endpoints that each belong to one sending tool, with a key and a way of proving who sends of its own."},
			{Name: tagConnectors, Description: "What can be configured, with the JSON Schema of each connector's settings."},
			{Name: tagDeliveries, Description: "One event on its way to one integration, with every attempt."},
			{Name: tagSilences, Description: "What nobody wants to be told of for a time; it stays among the events and alerts."},
			{Name: tagBlocks, Description: "Addresses that must not get in: desired state, which responders make true and prove; what is never blocked; and the rules of both."},
			{Name: tagMailbox, Description: "Deliveries that ended in failure, kept with their cause until a person decides."},
			{Name: tagJobs, Description: "Long work: replays from the mailbox, and backfills, which bring an integration what was received before it was made."},
			{Name: tagState, Description: "Whether everything works, and whether the counts add up."},
			{Name: tagKeys, Description: "Keys for this API."},
			{Name: tagUsers, Description: "People, how they sign in, and what the hub knows of the caller."},
			{Name: tagAccounts, Description: "Tenants in a tree, their projects, plans and use."},
			{Name: tagAudit, Description: "Who did what, in a chain that shows when something was changed."},
			{Name: tagHub, Description: "What concerns the whole hub: for an administrator of the account default."},
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				schemeKey:     {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "An API key. The names in a requirement are scopes, one of which the key needs."},
				schemeBearer:  {Type: "http", Scheme: "bearer", Description: "The same key as a bearer token."},
				schemeSession: {Type: "apiKey", In: "cookie", Name: secureCookie, Description: "A person's session. Everything but GET needs X-CSRF-Token, too."},
			},
		},
	}
}

// servedElsewhere marks operations that are in the document for its readers but are not this package's.
const servedElsewhere = "x-tocsin-room"

// receipt mirrors what ingest answers with, for the document.
type receipt struct {
	Accepted  int              `json:"accepted" doc:"How many events are durable now." example:"2"`
	IDs       []string         `json:"ids" doc:"Their ids, in the order sent." example:"[\"evt_01kmb7a2v4e9zr6x3q8w5t0ysd\"]"`
	Dropped   int              `json:"dropped,omitempty" doc:"How many the account's mapping rules dropped; they have no ids."`
	OverQuota uint64           `json:"over_quota,omitempty" doc:"How many of them are above the plan's number of the month, and taken all the same."`
	Rejected  []receiptProblem `json:"rejected,omitempty" doc:"The events that were refused; the others are accepted all the same."`
}

type receiptProblem struct {
	Index int    `json:"index" doc:"Place in the request, from 0."`
	Error string `json:"error" doc:"What is wrong with it."`
}

// describeIngest adds the operations that the ingest room serves at paths beside this package's.
func describeIngest(doc *huma.OpenAPI) {
	schema := doc.Components.Schemas.Schema(typeOf[receipt](), true, "")
	problemSchema := doc.Components.Schemas.Schema(typeOf[Problem](), true, "")
	problems := func(status ...string) map[string]*huma.Response {
		all := map[string]*huma.Response{"202": {
			Description: "Accepted, after the journal is on disk",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
		}}
		for _, s := range status {
			all[s] = &huma.Response{
				Description: statusText(s),
				Content:     map[string]*huma.MediaType{problemType: {Schema: problemSchema}},
			}
		}
		return all
	}
	event := &huma.Schema{Type: huma.TypeObject, Required: []string{"type"}, AdditionalProperties: true, Properties: eventProperties(doc.Components.Schemas)}
	security := []map[string][]string{{schemeKey: {scopeSend}}, {schemeBearer: {scopeSend}}, {schemeSession: {scopeSend}}}
	doc.AddOperation(&huma.Operation{
		OperationID: "send-events", Method: "POST", Path: "/api/v1/events", Tags: []string{tagEvents}, Security: security,
		Summary: "Send events",
		Description: "Takes one event, an array of events, or one event a line (application/x-ndjson); CloudEvents 1.0 as structured, batched or binary content; gzip and zstd. " +
			"The answer comes when the events are durable.\n\nOnly type is required. Unknown top-level fields move into data. " +
			"A request with an Idempotency-Key that is sent again gets the same answer, and 409 if its body is another.",
		Parameters: []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Description: "Makes it safe to send the request again within 24 hours.",
			Schema: &huma.Schema{Type: huma.TypeString},
		}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {
			Schema: event, Example: exampleEvent(),
		}}},
		Responses:  problems("400", "401", "403", "409", "413", "415", "422", "429", "503"),
		Extensions: map[string]any{servedElsewhere: "ingest"},
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "send-dialect", Method: "POST", Path: "/api/v1/ingest/{source}", Tags: []string{tagEvents}, Security: security,
		Summary: "Send events as a tool writes them",
		Description: "Takes what the named tool posts, and turns it into events. The tool's own bytes are kept as raw.\n\n" +
			"In the place of a tool's name may stand the id of a source endpoint (src_…). Then the source says what the tool is and how the sender proves itself; a key is needed only if the source says so. " +
			"A delivery that carries an id, or a signed time, is taken once: the same again gets the same answer.",
		Parameters: []*huma.Param{{
			Name: "source", In: "path", Required: true, Description: "The tool, such as falco or wallarm, or the id of a source endpoint.", Example: "falco",
			Schema: &huma.Schema{Type: huma.TypeString},
		}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {
			Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true},
		}}},
		Responses:  problems("400", "401", "403", "404", "409", "413", "415", "422", "429", "503"),
		Extensions: map[string]any{servedElsewhere: "ingest"},
	})
	doc.AddOperation(socwardenIntake(security, problems("400", "401", "403", "409", "413", "415", "422", "429", "503")))
}
