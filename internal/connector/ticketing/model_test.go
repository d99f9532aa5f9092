package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// vendor is a model of a system of tickets: it numbers changes, finds new tickets late, and fails when it is told to.
type vendor struct {
	clock    *clock
	tickets  []*card
	writes   int // changes that the hub made
	opened   int
	findable time.Duration
	// fault is asked before each call: none, before (nothing is done), after (it is done, but the answer is lost).
	fault func(op string) fault
	// during runs between the hub's calls: people change things.
	during func()
	left   []Part // Open and Update say that they left this out
	hide   bool   // addresses are not shown
	refuse error  // of Move
}

type fault uint8

const (
	none fault = iota
	before
	after
)

type card struct {
	remote   Remote
	mark     string
	labels   []string
	fields   map[string]string
	comments []Comment
	files    []string
	opened   time.Time
	deleted  bool
}

type clock struct{ at time.Time }

// tick makes every change later than the one before.
func (c *clock) tick() time.Time {
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

var errNetwork = errors.New("the network failed")

// call runs an operation with whatever fault there is.
func (v *vendor) call(op string, do func() error) error {
	if v.during != nil {
		v.during()
	}
	f := none
	if v.fault != nil {
		f = v.fault(op)
	}
	if f == before {
		return errNetwork
	}
	err := do()
	if f == after {
		return errNetwork
	}
	return err
}

func (v *vendor) card(r Ref) *card {
	for _, c := range v.tickets {
		if c.remote.ID == r.ID && !c.deleted {
			return c
		}
	}
	return nil
}

func (v *vendor) touch(c *card, by string) {
	c.remote.Updated = v.clock.tick()
	c.remote.By = connector.Person{Name: by}
}

func idOf(email string) string {
	if email == "" {
		return ""
	}
	return "u-" + email
}

func (v *vendor) person(email string) connector.Person {
	p := connector.Person{ID: idOf(email), Name: email, Email: email}
	if v.hide {
		p.Email, p.Name = "", "Somebody"
	}
	return p
}

func (v *vendor) partly() error {
	if len(v.left) > 0 {
		return &LeftOut{v.left}
	}
	return nil
}

func (v *vendor) Open(_ context.Context, d Draft) (ref Ref, err error) {
	err = v.call("open", func() error {
		v.opened++
		n := len(v.tickets) + 1
		c := &card{mark: d.Mark, labels: d.Labels, fields: map[string]string{}, opened: v.clock.tick()}
		c.remote = Remote{Ref: Ref{ID: fmt.Sprint(10000 + n), Key: fmt.Sprintf("T-%d", n), URL: fmt.Sprintf("https://t.example.com/T-%d", n)},
			Status: "To do", Category: New, Level: d.Level, Summary: d.Summary, Body: d.Body.Text()}
		if v.left == nil {
			c.remote.Assignee = v.person(d.Assignee)
			if d.Assignee == "" {
				c.remote.Assignee = connector.Person{}
			}
		}
		for _, f := range d.Fields {
			c.fields[f.Name] = string(f.Value)
		}
		v.touch(c, "tocsin")
		v.tickets = append(v.tickets, c)
		ref = c.remote.Ref
		return v.partly()
	})
	if errors.Is(err, errNetwork) {
		ref = Ref{}
	}
	return ref, err
}

func (v *vendor) Find(_ context.Context, mark string) (found []Ref, err error) {
	return found, v.call("find", func() error {
		for _, c := range v.tickets {
			if c.mark == mark && !c.deleted && !v.clock.at.Before(c.opened.Add(v.findable)) {
				found = append(found, c.remote.Ref)
			}
		}
		return nil
	})
}

func (v *vendor) Get(_ context.Context, r Ref) (remote Remote, err error) {
	return remote, v.call("get", func() error {
		c := v.card(r)
		if c == nil {
			return ErrDeleted
		}
		remote = c.remote
		return nil
	})
}

func (v *vendor) Update(_ context.Context, r Ref, change Change) error {
	return v.call("update", func() error {
		c := v.card(r)
		if c == nil {
			return ErrDeleted
		}
		v.writes++
		if change.Summary != nil {
			c.remote.Summary = *change.Summary
		}
		if change.Body != nil {
			c.remote.Body = change.Body.Text()
		}
		if change.Level != nil {
			c.remote.Level = *change.Level
		}
		if change.Assignee != nil && v.left == nil {
			c.remote.Assignee = connector.Person{}
			if *change.Assignee != "" {
				c.remote.Assignee = v.person(*change.Assignee)
			}
		}
		for _, f := range change.Fields {
			c.fields[f.Name] = string(f.Value)
		}
		v.touch(c, "tocsin")
		return v.partly()
	})
}

var statusNames = map[Category]string{New: "To do", Active: "Doing", Closed: "Done"}

func (v *vendor) Move(_ context.Context, r Ref, to Category) error {
	return v.call("move", func() error {
		c := v.card(r)
		if c == nil {
			return ErrDeleted
		}
		if v.refuse != nil {
			return v.refuse
		}
		v.writes++
		c.remote.Status, c.remote.Category = statusNames[to], to
		v.touch(c, "tocsin")
		return nil
	})
}

func (v *vendor) Comment(_ context.Context, r Ref, d Document) (id string, err error) {
	return id, v.call("comment", func() error {
		c := v.card(r)
		if c == nil {
			return ErrDeleted
		}
		v.writes++
		id = v.write(c, "tocsin", d.Text())
		return nil
	})
}

func (v *vendor) write(c *card, by, text string) string {
	v.touch(c, by)
	id := fmt.Sprintf("%s-c%d", c.remote.ID, len(c.comments)+1)
	c.comments = append(c.comments, Comment{ID: id, Author: connector.Person{ID: by, Name: by}, Text: text, At: c.remote.Updated})
	return id
}

func (v *vendor) Comments(_ context.Context, r Ref, since time.Time) (list []Comment, err error) {
	return list, v.call("comments", func() error {
		c := v.card(r)
		if c == nil {
			return ErrDeleted
		}
		for _, comment := range c.comments {
			if !comment.At.Before(since) {
				list = append(list, comment)
			}
		}
		return nil
	})
}

func (v *vendor) Changed(_ context.Context, since time.Time) (list []Remote, more bool, err error) {
	return list, false, v.call("changed", func() error {
		for _, c := range v.tickets {
			if !c.deleted && !c.remote.Updated.Before(since) {
				list = append(list, c.remote)
			}
		}
		slices.SortFunc(list, func(a, b Remote) int { return a.Updated.Compare(b.Updated) })
		return nil
	})
}

func (v *vendor) Attach(_ context.Context, r Ref, name string, _ []byte) error {
	return v.call("attach", func() error {
		c := v.card(r)
		if c == nil {
			return ErrDeleted
		}
		c.files = append(c.files, name)
		v.touch(c, "tocsin")
		return nil
	})
}

// bench is an engine over a model.
type bench struct {
	*Engine
	v        *vendor
	tickets  *connectortest.Tickets
	settings *Settings
	clock    *clock
}

var begin = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func newBench(tb testing.TB, change func(*Settings)) *bench {
	tb.Helper()
	c := &clock{begin}
	s := &Settings{
		Per: PerAuto, Status: string(Newest), Assignee: string(Newest), Severity: string(Newest), Comments: string(Newest), ChangeNotes: true,
		WhenDeleted: Stop, Poll: defaultPoll, Levels: connector.LevelsOf("Lowest", "Low", "Medium", "High", "Highest"),
	}
	if change != nil {
		change(s)
	}
	v := &vendor{clock: c}
	tickets := new(connectortest.Tickets)
	env := connector.Env{Account: event.DefaultAccount, Integration: "int_test", Log: slog.New(slog.DiscardHandler), Now: c.tick,
		PublicURL: "https://tocsin.example.com", State: new(connectortest.State), Tickets: tickets, Turns: new(connector.Turns)}
	return &bench{Engine: Open(Options{Settings: s, Env: env, Vendor: "jira", Ticketer: v, Settle: time.Minute}), v: v, tickets: tickets, settings: s, clock: c}
}

// told is a fact that Tocsin says of an alert or an incident.
type told struct {
	incident string
	status   string
	assignee string
	severity event.Severity
	verb     string
	note     string
	by       string
	changed  map[string][2]string
	title    string
	desc     string
	origin   string
}

func (c *clock) fact(tb testing.TB, f told) *event.Record {
	tb.Helper()
	e := event.Event{Type: "alert.updated", Severity: f.severity, Title: f.title, Description: f.desc, DedupKey: "k-1", Time: c.tick()}
	if e.Title == "" {
		e.Title = "Failed logins"
	}
	data := map[string]any{"change": event.CaseChange{Verb: f.verb, By: f.by, Note: f.note, Changed: f.changed}}
	if f.incident != "" {
		e.Type, e.Incident, e.DedupKey = "incident.updated", f.incident, ""
		data["incident"] = event.IncidentState{Number: f.incident, Status: f.status, Severity: f.severity.String(), Owner: f.assignee}
	} else {
		data["alert"] = event.AlertState{ID: alertID.Text(event.PrefixAlert), Status: f.status, Assignee: f.assignee}
	}
	raw, err := json.Marshal(data)
	if err != nil {
		tb.Fatal(err)
	}
	e.Data = raw
	r, err := event.FromEvent(&e, event.Origin{Account: event.DefaultAccount, Received: c.at, Flags: event.Internal, Integration: f.origin}, event.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	r.ID = event.NewID()
	return r
}

// sent is an event of a sender.
func (c *clock) sent(tb testing.TB, e event.Event) *event.Record {
	tb.Helper()
	e.Time = c.tick()
	r, err := event.FromEvent(&e, event.Origin{Account: event.DefaultAccount, Received: c.at}, event.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	r.ID = event.NewID()
	return r
}

var alertID = event.AlertID(event.DefaultAccount, "k-1")

func delivery(r *event.Record) connector.Delivery {
	return connector.Delivery{Key: "dlv", Record: r, Attempt: 1}
}

func (b *bench) send(tb testing.TB, r *event.Record) {
	tb.Helper()
	if err := b.Send(tb.Context(), delivery(r)); err != nil {
		tb.Fatal(err)
	}
}

func (b *bench) row(tb testing.TB, subject string) connector.Ticket {
	tb.Helper()
	t, err := b.tickets.OfSubject(tb.Context(), subject)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func verbs(wishes []connector.Wish) string {
	var list []string
	for _, w := range wishes {
		text := string(w.Verb)
		switch w.Verb {
		case connector.Assign:
			text += "=" + w.Assignee.Email
		case connector.Rate:
			text += "=" + w.Severity.String()
		case connector.Note:
			text += "=" + w.Text
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}
