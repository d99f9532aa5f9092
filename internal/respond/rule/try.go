package rule

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of trials and reports.
const (
	// MaxTried bounds the events that a rule is tried on.
	MaxTried = 10_000
	// maxItems bounds what a trial or a report tells of one by one.
	maxItems = 100
)

// Tally counts decisions.
type Tally struct {
	WouldBlock  int `json:"would_block" doc:"Addresses that it would have blocked."`
	WouldAsk    int `json:"would_ask" doc:"Addresses for which a person's approval would have been asked for."`
	WouldRefuse int `json:"would_refuse" doc:"Addresses that the guard, or the rule's own cap, would not have let it block."`
	Blocked     int `json:"blocked" doc:"Addresses that it blocked."`
	Asked       int `json:"asked" doc:"Addresses for which it asked for a person's approval."`
	Refused     int `json:"refused" doc:"Addresses that the guard, or the rule's own cap, did not let it block."`
	Repeated    int `json:"repeated" doc:"Addresses that were blocked, or asked for, already."`
}

func (t *Tally) add(decision string) {
	for name, n := range map[string]*int{
		WouldBlock: &t.WouldBlock, WouldAsk: &t.WouldAsk, WouldRefuse: &t.WouldRefuse, Blocked: &t.Blocked, Asked: &t.Asked, Refused: &t.Refused,
		Repeated: &t.Repeated,
	} {
		if name == decision {
			*n++
		}
	}
}

// Trial is what a rule would have made of some events.
type Trial struct {
	Looked  int         `json:"looked" doc:"How many events the rule was tried on."`
	Matched int         `json:"matched" doc:"How many of them it looks at."`
	Failed  int         `json:"failed" doc:"For how many its expression fails; they are left alone."`
	Without int         `json:"without_target" doc:"How many of those that it looks at have no observed address in its role."`
	Counts  Tally       `json:"counts" doc:"What it would have decided."`
	Items   []TriedItem `json:"items" doc:"The first 100 decisions, repetitions left out."`
}

