package deliver

import (
	"container/heap"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver/noise"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// heldGroup is what is held under one key and goes out together. While it is open, others join it.
type heldGroup struct {
	key     string
	due     time.Time
	members []*parked
	top     event.Severity // the most severe that ever was in it
	index   int            // in the heap
}

// holds are a lane's open groups. What is in them is parked as well, and counts as that.
type holds struct {
	groups map[string]*heldGroup
	due    groupHeap
	// subjects are the held announcements by what they are about.
	subjects map[string][]*parked
	// keys are the groups by ordering key: what is held of one key is in one group, and what follows joins it.
	keys map[string]*keyHold
}

type keyHold struct {
	group *heldGroup
	n     int
}

func (h *holds) empty() bool { return len(h.groups) == 0 }

// ripe says whether a group is due.
func (h *holds) ripe(now time.Time) bool { return len(h.due) > 0 && !h.due[0].due.After(now) }

// open gives the group of a key. A new one is due at a time.
func (h *holds) open(key string, due time.Time) *heldGroup {
	g := h.groups[key]
	if g == nil {
		g = &heldGroup{key: key, due: due}
		if h.groups == nil {
			h.groups, h.subjects, h.keys = map[string]*heldGroup{}, map[string][]*parked{}, map[string]*keyHold{}
		}
		h.groups[key] = g
		heap.Push(&h.due, g)
	}
	return g
}

// add puts a delivery into a group.
func (h *holds) add(g *heldGroup, p *parked) {
	p.group = g
	g.members = append(g.members, p)
	g.top = max(g.top, p.row.Severity)
	if s := p.row.Subject; s != "" {
		h.subjects[s] = append(h.subjects[s], p)
	}
	if k := p.row.OrderingKey; k != "" {
		if h.keys[k] == nil {
			h.keys[k] = &keyHold{group: g}
		}
		h.keys[k].n++
	}
}

// leave takes a delivery out of its group. A group that is empty is gone.
func (h *holds) leave(p *parked) {
	g := p.group
	p.group = nil
	g.members = slices.DeleteFunc(g.members, func(o *parked) bool { return o == p })
	h.unlist(p)
	if len(g.members) == 0 {
		h.close(g)
	}
}

// unlist forgets what a delivery is about.
func (h *holds) unlist(p *parked) {
	if s := p.row.Subject; s != "" {
		if h.subjects[s] = slices.DeleteFunc(h.subjects[s], func(o *parked) bool { return o == p }); len(h.subjects[s]) == 0 {
			delete(h.subjects, s)
		}
	}
	if k := p.row.OrderingKey; k != "" && h.keys[k] != nil {
		if h.keys[k].n--; h.keys[k].n == 0 {
			delete(h.keys, k)
		}
	}
}

// earlier says whether the group has something of the delivery's ordering key from before it.
func (g *heldGroup) earlier(p *parked) bool {
	return p.row.OrderingKey != "" && slices.ContainsFunc(g.members, func(o *parked) bool {
		return o.row.OrderingKey == p.row.OrderingKey && o.row.Position.Less(p.row.Position)
	})
}

// close takes a group out. It gives its members in journal order; they are in no group any more.
func (h *holds) close(g *heldGroup) []*parked {
	if h.groups[g.key] == g {
		delete(h.groups, g.key)
	}
	heap.Remove(&h.due, g.index)
	for _, p := range g.members {
		p.group = nil
		h.unlist(p)
	}
	list := g.members
	g.members = nil
	sortParked(list)
	return list
}

// setDue moves a group's time.
func (h *holds) setDue(g *heldGroup, due time.Time) {
	g.due = due
	heap.Fix(&h.due, g.index)
}

// allDue makes every group due: the policy has changed, and they go through it anew.
func (h *holds) allDue(now time.Time) {
	for _, g := range h.due {
		g.due = now
	}
}

// groupHeap orders groups by their time.
type groupHeap []*heldGroup

func (h groupHeap) Len() int           { return len(h) }
func (h groupHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h groupHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for package heap.
func (h *groupHeap) Push(x any) {
	g := x.(*heldGroup)
	g.index = len(*h)
	*h = append(*h, g)
}

// Pop is for package heap.
func (h *groupHeap) Pop() any {
	old := *h
	g := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return g
}

// heldCause is what is said of a held delivery.
func heldCause(why noise.Reason) string {
	switch why {
	case noise.QuietHours:
		return "waits for the end of quiet hours"
	case noise.RateCap:
		return "waits because as many messages were sent as the cap allows"
	}
	return "waits for others of its group"
}

// holdBy holds an entry as it was decided: with what is held of its ordering key, behind what else is parked of it, or else
// with its group.
func (l *lane) holdBy(e *entry, g *gate, d noise.Decision, now time.Time) {
	k := l.held.keys[e.rec.OrderingKey]
	switch {
	case k != nil && (g == nil || g.parked == k.n):
		l.holdEntry(e, k.group, now)
	case g != nil && g.parked > 0:
		p := l.parkBehind(e, now)
		p.row.Group = d.Group
		if noise.ClassOf(e.rec) == noise.Announcement {
			p.row.Subject = noise.Subject(e.rec)
		}
	default:
		l.holdEntry(e, l.held.open(d.Group, d.Until), now)
	}
}

// parkBehind lets an entry wait behind what is parked of its ordering key.
func (l *lane) parkBehind(e *entry, now time.Time) *parked {
	return l.parkEntry(e, store.StateBehind, time.Time{}, now, "waits behind an earlier delivery of its ordering key", "order")
}

// holdEntry takes an entry out of the window and puts it into a group.
func (l *lane) holdEntry(e *entry, g *heldGroup, now time.Time) {
	why := noise.ReasonOf(g.key)
	p := l.parkEntry(e, store.StateHeld, g.due, now, heldCause(why), string(why))
	p.row.Group = g.key
	if noise.ClassOf(e.rec) == noise.Announcement {
		p.row.Subject = noise.Subject(e.rec)
	}
	p.brief = noise.BriefOf(e.rec)
	l.joined(g, p, now)
}

// joined puts a parked delivery into a group, which may be complete by that.
func (l *lane) joined(g *heldGroup, p *parked, now time.Time) {
	l.held.add(g, p)
	if most := l.policy.Noise.Group.Max; noise.ReasonOf(g.key) == noise.Grouped && most > 0 && len(g.members) >= most && g.due.After(now) {
		l.held.setDue(g, now)
	}
}

// rehold holds a delivery that waited behind another of its key and is the first now. It was decided before what with.
func (l *lane) rehold(p *parked, now time.Time) {
	l.beginNotes(now)
	key := p.row.Group
	due := now
	if noise.ReasonOf(key) == noise.Grouped {
		due = l.noise.Pace(&l.policy.Noise, noise.Facts{Severity: p.row.Severity, Group: key}, now).Until
	}
	g := l.held.open(key, later(due, now))
	if k := l.held.keys[p.row.OrderingKey]; k != nil {
		g = k.group
	}
	l.mark(p, g)
	l.joined(g, p, now)
}

// mark writes into a delivery's row what it is held with.
func (l *lane) mark(p *parked, g *heldGroup) {
	why := noise.ReasonOf(g.key)
	p.row.State, p.row.Due, p.row.Group = store.StateHeld, g.due, g.key
	p.row.Cause, p.row.CauseClass = heldCause(why), string(why)
	l.park.arrange(p)
	l.touch(p)
}

// ripen lets the groups go whose time has come, as far as the policy lets them.
func (l *lane) ripen(now time.Time) {
	for l.held.ripe(now) {
		g := l.held.due[0]
		f := noise.Facts{Severity: g.top, Group: g.key, Batch: l.batch.events > 0, Ripe: true}
		d := l.noise.Pace(&l.policy.Noise, f, now)
		if d.Action != noise.Hold || !d.Until.After(now) {
			l.letGo(l.held.close(g), g.key, now)
			continue
		}
		if d.Group == g.key {
			l.held.setDue(g, d.Until)
			for _, p := range g.members {
				l.mark(p, g)
			}
			continue
		}
		members := l.held.close(g)
		to := l.held.open(d.Group, d.Until)
		for _, p := range members {
			l.mark(p, to)
			l.joined(to, p, now)
		}
	}
}

// letGo makes deliveries due that were held together: as one message, or each by itself.
func (l *lane) letGo(list []*parked, key string, now time.Time) {
	if len(list) == 0 {
		return
	}
	if len(list) == 1 || noise.SentEach(key) || l.batch.events > 0 {
		for _, p := range list {
			l.noise.Message(&l.policy.Noise, key, []string{p.row.Subject}, now)
			l.goAlone(p, now)
		}
		return
	}
	if most := l.policy.Noise.Group.Max; noise.ReasonOf(key) == noise.Grouped && most > 0 && len(list) > most {
		l.holdRest(list[:most], list[most:], key, now)
		list = list[:most]
	}
	l.noise.Message(&l.policy.Noise, key, subjectsOf(list), now)
	l.seal(list, key, now)
}

// holdRest holds what is too much for one message: for the next one, or behind the first where they share an ordering key.
func (l *lane) holdRest(first, rest []*parked, key string, now time.Time) {
	keys := map[string]bool{}
	for _, p := range first {
		keys[p.row.OrderingKey] = p.row.OrderingKey != "" && l.ordered()
	}
	for _, p := range rest {
		if keys[p.row.OrderingKey] {
			p.row.State, p.row.Due, p.row.Group = store.StateBehind, time.Time{}, key
			l.park.arrange(p)
			l.touch(p)
			continue
		}
		g := l.held.open(key, now)
		l.mark(p, g)
		l.held.add(g, p)
	}
}

func subjectsOf(list []*parked) []string {
	subjects := make([]string, len(list))
	for i, p := range list {
		subjects[i] = p.row.Subject
	}
	return subjects
}

// sortParked brings deliveries into journal order.
func sortParked(list []*parked) {
	slices.SortFunc(list, func(a, b *parked) int { return a.row.Position.Compare(b.row.Position) })
}

// goAlone makes a delivery due that was held.
func (l *lane) goAlone(p *parked, now time.Time) {
	p.row.Group, p.row.Cause, p.row.CauseClass = "", "", ""
	l.setDue(p, now)
}

// takeAlong lets what is held of an entry's ordering key go before it; true: the entry has been put behind it. An
// announcement goes with it in one message, so that nobody is told twice.
func (l *lane) takeAlong(e *entry, now time.Time) bool {
	k := l.held.keys[e.rec.OrderingKey]
	if k == nil {
		return false
	}
	g := l.gateOf(e.rec.OrderingKey)
	others := g != nil && g.parked > k.n // they wait behind what is held, and before the entry
	// Where order does not matter, news of one alert is no reason to tell of another of the same key.
	subject, news := noise.Subject(e.rec), noise.ClassOf(e.rec) != noise.Announcement
	var list []*parked
	for _, p := range slices.Clone(k.group.members) {
		if p.row.OrderingKey == e.rec.OrderingKey && (g != nil || !news || p.row.Subject == subject) {
			l.held.leave(p)
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return false
	}
	sortParked(list)
	batch := l.batch.events > 0
	if noise.ClassOf(e.rec) == noise.Announcement && !batch && !others {
		p := l.parkEntry(e, store.StateHeld, now, now, heldCause(noise.Grouped), string(noise.Grouped))
		p.brief, p.row.Subject = noise.BriefOf(e.rec), noise.Subject(e.rec)
		l.letGo(append(list, p), noise.AlongKey, now)
		return true
	}
	l.letGo(list, noise.AlongKey, now)
	switch {
	case batch: // what is due goes before what is in the window
		l.parkEntry(e, store.StateParked, now, now, "", "")
	case l.ordered():
		return false // its gate keeps it behind them
	default:
		p := l.parkBehind(e, now)
		if first := list[0]; len(first.riders) > 0 {
			first.after = append(first.after, p)
		} else {
			l.setDue(p, now)
		}
	}
	return true
}
