package ticketing

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestOpensAndFollows(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *Settings) {
		s.Attach = true
		s.Labels = []string{"soc"}
		s.Custom = []Field{{"Risk", "event.severity_level * 10"}, {"Kind", "'x'"}, {"Broken", "event.data.missing"}}
	})
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", severity: event.High, verb: "create", title: "Account takeover", assignee: "Dana@example.com"}))
	if b.v.opened != 1 {
		t.Fatalf("%d tickets", b.v.opened)
	}
	c := b.v.tickets[0]
	if diff := cmp.Diff([]string{"INC-7: Account takeover", "High", "u-dana@example.com", "tocsin " + c.mark + " soc", "40 \"x\""},
		[]string{c.remote.Summary, c.remote.Level, c.remote.Assignee.ID, strings.Join(c.labels, " "), c.fields["Risk"] + " " + c.fields["Kind"]}); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(c.remote.Body, "Severity: high") || !strings.Contains(c.remote.Body, "https://tocsin.example.com/incidents/INC-7") || len(c.files) != 1 {
		t.Errorf("body %q, files %v", c.remote.Body, c.files)
	}
	row := b.row(t, "INC-7")
	if row.Key != "T-1" || row.URL == "" || row.Status != "To do" || row.Assignee != "dana@example.com" || row.Closed || !strings.Contains(row.Error, "Broken") {
		t.Errorf("row %+v", row)
	}

	writes := b.v.writes
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", severity: event.High, verb: "link", title: "Account takeover", assignee: "dana@example.com"}))
	if b.v.writes != writes {
		t.Error("nothing changed, and yet something was written")
	}
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "active", severity: event.Critical, verb: "acknowledge", by: "dana@example.com", note: "looking", assignee: "bo@example.com"}))
	if c.remote.Category != Active || c.remote.Level != "Highest" || c.remote.Assignee.Email != "bo@example.com" || len(c.comments) != 1 {
		t.Errorf("%+v", c)
	}
	if text := c.comments[0].Text; !strings.HasPrefix(text, "Acknowledged by dana@example.com in Tocsin:\n\nlooking\n\ntocsin-") {
		t.Errorf("comment %q", text)
	}
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "closed", severity: event.Critical, verb: "resolve", by: "bo@example.com", assignee: "bo@example.com"}))
	if row := b.row(t, "INC-7"); !row.Closed || row.Status != "Done" || row.By != "tocsin" {
		t.Errorf("row %+v", row)
	}
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "active", severity: event.Critical, verb: "reopen", assignee: "bo@example.com"}))
	if c.remote.Category != Active || b.v.opened != 1 {
		t.Errorf("%+v", c)
	}
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "active", severity: event.Critical, verb: "assign", title: "New title", assignee: "",
		changed: map[string][2]string{"title": {"Account takeover", "New title"}}}))
	if c.remote.Summary != "INC-7: New title" || c.remote.Assignee.ID != "" {
		t.Errorf("%+v", c.remote)
	}
	c.remote.Summary = "What people call it"
	b.v.touch(c, "Dana")
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "active", severity: event.Critical, verb: "update", title: "Newer title",
		changed: map[string][2]string{"title": {"New title", "Newer title"}}}))
	if c.remote.Summary != "What people call it" {
		t.Errorf("a title that people chose was written over: %q", c.remote.Summary)
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	internal := b.clock.fact(t, told{incident: "INC-7", status: "new"})
	linked := b.clock.fact(t, told{status: "open"})
	sentIncident := b.clock.sent(t, event.Event{Type: "incident.created", Incident: "INC-7", Title: "x"})
	sentAlert := b.clock.sent(t, event.Event{Type: "alert.created", DedupKey: "k-1", Title: "x"})
	other := b.clock.sent(t, event.Event{Type: "attack.detected", DedupKey: "k-2", Title: "x"})
	sample := b.clock.sent(t, event.Event{Type: "alert.created", DedupKey: "k-1", Title: "x"})
	sample.Flags |= event.Test
	digest := b.clock.sent(t, event.Event{Type: "system.digest", Title: "x"})
	digest.Flags |= event.Internal
	alert := alertID.Text(event.PrefixAlert)
	for _, tt := range []struct {
		name              string
		r                 *event.Record
		auto, inc, alerts string
	}{
		{"an incident of ours", internal, "INC-7", "INC-7", ""},
		{"an alert of ours", linked, alert, "", alert},
		{"a sender's incident", sentIncident, "sent:INC-7", "sent:INC-7", ""},
		{"a sender's alert", sentAlert, alert, "", alert},
		{"something else", other, "event:k-2", "", "event:k-2"},
		{"a sample", sample, "test:" + alert, "", "test:" + alert},
		{"a digest", digest, "", "", ""},
	} {
		for per, want := range map[string]string{PerAuto: tt.auto, PerIncident: tt.inc, PerAlert: tt.alerts} {
			f, ok, err := readFacts(tt.r, per)
			got := ""
			if ok {
				got = f.subject
			}
			if got != want || err != nil {
				t.Errorf("%s, per %s: %q (%v), want %q", tt.name, per, got, err, want)
			}
		}
	}
	b.send(t, b.clock.sent(t, event.Event{Type: "alert.resolved", DedupKey: "k-9", Title: "over"}))
	if b.v.opened != 0 {
		t.Error("something that is over got a ticket")
	}
}

