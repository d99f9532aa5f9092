package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxJobs bounds the replays that run at once; more wait.
const maxJobs = 2

// The states of a job.
const (
	jobRunning   = "running"
	jobDone      = "done"
	jobFailed    = "failed"
	jobCancelled = "cancelled"
)

// jobs runs long work.
type jobs struct {
	slots   chan struct{} // of replays
	fillers chan struct{} // of backfills that read

	mu     sync.Mutex
	active map[event.ID]*activeJob
}

// activeJob is a job that waits or runs.
type activeJob struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when its end is saved
}

func (s *jobs) init() {
	s.slots, s.fillers = make(chan struct{}, maxJobs), make(chan struct{}, maxFillers)
	s.active = map[event.ID]*activeJob{}
}

// Job gives a job's state.
func (e *Engine) Job(ctx context.Context, account event.Account, id event.ID) (JobView, error) {
	j, err := e.Store.GetJob(ctx, account, id)
	if err != nil {
		return JobView{}, err
	}
	return e.jobView(ctx, j)
}

// Jobs lists an account's jobs, the newest first.
func (e *Engine) Jobs(ctx context.Context, account event.Account, p store.Page) (list []JobView, next string, err error) {
	p.Limit = pageLimit(p)
	rows, next, err := e.Store.ListJobs(ctx, account, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing jobs: %w", err)
	}
	list = make([]JobView, len(rows))
	for i, j := range rows {
		if list[i], err = e.jobView(ctx, j); err != nil {
			return nil, "", err
		}
	}
	return list, next, nil
}

// jobView adds what only a kind of job has. A backfill's counts are its run's: they change even after its end, when
// somebody replays what it left in the mailbox.
func (e *Engine) jobView(ctx context.Context, j store.Job) (JobView, error) {
	v := JobView{Job: j, Problems: jobProblems(j.Spec)}
	if j.Kind != runBackfill {
		return v, nil
	}
	var spec fillJob
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		return v, fmt.Errorf("reading the job: %w", err)
	}
	b := BackfillView{BackfillSpec: spec.BackfillSpec, Integration: spec.Integration}
	if l := e.lane(j.Account, spec.Integration); l != nil {
		if now, _, ok := l.fillView(j.ID); ok {
			b = now
		}
	} else if row, err := e.Store.GetRun(ctx, j.Account, j.ID); err == nil {
		if r, err := readRun(row); err == nil {
			b = r.view(spec.Integration, r.state.sums())
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return v, fmt.Errorf("reading a backfill's counts: %w", err)
	}
	v.Backfill = &b
	v.Total = int(b.Total)
	v.Failed = int(b.Counts.Mailbox + b.Counts.Expired)
	v.Done = max(int(b.Read)-int(b.Counts.Parked)-v.Failed, 0)
	return v, nil
}

// CancelJob ends a job. What it has done stays done; deliveries of a backfill that wait are dropped, and what is in flight
// is not tried again. It returns when that is durable. Errors: store.ErrNotFound, ErrJobEnded.
func (e *Engine) CancelJob(ctx context.Context, account event.Account, id event.ID) error {
	if _, err := e.Store.GetJob(ctx, account, id); err != nil {
		return err
	}
	e.jobs.mu.Lock()
	a := e.jobs.active[id]
	e.jobs.mu.Unlock()
	if a == nil {
		return ErrJobEnded
	}
	a.cancel()
	select {
	case <-a.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// resumeJobs goes on with what the last run did not finish.
func (e *Engine) resumeJobs(ctx context.Context) {
	list, err := e.Store.UnfinishedJobs(ctx)
	if err != nil {
		e.Log.Error("reading unfinished jobs failed", slog.Any("error", err))
	}
	for _, j := range list {
		e.startJob(j)
	}
}

// startJob runs a job beside everything else. Its context ends when it is cancelled, and with the engine.
func (e *Engine) startJob(j store.Job) {
	ctx, cancel := context.WithCancel(e.ctx)
	a := &activeJob{cancel: cancel, done: make(chan struct{})}
	e.jobs.mu.Lock()
	e.jobs.active[j.ID] = a
	e.jobs.mu.Unlock()
	slots, run := e.jobs.slots, e.runReplay
	if j.Kind == runBackfill {
		slots, run = e.jobs.fillers, e.runBackfill
	}
	e.loops.Go(func() {
		defer func() {
			cancel()
			e.jobs.mu.Lock()
			delete(e.jobs.active, j.ID)
			e.jobs.mu.Unlock()
			close(a.done)
		}()
		run(ctx, j, slots)
	})
}

// slot waits for one; false if the job was cancelled first.
func slot(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// saveJob saves a job's progress or end.
func (e *Engine) saveJob(ctx context.Context, j store.Job, spec any) error {
	j.Spec, j.UpdatedAt = marshal(spec), e.Now()
	if err := e.Store.SaveJob(ctx, j); err != nil {
		return fmt.Errorf("saving the job's progress: %w", err)
	}
	return nil
}

// endJob saves how a job ended: with ctx done it was cancelled. When the engine stops, nothing ends: it goes on after the
// next start.
func (e *Engine) endJob(ctx context.Context, j store.Job, spec any, err error) {
	switch {
	case e.ctx.Err() != nil:
		return
	case ctx.Err() != nil:
		j.State = jobCancelled
	case err != nil:
		j.State, j.Error = jobFailed, bounded(err.Error(), maxErrorText)
	default:
		j.State = jobDone
	}
	if err := e.saveJob(e.ctx, j, spec); err != nil {
		e.Log.Error("a job's end was not saved", slog.String("job", j.ID.Text(event.PrefixJob)), slog.Any("error", err))
	}
}
