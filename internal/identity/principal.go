package identity

import (
	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Environments of a key. Its prefix shows it.
const (
	Live = "live"
	Test = "test"
)

// Principal is who is calling: an API key, or a person who is signed in.
type Principal struct {
	Account event.Account // where the principal acts: its own account, or one below it
	Home    event.Account // its own account
	Kind    string        // act.KindKey or act.KindUser
	ID      string        // "key_…" or "usr_…"
	Name    string        // the key's name or the person's e-mail address
	Scopes  Scopes
	Role    Role // of a person; empty for a key
	// Environment is Live or Test for a key, and empty for a person.
	Environment string
	// RateLimit is the most requests per minute; 0: no limit of its own.
	RateLimit int
	// EventTypes limits what may be sent; nil: every type.
	EventTypes *EventTypes
	// SessionID is a person's session; zero for a key.
	SessionID event.ID
	// Strong says that a person gave a second factor.
	Strong bool
}

// Can says whether the principal may do what the scope names.
func (p Principal) Can(s Scope) bool { return p.Scopes.Can(s) }

// MaySend says whether the principal may send events of a type. The scope is another question.
func (p Principal) MaySend(eventType string) bool { return p.EventTypes.Allows(eventType) }

// SendFilter is MaySend as a value, nil when every type may be sent. It costs no allocation.
func (p Principal) SendFilter() func(eventType string) bool {
	if p.EventTypes == nil {
		return nil
	}
	return p.EventTypes.allows
}

// Operator says whether the principal administers the installation itself, not only an account.
func (p Principal) Operator() bool { return p.Home == event.DefaultAccount && p.Can(Admin) }

// Actor is the principal as the audit record wants it; address is where the request came from.
func (p Principal) Actor(address string) act.Actor {
	return act.Actor{Kind: p.Kind, ID: p.ID, Name: p.Name, Account: p.Home, Address: address, Admin: p.Can(Admin)}
}

// EventTypes is which event types a key may send. It never changes.
type EventTypes struct {
	filters []event.TypeFilter
	allows  func(eventType string) bool // Allows, made once
}

// newEventTypes is nil, which allows every type, for no patterns and for the pattern "*".
func newEventTypes(patterns []string) *EventTypes {
	if len(patterns) == 0 {
		return nil
	}
	e := &EventTypes{filters: make([]event.TypeFilter, len(patterns))}
	for i, p := range patterns {
		if p == "*" {
			return nil
		}
		e.filters[i] = event.TypeFilter(p)
	}
	e.allows = e.Allows
	return e
}

// Allows says whether a type is among them. It does not allocate.
func (e *EventTypes) Allows(eventType string) bool {
	if e == nil {
		return true
	}
	for _, f := range e.filters {
		if f.Match(eventType) {
			return true
		}
	}
	return false
}

// Patterns lists them; empty for every type.
func (e *EventTypes) Patterns() []string {
	if e == nil {
		return nil
	}
	out := make([]string, len(e.filters))
	for i, f := range e.filters {
		out[i] = string(f)
	}
	return out
}
