package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// history makes a record of n acts, of two accounts, one of five failing; its checkpoint is one of its end.
func history(t *testing.T, n int) (*memory, Checkpoint) {
	t.Helper()
	m, c := newMemory(), newClock()
	l := opened(t, m, func(d *Deps) { d.Now = c.Now })
	for i := range n {
		a := update(fmt.Sprintf("int_%d", i))
		if i%3 == 1 {
			a.Account = "other"
		}
		_ = act.Do(t.Context(), l, a, func(context.Context) error {
			c.add(time.Second)
			if i%5 == 4 {
				return errors.New("it broke")
			}
			return nil
		})
	}
	closed(t, l)
	point, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m, point
}

// copyOf is a record that can be tampered with by itself.
func (m *memory) copyOf() *memory {
	c := &memory{anchor: m.anchor, rows: slices.Clone(m.rows)}
	for i := range c.rows {
		c.rows[i].Body = bytes.Clone(c.rows[i].Body)
	}
	return c
}

func TestVerifyReport(t *testing.T) {
	t.Parallel()
	m, point := history(t, 25)
	l := opened(t, m)
	if _, err := l.Begin(t.Context(), update("int_x")); err != nil {
		t.Fatal(err)
	}
	r := sound(t, m, point)
	if r.Entries != 51 || r.First != 1 || r.Last != 51 || r.Withheld != 0 || r.Unfinished != 1 || r.UnfinishedActs[0] != 51 ||
		!r.Checkpoints[0].Confirmed || r.Head.Seq != 51 || r.Head.Hash != hexOf(m.rows[50].Hash) || !r.From.Equal(m.rows[0].At) {
		t.Errorf("report %+v", r)
	}
	empty := sound(t, newMemory())
	if empty.Entries != 0 || empty.Head.Hash != hexOf(genesis(newMemory().anchor.Installation)) {
		t.Errorf("report of an empty record %+v", empty)
	}
	if r := sound(t, newMemory(), empty.Head); !r.Checkpoints[0].Confirmed {
		t.Errorf("an empty record's checkpoint: %+v", r.Checkpoints)
	}
}

