package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// jobsCmd groups the commands about long work.
type jobsCmd struct {
	List   jobsListCmd   `cmd:"" help:"List jobs, the newest first."`
	Show   jobsShowCmd   `cmd:"" help:"Show how far a job has come."`
	Watch  jobsWatchCmd  `cmd:"" help:"Wait until a job has ended."`
	Cancel jobsCancelCmd `cmd:"" help:"End a job where it is."`
}

const jobsPath = "/api/v1/jobs"

// jobRow is a job as the API shows it.
type jobRow struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"` // queued, running, done, failed, cancelled
	Total     int       `json:"total"`
	Done      int       `json:"done"`
	Failed    int       `json:"failed"`
	Error     string    `json:"error"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Problems  []struct {
		Delivery string `json:"delivery"`
		Error    string `json:"error"`
	} `json:"problems"`
}

func (j *jobRow) ended() bool {
	return j.State == "done" || j.State == "failed" || j.State == "cancelled"
}

// progress says how far it is.
func (j *jobRow) progress() string {
	text := fmt.Sprintf("%d of %d", j.Done, j.Total)
	if j.Failed > 0 {
		text += fmt.Sprintf(", %d failed", j.Failed)
	}
	return text
}

// err is what a job's end makes of the command that waited for it.
func (j *jobRow) err() error {
	switch {
	case j.State == "failed":
		return fmt.Errorf("the job %s failed: %s", j.ID, j.Error)
	case j.State == "cancelled":
		return fmt.Errorf("the job %s was cancelled", j.ID)
	case j.Failed > 0:
		return fmt.Errorf("%d of %d could not be done: tocsin jobs show %s says why", j.Failed, j.Total, j.ID)
	}
	return nil
}

// jobsListCmd lists jobs.
type jobsListCmd struct {
	hubFlags
	viewFlags

	Limit int `default:"50" placeholder:"N" help:"How many."`
}

// Help is the long help.
func (*jobsListCmd) Help() string {
	return `Example:

    tocsin jobs list`
}

// Run prints a table.
func (c *jobsListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		rows, raw, err := listSome[jobRow](ctx, hub, jobsPath, nil, c.Limit)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("ID", "KIND", "STATE", "DONE", "STARTED", "ERROR")
			for _, j := range rows {
				t.row(j.ID, j.Kind, j.State, j.progress(), day(&j.CreatedAt, ""), j.Error)
			}
			return t.flush()
		})
	})
}

// jobsShowCmd shows a job.
type jobsShowCmd struct {
	hubFlags
	viewFlags

	ID string `arg:"" help:"The job's id: job_…"`
}

// Help is the long help.
func (*jobsShowCmd) Help() string {
	return `It names the first items that could not be done, and why.

Example:

    tocsin jobs show job_01kmb7a2v4e9zr6x3q8w5t0ysd`
}

// Run prints it.
func (c *jobsShowCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		j, raw, err := fetch[jobRow](ctx, hub, below(jobsPath, c.ID))
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return printJob(p, &j) })
	})
}

func printJob(p *Process, j *jobRow) error {
	pairs := []string{
		"id", j.ID, "kind", j.Kind, "state", j.State, "done", j.progress(), "started", day(&j.CreatedAt, ""), "got on", day(&j.UpdatedAt, ""),
	}
	if j.Error != "" {
		pairs = append(pairs, "error", j.Error)
	}
	for _, x := range j.Problems {
		pairs = append(pairs, x.Delivery, x.Error)
	}
	return p.fields(pairs...)
}

// jobsWatchCmd waits for a job.
type jobsWatchCmd struct {
	hubFlags
	viewFlags

	ID string `arg:"" help:"The job's id: job_…"`
}

// Help is the long help.
func (*jobsWatchCmd) Help() string {
	return `Ends with the job; exit code 1 if something of it could not be done. Ending the command does not end the job.

