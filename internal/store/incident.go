package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// ErrUnchanged: what IncidentWrite.Amend gives when there is nothing to change. Nothing is written then.
var ErrUnchanged = errors.New("there is nothing to change")

// ErrAttachments: an incident, or its account, holds as many attachments as it may.
var ErrAttachments = errors.New("no room for another attachment")

// Incident is a case: alerts under one number.
type Incident struct {
	Account        event.Account
	Number         int64  // from 1, per account; "INC-<Number>" for people
	Status         string // event.IncidentNew, IncidentActive, IncidentClosed
	Severity       event.Severity
	Title          string
	Description    string
	Owner          string // an e-mail address; empty: nobody
	Classification string
	Reason         string
	Project        string
	Tags           []string
	Entities       []event.Entity // the most telling of its alerts
	Mitre          []string
	Rule           event.ID // the rule that made it; zero if none did
	// RuleKey is what the rule brought together ("ip:203.0.113.7").
	RuleKey   string
	Alerts    int
	CreatedAt time.Time
	UpdatedAt time.Time
	ClosedAt  time.Time // zero while it is not closed
	Version   int64     // grows by one with each change; it is the ETag
}

// IncidentWrite is one change of an incident, or a new one (Incident.Number 0), all or nothing.
type IncidentWrite struct {
	// Incident is the row as it is to be. Version is the one that was read; another one in the store is ErrConflict.
	Incident Incident
	// Amend, where it is set, makes the row of the one that is stored, inside the transaction; of Incident only the account
	// and the number count then. Its errors end the write, ErrUnchanged quietly. It must be pure, and may run twice.
	Amend  func(now Incident) (Incident, error)
	Link   []event.ID // alerts that come under it; one under another incident moves
	Unlink []event.ID // alerts that leave it; one that is not under it is left as it is
	// Stay leaves alerts where they are that are under another incident, and alerts out that are not there.
	Stay bool
	// IfMoved writes nothing unless an alert comes or goes.
	IfMoved bool
	// Once names the write: one whose name is known in the account writes nothing. Empty: no such name.
	Once string
	// Tell makes the lines of the timeline and the facts of what was written. It is asked for the incident, and for every
	// other one that lost an alert to it. It must be pure but for new ids. Nil: nothing is told.
	Tell func(d IncidentDone) ([]CaseEntry, []Said)
}

// IncidentDone is what a write did to one incident.
type IncidentDone struct {
	Was, Is          Incident // Was.Number is 0 of a new one
	Linked, Unlinked []event.ID
	// Newest are the alerts under it that were seen last, at most NewestAlerts.
	Newest []event.ID
}

// NewestAlerts bounds IncidentDone.Newest.
const NewestAlerts = 5

// IncidentOnceAge is how long the name of a write is remembered (30 days).
const IncidentOnceAge = 30 * 24 * time.Hour

// IncidentFilter selects incidents of an account. Empty fields do not filter.
type IncidentFilter struct {
	Account      event.Account
	Severities   []event.Severity
	Statuses     []string
	Owner        string
	Title        string // part of the title, in any letter case (of ASCII)
	Project      string
	Rule         event.ID
	After        time.Time // created then or later
	Before       time.Time // created earlier
	UpdatedAfter time.Time // changed then or later
	// Numbers are at most MaxPage numbers, of which it has one.
	Numbers []int64
	// Skip leaves out the first ones, for callers that count instead of using cursors.
	Skip int
}

// RuleKey is what the incidents of a rule are found by.
type RuleKey struct {
	Rule event.ID
	Key  string
}

// Attachment is a file that belongs to an incident, without its content.
type Attachment struct {
	ID      event.ID
	Account event.Account
	Number  int64  // of the incident
	Name    string // a file's name, without a path
	// Type is what the sender said that it is. Nobody has checked it.
	Type   string
	Size   int64    // bytes
	SHA256 [32]byte // of the content
	By     string
	At     time.Time
}

// AttachmentLimits bound the attachments.
type AttachmentLimits struct {
	PerIncident int   // how many
	PerAccount  int64 // bytes of all of an account
}