// TestMutations tries every way to change one entry of a record, and wants each found. What changes the end is found by
// the checkpoint, the rest without it.
func TestMutations(t *testing.T) {
	t.Parallel()
	m, point := history(t, 25)
	tried := 0
	try := func(name string, seq uint64, checkpoints []Checkpoint, change func(*memory)) {
		tried++
		c := m.copyOf()
		change(c)
		r := verified(t, c, checkpoints...)
		if r.OK() {
			t.Errorf("entry %d, %s: not found", seq, name)
		} else if at := r.Findings[0].Seq; at+1 < seq || at > seq+1 {
			t.Errorf("entry %d, %s: found at %d: %s", seq, name, at, r.Findings[0].What)
		}
	}
	for i := range m.rows {
		seq := m.rows[i].Seq
		tried += flip(t, m, i)
		for name, change := range map[string]func(*store.AuditEntry){
			"the time":       func(e *store.AuditEntry) { e.At = e.At.Add(time.Microsecond) },
			"no time":        func(e *store.AuditEntry) { e.At = time.Time{} },
			"the account":    func(e *store.AuditEntry) { e.Account = "third" },
			"the action":     func(e *store.AuditEntry) { e.Action = "integration.test" },
			"the target":     func(e *store.AuditEntry) { e.Target += " " },
			"the actor":      func(e *store.AuditEntry) { e.Actor = "usr_2" },
			"the act":        func(e *store.AuditEntry) { e.Act++ },
			"the number":     func(e *store.AuditEntry) { e.Seq += 100 },
			"no number":      func(e *store.AuditEntry) { e.Seq = 0 },
			"no body":        func(e *store.AuditEntry) { e.Body = nil },
			"a shorter body": func(e *store.AuditEntry) { e.Body = e.Body[:len(e.Body)-1] },
			"a longer body":  func(e *store.AuditEntry) { e.Body = append(e.Body, ' ') },
		} {
			try(name, seq, nil, func(m *memory) { change(&m.rows[i]) })
		}
		if i < len(m.rows)-1 {
			try("deleted", seq, nil, func(m *memory) { m.rows = slices.Delete(m.rows, i, i+1) })
			try("swapped", seq, nil, func(m *memory) { m.rows[i], m.rows[i+1] = m.rows[i+1], m.rows[i] })
			try("bodies swapped", seq, nil, func(m *memory) {
				m.rows[i].Body, m.rows[i+1].Body = m.rows[i+1].Body, m.rows[i].Body
			})
			try("all but the numbers swapped", seq, nil, func(m *memory) {
				m.rows[i], m.rows[i+1] = m.rows[i+1], m.rows[i]
				m.rows[i].Seq, m.rows[i+1].Seq = m.rows[i+1].Seq, m.rows[i].Seq
			})
			try("hashes swapped", seq, nil, func(m *memory) { m.rows[i].Hash, m.rows[i+1].Hash = m.rows[i+1].Hash, m.rows[i].Hash })
			try("deleted and renumbered", seq, nil, func(m *memory) {
				m.rows = slices.Delete(m.rows, i, i+1)
				for j := i; j < len(m.rows); j++ {
					m.rows[j].Seq--
				}
			})
		}
		try("doubled", seq, nil, func(m *memory) { m.rows = slices.Insert(m.rows, i, m.rows[i]) })
		try("an entry put in", seq, nil, func(m *memory) {
			e := m.rows[i]
			e.Body = bytes.Replace(e.Body, []byte("usr_1"), []byte("usr_9"), 1)
			m.rows = slices.Insert(m.rows, i, e)
			for j := i + 1; j < len(m.rows); j++ {
				m.rows[j].Seq++
			}
		})
		try("the end cut off", seq, []Checkpoint{point}, func(m *memory) { m.rows = m.rows[:i] })
		if i < len(m.rows)-1 {
			try("the beginning cut off", 1, nil, func(m *memory) { m.rows = m.rows[i+1:] })
		}
		try("the beginning cut off and the anchor moved", seq+1, nil, func(m *memory) {
			m.anchor.Seq, m.anchor.Hash, m.rows = m.rows[i].Seq, m.rows[i].Hash, m.rows[i+1:]
		})
		try("written anew", point.Seq, []Checkpoint{point}, func(m *memory) { rewrite(m, i) })
	}
	try("the installation", 1, nil, func(m *memory) { m.anchor.Installation[3]++ })
	t.Logf("%d changes, each found", tried)
}

// flip changes every byte of entry i in turn, with its neighbours beside it. It gives the number of changes.
func flip(t *testing.T, m *memory, i int) (tried int) {
	t.Helper()
	rec := Record{Installation: m.anchor.Installation, Hash: before(m.anchor)}
	if i > 0 {
		rec.Seq, rec.Hash = m.rows[i-1].Seq, m.rows[i-1].Hash
	}
	row := m.rows[i]
	row.Body = bytes.Clone(row.Body)
	rec.Links = func(yield func(Link, error) bool) {
		if yield(linkOf(&row), nil) && i+1 < len(m.rows) {
			yield(linkOf(&m.rows[i+1]), nil)
		}
	}
	if r, err := Verify(rec); err != nil || !r.OK() {
		t.Fatalf("entry %d unchanged: %v, %v", row.Seq, r.Findings, err)
	}
	for _, part := range [][]byte{row.Body, row.Hash[:]} {
		for at := range part {
			part[at] ^= 1
			if r, err := Verify(rec); err != nil || r.OK() {
				t.Errorf("entry %d, byte %d of %d: not found", row.Seq, at, len(part))
			}
			part[at] ^= 1
			tried++
		}
	}
	return tried
}

