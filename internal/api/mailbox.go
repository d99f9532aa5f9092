package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// MailboxFilter selects deliveries of the mailbox. Empty fields do not filter.
type MailboxFilter struct {
	Integration string    `json:"integration,omitempty" maxLength:"64" doc:"Only those of this integration."`
	Event       string    `json:"event,omitempty" maxLength:"64" doc:"Only those of this event."`
	Status      []string  `json:"status,omitempty" enum:"mailbox,discarded,expired,parked,behind,held" doc:"Only those that stand there; without it, mailbox."`
	Type        string    `json:"type,omitempty" maxLength:"128" doc:"Only events of this type, or with .* of all below it."`
	CauseClass  string    `json:"cause_class,omitempty" maxLength:"64" doc:"Only those that failed for this class of cause."`
	Cause       string    `json:"cause,omitempty" maxLength:"4096" doc:"Only those that failed for exactly this cause, as list-mailbox-causes gives it."`
	Job         string    `json:"job,omitempty" maxLength:"64" doc:"Only those that this backfill brought."`
	Before      time.Time `json:"before,omitzero" doc:"Only those that got their status before."`
	After       time.Time `json:"after,omitzero" doc:"Only those that got their status after."`
}

// parked turns the filter into the store's. location is where the filter stands in the request.
func (f MailboxFilter) parked(account event.Account, location string) (*store.ParkedFilter, error) {
	out := &store.ParkedFilter{Account: account, Type: f.Type, CauseClass: f.CauseClass, Cause: f.Cause, Before: f.Before, After: f.After}
	for _, s := range f.Status {
		out.States = append(out.States, store.ParkedState(s))
	}
	if len(out.States) == 0 {
		out.States = []store.ParkedState{store.StateMailbox}
	}
	var errs []FieldError
	read := func(prefix, name, text string, into *event.ID) {
		if text == "" {
			return
		}
		id, err := event.ParseID(prefix, text)
		if err != nil {
			errs = append(errs, fieldError(location+"."+name, err.Error()))
		}
		*into = id
	}
	if _, err := typeFilterOf(location+".type", f.Type); err != nil {
		return nil, err
	}
	read(event.PrefixIntegration, "integration", f.Integration, &out.Integration)
	read(event.PrefixEvent, "event", f.Event, &out.Event)
	read(event.PrefixJob, "job", f.Job, &out.Run)
	if len(errs) > 0 {
		return nil, problem(http.StatusUnprocessableEntity, summary(errs), errs...)
	}
	return out, nil
}

// Selected names deliveries by id or by filter, one of the two.
type Selected struct {
	IDs    []string       `json:"ids,omitempty" maxItems:"10000" doc:"These deliveries." example:"[\"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd\"]"`
	Filter *MailboxFilter `json:"filter,omitempty" doc:"All deliveries that match; {} is the whole mailbox."`
}

func (s Selected) read(account event.Account) (deliver.Selection, error) {
	var out deliver.Selection
	var err error
	if (len(s.IDs) == 0) == (s.Filter == nil) {
		f := fieldError("body", "give exactly one of ids and filter")
		return out, problem(http.StatusUnprocessableEntity, f.Message, f)
	}
	if s.Filter != nil {
		out.Filter, err = s.Filter.parked(account, "body.filter")
		return out, err
	}
	var errs []FieldError
	for i, text := range s.IDs {
		id, err := event.ParseID(event.PrefixDelivery, text)
		if err != nil {
			errs = append(errs, fieldError(fmt.Sprintf("body.ids.%d", i), err.Error()))
		}
		out.IDs = append(out.IDs, id)
	}
	if len(errs) > 0 {
		return out, problem(http.StatusUnprocessableEntity, summary(errs), errs...)
	}
	return out, nil
}

// Discarded says how many deliveries were discarded.
type Discarded struct {
	Discarded int `json:"discarded" doc:"How many deliveries were discarded." example:"3"`
}

func (a *server) mailboxOperations() {
	const base = "/api/v1/mailbox"
	register(a, op{
		id: "list-mailbox", method: http.MethodGet, path: base, tag: tagMailbox, scope: scopeDeliveries,
		summary: "List the mailbox", about: "Deliveries that ended in failure, the newest first, with their cause. Each holds its own copy of the event and is kept for 30 days.",
	}, a.listMailbox)
	register(a, op{
		id: "list-mailbox-causes", method: http.MethodGet, path: base + "/causes", tag: tagMailbox, scope: scopeDeliveries,
		summary: "Sum the mailbox up by cause",
		about: fmt.Sprintf("What is in the mailbox by integration and cause, the most frequent first: at most %d rows, more says that there are others. "+
			"The newest %d deliveries of the filter's integration, event, status, job and time are looked at; approximate says that there may be others. "+
			"To act on a row, send its integration, cause_class and cause as the filter of a replay or a discard.", store.MaxCauses, store.MaxCausesLooked),
	}, a.listMailboxCauses)
	register(a, op{
		id: "replay-mailbox", method: http.MethodPost, path: base + "/replay", tag: tagMailbox, scope: scopeDeliveriesWrite, act: "mailbox.replay",
		summary: "Replay deliveries", status: http.StatusAccepted,
		body:  map[string]any{"filter": map[string]any{"cause_class": "exhausted"}, "force": false},
		about: "Starts a job that delivers the selected ones again, with the same ids. One whose ordering key has moved on since is refused without force. Watch the job at its Location: done and failed grow to total. What was discarded is taken back with status discarded in the filter.",
	}, a.replayMailbox)
	register(a, op{
		id: "discard-mailbox", method: http.MethodPost, path: base + "/discard", tag: tagMailbox, scope: scopeDeliveriesWrite, act: "mailbox.discard",
		summary: "Discard deliveries", body: map[string]any{"ids": []string{"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd"}, "reason": "a test run"},
		about: "Closes the selected ones with a reason. The answer says how many there were. They are counted as discarded. To undo it, replay them while they are kept (30 days).",
	}, a.discardMailbox)
}