// Incidents keeps incidents, what happened to them, and their attachments.
type Incidents interface {
	// SaveIncident does a write and gives the row as it is then. ErrConflict for a stale version, ErrNotFound for an incident
	// or an alert that the account does not have. A write that changes nothing gives the row as it is, and no error.
	SaveIncident(ctx context.Context, w IncidentWrite) (Incident, error)
	GetIncident(ctx context.Context, account event.Account, number int64) (Incident, error)
	// ListIncidents gives the newest first.
	ListIncidents(ctx context.Context, f IncidentFilter, p Page) (list []Incident, next string, err error)
	// CountOpenIncidents counts those that are not closed.
	CountOpenIncidents(ctx context.Context, account event.Account) (int, error)
	// OpenRuleIncidents gives, of each key, the newest incident that its rule made, that is not closed and has fewer than
	// most alerts.
	OpenRuleIncidents(ctx context.Context, account event.Account, keys []RuleKey, most int) (map[RuleKey]Incident, error)
	// ListIncidentAlerts gives the alerts under an incident, the ones last seen first.
	ListIncidentAlerts(ctx context.Context, account event.Account, number int64, p Page) (list []Alert, next string, err error)
	// AlertIncidents gives the number of the incident that each alert is under (0: none); alerts that are not there are left
	// out.
	AlertIncidents(ctx context.Context, account event.Account, alerts []event.ID) (map[event.ID]int64, error)
	// AlertRows gives alerts in the order of their ids; those that are not there are left out.
	AlertRows(ctx context.Context, account event.Account, alerts []event.ID) ([]Alert, error)
	// RecentAlerts gives alerts that were seen at a time or later, the newest first.
	RecentAlerts(ctx context.Context, account event.Account, since time.Time, limit int) ([]Alert, error)
	// ListIncidentEntries gives the timeline, the oldest line first.
	ListIncidentEntries(ctx context.Context, account event.Account, number int64, p Page) (list []CaseEntry, next string, err error)

	// AddAttachment stores a file with the write that tells of it. ErrAttachments when there is no room.
	AddAttachment(ctx context.Context, a Attachment, content []byte, most AttachmentLimits, w IncidentWrite) (Incident, error)
	// ListAttachments gives those of an incident, the oldest first.
	ListAttachments(ctx context.Context, account event.Account, number int64) ([]Attachment, error)
	GetAttachment(ctx context.Context, account event.Account, number int64, id event.ID) (a Attachment, content []byte, err error)
	// DeleteAttachment deletes a file with the write that tells of it. ErrNotFound.
	DeleteAttachment(ctx context.Context, account event.Account, number int64, id event.ID, w IncidentWrite) (Incident, error)
}

// IncidentRule says which alerts become an incident by themselves.
type IncidentRule struct {
	ID       event.ID
	Account  event.Account
	Name     string // unique per account
	Position int
	Enabled  bool
	Spec     json.RawMessage // an object: what it matches and how it groups
	Version  int64           // grows by one with each change; it is the ETag
	// CreatedAt and UpdatedAt are when it was made and changed last.
	CreatedAt, UpdatedAt time.Time
}

// IncidentRules keeps them. They are few (at most some dozens for an account) and held in memory by their reader.
type IncidentRules interface {
	// CreateIncidentRule stores r with Version 1. ErrConflict when the name is taken.
	CreateIncidentRule(ctx context.Context, r IncidentRule) error
	// UpdateIncidentRule replaces all but the time of creation if the row's version is still r.Version, and stores
	// r.Version+1. ErrConflict when it is not, or when the name is taken; ErrNotFound.
	UpdateIncidentRule(ctx context.Context, r IncidentRule) error
	// DeleteIncidentRule deletes a row if its version is still version. ErrConflict, ErrNotFound.
	DeleteIncidentRule(ctx context.Context, account event.Account, id event.ID, version int64) error
	GetIncidentRule(ctx context.Context, account event.Account, id event.ID) (IncidentRule, error)
	// ListIncidentRules gives all of an account by position and id.
	ListIncidentRules(ctx context.Context, account event.Account) ([]IncidentRule, error)
	// AllIncidentRules gives those of all accounts, for start-up, in no order.
	AllIncidentRules(ctx context.Context) ([]IncidentRule, error)
}
