package account

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Tree is all accounts at one moment. It does not change, and answers from memory.
type Tree struct {
	nodes map[event.Account]*node
	names []event.Account // in order
}

type node struct {
	store.Account
	parents  []event.Account // the nearest first
	children []event.Account // direct ones, by name
	open     bool
	plan     string
	owner    event.Account // whose plan it uses up
	broken   bool          // its parents cannot be followed to a root
}

// NewTree makes a tree of stored accounts. Accounts whose parents go round in a circle, or are missing, cannot come
// from this package; should they be stored all the same, they have no parents and are not open. Their names are given
// as well.
func NewTree(accounts []store.Account) (*Tree, []event.Account) {
	t := &Tree{nodes: make(map[event.Account]*node, len(accounts))}
	for _, a := range accounts {
		t.nodes[a.Name] = &node{Account: a, plan: a.Plan}
	}
	t.names = slices.Sorted(maps.Keys(t.nodes))
	var broken []event.Account
	for _, name := range t.names {
		n := t.nodes[name]
		if !t.climb(n) {
			broken = append(broken, name)
			continue
		}
		if p := t.nodes[n.Parent]; p != nil {
			p.children = append(p.children, name)
		}
	}
	return t, broken
}

// climb fills in what follows from a node's parents, and says whether they can be followed to a root.
func (t *Tree) climb(n *node) bool {
	n.open, n.owner = n.ClosedAt.IsZero(), n.Name
	owner := n.Name // the plan's, or the top-level account
	for up := n.Parent; up != ""; {
		p := t.nodes[up]
		if p == nil || up == n.Name || len(n.parents) > len(t.nodes) {
			n.parents, n.open, n.broken = nil, false, true
			return false
		}
		n.parents = append(n.parents, up)
		n.open = n.open && p.ClosedAt.IsZero()
		if n.plan == "" {
			n.plan = p.Plan
			if p.Plan != "" || up != event.DefaultAccount {
				owner = up
			}
		}
		up = p.Parent
	}
	n.owner = owner
	return true
}

// Get gives an account, closed ones included.
func (t *Tree) Get(name event.Account) (store.Account, bool) {
	if n := t.nodes[name]; n != nil {
		return n.Account, true
	}
	return store.Account{}, false
}

// IsOpen says whether an account exists and neither it nor one above it is closed.
func (t *Tree) IsOpen(name event.Account) bool {
	n := t.nodes[name]
	return n != nil && n.open
}

// Plan gives the name of the plan that an account has: its own, or else that of the nearest account above it that has
// one. Empty means the default plan.
func (t *Tree) Plan(name event.Account) string {
	if n := t.nodes[name]; n != nil {
		return n.plan
	}
	return ""
}

// PlanOwner gives the account whose plan an account uses up: itself if it has a plan of its own, or else the nearest
// account above it that has one. Where nobody has one, all of a tree use up the default plan of their top-level account
// (see [Tree.Top]) together: an account that could give itself more by making children would have no limit. An account
// that does not exist is its own.
func (t *Tree) PlanOwner(name event.Account) event.Account {
	if n := t.nodes[name]; n != nil {
		return n.owner
	}
	return name
}

// Top gives the top-level account that an account is in: the highest one above it, or itself. The operator's own account
// is not counted as one above, as what hangs below it need not belong together.
func (t *Tree) Top(name event.Account) event.Account {
	top := name
	for _, up := range t.Parents(name) {
		if up != event.DefaultAccount {
			top = up
		}
	}
	return top
}

// Parents gives the accounts above one, the nearest first. The caller must not change the list.
func (t *Tree) Parents(name event.Account) []event.Account {
	if n := t.nodes[name]; n != nil {
		return n.parents
	}
	return nil
}

// Within says whether an account is the other one or below it. One that does not exist is within none.
func (t *Tree) Within(child, ancestor event.Account) bool {
	n := t.nodes[child]
	return n != nil && (child == ancestor || slices.Contains(n.parents, ancestor))
}

// Descendants gives all accounts below one, by name.
func (t *Tree) Descendants(name event.Account) []event.Account {
	list := t.below(name, nil)
	slices.Sort(list)
	return list
}

func (t *Tree) below(name event.Account, list []event.Account) []event.Account {
	n := t.nodes[name]
	if n == nil {
		return list
	}
	for _, child := range n.children {
		list = t.below(child, append(list, child))
	}
	return list
}

// HasChildren says whether there are accounts below one.
func (t *Tree) HasChildren(name event.Account) bool {
	n := t.nodes[name]
	return n != nil && len(n.children) > 0
}

// All gives every account, by name.
func (t *Tree) All() []store.Account {
	list := make([]store.Account, len(t.names))
	for i, name := range t.names {
		list[i] = t.nodes[name].Account
	}
	return list
}

// height is how many levels of accounts are below one.
func (t *Tree) height(name event.Account) int {
	deepest := 0
	for _, child := range t.nodes[name].children {
		deepest = max(deepest, 1+t.height(child))
	}
	return deepest
}

// cursorPrefix marks the cursors of lists of accounts.
const cursorPrefix = "account:"

// List gives the accounts that are within one, by name; an empty within gives all. next is empty at the end. Its error
// is store.ErrCursor.
func (t *Tree) List(within event.Account, p store.Page) (list []store.Account, next string, err error) {
	from := 0
	if p.After != "" {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(p.After)
		name, ok := strings.CutPrefix(string(raw), cursorPrefix)
		if err != nil || !ok || !event.ValidAccount(name) {
			return nil, "", store.ErrCursor
		}
		at, found := slices.BinarySearch(t.names, event.Account(name))
		if from = at; found {
			from++
		}
	}
	limit := min(max(p.Limit, 1), store.MaxPage)
	for _, name := range t.names[from:] {
		if within != "" && !t.Within(name, within) {
			continue
		}
		if len(list) == limit {
			last := string(list[limit-1].Name)
			return list, base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + last)), nil
		}
		list = append(list, t.nodes[name].Account)
	}
	return list, "", nil
}
