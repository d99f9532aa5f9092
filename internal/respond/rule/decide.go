package rule

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxDetail bounds the text of a hit, in bytes.
const maxDetail = 500

// ignores says whether an event makes no rule act, whatever the rules say: tests, what Tocsin itself says (a rule would
// answer to its own doing), and what tells of blocks, whoever says it.
func ignores(r *event.Record) bool {
	return r.Flags&(event.Test|event.Internal) != 0 || r.Hops > 0 || ignoresType(r.Type)
}

func ignoresType(eventType string) bool { return strings.HasPrefix(eventType, "ip.") }

// targets are the addresses of an event that a rule looks at, and how many there are in all. They are observed entities of
// type ip; what stands in texts, and what a range or anything else than an address is, does not count.
func targets(e *event.Event, role string) (list []netip.Prefix, all int) {
	seen := map[netip.Prefix]bool{}
	for _, x := range e.Entities {
		if !x.Observed || x.Type != "ip" || role != AnyRole && x.Role != role {
			continue
		}
		p, err := guard.ParseTarget(x.Value)
		if err != nil || !p.IsSingleIP() || seen[p] {
			continue
		}
		seen[p] = true
		if all++; len(list) < MaxTargets {
			list = append(list, p)
		}
	}
	return list, all
}

// stale says why an event is too old to be acted upon; empty: it is not.
func stale(r *event.Record, now time.Time) string {
	switch {
	case now.Sub(r.Received) > MaxReceivedAge:
		return "the event was received more than " + guard.TTLWords(MaxReceivedAge) + " ago"
	case now.Sub(r.Time) > MaxEventAge:
		return "the event happened more than " + guard.TTLWords(MaxEventAge) + " ago"
	}
	return ""
}

// request is what a rule asks for.
func (c *compiled) request(r *event.Record, target netip.Prefix) respond.Request {
	reason := c.block.Reason
	if reason == "" {
		reason = event.Clip("Response rule "+c.row.Name, guard.MaxReason)
	}
	return respond.Request{
		Target: guard.Words(target), Reason: reason, TTL: c.block.TTL, Integrations: c.block.Integrations,
		Evidence: respond.Evidence{Event: r.ID.Text(event.PrefixEvent)},
	}
}

// ruling is what a rule makes of one address.
type ruling struct {
	decision, detail string
	block            event.ID
}

// decide asks what becomes of an address, and lets it become so if the rule is not in shadow mode. It is asked again with
// an error that passes.
func (s *Service) decide(ctx context.Context, c *compiled, r *event.Record, target netip.Prefix) (ruling, error) {
	q := c.request(r, target)
	v, err := s.deps.Blocks.Judge(ctx, c.row.Account, q)
	if err != nil {
		return c.failed(err)
	}
	if v.Decision == guard.Refuse || !c.live() {
		return c.judged(v), nil
	}
	began := s.now()
	ctx = act.With(ctx, act.System("response rule "+event.Clip(c.row.Name, event.MaxName)))
	out, err := s.deps.Blocks.BlockByRule(ctx, c.row, c.row.Mode == Propose, q)
	if err != nil {
		return c.failed(err)
	}
	// What a person was asked for before may be allowed now, and a crash may have come between the block and its hit.
	mine := out.New || out.Block.Rule == c.row.ID && out.Block.Event == r.ID || out.Block.State == store.BlockActive && !out.Block.ActiveAt.Before(began)
	d := ruling{decision: Repeated, detail: "it is blocked already", block: out.Block.ID}
	switch pending := out.Block.State == store.BlockPending; {
	case mine && pending:
		d.decision, d.detail = Asked, c.judged(out.Verdict).detail
	case mine:
		d.decision, d.detail = Blocked, ""
	case pending:
		d.detail = "it was asked for already"
	}
	return d, nil
}

// judged is a verdict as a ruling: of a rule in shadow mode, what it would have done.
func (c *compiled) judged(v guard.Verdict) ruling {
	d := ruling{}
	if len(v.Findings) > 0 {
		d.detail = event.Clip(v.Findings[0].Text, maxDetail)
	}
	switch {
	case v.Decision == guard.Refuse:
		d.decision = c.refusal()
	case v.Decision == guard.Approve:
		d.decision = WouldAsk
	default:
		d.decision = WouldBlock
	}
	return d
}

func (c *compiled) refusal() string {
	if c.live() {
		return Refused
	}
	return WouldRefuse
}

// failed is what an error makes of an address: a refusal, or the error again where it may pass.
func (c *compiled) failed(err error) (ruling, error) {
	refused := new(respond.RefusedError)
	if errors.As(err, &refused) {
		return ruling{decision: c.refusal(), detail: c.judged(refused.Verdict).detail}, nil
	}
	if fields, ok := form.AsErrors(err); ok {
		return ruling{decision: c.refusal(), detail: event.Clip(fields.Error(), maxDetail)}, nil
	}
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrNotFound) || errors.Is(err, respond.ErrEnded) {
		return ruling{decision: c.refusal(), detail: event.Clip("it could not be asked for: "+err.Error(), maxDetail)}, nil
	}
	return ruling{}, fmt.Errorf("asking for a block: %w", err)
}
