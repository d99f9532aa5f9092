// Package store keeps what is not an event: configuration, keys, lanes' marks and counts, parked deliveries, attempts.
//
// [Store] is the one interface; store/sqlite is its first driver and store/storetest its conformance suite, which a
// PostgreSQL driver will join. All times are UTC with microseconds. Every row that belongs to a tenant carries its
// account, and every query about one takes it. Methods are safe for concurrent use.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Errors of the store. Callers match them with errors.Is.
var (
	// ErrNotFound: no such row in that account.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the row changed since it was read, or a unique name is taken.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: the row breaks a rule of the schema (no account, no id). Trying again is useless.
	ErrInvalid = errors.New("not a row that can be stored")
	// ErrCursor: Page.After is not a cursor that this list gave.
	ErrCursor = errors.New("not a cursor of this list")
	// ErrUnavailable: the store could not do it now (I/O error, locked for too long, no space, closed).
	ErrUnavailable = errors.New("the store is not available")
	// ErrFull: no space is left on the device. Such an error is also ErrUnavailable.
	ErrFull = errors.New("no space is left for the store")
	// ErrDamaged: the files are not readable as a database. Such an error is also ErrUnavailable.
	ErrDamaged = errors.New("the store is damaged")
)

// Store is everything that is kept beside the journal.
type Store interface {
	Meta
	Accounts
	Projects
	MappingRules
	Silences
	Blocks
	Responses
	Noise
	Usages
	Integrations
	Sources
	Keys
	Users
	Sessions
	Links
	Lanes
	Parking
	Attempts
	Jobs
	Idempotency
	Outbox
	Audit
	States
	Tickets
	Digests
	Alerts
	Incidents
	IncidentRules
	Pulses
	// Ping proves that the store can be written. The proof may be a second old, so that many callers cost little.
	Ping(ctx context.Context) error
	Close() error
}

// Meta keeps single values of the installation.
type Meta interface {
	// GetMeta gives ErrNotFound for a key that was never set.
	GetMeta(ctx context.Context, key string) (string, error)
	SetMeta(ctx context.Context, key, value string) error
}

// MaxPage is the most rows that one page holds.
const MaxPage = 500

// Page asks for a part of a list. After is the opaque cursor of the previous page; Limit is 1 to MaxPage and is moved
// into that range when it is not.
type Page struct {
	After string
	Limit int
}

// Integration is one configured connector.
type Integration struct {
	ID      event.ID
	Account event.Account
	Kind    string
	Name    string // unique per account and kind among those not deleted
	Enabled bool
	Paused  bool
	// DisabledReason says why the hub itself disabled it ("the receiver answered 410"); empty otherwise.
	DisabledReason string
	// Settings holds the connector's settings with every secret replaced by form.Mask.
	Settings json.RawMessage
	// Secrets maps a setting's path ("signing_secret", "headers.0.value") to its sealed value.
	Secrets      map[string][]byte
	Subscription json.RawMessage
	Delivery     json.RawMessage
	// Fallback is the integration that takes what this one could not deliver; zero for none.
	Fallback event.ID
	Owner    string
	RotateBy string // a date (2006-01-02) or empty
	// SecretsSet says of secrets and references, by the setting's path, when they were set to what they are, and by whom. Those
	// that were stored before this was noted are not in it.
	SecretsSet map[string]SecretSet
	// Voided lists the settings (by path) whose stored secret was given up because the destination's host changed. While
	// there are any, nothing is sent: events wait.
	Voided []string
	// RotationSaid is the RotateBy date that was last announced as near, with "/past" behind it once it was announced as
	// past.
	RotationSaid string
	Version      int64 // grows by one with each change; it is the ETag
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DeletedAt    time.Time // zero while it exists; a deleted one keeps its row for its history

	// Say is what creating or updating the row makes Tocsin say: it is stored in the outbox together with the row, or
	// not at all. It is no part of the row and is never read back.
	Say []Said
}

// SecretSet is when a secret was set, and by whom.
type SecretSet struct {
	At time.Time `json:"at"`
	By string    `json:"by,omitempty"` // for people: a person's address, a key's name, "system"
}

// Held says whether events wait instead of being sent: a person paused it, or a credential must be entered again.
func (i *Integration) Held() bool { return i.Paused || len(i.Voided) > 0 }

// Integrations keeps the configured connectors.
type Integrations interface {
	// CreateIntegration stores i with Version 1. ErrConflict when the name is taken.
	CreateIntegration(ctx context.Context, i Integration) error
	// UpdateIntegration replaces the row if its version is still i.Version, and stores i.Version+1.
	UpdateIntegration(ctx context.Context, i Integration) error
	// GetIntegration finds a row, deleted ones included.
	GetIntegration(ctx context.Context, account event.Account, id event.ID) (Integration, error)
	// ListIntegrations gives the existing ones of an account by name; next is "" at the end.
	ListIntegrations(ctx context.Context, account event.Account, p Page) (list []Integration, next string, err error)
	// AllIntegrations gives the existing ones of all accounts, for start-up.
	AllIntegrations(ctx context.Context) ([]Integration, error)
}

