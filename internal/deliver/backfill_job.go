package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// fillPoll is how often a backfill that has read everything looks whether its last deliveries have ended.
const fillPoll = 100 * time.Millisecond

// runBackfill reads for a backfill, and waits until what it brought has ended.
func (e *Engine) runBackfill(ctx context.Context, j store.Job, slots chan struct{}) {
	var spec fillJob
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		e.endJob(ctx, j, spec, fmt.Errorf("reading the job: %w", err))
		return
	}
	l := e.lane(j.Account, spec.Integration)
	if l == nil {
		e.endJob(ctx, j, spec, errSwitchedOff)
		return
	}
	l.mu.Lock()
	r := l.runs[j.ID]
	l.mu.Unlock()
	if r == nil { // the process ended before it was saved
		err := l.beginFill(ctx, j.ID, spec.BackfillSpec)
		if err == nil {
			err = l.saveFill(ctx, j.ID)
		}
		if err != nil {
			e.endJob(ctx, j, spec, err)
			return
		}
		l.mu.Lock()
		r = l.runs[j.ID]
		l.mu.Unlock()
	}
	err := e.fill(ctx, &j, spec, l, r, slots)
	if e.ctx.Err() != nil {
		return // it goes on after the next start
	}
	if errors.Is(err, errSwitchedOff) {
		j.State, j.Error = jobCancelled, err.Error()
	}
	if err := l.endFill(e.ctx, r, ctx.Err() != nil, err); err != nil {
		e.Log.Error("a backfill's end was not saved", "job", j.ID.Text(event.PrefixJob), "error", err)
		return
	}
	e.endFillJob(ctx, j, spec, r, err)
}

// fill reads, and then waits. A run that had ended before a restart has nothing left to do.
func (e *Engine) fill(ctx context.Context, j *store.Job, spec fillJob, l *lane, r *run, slots chan struct{}) error {
	l.mu.Lock()
	ended, through := !r.ended.IsZero(), r.state.Fill.Through
	l.mu.Unlock()
	if ended {
		return nil
	}
	if !through {
		if !slot(ctx, slots) {
			return ctx.Err()
		}
		j.State = jobRunning
		err := e.saveJob(ctx, *j, spec)
		if err == nil {
			err = newFiller(l, r).read(ctx)
		}
		<-slots
		if err != nil {
			return err
		}
		l.mu.Lock()
		r.state.Fill.Through, r.dirty, l.dirty = true, true, true
		l.mu.Unlock()
	}
	for {
		l.mu.Lock()
		left, off := l.parkedOf(r.id), l.off || l.removed
		l.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case off:
			return errSwitchedOff
		case left == 0:
			return nil
		}
		pauseFor(ctx, fillPoll)
	}
}

// endFill ends a run. What a cancelled one has parked is dropped.
func (l *lane) endFill(ctx context.Context, r *run, cancelled bool, err error) error {
	l.mu.Lock()
	if r.ended.IsZero() {
		r.ended, r.dirty, l.dirty = l.e.Now(), true, true
		if err != nil && !cancelled {
			r.state.Fill.Error = bounded(err.Error(), maxErrorText)
		}
		if cancelled || err != nil {
			r.state.Fill.Cancelled = true
			l.dropRun(r.id)
		}
	}
	l.mu.Unlock()
	return l.e.saveNow(ctx)
}

// endFillJob saves the job's end as the run has it: the run may have ended just before a restart.
func (e *Engine) endFillJob(ctx context.Context, j store.Job, spec fillJob, r *run, err error) {
	switch fill := r.state.Fill; {
	case errors.Is(err, errSwitchedOff), fill.Error == errSwitchedOff.Error():
		j.State, j.Error = jobCancelled, errSwitchedOff.Error()
	case fill.Error != "":
		j.State, j.Error = jobFailed, fill.Error
	case fill.Cancelled:
		j.State = jobCancelled
	default:
		j.State = jobDone
	}
	if err := e.saveJob(context.WithoutCancel(ctx), j, spec); err != nil {
		e.Log.Error("a job's end was not saved", "job", j.ID.Text(event.PrefixJob), "error", err)
	}
}
