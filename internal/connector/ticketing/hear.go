package ticketing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// Notice is what a call of the vendor says of a ticket. The call was verified.
type Notice struct {
	Ref string
	// Remote is the ticket as it was when the call was made; nil if the call does not say.
	Remote   *Remote
	Comments []Comment
	Deleted  bool
	By       connector.Person
}

// Heard turns a call of the vendor into wishes. Calls may come late, twice and in any order; one about a ticket that is
// not ours asks for nothing. An error means that the vendor should call again.
func (e *Engine) Heard(ctx context.Context, n Notice) ([]connector.Wish, error) {
	if e.Env.Tickets == nil {
		return nil, errors.New("the integration remembers no tickets yet")
	}
	t, err := e.Env.Tickets.OfRef(ctx, n.Ref)
	if errors.Is(err, connector.ErrNoTicket) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for ticket %s: %w", n.Ref, err)
	}
	var wishes []connector.Wish
	err = e.with(ctx, t.Subject, func(j *job) error {
		if j.t.Ref != n.Ref || j.k.Deleted && n.Deleted {
			return nil
		}
		if n.Deleted {
			return j.gone(ctx)
		}
		there, err := j.back(ctx)
		if err != nil || !there {
			return err
		}
		wishes, err = j.hear(ctx, n)
		return err
	})
	return wishes, err
}

// with does something to the ticket of a subject, under its lock. A ticket that is not there any more is no error.
func (e *Engine) with(ctx context.Context, subject string, do func(*job) error) error {
	release, err := e.turn(ctx, subject)
	if err != nil {
		return err
	}
	defer release()
	t, k, err := e.ticket(ctx, subject)
	if errors.Is(err, connector.ErrNoTicket) {
		return nil
	}
	if err != nil {
		return err
	}
	return do(&job{Engine: e, t: &t, k: k})
}

// hear takes in what is known of the ticket, and gives what Tocsin should do about it.
func (j *job) hear(ctx context.Context, n Notice) ([]connector.Wish, error) {
	r := n.Remote
	if r != nil {
		fresh, err := j.newer(ctx, r)
		if err != nil {
			return nil, err
		}
		if fresh {
			j.display(r)
		} else {
			r = nil
		}
	}
	m, err := j.meaning(ctx, j.k)
	if err != nil {
		return nil, err
	}
	v := j.k.verdicts(j.Settings, m)
	var wishes []connector.Wish
	if j.k.Begun {
		wishes = j.k.pulls(j.t.Subject, v, m, r, n.By, j.Env.Now())
	}
	wishes = append(wishes, j.notes(n.Comments)...)
	if len(wishes) > 0 || j.unfinished(v) {
		if err := j.attend(ctx, true); err != nil {
			return nil, err
		}
	}
	if err := j.save(ctx); err != nil {
		return nil, err
	}
	return wishes, nil
}

// newer takes a state in if it is not older than what is known. One that is as old and yet different came out of order
// within the vendor's smallest unit of time: then the vendor is asked.
func (j *job) newer(ctx context.Context, r *Remote) (bool, error) {
	if !j.k.Begun {
		j.k.begin(r)
		return true, nil
	}
	if r.Updated.Before(j.k.Seen) {
		return false, nil
	}
	if r.Updated.Equal(j.k.Seen) {
		for _, f := range j.k.fields() {
			if f.There == thereOf(f.name, r) {
				continue
			}
			now, err := j.Ticketer.Get(ctx, j.ref())
			if err != nil {
				return false, fmt.Errorf("looking at ticket %s: %w", j.t.Key, err)
			}
			now.By, now.At = r.By, r.At
			*r = now
			break
		}
	}
	return j.k.see(r), nil
}

// unfinished says whether a later look must go on with the ticket.
func (j *job) unfinished(v map[string]verdict) bool {
	if len(j.k.Asks) > 0 {
		return true
	}
	for _, what := range v {
		if what == push {
			return true
		}
	}
	return false
}

// notes asks for comments to be brought over, each once.
func (j *job) notes(list []Comment) []connector.Wish {
	if _, _, ok := ours(j.t.Subject); !ok || !j.Settings.rule(fieldComments).in() {
		return nil
	}
	var wishes []connector.Wish
	for _, c := range list {
		if j.own(&c) || slices.Contains(j.k.Heard, c.ID) || c.Text == "" {
			continue
		}
		a := j.k.asking(fieldComments, "", c.ID, j.t.Subject, j.Env.Now())
		if a == nil {
			j.k.Heard = append(j.k.Heard, c.ID)
			continue
		}
		if a.Tries == 1 && !c.At.IsZero() && c.At.Before(a.At) {
			a.At = c.At.UTC().Truncate(time.Second) // from when on comments are read again
		}
		w := newWish(j.t.Subject, a.ID, connector.Note, c.Author, c.At)
		w.Text = Cut(c.Text, MaxNote)
		wishes = append(wishes, w)
	}
	return wishes
}

// own says whether the hub wrote a comment. A copy of one of ours that somebody else wrote is theirs.
func (j *job) own(c *Comment) bool {
	if c.Own {
		return true
	}
	key := markOf(c.Text)
	if key == "" {
		return false
	}
	s := j.k.saying(key)
	return s == nil || s.ID == "" || s.ID == "?" || s.ID == c.ID
}

// Answer notes what became of a wish. What Tocsin then has and the ticket has not goes there at once.
func (e *Engine) Answer(ctx context.Context, w connector.Wish, o connector.Outcome) error {
	return e.with(ctx, w.Token, func(j *job) error {
		half := j.answered(&w, &o)
		var f *facts
		if o.Record != nil && !half {
			if said, ok, err := readFacts(o.Record, PerAuto); err == nil && ok && said.subject == w.Token {
				f = said
				j.k.take(f)
			}
		}
		if o.Refusal == "" {
			j.t.SyncedAt, j.t.By = j.Env.Now(), j.Vendor
			if who := cmp.Or(w.Person.Name, w.Person.Email); who != "" {
				j.t.By += ": " + who
			}
		}
		if err := j.save(ctx); err != nil {
			return err
		}
		if f == nil || !j.k.outstanding(j.Settings) {
			return nil
		}
		if err := j.attend(ctx, true); err != nil {
			return err
		}
		return j.catchUp(ctx)
	})
}

// answered takes the answer to what was asked for. Half says that another answer belongs to it.
func (j *job) answered(w *connector.Wish, o *connector.Outcome) (half bool) {
	i := slices.IndexFunc(j.k.Asks, func(a ask) bool { return a.ID == w.ID })
	if i < 0 {
		return false
	}
	a := j.k.Asks[i]
	if o.Refusal != "" {
		j.t.Error = Cut("Tocsin refused to "+string(w.Verb)+": "+o.Refusal, maxError)
	} else {
		j.t.Error = ""
	}
	if a.Both && w.Verb == connector.Reopen && o.Refusal == "" {
		return true // and then acknowledge
	}
	switch {
	case a.Field == fieldComments:
		j.k.Asks = slices.Delete(j.k.Asks, i, i+1)
		j.k.Heard = append(j.k.Heard, a.There)
	case o.Refusal != "":
		before := a.Before
		j.k.differ(&a)
		if before != nil {
			j.k.pair(a.Field).AgreedHere = *before // they differ, and that is how it is
		}
	case o.Record == nil && a.Field == fieldStatus:
		j.k.unchanged(&a, w.Verb)
	default:
		j.k.believe(a.Field, true)
	}
	return false
}
