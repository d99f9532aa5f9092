package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of backfills.
const (
	// maxFillers bounds the backfills that read the journal at once; more wait. An integration has one at a time.
	maxFillers = 4
	// maxFed and maxFedBytes bound what one backfill has parked and not delivered yet.
	maxFed      = 1000
	maxFedBytes = 16 << 20
	// fillPerSecond bounds the events that one backfill gives to its lane.
	fillPerSecond = 2000
	// fillReadPerSecond bounds the events that one backfill reads, wanted or not.
	fillReadPerSecond = 100_000
)

// Errors of backfills.
var (
	// ErrBackfilling: an integration has one backfill at a time.
	ErrBackfilling = errors.New("another backfill of the integration is under way")
	// ErrSpan: a backfill's from is not before its to, or in the future.
	ErrSpan = errors.New("from must be in the past, and before to")
	// ErrJobEnded: there is nothing left to cancel.
	ErrJobEnded = errors.New("the job has ended")
)

// errSwitchedOff ends a backfill whose integration was disabled or deleted.
var errSwitchedOff = errors.New("the integration was disabled or deleted")

// BackfillSpec is what a backfill is to bring: the events that were received from From on and before To, as far as the
// journal has them and the subscription, as it is now, wants them.
type BackfillSpec struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"` // zero: no end
	// All brings events that the integration's lane has passed already as well, which may repeat what was delivered, under
	// the same keys. Without it, only those that are older than the integration.
	All bool `json:"all,omitempty"`
}

// fillJob is what a backfill's job keeps.
type fillJob struct {
	Integration event.ID `json:"integration"`
	BackfillSpec
}

// fillState is where a backfill stands. It is saved with the deliveries that it brought, in one transaction.
type fillState struct {
	BackfillSpec
	Next journal.Position `json:"next"`
	End  journal.Position `json:"end"` // the lane itself takes what is from here on
	// Older is the integration's birth where its place in the journal is not known; zero: End says it.
	Older time.Time `json:"older,omitzero"`
	// Oldest is the time of the oldest frame when From is older than that: what was before is not in the journal any more.
	Oldest  time.Time                `json:"oldest,omitzero"`
	Total   uint64                   `json:"total"`   // events in the range, before any filter: an estimate
	Read    uint64                   `json:"read"`    // events looked at
	Missing uint64                   `json:"missing"` // events that the journal lost or trimmed meanwhile
	Seqs    map[event.Account]uint64 `json:"seqs,omitempty"`

	Through   bool   `json:"through,omitempty"` // everything was read
	Cancelled bool   `json:"cancelled,omitempty"`
	Error     string `json:"error,omitempty"`
}

// BackfillView is a backfill as people see it. Read = filtered + Counts.Matched.
type BackfillView struct {
	BackfillSpec
	Integration event.ID
	Oldest      time.Time
	Total       uint64
	Read        uint64
	Missing     uint64
	Counts      RunCounts
}

// Backfill starts a job that brings an integration what was journalled before. It survives a restart: it goes on where it
// was. Errors: store.ErrNotFound, ErrDisabled, ErrBackfilling, ErrSpan.
func (e *Engine) Backfill(ctx context.Context, account event.Account, integration event.ID, spec BackfillSpec) (store.Job, error) {
	l := e.lane(account, integration)
	if l == nil {
		return store.Job{}, store.ErrNotFound
	}
	now := e.Now()
	if spec.From.After(now) || !spec.To.IsZero() && !spec.From.Before(spec.To) {
		return store.Job{}, ErrSpan
	}
	j := store.Job{
		ID: event.NewID(), Account: account, Kind: runBackfill, State: "queued", Spec: marshal(fillJob{integration, spec}),
		CreatedAt: now, UpdatedAt: now,
	}
	if err := l.beginFill(ctx, j.ID, spec); err != nil {
		return store.Job{}, err
	}
	err := e.Store.SaveJob(ctx, j) // before the run, which nobody would end without its job
	if err != nil {
		err = fmt.Errorf("saving the job: %w", err)
	} else {
		err = l.saveFill(ctx, j.ID)
	}
	if err != nil {
		l.forgetRun(j.ID)
		return store.Job{}, err
	}
	e.startJob(j)
	return j, nil
}

// beginFill makes the run of a backfill, in memory. What the lane has settled in its journal order, and saved, is what a
// backfill may bring again; it never meets an event that the lane itself is about to deliver.
func (l *lane) beginFill(ctx context.Context, id event.ID, spec BackfillSpec) error {
	fill := &fillState{BackfillSpec: spec}
	if err := l.mayFill(func() { fill.End, fill.Older = l.fillEnd(spec) }); err != nil {
		return err
	}
	if err := l.placeFill(ctx, fill); err != nil {
		return err
	}
	return l.mayFill(func() {
		l.runs[id] = &run{id: id, kind: runBackfill, state: runState{Fill: fill}}
	})
}

