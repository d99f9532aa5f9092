// Package mapping changes events between their decoding and the journal: an account's rules set the type, severity,
// project, labels and so on of what senders send, give events to an account below, or drop them.
//
// A [Rule] is what people write, a [Compiled] one is what runs, and [Apply] is pure: rules and an event in, an [Outcome]
// out. [Service] keeps the rules and their counts. A rule that fails for an event changes nothing of it: events are lost
// only to a rule that drops them, which is counted.
package mapping

import (
	"errors"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits.
const (
	// MaxRules is how many rules an account may have.
	MaxRules = 200
	// MaxName bounds a rule's name, in characters.
	MaxName = 100
	// MaxPosition bounds a rule's position.
	MaxPosition = 1_000_000
	// DefaultPosition is that of a rule that names none.
	DefaultPosition = 100
	// MaxEntries bounds the tags, and the labels, that one rule sets.
	MaxEntries = 32
)

// Errors that callers match with errors.Is.
var (
	ErrNotFound = errors.New("there is no such mapping rule in this account")
	// ErrVersion: the rule is not at the version that the caller has seen.
	ErrVersion = errors.New("the mapping rule has changed since it was read")
	// ErrNameTaken: another rule of the account has the name.
	ErrNameTaken = errors.New("another mapping rule has this name")
	// ErrFull: the account has MaxRules rules.
	ErrFull = errors.New("the account has as many mapping rules as it may have")
)

// AnySource is the source of a rule for events of every source.
const AnySource = "*"

// Rule is what happens to the events of a source. Those that change an event do so in the order of their positions, each
// seeing what the ones before made of it.
type Rule struct {
	Name     string  `json:"name"`
	Source   string  `json:"source"`
	Position int     `json:"position"`
	Enabled  bool    `json:"enabled"`
	When     string  `json:"when"` // an expression; empty: always
	Drop     bool    `json:"drop"`
	Set      Set     `json:"set"`
	Compute  Compute `json:"compute"`
}

// Set are values as they stand. Empty ones change nothing.
type Set struct {
	Type      string `json:"type,omitempty"`
	Severity  string `json:"severity,omitempty"`
	Project   string `json:"project,omitempty"`
	AlertType string `json:"alert_type,omitempty"`
	// Account is the sender's own, or one below it.
	Account event.Account     `json:"account,omitempty"`
	Tags    []string          `json:"tags,omitempty"`   // added to those that the event has
	Labels  map[string]string `json:"labels,omitempty"` // an empty value takes the label away
}

// Compute are expressions for the same. All of them see the event as it was before the rule.
type Compute struct {
	Type      string `json:"type,omitempty"`
	Severity  string `json:"severity,omitempty"`
	Project   string `json:"project,omitempty"`
	AlertType string `json:"alert_type,omitempty"`
	Account   string `json:"account,omitempty"`
	Tags      string `json:"tags,omitempty"`   // a list of texts
	Labels    string `json:"labels,omitempty"` // an object of texts whose names stand in the source
}
