package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Whatever the tree does, every event goes to exactly those integrations that a plain model says, with the right way up,
// and the counts hold at every look. With damage, what is missing was counted as lost.
// More of it: go test -run TestClanModel -model.first 100 -model.seeds 200
func TestClanModel(t *testing.T) {
	t.Parallel()
	for seed := *modelFirst; seed < *modelFirst+*modelSeeds; seed++ {
		for _, damage := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d,damage=%v", seed, damage), func(t *testing.T) {
				t.Parallel()
				newClanModel(t, seed, damage).play(60)
			})
		}
	}
}

// clanModel is the plain model: what each integration must get is said when the event is sent.
type clanModel struct {
	*clan
	rng      *rand.Rand
	accounts []event.Account
	all      []clanMember
	damage   bool

	due       map[event.ID]map[event.ID]string // integration → event → account and chain
	followed  map[event.ID]uint64              // integration → events of the accounts that it followed
	badFrames map[uint64]bool
	badMu     sync.Mutex
	frames    map[uint64][]event.ID
	lost      map[event.ID]bool // events in frames that cannot be read
}

type clanMember struct {
	id      event.ID
	account event.Account
}

func newClanModel(t *testing.T, seed uint64, damage bool) *clanModel {
	m := &clanModel{
		clan: newClan(t), rng: rand.New(rand.NewPCG(seed, 11)), damage: damage,
		accounts: []event.Account{"a", "b", "c", "d", "e", "f"}, due: map[event.ID]map[event.ID]string{},
		followed: map[event.ID]uint64{}, badFrames: map[uint64]bool{}, lost: map[event.ID]bool{},
		frames: map[uint64][]event.ID{},
	}
	m.wrap = func(j Journal) Journal {
		return &faultyJournal{j, func(n uint64) error {
			m.badMu.Lock()
			defer m.badMu.Unlock()
			if m.badFrames[n] {
				return fmt.Errorf("frame %d: %w", n, journal.ErrDamaged)
			}
			return nil
		}}
	}
	for range 4 {
		m.reparent()
	}
	m.start()
	for i := range 8 {
		delivery := []string{quick, ordered, patient, `{"batch":{"max_events":50}}`}[i%4]
		account := m.accounts[m.rng.IntN(len(m.accounts))]
		id, r := m.join(account, delivery, m.rng.IntN(3) > 0, m.types()...)
		r.batch.Store(i%4 == 3)
		m.change(id, func(*store.Integration) {})
		m.all = append(m.all, clanMember{id, account})
		m.due[id] = map[event.ID]string{}
	}
	return m
}

func (m *clanModel) types() []string {
	return [][]string{{"*"}, {"alert.*"}, {"ip.blocked"}, {"alert.created", "ip.*"}, {}}[m.rng.IntN(5)]
}

// reparent changes the tree: no cycles, since an account's parent never is one of its own descendants.
func (m *clanModel) reparent() {
	a := m.accounts[m.rng.IntN(len(m.accounts))]
	up := m.accounts[m.rng.IntN(len(m.accounts))]
	switch {
	case m.rng.IntN(4) == 0:
		m.tree.set(a, "")
	case a != up && !slices.Contains(m.tree.Parents(up), a):
		m.tree.set(a, up)
	}
}

// post sends events to several accounts at once, so that frames have sections of many.
func (m *clanModel) post(n int) {
	damaged := m.damage && m.rng.IntN(4) == 0
	m.badMu.Lock() // nobody reads a frame before it is known to be damaged
	defer m.badMu.Unlock()
	for _, frame := range m.append(n, 2) {
		if damaged {
			m.spoil(frame)
		}
	}
}

// spoil makes a frame unreadable.
func (m *clanModel) spoil(frame uint64) {
	m.badFrames[frame] = true
	for _, id := range m.frames[frame] {
		m.lost[id] = true
	}
}

// append sends up to n events to each account, or to one in a few of them, and gives the frames.
func (m *clanModel) append(n, oneIn int) (frames []uint64) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, a := range m.accounts {
		if m.rng.IntN(oneIn) > 0 {
			continue
		}
		kind := []string{"alert.created", "alert.resolved", "ip.blocked"}[m.rng.IntN(3)]
		var records []*event.Record
		for i := range 1 + m.rng.IntN(n) {
			rec := recordOf(kind, []string{"x", "y", ""}[i%3])
			rec.Account = a
			records = append(records, rec)
			m.expect(rec)
		}
		wg.Go(func() {
			at, err := m.j.Append(context.Background(), journal.Append{Account: a, Records: records})
			if err != nil {
				m.t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			frames = append(frames, at.Frame)
			for _, rec := range records {
				m.frames[at.Frame] = append(m.frames[at.Frame], rec.ID)
			}
		})
	}
	wg.Wait()
	return frames
}

