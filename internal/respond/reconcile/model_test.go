package reconcile

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// targets are the targets of the model: addresses, ranges around them, and a range around those.
var targets = func() (list []netip.Prefix) {
	for i := range 4 {
		list = append(list, netip.MustParsePrefix(fmt.Sprintf("203.0.113.%d/32", i)), netip.MustParsePrefix(fmt.Sprintf("203.0.112.%d/32", i)))
	}
	return append(list, netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("203.0.112.0/24"), netip.MustParsePrefix("203.0.0.0/16"),
		netip.MustParsePrefix("2001:db8::/64"))
}()

// model is a world in which anything may happen at any time.
type model struct {
	*world
	r       *rand.Rand
	offset  time.Duration
	blurred bool                  // an answer was lost, or the hub was killed
	late    map[netip.Prefix]bool // a request about it may have been done
	made    []store.Block
	log     []string
}

// TestModel lets requests, ends, edits by others at any moment, lost answers, pauses, locks and crashes happen in any order.
// At all times no entry of others is changed, no more is held than fits, and no prefix has two entries of ours. When peace
// returns the vendor comes to hold what is wanted.
func TestModel(t *testing.T) {
	t.Parallel()
	rounds, seed := 300, uint64(1)
	if testing.Short() {
		rounds = 100
	}
	if n, err := strconv.Atoi(os.Getenv("TOCSIN_MODEL_ROUNDS")); err == nil {
		rounds, seed = n, rand.Uint64()
	}
	for _, marks := range []bool{false, true} {
		t.Run(map[bool]string{false: "set", true: "rules"}[marks], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for i := range rounds {
					m := newModel(t, marks, rand.New(rand.NewPCG(seed, uint64(i))))
					m.storm(5 + m.r.IntN(40))
					m.peace()
					if t.Failed() {
						t.Fatalf("seed %d, round %d:\n%s", seed, i, strings.Join(m.log, "\n"))
					}
				}
			})
		})
	}
}

func newModel(t *testing.T, marks bool, r *rand.Rand) *model {
	v := &vendor{marks: marks, batch: []int{1, 2, 100}[r.IntN(3)]}
	if r.IntN(2) == 0 {
		v.capacity = 3 + r.IntN(5)
	}
	m := &model{world: newWorld(t, v, newMemory()), r: r, late: map[netip.Prefix]bool{}}
	m.policy.Evict = r.IntN(3) == 0
	m.clock = func() time.Time { return time.Now().Add(m.offset) }
	v.before = func(int) {
		if r.IntN(4) == 0 {
			m.edit()
		}
	}
	return m
}

func (m *model) say(format string, args ...any) { m.log = append(m.log, fmt.Sprintf(format, args...)) }

func (m *model) storm(steps int) {
	for range steps {
		p := targets[m.r.IntN(len(targets))]
		switch m.r.IntN(16) {
		case 0, 1, 2, 3:
			m.request(p)
		case 4, 5:
			if b, ok := m.blocks[p.String()]; ok {
				m.say("unblock %s", b.Target)
				m.unblock(p.String())
			}
		case 6, 7:
			m.edit()
		case 8:
			m.policy.KillSwitch = !m.policy.KillSwitch
			m.say("kill switch %t", m.policy.KillSwitch)
		case 9:
			m.offset += time.Duration(m.r.IntN(60)) * time.Second
			m.say("later")
		case 10:
			m.crash()
		default:
			m.cycle()
		}
		m.check()
	}
}

func (m *model) request(p netip.Prefix) {
	if _, ok := m.blocks[p.String()]; ok {
		return
	}
	m.say("block %s", p)
	m.made = append(m.made, m.block(p.String(), []time.Duration{0, 24 * time.Hour, 48 * time.Hour}[m.r.IntN(3)]))
}

// edit is what somebody else does at the vendor.
func (m *model) edit() {
	p := targets[m.r.IntN(len(targets))]
	if m.r.IntN(2) == 0 {
		m.say("somebody takes %s (%q)", p, m.vendor.owners(p))
		m.vendor.take(p)
		return
	}
	owner := foreign
	if row := m.rows()[p]; !m.vendor.marks {
		switch row.State {
		case store.EntryHeld, store.EntryRemoving: // ours was there, and nobody has seen yet that it is not any more
			owner = shared
		case store.EntryAdding:
			if m.late[p] {
				owner = shared
			}
		}
	}
	if m.vendor.putPrefix(p, owner, m.r.IntN(6) == 0) {
		m.say("somebody puts %s there (%s)", p, owner)
	}
}

func (m *model) crash() {
	point, way, n := failpoint.Respond[m.r.IntN(len(failpoint.Respond))], ways[m.r.IntN(len(ways))], 1+m.r.IntN(3)
	m.faults()
	hit := m.kill(point, way, n)
	m.say("%s at the %d. %s: %t; %q", way, n, point, hit, m.vendor.list())
	m.blurred = m.blurred || hit
	m.restart()
	m.blur()
}

