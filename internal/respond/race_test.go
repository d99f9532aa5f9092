package respond

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// atOnce runs f for many numbers, a few at a time.
func atOnce(n int, f func(n int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// TestStorm asks for many blocks from many sides at once: what the policy allows is never exceeded, and a target has one
// open block.
func TestStorm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy(`{"per_minute":20,"per_hour":30}`)
	const askers, targets = 300, 60
	for round := range 3 {
		atOnce(askers, func(n int) {
			target := address(round*targets + n%targets)
			switch n % 3 {
			case 0:
				_, err := w.Block(w.as(dana), acme, Request{Target: target, Reason: "storm"})
				w.mustBeFine(err)
			case 1:
				_, err := w.Import(w.as(erin), acme, []Request{{Target: target}, {Target: "::ffff:" + target}})
				w.mustBeFine(err)
			case 2:
				_, evidence := evt()
				_, err := w.BlockByRule(w.t.Context(), rule, false, Request{Target: target, Evidence: evidence})
				w.mustBeFine(err)
			}
		})
		c, err := w.Counts(w.t.Context(), acme)
		w.must(err)
		want := []int{20, 30, 30}[round]
		if c.Blocks[store.BlockActive] != want {
			t.Errorf("round %d: %d active blocks, want %d", round, c.Blocks[store.BlockActive], want)
		}
		if got := len(w.open()); got != (round+1)*targets {
			t.Errorf("round %d: %d open blocks, want %d", round, got, (round+1)*targets)
		}
		w.pass(61 * time.Second)
	}
	w.agree()
}

func (w *world) mustBeFine(err error) {
	no := new(RefusedError)
	if err != nil && !errors.As(err, &no) {
		w.t.Error(err)
	}
}

// TestRaces lets people approve, reject, end, extend and protect the same blocks at once, while their time runs out.
func TestRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy(`{"approve_wider_ipv4":32,"per_minute":10000,"per_hour":10000}`)
	const rounds = 15
	for n := range rounds {
		target := fmt.Sprintf("11.0.%d.0/24", n)
		out := w.block(target, "1h")
		var mu sync.Mutex
		won := map[string]int{}
		note := func(what string, err error, allowed ...error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won[what]++
				return
			}
			if !slices.ContainsFunc(allowed, func(a error) bool { return errors.Is(err, a) }) {
				t.Errorf("%s: %v", what, err)
			}
		}
		deeds := []func(){
			func() {
				_, err := w.Approve(w.as(erin), acme, out.Block.ID, "")
				note("approve", err, ErrNotPending)
			},
			func() {
				_, err := w.Approve(w.as(frank), acme, out.Block.ID, "")
				note("approve", err, ErrNotPending)
			},
			func() {
				_, err := w.Reject(w.as(dana), acme, out.Block.ID, "")
				note("reject", err, ErrNotPending)
			},
			func() {
				_, err := w.Unblock(w.as(dana), acme, out.Block.ID, 0, "")
				note("unblock", err)
			},
			func() {
				_, err := w.Change(w.as(dana), acme, out.Block.ID, 0, "10m", "")
				note("change", err, ErrEnded)
			},
			func() { w.pass(time.Hour) },
			func() {
				_, err := w.endDue(t.Context())
				note("due", err)
			},
		}
		order := rand.Perm(len(deeds))
		atOnce(len(deeds), func(i int) { deeds[order[i]]() })
		if won["approve"]+won["reject"] > 1 {
			t.Errorf("it was decided %d times about one block: %v", won["approve"]+won["reject"], won)
		}
		if _, err := w.endDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		st := w.get(out.Block.ID)
		if !st.Block.State.Open() {
			for _, p := range st.Placements {
				if p.Wanted {
					t.Errorf("%s is %s and is wanted", target, st.Block.State)
				}
			}
		}
	}
	w.agree()
}

