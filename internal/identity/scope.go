package identity

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is a right that a key has.
type Scope string

// The scopes.
const (
	EventsWrite       Scope = "events:write"
	EventsRead        Scope = "events:read"
	IntegrationsRead  Scope = "integrations:read"
	IntegrationsWrite Scope = "integrations:write"
	DeliveriesRead    Scope = "deliveries:read"
	DeliveriesWrite   Scope = "deliveries:write"
	AuditRead         Scope = "audit:read"
	// Admin implies every other scope, and alone may manage keys.
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
	{DeliveriesRead, "Read deliveries, attempts and the failure mailbox."},
	{DeliveriesWrite, "Retry, replay and discard deliveries."},
	{AuditRead, "Read the audit record."},
	{Admin, "Everything, and the keys themselves."},
}

// AllScopes lists the scopes in the order shown.
func AllScopes() []ScopeInfo { return slices.Clone(scopes[:]) }

// Valid says whether the scope exists.
func (s Scope) Valid() bool {
	return slices.ContainsFunc(scopes[:], func(i ScopeInfo) bool { return i.Scope == s })
}

// Scopes is what a key may do. It is shared between requests and must not be changed.
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
func checkScopes(names []Scope) ([]string, error) {
	if len(names) == 0 {
		return nil, &InvalidError{Field: "scopes", Reason: "name at least one of " + scopeNames()}
	}
	for i, s := range names {
		if !s.Valid() {
			return nil, &InvalidError{Field: fmt.Sprintf("scopes.%d", i), Reason: fmt.Sprintf("%.40q is not one of %s", string(s), scopeNames())}
		}
	}
	var out []string
	for _, i := range scopes {
		if slices.Contains(names, i.Scope) {
			out = append(out, string(i.Scope))
		}
	}
	return out, nil
}

func scopeNames() string {
	var names []string
	for _, i := range scopes {
		names = append(names, string(i.Scope))
	}
	return strings.Join(names, ", ")
}
