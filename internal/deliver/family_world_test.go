package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// forest is a Tree that a test changes.
type forest struct {
	mu sync.Mutex
	up map[event.Account]event.Account
}

func (f *forest) Parents(a event.Account) (list []event.Account) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for up := f.up[a]; up != ""; up = f.up[up] {
		list = append(list, up)
	}
	return list
}

func (f *forest) Descendants(a event.Account) (list []event.Account) {
	f.mu.Lock()
	all := slices.Collect(maps.Keys(f.up))
	f.mu.Unlock()
	for _, other := range all {
		if slices.Contains(f.Parents(other), a) {
			list = append(list, other)
		}
	}
	return list
}

func (f *forest) set(a, up event.Account) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if up == "" {
		delete(f.up, a)
	} else {
		f.up[a] = up
	}
}

// clan is a world of several accounts.
type clan struct {
	*world
	tree *forest

	seen  sync.Mutex
	lines map[event.ID]map[event.ID]string // integration → event → what account and chain it came with
	wrong []string
}

func newClan(t testing.TB) *clan {
	c := &clan{world: newWorld(t), tree: &forest{up: map[event.Account]event.Account{}}, lines: map[event.ID]map[event.ID]string{}}
	c.opts = func(o *Options) { o.Tree, o.Opener = c.tree, c }
	return c
}

// Open implements Opener: it looks at every delivery before the receiver does.
func (c *clan) Open(ctx context.Context, i store.Integration) (connector.Instance, error) {
	inst, err := c.world.Open(ctx, i)
	return watched{inst.(both), c, i.ID}, err
}

type watched struct {
	both
	c  *clan
	id event.ID
}

func (w watched) Send(ctx context.Context, d connector.Delivery) error {
	w.c.look(w.id, d)
	return w.both.Send(ctx, d)
}

func (w watched) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	for _, d := range ds {
		w.c.look(w.id, d)
	}
	return w.both.SendBatch(ctx, ds)
}

func lineOf(a event.Account, parents []event.Account) string { return fmt.Sprint(a, parents) }

func (c *clan) look(id event.ID, d connector.Delivery) {
	c.seen.Lock()
	defer c.seen.Unlock()
	line := lineOf(d.Record.Account, d.Record.Parents)
	was, known := c.lines[id][d.Record.ID]
	if known && was != line {
		c.wrong = append(c.wrong, was+" and then "+line)
	}
	if c.lines[id] == nil {
		c.lines[id] = map[event.ID]string{}
	}
	c.lines[id][d.Record.ID] = line
}

func (c *clan) line(id, ev event.ID) string {
	c.seen.Lock()
	defer c.seen.Unlock()
	return c.lines[id][ev]
}

// join makes an integration of an account.
func (c *clan) join(account event.Account, delivery string, children bool, types ...string) (event.ID, *receiver) {
	c.t.Helper()
	i := store.Integration{
		ID: event.NewID(), Account: account, Kind: "fake", Enabled: true, Version: 1,
		Subscription: marshal(map[string]any{"types": types, "include_children": children}), Delivery: []byte(delivery),
	}
	i.Name = i.ID.UUID()
	r := newReceiver(c.t)
	c.mu.Lock()
	c.recvs[i.ID] = r
	c.mu.Unlock()
	c.apply(i)
	return i.ID, r
}

// move gives an account another parent and tells the engine.
func (c *clan) move(a, up event.Account) {
	c.t.Helper()
	c.tree.set(a, up)
	if err := c.e.TreeChanged(context.Background()); err != nil && !errors.Is(err, errDead) {
		c.t.Fatal(err)
	}
}

// post journals n events for an account, in frames of per.
func (c *clan) post(account event.Account, n, per int, kind string) []*event.Record {
	c.t.Helper()
	all := make([]*event.Record, n)
	for i := range all {
		all[i] = recordOf(kind, fmt.Sprint(i%3))
		all[i].Account = account
	}
	for part := range slices.Chunk(all, per) {
		if _, err := c.j.Append(context.Background(), journal.Append{Account: account, Records: part}); err != nil {
			c.t.Fatal(err)
		}
	}
	return all
}

func (c *clan) stats(id event.ID) IntegrationStats {
	c.t.Helper()
	s, ok := c.e.IntegrationStats(c.conf[id].Account, id)
	if !ok {
		c.t.Fatal("no such integration")
	}
	return s
}

func (c *clan) addUp() {
	c.t.Helper()
	for _, s := range c.e.AllStats() {
		if !s.AddsUp {
			c.t.Fatalf("the counts of %s %s do not add up: %+v\n%s", s.Account, s.State, s.Counts, c.e.lane(s.Account, s.Integration).describe())
		}
	}
}

// rest waits until a lane has nothing left to do.
func (c *clan) rest(id event.ID) Counts {
	c.t.Helper()
	deadline := time.Now().Add(testDeadline / 2)
	eventually(c.t, "the lane rests", func() bool {
		n := c.stats(id).Counts
		if time.Now().After(deadline) {
			c.t.Fatalf("the lane of %s does not rest: %+v\n%s", cmp.Or(c.conf[id].Account, "?"), n, c.e.lane(c.conf[id].Account, id).describe())
		}
		return n.Waiting == 0 && n.Parked == 0 && n.Behind == 0
	})
	c.addUp()
	return c.stats(id).Counts
}

func appendOf(r *event.Record) journal.Append {
	return journal.Append{Account: r.Account, Records: []*event.Record{r}}
}

// describe is for the message of a test that failed.
func (l *lane) describe() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := fmt.Sprintf("at %+v, next %v, %+v, %d settled above, version %d of %d, kin %+v\nwindow %d, ready %d, flying %d, %d parked, %s\n",
		l.at, l.next, l.count, len(l.already), l.crossed, len(l.subs), l.kin, l.win.len(), l.ready.len(), l.flying, len(l.park.byID), l.row.Delivery)
	for _, v := range l.subs {
		s += fmt.Sprintf("from %v: %s, moves %v, family %v\n", v.From, v.Raw, v.Moves, v.kin.parents())
	}
	return s
}
