// Package alerting keeps the queue of alerts: what the alert.* events of one key fold into, and what people and other
// systems do with them.
//
// [Service.Run] is a cursor on the journal like a lane: it has a mark of its own, which is saved in the transaction of
// what was folded, so that after a crash each event counts once. What an event makes of an alert is pure ([Fold]), and so
// is what a change makes of it. A change is written with its history and with the fact that tells of it, which every
// integration can follow; facts of Tocsin's own are never folded.
package alerting

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Errors of the service, beside store.ErrNotFound, store.ErrCursor and form.Errors. Callers match them with errors.Is.
var (
	// ErrVersion: the alert is not the version that the change was based on.
	ErrVersion = errors.New("the alert has changed since it was read: read it again")
	// ErrBehind: alerts of what is to be trimmed are not folded yet.
	ErrBehind = errors.New("alerts of what is to be trimmed are not folded yet")
)

// Journal is what the cursor reads; *journal.Journal is one.
type Journal interface {
	Next(ctx context.Context, frame uint64) (*journal.Frame, error)
	Bounds() (first, last uint64)
	End() journal.Position
	Accounts() []event.Account
	Journalled(account event.Account) uint64
}

// Rules make incidents of alerts.
type Rules interface {
	// Decide is asked about the alerts of an account that a batch of events changed, before they are stored. What it
	// answers is stored with them. It is asked again when somebody else has changed an incident meanwhile.
	Decide(ctx context.Context, account event.Account, touched []store.Alert) ([]store.IncidentWrite, error)
}

// Deps are what a Service stands on. Rules, Now and Log may be nil.
type Deps struct {
	Store    store.Alerts
	Journal  Journal
	Recorder act.Recorder
	Rules    Rules
	// MaxAge is how long resolved alerts are kept; 0: DefaultMaxAge.
	MaxAge time.Duration
	Now    func() time.Time
	Log    *slog.Logger
}

// DefaultMaxAge is how long resolved alerts are kept if nobody says otherwise.
const DefaultMaxAge = 365 * 24 * time.Hour

// Service keeps the alerts of all accounts. It is safe for concurrent use.
type Service struct {
	deps Deps

	// turn holds one token: whoever has it may read alerts and write them changed.
	turn chan struct{}

	cursor cursor
	counts counts
}

// counts are what happened since the process began, and where the cursor is.
type counts struct {
	folded, lost, refused atomic.Uint64
	pruned                atomic.Uint64
}

// New makes a service. Nothing is folded before Run.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	d.MaxAge = cmp.Or(d.MaxAge, DefaultMaxAge)
	s := &Service{deps: d, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	s.cursor.init(s)
	return s
}

// take waits for the right to change alerts.
func (s *Service) take(ctx context.Context) error {
	select {
	case <-s.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Service) give() { s.turn <- struct{}{} }

// Stats says how the cursor is doing.
type Stats struct {
	Mark journal.Position // everything below it is folded
	// Lag is how many events were journalled that the cursor has not come to; Age is how old the oldest of them is.
	Lag uint64
	Age time.Duration
	// Folded counts events that were folded since the start; Lost those that could not be read any more (trimmed, or
	// damaged), whatever their type where that is not known; Refused alerts that the store would not take. Pruned counts
	// alerts that were deleted because of their age.
	Folded, Lost, Refused, Pruned uint64
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	st := Stats{
		Folded: s.counts.folded.Load(), Lost: s.counts.lost.Load(), Refused: s.counts.refused.Load(), Pruned: s.counts.pruned.Load(),
	}
	s.cursor.stats(&st)
	return st
}