// Key is an API key. The secret itself is never stored.
type Key struct {
	ID      event.ID
	Account event.Account
	Name    string
	Prefix  string   // the visible beginning, "tsk_live_7f3k"
	Hash    [32]byte // SHA-256 of the whole key
	Scopes  []string
	// Environment is "live" or "test"; the key's prefix shows it.
	Environment string
	// EventTypes limits what may be sent with the key (patterns as in subscriptions); empty: every type.
	EventTypes []string
	// RateLimit is the most requests per minute; 0: no limit of its own.
	RateLimit  int
	CreatedBy  string   // the id of who made it: "key_…", "usr_…" or empty
	Replaces   event.ID // the key that this one was rotated from; zero if none
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	RevokedAt  time.Time // zero: valid
	LastUsedAt time.Time
	LastUsedIP string
}

// Keys keeps API keys.
type Keys interface {
	// CreateKey gives ErrConflict when the id or the hash is known.
	CreateKey(ctx context.Context, k Key) error
	// GetKey finds a key of an account in whatever state.
	GetKey(ctx context.Context, account event.Account, id event.ID) (Key, error)
	// RotateKey stores next and lets the key that it replaces end at end, both or nothing; a key that ends sooner keeps
	// its end. ErrNotFound when next's account has no such key, ErrConflict when it is revoked.
	RotateKey(ctx context.Context, next Key, end time.Time) error
	// KeyByHash finds a key in whatever state.
	KeyByHash(ctx context.Context, hash [32]byte) (Key, error)
	// ListKeys gives an account's keys, newest first, revoked and expired ones included.
	ListKeys(ctx context.Context, account event.Account, p Page) (list []Key, next string, err error)
	// RevokeKey ends a key's validity; a key that is revoked already keeps its first time. A zero at makes the key
	// valid again.
	RevokeKey(ctx context.Context, account event.Account, id event.ID, at time.Time) error
	// TouchKey remembers a use, unless a later one is known. A key that is gone is no error.
	TouchKey(ctx context.Context, id event.ID, at time.Time, ip string) error
}

// LaneRow is a lane's saved state. Its counters are cumulative since the integration was made.
type LaneRow struct {
	Integration event.ID
	Account     event.Account
	// Idle: nothing was unsettled; the lane is where the tail's saved mark is, and Mark is only its last own one.
	Idle bool
	Mark journal.Position
	// State is the lane's counters and whatever else deliver needs to go on from Mark.
	State json.RawMessage
}

// TailMark is how far the process-wide tail has matched everything.
type TailMark struct {
	Mark  journal.Position
	State json.RawMessage // deliver's per-account counters at Mark
}

// Tick is what one settling transaction makes durable, all or nothing. Saving the same tick once more (after an error
// that left open whether it was saved) changes nothing.
type Tick struct {
	Tail     *TailMark // nil: unchanged
	Lanes    []LaneRow // inserted or replaced
	Packs    []Pack
	Attempts []Attempt // one whose ID is known is left as it is
	// Park is inserted or replaced by Delivery; the last of several rows of one delivery counts. An empty Record
	// leaves the stored one as it is, so that a retry need not write the event again.
	Park   []Parked
	Unpark []event.ID // deliveries whose row goes away; done after Park
	Runs   []Run      // inserted or replaced
	// Suppressed lists deliveries that noise control left out; one whose Delivery is known is replaced.
	Suppressed []Suppressed
	// Remember is inserted or replaced by Integration and Key; an empty Value forgets it.
	Remember []Remembered
	// Say is what Tocsin says about what this tick made true. It goes into the outbox with the rest of the tick. (Saving
	// the tick once more after the fact has left the outbox says it once more, with the same id.)
	Say []Said
}

// Lanes keeps the marks.
type Lanes interface {
	LoadTail(ctx context.Context) (TailMark, error) // ErrNotFound on a new installation
	LoadLanes(ctx context.Context) ([]LaneRow, error)
	SaveTick(ctx context.Context, t Tick) error
	// DeleteLane forgets a deleted integration's lane row, and what noise control remembers and left out; attempts, parked
	// rows and runs stay.
	DeleteLane(ctx context.Context, integration event.ID) error
	// LoadRuns gives the runs of all accounts by id.
	LoadRuns(ctx context.Context) ([]Run, error)
	GetRun(ctx context.Context, account event.Account, id event.ID) (Run, error)
	// DeleteRuns forgets runs; one that is not there is no error.
	DeleteRuns(ctx context.Context, ids []event.ID) error
}