Example:

    tocsin jobs watch job_01kmb7a2v4e9zr6x3q8w5t0ysd`
}

// Run waits and prints how it ended.
func (c *jobsWatchCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error { return c.await(ctx, p, hub, c.ID) })
}

// jobPoll and jobPollMost are the first and the longest pause between two looks at a job.
const (
	jobPoll     = 100 * time.Millisecond
	jobPollMost = 2 * time.Second
)

// await waits for a job, and prints it when it has ended.
func (f *viewFlags) await(ctx context.Context, p *Process, hub *client.Client, id string) error {
	m, wait := p.meter(), jobPoll
	for {
		j, raw, err := fetch[jobRow](ctx, hub, below(jobsPath, id))
		if err != nil {
			m.clear()
			return err
		}
		if j.ended() {
			m.clear()
			return errors.Join(f.show(p, raw, func() error { return printJob(p, &j) }), j.err())
		}
		m.set("%s %s: %s", shown(j.Kind), shown(j.State), j.progress())
		if err := pause(ctx, wait); err != nil {
			m.clear()
			return fmt.Errorf("the job goes on (tocsin jobs watch %s): %w", id, err)
		}
		wait = min(wait*2, jobPollMost)
	}
}

// jobsCancelCmd cancels a job.
type jobsCancelCmd struct {
	hubFlags
	viewFlags

	ID string `arg:"" help:"The job's id: job_…"`
}

// Help is the long help.
func (*jobsCancelCmd) Help() string {
	return `What it has done stays done.

Example:

    tocsin jobs cancel job_01kmb7a2v4e9zr6x3q8w5t0ysd`
}

// Run cancels it.
func (c *jobsCancelCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		var raw json.RawMessage
		if err := hub.Do(ctx, http.MethodPost, below(jobsPath, c.ID, "cancel"), nil, &raw); err != nil {
			return err
		}
		if len(raw) == 0 {
			raw = json.RawMessage("{}")
		}
		return c.show(p, raw, func() error {
			p.say("cancelled %s\n", shown(c.ID))
			return nil
		})
	})
}

// waitFlags say whether a command that starts a job waits for it.
type waitFlags struct {
	NoWait bool `help:"Do not wait for the job's end: print its id."`
}

// started waits for a job that a request has started, or prints its id.
func (f *waitFlags) started(ctx context.Context, p *Process, hub *client.Client, view *viewFlags, j *jobRow, raw []byte) error {
	if !f.NoWait && !j.ended() {
		return view.await(ctx, p, hub, j.ID)
	}
	return view.show(p, raw, func() error {
		if f.NoWait {
			p.say("%s\n", shown(j.ID))
			return nil
		}
		return errors.Join(printJob(p, j), j.err())
	})
}

// integrationsBackfillCmd starts a backfill.
type integrationsBackfillCmd struct {
	hubFlags
	viewFlags
	sureFlags
	waitFlags

	Which string `arg:"" name:"integration" help:"Its id, its name, or kind/name."`
	From  string `required:"" placeholder:"TIME" help:"Events received from then on: 24h or 7d (ago), 2026-11-21, or 2026-11-21T09:30:00Z."`
	To    string `placeholder:"TIME" help:"Events received before then; now if left out."`
}

// Help is the long help.
func (*integrationsBackfillCmd) Help() string {
	return `Delivers events that the journal still has and that the integration's subscription wants, as a job with counts of its
own. Events that it got before may come again, with the same delivery ids.

Examples:

    tocsin integrations backfill "New SIEM" --from 24h
    tocsin integrations backfill "New SIEM" --from 2026-11-20 --to 2026-11-21 --no-wait`
}

// Run starts it.
func (c *integrationsBackfillCmd) Run(ctx context.Context, p *Process) error {
	now := time.Now()
	from, err := timeOf("from", c.From, now)
	if err != nil {
		return err
	}
	to := now
	if c.To != "" {
		if to, err = timeOf("to", c.To, now); err != nil {
			return err
		}
	}
	if !from.Before(to) {
		return usagef("--from %s is not before --to", strings.TrimSpace(c.From))
	}
	return c.with(p, func(hub *client.Client) error {
		r, _, err := findIntegration(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		question := fmt.Sprintf("%s/%s gets the events from %s to %s, perhaps once more.", r.Kind, r.Name,
			from.Local().Format("2006-01-02 15:04"), to.Local().Format("2006-01-02 15:04"))
		if err := c.confirm(p, question); err != nil {
			return err
		}
		in := map[string]string{"from": from.UTC().Format(time.RFC3339), "to": to.UTC().Format(time.RFC3339)}
		j, raw, err := request[jobRow](ctx, hub, http.MethodPost, below(integrationsPath, r.ID, "backfill"), in)
		if err != nil {
			return err
		}
		return c.started(ctx, p, hub, &c.viewFlags, &j, raw)
	})
}
