package ticketing

import (
	"bytes"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// step is one thing that happens.
func (w *world) step() {
	w.clock.at = w.clock.at.Add(time.Duration(rapid.IntRange(0, 90).Draw(w.rt, "seconds")) * time.Second)
	w.faulty = true
	w.dead = false
	switch rapid.IntRange(0, 5).Draw(w.rt, "what") {
	case 0:
		w.changes++
		w.local()
	case 1:
		w.changes++
		w.people()
	case 2:
		w.deliver()
	case 3:
		w.call()
	case 4:
		w.look()
	case 5:
		w.changes++
		if len(w.v.tickets) > 0 {
			text := fmt.Sprint("comment ", len(w.wrote))
			w.wrote = append(w.wrote, text)
			c := w.v.tickets[0]
			w.v.write(c, "Dana", text)
			r := c.remote
			w.calls = append(w.calls, Notice{Ref: r.ID, Remote: &r, Comments: c.comments[len(c.comments)-1:]})
		}
	}
	w.faulty, w.dead = false, false
}

// local is somebody in Tocsin changing something that Tocsin lets them.
func (w *world) local() {
	status := w.status
	if to := categories.Draw(w.rt, "status here"); len(statusVerbs(status, to, w.incident != "")) == 1 {
		if status = to; to == New && w.incident != "" {
			status = Active
		}
	}
	w.set(status, somebody.Draw(w.rt, "assignee here"), event.Severity(rapid.IntRange(0, 4).Draw(w.rt, "severity here")), "")
}

// people change the ticket over there.
func (w *world) people() {
	t, err := w.tickets.OfSubject(w.tb.Context(), w.subject())
	if err != nil || !bytes.Contains(t.State, []byte(`"n":true`)) {
		return // what a ticket begins with is the vendor's to choose
	}
	c := w.v.tickets[0]
	switch rapid.IntRange(0, 2).Draw(w.rt, "field there") {
	case 0:
		c.remote.Category = categories.Draw(w.rt, "status there")
		c.remote.Status = statusNames[c.remote.Category]
	case 1:
		c.remote.Assignee = connector.Person{}
		if email := somebody.Draw(w.rt, "assignee there"); email != "" {
			c.remote.Assignee = w.v.person(email)
		}
	case 2:
		c.remote.Level = w.settings.Levels.Of(event.Severity(rapid.IntRange(0, 4).Draw(w.rt, "level there")))
	}
	w.v.touch(c, "Dana")
	r := c.remote
	w.calls = append(w.calls, Notice{Ref: r.ID, Remote: &r, By: r.By})
	w.trace("people")
}

// deliver tries the first delivery; it stays until it succeeds.
func (w *world) deliver() bool {
	if len(w.queue) == 0 {
		return false
	}
	d := &w.queue[0]
	d.Attempt++
	err := w.Send(w.tb.Context(), *d)
	w.trace("send %s attempt %d: %v", d.Record.Body[bytes.Index(d.Record.Body, []byte(`"data"`)):], d.Attempt, err)
	if after, postponed := connector.IsPostponed(err); postponed {
		w.clock.at = w.clock.at.Add(after)
	}
	if connector.IsPermanent(err) {
		w.rt.Fatalf("given up: %v", err)
	}
	if err == nil {
		w.queue = w.queue[1:]
	}
	return true
}

// call makes one of the vendor's calls, the newest or any, and keeps it now and then to make it again.
func (w *world) call() {
	if len(w.calls) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.calls)-1).Draw(w.rt, "call")
	n := w.calls[i]
	if rapid.IntRange(0, 2).Draw(w.rt, "only once") > 0 {
		w.calls = append(w.calls[:i:i], w.calls[i+1:]...)
	}
	if n.Remote != nil {
		r := *n.Remote
		n.Remote = &r
	}
	wishes, err := w.Heard(w.tb.Context(), n)
	w.trace("heard %v: %s, %v", n.Remote, verbs(wishes), err)
	if err == nil {
		w.fulfil(wishes)
	}
}

func (w *world) look() []connector.Wish {
	wishes, err := w.Reconcile(w.tb.Context())
	w.trace("looked: %s, %v", verbs(wishes), err)
	w.fulfil(wishes)
	return wishes
}