// mayFill does something for a backfill, if there may be one. The tail's mu and the lane's are held meanwhile.
func (l *lane) mayFill(do func()) error {
	l.e.tail.mu.Lock()
	defer l.e.tail.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.off || l.removed:
		return ErrDisabled
	case l.filling():
		return ErrBackfilling
	}
	do()
	return nil
}

// fillEnd is where a backfill ends: at the integration's first event or, with all, at the lane's mark; and the time of its
// birth for an integration that is too old to know its place.
func (l *lane) fillEnd(spec BackfillSpec) (end journal.Position, older time.Time) {
	end = l.markNow()
	switch {
	case spec.All:
	case l.start == (journal.Position{}):
		older = l.row.CreatedAt
	case l.start.Less(end):
		end = l.start
	}
	return end, older
}

// saveFill makes a new run durable, and the lane's mark with it: the lane never goes back behind that.
func (l *lane) saveFill(ctx context.Context, id event.ID) error {
	l.mu.Lock()
	if r := l.runs[id]; r != nil {
		r.dirty, l.dirty = true, true
	}
	l.mu.Unlock()
	return l.e.saveNow(ctx)
}

// filling says whether a backfill is under way. The caller holds mu.
func (l *lane) filling() bool {
	for _, r := range l.runs {
		if r.kind == runBackfill && r.ended.IsZero() {
			return true
		}
	}
	return false
}

// markNow is the position below which everything is settled. The tail's mu and the lane's are held.
func (l *lane) markNow() journal.Position {
	switch en := l.win.unsettled(); {
	case en != nil:
		return en.pos
	case l.attached:
		return l.e.tail.next
	}
	return l.next
}

// forgetRun gives a run up that was not begun.
func (l *lane) forgetRun(id event.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.runs[id]; r != nil {
		r.ended, r.dirty, l.dirty = l.e.Now(), true, true
		r.state.Fill.Cancelled = true
	}
}

// placeFill finds where a backfill begins, and how much there is.
func (l *lane) placeFill(ctx context.Context, fill *fillState) error {
	j := l.e.Journal
	first, _ := j.Bounds()
	number, err := j.Seek(ctx, fill.From)
	if err != nil {
		return fmt.Errorf("finding the beginning in the journal: %w", err)
	}
	number = max(number, first)
	fill.Next = journal.Position{Frame: number}
	if f, err := j.Read(ctx, number); err == nil {
		fill.Next.Epoch = f.Epoch
		if number == first && first > 1 && f.Time.After(fill.From) {
			fill.Oldest = f.Time // nobody knows any more what was before it
		}
	}
	from, known := l.seqAt(ctx, number)
	if !known {
		return nil
	}
	to, known := l.seqAt(ctx, fill.End.Frame)
	if !fill.To.IsZero() {
		if n, err := j.Seek(ctx, fill.To); err == nil && n < fill.End.Frame {
			to, known = l.seqAt(ctx, n)
		}
	}
	if !known {
		to = j.Journalled(l.account)
	}
	if to > from {
		fill.Total = to - from
	}
	return nil
}

// maxSeqLook bounds how many frames are looked through for one of the account's.
const maxSeqLook = 500

// seqAt is the running number of the lane's account at a frame, by the first of its sections from there on.
func (l *lane) seqAt(ctx context.Context, number uint64) (uint64, bool) {
	_, last := l.e.Journal.Bounds()
	for n := number; n <= last && n < number+maxSeqLook; n++ {
		f, err := l.e.Journal.Read(ctx, n)
		if err != nil {
			if ctx.Err() != nil {
				return 0, false
			}
			continue
		}
		for i := range f.Sections {
			if f.Sections[i].Account == l.account {
				return f.Sections[i].Before, true
			}
		}
	}
	return 0, false
}

// view shows a backfill; false if there is no such run.
func (l *lane) fillView(id event.ID) (BackfillView, string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.runs[id]
	if r == nil || r.state.Fill == nil {
		return BackfillView{}, "", false
	}
	_, _, sums := l.runSums(id)
	return r.view(l.id, sums), r.state.Fill.Error, true
}

func (r *run) view(integration event.ID, sums RunCounts) BackfillView {
	f := r.state.Fill
	return BackfillView{
		BackfillSpec: f.BackfillSpec, Integration: integration, Oldest: f.Oldest, Total: max(f.Total, f.Read), Read: f.Read,
		Missing: f.Missing, Counts: sums,
	}
}
