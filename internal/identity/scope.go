package identity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Scope is a right that a key or a person has.
type Scope string

// The scopes.
const (
	EventsWrite         Scope = "events:write"
	EventsRead          Scope = "events:read"
	IntegrationsRead    Scope = "integrations:read"
	IntegrationsWrite   Scope = "integrations:write"
	SourcesRead         Scope = "sources:read"
	SourcesWrite        Scope = "sources:write"
	MappingRead         Scope = "mapping:read"
	MappingWrite        Scope = "mapping:write"
	DeliveriesRead      Scope = "deliveries:read"
	DeliveriesWrite     Scope = "deliveries:write"
	AlertsRead          Scope = "alerts:read"
	AlertsWrite         Scope = "alerts:write"
	IncidentsRead       Scope = "incidents:read"
	IncidentsWrite      Scope = "incidents:write"
	InvestigationsRead  Scope = "investigations:read"
	InvestigationsWrite Scope = "investigations:write"
	SearchRead          Scope = "search:read"
	GraphRead           Scope = "graph:read"
	BlocksRead          Scope = "blocks:read"
	BlocksWrite         Scope = "blocks:write"
	BlocksApprove       Scope = "blocks:approve"
	AuditRead           Scope = "audit:read"
	// Admin implies every other scope, and alone may manage keys and people.
	Admin Scope = "admin"
)

// ScopeInfo describes a scope for people.
type ScopeInfo struct {
	Scope Scope  `json:"scope"`
	Help  string `json:"help"`
}

// scopes is every scope there is, in the order shown.
var scopes = [...]ScopeInfo{
	{EventsWrite, "Send events."},
	{EventsRead, "Read events."},
	{IntegrationsRead, "Read integrations, without their secrets."},
	{IntegrationsWrite, "Create, change, test and delete integrations."},
	{SourcesRead, "Read source endpoints, without their secrets."},
	{SourcesWrite, "Create, change, try and delete source endpoints."},
	{MappingRead, "Read mapping rules."},
	{MappingWrite, "Create, change, try and delete mapping rules."},
	{DeliveriesRead, "Read deliveries, attempts and the failure mailbox."},
	{DeliveriesWrite, "Retry, replay and discard deliveries."},
	{AlertsRead, "Read alerts."},
	{AlertsWrite, "Acknowledge, resolve and silence alerts."},
	{IncidentsRead, "Read incidents."},
	{IncidentsWrite, "Make and change incidents."},
	{InvestigationsRead, "Read investigations and their reports."},
	{InvestigationsWrite, "Start, change and schedule investigations."},
	{SearchRead, "Search in events, alerts and incidents."},
	{GraphRead, "Read the graph of entities."},
	{BlocksRead, "Read blocks."},
	{BlocksWrite, "Ask for blocks and end them."},
	{BlocksApprove, "Approve blocks that wait for a person."},
	{AuditRead, "Read the audit record."},
	{Admin, "Everything, and the keys and people themselves."},
}

// AllScopes lists the scopes in the order shown.
func AllScopes() []ScopeInfo { return slices.Clone(scopes[:]) }

// Valid says whether the scope exists.
func (s Scope) Valid() bool {
	return slices.ContainsFunc(scopes[:], func(i ScopeInfo) bool { return i.Scope == s })
}

// Scopes is what a principal may do. It is shared between requests and must not be changed.
type Scopes []Scope

// Can says whether the scopes allow s.
func (ss Scopes) Can(s Scope) bool {
	for _, have := range ss {
		if have == s || have == Admin {
			return true
		}
	}
	return false
}

// checkScopes says what is wrong with the scopes of a new key, and gives them in the order shown, each once.
func checkScopes(names []Scope, errs *form.Errors) []string {
	if len(names) == 0 {
		errs.Add("scopes", "name at least one of %s", scopeNames())
	}
	for i, s := range names[:min(len(names), len(scopes)+1)] {
		if !s.Valid() {
			errs.Add(fmt.Sprintf("scopes.%d", i), "%.40q is not one of %s", string(s), scopeNames())
		}
	}
	if len(names) > len(scopes) {
		errs.Add("scopes", "must be at most %d", len(scopes))
	}
	var out []string
	for _, i := range scopes {
		if slices.Contains(names, i.Scope) {
			out = append(out, string(i.Scope))
		}
	}
	return out
}

func scopeNames() string {
	var names []string
	for _, i := range scopes {
		names = append(names, string(i.Scope))
	}
	return strings.Join(names, ", ")
}
