package ticketing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// job is work on one ticket, under its lock.
type job struct {
	*Engine
	t *connector.Ticket
	k *link
	// reasons are what could not be done and will not be; refused is the first error that says so of a whole step.
	reasons []string
	refused error
	// must has the ticket looked at even if nothing of Tocsin's seems to be missing there.
	must bool
}

func (j *job) ref() Ref { return Ref{ID: j.t.Ref, Key: j.t.Key, URL: j.t.URL} }

// save remembers the ticket.
func (j *job) save(ctx context.Context) error {
	if err := j.k.encode(j.t); err != nil {
		return connector.Permanent(err)
	}
	if err := j.Env.Tickets.Save(ctx, *j.t); err != nil {
		return fmt.Errorf("remembering ticket %s: %w", j.t.Key, err)
	}
	return nil
}

// bring does on the ticket what an event asks for, and what earlier ones left.
func (j *job) bring(ctx context.Context, f *facts, d connector.Delivery) error {
	again := f.id == j.k.Last
	fresh := j.k.take(f) || again
	if again && d.Attempt > 1 {
		for _, p := range j.k.fields() {
			p.Stuck = false
		}
	}
	change := Change{}
	if fresh && (f.worded || f.internal) {
		change = j.rewording(f, d.Record)
	}
	remark, key := f.remark(j.Settings)
	if s := j.k.saying(key); s != nil && s.ID != "" {
		remark = nil
	}
	if remark == nil && change.Empty() && j.k.Attached && !j.k.outstanding(j.Settings) {
		return nil
	}
	err := j.do(ctx, &change, remark, key, d.Record)
	if errors.Is(err, ErrDeleted) {
		return j.deleted(ctx, f, d.Record)
	}
	return j.end(ctx, err)
}

// end notes what went wrong, and remembers it all.
func (j *job) end(ctx context.Context, err error) error {
	j.t.Error = event.Clip(strings.Join(j.reasons, "; "), maxError)
	if all := cmp.Or(err, j.refused); all != nil {
		j.t.Error = event.Clip(all.Error(), maxError)
		// What was done so far must not be lost with a context that is over.
		save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
		defer cancel()
		if failed := j.save(save); failed != nil {
			j.Env.Log.Warn("a ticket's state was not remembered", "ticket", j.t.Key, "error", failed)
		}
		return all
	}
	return j.save(ctx)
}

// saveTimeout bounds remembering what was done before a delivery was given up.
const saveTimeout = 5 * time.Second

// rewording is what the event says differently of texts, labels and custom fields than what the ticket was given.
func (j *job) rewording(f *facts, r *event.Record) Change {
	var c Change
	d, failed := j.draft(f, r, j.k.Generation)
	j.reasons = append(j.reasons, failed...)
	if f.worded {
		if hash(d.Summary) != j.k.Summary.Here {
			c.Summary = &d.Summary
		}
		if hash(d.Body.Text()) != j.k.Body.Here {
			c.Body = d.Body
		}
		if labelHash(d.Labels) != j.k.Labels {
			c.AddLabels = d.Labels
		}
	}
	for _, v := range d.Fields {
		if hash(string(v.Value)) != j.k.Custom[hash(v.Name)] {
			c.Fields = append(c.Fields, v)
		}
	}
	return c
}

// do makes the requests.
func (j *job) do(ctx context.Context, c *Change, remark Document, key string, r *event.Record) error {
	if !j.must && c.Empty() && !j.k.outstanding(j.Settings) {
		if err := j.attach(ctx, r); err != nil {
			return err
		}
		return j.say(ctx, remark, key)
	}
	before, v, err := j.look(ctx)
	if err != nil {
		return err
	}
	j.keepTheirs(c, before)
	moved := Category("")
	if v[fieldStatus] == push {
		moved = Category(j.k.Status.Here)
	}
	for _, f := range j.k.fields() {
		if v[f.name] == push {
			here := f.Here
			f.Sent = &here
		}
	}
	if v[fieldAssignee] == push {
		c.Assignee = &j.k.Assignee.Here
	}
	if s, ok := event.ParseSeverity(j.k.Severity.Here); ok && v[fieldSeverity] == push {
		word := j.Settings.Levels.Of(s)
		c.Level = &word
	}
	if err := j.save(ctx); err != nil { // before anything is done: an echo of it must be known as ours
		return err
	}
	if err := j.steps(ctx, c, moved, remark, key, r); err != nil {
		return err
	}
	if c.Empty() && moved == "" {
		return nil
	}
	return j.after(ctx, v)
}

