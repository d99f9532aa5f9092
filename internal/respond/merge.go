package respond

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What a second request leaves in a block's history, beside the states.
const (
	stepExtended = "extended"
	stepAsked    = "asked_again"
	stepChanged  = "changed"
)

// worthExtending is by how much a request must outlast a block to extend it: a storm of the same request must not write a
// row each time.
const worthExtending = time.Second

// decided is what became of a request in a draft.
type decided struct {
	block   *store.Block
	isNew   bool
	verdict guard.Verdict
}

// ask decides about a request, and stages what comes of it. Errors: form.Errors, *RefusedError, the store's; nothing is
// staged then, but for the end of a block whose time was over.
func (d *draft) ask(ctx context.Context, w *wish) (decided, error) {
	ids, err := d.around.choose(w)
	if err != nil {
		return decided{}, err
	}
	if w.byPolicy {
		w.ttl = d.policy.DefaultTTL
	}
	old := d.open(w.target)
	switch {
	case old == nil:
		return d.create(w, ids)
	case old.State == store.BlockPending:
		return d.join(w, ids, old)
	}
	lost, err := d.lost(ctx, old, ids)
	switch {
	case err != nil:
		return decided{}, err
	case lost:
		return d.succeed(w, ids, old)
	}
	return d.renew(w, ids, old)
}

// lost says whether an active block is over at one of some responders: it had to make room there, or the responder was
// connected anew.
func (d *draft) lost(ctx context.Context, b *store.Block, ids []event.ID) (bool, error) {
	if d.staged[b.Target] != nil {
		return false, nil
	}
	if _, known := d.placed[b.ID]; !known {
		if err := d.prefetch(ctx, []event.ID{b.ID}); err != nil {
			return false, err
		}
	}
	return slices.ContainsFunc(d.placed[b.ID], func(p store.Placement) bool {
		return p.State.Final() && slices.Contains(ids, p.Integration)
	}), nil
}

// prefetch reads where blocks stand.
func (d *draft) prefetch(ctx context.Context, ids []event.ID) error {
	list, err := d.s.placements(ctx, d.book.account, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		d.placed[id] = list[id]
	}
	return nil
}

// succeed puts a new block in the place of an active one that is over at some responders: what is final never begins again.
func (d *draft) succeed(w *wish, ids []event.ID, old *store.Block) (decided, error) {
	n := *w
	if left := old.ExpiresAt.Sub(d.now); old.ExpiresAt.IsZero() {
		n.ttl = 0
	} else {
		n.ttl = longer(w.ttl, left)
	}
	n.reason = cmp.Or(w.reason, old.Reason)
	all := append(slices.Clone(ids), missing(old.Responders, ids)...)
	all = slices.DeleteFunc(all, func(id event.ID) bool { return d.around.state(id) == nil })
	v := d.judge(&n, question{ttl: n.ttl, reason: n.reason, responders: all, known: true})
	switch {
	case v.Decision == guard.Refuse:
		return refused(v)
	case v.Decision == guard.Approve && !w.ask:
		return refused(asItIs(v, old))
	case v.Decision == guard.Approve:
		d.again(w, old)
		return decided{old, false, guard.Verdict{Decision: guard.Allow}}, nil
	}
	d.end(old, store.BlockRemoved, "asked for again, after it was over at a responder: a new block stands in its place", w.by)
	return d.make(&n, all, v), nil
}

func refused(v guard.Verdict) (decided, error) {
	v.Decision = guard.Refuse
	return decided{verdict: v}, &RefusedError{Verdict: v}
}

// create makes a new block, if the guard lets it.
func (d *draft) create(w *wish, ids []event.ID) (decided, error) {
	v := d.judge(w, question{ttl: w.ttl, reason: w.reason, responders: ids})
	if v.Decision == guard.Refuse {
		return refused(v)
	}
	return d.make(w, ids, v), nil
}

