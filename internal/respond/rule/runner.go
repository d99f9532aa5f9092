package rule

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// runner lets rules look at events, one after the other. It belongs to one goroutine.
type runner struct {
	s        *Service
	set      *rules
	index    *route.Index[*compiled]
	memories map[memoryKey]*memory
	tries    int // that failed in a row, of one address
	most     int // maxTries but in tests
}

// maxTries is how often an address is asked for that should be answered, about a quarter of a minute long, before it is
// given up: what cannot be decided must not hold up the rules of everybody. While the store does not take anything it is
// tried for ever.
const maxTries = 8

// memoryKey: what a rule did in shadow mode is no part of what it has done.
type memoryKey struct {
	rule event.ID
	live bool
}

func (x *runner) init(s *Service) {
	x.s, x.memories, x.most = s, map[memoryKey]*memory{}, maxTries
	x.use(&rules{})
}

// use takes the rules as they are now.
func (x *runner) use(set *rules) {
	if x.set == set {
		return
	}
	x.set, x.index = set, route.NewIndex[*compiled]()
	known := map[event.ID]bool{}
	for account, list := range set.running {
		for _, c := range list {
			x.index.Add(account, c.row.ID.Text(event.PrefixResponse), c.sub, c)
		}
	}
	for _, rows := range set.rows {
		for i := range rows {
			known[rows[i].ID] = true
		}
	}
	for key := range x.memories {
		if !known[key.rule] {
			delete(x.memories, key)
		}
	}
}

// has says whether rules of an account run.
func (x *runner) has(account event.Account) bool {
	return len(x.set.running[account]) > 0 && x.s.deps.AccountOpen(account)
}

// wanted is how many events of a section rules may want, by their types; all of them if the section does not say.
func (x *runner) wanted(s *journal.Section) (n uint64) {
	if len(s.Types) == 0 {
		return uint64(s.Count)
	}
	for _, t := range s.Types {
		if ignoresType(t.Type) {
			continue
		}
		for _, c := range x.set.running[s.Account] {
			if c.sub.WantsType(t.Type) {
				n += uint64(t.Count)
				break
			}
		}
	}
	return n
}

// look lets the rules of its account look at an event, and appends what they did to hits. With an error, which passes, it
// can be called again with the same hits: what was done is not done twice.
func (x *runner) look(ctx context.Context, r *event.Record, hits []store.RuleHit) ([]store.RuleHit, error) {
	if ignores(r) {
		return hits, nil
	}
	var want []*compiled
	x.index.Match(r, func(e *route.Entry[*compiled], why route.Reason) {
		// A rule is for what comes after it was made, or changed last.
		if why == route.Wanted && !r.Received.Before(e.Value.row.UpdatedAt) {
			want = append(want, e.Value)
		}
	})
	x.s.counts.looked.Add(1)
	if len(want) == 0 {
		return hits, nil
	}
	x.s.counts.matched.Add(1)
	e, err := r.Event()
	if err != nil {
		x.s.deps.Log.Error("response rules do not look at an event: it cannot be read", slog.String("event", r.ID.Text(event.PrefixEvent)),
			slog.String("account", string(r.Account)), slog.Any("error", err))
		return hits, nil
	}
	for _, c := range want {
		if hits, err = x.each(ctx, c, r, &e, hits); err != nil {
			return hits, err
		}
	}
	return hits, nil
}

// current says whether a rule still runs as it was when its frame was begun: who switches a rule off, or back into shadow
// mode, means now.
func (x *runner) current(c *compiled) bool {
	set := x.s.rules.Load()
	if set == x.set {
		return true
	}
	return slices.ContainsFunc(set.running[c.row.Account], func(o *compiled) bool { return o.row.ID == c.row.ID && o.row.Version == c.row.Version })
}

// each lets one rule look at the addresses of an event. What it remembers keeps it from doing twice what it is asked twice.
func (x *runner) each(ctx context.Context, c *compiled, r *event.Record, e *event.Event, hits []store.RuleHit) ([]store.RuleHit, error) {
	list, all := targets(e, c.block.EntityRole)
	if len(list) == 0 {
		return hits, nil
	}
	now := x.s.now()
	m, err := x.memory(ctx, c, now)
	if err != nil {
		return hits, err
	}
	for _, target := range list {
		if !x.current(c) {
			return hits, nil
		}
		if m.folded(c, target, now) {
			x.s.counts.folded.Add(1)
			continue
		}
		d, err := x.ruling(ctx, c, m, r, target, now)
		if err != nil {
			return hits, err
		}
		m.fold(c, target, d.decision, now)
		if !m.tells(d.decision, now) {
			x.s.counts.folded.Add(1)
			continue
		}
		m.note(d.decision, now)
		if all > len(list) {
			d.detail = event.Clip(fmt.Sprintf("(the event names %d addresses: the first %d count) ", all, len(list))+d.detail, maxDetail)
		}
		hits = append(hits, hit(c, r, target, d, now))
	}
	return hits, nil
}

// ruling is what a rule makes of an address that it did not just decide about.
func (x *runner) ruling(ctx context.Context, c *compiled, m *memory, r *event.Record, target netip.Prefix, now time.Time) (ruling, error) {
	if why := stale(r, now); why != "" {
		return ruling{decision: c.refusal(), detail: why}, nil
	}
	if m.full(c, now) {
		return ruling{decision: c.refusal(), detail: c.capped()}, nil
	}
	d, err := x.s.decide(ctx, c, r, target)
	if err == nil {
		x.tries = 0
		return d, nil
	}
	if x.tries++; x.tries < x.most || x.s.cursor.resave(ctx) != nil {
		return d, err
	}
	x.tries = 0
	x.s.deps.Log.Error("a response rule gives an address up: it cannot be asked for", slog.String("rule", c.row.ID.Text(event.PrefixResponse)),
		slog.String("account", string(r.Account)), slog.String("event", r.ID.Text(event.PrefixEvent)), slog.Any("error", err))
	return ruling{decision: c.refusal(), detail: "it could not be asked for: the log of the hub says why"}, nil
}

func (c *compiled) capped() string {
	return fmt.Sprintf("the rule has acted on %d addresses within an hour, and its own cap is %d", c.block.MaxPerHour, c.block.MaxPerHour)
}

func (x *runner) memory(ctx context.Context, c *compiled, now time.Time) (*memory, error) {
	key := memoryKey{c.row.ID, c.live()}
	if m := x.memories[key]; m != nil {
		return m, nil
	}
	m, err := remember(ctx, x.s.deps.Store, c, now)
	if err == nil {
		x.memories[key] = m
	}
	return m, err
}

func hit(c *compiled, r *event.Record, target netip.Prefix, d ruling, now time.Time) store.RuleHit {
	return store.RuleHit{
		ID: event.NewID(), Account: c.row.Account, Rule: c.row.ID, Event: r.ID, Type: r.Type, Target: target.String(), At: now, Mode: c.row.Mode,
		Decision: d.decision, Detail: d.detail, Block: d.block,
	}
}