// An alert that belongs to an incident with a ticket needs none.
func TestIncidentStandsForItsAlerts(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "create"}))
	r := b.clock.fact(t, told{status: "open", verb: "link"})
	r.Body = []byte(strings.Replace(string(r.Body), `"status":"open"`, `"status":"open","incident":"INC-7"`, 1))
	b.send(t, r)
	if b.v.opened != 1 {
		t.Errorf("%d tickets", b.v.opened)
	}
}

func TestSendersAlerts(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	say := func(eventType string) {
		t.Helper()
		b.send(t, b.clock.sent(t, event.Event{Type: eventType, DedupKey: "k-1", Title: "Failed logins", Actor: "sensor", Severity: event.High}))
	}
	say("alert.created")
	c := b.v.tickets[0]
	writes := b.v.writes
	for range 20 {
		say("alert.created")
	}
	if b.v.opened != 1 || b.v.writes != writes {
		t.Errorf("%d tickets, %d writes for the same alert", b.v.opened, b.v.writes-writes)
	}
	for eventType, want := range map[string]Category{"alert.acknowledged": Active} {
		if say(eventType); c.remote.Category != want {
			t.Errorf("after %s: %s", eventType, c.remote.Category)
		}
	}
	if say("alert.resolved"); c.remote.Category != Closed {
		t.Errorf("after alert.resolved: %s", c.remote.Category)
	}
	if say("alert.created"); c.remote.Category != New || b.v.opened != 1 {
		t.Errorf("after another occurrence: %s, %d tickets", c.remote.Category, b.v.opened)
	}
}

// Nobody knows what became of the first try: there is one ticket all the same.
func TestOneTicket(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault fault
		find  time.Duration
		waits bool
	}{
		{"the request was lost", before, 0, true}, {"the answer was lost", after, 0, false}, {"and the ticket shows late", after, 30 * time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			b.v.findable = tt.find
			b.v.fault = func(op string) fault {
				if op == "open" {
					return tt.fault
				}
				return none
			}
			d := delivery(b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "create"}))
			if err := b.Send(t.Context(), d); !errors.Is(err, errNetwork) {
				t.Fatal(err)
			}
			b.v.fault = nil
			err := b.Send(t.Context(), d)
			if wait, postponed := connector.IsPostponed(err); postponed != tt.waits || wait > firstPause {
				t.Fatalf("it waits %v: %v", wait, err)
			}
			waited := time.Duration(0)
			for wait, postponed := connector.IsPostponed(err); postponed; wait, postponed = connector.IsPostponed(err) {
				if wait <= 0 || waited+wait > time.Minute {
					t.Fatalf("after %v it waits %v: %v", waited, wait, err)
				}
				waited += wait
				b.clock.at = b.clock.at.Add(wait)
				err = b.Send(t.Context(), d)
			}
			if tt.find > 0 && waited > 2*tt.find {
				t.Errorf("it was found after %v", waited)
			}
			if err != nil || len(b.v.tickets) != 1 {
				t.Errorf("%d tickets, %v", len(b.v.tickets), err)
			}
			if _, err := b.Env.State.Get(t.Context(), intentKey(b.v.tickets[0].mark)); !errors.Is(err, connector.ErrNoState) {
				t.Errorf("the note of the attempt is still there: %v", err)
			}
		})
	}
}

// What was refused for good was not done: the next try need not wait.
func TestRefusedOpening(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	refusing := &refuser{b.v, connector.Permanent(errors.New("no such project"))}
	b.Ticketer = refusing
	d := delivery(b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "create"}))
	if err := b.Send(t.Context(), d); !connector.IsPermanent(err) {
		t.Fatal(err)
	}
	b.Ticketer = b.v
	if err := b.Send(t.Context(), d); err != nil {
		t.Error(err)
	}
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{Stop, Recreate} {
		b := newBench(t, func(s *Settings) { s.WhenDeleted = rule })
		b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "create"}))
		b.v.tickets[0].deleted = true
		b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "active", verb: "acknowledge"}))
		row := b.row(t, "INC-7")
		if rule == Stop && (b.v.opened != 1 || row.Error == "" || !row.Closed) {
			t.Errorf("stop: %d tickets, %+v", b.v.opened, row)
		}
		if rule == Recreate && (b.v.opened != 2 || row.Key != "T-2" || row.Error != "" || b.v.tickets[1].remote.Category != Active || b.v.tickets[0].mark == b.v.tickets[1].mark) {
			t.Errorf("recreate: %d tickets, %+v", b.v.opened, row)
		}
		b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "closed", verb: "resolve"}))
	}
	b := newBench(t, nil)
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "create"}))
	if _, err := b.Heard(t.Context(), Notice{Ref: b.v.tickets[0].remote.ID, Deleted: true}); err != nil || b.row(t, "INC-7").Error == "" {
		t.Error("a deletion was not heard of", err)
	}
}

