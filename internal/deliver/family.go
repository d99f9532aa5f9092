package deliver

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Tree is who is whose parent. It must answer from memory, without waiting for the engine.
type Tree interface {
	// Descendants are the accounts below an account, at any depth, in any order.
	Descendants(account event.Account) []event.Account
	// Parents are the accounts above an account, the nearest first and the root last.
	Parents(account event.Account) []event.Account
}

// family is the accounts below one account: for each of them the one right above it. It is immutable; nil has none.
type family struct {
	parent map[event.Account]event.Account
	chains map[event.Account][]event.Account // the way up: the nearest first, the head last
}

// move is what a new version of a family changes: an account whose parent is another one now, or none any more.
type move struct {
	Account event.Account `json:"account"`
	Parent  event.Account `json:"parent,omitempty"` // empty: it is not below any more
	Seq     uint64        `json:"seq"`              // the account's running number there
}

// familyOf asks the tree who is below an account now.
func familyOf(t Tree, head event.Account) *family {
	if t == nil {
		return nil
	}
	parent := map[event.Account]event.Account{}
	for _, a := range t.Descendants(head) {
		if up := t.Parents(a); len(up) > 0 && a != head {
			parent[a] = up[0]
		}
	}
	return newFamily(head, parent)
}

// newFamily keeps the accounts from which the way up ends at the head; a tree that changes while it is asked may give
// others for a moment.
func newFamily(head event.Account, parent map[event.Account]event.Account) *family {
	f := &family{parent: map[event.Account]event.Account{}, chains: map[event.Account][]event.Account{}}
	for a, up := range parent {
		chain := []event.Account{up}
		for up != head && up != "" && len(chain) <= len(parent) {
			up = parent[up]
			chain = append(chain, up)
		}
		if up == head {
			f.parent[a], f.chains[a] = parent[a], chain
		}
	}
	if len(f.parent) == 0 {
		return nil
	}
	return f
}

// parents is the map of who is right above whom; nil for no family.
func (f *family) parents() map[event.Account]event.Account {
	if f == nil {
		return nil
	}
	return f.parent
}

// has says whether the account is below the head.
func (f *family) has(a event.Account) bool {
	if f == nil {
		return false
	}
	_, ok := f.parent[a]
	return ok
}

// chain is the way from an account up to the head. It must not be changed.
func (f *family) chain(a event.Account) []event.Account {
	if f == nil {
		return nil
	}
	return f.chains[a]
}

// movesTo lists what must change to make f the next family; seqs are the running numbers where that happens.
func (f *family) movesTo(next *family, seqs map[event.Account]uint64) []move {
	var list []move
	for a := range f.parents() {
		if !next.has(a) {
			list = append(list, move{Account: a, Seq: seqs[a]})
		}
	}
	was := f.parents()
	for a, up := range next.parents() {
		if was[a] != up {
			list = append(list, move{Account: a, Parent: up, Seq: seqs[a]})
		}
	}
	slices.SortFunc(list, func(a, b move) int { return cmp.Compare(a.Account, b.Account) })
	return list
}

// moved is the family after the moves.
func (f *family) moved(head event.Account, moves []move) *family {
	if len(moves) == 0 {
		return f
	}
	parent := maps.Clone(f.parents())
	if parent == nil {
		parent = map[event.Account]event.Account{}
	}
	for _, m := range moves {
		if m.Parent == "" {
			delete(parent, m.Account)
		} else {
			parent[m.Account] = m.Parent
		}
	}
	return newFamily(head, parent)
}
