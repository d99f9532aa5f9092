package respond

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/fact"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// draft is what one request, or a part of an import, is about to change in an account. Whoever makes one holds the book.
type draft struct {
	s      *Service
	book   *book
	around *around
	now    time.Time
	policy guard.Policy
	list   *guard.List

	// staged are blocks that are new or changed, by target; ended those that have to go before. Both go in their order.
	staged map[netip.Prefix]*store.Block
	order  []*store.Block
	ended  []store.Block
	unwant []event.ID
	place  map[event.ID][]store.Placement // by block
	steps  []store.BlockStep
	// placed is where blocks stand that were there before, as far as it was looked up.
	placed map[event.ID][]store.Placement
	// fresh are staged blocks that were not there before.
	fresh map[event.ID]bool
	// activated is how many become active, asked how many more wait for approval, wanted how many more are wanted where.
	activated, asked int
	wanted           map[event.ID]perFamily
}

// draft begins one. The caller holds the book.
func (s *Service) draft(b *book, a *around) *draft {
	now := s.now()
	b.forget(now)
	t, parents := s.terms.Load(), s.parents(b.account)
	d := &draft{
		s: s, book: b, around: a, now: now, policy: t.policy(b.account, parents), list: t.list(b.account, parents),
		staged: map[netip.Prefix]*store.Block{}, fresh: map[event.ID]bool{}, wanted: map[event.ID]perFamily{}, place: map[event.ID][]store.Placement{}, placed: map[event.ID][]store.Placement{},
	}
	if len(a.people) > 0 {
		d.list = d.list.With(a.people)
	}
	return d
}

// open is the open block of a target, as it will be; nil: there is none. One whose time is over is ended by the way.
func (d *draft) open(target netip.Prefix) *store.Block {
	if b := d.staged[target]; b != nil {
		return b
	}
	b := d.book.targets[target]
	if b == nil {
		return nil
	}
	state, cause := over(b, d.now)
	if state == "" {
		return b
	}
	d.end(b, state, cause, store.BlockActor{})
	return nil
}

// over says whether the time of an open block is over: how it ends then, and why.
func over(b *store.Block, now time.Time) (store.BlockState, string) {
	switch {
	case b.State == store.BlockPending && !b.ApproveBy.IsZero() && !now.Before(b.ApproveBy):
		return store.BlockLapsed, "nobody approved it in time"
	case b.State == store.BlockActive && !b.ExpiresAt.IsZero() && !now.Before(b.ExpiresAt):
		return store.BlockExpired, "its time is over"
	}
	return "", ""
}

// end stages the end of a block that is open in the book.
func (d *draft) end(b *store.Block, state store.BlockState, cause string, by store.BlockActor) store.Block {
	e := *b
	e.State, e.Cause, e.EndedAt, e.UpdatedAt = state, cause, d.now, d.now
	if by.Kind != "" {
		e.Decider = by
	}
	d.ended = append(d.ended, e)
	if b.State == store.BlockActive {
		d.unwant = append(d.unwant, b.ID)
		for _, id := range b.Responders {
			d.wanted[id] = d.wanted[id].plus(b.Target, -1)
		}
	} else {
		d.asked--
	}
	d.step(&e, string(state), cause, by)
	return e
}

// change stages a block that is to be changed: the caller changes what it gives.
func (d *draft) change(b *store.Block) *store.Block {
	if d.staged[b.Target] == b {
		return b
	}
	c := *b
	c.UpdatedAt = d.now
	c.Responders = slices.Clone(b.Responders)
	d.stage(&c)
	return &c
}

func (d *draft) stage(b *store.Block) {
	d.staged[b.Target] = b
	d.order = append(d.order, b)
}

// step adds a line to a block's history.
func (d *draft) step(b *store.Block, state, cause string, by store.BlockActor) {
	d.steps = append(d.steps, store.BlockStep{
		ID: event.NewID(), Account: b.Account, Block: b.ID, At: d.now, State: state, Cause: cause, By: nameOf(by),
	})
}

// activate makes a staged block active from now on, for ttl.
func (d *draft) activate(b *store.Block, ttl time.Duration) {
	if b.State == store.BlockPending {
		d.asked--
	}
	b.State, b.ActiveAt, b.ApproveBy = store.BlockActive, d.now, time.Time{}
	d.lasts(b, ttl)
	d.activated++
	for _, id := range b.Responders {
		d.put(b, id)
	}
}

// lasts sets how long a block lasts from now on; 0: for ever.
func (d *draft) lasts(b *store.Block, ttl time.Duration) {
	b.TTL, b.ExpiresAt = ttl, time.Time{}
	if ttl > 0 {
		b.ExpiresAt = d.now.Add(ttl)
		b.TTL = b.ExpiresAt.Sub(b.ActiveAt)
	}
}

