package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Job is long work that was started by a request.
type Job struct {
	ID        string               `json:"id" doc:"Its id." example:"job_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Kind      string               `json:"kind" enum:"replay,backfill" doc:"What it does."`
	State     string               `json:"state" enum:"queued,running,done,failed,cancelled" doc:"Where it stands."`
	Total     int                  `json:"total" doc:"How many items it has; of a backfill an estimate: the events of its time, before any filter."`
	Done      int                  `json:"done" doc:"How many are done."`
	Failed    int                  `json:"failed" doc:"How many could not be done."`
	Error     string               `json:"error,omitempty" doc:"Why it failed as a whole."`
	Problems  []deliver.JobProblem `json:"problems,omitempty" doc:"The first items that could not be done."`
	Backfill  *BackfillState       `json:"backfill,omitempty" doc:"What a backfill has brought so far."`
	CreatedAt time.Time            `json:"created_at" doc:"When it was started."`
	UpdatedAt time.Time            `json:"updated_at" doc:"When it changed its state, or got on, last."`
}

// BackfillState is how far a backfill has come.
type BackfillState struct {
	Integration string            `json:"integration" doc:"Where it goes." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	From        time.Time         `json:"from" doc:"Events that were received from then on."`
	To          time.Time         `json:"to,omitzero" doc:"And before then."`
	All         bool              `json:"all" doc:"Whether events are brought that the integration was given before."`
	ClippedFrom time.Time         `json:"clipped_from,omitzero" doc:"The journal goes back to then only: what was before is gone."`
	Read        uint64            `json:"read" doc:"Events looked at."`
	Missing     uint64            `json:"missing" doc:"Events that the journal lost, or trimmed before they were read."`
	Counts      deliver.RunCounts `json:"counts" doc:"What became of those that matched: matched = delivered + parked + mailbox + discarded + expired + skipped. Skipped are those that are in the mailbox already."`
}

func newJob(j deliver.JobView) Job {
	out := Job{
		ID: j.ID.Text(event.PrefixJob), Kind: j.Kind, State: j.State, Total: j.Total, Done: j.Done, Failed: j.Failed,
		Error: j.Error, Problems: j.Problems, CreatedAt: j.CreatedAt, UpdatedAt: j.UpdatedAt,
	}
	if b := j.Backfill; b != nil {
		out.Backfill = &BackfillState{
			Integration: b.Integration.Text(event.PrefixIntegration), From: b.From, To: b.To, All: b.All, ClippedFrom: b.Oldest,
			Read: b.Read, Missing: b.Missing, Counts: b.Counts,
		}
	}
	return out
}

// jobAnswer points at the job.
type jobAnswer struct {
	Location string `header:"Location" doc:"Where the job can be watched."`
	Body     Job
}

func newJobAnswer(j deliver.JobView) *jobAnswer {
	out := newJob(j)
	return &jobAnswer{Location: "/api/v1/jobs/" + out.ID, Body: out}
}

func (a *server) jobOperations() {
	const base = "/api/v1/jobs"
	register(a, op{
		id: "list-jobs", method: http.MethodGet, path: base, tag: tagJobs, scope: scopeDeliveries,
		summary: "List jobs", about: "Replays and backfills, the newest first.",
	}, a.listJobs)
	register(a, op{
		id: "get-job", method: http.MethodGet, path: base + "/{id}", tag: tagJobs, scope: scopeDeliveries,
		summary: "Get a job", about: "How far a replay or a backfill has come.", problems: []int{http.StatusNotFound},
	}, a.getJob)
	register(a, op{
		id: "cancel-job", method: http.MethodPost, path: base + "/{id}/cancel", tag: tagJobs, scope: scopeDeliveriesWrite, act: "job.cancel",
		summary:  "Cancel a job",
		about:    "What it has done stays done. Deliveries of a backfill that wait are given up and counted as discarded; what is in flight is not tried again.",
		problems: []int{http.StatusNotFound, http.StatusConflict},
	}, a.cancelJob)
	register(a, op{
		id: "backfill-integration", method: http.MethodPost, path: "/api/v1/integrations/{id}/backfill", tag: tagJobs,
		scope: scopeDeliveriesWrite, act: "integration.backfill", summary: "Backfill an integration", status: http.StatusAccepted,
		body: map[string]any{"from": "2026-01-20T00:00:00Z"},
		about: "Starts a job that delivers what was received before the integration was made, as far as the journal has it and the subscription, as it is now, wants it. " +
			"It shares the integration's limits and lets new events go first. With all, what the integration has been given already comes again, under the same delivery ids. An integration has one backfill at a time. Watch the job at its Location.",
		problems: []int{http.StatusNotFound, http.StatusConflict},
	}, a.backfillIntegration)
}

