package ticketing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// steps makes the changes in the order in which a closed ticket still takes them. A step that is refused for good does not
// keep the others from being made.
func (j *job) steps(ctx context.Context, c *Change, moved Category, remark Document, key string, r *event.Record) error {
	move := func() error {
		if moved == "" {
			return nil
		}
		err := j.soft(j.Ticketer.Move(ctx, j.ref(), moved))
		if err == nil && j.refused != nil {
			j.k.Status.Stuck, j.k.Status.Sent = true, nil
		}
		return wrap(err, "giving ticket %s a status of the category %s", j.t.Key, moved)
	}
	update := func() error { return wrap(j.update(ctx, c), "changing ticket %s", j.t.Key) }
	rest := []func() error{
		func() error { return j.attach(ctx, r) },
		func() error { return j.say(ctx, remark, key) },
	}
	order := append([]func() error{move, update}, rest...)
	if moved == Closed {
		order = append(append([]func() error{update}, rest...), move)
	}
	for _, step := range order {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// soft notes what will not work later either, and lets the other steps go on.
func (j *job) soft(err error) error {
	var left *LeftOut
	switch {
	case errors.As(err, &left):
		j.reasons = append(j.reasons, left.reasons()...)
		for _, part := range left.Parts {
			if p := j.k.pair(part.Field); p != nil {
				p.settle() // both sides differ, and nothing can be done about it
			}
		}
		return nil
	case err != nil && connector.IsPermanent(err) && !errors.Is(err, ErrDeleted) && !connector.IsGone(err):
		j.refused = cmp.Or(j.refused, err)
		return nil
	}
	return err
}

// update changes fields and texts.
func (j *job) update(ctx context.Context, c *Change) error {
	if c.Empty() {
		return nil
	}
	was := j.refused
	if err := j.soft(j.Ticketer.Update(ctx, j.ref(), *c)); err != nil {
		return err
	}
	if j.refused != nil && was == nil {
		for name, changed := range map[string]bool{fieldAssignee: c.Assignee != nil, fieldSeverity: c.Level != nil} {
			if p := j.k.pair(name); changed {
				p.Stuck, p.Sent = true, nil
			}
		}
	}
	// Refused or not: the same words are not sent twice.
	if c.Summary != nil {
		j.k.Summary.Here = hash(*c.Summary)
	}
	if c.Body != nil {
		j.k.Body.Here = hash(c.Body.Text())
	}
	if len(c.AddLabels) > 0 {
		j.k.Labels = labelHash(c.AddLabels)
	}
	for name, value := range hashes(c.Fields) {
		if j.k.Custom == nil {
			j.k.Custom = map[string]string{}
		}
		j.k.Custom[name] = value
	}
	return nil
}

// attach adds the event as a file, once.
func (j *job) attach(ctx context.Context, r *event.Record) error {
	a, ok := j.Ticketer.(Attacher)
	if j.k.Attached || !ok {
		return nil
	}
	name := "event-" + r.ID.Text(event.PrefixEvent) + ".json"
	err := a.Attach(ctx, j.ref(), name, r.AppendJSON(nil))
	if err != nil && connector.IsPermanent(err) && !errors.Is(err, ErrDeleted) {
		j.reasons, err = append(j.reasons, err.Error()), nil // a ticket without its file is better than none
	}
	if err != nil {
		return fmt.Errorf("adding the event to ticket %s: %w", j.t.Key, err)
	}
	j.k.Attached = true
	return nil
}

// say writes a comment once: whether an earlier attempt wrote it is looked up by its mark.
func (j *job) say(ctx context.Context, d Document, key string) error {
	if d == nil {
		return nil
	}
	s := j.k.saying(key)
	if s != nil {
		list, err := j.Ticketer.Comments(ctx, j.ref(), s.At.Add(-clockSkew))
		if err != nil {
			return fmt.Errorf("looking for a comment on ticket %s: %w", j.t.Key, err)
		}
		for _, c := range list {
			if markOf(c.Text) == key {
				s.ID = c.ID
				return nil
			}
		}
	} else {
		j.k.Said = append(last(j.k.Said, maxRemembered-1), said{Key: key, At: j.Env.Now().UTC().Truncate(time.Second)})
		if err := j.save(ctx); err != nil {
			return err
		}
		s = j.k.saying(key)
	}
	id, err := j.Ticketer.Comment(ctx, j.ref(), d)
	written := err == nil
	if err = j.soft(err); err != nil {
		return fmt.Errorf("commenting on ticket %s: %w", j.t.Key, err)
	}
	if written {
		s.ID = cmp.Or(id, "?")
		j.t.SyncedAt, j.t.By = j.Env.Now(), "tocsin"
	}
	return nil
}

// clockSkew is how much the vendor's clock may differ from the hub's.
const clockSkew = 5 * time.Minute
