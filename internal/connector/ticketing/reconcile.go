package ticketing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// The keys of the state.
const (
	cursorKey    = "ticketing/cursor"
	attentionKey = "ticketing/attention"
)

const (
	// firstLook is how far back the first look goes.
	firstLook = 24 * time.Hour
	// lookOverlap is how much of the time before the last look is looked at again: vendors show changes late.
	lookOverlap = 5 * time.Minute
)

// cursor is where the last look ended.
type cursor struct {
	At time.Time `json:"at"`
}

// Reconcile looks at the vendor's side: first at tickets about which something is unfinished, then at all that changed since
// the last look. What one look does not get done, the next one does.
func (e *Engine) Reconcile(ctx context.Context) ([]connector.Wish, error) {
	wishes, looked, trouble := e.unfinished(ctx)
	if _, throttled := connector.IsThrottled(trouble); throttled {
		return wishes, trouble
	}
	more, err := e.changed(ctx, looked, MaxWishes-len(wishes))
	return append(wishes, more...), errors.Join(trouble, err)
}

// unfinished goes on with tickets that wait for it. One that fails does not keep the others from theirs.
func (e *Engine) unfinished(ctx context.Context) (wishes []connector.Wish, looked map[string]bool, trouble error) {
	subjects, err := e.attention(ctx)
	if err != nil {
		return nil, nil, err
	}
	looked = map[string]bool{}
	for _, subject := range subjects {
		if len(wishes) >= MaxWishes || ctx.Err() != nil {
			break
		}
		err := e.with(ctx, subject, func(j *job) error {
			if j.k.Deleted {
				return j.attend(ctx, false)
			}
			more, err := j.sync(ctx)
			wishes = append(wishes, more...)
			return err
		})
		if _, throttled := connector.IsThrottled(err); throttled {
			return wishes, looked, err
		}
		looked[subject] = err == nil
		trouble = cmp.Or(trouble, err)
	}
	return wishes, looked, trouble
}

// catchUp brings to the ticket what Tocsin has and the ticket has not.
func (j *job) catchUp(ctx context.Context) error {
	j.must = true
	err := j.do(ctx, &Change{}, nil, "", nil)
	if errors.Is(err, ErrDeleted) {
		return j.gone(ctx)
	}
	return j.end(ctx, err)
}

// sync brings both sides of a ticket together as far as that can be done from here.
func (j *job) sync(ctx context.Context) ([]connector.Wish, error) {
	if err := j.catchUp(ctx); err != nil || j.k.Deleted {
		return nil, err
	}
	r, err := j.Ticketer.Get(ctx, j.ref())
	if err != nil {
		return nil, fmt.Errorf("looking at ticket %s: %w", j.t.Key, err)
	}
	wishes, err := j.hearAll(ctx, &r)
	if err != nil {
		return nil, err
	}
	if len(wishes) == 0 && len(j.k.Asks) == 0 && !j.k.outstanding(j.Settings) {
		return nil, j.attend(ctx, false)
	}
	return wishes, nil
}

// hearAll takes in a ticket as it is, with the comments since they were last read, and those that were asked about.
func (j *job) hearAll(ctx context.Context, r *Remote) ([]connector.Wish, error) {
	n := Notice{Ref: r.ID, Remote: r, By: r.By}
	since := j.k.Looked
	for _, a := range j.k.Asks {
		if a.Field == fieldComments && a.At.Before(since) {
			since = a.At
		}
	}
	if j.Settings.rule(fieldComments).in() && (r.Updated.After(j.k.Looked) || since.Before(j.k.Looked)) {
		list, err := j.Ticketer.Comments(ctx, j.ref(), since.Add(-time.Second))
		if err != nil {
			return nil, fmt.Errorf("reading the comments of ticket %s: %w", j.t.Key, err)
		}
		n.Comments = list
		if r.Updated.After(j.k.Looked) {
			j.k.Looked = r.Updated
		}
	}
	return j.hear(ctx, n)
}

