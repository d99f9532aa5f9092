package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Alert is the row that the alert.* events of one key fold into.
type Alert struct {
	ID      event.ID // event.AlertID(Account, Key)
	Account event.Account
	Key     string // see event.Record.AlertKey
	Status  string // event.AlertOpen, AlertAcknowledged, AlertResolved
	// What follows is of the newest event that said it.
	Severity    event.Severity
	Title       string
	Description string
	AlertType   string
	Project     string
	Endpoint    string
	RuleID      string
	RuleName    string
	Source      string // "vendor/product"
	Actor       string
	RiskScore   *float64 // 0 to 100
	URL         string
	TLP         string
	Entities    []event.Entity
	Mitre       []string
	Tags        []string
	Labels      map[string]string
	Geo         json.RawMessage
	Network     json.RawMessage
	// Country is the code that Geo says: two upper-case letters, or empty (see facts.Country).
	Country     string
	OrderingKey string // of the first event
	// Bare: no event has described it yet, only changed its state.
	Bare     bool
	Assignee string // an e-mail address; empty: nobody
	// RatedAt is when a person gave the alert its severity, which then holds until the alert is reopened; zero: nobody did.
	RatedAt time.Time
	// Incident is the number of the incident it is under; 0: none. Only IncidentWrite changes it.
	Incident int64
	// Count is how many events of the sources were folded. Told is how many of them its history tells of already.
	Count, Told uint64
	FirstSeen   time.Time
	LastSeen    time.Time
	StatusAt    time.Time // when Status became what it is
	FirstEvent  event.ID
	LastEvent   event.ID
	Version     int64 // grows by one with each change; it is the ETag
}

// CaseEntry is one line of the history of an alert or of the timeline of an incident.
type CaseEntry struct {
	ID       event.ID
	Account  event.Account
	Alert    event.ID // zero in an incident's own timeline
	Incident int64    // 0 in an alert's own history
	At       time.Time
	// Change says what was done, by whom and through what.
	Change event.CaseChange
	// Event is the event that brought it, or tells of it; zero if none.
	Event event.ID
}

// Fold is what one transaction of the alerting cursor makes durable, all or nothing.
type Fold struct {
	Mark   journal.Position // everything below it is folded
	State  json.RawMessage
	Alerts []Alert // inserted or replaced but for Incident and Version; whatever version is stored
	// Entries are of alerts among Alerts.
	Entries []CaseEntry
	// Incidents are what rules made of the alerts.
	Incidents []IncidentWrite
	Say       []Said
}

// Limits of alerts.
const (
	// MaxAlertEntries is how many lines the history of one alert has; the first one stays, and the oldest of the others go.
	MaxAlertEntries = 1000
	// MaxAlertChanges is how many changes are remembered by their id, of all accounts together.
	MaxAlertChanges = 100_000
	// MaxAlertHits is how many alerts are looked at, the newest first, for a filter by words, entity, tag, rule or time.
	MaxAlertHits = 10_000
	// MaxTechniqueAlerts is how many alerts that name techniques are looked at to count these, the newest ones.
	MaxTechniqueAlerts = 50_000
	// MaxFacetValues is how many values a facet has, the most frequent ones.
	MaxFacetValues = 100
)

// ErrDone: a change of that id was made already.
var ErrDone = errors.New("this was done already")

// AlertWrite is one change of one alert, all or nothing.
type AlertWrite struct {
	// Alert is the row as it is to be but for Incident. Version is the one that was read; another one in the store is
	// ErrConflict, no such row ErrNotFound.
	Alert   Alert
	Entries []CaseEntry
	Say     []Said
	// Once is what the change is known by; one that is known already is ErrDone. Zero: nothing.
	Once [16]byte
	// Unchanged: nothing but Once is stored.
	Unchanged bool
}

// AlertSort is an order of a list of alerts, the greatest first.
type AlertSort string

// The orders. Severity is followed by last seen.
const (
	ByLastSeen  AlertSort = "last_seen"
	ByFirstSeen AlertSort = "first_seen"
	BySeverity  AlertSort = "severity"
	ByRisk      AlertSort = "risk"
)

