package rule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestCrash: whatever comes between a block and its hit, each block is made once, and its hit says that it was.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{Apply, Propose} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			row := w.rule(mode, "")
			w.append(w.detected("203.0.113.1"))
			w.settled()
			w.store.mu.Lock()
			w.store.failing = true
			w.store.mu.Unlock()
			w.append(w.detected("203.0.113.2"), w.detected("203.0.113.3"), w.detected("10.0.0.1"))
			<-w.store.tried // the blocks are made, and the hits are not saved
			versions := w.versions()
			w.reopen()
			w.run()
			w.settled()
			decision, state := "blocked", "active"
			if mode == Propose {
				decision, state = "asked", "pending_approval"
			}
			same(t, "hits", w.hits(row.ID), "203.0.113.1 "+decision, "203.0.113.2 "+decision, "203.0.113.3 "+decision, "10.0.0.1 refused")
			same(t, "blocks", w.targets(), "203.0.113.1 "+state, "203.0.113.2 "+state, "203.0.113.3 "+state)
			if diff := cmp.Diff(versions, w.versions()); diff != "" {
				t.Errorf("the blocks were changed again: %s", diff)
			}
		})
	}
}

// versions are those of all blocks.
func (w *world) versions() map[string]int64 {
	w.t.Helper()
	list, _, err := w.store.ListBlocks(w.t.Context(), store.BlockFilter{Account: "acme"}, store.Page{Limit: store.MaxPage})
	w.must(err)
	out := map[string]int64{}
	for _, b := range list {
		out[b.Target.String()] = b.Version
	}
	return out
}

// TestFailures: a store that fails for a while costs nothing but time.
func TestFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.fails = []error{errFrail, errLost, store.ErrUnavailable}
	w.run()
	row := w.rule(Apply, "")
	w.append(w.detected("203.0.113.1"), w.detected("203.0.113.2"))
	w.settled()
	same(t, "hits", w.hits(row.ID), "203.0.113.1 blocked", "203.0.113.2 blocked")
	w.stop()
	w.store.fails = []error{store.ErrInvalid}
	w.append(w.detected("203.0.113.3"))
	w.run()
	w.append(w.detected("203.0.113.4"))
	w.settled()
	if hits := w.hits(row.ID); !slices.Contains(hits, "203.0.113.4 blocked") {
		t.Errorf("hits that are not valid hold up others: %v", hits)
	}
}

// unsure blocks fail for a while.
type unsure struct {
	Blocks
	fails chan error
}

func (u unsure) BlockByRule(ctx context.Context, rule store.ResponseRule, ask bool, r respond.Request) (respond.Outcome, error) {
	select {
	case err := <-u.fails:
		return respond.Outcome{}, err
	default:
		return u.Blocks.BlockByRule(ctx, rule, ask, r)
	}
}

func TestBlockFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fails := make(chan error, 10)
	w.wrap = func(b Blocks) Blocks { return unsure{b, fails} }
	w.openRules(w.journal)
	w.run()
	row := w.rule(Apply, "")
	for _, err := range []error{errFrail, store.ErrConflict, store.ErrInvalid, form.Errors{{Path: "ttl", Message: "is too long"}}} {
		fails <- err
	}
	w.append(w.detected("203.0.113.1"), w.detected("203.0.113.2"), w.detected("203.0.113.3"))
	w.settled()
	same(t, "hits", w.hits(row.ID), "203.0.113.1 refused", "203.0.113.2 refused", "203.0.113.3 blocked")
}

// TestGivenUp: what can never be asked for holds up nobody, unless the store does not take anything.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fails := make(chan error, 10)
	w.wrap = func(b Blocks) Blocks { return unsure{b, fails} }
	w.openRules(w.journal)
	w.s.cursor.runner.most = 3
	row := w.rule(Apply, "")
	for range 3 {
		fails <- errFrail
	}
	w.append(w.detected("203.0.113.1"), w.detected("203.0.113.2"))
	w.run()
	w.settled()
	same(t, "hits", w.hits(row.ID), "203.0.113.1 refused", "203.0.113.2 blocked")
	w.stop()
	for range 4 {
		fails <- errFrail
	}
	w.store.probes = []error{errFrail}
	w.ahead.Add(int64(time.Hour))
	w.append(w.detected("203.0.113.3"))
	w.run()
	w.settled()
	if hits := w.hits(row.ID); hits[len(hits)-1] != "203.0.113.3 refused" || len(w.store.probes) != 0 || len(fails) != 0 {
		t.Errorf("hits %v, %d probes and %d failures are left", hits, len(w.store.probes), len(fails))
	}
}