// rewrite changes entry i and makes all that follows fit, as whoever can write the file could.
func rewrite(m *memory, i int) {
	previous := genesis(m.anchor.Installation)
	if i > 0 {
		previous = m.rows[i-1].Hash
	}
	m.rows[i].Body = bytes.Replace(m.rows[i].Body, []byte("dana@"), []byte("erin@"), 1)
	for ; i < len(m.rows); i++ {
		m.rows[i].Hash = link(previous, linkOf(&m.rows[i]).BodyHash)
		previous = m.rows[i].Hash
	}
}

// Whoever can write the file can write it anew as a whole. That nothing but a checkpoint tells is said here.
func TestRewritten(t *testing.T) {
	t.Parallel()
	m, point := history(t, 10)
	rewrite(m, 4)
	sound(t, m)
	r := verified(t, m, point)
	if r.OK() || !strings.Contains(r.Findings[0].What, "written anew") || r.Checkpoints[0].Confirmed {
		t.Errorf("report %+v", r)
	}
}

func TestCheckpoints(t *testing.T) {
	t.Parallel()
	m, point := history(t, 10)
	foreign, late, wrong := point, point, point
	foreign.Installation = strings.Repeat("0", 32)
	late.Seq += 5
	wrong.Hash = strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		point     Checkpoint
		confirmed bool
		why       string
	}{
		"right":                {point, true, ""},
		"another installation": {foreign, false, "another installation"},
		"later":                {late, false, "an older copy"},
		"another hash":         {wrong, false, "written anew"},
	} {
		r := verified(t, m, c.point)
		got := r.Checkpoints[0]
		if r.OK() != c.confirmed || got.Confirmed != c.confirmed || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: %+v, findings %v", name, got, r.Findings)
		}
	}
	m.rows = slices.Delete(m.rows, 9, 10)
	gap := point
	gap.Seq = 10
	if r := verified(t, m, gap); len(r.Findings) != 2 {
		t.Errorf("a checkpoint of an entry that is missing: %v", r.Findings)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	m, _ := history(t, 25)
	for i := range m.rows {
		m.rows[i].Body[0] = 'x'
	}
	if r := verified(t, m); len(r.Findings) != maxFindings || r.More != 100-maxFindings {
		t.Errorf("%d findings and %d more", len(r.Findings), r.More)
	}
}

// TestHistories lives through random histories, with restarts, prunings and checkpoints, and wants the record to verify
// at each moment, and any loss to be found.
func TestHistories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m, c := newMemory(), newClock()
		deps := Deps{Store: m, Now: c.Now, MaxAge: time.Hour}
		l, err := New(t.Context(), deps)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		var points []Checkpoint
		open := []act.Finish{}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0:
				point, err := l.Checkpoint(t.Context())
				if err != nil {
					rt.Fatal(err)
				}
				points = append(points, point)
			case 1:
				for more := true; more; {
					if more, err = l.prune(t.Context()); err != nil {
						rt.Fatal(err)
					}
				}
			case 2:
				if err := l.Close(); err != nil {
					rt.Fatal(err)
				}
				open = nil
				if l, err = New(t.Context(), deps); err != nil {
					rt.Fatal(err)
				}
			case 3:
				if len(open) > 0 {
					open[0](nil)
					open = open[1:]
				}
			case 4:
				c.add(-time.Minute) // somebody sets the clock
			default:
				finish, err := l.Begin(t.Context(), update("x"))
				if err != nil {
					rt.Fatal(err)
				}
				open = append(open, finish)
				c.add(time.Duration(rapid.IntRange(0, 30).Draw(rt, "minutes")) * time.Minute)
			}
		}
		if err := l.Close(); err != nil {
			rt.Fatal(err)
		}
		rec, err := FromStore(t.Context(), m)
		if err != nil {
			rt.Fatal(err)
		}
		r, err := Verify(rec, points...)
		if err != nil || !r.OK() {
			rt.Fatalf("findings %v, error %v", r.Findings, err)
		}
		for _, p := range r.Checkpoints {
			if p.Confirmed != (p.Checkpoint.Seq >= m.anchor.Seq) {
				rt.Fatalf("checkpoint of %d, the record begins after %d: %+v", p.Checkpoint.Seq, m.anchor.Seq, p)
			}
		}
		if len(m.rows) < 2 {
			return
		}
		last, err := l.Checkpoint(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		cut := m.copyOf()
		i := rapid.IntRange(0, len(cut.rows)-1).Draw(rt, "cut")
		cut.rows = slices.Delete(cut.rows, i, i+1)
		if rec, err = FromStore(t.Context(), cut); err != nil {
			rt.Fatal(err)
		}
		if r, err = Verify(rec, last); err != nil || r.OK() {
			rt.Fatalf("entry at %d of %d removed: not found (%v)", i, len(m.rows), err)
		}
	})
}

