package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// errKilled is what a failpoint of these tests panics with.
var errKilled = errors.New("killed")

// ways are how a life ends at a failpoint: nothing that comes after has an effect, a panic, a process that is asked to stop.
var ways = []string{"power cut", "panic", "stop"}

// kill runs a cycle that ends at the n-th pass of a failpoint, and says whether it came there.
func (w *world) kill(point, way string, n int) (hit bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := w.process
	w.onHit = func(name string) {
		if name != point {
			return
		}
		if n--; n != 0 {
			return
		}
		hit = true
		switch way {
		case "power cut":
			p.dead.Store(true)
		case "panic":
			p.dead.Store(true)
			panic(errKilled)
		case "stop":
			cancel()
		}
	}
	defer func() {
		if v := recover(); v != nil && v != any(errKilled) {
			panic(v)
		}
	}()
	_, _ = w.ReconcileNow(ctx, w.account, w.row.ID)
	return hit
}

// TestKillRounds ends the hub between each pair of steps, in each of several situations, and begins a new life on the same
// store: the vendor then holds what is wanted, once, and what others have put there.
func TestKillRounds(t *testing.T) {
	t.Parallel()
	situations := map[string]struct {
		before func(w *world) // and a cycle
		then   func(w *world)
		want   []string
	}{
		"add": {
			then: func(w *world) { w.blockMany(0, "203.0.113.1/32", "203.0.113.2/32", "198.51.100.9/32") },
			want: []string{"198.51.100.9/32 foreign", "203.0.113.1/32 us", "203.0.113.2/32 us"},
		},
		"remove": {
			before: func(w *world) { w.blockMany(0, "203.0.113.1/32", "203.0.113.2/32", "198.51.100.9/32") },
			then: func(w *world) {
				w.unblock("203.0.113.1/32")
				w.unblock("198.51.100.9/32")
			},
			want: []string{"198.51.100.9/32 foreign", "203.0.113.2/32 us"},
		},
		"drift": {
			before: func(w *world) { w.blockMany(0, "203.0.113.1/32", "203.0.113.2/32") },
			then:   func(w *world) { w.vendor.take(w.blocks["203.0.113.1/32"].Target) },
			want:   []string{"198.51.100.9/32 foreign", "203.0.113.1/32 us", "203.0.113.2/32 us"},
		},
		"cover": {
			before: func(w *world) { w.block("203.0.113.1/32", 0) },
			then:   func(w *world) { w.block("203.0.113.0/24", 0) },
			want:   []string{"198.51.100.9/32 foreign", "203.0.113.0/24 us"},
		},
		"uncover": {
			before: func(w *world) { w.blockMany(0, "203.0.113.1/32", "203.0.113.0/24") },
			then:   func(w *world) { w.unblock("203.0.113.0/24") },
			want:   []string{"198.51.100.9/32 foreign", "203.0.113.1/32 us"},
		},
		"evict": {
			before: func(w *world) {
				w.vendor.capacity, w.policy.Evict = 3, true
				w.blockMany(time.Hour, "203.0.113.1/32")
				w.block("203.0.113.2/32", 0)
			},
			then: func(w *world) { w.block("203.0.113.3/32", 0) },
			want: []string{"198.51.100.9/32 foreign", "203.0.113.2/32 us", "203.0.113.3/32 us"},
		},
		"replace": {
			before: func(w *world) { w.block("203.0.113.1/32", 0) },
			then: func(w *world) {
				w.unblock("203.0.113.1/32")
				w.block("203.0.113.1/32", 0)
				w.block("203.0.113.2/32", 0)
			},
			want: []string{"198.51.100.9/32 foreign", "203.0.113.1/32 us", "203.0.113.2/32 us"},
		},
	}
	for name, s := range situations {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, base *world) {
				rounds, ways := 0, ways
				if _, disk := base.base.(*memory); !disk {
					if testing.Short() {
						t.Skip("many transactions: left out with -short")
					}
					ways = ways[:1]
				}
				for _, point := range failpoint.Respond {
					for _, way := range ways {
						for n := 1; ; n++ {
							w := newWorld(t, &vendor{marks: base.vendor.marks, batch: 1 + n%2*9}, base.base)
							w.vendor.put("198.51.100.9/32", foreign, false)
							if s.before != nil {
								s.before(w)
								w.tick()
							}
							s.then(w)
							if !w.kill(point, way, n) {
								break
							}
							rounds++
							w.settle(fmt.Sprintf("%s at the %d. %s", way, n, point), s.want)
						}
					}
				}
				if rounds < len(failpoint.Respond)*len(ways)*2/3 {
					t.Errorf("only %d rounds: the points are not passed", rounds)
				}
			})
		})
	}
}

