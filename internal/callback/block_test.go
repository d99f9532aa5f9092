package callback

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// responder may block and approve, asker only block, judge only approve; analyst may do neither.
var (
	responder = Person{Actor: act.Actor{Kind: act.KindUser, ID: "usr_1"}, Email: "rea@example.com", Alerts: true, Incidents: true, Blocks: true, Approves: true}
	asker     = Person{Actor: act.Actor{Kind: act.KindUser, ID: "usr_2"}, Email: "ask@example.com", Blocks: true}
	judge     = Person{Actor: act.Actor{Kind: act.KindUser, ID: "usr_3"}, Email: "jud@example.com", Approves: true}
	analyst   = Person{Actor: act.Actor{Kind: act.KindUser, ID: "usr_4"}, Email: "ana@example.com", Alerts: true, Incidents: true}
)

func blockWish(verb connector.Verb, email string) connector.Wish {
	w := connector.Wish{ID: "m-1", Verb: verb, Personal: true, At: noon, Person: connector.Person{ID: "P1", Email: email}}
	if verb == connector.Block {
		w.Alert, w.Entity = event.AlertID("acme", "k1"), "203.0.113.7"
		return w
	}
	w.Block = event.ID{1, 15: 2}
	return w
}

// ask has a wish asked for in a world of its own, and gives what became of it.
func ask(t *testing.T, m connector.Wish) (*world, WishLine, connector.Outcome) {
	t.Helper()
	w := newWorld(t)
	for _, p := range []Person{responder, asker, judge, analyst} {
		w.people["acme/"+p.Email] = p
	}
	told := make(chan connector.Outcome, 1)
	p := asking(m)
	p.answer = func(_ context.Context, _ connector.Wish, o connector.Outcome) error { told <- o; return nil }
	i := w.add("acme", "pager", p)
	holdStatus(t, string(m.Verb), w.call(i, ""), 200)
	return w, w.last(i).Wishes[0], <-told
}

// Blocks are asked for and decided about by those whose role allows just that.
func TestWhoBlocks(t *testing.T) {
	t.Parallel()
	const blocks, decides = "block addresses", "approve or reject blocks"
	for _, tt := range []struct {
		verb  connector.Verb
		email string
		lacks string
	}{
		{connector.Block, "rea@example.com", ""}, {connector.Approve, "rea@example.com", ""}, {connector.Reject, "rea@example.com", ""},
		{connector.Block, "ask@example.com", ""}, {connector.Approve, "ask@example.com", decides}, {connector.Reject, "ask@example.com", decides},
		{connector.Block, "jud@example.com", blocks}, {connector.Approve, "jud@example.com", ""}, {connector.Reject, "jud@example.com", ""},
		{connector.Block, "ana@example.com", blocks}, {connector.Approve, "ana@example.com", decides}, {connector.Reject, "ana@example.com", decides},
	} {
		w, line, o := ask(t, blockWish(tt.verb, tt.email))
		if tt.lacks != "" {
			want := "the role of " + tt.email + " does not allow to " + tt.lacks
			if o.Refusal != want || o.Done != "" || line.Outcome != Refused || len(w.blocked) > 0 {
				t.Errorf("%s by %s: %+v, %+v", tt.verb, tt.email, o, line)
			}
			continue
		}
		if o.Refusal != "" || o.Done != "it is done" || o.By != tt.email || line.Outcome != Done || line.Event != "" || len(w.blocked) != 1 {
			t.Errorf("%s by %s: %+v, %+v", tt.verb, tt.email, o, line)
		}
		if c := w.blocked[0]; c.account != "acme" || !strings.HasPrefix(c.by, "usr_") || w.acts[0].Actor.ID != c.by {
			t.Errorf("%s by %s: in the name of %s", tt.verb, tt.email, c.by)
		}
		if len(w.applied) > 0 {
			t.Errorf("%s went to the alerts", tt.verb)
		}
	}
}

