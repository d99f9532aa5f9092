package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Block asks for a block. Errors: form.Errors, *RefusedError, whatever the store says. With DryRun nothing is done, and
// Outcome.Block has no id unless the request would be merged into one.
func (s *Service) Block(ctx context.Context, account event.Account, r Request) (Outcome, error) {
	w, err := s.read(ctx, &r)
	if err == nil {
		err = s.exists(ctx, account, w)
	}
	if err != nil {
		return Outcome{}, err
	}
	return s.request(ctx, account, w, r.DryRun)
}

// request decides about a wish and does what comes of it.
func (s *Service) request(ctx context.Context, account event.Account, w *wish, dry bool) (out Outcome, err error) {
	a, err := s.lookAround(ctx, account)
	if err != nil {
		return Outcome{}, err
	}
	if dry {
		return s.would(ctx, account, w, &a)
	}
	err = s.do(ctx, act.Act{Account: account, Action: "block.request", Target: guard.Words(w.target), After: w.shown()}, func(ctx context.Context) error {
		b, err := s.hold(ctx, account)
		if err != nil {
			return err
		}
		defer b.release()
		out, err = s.decide(ctx, b, w, &a)
		return err
	})
	return out, err
}

// decide decides about one wish and stores what comes of it. The caller holds the book.
func (s *Service) decide(ctx context.Context, b *book, w *wish, a *around) (Outcome, error) {
	if !w.rule.IsZero() && !w.event.IsZero() {
		if out, done, err := s.doneBefore(ctx, b, w); done || err != nil {
			return out, err
		}
	}
	d := s.draft(b, a)
	got, err := d.ask(ctx, w)
	if err != nil {
		return Outcome{}, errors.Join(err, d.tidy(ctx))
	}
	if err := d.commit(ctx); err != nil {
		return Outcome{}, err
	}
	st := d.standing(ctx, got.block)
	return Outcome{Block: st.Block, Placements: st.Placements, New: got.isNew, Verdict: got.verdict}, nil
}

// tidy stores what a refused request has found to be over.
func (d *draft) tidy(ctx context.Context) error {
	if len(d.ended) == 0 {
		return nil
	}
	return d.commit(ctx)
}

// would says what would come of a wish, and does nothing.
func (s *Service) would(ctx context.Context, account event.Account, w *wish, a *around) (Outcome, error) {
	b, err := s.hold(ctx, account)
	if err != nil {
		return Outcome{}, err
	}
	defer b.release()
	d := s.draft(b, a)
	got, err := d.ask(ctx, w)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Block: *got.block, New: got.isNew, Verdict: got.verdict, Placements: d.place[got.block.ID]}
	if got.isNew {
		hide(&out)
	}
	return out, nil
}

// Judge says what would become of a request of a rule; nothing is done, nobody is asked over the network.
func (s *Service) Judge(ctx context.Context, account event.Account, r Request) (guard.Verdict, error) {
	r.Reason = legible(r.Reason)
	w, err := s.read(ctx, &r)
	if err != nil {
		return guard.Verdict{}, err
	}
	w.asRule(&store.ResponseRule{ID: event.NewID()})
	a, err := s.lookAround(ctx, account)
	if err != nil {
		return guard.Verdict{}, err
	}
	out, err := s.would(ctx, account, w, &a)
	if refused := new(RefusedError); errors.As(err, &refused) {
		return refused.Verdict, nil
	}
	return out.Verdict, err
}

// asRule lets a rule be the one who asks.
func (w *wish) asRule(r *store.ResponseRule) {
	w.rule, w.by = r.ID, ruleActor(r)
}

// BlockByRule asks for a block in the name of a response rule; ask makes it wait for approval. It is called again with the
// same event after a crash, and is done once. Errors as of Block.
func (s *Service) BlockByRule(ctx context.Context, rule store.ResponseRule, ask bool, r Request) (Outcome, error) {
	r.Reason = legible(r.Reason)
	w, err := s.read(ctx, &r)
	if err != nil {
		return Outcome{}, err
	}
	w.asRule(&rule)
	w.ask = ask
	return s.request(ctx, rule.Account, w, r.DryRun)
}

// doneBefore says whether a rule's request because of the same event was done already, and what came of it: it may have been
// merged into somebody else's block, and the block may have ended since. The caller holds the book.
func (s *Service) doneBefore(ctx context.Context, b *book, w *wish) (Outcome, bool, error) {
	var list []store.Block
	if open := b.targets[w.target]; open != nil {
		list = append(list, *open)
	}
	// What has ended matters only if it ended after the event came in.
	if !w.event.Time().After(s.opened) || b.gone.has(w.target) {
		old, _, err := s.deps.Store.ListBlocks(ctx, store.BlockFilter{Account: b.account, Target: w.target}, store.Page{Limit: store.MaxPage})
		if err != nil {
			return Outcome{}, false, fmt.Errorf("looking for what a response rule has done already: %w", err)
		}
		list = append(list, slices.DeleteFunc(old, func(o store.Block) bool {
			return o.State.Open() || o.Target != w.target
		})...)
	}
	for i := range list {
		o := &list[i]
		same, err := o.Rule == w.rule && o.Event == w.event, error(nil)
		if !same {
			same, err = s.noted(ctx, o, w)
		}
		if err != nil {
			return Outcome{}, false, err
		}
		if same {
			st, err := s.standing(ctx, *o)
			return Outcome{Block: st.Block, Placements: st.Placements, Verdict: guard.Verdict{Decision: guard.Allow}}, true, err
		}
	}
	return Outcome{}, false, nil
}

// noted says whether a block's history tells of a wish that was merged into it.
func (s *Service) noted(ctx context.Context, b *store.Block, w *wish) (bool, error) {
	steps, err := s.deps.Store.BlockSteps(ctx, b.Account, b.ID)
	if err != nil {
		return false, fmt.Errorf("reading the history of a block: %w", err)
	}
	by, id := nameOf(w.by), w.event.Text(event.PrefixEvent)
	return slices.ContainsFunc(steps, func(st store.BlockStep) bool { return st.By == by && strings.Contains(st.Cause, id) }), nil
}
