package respond

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// MaxImport bounds one import.
const MaxImport = 10_000

// Import asks for many blocks; each is decided by itself, in their order, and what is allowed is made in as few writes as
// possible. At most MaxImport. The error is form.Errors for the list as a whole, or says why nothing, or no more, could be
// done; it then comes with what became of those before.
func (s *Service) Import(ctx context.Context, account event.Account, rs []Request) ([]Asked, error) {
	if len(rs) > MaxImport {
		return nil, form.Errors{{Message: fmt.Sprintf("must be at most %d blocks", MaxImport)}}
	}
	answers := make([]Asked, len(rs))
	wishes := make([]*wish, len(rs))
	looked := map[Evidence]error{}
	dry := false
	for i := range rs {
		dry = dry || rs[i].DryRun
		w, err := s.read(ctx, &rs[i])
		if err == nil {
			known := false
			if err, known = looked[rs[i].Evidence]; !known {
				err = s.exists(ctx, account, w)
				looked[rs[i].Evidence] = err
			}
		}
		if _, theirs := form.AsErrors(err); err != nil && !theirs {
			return nil, err
		}
		wishes[i], answers[i].Err = w, err
	}
	a, err := s.lookAround(ctx, account)
	if err != nil {
		return nil, err
	}
	if dry {
		return answers, s.importAll(ctx, account, &a, wishes, answers, false)
	}
	what := act.Act{Account: account, Action: "block.import", Target: strconv.Itoa(len(rs)) + " blocks", After: encode(map[string]any{"blocks": len(rs)})}
	err = s.do(ctx, what, func(ctx context.Context) error { return s.importAll(ctx, account, &a, wishes, answers, true) })
	return answers, err
}

// importAll decides about wishes, those whose answer is an error excepted, and stores what comes of them. Without keep, what
// any of them would do is found out, and nothing is stored.
func (s *Service) importAll(ctx context.Context, account event.Account, a *around, wishes []*wish, answers []Asked, keep bool) error {
	b, err := s.hold(ctx, account)
	if err != nil {
		return err
	}
	defer b.release()
	defer s.gather(a)()
	step := maxWrite
	if !keep { // what comes before counts, so that it is one draft
		step = max(len(wishes), 1)
	}
	for first := 0; first < len(wishes); first += step {
		last := min(first+step, len(wishes))
		d := s.draft(b, a)
		if err := s.importPart(ctx, d, wishes[first:last], answers[first:last], keep); err != nil {
			err = fmt.Errorf("importing from number %d on: %w", first+1, err)
			for i := first; i < len(answers); i++ {
				if answers[i].Err == nil {
					answers[i] = Asked{Err: err}
				}
			}
			return err
		}
	}
	return nil
}

// importPart decides about some wishes in one draft.
func (s *Service) importPart(ctx context.Context, d *draft, wishes []*wish, answers []Asked, keep bool) error {
	got := make([]decided, len(wishes))
	var there []event.ID
	for i, w := range wishes {
		if b := d.book.targets[w.target]; answers[i].Err == nil && b != nil {
			there = append(there, b.ID)
		}
	}
	if err := d.prefetch(ctx, there); err != nil {
		return err
	}
	for i, w := range wishes {
		if answers[i].Err == nil {
			got[i], answers[i].Err = d.ask(ctx, w)
		}
	}
	var merged []event.ID
	if keep {
		if err := d.commit(ctx); err != nil {
			return err
		}
	}
	for i := range got {
		if b := got[i].block; b != nil && answers[i].Err == nil {
			answers[i].Outcome = &Outcome{Block: *b, New: got[i].isNew, Verdict: got[i].verdict, Placements: d.place[b.ID]}
			if !d.fresh[b.ID] {
				merged = append(merged, b.ID)
			}
		}
	}
	placed, err := s.placements(context.WithoutCancel(ctx), d.book.account, merged)
	if err != nil { // what is done is done
		s.deps.Log.Warn("blocks were imported, and cannot be read", slog.Any("error", err))
	}
	for i := range answers {
		o := answers[i].Outcome
		if o == nil {
			continue
		}
		if list := placed[o.Block.ID]; keep && len(list) > 0 {
			o.Placements = list
		}
		if !keep && d.fresh[o.Block.ID] {
			hide(o)
		}
	}
	return nil
}

// hide takes the id from an outcome that is none: nothing was made.
func hide(o *Outcome) {
	o.Block.ID = event.ID{}
	placements := make([]store.Placement, len(o.Placements))
	for i, p := range o.Placements {
		p.Block = event.ID{}
		placements[i] = p
	}
	o.Placements = placements
}