// fulfil does wishes, each once; a crash loses some of them before they are done, and some answers.
func (w *world) fulfil(wishes []connector.Wish) {
	for _, wish := range wishes {
		key := string(wish.Verb) + wish.ID
		if w.lose("killed before it was done") {
			return
		}
		if w.done[key] {
			continue
		}
		w.done[key] = true
		record := w.grant(wish)
		if !w.lose("killed before it was answered") {
			faulty := w.faulty
			w.faulty, w.dead = false, false
			if err := w.Answer(w.tb.Context(), wish, connector.Outcome{Record: record}); err != nil {
				w.rt.Fatal(err)
			}
			w.faulty = faulty
		}
	}
}

// lose says whether the hub is killed between two things that belong together. What became of a wish is not known then; if
// that happens again before anybody says, both sides may differ until the next change.
func (w *world) lose(what string) bool {
	if !w.faulty || w.lost == maxLost || rapid.IntRange(0, 5).Draw(w.rt, what) > 0 {
		return false
	}
	w.lost++
	return true
}

func (w *world) grant(wish connector.Wish) *event.Record {
	status, assignee, severity := w.status, w.assignee, w.severity
	if !wish.At.IsZero() && wish.At.Before(w.statusAt) {
		switch wish.Verb {
		case connector.Acknowledge, connector.Resolve, connector.Reopen:
			return nil // Tocsin has a newer status
		}
	}
	switch wish.Verb {
	case connector.Acknowledge:
		if status == New {
			status = Active
		}
	case connector.Resolve:
		status = Closed
	case connector.Reopen:
		if w.incident == "" {
			status = New
		} else if status == Closed {
			status = Active
		}
	case connector.Assign:
		assignee = wish.Assignee.Email
	case connector.Rate:
		severity = wish.Severity
	case connector.Note:
		w.notes = append(w.notes, wish.Text)
	}
	before := w.status
	r := w.set(status, assignee, severity, "int_test")
	if w.status != before && !wish.At.IsZero() {
		w.statusAt = wish.At
	}
	return r
}

// quiet lets everything that is under way come to its end.
func (w *world) quiet() {
	for range 12 {
		for range 100 {
			if !w.deliver() {
				break
			}
		}
		w.clock.at = w.clock.at.Add(3 * time.Minute)
		w.look()
	}
}

func (w *world) check() {
	if len(w.queue) > 0 || len(w.v.tickets) != 1 {
		w.rt.Fatalf("%d deliveries wait, %d tickets", len(w.queue), len(w.v.tickets))
	}
	c := w.v.tickets[0]
	same := c.remote.Category == w.status || w.incident != "" && c.remote.Category == New && w.status == Active // it stays active
	if !same || c.remote.Assignee.Email != w.assignee || c.remote.Level != w.settings.Levels.Of(w.severity) {
		w.rt.Fatalf("here %s, %q, %s; there %s, %q, %s", w.status, w.assignee, w.severity, c.remote.Category, c.remote.Assignee.Email, c.remote.Level)
	}
	if fmt.Sprint(sorted(w.notes)) != fmt.Sprint(sorted(w.wrote)) {
		w.rt.Fatalf("comments %q, brought over %q", w.wrote, w.notes)
	}
	seen := map[string]bool{}
	for _, comment := range c.comments {
		if key := markOf(comment.Text); key != "" && seen[key] {
			w.rt.Fatalf("a comment was written twice: %q", comment.Text)
		} else if key != "" {
			seen[key] = true
		}
	}
	writes := w.v.writes
	for range 3 {
		w.clock.at = w.clock.at.Add(3 * time.Minute)
		if wishes := w.look(); len(wishes) > 0 {
			w.rt.Fatalf("still asks: %s", verbs(wishes))
		}
	}
	for _, n := range w.calls {
		wishes, err := w.Heard(w.tb.Context(), n)
		if err != nil || len(wishes) > 0 {
			w.rt.Fatalf("an old call asks: %s, %v", verbs(wishes), err)
		}
	}
	if w.v.writes != writes {
		w.rt.Fatalf("%d writes while it was quiet", w.v.writes-writes)
	}
	if most := 20 + 12*w.changes; writes > most {
		w.rt.Fatalf("%d writes for %d changes", writes, w.changes)
	}
}

func sorted(list []string) map[string]int {
	m := map[string]int{}
	for _, s := range list {
		m[s]++
	}
	return m
}