// look gets the ticket and decides.
func (j *job) look(ctx context.Context) (*Remote, map[string]verdict, error) {
	r, err := j.Ticketer.Get(ctx, j.ref())
	if err != nil {
		return nil, nil, fmt.Errorf("looking at ticket %s: %w", j.t.Key, err)
	}
	if !j.k.Begun {
		j.k.begin(&r)
	} else {
		j.k.see(&r)
	}
	if err := j.know(ctx, &r); err != nil {
		return nil, nil, err
	}
	j.display(&r)
	m, err := j.meaning(ctx, j.k)
	if err != nil {
		return nil, nil, err
	}
	return &r, j.k.verdicts(j.Settings, m), nil
}

// display puts the vendor's words where people see them.
func (j *job) display(r *Remote) {
	j.t.Status, j.t.Closed = event.Clip(r.Status, maxValue), r.Category == Closed
	j.t.Assignee = event.Clip(cmp.Or(r.Assignee.Name, r.Assignee.Email, r.Assignee.ID), maxValue)
	j.t.Key, j.t.URL = cmp.Or(r.Key, j.t.Key), cmp.Or(r.URL, j.t.URL)
}

// keepTheirs takes texts out of a change that people have changed over there: they are theirs now.
func (j *job) keepTheirs(c *Change, r *Remote) {
	if c.Summary != nil && hash(r.Summary) != j.k.Summary.There {
		j.k.Summary.Here = hash(*c.Summary)
		c.Summary = nil
	}
	if c.Body != nil && j.k.Body.There != "" && hash(r.Body) != j.k.Body.There {
		j.k.Body.Here = hash(c.Body.Text())
		c.Body = nil
	}
}

// after looks at what became of the changes.
func (j *job) after(ctx context.Context, v map[string]verdict) error {
	r, err := j.Ticketer.Get(ctx, j.ref())
	if err != nil {
		return fmt.Errorf("looking at ticket %s after the change: %w", j.t.Key, err)
	}
	j.k.see(&r)
	j.display(&r)
	j.k.reads(&r)
	m, err := j.meaning(ctx, j.k)
	if err != nil {
		return err
	}
	for _, f := range j.k.fields() {
		if v[f.name] != push || f.Sent == nil {
			continue
		}
		j.k.settled(f.name, m, r.Updated)
	}
	j.t.SyncedAt, j.t.By = j.Env.Now(), "tocsin"
	return j.know(ctx, &r)
}

// settled notes that a value was written there. Whatever else is there now came from somebody else, after it.
func (k *link) settled(name string, m meaning, at time.Time) {
	p := k.pair(name)
	wrote := *p.Sent
	p.AgreedHere, p.Sent = wrote, nil
	if m.same(name, wrote, p.There) || name == fieldAssignee && wrote != "" && p.There != "" && m.email(p.There) == "" {
		p.AgreedThere = p.There
		k.drop(name)
		return
	}
	p.ThereAt = at
	switch name {
	case fieldStatus:
		p.AgreedThere = wrote
	case fieldSeverity:
		s, _ := event.ParseSeverity(wrote)
		p.AgreedThere = strings.ToLower(m.levels.Of(s))
	default:
		p.AgreedThere = "(" + wrote + ")"
	}
	k.drop(name)
}

// know remembers who the assignee is, where both sides agree on one and the vendor does not show their address.
func (j *job) know(ctx context.Context, r *Remote) error {
	p := &j.k.Assignee
	if r.Assignee.ID == "" || r.Assignee.Email != "" || p.Here == "" || p.There != p.AgreedThere || p.Here != p.AgreedHere || p.There != r.Assignee.ID {
		return nil
	}
	if known, err := j.email(ctx, r.Assignee.ID); err != nil || known != "" {
		return err
	}
	if err := j.Env.State.Put(ctx, personKey(r.Assignee.ID), []byte(p.Here), rememberPeople); err != nil {
		return fmt.Errorf("remembering who the assignee is: %w", err)
	}
	return nil
}

// deleted notes that the ticket is gone, and opens another if that is wanted.
func (j *job) deleted(ctx context.Context, f *facts, r *event.Record) error {
	if err := j.gone(ctx); err != nil {
		return err
	}
	if f == nil {
		return nil
	}
	return j.again(ctx, f, r, j.k)
}

// back looks whether a ticket that was not there, or might not be seen, is there again. What is told of it may be older
// than its end, so the vendor is asked.
func (j *job) back(ctx context.Context) (bool, error) {
	if !j.k.Deleted {
		return true, nil
	}
	r, err := j.Ticketer.Get(ctx, j.ref())
	if errors.Is(err, ErrDeleted) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking whether ticket %s is there again: %w", j.t.Key, err)
	}
	j.k.Deleted, j.t.Error = false, ""
	j.display(&r)
	return true, j.attend(ctx, true)
}

// gone notes that the ticket is not there any more.
func (j *job) gone(ctx context.Context) error {
	j.k.Deleted, j.k.Asks = true, nil
	j.t.Closed, j.t.Error = true, "it was deleted in "+j.Vendor+", or may not be seen any more"
	return j.save(ctx)
}
