package mapping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Deps are what a Service stands on. Below and Log may be nil; without Below a rule may name no account but its own.
type Deps struct {
	Store    store.MappingRules
	Recorder act.Recorder
	// Below says whether an account is open and below another. It must answer from memory.
	Below  func(account, above event.Account) bool
	Limits event.Limits
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger
}

// Service keeps the rules of all accounts. It is safe for concurrent use.
type Service struct {
	deps Deps

	change sync.Mutex // one change at a time: what is stored and what runs agree
	sets   atomic.Pointer[map[event.Account][]*running]

	tallies sync.Mutex
	counts  map[event.ID]*tally
}

// running is an enabled rule with its counts.
type running struct {
	*Compiled
	counts *tally
}

// Open reads the rules. A rule that does not compile any more is logged and does not run.
func Open(ctx context.Context, d Deps) (*Service, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{deps: d, counts: map[event.ID]*tally{}}
	rows, err := d.Store.AllMappingRules(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the mapping rules: %w", err)
	}
	by := map[event.Account][]store.MappingRule{}
	for _, row := range rows {
		by[row.Account] = append(by[row.Account], row)
		s.counts[row.ID] = newTally(row)
	}
	sets := map[event.Account][]*running{}
	for account, list := range by {
		if set := s.compile(list); len(set) > 0 {
			sets[account] = set
		}
	}
	s.sets.Store(&sets)
	return s, nil
}

// compile makes the set of an account: its enabled rules by position and id.
func (s *Service) compile(rows []store.MappingRule) []*running {
	slices.SortFunc(rows, byOrder)
	var set []*running
	for _, row := range rows {
		if !row.Enabled {
			continue
		}
		r, err := ruleOf(row)
		var c *Compiled
		if err == nil {
			c, err = Compile(r)
		}
		if err != nil { // it was checked when it was saved: what can be said has changed since
			s.deps.Log.Error("a mapping rule is not valid any more and does not run", slog.String("rule", row.ID.Text(event.PrefixMapping)),
				slog.String("account", string(row.Account)), slog.Any("error", err))
			continue
		}
		set = append(set, &running{c, s.tallyOf(row)})
	}
	return set
}

func byOrder(a, b store.MappingRule) int {
	if a.Position != b.Position {
		return a.Position - b.Position
	}
	return slices.Compare(a.ID[:], b.ID[:])
}

// reload compiles an account's rules anew and swaps them in. The caller holds change.
func (s *Service) reload(ctx context.Context, account event.Account) error {
	rows, err := s.deps.Store.ListMappingRules(ctx, account)
	if err != nil {
		return fmt.Errorf("reading the mapping rules of account %s: %w", account, err)
	}
	set := s.compile(rows)
	old := *s.sets.Load()
	next := make(map[event.Account][]*running, len(old)+1)
	for a, list := range old {
		next[a] = list
	}
	if next[account] = set; len(set) == 0 {
		delete(next, account)
	}
	s.sets.Store(&next)
	return nil
}

// For gives what maps the events that an account's sender sends to a dialect and, if they came to one, a source; nil when
// no rule is about them. It gives the event as it is to be journalled, nil when a rule dropped it; its account may be one
// below. may says which types the sender may send; nil: all.
func (s *Service) For(account event.Account, dialect, source string) func(r *event.Record, may func(string) bool) *event.Record {
	set := (*s.sets.Load())[account]
	if len(set) == 0 {
		return nil
	}
	var rules []*Compiled
	var counts []*tally
	for _, r := range set {
		if r.For(dialect, source) {
			rules, counts = append(rules, r.Compiled), append(counts, r.counts)
		}
	}
	if len(rules) == 0 {
		return nil
	}
	m := May{Limits: s.deps.Limits, Account: s.mayGiveTo(account)}
	return func(r *event.Record, may func(string) bool) *event.Record {
		m.Type = may
		o := Apply(rules, r, m)
		for _, step := range o.Steps {
			counts[step.Rule].add(step)
		}
		return o.Record
	}
}

func (s *Service) mayGiveTo(sender event.Account) func(event.Account) bool {
	return func(a event.Account) bool {
		return a == sender || s.deps.Below != nil && s.deps.Below(a, sender)
	}
}

// ruleOf reads a stored rule.
func ruleOf(row store.MappingRule) (Rule, error) {
	r := Rule{Name: row.Name, Source: row.Source, Position: row.Position, Enabled: row.Enabled, When: row.When, Drop: row.Drop}
	if err := json.Unmarshal(row.Set, &r.Set); err != nil {
		return r, fmt.Errorf("reading what mapping rule %s sets: %w", row.ID.Text(event.PrefixMapping), err)
	}
	if err := json.Unmarshal(row.Compute, &r.Compute); err != nil {
		return r, fmt.Errorf("reading what mapping rule %s computes: %w", row.ID.Text(event.PrefixMapping), err)
	}
	return r, nil
}

// fill puts a rule into a row.
func fill(row *store.MappingRule, r Rule) {
	row.Name, row.Source, row.Position, row.Enabled, row.When, row.Drop = r.Name, r.Source, r.Position, r.Enabled, r.When, r.Drop
	row.Set, row.Compute = encode(r.Set), encode(r.Compute)
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("mapping: writing a rule as JSON: " + err.Error()) // texts
	}
	return raw
}

// shown is a rule as the audit record shows it.
func shown(row store.MappingRule) json.RawMessage {
	r, err := ruleOf(row)
	if err != nil {
		return nil
	}
	return encode(r)
}

// checkAccount says whether the rule may name its account.
func (s *Service) checkAccount(account event.Account, r Rule) error {
	if r.Set.Account == "" || s.mayGiveTo(account)(r.Set.Account) {
		return nil
	}
	return form.Errors{{Path: "set.account", Message: "must be the account itself, or an open one below it"}}
}

// worded turns the store's error into one that a caller understands.
func worded(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("storing a mapping rule: %w", err)
	}
	return nil
}
