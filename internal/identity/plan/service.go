package plan

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Deps are what a Service stands on. Owner, Accounts, OnOver, Now and Log may be nil.
type Deps struct {
	Matrix *Matrix
	// PlanOf names an account's plan; empty: the default plan. It is asked for every request and must be cheap.
	PlanOf func(event.Account) string
	// Owner gives the account whose plan an account uses up, of which PlanOf says the same (account.Service.PlanOwner):
	// what both of them send is held to the limits once. nil: every account uses up its own. It must be cheap.
	Owner func(event.Account) event.Account
	Usage store.Usages
	// Accounts names every account, so that those which were never saved can be counted from the journal; nil: only
	// saved ones are.
	Accounts func() []event.Account
	// Journalled is how many events of an account were ever journalled (journal.Journal.Journalled). It is asked under
	// no lock of the service.
	Journalled func(event.Account) uint64
	// Category gives the category of a connector kind, empty for a kind that does not exist.
	Category func(kind string) string
	// OnOver is told once a month, from Run, that an account has reached its plan's events of the month. On an error it
	// is told again later.
	OnOver func(ctx context.Context, account event.Account, p Plan) error
	Now    func() time.Time
	Log    *slog.Logger
}

// Service holds accounts to their plans. What an account used is counted by account; accounts that share a plan (see
// Deps.Owner) are held to its limits together. It is safe for concurrent use. While it is used, Run must be running.
//
// Counts are kept in memory and saved every SaveEvery. After a crash the journal tells how many events came since; it
// does not tell what was refused, and it counts what the hub itself said about the account, and twice what was on its
// way at the moment of the last save. Each is a matter of one SaveEvery.
type Service struct {
	deps   Deps
	start  time.Time
	meters atomic.Pointer[map[event.Account]*meter]
	grow   sync.Mutex    // for whoever adds a meter
	saving sync.Mutex    // one save at a time
	wake   chan struct{} // somebody has reached a monthly number
}

// Open makes a service and completes the saved counts from the journal.
func Open(ctx context.Context, d Deps) (*Service, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Accounts == nil {
		d.Accounts = func() []event.Account { return nil }
	}
	s := &Service{deps: d, start: d.Now(), wake: make(chan struct{}, 1)}
	s.meters.Store(&map[event.Account]*meter{})
	return s, s.recover(ctx)
}

// planOf gives an account's plan. A plan that the matrix does not have any more (its file was changed) has no
// connectors, so that nothing new can be made with it, and no limits, so that events are not refused for it.
func (s *Service) planOf(account event.Account) *Plan {
	name := s.deps.PlanOf(account)
	if p := s.deps.Matrix.find(name); p != nil {
		return p
	}
	return &Plan{Name: name}
}

// Of gives an account's plan, for showing. One that the matrix does not have any more has no connectors and no limits.
func (s *Service) Of(account event.Account) Plan { return *s.planOf(account) }

// Owner gives the account whose plan an account uses up: itself, or one above it. Limits of a plan that others keep
// (requests per minute) are to be counted by it.
func (s *Service) Owner(account event.Account) event.Account {
	if s.deps.Owner == nil {
		return account
	}
	return s.deps.Owner(account)
}

// CheckKind says whether an account may use connectors of a kind; if not, its error is a *NotInPlanError.
func (s *Service) CheckKind(account event.Account, kind string) error {
	p, category := s.planOf(account), s.deps.Category(kind)
	if p.Has(kind, category) {
		return nil
	}
	return &NotInPlanError{Plan: p.Name, Kind: kind, PlansWith: s.deps.Matrix.With(kind, category)}
}

// PlansWith gives the names of the plans that have connectors of a kind, the cheapest first, for the catalogue.
func (s *Service) PlansWith(kind string) []string {
	return s.deps.Matrix.With(kind, s.deps.Category(kind))
}

// Requests is how many API requests an account may make per minute; 0: any number.
func (s *Service) Requests(account event.Account) int { return s.planOf(account).RequestsPerMinute }

// TooManyRequests is the error for more requests than that.
func (s *Service) TooManyRequests(account event.Account, retry time.Duration) *LimitError {
	p := s.planOf(account)
	return s.reached(p, RequestsPerMinute, p.RequestsPerMinute, retry)
}

// Batch is how many events one request of an account may hold; 0: as many as the hub takes.
func (s *Service) Batch(account event.Account) int { return s.planOf(account).BatchEvents }

