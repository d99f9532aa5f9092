package ticketing

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestConverges: whatever is changed on either side, in whatever order it is heard of, whichever answers are lost and
// wherever the hub is killed, there is one ticket, and once it is quiet both sides have the same and nobody writes any
// more.
func TestConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rt)
		steps := rapid.IntRange(1, 40).Draw(rt, "steps")
		for range steps {
			w.step()
		}
		w.quiet()
		w.check()
	})
}

// maxLost is how many wishes or answers are lost.
const maxLost = 1

// errCrash is what everything says while the hub is being killed.
var errCrash = errors.New("killed")

// mortal is the memory of a hub that may be killed: from then on nothing is written.
type mortal struct {
	*connectortest.Tickets
	w *world
}

func (m mortal) Save(ctx context.Context, t connector.Ticket) error {
	if m.w.strike() {
		return errCrash
	}
	if len(t.State) > connector.MaxStateValue {
		m.w.rt.Fatalf("%d bytes are to be remembered", len(t.State))
	}
	return m.Tickets.Save(ctx, t)
}

type mortalState struct {
	*connectortest.State
	w *world
}

func (m mortalState) Put(ctx context.Context, key string, value []byte, keep time.Duration) error {
	if m.w.strike() {
		return errCrash
	}
	return m.State.Put(ctx, key, value, keep)
}

func (m mortalState) Delete(ctx context.Context, key string) error {
	if m.w.strike() {
		return errCrash
	}
	return m.State.Delete(ctx, key)
}

// world is Tocsin with one incident or alert, the vendor, and people on both sides.
type world struct {
	*bench
	rt *rapid.T
	tb testing.TB

	incident string
	status   Category
	statusAt time.Time
	assignee string
	severity event.Severity
	notes    []string // brought over from the ticket
	wrote    []string // by people on the ticket

	queue []connector.Delivery
	calls []Notice // what the vendor has to tell
	done  map[string]bool
	lost  int

	faulty  bool
	dead    bool
	changes int
}

func newWorld(tb testing.TB, rt *rapid.T) *world {
	rule := func(name string) string {
		return rapid.SampledFrom([]string{string(Newest), string(Tocsin), string(Vendor)}).Draw(rt, name)
	}
	b := newBench(tb, func(s *Settings) {
		s.Status, s.Assignee, s.Severity = rule("status rule"), rule("assignee rule"), rule("severity rule")
	})
	w := &world{bench: b, rt: rt, tb: tb, status: New, severity: event.High, done: map[string]bool{}}
	w.v.findable = time.Duration(rapid.IntRange(0, 30).Draw(rt, "seconds until found")) * time.Second
	if rapid.Bool().Draw(rt, "an incident") {
		w.incident = "INC-7"
	}
	b.Env.Tickets, b.Env.State = mortal{b.tickets, w}, mortalState{b.Env.State.(*connectortest.State), w}
	b.v.fault = func(string) fault {
		if w.dead {
			return before
		}
		if !w.faulty {
			return none
		}
		return []fault{none, none, none, none, before, after}[rapid.IntRange(0, 5).Draw(rt, "fault")]
	}
	b.v.during = func() {
		if w.faulty && !w.dead && rapid.IntRange(0, 9).Draw(rt, "people meanwhile") == 0 {
			w.people()
		}
	}
	w.fact("create", nil, "")
	return w
}

// trace shows what happened, in the order in which it did.
func (w *world) trace(format string, args ...any) {
	there := ""
	if len(w.v.tickets) > 0 {
		r := w.v.tickets[0].remote
		there = fmt.Sprintf("there %s %q %s", r.Category, r.Assignee.Email, r.Level)
	}
	w.rt.Logf("%s here %s %q %s, %s\n\t%s", w.clock.at.Format("15:04:05.000"), w.status, w.assignee, w.severity, there, fmt.Sprintf(format, args...))
	if t, err := w.tickets.OfSubject(w.tb.Context(), w.subject()); err == nil {
		w.rt.Logf("\t%s", t.State)
	}
}

// strike says whether the hub is dead, and kills it now and then.
func (w *world) strike() bool {
	if w.faulty && !w.dead && rapid.IntRange(0, 14).Draw(w.rt, "killed") == 0 {
		w.dead = true
	}
	return w.dead
}

// statusWord is how Tocsin calls a state.
func (w *world) statusWord(c Category) string {
	if w.incident != "" {
		return string(c)
	}
	return map[Category]string{New: event.AlertOpen, Active: event.AlertAcknowledged, Closed: event.AlertResolved}[c]
}

// fact says what Tocsin has now; it is delivered unless it came from the ticket.
func (w *world) fact(verb string, changed map[string][2]string, origin string) *event.Record {
	r := w.clock.fact(w.tb, told{incident: w.incident, status: w.statusWord(w.status), assignee: w.assignee, severity: w.severity, verb: verb,
		changed: changed, origin: origin})
	if origin == "" {
		w.queue = append(w.queue, connector.Delivery{Key: "d", Record: r})
	}
	return r
}

// set changes Tocsin's side, and gives the fact; nil if nothing changed.
func (w *world) set(status Category, assignee string, severity event.Severity, origin string) *event.Record {
	changed := map[string][2]string{}
	verb := "update"
	if status != w.status {
		changed["status"] = [2]string{w.statusWord(w.status), w.statusWord(status)}
		verb = map[Category]string{New: "reopen", Active: "acknowledge", Closed: "resolve"}[status]
	}
	if assignee != w.assignee {
		changed["assignee"] = [2]string{w.assignee, assignee}
	}
	if severity != w.severity {
		changed["severity"] = [2]string{w.severity.String(), severity.String()}
	}
	if len(changed) == 0 {
		return nil
	}
	if status != w.status {
		w.statusAt = w.clock.at
	}
	w.status, w.assignee, w.severity = status, assignee, severity
	return w.fact(verb, changed, origin)
}

var somebody = rapid.SampledFrom([]string{"", "dana@example.com", "bo@example.com"})

var categories = rapid.SampledFrom([]Category{New, Active, Closed})
