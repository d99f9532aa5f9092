package respond

import (
	"net/netip"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// index is an account's open blocks in memory. It is not safe for concurrent use. Blocks in it are never changed, only
// replaced.
type index struct {
	targets map[netip.Prefix]*store.Block
	ids     map[event.ID]*store.Block
	// sorted are the targets in the order of netip.Prefix.Compare: what a prefix contains is one run of it.
	sorted []netip.Prefix
	// lengths is how many targets of each length there are, of IPv4 and of IPv6.
	lengths [2][129]int
	// active is how many active blocks of each family there are for an integration, pending how many wait for approval.
	active  map[event.ID]perFamily
	pending int
}

// fewBlocks is up to how many changes are put into the order one by one. Each costs a move of what is behind it.
const fewBlocks = 64

func newIndex() index {
	return index{targets: map[netip.Prefix]*store.Block{}, ids: map[event.ID]*store.Block{}, active: map[event.ID]perFamily{}}
}

// perFamily counts what is IPv4, and what is IPv6.
type perFamily [2]int

// plus is n with so many more of a prefix's family.
func (n perFamily) plus(p netip.Prefix, more int) perFamily {
	n[family(p)] += more
	return n
}

// family is where a prefix's family stands in perFamily.
func family(p netip.Prefix) int {
	if p.Addr().Is4() {
		return 0
	}
	return 1
}

// put takes blocks as they are now: one that has ended is forgotten.
func (x *index) put(blocks ...store.Block) {
	few := len(blocks) <= fewBlocks
	for i := range blocks {
		b := blocks[i]
		x.drop(b.ID, few)
		if b.State.Open() {
			x.add(&b, few)
		}
	}
	if !few {
		x.sorted = x.sorted[:0]
		for p := range x.targets {
			x.sorted = append(x.sorted, p)
		}
		slices.SortFunc(x.sorted, netip.Prefix.Compare)
	}
}

func (x *index) add(b *store.Block, order bool) {
	x.ids[b.ID], x.targets[b.Target] = b, b
	x.lengths[family(b.Target)][b.Target.Bits()]++
	x.count(b, 1)
	if order {
		at, _ := slices.BinarySearchFunc(x.sorted, b.Target, netip.Prefix.Compare)
		x.sorted = slices.Insert(x.sorted, at, b.Target)
	}
}

func (x *index) drop(id event.ID, order bool) {
	b := x.ids[id]
	if b == nil {
		return
	}
	delete(x.ids, id)
	delete(x.targets, b.Target)
	x.lengths[family(b.Target)][b.Target.Bits()]--
	x.count(b, -1)
	if at, found := slices.BinarySearchFunc(x.sorted, b.Target, netip.Prefix.Compare); order && found {
		x.sorted = slices.Delete(x.sorted, at, at+1)
	}
}

func (x *index) count(b *store.Block, n int) {
	if b.State == store.BlockPending {
		x.pending += n
		return
	}
	for _, id := range b.Responders {
		if x.active[id] = x.active[id].plus(b.Target, n); x.active[id] == (perFamily{}) {
			delete(x.active, id)
		}
	}
}

// overlapping gives the blocks that contain p, the wider first, p itself, and those that p contains. It takes time for
// each length of prefix that occurs and for each block that it gives.
func (x *index) overlapping(p netip.Prefix) []*store.Block {
	var list []*store.Block
	for bits := range p.Bits() {
		if x.lengths[family(p)][bits] == 0 {
			continue
		}
		if b := x.targets[netip.PrefixFrom(p.Addr(), bits).Masked()]; b != nil {
			list = append(list, b)
		}
	}
	at, _ := slices.BinarySearchFunc(x.sorted, p, netip.Prefix.Compare)
	for _, q := range x.sorted[at:] {
		if !p.Contains(q.Addr()) {
			break
		}
		list = append(list, x.targets[q])
	}
	return list
}

// all gives every open block, in no order.
func (x *index) all() []*store.Block {
	list := make([]*store.Block, 0, len(x.ids))
	for _, b := range x.ids {
		list = append(list, b)
	}
	return list
}