// Run is what an integration is given beside what its own lane matched, with counts of its own: a backfill, or what
// comes by fallback.
type Run struct {
	ID          event.ID // of the job; of the integration itself for what comes by fallback
	Account     event.Account
	Integration event.ID
	Kind        string          // "backfill", "fallback"
	State       json.RawMessage // its counts, and whatever else deliver needs to go on
	EndedAt     time.Time       // zero while it goes on
}

// ParkedState says where a parked delivery stands.
type ParkedState string

// The states of a parked delivery.
const (
	StateParked    ParkedState = "parked"    // waits for Due
	StateBehind    ParkedState = "behind"    // waits for an earlier delivery of its ordering key
	StateHeld      ParkedState = "held"      // held back by noise control, until Due
	StateMailbox   ParkedState = "mailbox"   // ended in failure; a person decides
	StateDiscarded ParkedState = "discarded" // closed by a person, by disabling or by a 410; can be replayed
	StateExpired   ParkedState = "expired"   // a trimmed range, or a row older than the mailbox keeps
)

// Parked is a delivery that left its lane without success. It holds its own copy of the event.
type Parked struct {
	Delivery    event.ID
	Account     event.Account
	Integration event.ID
	Event       event.ID
	Type        string
	Severity    event.Severity
	OrderingKey string
	Position    journal.Position
	State       ParkedState
	Due         time.Time // zero unless StateParked or StateHeld
	Attempts    int       // spent so far
	Cause       string    // the last error, or why it was discarded
	CauseClass  string    // permanent, retryable, throttled, exhausted, disabled, gone, person, trimmed, age, overflow, grouped, quiet_hours, rate_cap
	Since       time.Time // when it entered this state
	FirstTried  time.Time
	// RangeTo and Matched describe an expired range that begins at Position.
	RangeTo journal.Position
	Matched uint64
	Record  []byte // event.Record.AppendBinary; empty for an expired range
	// EventAccount is the event's account where that is one below Account, and empty otherwise. Parents are then the
	// accounts above it, the nearest first and Account last.
	EventAccount event.Account
	Parents      []event.Account
	// Run is what brought the delivery: the job of a backfill, or Integration itself for one that came by fallback; zero
	// for what the lane matched. It never changes, nor do the two that follow it.
	Run event.ID
	// FromIntegration and FromDelivery are what a delivery by fallback stands for; zero for others.
	FromIntegration, FromDelivery event.ID
	// ToIntegration and ToDelivery are what one in the mailbox was handed on as; zero for none.
	ToIntegration, ToDelivery event.ID
	// Group is the key of what a held delivery is held with; empty for others.
	Group string
	// Subject is what a held announcement is about; empty for others.
	Subject string
	// Carrier is the delivery whose message stands for this one, which goes out or fails with it; zero if none does.
	Carrier event.ID
}

// ParkedFilter selects parked deliveries of an account. Empty fields do not filter.
type ParkedFilter struct {
	Account     event.Account
	Integration event.ID
	Event       event.ID
	Run         event.ID
	States      []ParkedState
	Type        string // of the event: one type, or with ".*" all below it
	CauseClass  string
	Cause       string    // the whole text
	Before      time.Time // Since before
	After       time.Time // Since after
}

// MaxListedTitle is how much of an event's title is listed, in bytes.
const MaxListedTitle = 500

// Limits of ParkedCauses.
const (
	// MaxCauses is how many causes there are in one answer, the most frequent ones.
	MaxCauses = 200
	// MaxCausesLooked is how many parked rows are looked at for them: the newest ones of the filter's integration, event, run,
	// states and time.
	MaxCausesLooked = 10_000
)

// ParkedCause is what some parked deliveries of an integration have in common.
type ParkedCause struct {
	Integration event.ID
	CauseClass  string
	Cause       string
	Count       int
	// Oldest and Newest are the first and the last time that one got its state.
	Oldest, Newest time.Time
	Example        event.ID // one of the deliveries
}

// ParkedCauses say why deliveries are where they are.
type ParkedCauses struct {
	Causes []ParkedCause
	// Total is how many rows were counted, whether or not their cause is among Causes.
	Total int
	// Approximate: MaxCausesLooked rows were looked at, the newest ones, and there may be others.
	Approximate bool
	// More: there are more than MaxCauses causes.
	More bool
}