// EntityActor is the type under which AlertFilter.Entity finds an alert by its actor.
const EntityActor = "actor"

// AlertFilter selects alerts of an account. Of several values of one kind one must hold; empty fields do not filter.
type AlertFilter struct {
	Account   event.Account
	Status    []string
	Severity  []event.Severity
	AlertType []string
	Project   []string
	Source    []string
	Assignee  []string // "" is nobody
	Country   []string // codes; "" is none
	// Mitre are ids of ATT&CK techniques, whatever their case. One of a technique also lets its sub-techniques through.
	Mitre    []string
	Incident int64
	Entity   string // "203.0.113.7", or with its type, "ip:203.0.113.7"
	Tag      string
	Rule     string // the id or the name of the rule
	Text     string // words that all must be in the title, description, entities, rule or key
	Since    time.Time
	Until    time.Time // last seen from Since on and before Until
}

// AlertQuery asks for a page of the alerts that a filter lets through, in an order; with Facets also for their counts.
type AlertQuery struct {
	Filter AlertFilter
	Sort   AlertSort
	Page   Page
	Facets bool
	// Most is how many alerts are looked at where a filter has words, an entity, a tag, a rule or a technique: 1 to
	// MaxAlertHits, and 0 for MaxAlertHits.
	Most int
}

// AlertPage is the answer.
type AlertPage struct {
	Alerts []Alert
	Next   string
	// Approximate: there are more than MaxAlertHits alerts, and the list is of the newest of them.
	Approximate bool
	Facets      *AlertFacets // nil unless asked for
}

// ValueCount is how often a value occurs.
type ValueCount struct {
	Value string
	Count int
}

// AlertFacets count the alerts that a filter lets through. Each facet has at most MaxFacetValues values, the most
// frequent first.
type AlertFacets struct {
	Total int
	// Approximate: only the newest of the alerts were counted.
	Approximate bool

	Status, Severity, AlertType, Project, Source, Assignee, Country []ValueCount

	// Mitre counts techniques as alerts name them, in upper case; an alert with several counts for each. Only the newest
	// MaxTechniqueAlerts alerts that name any are counted; MitreApproximate says that there are others.
	Mitre            []ValueCount
	MitreApproximate bool
}

// DayCount is how many alerts were first seen on a day (UTC).
type DayCount struct {
	Day      time.Time
	Severity event.Severity
	Count    int
}

// Alerts keep what alert.* events fold into.
type Alerts interface {
	// LoadFold gives the cursor's mark and state; ErrNotFound on a new installation.
	LoadFold(ctx context.Context) (mark journal.Position, state json.RawMessage, err error)
	SaveFold(ctx context.Context, f Fold) error

	GetAlert(ctx context.Context, account event.Account, id event.ID) (Alert, error)
	// GetAlerts gives those of the ids that there are, of whatever account, in no order.
	GetAlerts(ctx context.Context, ids []event.ID) ([]Alert, error)
	ListAlerts(ctx context.Context, q AlertQuery) (AlertPage, error)
	// ChangeAlerts makes changes of alerts that differ from each other, all of them or none.
	ChangeAlerts(ctx context.Context, writes []AlertWrite) error
	// ListAlertEntries gives an alert's history, the newest first.
	ListAlertEntries(ctx context.Context, account event.Account, id event.ID, p Page) (list []CaseEntry, next string, err error)

	// CountNewAlerts counts the alerts first seen from a time on and before another, by day and severity; CountResolved
	// those that are resolved, since a time in between.
	CountNewAlerts(ctx context.Context, account event.Account, from, to time.Time) ([]DayCount, error)
	CountResolved(ctx context.Context, account event.Account, from, to time.Time) (int, error)

	// PruneAlerts deletes at most limit alerts that were resolved before a time, with their history, and says how many.
	// One under an incident stays.
	PruneAlerts(ctx context.Context, before time.Time, limit int) (deleted int, err error)
}
