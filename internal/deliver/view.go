package deliver

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Errors that readers of the engine match with errors.Is. Things that do not exist in the account give
// store.ErrNotFound.
var (
	// ErrNewerDelivered: something newer of the delivery's ordering key was delivered since; force replays anyway.
	ErrNewerDelivered = errors.New("something newer of the same ordering key was delivered since")
	// ErrNotReplayable: the delivery is not in a state from which it can be replayed or discarded.
	ErrNotReplayable = errors.New("the delivery is not in the mailbox, discarded or parked")
	// ErrDisabled: the integration is disabled or deleted.
	ErrDisabled = errors.New("the integration is disabled")
)

// Counts are one integration's sums since it was made. They are counted where things happen, none is a remainder:
// Journalled = Matched + Filtered, and Matched = the sum of all that follow it. Behind is what the journal holds beyond
// the place up to which Journalled counts.
type Counts struct {
	Journalled uint64 `json:"journalled"`
	Matched    uint64 `json:"matched"`
	Filtered   uint64 `json:"filtered"`
	Delivered  uint64 `json:"delivered"`
	Waiting    uint64 `json:"waiting"`
	Parked     uint64 `json:"parked"`
	Mailbox    uint64 `json:"mailbox"`
	Discarded  uint64 `json:"discarded"`
	Expired    uint64 `json:"expired"`
	Skipped    uint64 `json:"skipped"`
	Lost       uint64 `json:"lost"`
	Behind     uint64 `json:"behind"`
	// WhereFailed is a part of Filtered: events for which the subscription's where could not be evaluated.
	WhereFailed uint64 `json:"where_failed"`
}

// AddUp says whether the sums hold.
func (c Counts) AddUp() bool {
	return c.Journalled == c.Matched+c.Filtered &&
		c.Matched == c.Delivered+c.Waiting+c.Parked+c.Mailbox+c.Discarded+c.Expired+c.Skipped+c.Lost
}

// IntegrationStats is what is known of one integration's deliveries.
type IntegrationStats struct {
	Integration event.ID
	Account     event.Account
	Kind        string
	Name        string
	State       LaneState
	Hold        Hold // why it is paused; empty unless it is
	Counts      Counts
	// Fallback and Backfill are what came by fallback and in backfills, which is no part of Counts.
	Fallback RunCounts
	Backfill RunCounts
	// Held is what noise control did, and what it holds now.
	Held   HeldStats
	AddsUp bool
	// Grade says what a success means, with the settings as they are.
	Grade       connector.Grade
	Breaker     string        // closed, open
	Lag         time.Duration // age of the oldest event that is not settled; 0 when there is none
	LastError   string
	LastErrorAt time.Time
	LastSuccess time.Time
	// Attempts by outcome and the latency histogram are since the process started.
	Attempts map[store.Outcome]uint64
	Latency  Histogram
}

// HeldStats say what noise control did since the integration was made, and what it holds now.
type HeldStats struct {
	// Dedup, Silenced and Resolved were left out for good; they are parts of Counts.Skipped.
	Dedup    uint64 `json:"dedup" doc:"Left out: they repeated what was sent. A part of skipped."`
	Silenced uint64 `json:"silenced" doc:"Left out by a silence. A part of skipped."`
	Resolved uint64 `json:"resolved" doc:"Left out: it was over before it was announced. A part of skipped."`
	// Grouped, QuietHours and RateCap wait; they are parts of Counts.Parked.
	Grouped    uint64 `json:"grouped" doc:"Waiting for others of their group. A part of parked."`
	QuietHours uint64 `json:"quiet_hours" doc:"Waiting for the end of quiet hours. A part of parked."`
	RateCap    uint64 `json:"rate_cap" doc:"Above the cap, waiting for its summary. A part of parked."`
	// Messages stood for more than one delivery each, and for Composed deliveries together; those are parts of
	// Counts.Delivered.
	Messages uint64 `json:"messages" doc:"Messages that stood for more than one delivery each."`
	Composed uint64 `json:"composed" doc:"The deliveries that those stood for. A part of delivered."`
}

// LaneState says what a lane does.
type LaneState string

// The states of a lane.
const (
	LaneAttached   LaneState = "attached"    // follows the tail
	LaneCatchingUp LaneState = "catching_up" // reads the journal on its own
	LanePaused     LaneState = "paused"
	LaneDisabled   LaneState = "disabled"
)

// Hold says why a lane is paused.
type Hold string

// The reasons for a pause.
const (
	HoldPerson     Hold = "person"      // somebody paused it
	HoldCredential Hold = "credentials" // a credential must be entered again, because the destination's host changed
)

// AccountStats is what is known of an account.
type AccountStats struct {
	Account      event.Account
	Journalled   uint64 // events that the journal ever took for the account
	Integrations []IntegrationStats
	AddUp        bool
}

