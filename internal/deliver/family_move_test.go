package deliver

import (
	"context"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// A child that moves from one parent to another while its events come in is seen by exactly one of them at each event,
// and by all lanes of that one: those that follow the tail and those that are behind.
func TestMoveUnderLoad(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		moves  int
		behind bool
	}{
		{"all follow the tail", 250, false},
		{"some are behind", maxSubVersions - 4, true}, // more than a lane remembers are merged
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			newTug(t, tt.behind).pull(tt.moves)
		})
	}
}

// tug is two parents who take a child from each other.
type tug struct {
	*clan
	lanes map[event.Account][]event.ID
	own   map[event.Account]int // events of the parents themselves
	held  []event.ID            // lanes that are behind
	list  []*event.Record       // of the child
}

// tugLanes is how many integrations each parent has: the more, the longer a change takes that is not made at once.
const tugLanes = 12

func newTug(t *testing.T, behind bool) *tug {
	g := &tug{clan: newClan(t), lanes: map[event.Account][]event.ID{}, own: map[event.Account]int{}}
	g.tree.up = map[event.Account]event.Account{"child": "left", "grandchild": "child"}
	g.start()
	for range tugLanes {
		for _, parent := range []event.Account{"left", "right"} {
			id, _ := g.join(parent, quick, true, "*")
			g.lanes[parent] = append(g.lanes[parent], id)
		}
	}
	if behind {
		g.holdSome()
	}
	return g
}

// holdSome lets half of the lanes fall behind.
func (g *tug) holdSome() {
	for parent, ids := range g.lanes {
		for _, id := range ids[:tugLanes/2] {
			g.change(id, func(i *store.Integration) { i.Paused = true })
			g.held = append(g.held, id)
		}
		g.own[parent] = SingleWindowEvents + 1
		g.post(parent, g.own[parent], 512, "alert.created")
	}
	eventually(g.t, "the tail is at the end", g.tailAtEnd)
	for _, id := range g.held {
		if s := g.stats(id); s.Counts.Behind == 0 {
			g.t.Fatalf("it is not behind: %+v", s.Counts)
		}
	}
}

// pull moves the child again and again, each time while two senders append.
func (g *tug) pull(moves int) {
	for i := range moves {
		var senders sync.WaitGroup
		var mu sync.Mutex
		for _, account := range []event.Account{"child", "grandchild"} {
			senders.Go(func() { g.send(account, &mu) })
		}
		g.move("child", []event.Account{"right", "left"}[i%2])
		senders.Wait()
	}
	g.addUp()
	for _, id := range g.held {
		g.change(id, func(i *store.Integration) { i.Paused = false })
	}
	g.judge()
}

// send journals some events of an account, each in an append of its own.
func (g *tug) send(account event.Account, mu *sync.Mutex) {
	for range 8 {
		r := recordOf("alert.created", "")
		r.Account = account
		if _, err := g.j.Append(context.Background(), appendOf(r)); err != nil {
			g.t.Error(err)
			return
		}
		mu.Lock()
		g.list = append(g.list, r)
		mu.Unlock()
	}
}

func (g *tug) judge() {
	got := map[event.Account]uint64{}
	for parent, ids := range g.lanes {
		for _, id := range ids {
			n := g.rest(id)
			if n.Delivered != n.Journalled || n.Matched != n.Journalled || n.Lost != 0 {
				g.t.Errorf("%s: %+v", parent, n)
			}
			got[parent] = n.Journalled - uint64(g.own[parent])
		}
	}
	if all := uint64(len(g.list)); got["left"]+got["right"] != all || got["left"] == 0 || got["right"] == 0 {
		g.t.Errorf("%d went left and %d right, of %d", got["left"], got["right"], all)
	}
	for _, r := range g.list {
		left, right := g.reached(r, g.lanes["left"]), g.reached(r, g.lanes["right"])
		if left+right != tugLanes || left > 0 && right > 0 {
			g.t.Fatalf("an event of %s went to %d lanes on the left and %d on the right", r.Account, left, right)
		}
	}
}

// reached counts the lanes to which an event came.
func (g *tug) reached(r *event.Record, ids []event.ID) (n int) {
	for _, id := range ids {
		n += g.recvs[id].count(r.ID)
	}
	return n
}