// changed looks at what changed since the last look, but for what was looked at just now.
func (e *Engine) changed(ctx context.Context, looked map[string]bool, most int) ([]connector.Wish, error) {
	began := e.Env.Now()
	since, err := e.since(ctx, began)
	if err != nil {
		return nil, err
	}
	list, more, err := e.Ticketer.Changed(ctx, since.Add(-lookOverlap))
	if err != nil {
		return nil, fmt.Errorf("asking what changed: %w", err)
	}
	next := began
	if more && len(list) > 0 {
		next = list[len(list)-1].Updated.Add(lookOverlap)
	}
	var wishes []connector.Wish
	for i := range list {
		if len(wishes) >= most {
			next = list[i].Updated
			break
		}
		asked, err := e.changedOne(ctx, &list[i], looked)
		if err != nil {
			return wishes, err
		}
		wishes = append(wishes, asked...)
	}
	return wishes, e.putJSON(ctx, cursorKey, cursor{next.UTC()})
}

func (e *Engine) changedOne(ctx context.Context, r *Remote, looked map[string]bool) ([]connector.Wish, error) {
	t, err := e.Env.Tickets.OfRef(ctx, r.ID)
	if errors.Is(err, connector.ErrNoTicket) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for ticket %s: %w", r.Key, err)
	}
	if looked[t.Subject] {
		return nil, nil
	}
	var wishes []connector.Wish
	err = e.with(ctx, t.Subject, func(j *job) error {
		if j.t.Ref != r.ID {
			return nil
		}
		if there, err := j.back(ctx); err != nil || !there {
			return err
		}
		if j.k.Begun && !r.Updated.After(j.k.Seen) && !r.Updated.After(j.k.Looked) {
			return nil
		}
		var err error
		wishes, err = j.hearAll(ctx, r)
		if errors.Is(err, ErrDeleted) {
			return j.gone(ctx)
		}
		return err
	})
	return wishes, err
}

func (e *Engine) since(ctx context.Context, now time.Time) (time.Time, error) {
	var c cursor
	if err := e.getJSON(ctx, cursorKey, &c); err != nil {
		return time.Time{}, err
	}
	if c.At.IsZero() {
		return now.Add(-firstLook), nil
	}
	return c.At, nil
}

// attention lists the subjects whose tickets are unfinished.
func (e *Engine) attention(ctx context.Context) ([]string, error) {
	var list []string
	return list, e.getJSON(ctx, attentionKey, &list)
}

// attend puts the ticket on that list, or takes it off. When the list is full the oldest goes: the next change over there
// brings it back.
func (j *job) attend(ctx context.Context, on bool) error {
	release, err := j.turn(ctx, attentionKey)
	if err != nil {
		return err
	}
	defer release()
	list, err := j.attention(ctx)
	if err != nil {
		return err
	}
	i := slices.Index(list, j.t.Subject)
	switch {
	case on == (i >= 0):
		return nil
	case on:
		list = append(list, j.t.Subject)
	default:
		list = slices.Delete(list, i, i+1)
	}
	for len(list) > MaxAttention || size(list) > connector.MaxStateValue-1024 {
		list = list[1:]
	}
	return j.putJSON(ctx, attentionKey, list)
}

func size(list []string) int {
	n := 0
	for _, s := range list {
		n += 6*len(s) + 3 // as JSON may have to write it
	}
	return n
}

func (e *Engine) getJSON(ctx context.Context, key string, v any) error {
	raw, err := e.Env.State.Get(ctx, key)
	if errors.Is(err, connector.ErrNoState) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", key, err)
	}
	return nil
}

func (e *Engine) putJSON(ctx context.Context, key string, v any) error {
	raw, err := json.Marshal(v)
	if err == nil {
		err = e.Env.State.Put(ctx, key, raw, 0)
	}
	if err != nil {
		return fmt.Errorf("noting %s: %w", key, err)
	}
	return nil
}