// What is about a block in a way that makes no sense is not done, and nothing is in the name of an integration.
func TestMalformedBlocks(t *testing.T) {
	t.Parallel()
	id := event.ID{7, 15: 7}
	for name, tt := range map[string]struct {
		verb   connector.Verb
		change func(*connector.Wish)
	}{
		"by an integration":           {connector.Block, func(w *connector.Wish) { w.Personal = false }},
		"approved by an integration":  {connector.Approve, func(w *connector.Wish) { w.Personal = false }},
		"rejected by an integration":  {connector.Reject, func(w *connector.Wish) { w.Personal = false }},
		"of no alert":                 {connector.Block, func(w *connector.Wish) { w.Alert = event.ID{} }},
		"of an incident":              {connector.Block, func(w *connector.Wish) { w.Incident = "INC-7" }},
		"of an incident alone":        {connector.Block, func(w *connector.Wish) { w.Alert, w.Incident = event.ID{}, "INC-7" }},
		"of a block":                  {connector.Block, func(w *connector.Wish) { w.Block = id }},
		"of no address":               {connector.Block, func(w *connector.Wish) { w.Entity = "" }},
		"of a long address":           {connector.Block, func(w *connector.Wish) { w.Entity = strings.Repeat("1", maxEntity+1) }},
		"an approval of nothing":      {connector.Approve, func(w *connector.Wish) { w.Block = event.ID{} }},
		"an approval of an alert":     {connector.Approve, func(w *connector.Wish) { w.Alert = id }},
		"an approval of a key":        {connector.Approve, func(w *connector.Wish) { w.DedupKey = "k1" }},
		"an approval of an address":   {connector.Approve, func(w *connector.Wish) { w.Entity = "203.0.113.7" }},
		"a rejection of an incident":  {connector.Reject, func(w *connector.Wish) { w.Incident = "INC-7" }},
		"a block, resolved":           {connector.Approve, func(w *connector.Wish) { w.Verb = connector.Resolve }},
		"an address, acknowledged":    {connector.Block, func(w *connector.Wish) { w.Verb = connector.Acknowledge }},
		"a block and alert, assigned": {connector.Block, func(w *connector.Wish) { w.Verb, w.Entity, w.Block = connector.Assign, "", id }},
	} {
		m := blockWish(tt.verb, "rea@example.com")
		tt.change(&m)
		w, line, o := ask(t, m)
		if o.Refusal == "" || line.Outcome != Refused || len(w.blocked)+len(w.applied) > 0 || len(w.acts) > 0 {
			t.Errorf("%s: %+v, %+v", name, o, line)
		}
	}
	m := blockWish(connector.Block, "rea@example.com") // an alert is known by its key as well
	m.Alert, m.DedupKey = event.ID{}, "k1"
	if w, line, _ := ask(t, m); line.Outcome != Done || w.blocked[0].wish.Alert != event.AlertID("acme", "k1") {
		t.Errorf("by its key: %+v", line)
	}
}

// A click that comes again, also many times at once, blocks once; the reason of a refusal is what people are told.
func TestBlockOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.people["acme/rea@example.com"] = responder
	i := w.add("acme", "pager", asking(blockWish(connector.Block, "rea@example.com")))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if a := w.call(i, ""); a.Status != 200 && a.Status != 503 {
				t.Errorf("answered %d", a.Status)
			}
		})
	}
	wg.Wait()
	holdStatus(t, "again", w.call(i, ""), 200)
	if got := w.outcomes(i); !slices.Equal(got, []string{Repeated}) || len(w.blocked) != 1 {
		t.Errorf("shown as %v, blocked %d times", got, len(w.blocked))
	}

	told := make(chan connector.Outcome, 1)
	p := asking(blockWish(connector.Approve, "rea@example.com"))
	p.answer = func(_ context.Context, _ connector.Wish, o connector.Outcome) error { told <- o; return nil }
	i = w.add("acme", "pager", p)
	fails := errFlaky
	w.fails = func(change) error { return fails }
	holdStatus(t, "for now", w.call(i, ""), 503)
	fails = Refuse("somebody else must")
	holdStatus(t, "refused", w.call(i, ""), 200)
	if o := <-told; o.Refusal != "somebody else must" {
		t.Errorf("told %+v", o)
	}
	w.Blocks = nil
	i = w.add("acme", "pager", p)
	holdStatus(t, "without blocks", w.call(i, ""), 200)
	if o := <-told; o.Refusal != "nothing can be blocked here" {
		t.Errorf("told %+v", o)
	}
}