func TestPrune(t *testing.T) {
	t.Parallel()
	m, point := history(t, 10)
	c := newClock()
	c.add(time.Hour)
	early, err := ParseCheckpoint(Checkpoint{Installation: point.Installation, Seq: 4, Hash: hexOf(m.rows[3].Hash), At: c.Now()}.String())
	if err != nil {
		t.Fatal(err)
	}
	l := opened(t, m, func(d *Deps) { d.Now, d.MaxAge = c.Now, time.Hour-6*time.Second })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	for l.Stats().Pruned == 0 || l.Stats().Ended == 0 {
		runtime.Gosched()
	}
	cancel()
	<-done
	closed(t, l)
	r := sound(t, m, early, point)
	if r.First != 12 || m.anchor.Seq != 11 || r.Checkpoints[0].Confirmed || !strings.Contains(r.Checkpoints[0].Why, "any more") || !r.Checkpoints[1].Confirmed {
		t.Errorf("anchor %d, report %+v", m.anchor.Seq, r)
	}
	var p pruning
	begun := m.entries()[len(m.rows)-2]
	if err := json.Unmarshal(begun.After, &p); err != nil || begun.Action != actionPrune || p.Through != 11 || begun.Account != event.DefaultAccount {
		t.Errorf("pruned by %+v", begun)
	}
	tampered := m.copyOf()
	tampered.anchor.Seq, tampered.anchor.Hash, tampered.rows = m.rows[2].Seq, m.rows[2].Hash, m.rows[3:]
	if r := verified(t, tampered); r.OK() || !strings.Contains(r.Findings[0].What, "no entry says") {
		t.Errorf("more was taken away than pruned: %v", r.Findings)
	}
}

// A clock that was wrong for a while must not make the record forget what is not old.
func TestPruneKeeps(t *testing.T) {
	t.Parallel()
	m, c := newMemory(), newClock()
	l := opened(t, m, func(d *Deps) { d.Now, d.MaxAge = c.Now, time.Hour })
	do := func() {
		if err := act.Do(t.Context(), l, update("x"), func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	do()                     // 1, 2
	c.add(-1000 * time.Hour) // 3, 4 claim to be ancient
	do()
	c.add(1000*time.Hour + 30*time.Minute)
	if more, err := l.prune(t.Context()); more || err != nil {
		t.Errorf("pruned %t, %v", more, err)
	}
	c.add(31 * time.Minute) // now all are old, and the newest stays
	for l.Stats().Ended < 2 {
		runtime.Gosched()
	}
	if more, err := l.prune(t.Context()); !more || err != nil {
		t.Errorf("pruned %t, %v", more, err)
	}
	closed(t, l)
	if r := sound(t, m); r.First != 4 {
		t.Errorf("it begins with %d", r.First)
	}
}

// The newest entry stays, or nobody would know where the chain is.
func TestPruneAll(t *testing.T) {
	t.Parallel()
	m, point := history(t, 3)
	c := newClock()
	c.add(24 * time.Hour)
	l := opened(t, m, func(d *Deps) { d.Now, d.MaxAge = c.Now, time.Minute })
	if _, err := l.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	r := sound(t, m, point)
	if r.First != 6 || !r.Checkpoints[0].Confirmed {
		t.Errorf("report %+v", r)
	}
}
