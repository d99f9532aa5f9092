package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
)

// HealthReport is how the hub is doing. Status is "ok", or "failing" when it cannot do its work.
type HealthReport struct {
	Status  string        `json:"status" enum:"ok,failing" doc:"failing when events cannot be taken in."`
	Version string        `json:"version" doc:"The build." example:"1.2.3"`
	Uptime  string        `json:"uptime" doc:"How long the process has run." example:"26h3m0s"`
	Journal JournalHealth `json:"journal" doc:"The journal."`
	Lanes   LanesHealth   `json:"lanes" doc:"The integrations' lanes: of all accounts for those of the account default, of the own account for others."`
	Store   StoreHealth   `json:"store" doc:"The store."`

	Responders RespondersHealth `json:"responders" doc:"The integrations that block: of all accounts for those of the account default, of the own account for others."`
}

// RespondersHealth sums responders up.
type RespondersHealth struct {
	Total   int `json:"total" doc:"How many there are."`
	Off     int `json:"off" doc:"How many are disabled or paused, or lack a secret: blocks are not brought there."`
	Failing int `json:"failing" doc:"How many have failed for more than five minutes: what stands there is not known."`
	Warning int `json:"warning" doc:"How many say that blocks there have no effect."`
}

// failingFor is how long a responder fails before it counts as failing.
const failingFor = 5 * time.Minute

// Add counts more responders.
func (r *RespondersHealth) Add(states []reconcile.State, now time.Time) {
	for i := range states {
		s := &states[i]
		r.Total++
		switch {
		case !s.Enabled:
			r.Off++
		case s.Error != "" && now.Sub(s.ErrorSince) > failingFor:
			r.Failing++
		}
		if len(s.Warnings) > 0 {
			r.Warning++
		}
	}
}

// JournalHealth is the journal's state.
type JournalHealth struct {
	OK          bool      `json:"ok" doc:"Whether it takes events."`
	Epoch       uint32    `json:"epoch" doc:"Grows when the journal lost its newest part."`
	FirstFrame  uint64    `json:"first_frame" doc:"The oldest frame; 0 when it is empty."`
	LastFrame   uint64    `json:"last_frame" doc:"The newest frame; 0 when it is empty."`
	Bytes       int64     `json:"bytes" doc:"Its size on disk."`
	FreeBytes   int64     `json:"free_bytes" doc:"What is free on its file system."`
	Quarantined int       `json:"quarantined" doc:"Damaged sections found since the start."`
	OldestTime  time.Time `json:"oldest_time,omitzero" doc:"The time of the oldest frame."`
	Error       string    `json:"error,omitempty" doc:"Why it takes no events."`
}

// LanesHealth sums the lanes up.
type LanesHealth struct {
	Total      int    `json:"total" doc:"How many integrations there are."`
	CatchingUp int    `json:"catching_up" doc:"How many read the journal on their own to catch up."`
	Paused     int    `json:"paused" doc:"How many are paused."`
	Disabled   int    `json:"disabled" doc:"How many are disabled."`
	Open       int    `json:"breakers_open" doc:"How many have an open breaker: their receiver fails."`
	Waiting    uint64 `json:"waiting" doc:"Deliveries that wait."`
	Parked     uint64 `json:"parked" doc:"Deliveries that are parked for another attempt."`
	Mailbox    uint64 `json:"mailbox" doc:"Deliveries in the mailbox."`
}

// StoreHealth is the store's state.
type StoreHealth struct {
	OK    bool   `json:"ok" doc:"Whether it can be written."`
	Error string `json:"error,omitempty" doc:"Why it cannot."`
}

