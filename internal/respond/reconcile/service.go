package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/fact"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a service.
const (
	// maxCycles is how many responders are worked on at once: most of them wait for their vendors.
	maxCycles = 32
	// maxPreviews is how many previews are made at once, and previewTime bounds one.
	maxPreviews = 8
	previewTime = 20 * time.Second
	// longestSleep is the longest that the loop waits for something to be due.
	longestSleep = time.Hour
)

// Service runs the reconcilers. It is safe for concurrent use.
type Service struct {
	Deps

	mu       sync.RWMutex
	roster   map[event.ID]*entry
	news     chan struct{} // tells the loop that something may be due
	previews chan struct{}

	onHit func(name string) // of tests, at each failpoint
}

// New makes a service; Load begins.
func New(d Deps) *Service {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	if d.Policy == nil {
		d.Policy = func(event.Account) guard.Policy { return guard.Policy{} }
	}
	if d.Protected == nil {
		d.Protected = func(event.Account, netip.Prefix) (string, bool) { return "", false }
	}
	if d.AccountOpen == nil {
		d.AccountOpen = func(event.Account) bool { return true }
	}
	if d.Wake == nil {
		d.Wake = func() {}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{
		Deps: d, roster: map[event.ID]*entry{}, news: make(chan struct{}, 1), previews: make(chan struct{}, maxPreviews),
	}
}

// Held is how many entries at the vendor are there by us, or may be; it is 0 for what is no responder.
func (s *Service) Held(ctx context.Context, account event.Account, id event.ID) (int, error) {
	if s.find(account, id) == nil {
		return 0, nil
	}
	b, err := s.Store.LoadResponder(ctx, account, id)
	if err != nil {
		return 0, fmt.Errorf("reading what a responder holds: %w", err)
	}
	return newBook(b).held(), nil
}

// States are the account's responders, by name.
func (s *Service) States(account event.Account) []State {
	var list []State
	for _, e := range s.entries() {
		if e.current().Account == account {
			list = append(list, s.state(e))
		}
	}
	slices.SortFunc(list, func(a, b State) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), slices.Compare(a.Integration[:], b.Integration[:]))
	})
	return list
}

func (s *Service) state(e *entry) State {
	s.learn(e)
	running, next := e.clock.view()
	e.mu.Lock()
	defer e.mu.Unlock()
	st := e.state
	st.Integration, st.Account, st.Name, st.Kind = e.row.ID, e.row.Account, e.row.Name, e.row.Kind
	st.Enabled, st.Running, st.NextCycle = s.unusable(&e.row) == "", running, next
	st.Warnings = slices.Clone(st.Warnings)
	return st
}

// unusable says why a responder must not be used; empty: it may.
func (s *Service) unusable(i *store.Integration) string {
	switch {
	case !i.Enabled:
		return "the responder is disabled"
	case len(i.Voided) > 0:
		return "the responder is not used: a secret of its must be entered again"
	case i.Paused:
		return "the responder is paused"
	case !s.AccountOpen(i.Account):
		return "the account is not in use"
	}
	return ""
}

// Nudge has responders look at what is wanted of them, soon.
func (s *Service) Nudge(integrations ...event.ID) {
	now := s.Now()
	for _, id := range integrations {
		if e := s.of(id); e != nil {
			e.clock.nudge(now)
		}
	}
	s.wake()
}

// RetryNow forgets how long to wait after failures, and nudges; without integrations all of the account. What has drifted
// and was only reported is put back, too. A pause that the vendor asked for is kept to.
func (s *Service) RetryNow(_ context.Context, account event.Account, integrations ...event.ID) {
	now := s.Now()
	for _, e := range s.entries() {
		if row := e.current(); row.Account == account && (len(integrations) == 0 || slices.Contains(integrations, row.ID)) {
			e.clock.insist(everything, now)
		}
	}
	s.wake()
}

// ReconcileNow runs a cycle and waits for it. ErrNotFound, ErrBusy. That the vendor does not answer is in the state.
func (s *Service) ReconcileNow(ctx context.Context, account event.Account, id event.ID) (State, error) {
	e := s.find(account, id)
	if e == nil {
		return State{}, ErrNotFound
	}
	if !s.cycle(ctx, e, true) {
		return State{}, ErrBusy
	}
	s.wake()
	return s.state(e), nil
}

// teller says what a responder's reconciler says.
func (s *Service) teller(id event.ID, at time.Time) *teller {
	t := &teller{integration: id, at: at, names: map[event.ID]fact.Responder{}, publicURL: s.PublicURL, of: fact.Of}
	for _, e := range s.entries() {
		row := e.current()
		t.names[row.ID] = fact.Responder{ID: row.ID.Text(event.PrefixIntegration), Name: row.Name, Kind: row.Kind}
	}
	return t
}

// noteSnapshot keeps what a snapshot says of the responder.
func (e *entry) noteSnapshot(version int64, limits connector.BlockLimits, snapshot *connector.BlockSnapshot, p *plan, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.row.Version != version { // it has changed meanwhile
		return
	}
	st := &e.state
	st.Limits, st.Ready, st.LastCycle = limits, true, now
	st.Used, st.Ours, st.Capacity = p.used, p.ours, p.capacity
	st.IPv4, st.IPv6 = p.ipv4, p.ipv6
	st.Warnings = slices.Clone(snapshot.Warnings)
	if p.strays > 0 {
		st.Warnings = append(st.Warnings, fmt.Sprintf(
			"%d entries bear the mark of blocks that this hub does not know, such as after an older backup was put back: they are left alone", p.strays))
	}
}

// fullTime is how long it is believed that a vendor can hold no more than when it said so.
const fullTime = 10 * time.Minute

func (e *entry) noteFull(used int, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.full, e.fullSince = used, now
}

// fullAt is how many entries the vendor held when it said that it can hold no more; 0: it has not said so lately.
func (e *entry) fullAt(now time.Time) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Sub(e.fullSince) >= fullTime {
		return 0
	}
	return e.full
}

// noteEnd keeps how a cycle ended.
func (e *entry) noteEnd(version int64, err string, took time.Duration, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.row.Version != version { // it has changed meanwhile
		return
	}
	st := &e.state
	st.Took = took
	switch {
	case err == "":
		st.Error, st.ErrorSince = "", time.Time{}
		return
	case st.ErrorSince.IsZero():
		st.ErrorSince = now
	}
	st.Error = err
}
