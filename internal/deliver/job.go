package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of jobs.
const (
	// maxJobs bounds the jobs that run at once; more wait.
	maxJobs = 2
	// maxProblems bounds the items that a job names as not done; more are only counted.
	maxProblems = 100
)

// jobs runs long work.
type jobs struct{ slots chan struct{} }

// replayJob is what a replay job keeps.
type replayJob struct {
	ReplaySpec
	Problems []JobProblem `json:"problems,omitempty"`
}

// Replay starts a job that replays a selection. The job survives a restart: it begins again, and what it has replayed
// already is not in the mailbox any more.
func (e *Engine) Replay(ctx context.Context, account event.Account, spec ReplaySpec) (store.Job, error) {
	total := len(spec.IDs)
	if spec.Filter != nil {
		f := *spec.Filter
		f.Account = account
		if len(f.States) == 0 {
			f.States = []store.ParkedState{store.StateMailbox}
		}
		spec.Filter = &f
		n, err := e.Store.CountParked(ctx, f)
		if err != nil {
			return store.Job{}, fmt.Errorf("counting the mailbox: %w", err)
		}
		for _, s := range f.States {
			total += n[s]
		}
	}
	now := e.Now()
	j := store.Job{
		ID: event.NewID(), Account: account, Kind: "replay", State: "queued", Spec: marshal(replayJob{ReplaySpec: spec}),
		Total: total, CreatedAt: now, UpdatedAt: now,
	}
	if err := e.Store.SaveJob(ctx, j); err != nil {
		return store.Job{}, fmt.Errorf("saving the job: %w", err)
	}
	e.startJob(j)
	return j, nil
}

// Job gives a job's state.
func (e *Engine) Job(ctx context.Context, account event.Account, id event.ID) (JobView, error) {
	j, err := e.Store.GetJob(ctx, account, id)
	if err != nil {
		return JobView{}, err
	}
	return JobView{Job: j, Problems: jobProblems(j.Spec)}, nil
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

func (e *Engine) startJob(j store.Job) {
	e.loops.Go(func() {
		select {
		case e.jobs.slots <- struct{}{}:
			defer func() { <-e.jobs.slots }()
			e.runJob(j)
		case <-e.ctx.Done():
		}
	})
}

func (e *Engine) runJob(j store.Job) {
	var spec replayJob
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		e.endJob(j, spec, fmt.Errorf("reading the job: %w", err))
		return
	}
	j.State, j.Done, j.Failed, spec.Problems = "running", 0, 0, nil
	sel := Selection{IDs: spec.IDs, Filter: spec.Filter}
	missing := len(spec.IDs)
	err := e.each(e.ctx, j.Account, sel, []store.ParkedState{store.StateMailbox}, func(rows []store.Parked) error {
		newer, err := e.newerKeys(e.ctx, j.Account, rows, spec.Force)
		if err != nil {
			return err
		}
		for _, row := range rows {
			missing--
			if err := e.replay(e.ctx, row, newer); err != nil {
				if e.ctx.Err() != nil {
					return err
				}
				spec.fail(&j, row.Delivery, err)
				continue
			}
			j.Done++
		}
		return e.progress(j, spec)
	})
	if missing > 0 && err == nil {
		j.Failed += missing // named by id, but not there
	}
	if e.ctx.Err() != nil {
		return // it goes on after the next start
	}
	if err == nil {
		err = e.saveNow(e.ctx)
	}
	e.endJob(j, spec, err)
}

func (s *replayJob) fail(j *store.Job, id event.ID, err error) {
	j.Failed++
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, JobProblem{Delivery: id.Text(event.PrefixDelivery), Error: err.Error()})
	}
}

func (e *Engine) progress(j store.Job, spec replayJob) error {
	j.Spec, j.UpdatedAt = marshal(spec), e.Now()
	if err := e.Store.SaveJob(e.ctx, j); err != nil {
		return fmt.Errorf("saving the job's progress: %w", err)
	}
	return nil
}

func (e *Engine) endJob(j store.Job, spec replayJob, err error) {
	j.State = "done"
	if err != nil {
		j.State, j.Error = "failed", bounded(err.Error(), maxErrorText)
	}
	if err := e.progress(j, spec); err != nil {
		e.Log.Error("a job's end was not saved", slog.String("job", j.ID.Text(event.PrefixJob)), slog.Any("error", err))
	}
}