// IntegrationStats is what is known of an integration's deliveries.
type IntegrationStats struct {
	Integration string            `json:"integration" doc:"The integration." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Kind        string            `json:"kind" doc:"Its kind." example:"webhook"`
	Name        string            `json:"name" doc:"Its name." example:"SOC webhook"`
	State       deliver.LaneState `json:"state" enum:"attached,catching_up,paused,disabled" doc:"What its lane does."`
	Hold        deliver.Hold      `json:"hold,omitempty" enum:"person,credentials" doc:"Why it is paused: somebody paused it, or a credential must be entered again."`
	Counts      deliver.Counts    `json:"counts" doc:"Sums since it was made: journalled = matched + filtered, and matched = delivered + waiting + parked + mailbox + discarded + expired + skipped + lost. behind is what the journal holds beyond that, and where_failed the part of filtered for which the subscription's where could not be evaluated."`
	Fallback    deliver.RunCounts `json:"fallback" doc:"What came by fallback, which is no part of counts: matched = delivered + parked + mailbox + discarded + expired + skipped."`
	Backfill    deliver.RunCounts `json:"backfill" doc:"What backfills brought, which is no part of counts either."`
	Held        deliver.HeldStats `json:"held" doc:"What noise control did since the integration was made, and what it holds now."`
	AddsUp      bool              `json:"adds_up" doc:"Whether the counts add up, those of fallback and backfill included."`
	Grade       connector.Grade   `json:"grade" enum:"accepted,confirmed,unverifiable" doc:"How sure a successful delivery is, with the settings as they are."`
	Breaker     string            `json:"breaker" enum:"closed,open" doc:"open while its receiver fails and is probed."`
	LagMS       float64           `json:"lag_ms" doc:"Age of the oldest event that is not settled, in milliseconds; 0 when there is none."`
	LastError   string            `json:"last_error,omitempty" doc:"The last error." example:"the webhook's receiver answered 503 Service Unavailable"`
	LastErrorAt time.Time         `json:"last_error_at,omitzero" doc:"When it happened."`
	LastSuccess time.Time         `json:"last_success_at,omitzero" doc:"The last successful delivery."`
	Attempts    map[string]uint64 `json:"attempts" doc:"Attempts by outcome since the process started."`
	LatencyMS   Latency           `json:"latency_ms" doc:"How long attempts took since the process started, in milliseconds; each figure is the upper bound of its bucket."`
}

// Latency sums a histogram up.
type Latency struct {
	Count uint64  `json:"count" doc:"How many attempts."`
	Mean  float64 `json:"mean" doc:"Their mean."`
	P50   float64 `json:"p50" doc:"Half of them were at most this long."`
	P95   float64 `json:"p95" doc:"95 % of them were."`
	P99   float64 `json:"p99" doc:"99 % of them were."`
}

// Stats is what is known of an account.
type Stats struct {
	Account      string             `json:"account" doc:"The account." example:"default"`
	Journalled   uint64             `json:"journalled" doc:"Events that were ever made durable for the account."`
	Dropped      uint64             `json:"dropped" doc:"Events that the account's mapping rules of now have dropped before the journal."`
	AddsUp       bool               `json:"adds_up" doc:"Whether the counts of every integration add up."`
	Integrations []IntegrationStats `json:"integrations" doc:"One entry per integration."`
}

func newIntegrationStats(s deliver.IntegrationStats) IntegrationStats {
	out := IntegrationStats{
		Integration: s.Integration.Text(event.PrefixIntegration), Kind: s.Kind, Name: s.Name, State: s.State, Hold: s.Hold,
		Counts: s.Counts, Fallback: s.Fallback, Backfill: s.Backfill, Held: s.Held, Grade: s.Grade, AddsUp: s.AddsUp, Breaker: s.Breaker, LagMS: milliseconds(s.Lag), LastError: s.LastError,
		LastErrorAt: s.LastErrorAt, LastSuccess: s.LastSuccess, Attempts: map[string]uint64{},
		LatencyMS: newLatency(s.Latency),
	}
	for outcome, n := range s.Attempts {
		out.Attempts[string(outcome)] = n
	}
	return out
}

func newLatency(h deliver.Histogram) Latency {
	if h.Count == 0 {
		return Latency{}
	}
	return Latency{
		Count: h.Count, Mean: milliseconds(h.Sum / time.Duration(h.Count)),
		P50: quantile(h, 0.50), P95: quantile(h, 0.95), P99: quantile(h, 0.99),
	}
}

// quantile gives the upper bound of the bucket that holds the q-th part, in milliseconds. Of what is above all bounds
// only the last bound is known.
func quantile(h deliver.Histogram, q float64) float64 {
	bounds := deliver.LatencyBounds()
	var seen uint64
	for i, n := range h.Buckets {
		if seen += n; float64(seen) >= q*float64(h.Count) {
			return bounds[min(i, len(bounds)-1)] * 1000
		}
	}
	return bounds[len(bounds)-1] * 1000
}

// Capture is one payload that a capture integration keeps.
type Capture struct {
	Delivery string          `json:"delivery" doc:"The delivery." example:"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Event    string          `json:"event" doc:"The event." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Type     string          `json:"type" doc:"The event's type." example:"alert.created"`
	Time     time.Time       `json:"time" doc:"When it was kept."`
	Payload  json.RawMessage `json:"payload" doc:"What a receiver would have got."`
}

// CaptureLimit is how many payloads a list gives; an inbox is small and has no pages.
type CaptureLimit struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most entries to answer with."`
}