// Parking reads and changes parked deliveries; the lanes write theirs through SaveTick.
type Parking interface {
	// LoadParked gives the rows of an integration in StateParked, StateBehind and StateHeld by position, without Record.
	LoadParked(ctx context.Context, integration event.ID) ([]Parked, error)
	// GetParked gives one row with its Record.
	GetParked(ctx context.Context, account event.Account, delivery event.ID) (Parked, error)
	// ListParked gives rows newest first, without Record.
	ListParked(ctx context.Context, f ParkedFilter, p Page) (list []Parked, next string, err error)
	// ParkedTitles gives the titles of the events of those of an account's deliveries, at most MaxPage, whose rows have a
	// Record with one: MaxListedTitle bytes of each at most.
	ParkedTitles(ctx context.Context, account event.Account, deliveries []event.ID) (map[event.ID]string, error)
	// ParkedCauses sums rows up by integration and cause, the most frequent first.
	ParkedCauses(ctx context.Context, f ParkedFilter) (ParkedCauses, error)
	// CountParked counts by state.
	CountParked(ctx context.Context, f ParkedFilter) (map[ParkedState]int, error)
	// PruneParked deletes at most limit mailbox, discarded and expired rows whose Since is before t, and returns them
	// without Record.
	PruneParked(ctx context.Context, t time.Time, limit int) ([]Parked, error)
}

// Job is long work that somebody started and can watch.
type Job struct {
	ID                   event.ID
	Account              event.Account
	Kind                 string // "replay", "backfill"
	State                string // queued, running, done, failed, cancelled
	Spec                 json.RawMessage
	Total, Done, Failed  int
	Error                string
	CreatedAt, UpdatedAt time.Time
}

// Jobs keeps long work.
type Jobs interface {
	SaveJob(ctx context.Context, j Job) error // inserted or replaced
	GetJob(ctx context.Context, account event.Account, id event.ID) (Job, error)
	// ListJobs gives an account's jobs, the newest first.
	ListJobs(ctx context.Context, account event.Account, p Page) (list []Job, next string, err error)
	// UnfinishedJobs gives the queued and running ones of all accounts, oldest first.
	UnfinishedJobs(ctx context.Context) ([]Job, error)
}

// Idempotency keeps the answers to requests that came with an Idempotency-Key.
type Idempotency interface {
	GetIdempotency(ctx context.Context, account event.Account, keyHash [32]byte) (IdempotencyRow, error)
	// SaveIdempotency stores entries (an older one of the same key is replaced), remembers through (the last frame
	// that is covered) and forgets rows older than before, a bounded number of them with each call.
	SaveIdempotency(ctx context.Context, rows []IdempotencyRow, through uint64, before time.Time) error
	// IdempotencyThrough is the last frame covered; 0 on a new installation.
	IdempotencyThrough(ctx context.Context) (uint64, error)
}

// IdempotencyRow is one remembered request.
type IdempotencyRow struct {
	journal.Idempotency
	At time.Time
}

// Limits of the outbox.
const (
	// MaxOutbox is how many facts may wait in the outbox of one database. Beyond it the oldest are dropped and counted:
	// a change is never refused because too much waits to be said about earlier ones.
	MaxOutbox = 100_000
	// MaxSaidBytes bounds Said.Event (16 KiB). A longer one is ErrInvalid, and with it the change it came with.
	MaxSaidBytes = 16 << 10
)

// Said is a fact that Tocsin itself states. It waits in the outbox, where the change that it is about put it, until it
// is in the journal.
type Said struct {
	// ID becomes the event's id, so that a fact that is appended twice (after a crash) is recognised.
	ID      event.ID
	Account event.Account
	Type    string // the event's type
	// Origin is the textual id of the integration that the fact is about, which never gets it; empty if about none.
	Origin string
	// Hops counts how often a fact of Tocsin's own has caused this one.
	Hops uint8
	// Event is the native envelope as one JSON object, without id, account and received_at; at most MaxSaidBytes.
	Event json.RawMessage
	At    time.Time // when it became true
}

// OutboxCount is the state of the outbox.
type OutboxCount struct {
	Waiting uint64 // facts that wait now
	Dropped uint64 // facts that were dropped because of MaxOutbox, since the installation was made
}

// Outbox keeps what Tocsin says until it is in the journal. Rows are written with the change they are about, through
// Integration.Say and Tick.Say; a fact whose id waits already is left as it is.
type Outbox interface {
	// ListOutbox gives the waiting facts by id, which is the order in which they were made, of all accounts but the
	// skipped ones. Limit is moved into 1 to MaxPage.
	ListOutbox(ctx context.Context, limit int, skip ...event.Account) ([]Said, error)
	// DeleteOutbox forgets facts that are in the journal. One that does not wait is no error.
	DeleteOutbox(ctx context.Context, ids []event.ID) error
	CountOutbox(ctx context.Context) (OutboxCount, error)
}