// expect says who must get the event, by the tree and the subscriptions as they are now.
func (m *clanModel) expect(rec *event.Record) {
	up := m.tree.Parents(rec.Account)
	for _, member := range m.all {
		i := m.conf[member.id]
		v := m.e.versionOf(store.Integration{Subscription: i.Subscription}) // without a family
		var chain []event.Account
		switch at := slices.Index(up, member.account); {
		case rec.Account == member.account:
		case at >= 0 && v.sub.IncludeChildren:
			chain = up[:at+1]
		default:
			continue
		}
		m.followed[member.id]++
		if v.sub.Explain(rec, "") == "" {
			m.due[member.id][rec.ID] = lineOf(rec.Account, chain)
		}
	}
}

func (m *clanModel) play(steps int) {
	for range steps {
		m.step()
		m.addUp()
	}
	m.append(4, 1) // every account has an event after the last damage, which tells what was lost
	for _, member := range m.all {
		m.recvs[member.id].set(happy)
		m.change(member.id, func(i *store.Integration) { i.Paused = false })
	}
	for _, member := range m.all {
		m.judge(member, m.rest(member.id))
	}
	if len(m.wrong) > 0 {
		m.t.Fatalf("chains changed between attempts: %v", m.wrong)
	}
}

func (m *clanModel) step() {
	member := m.all[m.rng.IntN(len(m.all))]
	r := m.recvs[member.id]
	switch n := m.rng.IntN(20); {
	case n < 8:
		m.post(60)
	case n < 10:
		r.set(m.moody())
	case n < 12:
		m.change(member.id, func(i *store.Integration) { i.Paused = !i.Paused })
	case n < 15:
		m.quiet()
		m.reparent()
		m.reparent()
		if err := m.e.TreeChanged(context.Background()); err != nil {
			m.t.Fatal(err)
		}
	case n == 15:
		m.quiet()
		children := m.rng.IntN(3) > 0
		m.change(member.id, func(i *store.Integration) {
			i.Subscription = marshal(map[string]any{"types": m.types(), "include_children": children})
		})
	case n == 16:
		m.post(900) // more than a paused one's window holds
	case n == 17:
		m.stop()
		m.start()
	case n == 18:
		m.s.lastWish.Store(true)
		_ = m.e.saveNow(context.Background())
		m.down()
	default:
		m.down()
	}
}

// down is a crash, after which some of what had been readable may not be any more.
func (m *clanModel) down() {
	m.crash()
	for frame := range m.frames {
		if m.damage && m.rng.IntN(12) == 0 {
			m.spoil(frame)
		}
	}
	m.start()
}

// quiet waits until the tail has matched everything, so that the model knows what was matched before a change.
func (m *clanModel) quiet() {
	m.append(2, 1) // and knows where each account's numbers are
	eventually(m.t, "the tail is at the end", m.tailAtEnd)
}

func (m *clanModel) moody() mood {
	kind := m.rng.IntN(5)
	return func(ctx context.Context, d connector.Delivery) error {
		n := rand.IntN(100)
		switch {
		case kind == 0 && n < 30:
			return errors.New("500")
		case kind == 1 && n < 20:
			return connector.Throttled(errors.New("429"), time.Duration(n)*time.Millisecond/10)
		case kind == 2 && n < 4:
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			return hanging(ctx, d)
		case kind == 3 && n < 10:
			return connector.Permanent(errors.New("422"))
		}
		return nil
	}
}

func (m *clanModel) judge(member clanMember, n Counts) {
	m.t.Helper()
	id, r, due := member.id, m.recvs[member.id], m.due[member.id]
	rows := m.rows(member)
	missing, lost := 0, 0
	for ev, line := range due {
		if got := m.line(id, ev); got != "" && got != line {
			m.t.Fatalf("%s: came as %q, want %q", member.account, got, line)
		}
		switch {
		case r.count(ev) > 0:
		case rows[ev] != "":
			if rows[ev] != line {
				m.t.Fatalf("%s: its row says %q, want %q", member.account, rows[ev], line)
			}
		case m.lost[ev]:
			lost++
		default:
			missing++
		}
	}
	for ev := range r.got {
		if due[ev] == "" {
			m.t.Fatalf("%s got an event that it must not see: %q", member.account, m.line(id, ev))
		}
	}
	if missing > 0 || uint64(lost) > n.Lost {
		m.t.Fatalf("%s: %d are nowhere, %d were in damaged frames: %+v", member.account, missing, lost, n)
	}
	// Of a frame that cannot be read nobody knows what was wanted: it counts as matched, and as lost.
	if n.Journalled != m.followed[id] || !m.damage && (n.Matched != uint64(len(due)) || n.Lost != 0) {
		m.t.Fatalf("%s: followed %d, wanted %d: %+v", member.account, m.followed[id], len(due), n)
	}
}

// rows gives what is in the mailbox of an integration: event → account and chain.
func (m *clanModel) rows(member clanMember) map[event.ID]string {
	m.tick()
	rows := map[event.ID]string{}
	f := store.ParkedFilter{Account: member.account, Integration: member.id}
	for after := ""; ; {
		list, next, err := m.s.ListParked(context.Background(), f, store.Page{After: after, Limit: 500})
		if err != nil {
			m.t.Fatal(err)
		}
		for _, p := range list {
			rows[p.Event] = lineOf(cmp.Or(p.EventAccount, p.Account), p.Parents)
		}
		if after = next; next == "" {
			return rows
		}
	}
}
