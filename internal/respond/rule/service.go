package rule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Journal is what the cursor reads; *journal.Journal is one.
type Journal interface {
	Next(ctx context.Context, frame uint64) (*journal.Frame, error)
	Bounds() (first, last uint64)
	End() journal.Position
}

// Blocks decides about blocks and makes them; *respond.Service is one.
type Blocks interface {
	// Judge says what would become of a request of a rule; nothing is done.
	Judge(ctx context.Context, account event.Account, r respond.Request) (guard.Verdict, error)
	// BlockByRule asks for a block in the name of a rule; ask makes it wait for approval. It does so once for a rule, an
	// event and a target, however often it is called.
	BlockByRule(ctx context.Context, rule store.ResponseRule, ask bool, r respond.Request) (respond.Outcome, error)
}

// Deps are what a Service stands on. Those from AccountOpen on may be zero.
type Deps struct {
	Store    store.Responses
	Journal  Journal
	Blocks   Blocks
	Recorder act.Recorder
	// AccountOpen says whether an account is in use: rules of others rest.
	AccountOpen func(event.Account) bool
	Now         func() time.Time
	Log         *slog.Logger
}

// Service keeps the response rules of all accounts, and runs them. It is safe for concurrent use.
type Service struct {
	deps   Deps
	change sync.Mutex // one change at a time: what is stored and what runs agree
	rules  atomic.Pointer[rules]
	cursor cursor
	counts counts
}

// rules are those of all accounts at one time.
type rules struct {
	rows    map[event.Account][]store.ResponseRule // by name
	running map[event.Account][]*compiled          // those that are enabled
}

// counts are what happened since the process began.
type counts struct{ looked, matched, folded, lost atomic.Uint64 }

// Open reads the rules. One that does not compile any more is logged and rests. Nothing runs before Run.
func Open(ctx context.Context, d Deps) (*Service, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	if d.AccountOpen == nil {
		d.AccountOpen = func(event.Account) bool { return true }
	}
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	s := &Service{deps: d}
	if err := s.reload(ctx); err != nil {
		return nil, err
	}
	s.cursor.init(s)
	return s, nil
}

// now is the service's clock, in UTC with the store's precision.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// reload reads the rules anew and lets them run. The caller holds change, or is alone.
func (s *Service) reload(ctx context.Context) error {
	rows, err := s.deps.Store.AllResponseRules(ctx)
	if err != nil {
		return fmt.Errorf("reading the response rules: %w", err)
	}
	slices.SortFunc(rows, func(a, b store.ResponseRule) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	r := &rules{rows: map[event.Account][]store.ResponseRule{}, running: map[event.Account][]*compiled{}}
	for _, row := range rows {
		r.rows[row.Account] = append(r.rows[row.Account], row)
		if !row.Enabled {
			continue
		}
		c, err := compile(row)
		if err != nil { // it was checked when it was saved: what can be said has changed since
			s.deps.Log.Error("a response rule is not valid any more and rests", slog.String("rule", row.ID.Text(event.PrefixResponse)),
				slog.String("account", string(row.Account)), slog.Any("error", err))
			continue
		}
		r.running[row.Account] = append(r.running[row.Account], c)
	}
	s.rules.Store(r)
	s.cursor.nudge()
	return nil
}

// List gives an account's rules by name.
func (s *Service) List(account event.Account) []store.ResponseRule {
	return slices.Clone(s.rules.Load().rows[account])
}

// Get gives one rule. Its error is respond.ErrNoRule, or the store's.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.ResponseRule, error) {
	row, err := s.deps.Store.GetResponseRule(ctx, account, id)
	return row, worded(err)
}

func worded(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return respond.ErrNoRule
	case err != nil:
		return fmt.Errorf("storing a response rule: %w", err)
	}
	return nil
}

// Stats says how the rules are doing.
type Stats struct {
	Mark journal.Position // everything below it was looked at
	// Behind is how many frames of the journal were not looked at yet; 0 if no rule runs.
	Behind uint64
	// Looked counts events that were offered to rules since the start, Matched those that a rule wanted; Folded counts
	// decisions that no hit tells of, because one like it was just made. Lost counts events that could not be read.
	Looked, Matched, Folded, Lost uint64
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	st := Stats{Looked: s.counts.looked.Load(), Matched: s.counts.matched.Load(), Folded: s.counts.folded.Load(), Lost: s.counts.lost.Load()}
	s.cursor.stats(&st)
	return st
}