// TestSwitchedOff: a rule that is switched off while its frame is looked at stops at once.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var id event.ID
	w.wrap = func(b Blocks) Blocks {
		return after{b, func() {
			_, err := w.s.Update(context.Background(), "acme", id, 0, json.RawMessage(`{"enabled":false}`))
			if err != nil {
				t.Error(err)
			}
		}}
	}
	w.openRules(w.journal)
	row := w.rule(Apply, "")
	id = row.ID
	w.run()
	w.append(w.detected("203.0.113.1"), w.detected("203.0.113.2"), w.detected("203.0.113.3"))
	w.settled()
	same(t, "blocks", w.targets(), "203.0.113.1 active")
}

// after does something after each block.
type after struct {
	Blocks
	do func()
}

func (a after) BlockByRule(ctx context.Context, rule store.ResponseRule, ask bool, r respond.Request) (respond.Outcome, error) {
	defer a.do()
	return a.Blocks.BlockByRule(ctx, rule, ask, r)
}

// TestIdle: without a rule nothing is read, and a rule that is made looks at what comes then, also after a crash.
func TestIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.append(w.detected("203.0.113.1"), w.detected("203.0.113.2"))
	w.settled()
	if n := w.journal.asked.Load(); n != 0 {
		t.Errorf("frames were asked for %d times", n)
	}
	if err := w.s.Sweep(t.Context(), w.journal.End()); err != nil {
		t.Error(err)
	}
	w.append(w.detected("203.0.113.3"))
	w.stop()
	row := w.rule(Shadow, "")
	w.append(w.detected("203.0.113.4"))
	w.reopen()
	w.run()
	w.settled()
	same(t, "hits", w.hits(row.ID), "203.0.113.4 would_block")
	mark, err := Mark(t.Context(), w.store)
	if err != nil || mark != w.journal.End() {
		t.Errorf("the mark is %s, %v, want %s", mark, err, w.journal.End())
	}
}

// holey is a journal in which frames are missing.
type holey struct {
	*counting
	first   uint64
	damaged map[uint64]bool
}

func (h *holey) Bounds() (first, last uint64) {
	_, last = h.counting.Bounds()
	return h.first, last
}

func (h *holey) Next(ctx context.Context, n uint64) (*journal.Frame, error) {
	switch {
	case n < h.first:
		return nil, journal.ErrTrimmed
	case h.damaged[n]:
		return nil, fmt.Errorf("reading frame %d: %w", n, journal.ErrDamaged)
	}
	return h.counting.Next(ctx, n)
}

// TestGaps: what cannot be read is stepped over and counted.
func TestGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := w.rule(Shadow, "")
	w.run()
	w.append(w.detected("203.0.113.1"))
	w.settled()
	w.stop()
	begin := w.journal.End().Frame
	for i := range 9 {
		w.append(w.detected(fmt.Sprintf("203.0.113.%d", i+10)))
	}
	w.openRules(&holey{counting: w.journal, first: begin + 2, damaged: map[uint64]bool{begin + 4: true, begin + 5: true}})
	w.run()
	w.settled()
	if n := len(w.hits(row.ID)); n != 6 {
		t.Errorf("%d hits, want 6", n)
	}
	if st := w.s.Stats(); st.Lost != 2 || st.Behind != 0 || st.Mark != w.journal.End() || st.Matched != 5 {
		t.Errorf("stats %+v", st)
	}
}

// TestEpochs: a mark beyond the journal's end, which lost its newest part, holds nothing up.
func TestEpochs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := w.rule(Shadow, "")
	end := w.journal.End()
	end.Frame += 1000
	w.must(w.store.Store.SaveRuleHits(t.Context(), nil, fmt.Sprintf("%x", end.Bytes())))
	w.run()
	w.append(w.detected("203.0.113.1"))
	w.settled()
	same(t, "hits", w.hits(row.ID), "203.0.113.1 would_block")
	w.must(w.store.Store.SaveRuleHits(t.Context(), nil, "what is this"))
	if _, err := Mark(t.Context(), w.store); err == nil {
		t.Error("a mark that is none is read")
	}
}

// TestSweep: trimming waits for rules, and for whoever asks no longer than he likes.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := w.rule(Shadow, "")
	w.append(w.detected("203.0.113.1"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.s.Sweep(ctx, w.journal.End()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the sweep does not wait: %v", err)
	}
	w.run()
	if err := w.s.Sweep(t.Context(), w.journal.End()); err != nil {
		t.Error(err)
	}
	same(t, "hits", w.hits(row.ID), "203.0.113.1 would_block")
}
