// Package card reads from an event what people are shown of it in a message: what happened, how bad it is, to whom, what
// to do, and where its alert or incident stands. It knows no vendor, so that every chat says the same; how a card looks is
// the connector's.
//
// Everything in a card is hostile text that was made printable (see [Line]): nothing in it is markup.
package card

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Subject is what a message is about.
type Subject string

// The subjects.
const (
	Alert    Subject = "alert"
	Incident Subject = "incident"
	Block    Subject = "block"
	Other    Subject = "other" // an event that stands for itself
)

// Card is what a message shows. It is remembered as JSON between two messages about one subject.
type Card struct {
	Subject Subject `json:"subject"`
	// Ref is the alert's id ("alr_…"), the incident's number ("INC-7") or the block's id ("blk_…"); empty for Other.
	Ref string `json:"ref,omitempty"`
	// Theirs: the incident is a sender's own. Its number may be that of another incident of the hub, which has nothing to
	// do with it.
	Theirs bool `json:"theirs,omitempty"`
	// Event is the id of the event that the card was made from, Type its type.
	Event string `json:"event"`
	Type  string `json:"type"`

	Time        time.Time      `json:"time"`
	Severity    event.Severity `json:"severity"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`

	Risk      *float64 `json:"risk,omitempty"` // 0 to 100
	Project   string   `json:"project,omitempty"`
	AlertType string   `json:"alert_type,omitempty"`
	Rule      string   `json:"rule,omitempty"`
	Actor     string   `json:"actor,omitempty"`
	Place     string   `json:"place,omitempty"`   // "Amsterdam, Netherlands (NL)"
	Network   string   `json:"network,omitempty"` // "AS64500 Example Hosting, VPN"
	Endpoint  string   `json:"endpoint,omitempty"`
	Source    string   `json:"source,omitempty"` // "example / identity / eu-1"
	Case      string   `json:"case,omitempty"`   // the incident an alert belongs to
	TLP       string   `json:"tlp,omitempty"`

	Entities  []event.Entity `json:"entities,omitempty"`
	Hosts     []string       `json:"hosts,omitempty"` // what is affected
	Mitre     []string       `json:"mitre,omitempty"`
	KillChain string         `json:"kill_chain,omitempty"`
	Advice    []string       `json:"advice,omitempty"` // the recommended action, a step a line
	Runbook   *Runbook       `json:"runbook,omitempty"`
	Tags      []string       `json:"tags,omitempty"`

	// Link leads to the hub, URL (http or https alone) to where the event says; either may be empty.
	Link string `json:"link,omitempty"`
	URL  string `json:"url,omitempty"`

	// Block is what a Block is; nil for others.
	Block *BlockInfo `json:"block,omitempty"`
	State State      `json:"state,omitzero"`
}

// Runbook is what to do, step by step, and who answers for it.
type Runbook struct {
	Name  string   `json:"name,omitempty"`
	URL   string   `json:"url,omitempty"` // http or https alone
	Owner string   `json:"owner,omitempty"`
	Steps []string `json:"steps,omitempty"`
}

// State is where the subject stands, and who brought it there.
type State struct {
	// Status is a status of event.Event: open, acknowledged, resolved; new, active, closed; of a Block BlockPending and those
	// that follow it. Empty for Other.
	Status string `json:"status,omitempty"`
	// Verb, By, At and Note tell of the last change. Verb is that of event.CaseChange, or of a Block reject, block, verify, lift
	// or lapse; empty: nothing has changed yet.
	Verb string    `json:"verb,omitempty"`
	By   string    `json:"by,omitempty"`
	At   time.Time `json:"at,omitzero"`
	Note string    `json:"note,omitempty"`

	Count     uint64    `json:"count,omitempty"` // how often it was seen
	FirstSeen time.Time `json:"first_seen,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	Assignee  string    `json:"assignee,omitempty"` // the owner of an incident
	Alerts    int       `json:"alerts,omitempty"`   // under an incident
	Reason    string    `json:"reason,omitempty"`   // of a closed incident: classification and reason
}

// Done says that nothing is left to do about the subject.
func (s *State) Done() bool {
	return s.Status == event.AlertResolved || s.Status == event.IncidentClosed
}

// Fresh says that nobody has taken it on yet.
func (s *State) Fresh() bool { return s.Status == event.AlertOpen || s.Status == event.IncidentNew }

// Limits of a card's texts, in bytes; what is cut ends in "…". They keep a card well under what a connector may remember
// (connector.MaxStateValue); a vendor's own limits are narrower.
const (
	MaxTitle       = 1 << 10
	MaxDescription = 3 << 10
	MaxField       = 256 // any other text of a line
)

const (
	maxEntities = 20 // entities
	maxList     = 20 // hosts, techniques, steps, tags
	maxStep     = 256
	maxNote     = 512
)
