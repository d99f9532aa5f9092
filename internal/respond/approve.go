package respond

import (
	"context"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Approve makes a pending block active. The guard decides anew: approval stands for what asks for approval, and for nothing
// that is to be refused. ErrNotFound, ErrNotPending, ErrSamePerson, ErrNotPerson, form.Errors, *RefusedError.
func (s *Service) Approve(ctx context.Context, account event.Account, id event.ID, note string) (store.BlockStanding, error) {
	return s.onPending(ctx, "block.approve", account, id, note, func(d *draft, b *store.Block, by store.BlockActor) error {
		if !slices.Contains([]string{act.KindUser, act.KindKey, act.KindLocal}, by.Kind) {
			return ErrNotPerson
		}
		if share(by, b.Requester) {
			return ErrSamePerson
		}
		v, ids := d.rejudge(b, &wish{by: by, caller: callerOf(ctx)}, false)
		if v.Decision == guard.Refuse {
			return &RefusedError{Verdict: v}
		}
		c := d.change(b)
		c.Responders, c.Decider, c.Cause = ids, by, withNote("approved", note)
		d.activate(c, c.TTL)
		d.step(c, string(c.State), c.Cause, by)
		return nil
	})
}

// rejudge asks the guard about a block that is there, with the responders that are left of it; renewed: it is active.
func (d *draft) rejudge(b *store.Block, w *wish, renewed bool) (guard.Verdict, []event.ID) {
	ids := slices.DeleteFunc(slices.Clone(b.Responders), func(id event.ID) bool { return d.around.state(id) == nil })
	w.target, w.rule = b.Target, b.Rule
	return d.judge(w, question{ttl: b.TTL, reason: b.Reason, responders: ids, known: true, renewed: renewed}), ids
}

// withNote adds a person's note to what was done.
func withNote(done, note string) string {
	if note == "" {
		return done
	}
	return event.Clip(done+": "+note, maxCause)
}

// Reject ends a pending block; its requester may, too. Errors as of Approve.
func (s *Service) Reject(ctx context.Context, account event.Account, id event.ID, note string) (store.BlockStanding, error) {
	return s.onPending(ctx, "block.reject", account, id, note, func(d *draft, b *store.Block, by store.BlockActor) error {
		cause := "rejected"
		if share(by, b.Requester) {
			cause = "withdrawn"
		}
		d.end(b, store.BlockRejected, withNote(cause, note), by)
		return nil
	})
}

// onPending records and does something to a block that waits for approval.
func (s *Service) onPending(ctx context.Context, action string, account event.Account, id event.ID, note string,
	f func(d *draft, b *store.Block, by store.BlockActor) error) (store.BlockStanding, error) {
	by := s.actor(ctx)
	return s.onOpen(ctx, act.Act{Account: account, Action: action, Note: note}, "note", id, 0, func(d *draft, b *store.Block) error {
		if b.State != store.BlockPending {
			return ErrNotPending
		}
		return f(d, b, by)
	})
}

// byID finds an open block. One whose time is over is ended by the way. ErrNotFound, ErrNotPending and ErrEnded for what
// has ended; the two are one error here.
func (d *draft) byID(ctx context.Context, id event.ID) (*store.Block, error) {
	b := d.book.ids[id]
	if b == nil {
		if _, err := d.s.deps.Store.GetBlock(ctx, d.book.account, id); err != nil {
			return nil, worded(err)
		}
		return nil, errOver
	}
	if state, cause := over(b, d.now); state != "" {
		d.end(b, state, cause, store.BlockActor{})
		return nil, errOver
	}
	return b, nil
}

// errOver is ErrEnded for those who change a block, and ErrNotPending for those who approve one.
var errOver = overError{}

type overError struct{}

func (overError) Error() string { return ErrEnded.Error() }

func (overError) Is(target error) bool { return target == ErrEnded || target == ErrNotPending }