// settle begins a new life, and has the vendor come to hold what is wanted.
func (w *world) settle(name string, want []string) {
	w.t.Helper()
	w.restart()
	w.tick()
	if got := w.vendor.list(); !slices.Equal(got, want) || len(w.vendor.wrong) > 0 {
		w.t.Errorf("%s: the vendor holds %q, want %q; wrong: %q", name, got, want, w.vendor.wrong)
	}
	for _, p := range w.open() {
		if !p.Wanted || p.State != store.PlacementVerified && p.State != store.PlacementCovered {
			w.t.Errorf("%s: %s is %s: %s", name, p.Target, p.State, p.Cause)
		}
	}
	ours := 0
	for prefix, row := range w.rows() {
		switch row.State {
		case store.EntryHeld:
			ours++
		case store.EntryForeign:
		default:
			w.t.Errorf("%s: the ledger's row of %s is %s", name, prefix, row.State)
		}
	}
	if n := len(want) - 1; ours != n {
		w.t.Errorf("%s: the ledger holds %d, want %d", name, ours, n)
	}
	changes := w.vendor.changes
	if w.tick(); w.vendor.changes != changes {
		w.t.Errorf("%s: it does not come to rest", name)
	}
}

// open are the placements that are not final.
func (w *world) open() []store.Placement {
	b, err := w.base.LoadResponder(context.Background(), w.account, w.row.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return b.Placements
}

// TestWhoseAfterACrash: what was there in a snapshot before the intent is somebody else's, also after a crash at any moment.
func TestWhoseAfterACrash(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", 0)
		w.kill(failpoint.RespondSnapshot, "power cut", 1)
		w.vendor.put("203.0.113.7/32", foreign, false)
		w.restart()
		w.tick()
		w.want(b, store.PlacementVerified, causeBefore)
		w.unblock("203.0.113.7/32")
		w.tick()
		w.holds("203.0.113.7/32 foreign")
	})
}

// TestLateAnswer: a request that had no answer is done by the vendor when the next one is already decided.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", 0)
		w.vendor.fail = func(int) fault { return lostUndone }
		w.tick()
		w.vendor.fail = nil
		w.restart()
		w.hook(failpoint.RespondIntents, func() { // now it arrives
			w.vendor.putPrefix(b.Target, us, false)
			if w.vendor.marks {
				w.vendor.things[0].Mark = b.ID.Text(event.PrefixBlock)
			}
		})
		w.tick()
		w.want(b, store.PlacementVerified, "")
		w.unblock("203.0.113.7/32")
		w.tick()
		w.holds()
	})
}

// TestLateAfterTheEnd: the same, when the block has ended meanwhile.
func TestLateAfterTheEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", 0)
		w.vendor.fail = func(int) fault { return lostUndone }
		w.tick()
		w.vendor.fail = nil
		w.unblock("203.0.113.7/32")
		w.tick()
		w.want(b, store.PlacementRemoving, causeLate)
		began := w.clock()
		late := func(d time.Duration) { w.clock = func() time.Time { return began.Add(d) } }
		late(lateTime / 2)
		w.vendor.putPrefix(netip.MustParsePrefix("203.0.113.7/32"), us, false)
		if w.vendor.marks {
			w.vendor.things[0].Mark = b.ID.Text(event.PrefixBlock)
		}
		w.tick()
		w.holds()
		w.want(b, store.PlacementRemoved, causeEnded)

		never := w.block("203.0.113.8/32", 0)
		w.vendor.fail = func(int) fault { return lostUndone }
		w.tick()
		w.vendor.fail = nil
		w.unblock("203.0.113.8/32")
		late(2 * lateTime)
		w.tick()
		w.want(never, store.PlacementRemoved, causeEnded)
		if said := w.said(); len(said) > 0 {
			t.Errorf("nothing was seen to be in force, and was said: %q", said)
		}
	})
}
