package alerting

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func created(t testing.TB, at int, key string) *event.Record {
	return record(t, at, fmt.Sprintf(`{"type":"alert.created","dedup_key":%q,"title":"x","severity":"high"}`, key))
}

// TestCursor: alerts are folded from the journal's beginning, each event once whatever happens to the process.
func TestCursor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append("acme", created(t, 1, "a"), record(t, 2, `{"type":"auth.login_failed"}`), created(t, 2, "b"))
	w.append("other", created(t, 1, "a"))
	w.run()
	w.settled()
	w.append("acme", created(t, 3, "a"))
	own := created(t, 4, "a")
	own.Flags |= event.Internal
	w.append("acme", own)
	w.settled()
	if a := w.alert("acme", "a"); a.Count != 2 || a.Version != 2 {
		t.Errorf("count %d, version %d", a.Count, a.Version)
	}
	w.close()
	w.open()
	w.append("acme", created(t, 5, "a"))
	w.run()
	w.settled()
	if a, o := w.alert("acme", "a"), w.alert("other", "a"); a.Count != 3 || o.Count != 1 {
		t.Errorf("after a restart: counts %d and %d", a.Count, o.Count)
	}
	if s := w.s.Stats(); s.Folded != 1 || s.Lag != 0 || s.Lost != 0 || s.Mark != w.journal.End() {
		t.Errorf("stats %+v", s)
	}
	list, _, err := w.s.History(t.Context(), "acme", event.AlertID("acme", "a"), store.Page{Limit: 10})
	if err != nil || told(list) != "repeat 1>3, create" {
		t.Errorf("history %s, %v", told(list), err)
	}
}

// TestCursorTries: a store that fails for a while costs nothing but time.
func TestCursorTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.fails = []error{errFrail, store.ErrUnavailable, errLost}
	w.append("acme", created(t, 1, "a"), created(t, 2, "a"))
	w.run()
	w.settled()
	if a := w.alert("acme", "a"); a.Count != 2 {
		t.Errorf("count %d", a.Count)
	}
}

// TestCursorRefused: an alert that the store never takes holds up no other.
func TestCursorRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.fails = []error{store.ErrInvalid, nil, store.ErrInvalid}
	w.append("acme", created(t, 1, "a"), created(t, 2, "b"), created(t, 3, "c"))
	w.run()
	w.settled()
	page, err := w.s.List(t.Context(), "acme", store.AlertQuery{Sort: store.ByLastSeen, Page: store.Page{Limit: 10}})
	if s := w.s.Stats(); err != nil || s.Refused != 1 || len(page.Alerts) != 1 { // the fake that says nil saves nothing, either
		t.Errorf("stats %+v, %d alerts, %v", s, len(page.Alerts), err)
	}
}

// TestCursorStops: it ends when it is told to, whatever it waits for.
func TestCursorStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 50 {
		w.store.fails = append(w.store.fails, errFrail)
	}
	w.append("acme", created(t, 1, "a"))
	w.run()
	w.stop()
	w.store.fails = nil
	w.run()
	w.settled()
	w.stop()
	if a := w.alert("acme", "a"); a.Count != 1 {
		t.Errorf("count %d", a.Count)
	}
}

// holey is a journal in which frames are missing.
type holey struct {
	*journal.Journal
	first   uint64
	damaged map[uint64]bool
}

func (h *holey) Bounds() (first, last uint64) {
	_, last = h.Journal.Bounds()
	return h.first, last
}

func (h *holey) Next(ctx context.Context, n uint64) (*journal.Frame, error) {
	switch {
	case n < h.first:
		return nil, journal.ErrTrimmed
	case h.damaged[n]:
		return nil, fmt.Errorf("reading frame %d: %w", n, journal.ErrDamaged)
	}
	return h.Journal.Next(ctx, n)
}

// TestCursorGaps: what cannot be read is stepped over and counted.
func TestCursorGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 9 {
		w.append("acme", created(t, i, fmt.Sprint(i)))
	}
	first, _ := w.journal.Bounds()
	w.s = New(Deps{Store: w.store, Journal: &holey{Journal: w.journal, first: first + 2, damaged: map[uint64]bool{first + 4: true, first + 5: true}}, Recorder: w.s.deps.Recorder})
	w.run()
	w.settled()
	if s := w.s.Stats(); s.Folded != 5 || s.Lost != 2 {
		t.Errorf("stats %+v", s)
	}
	if _, state, err := w.store.LoadFold(t.Context()); err != nil || string(state) != `{"folded":5,"lost":2}` {
		t.Errorf("state %s, %v", state, err)
	}
}

// TestSweep: nothing is trimmed before its alerts are folded.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append("acme", created(t, 1, "a"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.s.Sweep(ctx, w.journal.End()); !errors.Is(err, ErrBehind) {
		t.Errorf("sweeping gives %v", err)
	}
	w.run()
	if err := w.s.Sweep(t.Context(), w.journal.End()); err != nil {
		t.Error(err)
	}
	w.append("acme", record(t, 2, `{"type":"auth.login_failed"}`)) // marks move without alerts, too
	w.settled()
}

// ruleSet notes what rules are asked.
type ruleSet struct {
	asked []string
	fail  error
}

func (r *ruleSet) Decide(_ context.Context, account event.Account, touched []store.Alert) ([]store.IncidentWrite, error) {
	for _, a := range touched {
		r.asked = append(r.asked, fmt.Sprintf("%s/%s/%d", account, a.Key, a.Count))
	}
	return nil, r.fail
}

// TestRules: rules are asked about what a batch changed, by account; one that fails holds nothing up.
func TestRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rules := &ruleSet{fail: errFrail}
	w.s.deps.Rules = rules
	w.append("b", created(t, 1, "x"), created(t, 2, "y"), created(t, 3, "x"))
	w.run()
	w.settled()
	w.stop()
	if got := fmt.Sprint(rules.asked); got != "[b/x/2 b/y/1]" {
		t.Errorf("asked %s", got)
	}
	if a := w.alert("b", "x"); a.Count != 2 {
		t.Errorf("count %d", a.Count)
	}
}

// TestPrune: alerts go a while after they were resolved.
func TestPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append("acme", created(t, 1, "a"), created(t, 1, "b"))
	w.run()
	w.settled()
	w.stop()
	_, _, err := w.s.Apply(t.Context(), "acme", event.AlertID("acme", "a"), Change{Verb: "resolve"})
	w.must(err)
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{time.Hour, 0}, {DefaultMaxAge + time.Hour, 1}, {DefaultMaxAge + time.Hour, 0}} {
		w.s.deps.Now = func() time.Time { return w.now().Add(tt.after) }
		if n, err := w.s.Prune(t.Context()); err != nil || n != tt.want {
			t.Errorf("after %s %d went, %v", tt.after, n, err)
		}
	}
	w.alert("acme", "b")
}
