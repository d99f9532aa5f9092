package incident

import (
	"container/list"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of the window of alerts that rules look back at.
const (
	// maxMembers is how many alerts of all groups are remembered. Beyond it the groups that were touched longest ago are
	// forgotten: they begin to count anew.
	maxMembers = 100_000
	// maxGroup is how many alerts of one group are remembered, the newest.
	maxGroup = 200
	// keepWindows is for how many of its windows a rule remembers an alert after it came in, since events come late.
	keepWindows = 2
)

// groupKey names a group. A rule that was changed groups anew.
type groupKey struct {
	rule    event.ID
	version int64
	key     string
}

// member is an alert in a group.
type member struct {
	alert    event.ID
	at       time.Time // when it was last seen
	added    time.Time // when it came to the group
	severity event.Severity
}

// group is the alerts of a rule that share a key.
type group struct {
	name    groupKey
	members []member
	place   *list.Element
}

// window remembers the alerts that came a little while ago, by group. It is not safe for concurrent use.
type window struct {
	most    int
	groups  map[groupKey]*group
	order   *list.List // the group touched longest ago at the front
	members int
	// forgotten counts groups that were dropped because of most.
	forgotten uint64
}

func newWindow(most int) *window {
	return &window{most: most, groups: map[groupKey]*group{}, order: list.New()}
}

// put adds an alert to a group, or says when it was last seen, and drops what is older than keep.
func (w *window) put(name groupKey, m member, keep time.Duration) *group {
	g := w.groups[name]
	if g == nil {
		g = &group{name: name}
		g.place = w.order.PushBack(g)
		w.groups[name] = g
	}
	w.order.MoveToBack(g.place)
	before := len(g.members)
	g.members = slices.DeleteFunc(g.members, func(o member) bool { return o.alert == m.alert || m.added.Sub(o.added) > keep })
	if len(g.members) >= maxGroup {
		g.members = slices.Delete(g.members, 0, len(g.members)-maxGroup+1)
	}
	g.members = append(g.members, m)
	w.members += len(g.members) - before
	for w.members > w.most && w.order.Len() > 1 {
		w.forget(w.order.Front().Value.(*group))
		w.forgotten++
	}
	return g
}

// drop takes alerts out of a group.
func (w *window) drop(name groupKey, gone func(member) bool) {
	g := w.groups[name]
	if g == nil {
		return
	}
	before := len(g.members)
	g.members = slices.DeleteFunc(g.members, gone)
	w.members += len(g.members) - before
	if len(g.members) == 0 {
		w.forget(g)
	}
}

func (w *window) forget(g *group) {
	w.members -= len(g.members)
	w.order.Remove(g.place)
	delete(w.groups, g.name)
}

// sweep forgets groups nobody has touched since a time.
func (w *window) sweep(before time.Time) {
	for e := w.order.Front(); e != nil; e = w.order.Front() {
		g := e.Value.(*group)
		if len(g.members) > 0 && g.members[len(g.members)-1].added.After(before) {
			return
		}
		w.forget(g)
	}
}

// span is the largest set of members that are no further apart than width and hold one of the wanted alerts, the earliest
// first; of equally large ones the earliest. Members that may not be counted are left out.
func span(members []member, width time.Duration, wanted, counts func(event.ID) bool) []member {
	list := slices.DeleteFunc(slices.Clone(members), func(m member) bool { return !counts(m.alert) })
	slices.SortFunc(list, func(a, b member) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return slices.Compare(a.alert[:], b.alert[:])
	})
	var best []member
	from, held := 0, 0
	for to := range list {
		if wanted(list[to].alert) {
			held++
		}
		for list[to].at.Sub(list[from].at) > width {
			if wanted(list[from].alert) {
				held--
			}
			from++
		}
		if held > 0 && to+1-from > len(best) {
			best = list[from : to+1]
		}
	}
	return best
}
