package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Options are what an Engine is made of.
type Options struct {
	Settings *Settings
	Env      connector.Env
	Vendor   string // its name for people
	Ticketer Ticketer
	// Settle is how long the vendor may take until Find finds a new ticket. While it is not known what became of an attempt
	// to open one, no other is made before that.
	Settle time.Duration
}

// Engine keeps the tickets of one integration in step. It is safe for concurrent use.
type Engine struct{ Options }

// Open makes an engine.
func Open(o Options) *Engine { return &Engine{o} }

// ReconcileEvery is the time between two looks at the vendor's side.
func (e *Engine) ReconcileEvery() time.Duration {
	for _, rule := range []string{e.Settings.Status, e.Settings.Assignee, e.Settings.Severity, e.Settings.Comments} {
		if Rule(rule).in() {
			return e.Settings.Poll
		}
	}
	return 0
}

// Send brings what a delivery says to its ticket, which is opened if there is none. An event that is about nothing that
// gets a ticket is no error.
func (e *Engine) Send(ctx context.Context, d connector.Delivery) error {
	f, ok, err := readFacts(d.Record, e.Settings.Per)
	if err != nil {
		return connector.Permanent(err)
	}
	if x := httpkit.ExchangeOf(ctx); x != nil && x.DryRun || e.Env.Tickets == nil {
		return e.show(ctx, f, d.Record)
	}
	if !ok {
		return nil
	}
	release, err := e.turn(ctx, f.subject)
	if err != nil {
		return err
	}
	defer release()
	t, k, err := e.ticket(ctx, f.subject)
	switch {
	case errors.Is(err, connector.ErrNoTicket):
		return e.first(ctx, f, d.Record)
	case err != nil:
		return err
	case k.Deleted:
		if err := e.missed(ctx, f, &t, k); err != nil {
			return err
		}
		return e.again(ctx, f, d.Record, k)
	}
	j := &job{Engine: e, t: &t, k: k}
	return j.bring(ctx, f, d)
}

// show makes the request that would open a ticket, and remembers nothing.
func (e *Engine) show(ctx context.Context, f *facts, r *event.Record) error {
	if f == nil {
		return connector.Permanent(errors.New("the event is about nothing that gets a ticket: see the setting per"))
	}
	draft, _ := e.draft(f, r, 0)
	_, err := e.Ticketer.Open(ctx, draft)
	var left *LeftOut
	if errors.As(err, &left) {
		return nil
	}
	return err
}

// turn waits until nobody else does something to the ticket of a subject.
func (e *Engine) turn(ctx context.Context, subject string) (leave func(), err error) {
	if leave, err = e.Env.Turn(ctx, subject); err != nil {
		return nil, fmt.Errorf("waiting for another change of the same ticket: %w", err)
	}
	return leave, nil
}

func (e *Engine) ticket(ctx context.Context, subject string) (connector.Ticket, *link, error) {
	t, err := e.Env.Tickets.OfSubject(ctx, subject)
	if err != nil {
		return t, nil, fmt.Errorf("looking for the ticket of %s: %w", subject, err)
	}
	k, err := decodeLink(&t)
	return t, k, err
}

// meaning prepares translating, with the address of the assignee.
func (e *Engine) meaning(ctx context.Context, k *link) (meaning, error) {
	known := map[string]string{}
	if id := k.Assignee.There; id != "" {
		email, err := e.email(ctx, id)
		if err != nil {
			return meaning{}, err
		}
		known[id] = email
	}
	if there := k.Assignee.There; there != "" && known[there] == "" {
		known[there] = k.Email
	}
	return meaning{levels: &e.Settings.Levels, email: func(id string) string { return known[id] }}, nil
}

// personKey is where the state remembers who somebody at the vendor is here.
func personKey(id string) string { return "person:" + event.Clip(id, 200) }

// rememberPeople is how long that is remembered.
const rememberPeople = 365 * 24 * time.Hour

func (e *Engine) email(ctx context.Context, id string) (string, error) {
	for _, p := range e.Settings.People {
		if p.ID == id {
			return p.Email, nil
		}
	}
	raw, err := e.Env.State.Get(ctx, personKey(id))
	if errors.Is(err, connector.ErrNoState) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for somebody's address: %w", err)
	}
	return string(raw), nil
}

// Email gives the address that the settings have for somebody at the vendor; empty if there is none.
func (s *Settings) Email(id string) string {
	for _, p := range s.People {
		if p.ID == id {
			return p.Email
		}
	}
	return ""
}

// ID gives somebody's id at the vendor, by the settings; empty if they do not say.
func (s *Settings) ID(email string) string {
	for _, p := range s.People {
		if p.Email == email {
			return p.ID
		}
	}
	return ""
}

// definite says whether an error means that nothing was done.
func definite(err error) bool {
	_, throttled := connector.IsThrottled(err)
	return throttled || connector.IsPermanent(err) || errors.Is(err, ErrDeleted)
}

// intent is noted before a ticket is opened.
type intent struct {
	At time.Time `json:"at"`
}

func intentKey(mark string) string { return "open:" + mark }

// rememberIntents is how long an attempt to open a ticket is remembered if nobody asks for it again.
const rememberIntents = 30 * 24 * time.Hour

func (e *Engine) intended(ctx context.Context, mark string) (*intent, error) {
	raw, err := e.Env.State.Get(ctx, intentKey(mark))
	if errors.Is(err, connector.ErrNoState) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for an earlier attempt: %w", err)
	}
	i := new(intent)
	if err := json.Unmarshal(raw, i); err != nil {
		return nil, fmt.Errorf("reading an earlier attempt: %w", err)
	}
	return i, nil
}

func (e *Engine) intend(ctx context.Context, mark string) error {
	raw, err := json.Marshal(intent{e.Env.Now().UTC()})
	if err != nil {
		return fmt.Errorf("noting the attempt: %w", err)
	}
	if err := e.Env.State.Put(ctx, intentKey(mark), raw, rememberIntents); err != nil {
		return fmt.Errorf("noting the attempt: %w", err)
	}
	return nil
}