// A ticket that could not be seen for a while is kept in step again when it is heard of, with what Tocsin did meanwhile.
// What is heard late of one that was deleted changes nothing.
func TestSeenAgain(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"call", "look"} {
		b, c := opened(t, nil, "INC-7")
		late := c.remote
		c.deleted = true
		b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "active", verb: "acknowledge"}))
		b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "closed", verb: "resolve"}))
		late.Updated = b.clock.tick()
		if wishes, err := b.Heard(t.Context(), Notice{Ref: late.ID, Remote: &late}); err != nil || len(wishes) > 0 || b.row(t, "INC-7").Error == "" {
			t.Errorf("late: %v, %v", wishes, err)
		}
		c.deleted = false
		c.remote.Assignee = b.v.person("eve@example.com")
		b.v.touch(c, "Eve")
		var wishes []connector.Wish
		if by == "call" {
			wishes = b.heard(t, c)
		}
		more, err := b.Reconcile(t.Context())
		if wishes = append(wishes, more...); err != nil {
			t.Fatal(err)
		}
		if verbs(wishes) == "" || wishes[0].Verb != connector.Assign {
			t.Errorf("%s: %s", by, verbs(wishes))
		}
		b.answer(t, wishes[:1], "")
		if _, err := b.Reconcile(t.Context()); err != nil || c.remote.Category != Closed || b.row(t, "INC-7").Error != "" {
			t.Errorf("%s: %s, %+v, %v", by, c.remote.Category, b.row(t, "INC-7"), err)
		}
	}
}

// A step that is refused for good is shown, does not keep the others from being made, and is not tried again and again.
func TestRefusedStep(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "create"}))
	b.v.refuse = connector.Permanent(errors.New("no transition leads there"))
	d := delivery(b.clock.fact(t, told{incident: "INC-7", status: "closed", verb: "resolve", note: "false alarm"}))
	if err := b.Send(t.Context(), d); !connector.IsPermanent(err) {
		t.Fatal(err)
	}
	c := b.v.tickets[0]
	if len(c.comments) != 1 || !strings.Contains(b.row(t, "INC-7").Error, "no transition") {
		t.Errorf("%d comments, %+v", len(c.comments), b.row(t, "INC-7"))
	}
	writes := b.v.writes
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "closed", verb: "link"}))
	if b.v.writes != writes {
		t.Error("what was refused was tried again without a reason")
	}
	b.v.refuse = nil
	d.Attempt = 2
	d.Record = b.clock.fact(t, told{incident: "INC-7", status: "closed", verb: "resolve"})
	b.send(t, d.Record)
	if err := b.Send(t.Context(), d); err != nil || c.remote.Category != Closed {
		t.Errorf("sent again: %v, %s", err, c.remote.Category)
	}
}

// What the vendor leaves out is no change of somebody's over there.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.v.left = []Part{{FieldAssignee, "nobody over there has the address bo@example.com"}}
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "create", assignee: "bo@example.com"}))
	if row := b.row(t, "INC-7"); !strings.Contains(row.Error, "bo@example.com") {
		t.Errorf("%+v", row)
	}
	b.send(t, b.clock.fact(t, told{incident: "INC-7", status: "new", verb: "assign", assignee: "cy@example.com"}))
	b.clock.at = b.clock.at.Add(time.Minute)
	if wishes, err := b.Reconcile(t.Context()); err != nil || len(wishes) > 0 {
		t.Errorf("%v, %v", verbs(wishes), err)
	}
}

type refuser struct {
	*vendor
	err error
}

func (r *refuser) Open(context.Context, Draft) (Ref, error) { return Ref{}, r.err }

// TestSourceLink: a ticket leads people to a sender's address only if a browser reads it as we do.
func TestSourceLink(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for url, want := range map[string]bool{
		"https://siem.example.com/a?b=c": true, "https://bank.example@evil.example/": false, "javascript:alert(1)": false, "https://e.example/\u202egpj.exe": false, "": false,
	} {
		f, ok, err := readFacts(b.clock.sent(t, event.Event{Type: "alert.created", DedupKey: "k-1", Title: "x", URL: url}), PerAuto)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if got := strings.Contains(f.body("").Text(), "Open at the source"); got != want {
			t.Errorf("%q: %v", url, got)
		}
	}
}
