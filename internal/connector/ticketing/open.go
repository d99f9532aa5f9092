package ticketing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// first opens the ticket of a subject that has none, if the event is worth one.
func (e *Engine) first(ctx context.Context, f *facts, r *event.Record) error {
	if !f.opens() {
		return nil
	}
	if f.incident != "" && e.Settings.Per == PerAuto {
		_, err := e.Env.Tickets.OfSubject(ctx, f.incident)
		if err == nil {
			return nil // the incident's ticket stands for it
		}
		if !errors.Is(err, connector.ErrNoTicket) {
			return fmt.Errorf("looking for the ticket of %s: %w", f.incident, err)
		}
	}
	return e.open(ctx, f, r, 0)
}

// missed remembers what Tocsin has although there is no ticket to tell: it may be seen again.
func (e *Engine) missed(ctx context.Context, f *facts, t *connector.Ticket, k *link) error {
	if !k.take(f) {
		return nil
	}
	return (&job{Engine: e, t: t, k: k}).save(ctx)
}

// again opens another ticket for a subject whose last one was deleted over there, if that is wanted.
func (e *Engine) again(ctx context.Context, f *facts, r *event.Record, k *link) error {
	if e.Settings.WhenDeleted != Recreate || !f.opens() {
		return nil
	}
	return e.open(ctx, f, r, k.Generation+1)
}

// firstPause is how soon a ticket that may be there is looked for again; each pause doubles the time since the attempt.
const firstPause = time.Second

// open opens a ticket, never two: an attempt is noted before it is made, and whoever finds a note looks for the ticket
// first, until the vendor must know of it if it is there.
func (e *Engine) open(ctx context.Context, f *facts, r *event.Record, generation int) error {
	draft, failed := e.draft(f, r, generation)
	before, err := e.intended(ctx, draft.Mark)
	if err != nil {
		return err
	}
	found, err := e.Ticketer.Find(ctx, draft.Mark)
	if err != nil {
		return fmt.Errorf("looking for a ticket with the mark %s: %w", draft.Mark, err)
	}
	if len(found) > 0 {
		return e.keep(ctx, f, r, draft, found[0], generation, append(failed, twice(found)...), true)
	}
	if before != nil {
		if left := before.At.Add(e.Settle).Sub(e.Env.Now()); left > 0 {
			wait := min(left, max(e.Settle-left, firstPause))
			return connector.Postponed(fmt.Errorf("it is not known whether the last attempt opened a ticket: %s is given time to show it", e.Vendor), wait)
		}
	}
	if err := e.intend(ctx, draft.Mark); err != nil {
		return err
	}
	ref, err := e.Ticketer.Open(ctx, draft)
	var left *LeftOut
	if errors.As(err, &left) && ref.ID != "" {
		failed, err = append(failed, left.reasons()...), nil
	}
	if err != nil {
		if definite(err) {
			if gone := e.Env.State.Delete(ctx, intentKey(draft.Mark)); gone != nil {
				e.Env.Log.Warn("the note of an attempt stays for now", "error", gone)
			}
		}
		return fmt.Errorf("opening a ticket: %w", err)
	}
	return e.keep(ctx, f, r, draft, ref, generation, failed, false)
}

// twice names tickets that should not be.
func twice(found []Ref) []string {
	if len(found) < 2 {
		return nil
	}
	var keys []string
	for _, r := range found[1:] {
		keys = append(keys, r.Key)
	}
	return []string{"there are other tickets with the same mark: " + strings.Join(keys, ", ")}
}

// keep remembers a new ticket and does what is left to do about it.
func (e *Engine) keep(ctx context.Context, f *facts, r *event.Record, d Draft, ref Ref, generation int, failed []string, adopted bool) error {
	t := &connector.Ticket{Subject: f.subject, Ref: ref.ID, Key: ref.Key, URL: ref.URL, SyncedAt: e.Env.Now(), By: "tocsin"}
	status, assignee := f.values()
	k := &link{Generation: generation, Last: f.id, Custom: hashes(d.Fields), Labels: labelHash(d.Labels)}
	k.Status = pair{Here: string(status), HereAt: f.at, Known: f.said, AgreedHere: string(New)}
	if adopted {
		k.Status.AgreedThere = string(New) // whoever changed it since then is to be heard
	}
	k.Assignee = pair{Here: assignee, AgreedHere: assignee, HereAt: f.at, Known: f.said}
	level := f.severity.String()
	k.Severity = pair{Here: level, AgreedHere: level, HereAt: f.at, Known: f.said}
	k.Summary.Here, k.Body.Here = hash(d.Summary), hash(d.Body.Text())
	k.Attached = !e.Settings.Attach
	j := &job{Engine: e, t: t, k: k, reasons: failed}
	if adopted { // looks have passed by it so far
		if err := j.attend(ctx, true); err != nil {
			return err
		}
	}
	if err := j.save(ctx); err != nil {
		return err
	}
	if err := e.Env.State.Delete(ctx, intentKey(d.Mark)); err != nil {
		e.Env.Log.Warn("the note of an attempt stays for now", "error", err)
	}
	return j.bring(ctx, f, connector.Delivery{Record: r, Attempt: 1})
}

// draft is the ticket that an event opens.
func (e *Engine) draft(f *facts, r *event.Record, generation int) (Draft, []string) {
	_, assignee := f.values()
	if !e.Settings.rule(fieldAssignee).out() {
		assignee = ""
	}
	values, failed := fieldValues(e.Settings.Custom, r, r.Link(e.Env.PublicURL))
	mark := markFor(e.Env.Account, e.Env.Integration, f.subject, generation)
	return Draft{
		Mark: mark, Summary: f.summary(), Body: f.body(r.Link(e.Env.PublicURL)), Severity: f.severity, Level: e.Settings.Levels.Of(f.severity),
		Assignee: assignee, Labels: e.labels(f, mark), Fields: values,
	}, failed
}

// labels are the ticket's: ours first, for Changed and Find need them.
func (e *Engine) labels(f *facts, mark string) []string {
	list := append([]string{Label, mark}, e.Settings.Labels...)
	for _, tag := range f.event.Tags {
		if len(list) == maxLabels+2 {
			break
		}
		if tag = labelOf(tag); tag != "" && !strings.HasPrefix(strings.ToLower(tag), Label) {
			list = append(list, tag)
		}
	}
	return list
}

// labelOf makes a label of a tag: most vendors take no spaces in one.
func labelOf(tag string) string {
	return strings.TrimRight(event.Clip(strings.Join(strings.FieldsFunc(tag, func(r rune) bool {
		return r <= ' ' || r == ',' || r == '"' || r == 0x7f || r >= 0x80 && r <= 0xa0 || r >= 0x2000 && r <= 0x206f || r == 0xfeff
	}), "_"), maxLabel), "…")
}

func labelHash(labels []string) string { return hash(strings.Join(labels, " ")) }

func hashes(values []FieldValue) map[string]string {
	out := map[string]string{}
	for _, v := range values {
		out[hash(v.Name)] = hash(string(v.Value))
	}
	return out
}