func (m *model) cycle() {
	m.faults()
	m.onHit = nil
	st := m.tick()
	m.say("cycle: %q; %q", st.Error, m.vendor.list())
	m.blur()
}

// faults draws what goes wrong in the next cycle.
func (m *model) faults() {
	odds := []int{0, 0, 4, 8}[m.r.IntN(4)]
	m.vendor.fail = func(int) fault {
		if odds == 0 || m.r.IntN(odds) > 0 {
			return fine
		}
		f := fault(1 + m.r.IntN(int(halfDone)))
		m.say("fault %d", f)
		m.blurred = m.blurred || f == lostDone || f == lostUndone
		return f
	}
	m.vendor.readErr = nil
	if m.r.IntN(10) == 0 {
		m.vendor.readErr = errVendor
	}
}

// blur notes what nobody can know any more at a vendor without marks: who put an address there about which a request was
// lost.
func (m *model) blur() {
	rows := m.rows()
	for p := range m.late {
		if rows[p].State != store.EntryAdding {
			delete(m.late, p)
		}
	}
	for p, row := range rows {
		if row.State != store.EntryAdding {
			continue
		}
		if !m.blurred && !m.late[p] {
			m.t.Errorf("%s is left as if it was being added", p)
		}
		m.late[p] = true
		for i := range m.vendor.things {
			if x := &m.vendor.things[i]; !m.vendor.marks && x.Prefix == p && x.owner == foreign {
				x.owner = shared
			}
		}
	}
	m.blurred = false
}

// check is what holds at any time.
func (m *model) check() {
	v := m.vendor
	if len(v.wrong) > 0 {
		m.t.Errorf("wrong: %q", v.wrong)
	}
	if v.capacity > 0 && v.most > v.capacity {
		m.t.Errorf("%d entries where %d fit", v.most, v.capacity)
	}
	for _, p := range targets {
		if n := slices.Compact(v.owners(p)); len(v.owners(p)) > 1 {
			m.t.Errorf("%s has entries of %q", p, n)
		}
	}
}

// peace lets time pass without any fault, and looks whether what is wanted is there.
func (m *model) peace() {
	m.vendor.fail, m.vendor.readErr, m.vendor.before, m.onHit = nil, nil, nil, nil
	m.policy.KillSwitch = false
	m.say("peace: %q", m.vendor.list())
	for i, quiet := 0, 0; quiet < 4; i++ { // what waits for a wider block to fail takes a cycle more
		if i > 20 {
			m.t.Error("it does not come to rest")
			return
		}
		changes := m.vendor.changes
		m.offset += 20 * time.Minute
		m.tick()
		if quiet++; changes != m.vendor.changes {
			quiet = 0
		}
	}
	m.say("in the end: %q", m.vendor.list())
	m.check()
	wanted := map[netip.Prefix]bool{}
	for _, b := range m.made {
		if p := m.at(b); p.Wanted {
			wanted[p.Target] = m.inStep(p)
		} else if !p.State.Final() {
			m.t.Errorf("%s has ended and is %s: %s", p.Target, p.State, p.Cause)
		}
	}
	for _, p := range targets {
		if slices.Contains(m.vendor.owners(p), us) && !wanted[p] {
			m.t.Errorf("%s is there, and nobody wants it", p)
		}
		if row, ok := m.rows()[p]; ok && (row.State != store.EntryHeld && row.State != store.EntryForeign || len(m.vendor.owners(p)) == 0) {
			m.t.Errorf("the ledger says that %s is %s", p, row.State)
		}
	}
}

// inStep says whether a wanted block may have an entry of its own.
func (m *model) inStep(p store.Placement) bool {
	owners := m.vendor.owners(p.Target)
	switch {
	case p.State == store.PlacementVerified && len(owners) == 1:
		return true
	case p.State == store.PlacementEvicted && m.policy.Evict:
	case p.State == store.PlacementCovered && m.covered(p):
	case p.State == store.PlacementFailed && p.Cause == causeAllows && len(owners) == 1 && owners[0] != us:
	case p.State == store.PlacementFailed && strings.HasPrefix(p.Cause, "the responder is full") && len(m.vendor.things) == m.vendor.capacity:
	default:
		m.t.Errorf("%s is %s (%s), the vendor has %q", p.Target, p.State, p.Cause, m.vendor.list())
	}
	return false
}

func (m *model) covered(p store.Placement) bool {
	return slices.ContainsFunc(m.made, func(b store.Block) bool {
		q := m.at(b)
		return q.Block == p.Covered && q.Wanted && q.State == store.PlacementVerified && q.Target.Contains(p.Target.Addr()) &&
			q.Target.Bits() < p.Target.Bits() && len(m.vendor.owners(q.Target)) == 1
	})
}