// Admit counts events of one request that are about to be journalled, if the account's plan has room for all of them;
// they use up the plan of its Owner. It gives how many of them are above the month's number and taken all the same. A
// refusal is a *LimitError; then nothing is counted but the refusal. What is admitted and then not journalled is given
// back with Release.
func (s *Service) Admit(account event.Account, events int) (over uint64, err error) {
	if events <= 0 {
		return 0, nil
	}
	p, m, now := s.planOf(account), s.meter(account), s.deps.Now()
	t, n := m.current(now), uint64(events)
	if p.EventsPerSecond == 0 && p.EventsPerMonth == 0 {
		t.events.Add(n)
		return 0, nil
	}
	if over, err = s.charge(s.meterOf(account, m), p, events, now); err != nil {
		t.refused.Add(n)
		return 0, err
	}
	t.events.Add(n)
	t.over.Add(over)
	return over, nil
}

// charge holds events to a plan, at the meter of its owner.
func (s *Service) charge(m *meter, p *Plan, events int, now time.Time) (over uint64, err error) {
	if p.EventsPerSecond > 0 {
		if wait, ok := m.pace.take(now.Sub(s.start), events, p); !ok {
			if events > p.burst() {
				return 0, s.reached(p, BatchEvents, p.burst(), 0)
			}
			return 0, s.reached(p, EventsPerSecond, p.EventsPerSecond, wait)
		}
	}
	if p.EventsPerMonth == 0 {
		return 0, nil
	}
	t := m.current(now)
	over, ok := add(s.charged(m.account, t), uint64(events), p)
	if (over > 0 || !ok) && !t.crossed.Swap(true) {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	if !ok {
		m.pace.giveBack(events, p)
		return 0, s.reached(p, EventsPerMonth, p.EventsPerMonth, time.Unix(t.until, 0).Sub(now))
	}
	return over, nil
}

// charged gives the count that an owner's monthly number is held against: what all who use up its plan sent in the
// month of t. It is added up once for a month, when it is first asked for.
func (s *Service) charged(owner event.Account, t *tally) *atomic.Uint64 {
	if c := t.charged.Load(); c != nil {
		return c
	}
	s.grow.Lock() // those who share the plan count nothing until they have it
	defer s.grow.Unlock()
	if c := t.charged.Load(); c != nil {
		return c
	}
	c := &atomic.Uint64{}
	for account, m := range *s.meters.Load() {
		if sent := m.tally.Load(); sent.month == t.month && s.Owner(account) == owner {
			c.Add(sent.events.Load())
		}
	}
	t.charged.Store(c)
	return c
}

// Release takes back what Admit counted for events that were not journalled; over is what Admit gave.
func (s *Service) Release(account event.Account, events int, over uint64) {
	m, now, n := s.meter(account), s.deps.Now(), uint64(max(events, 0))
	t := m.current(now)
	lower(&t.events, n)
	lower(&t.over, over)
	if p := s.planOf(account); p.EventsPerMonth == 0 {
		return
	}
	if c := s.meterOf(account, m).current(now).charged.Load(); c != nil {
		lower(c, n)
	}
}

// meterOf gives the meter that an account is charged at; m is its own.
func (s *Service) meterOf(account event.Account, m *meter) *meter {
	if owner := s.Owner(account); owner != account {
		return s.meter(owner)
	}
	return m
}

func (s *Service) reached(p *Plan, limit string, most int, retry time.Duration) *LimitError {
	return &LimitError{Limit: limit, Plan: p.Name, Max: most, RetryAfter: retry, PlanWithMore: s.deps.Matrix.withMore(limit, most)}
}

// meter gives an account's meter. There are as many as there are accounts.
func (s *Service) meter(account event.Account) *meter {
	if m := (*s.meters.Load())[account]; m != nil {
		return m
	}
	s.meet([]event.Account{account})
	return (*s.meters.Load())[account]
}

// meet makes the meters that accounts do not have yet.
func (s *Service) meet(accounts []event.Account) {
	known := *s.meters.Load()
	if !slices.ContainsFunc(accounts, func(a event.Account) bool { return known[a] == nil }) {
		return
	}
	now := s.deps.Now()
	s.grow.Lock()
	defer s.grow.Unlock()
	more := maps.Clone(*s.meters.Load()) // readers take no lock
	for _, account := range accounts {
		if more[account] == nil {
			m := &meter{account: account}
			m.tally.Store(newTally(now))
			more[account] = m
		}
	}
	s.meters.Store(&more)
}
