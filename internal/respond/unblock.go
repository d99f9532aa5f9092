package respond

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Unblock ends an open block; one that has ended stays as it is. A version above 0 must be the block's. ErrNotFound,
// ErrVersion, form.Errors.
func (s *Service) Unblock(ctx context.Context, account event.Account, id event.ID, version int64, reason string) (store.BlockStanding, error) {
	by := s.actor(ctx)
	st, err := s.onOpen(ctx, act.Act{Account: account, Action: "block.remove", Note: reason}, "reason", id, version, func(d *draft, b *store.Block) error {
		d.end(b, store.BlockRemoved, cmp.Or(reason, "unblocked"), by)
		return nil
	})
	if errors.Is(err, ErrEnded) {
		return s.ended(ctx, account, id, version)
	}
	return st, err
}

// ended gives a block that has ended.
func (s *Service) ended(ctx context.Context, account event.Account, id event.ID, version int64) (store.BlockStanding, error) {
	st, err := s.Get(ctx, account, id)
	if err == nil && version > 0 && st.Block.Version != version {
		return store.BlockStanding{}, ErrVersion
	}
	return st, err
}

// Change gives an open block another TTL, from now on, or reason; empty leaves it. It may shorten it, which a second request
// may not. What would need approval is refused for a block that is in force. ErrNotFound, ErrVersion, ErrEnded, form.Errors,
// *RefusedError.
func (s *Service) Change(ctx context.Context, account event.Account, id event.ID, version int64, ttl, reason string) (store.BlockStanding, error) {
	var errs form.Errors
	reason = strings.TrimSpace(reason)
	w := &wish{by: s.actor(ctx), caller: callerOf(ctx), byPolicy: ttl == ""}
	if !w.byPolicy {
		var err error
		if w.ttl, err = guard.ParseTTL(ttl); err != nil {
			errs.Add("ttl", "%s", err)
		}
	}
	if w.byPolicy && reason == "" {
		errs.Add("", "must change ttl or reason")
	}
	if err := errs.Err(); err != nil {
		return store.BlockStanding{}, err
	}
	after := map[string]string{"ttl": ttl, "reason": reason}
	if b, err := s.deps.Store.GetBlock(ctx, account, id); err == nil {
		after["target"] = guard.Words(b.Target)
	}
	what := act.Act{Account: account, Action: "block.change", After: encode(after), Note: reason}
	return s.onOpen(ctx, what, "reason", id, version, func(d *draft, b *store.Block) error {
		w.reason = cmp.Or(reason, b.Reason)
		return d.alter(w, b)
	})
}

// alter stages another TTL or reason for an open block.
func (d *draft) alter(w *wish, old *store.Block) error {
	longer := !w.byPolicy && d.prolongs(w, old)
	if longer {
		probe := *old
		probe.TTL, probe.Reason = w.ttl, w.reason
		asking := *w
		v, _ := d.rejudge(&probe, &asking, old.State == store.BlockActive)
		switch {
		case v.Decision == guard.Refuse:
			return &RefusedError{Verdict: v}
		case v.Decision == guard.Approve && old.State == store.BlockActive:
			return &RefusedError{Verdict: asItIs(v, old)}
		}
	}
	b := d.change(old)
	b.Reason = w.reason
	if !w.byPolicy {
		if b.State == store.BlockActive {
			d.lasts(b, w.ttl)
		} else {
			b.TTL = w.ttl
		}
	}
	if longer && b.State == store.BlockPending { // whoever asked for more approves no more than who asked first
		b.Requester = together(b.Requester, w.by)
	}
	w.alert, w.incident, w.event = event.ID{}, 0, event.ID{}
	d.step(b, stepChanged, extension(b, nil, w), w.by)
	return nil
}

// prolongs says whether a wish's time is longer than what a block has.
func (d *draft) prolongs(w *wish, b *store.Block) bool {
	if b.State == store.BlockActive {
		return outlasts(w.ttl, b, d.now)
	}
	return w.ttl != b.TTL && longer(w.ttl, b.TTL) == w.ttl
}

// addressOf is what the record of an act on a block says besides its id; nothing of one that is not there.
func (s *Service) addressOf(ctx context.Context, account event.Account, id event.ID) json.RawMessage {
	b, err := s.deps.Store.GetBlock(ctx, account, id)
	if err != nil {
		return nil // the act itself says so
	}
	return encode(map[string]string{"target": guard.Words(b.Target)})
}

// onOpen records an act and does it to an open block. field is where the act's note was given. A version above 0 must be the
// block's.
func (s *Service) onOpen(ctx context.Context, what act.Act, field string, id event.ID, version int64,
	f func(d *draft, b *store.Block) error) (st store.BlockStanding, err error) {
	var errs form.Errors
	checkText(&errs, field, what.Note)
	if err := errs.Err(); err != nil {
		return st, err
	}
	a, err := s.lookAround(ctx, what.Account)
	if err != nil {
		return st, err
	}
	what.Target = id.Text(event.PrefixBlock)
	if what.After == nil {
		what.After = s.addressOf(ctx, what.Account, id)
	}
	err = s.do(ctx, what, func(ctx context.Context) error {
		b, err := s.hold(ctx, what.Account)
		if err != nil {
			return err
		}
		defer b.release()
		d := s.draft(b, &a)
		old, err := d.byID(ctx, id)
		if err != nil {
			return errors.Join(err, d.tidy(ctx))
		}
		if version > 0 && old.Version != version {
			return ErrVersion
		}
		if err := f(d, old); err != nil {
			return err
		}
		if err := d.commit(ctx); err != nil {
			return err
		}
		st = d.standing(ctx, d.only())
		return nil
	})
	return st, err
}