// make stages a new block.
func (d *draft) make(w *wish, ids []event.ID, v guard.Verdict) decided {
	b := &store.Block{
		ID: event.NewID(), Account: d.book.account, Target: w.target, Reason: w.reason, Responders: ids, Requester: w.by, Rule: w.rule,
		Alert: w.alert, Incident: w.incident, Event: w.event, CreatedAt: d.now, UpdatedAt: d.now, TTL: w.ttl,
	}
	d.fresh[b.ID] = true
	d.stage(b)
	if v.Decision == guard.Allow {
		d.activate(b, w.ttl)
	} else {
		b.State, b.ApproveBy, b.Cause = store.BlockPending, d.now.Add(d.policy.ApprovalTime), textsOf(v)
		d.asked++
	}
	d.step(b, string(b.State), b.Cause, w.by)
	return decided{b, true, v}
}

// textsOf are a verdict's findings for people.
func textsOf(v guard.Verdict) string {
	texts := make([]string, len(v.Findings))
	for i, f := range v.Findings {
		texts[i] = f.Text
	}
	return event.Clip(strings.Join(texts, "; "), maxCause)
}

// maxCause bounds a cause, in bytes.
const maxCause = 2000

// renew merges a request into an active block: it lasts until whichever is later, and is put at responders that it was not
// for. What would need approval is not done to a block that is in force: it is refused, and the block stays as it is.
func (d *draft) renew(w *wish, ids []event.ID, old *store.Block) (decided, error) {
	more := missing(ids, old.Responders)
	later := outlasts(w.ttl, old, d.now)
	ask := ids
	if len(more) > 0 {
		ask = more
	}
	v := d.judge(w, question{ttl: w.ttl, reason: cmp.Or(w.reason, old.Reason), responders: ask, known: true, renewed: len(more) == 0})
	switch {
	case v.Decision == guard.Refuse:
		return refused(v)
	case v.Decision == guard.Approve && (later || len(more) > 0) && !w.ask:
		return refused(asItIs(v, old))
	case v.Decision == guard.Approve: // it changes nothing about what is in force
		later, more = false, nil
	}
	if !later && len(more) == 0 {
		d.again(w, old)
		return decided{old, false, guard.Verdict{Decision: guard.Allow}}, nil
	}
	b := d.change(old)
	if later {
		d.lasts(b, w.ttl)
	}
	if b.Reason == "" {
		b.Reason = w.reason
	}
	if len(more) > 0 { // at these it becomes active now: what was blocked elsewhere is no way round the rates
		b.Responders = append(b.Responders, more...)
		d.activated++
	}
	for _, id := range more {
		d.put(b, id)
	}
	d.step(b, stepExtended, extension(b, more, w), w.by)
	return decided{b, false, v}, nil
}

// asItIs says that a block stays as it is, instead of what would need approval.
func asItIs(v guard.Verdict, old *store.Block) guard.Verdict {
	until := "for good"
	if !old.ExpiresAt.IsZero() {
		until = "until " + old.ExpiresAt.Format(time.RFC3339)
	}
	findings := slices.Clone(v.Findings)
	for i := range findings {
		findings[i].Decision = guard.Refuse
		findings[i].Text = fmt.Sprintf("%s is blocked already, %s, and stays so: what needs approval is asked for once that has ended (%s)", guard.Words(old.Target), until, findings[i].Text)
	}
	return guard.Verdict{Decision: guard.Refuse, Findings: findings}
}