// TestProtectRaces protects addresses while they are asked for: in the end no open block overlaps an entry.
func TestProtectRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy(`{"approve_wider_ipv4":0,"per_minute":10000,"per_hour":10000}`)
	atOnce(120, func(n int) {
		if n%4 == 0 {
			account := acme
			if n%8 == 0 {
				account = parent
			}
			_, _, err := w.Protect(w.as(dana), account, ProtectedInput{Target: address(n), Reason: "ours"}, false)
			if err != nil {
				t.Error(err)
			}
			return
		}
		target := address(n - n%4)
		if n%4 == 3 {
			target = netip.PrefixFrom(netip.MustParseAddr(target), 30).Masked().String()
		}
		_, err := w.Block(w.as(erin), acme, Request{Target: target})
		w.mustBeFine(err)
	})
	for _, target := range w.open() {
		if reason, yes := w.Protected(acme, netip.MustParsePrefix(target)); yes {
			t.Errorf("%s is blocked: %s", target, reason)
		}
	}
	w.eq("open", len(w.open()), 0) // every target overlaps an entry in the end
	w.agree()
}

// TestKillRaces turns the kill switch on in the middle of a storm: once it is on, nothing becomes active.
func TestKillRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy(`{"per_minute":10000,"per_hour":10000}`)
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			_, err := w.Block(w.as(dana), acme, Request{Target: address(n)})
			w.mustBeFine(err)
		})
	}
	if err := w.Kill(w.as(erin), parent, true, "stop"); err != nil {
		t.Fatal(err)
	}
	then := len(w.open())
	wg.Wait()
	w.eq("blocks since then", len(w.open())-then, 0)
}

// TestPolicyRaces changes different settings at once: none is lost.
func TestPolicyRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := []string{"approve_all", "evict", "report_drift", "approve_automatic"}
	atOnce(len(names), func(n int) {
		_, _, err := w.SetPolicy(w.as(dana), acme, 0, json.RawMessage(`{"`+names[n]+`":true}`))
		if err != nil {
			t.Error(err)
		}
	})
	p := w.PolicyOf(acme)
	w.eq("settings", []bool{p.ApproveAll, p.Evict, p.ReportDrift, p.ApproveAutomatic}, []bool{true, true, true, true})
}

// TestIndex compares the index with a list that is gone through.
func TestIndex(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	x := newIndex()
	model := map[netip.Prefix]store.Block{}
	random := func() netip.Prefix {
		a := netip.AddrFrom4([4]byte{11, 0, byte(rng.IntN(2)), byte(rng.IntN(256))})
		if rng.IntN(4) == 0 {
			b := [16]byte{0x20, 1, 0xd, 0xb8, 15: byte(rng.IntN(256))}
			a = netip.AddrFrom16(b)
		}
		return netip.PrefixFrom(a, a.BitLen()-rng.IntN(10)).Masked()
	}
	for round := range 400 {
		var list []store.Block
		for range []int{1, 1, 1, 100}[round%4] {
			p := random()
			b, known := model[p]
			switch {
			case !known:
				b = store.Block{ID: event.NewID(), Target: p, State: store.BlockActive, Responders: []event.ID{{1}}}
				if rng.IntN(3) == 0 {
					b.State = store.BlockPending
				}
			case rng.IntN(2) == 0:
				b.State = store.BlockActive
			default:
				b.State = store.BlockRemoved
			}
			if slices.ContainsFunc(list, func(o store.Block) bool { return o.Target == p }) {
				continue
			}
			list = append(list, b)
			if model[p] = b; !b.State.Open() {
				delete(model, p)
			}
		}
		x.put(list...)
		q := random()
		var want, got []string
		var active perFamily
		for p, b := range model {
			if p.Overlaps(q) {
				want = append(want, p.String())
			}
			if b.State == store.BlockActive {
				active = active.plus(p, 1)
			}
		}
		for _, b := range x.overlapping(q) {
			got = append(got, b.Target.String())
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: overlapping %s: got %v, want %v", round, q, got, want)
		}
		if pending := len(model) - active[0] - active[1]; x.active[event.ID{1}] != active || x.pending != pending {
			t.Fatalf("round %d: %d active and %d pending, want %d and %d", round, x.active[event.ID{1}], x.pending, active, pending)
		}
	}
}
