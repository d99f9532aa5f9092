package respond

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// MaxUndo bounds UndoSpec.Last.
const MaxUndo = 10_000

// maxWrite is how many blocks are stored at once: the store has one writer, and others wait for it meanwhile.
const maxWrite = 2000

// Undo ends blocks, and gives them, the newest first. form.Errors.
func (s *Service) Undo(ctx context.Context, account event.Account, spec UndoSpec) (undone []store.Block, err error) {
	rule, err := spec.check()
	if err != nil {
		return nil, err
	}
	by := s.actor(ctx)
	if spec.DryRun {
		b, err := s.hold(ctx, account)
		if err != nil {
			return nil, err
		}
		defer b.release()
		for _, o := range spec.pick(b, rule, by) {
			undone = append(undone, *o)
		}
		return undone, nil
	}
	a, err := s.lookAround(ctx, account)
	if err != nil {
		return nil, err
	}
	err = s.do(ctx, act.Act{Account: account, Action: "block.undo", Target: spec.words(), After: encode(spec), Note: spec.Reason}, func(ctx context.Context) error {
		b, err := s.hold(ctx, account)
		if err != nil {
			return err
		}
		defer b.release()
		undone, err = s.endAll(ctx, b, &a, spec.pick(b, rule, by), func(*store.Block) string { return cmp.Or(spec.Reason, "undone") }, by)
		return err
	})
	return undone, err
}

// check reads what names things. The error is form.Errors.
func (spec *UndoSpec) check() (rule event.ID, err error) {
	var errs form.Errors
	switch {
	case spec.Last == 0 && spec.Since == nil:
		errs.Add("", "must say last or since")
	case spec.Last != 0 && spec.Since != nil:
		errs.Add("since", "goes without last")
	case spec.Since == nil && (spec.Last < 1 || spec.Last > MaxUndo):
		errs.Add("last", "must be 1 to %d", MaxUndo)
	}
	if spec.Rule != "" {
		if rule, err = event.ParseID(event.PrefixResponse, spec.Rule); err != nil {
			errs.Add("rule", "is not the id of a response rule (rsr_…)")
		}
	}
	checkText(&errs, "reason", spec.Reason)
	return rule, errs.Err()
}

// words is a spec as the target of an act.
func (spec *UndoSpec) words() string {
	if spec.Since != nil {
		return "since " + spec.Since.UTC().Format("2006-01-02T15:04:05Z")
	}
	return "last " + strconv.Itoa(spec.Last)
}

// pick gives the blocks that are meant, the newest first.
func (spec *UndoSpec) pick(b *book, rule event.ID, by store.BlockActor) []*store.Block {
	list := slices.DeleteFunc(b.all(), func(o *store.Block) bool {
		return !rule.IsZero() && o.Rule != rule || spec.Mine && !share(o.Requester, by) || spec.Since != nil && o.CreatedAt.Before(*spec.Since)
	})
	slices.SortFunc(list, newestFirst)
	if spec.Last > 0 && len(list) > spec.Last {
		list = list[:spec.Last]
	}
	return list
}

func newestFirst(a, b *store.Block) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(string(b.ID[:]), string(a.ID[:])))
}

// endAll ends open blocks, as removed, in as few writes as is good for others. It gives those that have ended, also with an
// error. The caller holds the book.
func (s *Service) endAll(ctx context.Context, b *book, a *around, list []*store.Block, cause func(*store.Block) string, by store.BlockActor) ([]store.Block, error) {
	defer s.gather(a)()
	var done []store.Block
	for part := range slices.Chunk(list, maxWrite) {
		d := s.draft(b, a)
		for _, o := range part {
			if state, why := over(o, d.now); state != "" {
				d.end(o, state, why, store.BlockActor{})
			} else {
				d.end(o, store.BlockRemoved, cause(o), by)
			}
		}
		if err := d.commit(ctx); err != nil {
			return done, err
		}
		done = append(done, d.ended...)
	}
	return done, nil
}
