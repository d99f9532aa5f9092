package torture

import (
	"bytes"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/harness"
)

// orderedBooks are books with two events of one ordering key that the ordered lane wants, of which both are acknowledged.
func orderedBooks(t *testing.T) (b *books, lane int, first, second uint32) {
	t.Helper()
	b, lane = newBooks(plan{seed: 4}, lanes), 1
	byKey := map[string]uint32{}
	for range 10_000 {
		n := b.next(0)
		e := b.plan.event(n)
		if e.Key == "" || !b.lanes[lane].wants(e.Type) {
			continue
		}
		before, known := byKey[e.Key]
		if !known {
			byKey[e.Key] = n
			continue
		}
		for _, n := range []uint32{before, n} {
			b.acknowledge(n, event.NewID().Text("evt"))
		}
		return b, lane, before, n
	}
	t.Fatal("no two events of one key")
	return nil, 0, 0, 0
}

// sentTo is an event as the hub would send it.
func (b *books) sentTo(n uint32) arrived {
	head := []byte(`{"id":"` + b.at(n).id.String() + `","account":"default","received_at":"2026-01-01T00:00:00Z",`)
	return arrived{json: append(head, b.plan.bytes(n)[1:]...), key: "dlv"}
}

func TestOrderIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(b *books, lane int, first uint32) // the later event arrives
		wrong  int
	}{
		"overtaken":          {func(*books, int, uint32) {}, 1},
		"refused meanwhile":  {func(b *books, lane int, first uint32) { b.refuse(lane, b.sentTo(first)) }, 1},
		"in the mailbox":     {func(b *books, lane int, first uint32) { b.hold(lane, []string{b.at(first).id.String()}) }, 0},
		"of uncertain place": {func(b *books, _ int, first uint32) { b.lose([]uint32{first}, true) }, 0},
		"in order":           {func(b *books, lane int, first uint32) { b.accept(lane, b.sentTo(first)) }, 0},
	} {
		b, lane, first, second := orderedBooks(t)
		c.before(b, lane, first)
		b.accept(lane, b.sentTo(second))
		b.accept(lane, b.sentTo(first))
		if n := b.violationsSoFar().count("out of order"); n != c.wrong {
			t.Errorf("%s: %d violations, want %d", name, n, c.wrong)
		}
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	b, lane, first, second := orderedBooks(t)
	b.refuse(lane, b.sentTo(first))
	b.refuse(lane, b.sentTo(second))
	if refused, _ := b.poisoned(lane); refused != 2 {
		t.Errorf("%d are refused, want 2", refused)
	}
	b.restarted()
	b.refuse(lane, b.sentTo(first)) // another life: nobody knows of the first one
	if all, again := b.refusals(); all != 3 || again != 0 {
		t.Errorf("%d refusals, %d again", all, again)
	}
	b.refuse(lane, b.sentTo(first))
	if _, again := b.refusals(); again != 1 {
		t.Errorf("%d again, want 1", again)
	}
	b.accept(lane, b.sentTo(first))
	if refused, arrived := b.poisoned(lane); refused != 1 || arrived != 1 {
		t.Errorf("%d refused, %d arrived", refused, arrived)
	}
}

// TestIDsAreChecked: a worker's ids are in the order of its requests, those whose answer was lost apart.
func TestIDsAreChecked(t *testing.T) {
	t.Parallel()
	ids := event.NewIDs(3)
	for name, c := range map[string]struct {
		order []int
		lost  bool
		wrong int
	}{"in order": {[]int{0, 1, 2}, false, 0}, "swapped": {[]int{0, 2, 1}, false, 1}, "lost": {[]int{0, 2, 1}, true, 0}} {
		b := newBooks(plan{}, lanes)
		for i, at := range c.order {
			n := b.next(3)
			if c.lost && i == 1 {
				b.lose([]uint32{n}, false)
			}
			b.acknowledge(n, ids.At(at).Text("evt"))
		}
		b.checkIDs()
		if n := b.violationsSoFar().count("ids out of order"); n != c.wrong {
			t.Errorf("%s: %d violations, want %d", name, n, c.wrong)
		}
	}
}

func TestLargestEvent(t *testing.T) {
	t.Parallel()
	b := (plan{seed: 1, hostile: hostileSamples, largest: event.MaxEventBytes}).bytes((largestEvery - 1) * workers)
	if n, ok := harness.EventNumber(b); !ok || n != (largestEvery-1)*workers || len(b) < event.MaxEventBytes-50 {
		t.Errorf("event %d, %v, of %d bytes", n, ok, len(b))
	}
	if bytes.Count(b, []byte(`"fat`)) < 2 {
		t.Error("a single string is that large")
	}
}