// JobPath is the parameter of everything about one job.
type JobPath struct {
	ID string `path:"id" maxLength:"64" doc:"The job's id." example:"job_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (a *server) listJobs(ctx context.Context, in *Paging) (*body[list[Job]], error) {
	views, next, err := a.Deliveries.Jobs(ctx, accountOf(ctx), in.page())
	if err != nil {
		return nil, err
	}
	l := list[Job]{Items: make([]Job, len(views)), Next: next}
	for i, v := range views {
		l.Items[i] = newJob(v)
	}
	return answer(l), nil
}

func (a *server) getJob(ctx context.Context, in *JobPath) (*body[Job], error) {
	id, err := pathID(event.PrefixJob, in.ID)
	if err != nil {
		return nil, err
	}
	view, err := a.Deliveries.Job(ctx, accountOf(ctx), id)
	return result(newJob(view), err)
}

func (a *server) cancelJob(ctx context.Context, in *JobPath) (*body[Job], error) {
	id, err := pathID(event.PrefixJob, in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := a.Deliveries.Job(ctx, accountOf(ctx), id); err != nil {
		return nil, err
	}
	err = a.recorded(ctx, act.Act{Action: "job.cancel", Target: in.ID}, func(ctx context.Context) error {
		return a.Deliveries.CancelJob(ctx, accountOf(ctx), id)
	})
	if err != nil {
		return nil, jobProblem(err)
	}
	view, err := a.Deliveries.Job(ctx, accountOf(ctx), id)
	return result(newJob(view), err)
}

func (a *server) backfillIntegration(ctx context.Context, in *struct {
	IntegrationPath
	Body struct {
		From time.Time `json:"from" doc:"Events that were received from then on." example:"2026-01-20T00:00:00Z"`
		To   time.Time `json:"to,omitzero" doc:"And before then; without it, there is no end." example:"2026-01-21T00:00:00Z"`
		All  bool      `json:"all,omitempty" doc:"Also what the integration has been given already, under the same delivery ids: receivers that drop duplicates drop it. Without it, only what is older than the integration."`
	} `nameHint:"Backfill"`
}) (*jobAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	account := accountOf(ctx)
	i, err := a.Integrations.Get(ctx, account, id)
	if err != nil {
		return nil, err
	}
	if a.Catalogue[i.Kind].Responds() {
		return nil, problem(http.StatusConflict, "a responder receives no events: there is nothing to bring it")
	}
	spec := deliver.BackfillSpec{From: in.Body.From, To: in.Body.To, All: in.Body.All}
	what, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	var job store.Job
	err = a.recorded(ctx, act.Act{Action: "integration.backfill", Target: in.ID, After: what}, func(ctx context.Context) error {
		job, err = a.Deliveries.Backfill(ctx, account, id, spec)
		return err
	})
	if err != nil {
		return nil, jobProblem(err)
	}
	view, err := a.Deliveries.Job(ctx, account, job.ID)
	if err != nil {
		return nil, err
	}
	return newJobAnswer(view), nil
}

// jobProblem names the refusals of jobs.
func jobProblem(err error) error {
	switch {
	case errors.Is(err, deliver.ErrSpan):
		f := fieldError("body.from", deliver.ErrSpan.Error())
		return problem(http.StatusUnprocessableEntity, f.Message, f)
	case errors.Is(err, deliver.ErrBackfilling), errors.Is(err, deliver.ErrJobEnded):
		return problem(http.StatusConflict, err.Error())
	}
	return deliverProblem(err)
}