// join merges a request into a block that waits for approval. If the request needs none, the block becomes active: with all
// that was asked for if that needs none either, else as this request has it.
func (d *draft) join(w *wish, ids []event.ID, old *store.Block) (decided, error) {
	all, ttl := append(slices.Clone(old.Responders), missing(ids, old.Responders)...), longer(old.TTL, w.ttl)
	reason := cmp.Or(w.reason, old.Reason)
	whole := d.judge(w, question{ttl: ttl, reason: reason, responders: all, known: true})
	if whole.Decision == guard.Allow {
		return d.start(w, all, ttl, old, whole)
	}
	v := d.judge(w, question{ttl: w.ttl, reason: reason, responders: ids, known: true})
	switch {
	case v.Decision == guard.Refuse:
		return refused(v)
	case v.Decision == guard.Allow:
		return d.start(w, ids, w.ttl, old, v)
	}
	if whole.Decision == guard.Refuse || ttl == old.TTL && len(all) == len(old.Responders) {
		d.again(w, old)
		return decided{old, false, v}, nil
	}
	b := d.change(old)
	b.TTL, b.Responders, b.Cause = ttl, all, textsOf(whole)
	if b.Reason == "" {
		b.Reason = w.reason
	}
	// Whoever asked for more approves no more than who asked first.
	b.Requester = together(b.Requester, w.by)
	d.step(b, stepExtended, extension(b, nil, w), w.by)
	return decided{b, false, v}, nil
}

// start makes a pending block active, because of a request that needs no approval.
func (d *draft) start(w *wish, ids []event.ID, ttl time.Duration, old *store.Block, v guard.Verdict) (decided, error) {
	b := d.change(old)
	b.Responders, b.Decider, b.Cause = ids, w.by, ""
	if w.reason != "" {
		b.Reason = w.reason
	}
	d.activate(b, ttl)
	d.step(b, string(b.State), "asked for again, by somebody who needs no approval for it"+because(w), w.by)
	return decided{b, false, v}, nil
}

// again notes a request that changes nothing. The same one once more is not noted.
func (d *draft) again(w *wish, old *store.Block) {
	same := (w.reason == "" || w.reason == old.Reason) && (w.alert.IsZero() || w.alert == old.Alert) &&
		(w.incident == 0 || w.incident == old.Incident) && (w.event.IsZero() || w.event == old.Event) && share(w.by, old.Requester)
	if !same {
		d.step(old, stepAsked, strings.TrimPrefix(because(w), ": "), w.by)
	}
}

// extension says in a block's history what a second request has changed.
func extension(b *store.Block, more []event.ID, w *wish) string {
	text := "for good"
	switch {
	case b.State == store.BlockPending:
		text = "for " + guard.TTLWords(b.TTL) + ", once it is approved"
	case !b.ExpiresAt.IsZero():
		text = "until " + b.ExpiresAt.Format(time.RFC3339)
	}
	if len(more) > 0 {
		text += fmt.Sprintf(", at %d more", len(more))
	}
	return event.Clip(text+because(w), maxCause)
}

// because is why a request was made, with a colon before it: the evidence, then the reason.
func because(w *wish) string {
	var parts []string
	e := evidenceOf(w.alert, w.incident, w.event)
	for _, text := range []string{e.Alert, e.Incident, e.Event, w.reason} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + event.Clip(strings.Join(parts, ", "), maxCause/2)
}

// outlasts says whether a time from now on is longer than what is left of an active block; 0 is for ever.
func outlasts(ttl time.Duration, b *store.Block, now time.Time) bool {
	switch {
	case b.ExpiresAt.IsZero():
		return false
	case ttl == 0:
		return true
	}
	return now.Add(ttl).Sub(b.ExpiresAt) >= worthExtending
}

// longer is the longer one of two times; 0 is for ever.
func longer(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

// missing gives what is in list and not in known.
func missing[T comparable](list, known []T) []T {
	var more []T
	for _, v := range list {
		if !slices.Contains(known, v) && !slices.Contains(more, v) {
			more = append(more, v)
		}
	}
	return more
}

// together is a requester who stands for another as well.
func together(a, b store.BlockActor) store.BlockActor {
	a.Principals = append(slices.Clone(a.Principals), missing(b.Principals, a.Principals)...)
	return a
}

// share says whether two actors have a principal in common: then they are one person.
func share(a, b store.BlockActor) bool {
	return slices.ContainsFunc(a.Principals, func(p string) bool { return slices.Contains(b.Principals, p) })
}
