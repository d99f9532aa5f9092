package deliver

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver/noise"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Noise control is asked once about each delivery, when its turn has come and before it goes through the gate of its key.
// What it leaves out is settled as skipped; what it holds is parked (held.go) and goes out later, by itself or as part of
// one message (carry.go). What comes by fallback, by backfills and from the mailbox is not asked about: somebody wants it.

// Silences say what nobody wants to be told of. They answer from memory.
type Silences interface {
	// Any says whether the account has any that has not ended. It is asked for every delivery.
	Any(account event.Account) bool
	// Match gives one that is in force for an event on its way to an integration of the account, and when it ends.
	Match(account event.Account, integration string, r *event.Record, now time.Time) (id string, until time.Time, ok bool)
}

// savedNoise is what a lane's row keeps of noise control; the notes have rows of their own.
type savedNoise struct {
	Since time.Time `json:"since,omitzero"`
	Cap   noise.Cap `json:"cap,omitzero"`
}

// heldCounts say what noise control did. The first three are parts of Skipped.
type heldCounts struct {
	Dedup    uint64 `json:"dedup,omitempty"`
	Silenced uint64 `json:"silenced,omitempty"`
	Resolved uint64 `json:"resolved,omitempty"`
	// Messages were composed of more than one delivery, Composed of so many.
	Messages uint64 `json:"messages,omitempty"`
	Composed uint64 `json:"composed,omitempty"`
}

// of is the count for a reason.
func (c *heldCounts) of(why noise.Reason) *uint64 {
	switch why {
	case noise.Dedup:
		return &c.Dedup
	case noise.Silenced:
		return &c.Silenced
	}
	return &c.Resolved
}

// heeding says whether noise control has anything to say here. It is asked for every delivery.
func (l *lane) heeding() bool {
	return l.noise != nil || l.noisy || l.e.Silences != nil && l.e.Silences.Any(l.account)
}

// heed asks noise control about an entry that was taken from the queue. False: it has been put where it belongs.
func (l *lane) heed(e *entry, now time.Time) bool {
	if e.heeded || !l.heeding() {
		return true
	}
	l.beginNotes(now)
	in := noise.Input{Record: e.rec, Batch: l.batch.events > 0}
	if s := l.e.Silences; s != nil {
		if id, until, ok := s.Match(l.account, l.text, e.rec, now); ok {
			in.Silence = &noise.Silence{ID: id, Until: until}
		}
	}
	subject := noise.Subject(e.rec)
	in.Held = subject != "" && len(l.held.subjects[subject]) > 0
	d := l.noise.Decide(&l.policy.Noise, in, now)
	g := l.gateOf(e.rec.OrderingKey)
	if g != nil && g.busy && g.parked == 0 && (d.Action == noise.Hold || d.Join) {
		g.waiting = append(g.waiting, e) // it is asked about again when its turn comes
		return false
	}
	l.noise.Note(&l.policy.Noise, e.rec, d, now)
	if d.CallOff {
		l.callOff(subject, now)
	}
	switch {
	case d.Action == noise.Skip:
		l.suppress(e, d, now)
	case d.Join:
		l.join(e, g, subject, now)
	case d.Action == noise.Hold:
		l.holdBy(e, g, d, now)
	default:
		e.heeded = true
		return !l.takeAlong(e, now)
	}
	l.nextOfKey(g)
	return false
}

// beginNotes begins to remember. Of a lane that has sent nothing yet, everything is known.
func (l *lane) beginNotes(now time.Time) {
	if l.noise != nil {
		return
	}
	since := now.UTC()
	if l.count == (counts{}) && l.park.own.n == l.heldNow() {
		since = time.Time{}
	}
	l.noise = noise.NewState(since)
	l.dirty = true
}

// heldNow is how many deliveries are in open groups.
func (l *lane) heldNow() (n int) {
	for _, g := range l.held.groups {
		n += len(g.members)
	}
	return n
}

// nextOfKey lets the next entry that waits at a gate have its turn, when the one before it needs the gate no more.
func (l *lane) nextOfKey(g *gate) {
	if g != nil && !g.busy && len(g.waiting) > 0 {
		l.ready.pushFront(g.waiting[0])
		g.waiting = g.waiting[1:]
	}
}

// suppress leaves an entry out for good.
func (l *lane) suppress(e *entry, d noise.Decision, now time.Time) {
	e.skipped = true
	l.count.Skipped++
	*l.count.Held.of(d.Reason)++
	l.settledN = append(l.settledN, e)
	l.dirty = true
	b := noise.BriefOf(e.rec)
	l.list(store.Suppressed{
		Delivery: event.DeliveryID(e.rec.ID, l.id), Account: l.account, Integration: l.id, Event: e.rec.ID, EventAccount: e.rec.Account,
		Type: b.Type, Severity: b.Severity, Title: b.Title, Reason: string(d.Reason), Detail: d.Detail, At: now, Until: d.Until,
	})
	l.e.wakeSettler(len(l.settledN) >= l.windowEvents()/2)
}

const (
	// MaxSuppressed is how many of the deliveries that were left out are listed for an integration, the newest.
	MaxSuppressed = 1000
	// maxSuppressedPerTick bounds those that one lane lists in one tick; in a storm, others are only counted.
	maxSuppressedPerTick = 200
)