// MailboxQuery is MailboxFilter as parameters.
type MailboxQuery struct {
	Integration string    `query:"integration" maxLength:"64" doc:"Only those of this integration." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Event       string    `query:"event" maxLength:"64" doc:"Only those of this event."`
	Status      []string  `query:"status" enum:"mailbox,discarded,expired,parked,behind,held" doc:"Only those that stand there, separated by commas; without it, mailbox."`
	Type        string    `query:"type" maxLength:"128" doc:"Only events of this type, or with .* of all below it." example:"alert.*"`
	CauseClass  string    `query:"cause_class" maxLength:"64" doc:"Only those that failed for this class of cause."`
	Cause       string    `query:"cause" maxLength:"4096" doc:"Only those that failed for exactly this cause."`
	Job         string    `query:"job" maxLength:"64" doc:"Only those that this backfill brought."`
	Before      time.Time `query:"before" doc:"Only those that got their status before."`
	After       time.Time `query:"after" doc:"Only those that got their status after."`
}

func (q *MailboxQuery) parked(account event.Account) (*store.ParkedFilter, error) {
	return MailboxFilter{
		Integration: q.Integration, Event: q.Event, Status: q.Status, Type: q.Type, CauseClass: q.CauseClass, Cause: q.Cause, Job: q.Job,
		Before: q.Before, After: q.After,
	}.parked(account, "query")
}

func (a *server) listMailbox(ctx context.Context, in *struct {
	Paging
	MailboxQuery
}) (*body[list[Delivery]], error) {
	f, err := in.parked(accountOf(ctx))
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Mailbox.ListParked(ctx, *f, in.page())
	if err != nil {
		return nil, err
	}
	ids := make([]event.ID, len(rows))
	for i := range rows {
		ids[i] = rows[i].Delivery
	}
	titles, err := a.Mailbox.ParkedTitles(ctx, accountOf(ctx), ids)
	if err != nil {
		return nil, err
	}
	l := list[Delivery]{Items: make([]Delivery, len(rows)), Next: next}
	for i, p := range rows {
		l.Items[i] = Delivery{
			ID: p.Delivery.Text(event.PrefixDelivery), Integration: p.Integration.Text(event.PrefixIntegration), Event: eventText(p.Event),
			Type: p.Type, Title: titles[p.Delivery], Severity: p.Severity.String(), Status: string(p.State), Attempts: p.Attempts, Due: p.Due,
			Cause: p.Cause, CauseClass: p.CauseClass, Since: p.Since, OrderingKey: p.OrderingKey, Matched: p.Matched,
			Account: string(cmp.Or(p.EventAccount, p.Account)),
		}
		l.Items[i].link(deliver.JobOf(p), p.FromIntegration, p.FromDelivery, p.ToIntegration, p.ToDelivery)
	}
	return answer(l), nil
}

func (a *server) replayMailbox(ctx context.Context, in *struct {
	Body struct {
		Selected
		Force bool `json:"force,omitempty" doc:"Replay although something newer of the ordering key was delivered since."`
	} `nameHint:"Replay"`
}) (*jobAnswer, error) {
	account := accountOf(ctx)
	s, err := in.Body.read(account)
	if err != nil {
		return nil, err
	}
	var job store.Job
	err = a.recorded(ctx, act.Act{Action: "mailbox.replay", After: selectedJSON(in.Body.Selected, in.Body.Force)}, func(ctx context.Context) error {
		job, err = a.Deliveries.Replay(ctx, account, deliver.ReplaySpec{IDs: s.IDs, Filter: s.Filter, Force: in.Body.Force})
		return err
	})
	if err != nil {
		return nil, deliverProblem(err)
	}
	return newJobAnswer(deliver.JobView{Job: job}), nil
}

func (a *server) discardMailbox(ctx context.Context, in *struct {
	Body struct {
		Selected
		Reason string `json:"reason" maxLength:"500" minLength:"1" doc:"Why; it is kept with each delivery." example:"a test run"`
	} `nameHint:"Discard"`
}) (*body[Discarded], error) {
	account := accountOf(ctx)
	s, err := in.Body.read(account)
	if err != nil {
		return nil, err
	}
	reason := strings.TrimSpace(in.Body.Reason)
	if reason == "" {
		f := fieldError("body.reason", "is required")
		return nil, problem(http.StatusUnprocessableEntity, summary([]FieldError{f}), f)
	}
	var n int
	err = a.recorded(ctx, act.Act{Action: "mailbox.discard", After: selectedJSON(in.Body.Selected, false), Note: reason}, func(ctx context.Context) error {
		n, err = a.Deliveries.Discard(ctx, account, s, reason)
		return err
	})
	if err != nil {
		return nil, deliverProblem(err)
	}
	return answer(Discarded{n}), nil
}

// recorded writes an act down before it is done, and its outcome after it.
func (a *server) recorded(ctx context.Context, what act.Act, do func(context.Context) error) error {
	what.Account = accountOf(ctx)
	return act.Do(ctx, a.Recorder, what, do)
}

// selectedJSON is what was selected, for the audit record.
func selectedJSON(s Selected, force bool) json.RawMessage {
	b, err := json.Marshal(struct {
		Selected
		Force bool `json:"force,omitempty"`
	}{s, force})
	if err != nil {
		return nil // it was read from JSON: this cannot happen
	}
	return b
}
