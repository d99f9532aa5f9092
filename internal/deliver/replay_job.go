package deliver

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxProblems bounds the items that a replay names as not done; more are only counted.
const maxProblems = 100

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

func (e *Engine) runReplay(ctx context.Context, j store.Job, slots chan struct{}) {
	var spec replayJob
	err := json.Unmarshal(j.Spec, &spec)
	if err != nil {
		err = fmt.Errorf("reading the job: %w", err)
	} else if slot(ctx, slots) {
		defer func() { <-slots }()
		err = e.replayAll(ctx, &j, &spec)
	}
	e.endJob(ctx, j, spec, err)
}

// replayAll replays a selection, page by page.
func (e *Engine) replayAll(ctx context.Context, j *store.Job, spec *replayJob) error {
	j.State, j.Done, j.Failed, spec.Problems = jobRunning, 0, 0, nil
	sel := Selection{IDs: spec.IDs, Filter: spec.Filter}
	missing := len(spec.IDs)
	err := e.each(ctx, j.Account, sel, []store.ParkedState{store.StateMailbox}, func(rows []store.Parked) error {
		newer, err := e.newerKeys(ctx, j.Account, rows, spec.Force)
		if err != nil {
			return err
		}
		for _, row := range rows {
			missing--
			if err := e.replay(ctx, row, newer); err != nil {
				if ctx.Err() != nil {
					return err
				}
				spec.fail(j, row.Delivery, err)
				continue
			}
			j.Done++
		}
		return e.saveJob(ctx, *j, spec)
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	j.Failed += max(missing, 0) // named by id, but not there
	return e.saveNow(ctx)
}

func (s *replayJob) fail(j *store.Job, id event.ID, err error) {
	j.Failed++
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, JobProblem{Delivery: id.Text(event.PrefixDelivery), Error: err.Error()})
	}
}