func (a *server) stateOperations() {
	register(a, op{
		id: "get-health", method: http.MethodGet, path: "/api/v1/health", tag: tagState, scope: scopeDeliveries,
		summary: "Get the hub's health", about: "What works and what does not; figures of the whole hub only for those of the account default. Answers 503, with the same body, when events cannot be taken in. For probes without a key there are /healthz and /readyz.",
	}, a.getHealth)
	answers := a.api.OpenAPI().Paths["/api/v1/health"].Get.Responses
	answers["503"].Content["application/json"] = answers["200"].Content["application/json"] // "the same body"
	register(a, op{
		id: "get-stats", method: http.MethodGet, path: "/api/v1/stats", tag: tagState, scope: scopeDeliveries,
		summary: "Get the counts", about: "What was journalled, and what became of it at each integration. Every figure is counted where it happens and none is a remainder, so they can fail to add up: adds_up says whether they do.",
	}, a.getStats)
	register(a, op{
		id: "get-integration-stats", method: http.MethodGet, path: "/api/v1/integrations/{id}/stats", tag: tagState, scope: scopeDeliveries,
		summary: "Get an integration's counts", about: "What became of the events at one integration.", problems: []int{http.StatusNotFound},
	}, a.getIntegrationStats)
	register(a, op{
		id: "list-captures", method: http.MethodGet, path: "/api/v1/captures", tag: tagState, scope: scopeEvents,
		summary: "List captured payloads", about: "What a capture integration has kept, the newest first. It is in memory and ends with the process.",
		problems: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.listCaptures)
	register(a, op{
		id: "list-integration-captures", method: http.MethodGet, path: "/api/v1/integrations/{id}/captures", tag: tagState, scope: scopeEvents,
		summary: "List an integration's captured payloads", about: "The same, at the integration.", problems: []int{http.StatusNotFound},
	}, a.listIntegrationCaptures)
}

// healthAnswer has a status of its own.
type healthAnswer struct {
	Status int
	Body   HealthReport
}

func (a *server) getHealth(ctx context.Context, _ *struct{}) (*healthAnswer, error) {
	h := a.Health.Health(ctx)
	h.Status = cmp.Or(h.Status, "ok")
	if callerOf(ctx).Home != event.DefaultAccount {
		h = h.forTenant(a.Deliveries.Stats(accountOf(ctx)))
		h.Responders.Add(a.Responders.States(accountOf(ctx)), time.Now())
	}
	out := &healthAnswer{Status: http.StatusOK, Body: h}
	if h.Status != "ok" {
		out.Status = http.StatusServiceUnavailable
	}
	return out, nil
}

// forTenant leaves out what says something of other accounts or of the machine.
func (h HealthReport) forTenant(own deliver.AccountStats) HealthReport {
	return HealthReport{
		Status: h.Status, Version: h.Version, Uptime: h.Uptime, Journal: JournalHealth{OK: h.Journal.OK},
		Store: StoreHealth{OK: h.Store.OK}, Lanes: LanesOf(own.Integrations),
	}
}

// LanesOf sums lanes up.
func LanesOf(list []deliver.IntegrationStats) LanesHealth {
	l := LanesHealth{Total: len(list)}
	for _, s := range list {
		switch s.State {
		case deliver.LaneCatchingUp:
			l.CatchingUp++
		case deliver.LanePaused:
			l.Paused++
		case deliver.LaneDisabled:
			l.Disabled++
		}
		if s.Breaker == "open" {
			l.Open++
		}
		l.Waiting += s.Counts.Waiting
		l.Parked += s.Counts.Parked
		l.Mailbox += s.Counts.Mailbox
	}
	return l
}

func (a *server) getStats(ctx context.Context, _ *struct{}) (*body[Stats], error) {
	s := a.Deliveries.Stats(accountOf(ctx))
	out := Stats{Account: string(accountOf(ctx)), Journalled: s.Journalled, Dropped: a.Mapping.Dropped(accountOf(ctx)), AddsUp: s.AddUp, Integrations: []IntegrationStats{}}
	for _, i := range s.Integrations {
		out.Integrations = append(out.Integrations, newIntegrationStats(i))
	}
	return answer(out), nil
}

func (a *server) getIntegrationStats(ctx context.Context, in *IntegrationPath) (*body[IntegrationStats], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	i, err := a.Integrations.Get(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	if a.Catalogue[i.Kind].Responds() {
		return nil, problem(http.StatusNotFound, "a responder has no deliveries to count")
	}
	s, ok := a.Deliveries.IntegrationStats(accountOf(ctx), id)
	if !ok {
		return nil, problem(http.StatusNotFound, "there are no counts of this integration yet")
	}
	return answer(newIntegrationStats(s)), nil
}

func (a *server) listCaptures(ctx context.Context, in *struct {
	CaptureLimit
	Integration string `query:"integration" required:"true" maxLength:"64" doc:"The capture integration." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}) (*body[list[Capture]], error) {
	id, err := queryID(event.PrefixIntegration, "integration", in.Integration)
	if err != nil {
		return nil, err
	}
	return a.captures(ctx, id, in.Limit)
}

func (a *server) listIntegrationCaptures(ctx context.Context, in *struct {
	IntegrationPath
	CaptureLimit
}) (*body[list[Capture]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return a.captures(ctx, id, in.Limit)
}

func (a *server) captures(ctx context.Context, id event.ID, limit int) (*body[list[Capture]], error) {
	account := accountOf(ctx)
	if _, err := a.Integrations.Get(ctx, account, id); err != nil {
		return nil, err
	}
	l := list[Capture]{Items: []Capture{}}
	for _, c := range a.Captures.List(account, id.Text(event.PrefixIntegration), limit) {
		l.Items = append(l.Items, newCapture(c))
	}
	return answer(l), nil
}

func newCapture(c connector.Captured) Capture {
	return Capture{Delivery: c.Delivery, Event: c.Event, Type: c.Type, Time: c.Time, Payload: c.Payload}
}