// TriedItem is one decision of a trial.
type TriedItem struct {
	Event    string    `json:"event" doc:"The event." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Type     string    `json:"type" doc:"Its type." example:"detection.brute_force"`
	At       time.Time `json:"at" doc:"When it was received."`
	Target   string    `json:"target" doc:"The address." example:"203.0.113.7"`
	Decision string    `json:"decision" enum:"would_block,would_ask,would_refuse" doc:"What would have become of it."`
	Detail   string    `json:"detail,omitempty" doc:"Why, for people."`
}

// Try says what a rule would have made of some events of its account, which come as they came in: the oldest first. It does
// nothing, and is asked whatever the rule's mode. The guard answers by how things are now; an address counts once, and the
// rule's cap by when the events were received. Errors: form.Errors, the store's.
func (s *Service) Try(ctx context.Context, account event.Account, raw json.RawMessage, records []*event.Record) (Trial, error) {
	t := Trial{Items: []TriedItem{}}
	row, err := parse(raw)
	if err != nil {
		return t, err
	}
	row.ID, row.Account, row.Mode = event.NewID(), account, Shadow
	c, err := compile(row)
	if err != nil {
		return t, err
	}
	m := newMemory(c)
	for _, r := range records[:min(len(records), MaxTried)] {
		if err := ctx.Err(); err != nil {
			return t, fmt.Errorf("trying a response rule: %w", err)
		}
		if err := s.tryOne(ctx, &t, c, m, r); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (s *Service) tryOne(ctx context.Context, t *Trial, c *compiled, m *memory, r *event.Record) error {
	t.Looked++
	why := c.sub.Explain(r, "")
	if why == route.WhereFailed {
		t.Failed++
	}
	if why != route.Wanted || ignores(r) || r.Account != c.row.Account {
		return nil
	}
	t.Matched++
	e, err := r.Event()
	if err != nil {
		return nil //nolint:nilerr // what cannot be read makes no rule act
	}
	list, _ := targets(&e, c.block.EntityRole)
	if len(list) == 0 {
		t.Without++
	}
	for _, target := range list {
		if _, known := m.targets[target]; known {
			t.Counts.Repeated++
			continue
		}
		d := ruling{decision: WouldRefuse, detail: c.capped()}
		if !m.full(c, r.Received) {
			if d, err = s.decide(ctx, c, r, target); err != nil {
				return err
			}
			m.targets[target] = r.Received
		}
		m.note(d.decision, r.Received)
		t.Counts.add(d.decision)
		if len(t.Items) < maxItems {
			t.Items = append(t.Items, TriedItem{
				Event: r.ID.Text(event.PrefixEvent), Type: r.Type, At: r.Received, Target: guard.Words(target), Decision: d.decision, Detail: d.detail,
			})
		}
	}
	return nil
}

// Report is what a rule has done, or would have done.
type Report struct {
	Mode        string     `json:"mode" enum:"shadow,propose,apply" doc:"The mode that the rule is in."`
	ShadowSince time.Time  `json:"shadow_since" doc:"When it began to be in shadow mode last."`
	From        *time.Time `json:"from,omitempty" doc:"When the oldest decision that is kept was made; absent: there is none."`
	Hits        int        `json:"hits" doc:"How many decisions are kept: the newest 1,000."`
	Targets     int        `json:"targets" doc:"How many addresses they are about."`
	Shadow      Tally      `json:"shadow" doc:"What it would have done: decisions in shadow mode since it began to be in it last."`
	Live        Tally      `json:"live" doc:"What it has done: decisions in the other modes."`
	Items       []Hit      `json:"items" doc:"The newest 100 decisions."`
}

// Hit is one decision of a rule as it is shown.
type Hit struct {
	At       time.Time `json:"at" doc:"When it was made."`
	Mode     string    `json:"mode" enum:"shadow,propose,apply" doc:"The mode that the rule was in."`
	Decision string    `json:"decision" enum:"would_block,would_ask,would_refuse,blocked,asked,refused,repeated" doc:"What was decided."`
	Detail   string    `json:"detail,omitempty" doc:"Why, for people."`
	Target   string    `json:"target" doc:"The address." example:"203.0.113.7"`
	Event    string    `json:"event" doc:"The event." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Type     string    `json:"type" doc:"The event's type." example:"detection.brute_force"`
	Block    string    `json:"block,omitempty" doc:"The block that was made, or was there." example:"blk_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// Shown is a hit as it is shown.
func Shown(h store.RuleHit) Hit {
	out := Hit{
		At: h.At, Mode: h.Mode, Decision: h.Decision, Detail: h.Detail, Target: h.Target,
		Event: h.Event.Text(event.PrefixEvent), Type: h.Type,
	}
	if p, err := guard.ParseTarget(h.Target); err == nil {
		out.Target = guard.Words(p)
	}
	if !h.Block.IsZero() {
		out.Block = h.Block.Text(event.PrefixBlock)
	}
	return out
}

// Report counts what a rule has done, by the hits that are kept. Errors: respond.ErrNoRule, the store's.
func (s *Service) Report(ctx context.Context, account event.Account, id event.ID) (Report, error) {
	row, err := s.Get(ctx, account, id)
	if err != nil {
		return Report{}, err
	}
	out := Report{Mode: row.Mode, ShadowSince: row.ShadowSince, Items: []Hit{}}
	seen := map[string]bool{}
	for page := (store.Page{Limit: store.MaxPage}); ; {
		hits, next, err := s.deps.Store.ListRuleHits(ctx, account, id, page)
		if err != nil {
			return out, fmt.Errorf("reading what a response rule has done: %w", err)
		}
		for i := range hits {
			out.take(&hits[i])
			seen[hits[i].Target] = true
		}
		if page.After = next; next == "" {
			break
		}
	}
	out.Targets = len(seen)
	return out, nil
}

func (r *Report) take(h *store.RuleHit) {
	r.Hits++
	at := h.At
	r.From = &at
	switch {
	case h.Mode != Shadow:
		r.Live.add(h.Decision)
	case !h.At.Before(r.ShadowSince):
		r.Shadow.add(h.Decision)
	}
	if len(r.Items) < maxItems {
		r.Items = append(r.Items, Shown(*h))
	}
}

// Hits gives what a rule did, the newest first. Errors: respond.ErrNoRule, store.ErrCursor, the store's.
func (s *Service) Hits(ctx context.Context, account event.Account, id event.ID, p store.Page) ([]store.RuleHit, string, error) {
	if _, err := s.Get(ctx, account, id); err != nil {
		return nil, "", err
	}
	list, next, err := s.deps.Store.ListRuleHits(ctx, account, id, p)
	if err != nil {
		return nil, "", fmt.Errorf("reading what a response rule has done: %w", err)
	}
	return slices.Clip(list), next, nil
}
