package respond

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Get gives a block with its placements. ErrNotFound.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.BlockStanding, error) {
	b, err := s.deps.Store.GetBlock(ctx, account, id)
	if err != nil {
		return store.BlockStanding{}, worded(err)
	}
	return s.standing(ctx, b)
}

// standing adds the placements to a block.
func (s *Service) standing(ctx context.Context, b store.Block) (store.BlockStanding, error) {
	list, err := s.deps.Store.BlockPlacements(ctx, b.Account, []event.ID{b.ID})
	if err != nil {
		return store.BlockStanding{}, fmt.Errorf("reading the placements of a block: %w", err)
	}
	return store.BlockStanding{Block: b, Placements: list}, nil
}

// worded turns the store's error into one that a caller understands.
func worded(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("reading a block: %w", err)
	}
	return nil
}

// List gives blocks with their placements, the newest first.
func (s *Service) List(ctx context.Context, f store.BlockFilter, p store.Page) ([]store.BlockStanding, string, error) {
	list, next, err := s.deps.Store.ListBlocks(ctx, f, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing blocks: %w", err)
	}
	ids := make([]event.ID, len(list))
	standings := make([]store.BlockStanding, len(list))
	at := make(map[event.ID]int, len(list))
	for i := range list {
		ids[i], standings[i].Block, at[list[i].ID] = list[i].ID, list[i], i
	}
	placed, err := s.placements(ctx, f.Account, ids)
	if err != nil {
		return nil, "", err
	}
	for id, list := range placed {
		standings[at[id]].Placements = list
	}
	return standings, next, nil
}

// placements gives the placements of blocks, by block.
func (s *Service) placements(ctx context.Context, account event.Account, ids []event.ID) (map[event.ID][]store.Placement, error) {
	by := map[event.ID][]store.Placement{}
	for len(ids) > 0 {
		n := min(len(ids), store.MaxPage)
		list, err := s.deps.Store.BlockPlacements(ctx, account, ids[:n])
		if err != nil {
			return nil, fmt.Errorf("reading the placements of blocks: %w", err)
		}
		for _, p := range list {
			by[p.Block] = append(by[p.Block], p)
		}
		ids = ids[n:]
	}
	return by, nil
}

// Counts counts an account's blocks.
func (s *Service) Counts(ctx context.Context, account event.Account) (store.BlockCounts, error) {
	c, err := s.deps.Store.CountBlocks(ctx, account)
	if err != nil {
		return c, fmt.Errorf("counting blocks: %w", err)
	}
	return c, nil
}

// Open counts an account's blocks that are active, and those that wait for approval.
func (s *Service) Open(ctx context.Context, account event.Account) (active, pending int, err error) {
	b, err := s.hold(ctx, account)
	if err != nil {
		return 0, 0, err
	}
	defer b.release()
	return len(b.ids) - b.pending, b.pending, nil
}

// History is what happened to a block. ErrNotFound.
func (s *Service) History(ctx context.Context, account event.Account, id event.ID) ([]store.BlockStep, error) {
	if _, err := s.deps.Store.GetBlock(ctx, account, id); err != nil {
		return nil, worded(err)
	}
	list, err := s.deps.Store.BlockSteps(ctx, account, id)
	if err != nil {
		return nil, fmt.Errorf("reading the history of a block: %w", err)
	}
	return list, nil
}

// Retry has the responders of a block try again at once what failed. ErrNotFound, ErrEnded, ErrPending.
func (s *Service) Retry(ctx context.Context, account event.Account, id event.ID) (st store.BlockStanding, err error) {
	err = s.do(ctx, act.Act{Account: account, Action: "block.retry", Target: id.Text(event.PrefixBlock), After: s.addressOf(ctx, account, id)}, func(ctx context.Context) error {
		st, err = s.Get(ctx, account, id)
		if err != nil {
			return err
		}
		var whom []event.ID
		for _, p := range st.Placements {
			if !p.State.Final() {
				whom = append(whom, p.Integration)
			}
		}
		switch {
		case st.Block.State == store.BlockPending:
			return ErrPending
		case !st.Block.State.Open() && len(whom) == 0:
			return ErrEnded
		}
		if len(whom) > 0 {
			s.deps.Responders.RetryNow(ctx, account, whom...)
		}
		return nil
	})
	return st, err
}

// Why says whether a target may be blocked. form.Errors.
func (s *Service) Why(ctx context.Context, account event.Account, target string) (Why, error) {
	p, err := guard.ParseTarget(target)
	if err != nil {
		return Why{}, form.Errors{{Path: "target", Message: err.Error()}}
	}
	a, err := s.lookAround(ctx, account)
	if err != nil {
		return Why{}, err
	}
	b, err := s.hold(ctx, account)
	if err != nil {
		return Why{}, err
	}
	defer b.release()
	d := s.draft(b, &a)
	why := Why{Target: guard.Words(p), Protected: d.list.Overlaps(p, d.now)}
	if caller := callerOf(ctx); caller.IsValid() && p.Contains(caller) {
		why.Protected = append(why.Protected, callerEntry(caller))
	}
	for _, o := range b.overlapping(p) {
		why.Blocks = append(why.Blocks, *o)
	}
	return why, nil
}
