package deliver

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
)

// tail follows the journal once for the whole process and offers every event to the lanes that may want it.
type tail struct {
	e      *Engine
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	next   journal.Position // the first position that is not matched yet; always a frame's beginning
	seqs   map[event.Account]uint64
	index  *route.Index[*lane]
	recent recent
	dirty  bool // next moved since the last tick

	fallback map[event.ID]event.ID // integration → the one that takes what it cannot deliver
}

func (t *tail) init(e *Engine) {
	t.e = e
	t.seqs = map[event.Account]uint64{}
	t.fallback = map[event.ID]event.ID{}
	t.index = route.NewIndex[*lane]()
	t.recent.init(e.Recent)
	t.ctx, t.cancel = context.WithCancel(e.ctx)
}

func (t *tail) stop() { t.cancel() }

func (t *tail) run() {
	var patience patience
	for {
		t.mu.Lock()
		number := t.next.Frame
		t.mu.Unlock()
		f, err := t.e.Journal.Next(t.ctx, number)
		switch {
		case err == nil:
			t.take(f)
		case t.ctx.Err() != nil, errors.Is(err, journal.ErrClosed), errors.Is(err, journal.ErrFailed):
			return
		case patience.left(number, err):
			t.e.Log.Warn("reading a journal frame failed; it will be tried again", slog.Uint64("frame", number), slog.Any("error", err))
			patience.pause(t.ctx)
		default:
			// A frame that cannot be read is stepped over: the next section of each account says how many events
			// it held.
			t.e.Log.Error("stepping over a journal frame", slog.Uint64("frame", number), slog.Any("error", err))
			t.mu.Lock()
			t.next.Frame = max(number+1, t.firstFrame())
			t.dirty = true
			t.mu.Unlock()
		}
	}
}

// firstFrame is the oldest frame of the journal, for a tail that fell behind trimming.
func (t *tail) firstFrame() uint64 {
	first, _ := t.e.Journal.Bounds()
	return first
}

// take matches one frame.
func (t *tail) take(f *journal.Frame) {
	failpoint.Hit("tail-routed")
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range f.Sections {
		t.section(f, &f.Sections[i])
	}
	t.next = f.End()
	t.dirty = true
	t.e.wakeSettler(false)
}

func (t *tail) section(f *journal.Frame, s *journal.Section) {
	expected := t.seqs[s.Account]
	if gap := s.Before - expected; s.Before > expected {
		t.lost(s.Account, gap, nil)
	}
	t.seqs[s.Account] = s.Before
	records, err := s.Records()
	if err != nil {
		t.e.Log.Error("a journal section is damaged; its events are lost to the integrations that wanted them",
			slog.Uint64("frame", f.Number), slog.String("account", string(s.Account)), slog.Any("error", err))
		t.lost(s.Account, uint64(s.Count), s.Types)
		t.seqs[s.Account] = s.Before + uint64(s.Count)
		return
	}
	seq := s.Before
	var r *event.Record
	var pos journal.Position
	offer := func(entry *route.Entry[*lane], why route.Reason) { entry.Value.offer(r, pos, seq, why) }
	for i := range records {
		r, pos = records[i], f.Position(s, i)
		t.index.Match(r, offer)
		t.recent.add(r, pos)
		seq++
		t.seqs[s.Account] = seq
	}
}

// lost counts events that damage took from every attached lane that follows the account. With types it counts only what
// the lane wanted; without, it cannot know and counts all.
func (t *tail) lost(account event.Account, n uint64, types []journal.TypeCount) {
	for _, l := range t.e.allLanes() {
		if l.account == account || l.below[account] != nil {
			l.offerLost(account, n, types)
		}
	}
}

// begin puts a new lane where the tail is.
func (t *tail) begin(l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.startSeq, l.start = t.seqs[l.account], t.next
	l.beginKin(t.seqs)
	t.attachLocked(l)
}

// attachLocked lets a lane follow the tail from here on. Both locks are held.
func (t *tail) attachLocked(l *lane) {
	if l.entry == nil {
		t.indexLocked(l)
	}
	l.attached = true
	l.classBase = l.entry.Class.Missed
	l.dirty = true
}

// attachAt lets a lane follow the tail if its reader is exactly where the tail is.
func (t *tail) attachAt(l *lane, next journal.Position) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if next.Frame != t.next.Frame || next.Item != 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.removed {
		return true
	}
	l.crossTo(t.next)
	if l.kin != nil {
		l.countGapsTo(t.seqs, t.next)
	} else {
		l.countGap(t.seqs[l.account], t.next) // what the newest frames lost and no later one has told yet
	}
	t.attachLocked(l)
	return true
}

// indexLocked puts a lane into the index: at its own account and at those below that it follows. Both locks are held.
func (t *tail) indexLocked(l *lane) {
	v := l.version()
	l.entry = t.index.Add(l.account, l.text, v.sub, l)
	for a := range v.kin.parents() {
		t.followLocked(l, a, v)
	}
}

// unindexLocked takes it out again.
func (t *tail) unindexLocked(l *lane) {
	if l.entry != nil {
		t.index.Remove(l.account, l.entry)
		l.entry = nil
	}
	for a, entry := range l.below {
		t.index.Remove(a, entry)
	}
	l.below = nil
}

// reindex replaces a lane's subscription from the tail's position on.
func (t *tail) reindex(l *lane, change func(at journal.Position)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	wasAttached := l.attached
	if wasAttached {
		l.foldLocked()
	}
	change(t.next)
	t.unindexLocked(l)
	if wasAttached {
		l.crossTo(t.next)
		t.attachLocked(l)
		return
	}
	t.indexLocked(l)
}

// regroup changes the families of lanes, all at the tail's position: it takes no event in between.
func (t *tail) regroup(list []regroup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range list {
		g.lane.mu.Lock()
		if !g.lane.removed {
			g.lane.regroupAt(g.next)
		}
		g.lane.mu.Unlock()
	}
}

// moveLocked changes a lane's places in the index by the moves of a version, and leaves the others: there may be
// thousands. Both locks are held.
func (t *tail) moveLocked(l *lane, v subVersion) {
	if l.entry == nil {
		return // it comes in with all of its family
	}
	for _, m := range v.Moves {
		was := l.below[m.Account]
		switch {
		case m.Parent == "" && was != nil:
			t.index.Remove(m.Account, was)
			delete(l.below, m.Account)
		case m.Parent != "" && was == nil:
			t.followLocked(l, m.Account, v)
		}
	}
}

// followLocked puts a lane into the index of an account below its own. Both locks are held.
func (t *tail) followLocked(l *lane, a event.Account, v subVersion) {
	if l.below == nil {
		l.below = map[event.Account]*route.Entry[*lane]{}
	}
	l.below[a] = t.index.Follow(a, l.text, v.sub, l)
}

// remove takes a lane out of the index.
func (t *tail) remove(l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.attached {
		l.detachLocked(t.next, t.seqs[l.account])
	}
	l.removed = true
	t.unindexLocked(l)
}