// put places an active block at a responder.
func (d *draft) put(b *store.Block, id event.ID) {
	d.wanted[id] = d.wanted[id].plus(b.Target, 1)
	d.place[b.ID] = append(d.place[b.ID], store.Placement{
		Block: b.ID, Account: b.Account, Integration: id, Target: b.Target, Wanted: true, State: store.PlacementRequested, Since: d.now,
	})
}

// write is all of it as one change.
func (d *draft) write() store.BlockWrite {
	w := store.BlockWrite{Blocks: d.ended, Unwant: d.unwant, Steps: d.steps}
	for _, b := range d.order {
		w.Blocks = append(w.Blocks, *b)
		for i := range d.place[b.ID] {
			p := &d.place[b.ID][i]
			p.ExpiresAt = b.ExpiresAt // a later line of an import may have changed it
			w.Place = append(w.Place, *p)
		}
	}
	for i := range d.ended {
		if b := &d.ended[i]; b.ActiveAt.IsZero() { // whoever was asked to approve it hears that nothing is left to approve
			w.Say = append(w.Say, d.say(fact.TypeRejected, b))
		}
	}
	for _, b := range d.order {
		if b.State == store.BlockPending && d.fresh[b.ID] {
			w.Say = append(w.Say, d.say(fact.TypePending, b))
		}
	}
	return w
}

// commit stores the draft, and has the responders look.
func (d *draft) commit(ctx context.Context) error {
	w := d.write()
	gone, err := d.gone(ctx)
	if err != nil {
		return err
	}
	w.Say = append(w.Say, gone...)
	if err := d.s.save(ctx, d.book, w, d.activated); err != nil {
		return err
	}
	for i := range d.order {
		d.order[i].Version = w.Blocks[len(d.ended)+i].Version
	}
	var whom []event.ID
	for i := range w.Blocks {
		if b := &w.Blocks[i]; !b.ActiveAt.IsZero() {
			whom = append(whom, b.Responders...)
		}
	}
	if d.around.gathers {
		d.around.gathered = append(d.around.gathered, whom...)
		return nil
	}
	d.s.nudge(whom)
	return nil
}

// gather has the responders told once of all that is written until the function that it gives is called: one update instead
// of many, where a vendor takes all of it in one.
func (s *Service) gather(a *around) (tell func()) {
	a.gathers = true
	return func() {
		s.nudge(a.gathered)
		a.gathers, a.gathered = false, nil
	}
}

// gone are the facts about active blocks that end and are in force nowhere any more: no reconciler has anything left to do
// for them, and would tell of it.
func (d *draft) gone(ctx context.Context) ([]store.Said, error) {
	if len(d.unwant) == 0 {
		return nil, nil
	}
	placed, err := d.s.placements(ctx, d.book.account, d.unwant)
	if err != nil {
		return nil, err
	}
	var said []store.Said
	for i := range d.ended {
		b := &d.ended[i]
		left := slices.ContainsFunc(placed[b.ID], func(p store.Placement) bool { return !p.State.Final() })
		if !b.ActiveAt.IsZero() && !left {
			said = append(said, d.say(fact.TypeUnblock, b))
		}
	}
	return said, nil
}

// standing is a block of the draft with its placements, after commit. What is done is done: when the placements cannot be
// read, those of the draft have to do.
func (d *draft) standing(ctx context.Context, b *store.Block) store.BlockStanding {
	if d.fresh[b.ID] {
		return store.BlockStanding{Block: *b, Placements: d.place[b.ID]}
	}
	st, err := d.s.standing(context.WithoutCancel(ctx), *b)
	if err != nil {
		d.s.deps.Log.Warn("a block was changed, and cannot be read", slog.String("block", b.ID.Text(event.PrefixBlock)), slog.Any("error", err))
		return store.BlockStanding{Block: *b, Placements: d.place[b.ID]}
	}
	return st
}

// only is the one block that the draft has changed.
func (d *draft) only() *store.Block {
	if len(d.order) > 0 {
		return d.order[0]
	}
	return &d.ended[0]
}

// nudge has responders look, each once.
func (s *Service) nudge(ids []event.ID) {
	slices.SortFunc(ids, func(a, b event.ID) int { return cmp.Compare(string(a[:]), string(b[:])) })
	if ids = slices.Compact(ids); len(ids) > 0 {
		s.deps.Responders.Nudge(ids...)
	}
}

// say makes a fact of a block as a whole.
func (d *draft) say(eventType string, b *store.Block) store.Said {
	detail := fact.Detail{At: d.now, Cause: b.Cause, PublicURL: d.s.deps.PublicURL}
	for _, id := range b.Responders {
		if r := d.around.state(id); r != nil {
			detail.Responders = append(detail.Responders, fact.Responder{ID: id.Text(event.PrefixIntegration), Name: r.Name, Kind: r.Kind})
		}
	}
	return fact.Of(eventType, b, detail)
}