func (l *lane) list(s store.Suppressed) {
	if len(l.suppressed) >= maxSuppressedPerTick {
		return
	}
	l.suppressed = append(l.suppressed, s)
	l.listed++
}

// callOff leaves out what is held of a subject, because it is over.
func (l *lane) callOff(subject string, now time.Time) {
	l.noise.CalledOff(subject)
	for _, p := range append([]*parked(nil), l.held.subjects[subject]...) {
		key := p.row.OrderingKey
		l.unpark(p)
		delete(l.touched, p.row.Delivery)
		l.gone = append(l.gone, p.row.Delivery)
		l.count.Skipped++
		l.count.Held.Resolved++
		// The ledger had it as parked.
		l.settledN = append(l.settledN, &entry{pos: p.row.Position, skipped: true})
		l.list(store.Suppressed{
			Delivery: p.row.Delivery, Account: l.account, Integration: l.id, Event: p.row.Event, EventAccount: p.eventAccount(),
			Type: p.row.Type, Severity: p.row.Severity, Title: p.brief.Title, Reason: string(noise.Resolved), At: now,
		})
		switch g := l.gates[key]; {
		case g == nil || g.busy:
		case g.parked > 0:
			l.promote(key, now, false)
		case g.idle():
			delete(l.gates, key)
		}
	}
	l.dirty = true
}

// join puts news about something that is held into its group, unless others wait in between.
func (l *lane) join(e *entry, g *gate, subject string, now time.Time) {
	group := l.held.subjects[subject][0].group
	if g != nil && g.parked > 0 {
		if k := l.held.keys[e.rec.OrderingKey]; k == nil || k.group != group || g.parked > k.n {
			l.parkBehind(e, now)
			return
		}
	}
	l.holdEntry(e, group, now)
}

// eventAccount is the account of a parked delivery's event.
func (p *parked) eventAccount() event.Account {
	if p.row.EventAccount != "" {
		return p.row.EventAccount
	}
	return p.row.Account
}

// saveNoise gives what a lane's row keeps of noise control.
func (l *lane) saveNoise() *savedNoise {
	if l.noise == nil {
		return nil
	}
	return &savedNoise{Since: l.noise.Since, Cap: l.noise.Cap}
}

// restoreNoise goes on with what was remembered.
func (l *lane) restoreNoise(ctx context.Context, saved *savedNoise) error {
	if saved == nil {
		return nil
	}
	rows, err := l.e.Store.LoadRemembered(ctx, l.id)
	if err != nil {
		return fmt.Errorf("reading what noise control remembers: %w", err)
	}
	l.noise = noise.NewState(saved.Since)
	l.noise.Cap = saved.Cap
	notes := make([]noise.Saved, len(rows))
	for i, r := range rows {
		notes[i] = noise.Saved{Key: r.Key, Value: r.Value, At: r.At}
	}
	l.noise.Restore(notes)
	return nil
}

// collectNoise adds what noise control did to a tick.
func (l *lane) collectNoise(t *store.Tick) {
	t.Suppressed = append(t.Suppressed, l.suppressed...)
	l.suppressed = nil
	changes := l.forgetting
	if l.noise != nil {
		changes = append(changes, l.noise.Changes()...)
	}
	l.forgetting = nil
	for _, n := range changes {
		t.Remember = append(t.Remember, store.Remembered{Integration: l.id, Key: n.Key, Value: n.Value, At: n.At})
	}
}

// pruneNoise forgets what is old. A lane that has nothing to remember any more, and no noise control, forgets that it had.
func (e *Engine) pruneNoise(now time.Time) {
	for _, l := range e.allLanes() {
		l.mu.Lock()
		if l.noise != nil {
			l.noise.Prune(now)
			l.dirty = true
			if l.noise.Len() == 0 && l.held.empty() && !l.noisy && (e.Silences == nil || !e.Silences.Any(l.account)) {
				l.forgetting = l.noise.Changes()
				l.noise = nil
			}
		}
		list := l.listed > 0
		l.listed = 0
		l.mu.Unlock()
		if list {
			if _, err := e.Store.PruneSuppressed(e.ctx, l.id, MaxSuppressed); err != nil {
				l.log.Error("forgetting old entries of what was left out failed", "error", err)
			}
		}
	}
}

// heldStats sums up what noise control did, and what it holds. The caller holds mu.
func (l *lane) heldStats() HeldStats {
	c := l.count.Held
	s := HeldStats{Dedup: c.Dedup, Silenced: c.Silenced, Resolved: c.Resolved, Messages: c.Messages, Composed: c.Composed}
	if l.noise == nil {
		return s
	}
	for _, p := range l.park.byID {
		if p.row.State != store.StateHeld {
			continue
		}
		switch noise.ReasonOf(p.row.Group) {
		case noise.QuietHours:
			s.QuietHours++
		case noise.RateCap:
			s.RateCap++
		default:
			s.Grouped++
		}
	}
	return s
}

// Suppressed lists what noise control left out of an integration's deliveries, the newest first: the last MaxSuppressed,
// and in a storm not all of them. They survive a restart.
func (e *Engine) Suppressed(ctx context.Context, account event.Account, integration event.ID, p store.Page) ([]store.Suppressed, string, error) {
	p.Limit = pageLimit(p)
	list, next, err := e.Store.ListSuppressed(ctx, account, integration, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing what was left out: %w", err)
	}
	return list, next, nil
}