// DeliveryView is one delivery as people see it.
type DeliveryView struct {
	ID          event.ID
	Integration event.ID
	Event       event.ID
	Account     event.Account // the event's: that of the integration, or one below it
	Type        string
	// Title is at most store.MaxListedTitle bytes of the event's title; empty where the event is not there any more.
	Title       string
	Severity    event.Severity
	Status      string // delivered, waiting, parked, behind, held, mailbox, discarded, expired, skipped
	Attempts    int
	Due         time.Time // zero unless parked or held
	Cause       string
	CauseClass  string
	Since       time.Time // when it got its status
	OrderingKey string
	// Grade says how sure a delivery is; empty until it is delivered.
	Grade connector.Grade
	// Run is the job of the backfill that brought it; zero if none did.
	Run event.ID
	// FromIntegration and FromDelivery are what a delivery by fallback stands for; ToIntegration and ToDelivery are what
	// one in the mailbox was handed on as.
	FromIntegration, FromDelivery event.ID
	ToIntegration, ToDelivery     event.ID
	History                       []AttemptView // only from Delivery
}

// AttemptView is one attempt as people see it.
type AttemptView struct {
	Number  int
	At      time.Time
	Latency time.Duration
	Outcome store.Outcome
	Status  int
	Error   string
	Class   string
	Answer  string
	Batched int
	Grade   connector.Grade // of a success
}

// DeliveryFilter selects deliveries. Empty fields do not filter.
type DeliveryFilter struct {
	Integration event.ID
	Event       event.ID
	Status      string
	// Type is of the event: one type, or with ".*" all below it.
	Type event.TypeFilter
	// Since and Until are about when a delivery got its status: from Since on and before Until.
	Since, Until time.Time
}

// lets says whether the filter lets a delivery through, apart from its integration and event.
func (f *DeliveryFilter) lets(v *DeliveryView) bool {
	return (f.Status == "" || f.Status == v.Status) && (f.Type == "" || f.Type.Match(v.Type)) &&
		(f.Since.IsZero() || !v.Since.Before(f.Since)) && (f.Until.IsZero() || v.Since.Before(f.Until))
}

// parked is the filter of rows that have a state of their own.
func (f *DeliveryFilter) parked(account event.Account) store.ParkedFilter {
	out := store.ParkedFilter{Account: account, Integration: f.Integration, Type: string(f.Type), Before: f.Until}
	if !f.Since.IsZero() {
		out.After = f.Since.Add(-time.Microsecond) // the store leaves out what is of that time
	}
	return out
}

// Statuses that DeliveryFilter takes.
func Statuses() []string {
	return []string{"delivered", "waiting", "parked", "behind", "held", "mailbox", "discarded", "expired", "skipped"}
}

// EventFilter selects recent events. Empty fields do not filter.
type EventFilter struct {
	Types       []event.TypeFilter
	MinSeverity event.Severity
	Project     string
	Since       time.Time
	Until       time.Time
}

// Selection names deliveries of an account, by id or by filter.
type Selection struct {
	IDs    []event.ID
	Filter *store.ParkedFilter
}

// ReplaySpec is the work of a replay job.
type ReplaySpec struct {
	IDs    []event.ID          `json:"ids,omitempty"`
	Filter *store.ParkedFilter `json:"filter,omitempty"`
	Force  bool                `json:"force,omitempty"`
}

// JobView is a job's state.
type JobView struct {
	store.Job
	Problems []JobProblem
	Backfill *BackfillView // nil for other kinds
}

// JobProblem is an item that a job could not do.
type JobProblem struct {
	Delivery string `json:"delivery"`
	Error    string `json:"error"`
}

func jobProblems(raw json.RawMessage) []JobProblem {
	var spec struct{ Problems []JobProblem }
	_ = json.Unmarshal(raw, &spec) // a spec without problems has none
	return spec.Problems
}

// The methods for readers, in the files of the same subject:
//
//	func (e *Engine) Stats(account event.Account) AccountStats
//	func (e *Engine) IntegrationStats(account event.Account, id event.ID) (IntegrationStats, bool)
//	func (e *Engine) Deliveries(ctx, account, DeliveryFilter, store.Page) ([]DeliveryView, next string, error)
//	func (e *Engine) Delivery(ctx, account, id event.ID) (DeliveryView, error)
//	func (e *Engine) Retry(ctx, account, id event.ID, force bool) error
//	func (e *Engine) Replay(ctx, account, ReplaySpec) (store.Job, error)
//	func (e *Engine) Discard(ctx, account, Selection, reason string) (int, error)
//	func (e *Engine) Backfill(ctx, account, integration event.ID, BackfillSpec) (store.Job, error)
//	func (e *Engine) Job(ctx, account, id event.ID) (JobView, error)
//	func (e *Engine) Jobs(ctx, account, store.Page) ([]JobView, next string, error)
//	func (e *Engine) CancelJob(ctx, account, id event.ID) error
//	func (e *Engine) Events(ctx, account, EventFilter, store.Page) ([]*event.Record, next string, error)
//	func (e *Engine) Event(ctx, account, id event.ID) (*event.Record, error)
//	func (e *Engine) Explain(account, integration event.ID, r *event.Record) (route.Reason, bool)
//	func (e *Engine) Suppressed(ctx, account, integration event.ID, store.Page) ([]store.Suppressed, next string, err error)
//	func (e *Engine) AllStats() []IntegrationStats
//	func (e *Engine) Lanes() map[LaneState]int
