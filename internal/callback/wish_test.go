package callback

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// A message that comes again is done once, also when it comes twenty times at once.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := asking(wish(connector.Acknowledge, "m-1", noon))
	i := w.add("acme", "pager", p)
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
	if got := w.outcomes(i); !slices.Equal(got, []string{Repeated}) {
		t.Errorf("shown as %v", got)
	}
	holdVerbs(t, w, connector.Acknowledge)
	// The same id with another verb is another wish, and so is one without an id.
	p.receive = asking(wish(connector.Note, "m-1", noon), wish(connector.Note, "", noon), wish(connector.Note, "", noon)).receive
	holdStatus(t, "others", w.call(i, ""), 200)
	holdVerbs(t, w, connector.Acknowledge, connector.Note, connector.Note, connector.Note)
	// What another integration says has nothing to do with it.
	other := w.add("acme", "pager", asking(wish(connector.Acknowledge, "m-1", noon)))
	holdStatus(t, "another integration", w.call(other, ""), 200)
	if got := w.outcomes(other); !slices.Equal(got, []string{Done}) {
		t.Errorf("another integration's is %v", got)
	}
}

// What fails for now is asked for again, and then done; what was done before it is not done twice.
func TestTransientFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.add("acme", "pager", asking(
		wish(connector.Note, "m-1", noon), wish(connector.Resolve, "m-1", noon), wish(connector.Rate, "m-1", noon)))
	fail := true
	w.fails = func(c change) error {
		if fail && c.wish.Verb == connector.Resolve {
			return errFlaky
		}
		return nil
	}
	a := w.call(i, "")
	holdStatus(t, "first", a, 503)
	if strings.Contains(a.Detail, errFlaky.Error()) || w.last(i).Error != errFlaky.Error() {
		t.Errorf("the caller is told %q, people %q", a.Detail, w.last(i).Error)
	}
	if got := w.outcomes(i); !slices.Equal(got, []string{Done, Failed}) {
		t.Errorf("shown as %v", got)
	}
	fail = false
	holdStatus(t, "again", w.call(i, ""), 200)
	holdVerbs(t, w, connector.Note, connector.Resolve, connector.Rate)
	if got := w.outcomes(i); !slices.Equal(got, []string{Repeated, Done, Done}) {
		t.Errorf("shown as %v", got)
	}
}

// What a crash broke off is done when the message comes again.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		m := wish(connector.Resolve, "m-1", noon)
		i := w.add("acme", "pager", asking(m))
		if _, err := enterGuard(t.Context(), w.states[i.ID], m); err != nil { // and then nothing more
			t.Fatal(err)
		}
		holdStatus(t, "at once", w.call(i, ""), 503)
		time.Sleep(guardLease) //nolint:forbidigo // moves the fake clock
		holdStatus(t, "later", w.call(i, ""), 200)
		holdVerbs(t, w, connector.Resolve)
		time.Sleep(guardKeep - time.Hour) //nolint:forbidigo // moves the fake clock
		holdStatus(t, "days later", w.call(i, ""), 200)
		time.Sleep(2 * time.Hour) //nolint:forbidigo // moves the fake clock
		holdStatus(t, "when the message is forgotten", w.call(i, ""), 200)
		if got := w.outcomes(i); !slices.Equal(got, []string{Outdated}) {
			t.Errorf("shown as %v", got)
		}
		holdVerbs(t, w, connector.Resolve)
	})
}

// An older change of status never undoes a newer one; notes come whenever they come.
func TestOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := asking()
	i := w.add("acme", "pager", p)
	another := connector.Wish{ID: "m-9", Verb: connector.Acknowledge, DedupKey: "host-2/cpu", At: noon}
	for _, step := range []struct {
		wish connector.Wish
		want string
	}{
		{wish(connector.Resolve, "m-3", noon.Add(3*time.Second)), Done},
		{wish(connector.Acknowledge, "m-1", noon.Add(time.Second)), Outdated},
		{wish(connector.Note, "m-0", noon), Done},
		{another, Done},
		{wish(connector.Reopen, "m-4", noon.Add(3*time.Second)), Done}, // at the same moment: as it comes
		{wish(connector.Acknowledge, "m-5", time.Time{}), Done},        // nobody knows when
		{wish(connector.Resolve, "m-2", noon.Add(2*time.Second)), Outdated},
	} {
		p.receive = asking(step.wish).receive
		holdStatus(t, step.wish.ID, w.call(i, ""), 200)
		if got := w.outcomes(i); !slices.Equal(got, []string{step.want}) {
			t.Errorf("%s %s: %v, want %s", step.wish.Verb, step.wish.ID, got, step.want)
		}
	}
	if got := w.last(i).Wishes[0].Note; !strings.Contains(got, "2026-11-20T12:00:03Z") {
		t.Errorf("the reason is %q", got)
	}
	// The order is that of the alert, whichever way the vendor names it.
	p.receive = asking(connector.Wish{ID: "m-x", Verb: connector.Resolve, Alert: event.AlertID("acme", "host-1/cpu"), At: noon}).receive
	holdStatus(t, "by its id", w.call(i, ""), 200)
	if got := w.outcomes(i); !slices.Equal(got, []string{Outdated}) {
		t.Errorf("by its id: %v", got)
	}
}

// A time that is yet to come does not keep later changes out.
func TestOrderOfTheFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := asking(wish(connector.Acknowledge, "m-1", time.Now().Add(1000*time.Hour)))
	i := w.add("acme", "pager", p)
	holdStatus(t, "from the future", w.call(i, ""), 200)
	p.receive = asking(wish(connector.Resolve, "m-2", time.Now().Add(time.Minute))).receive
	holdStatus(t, "the next", w.call(i, ""), 200)
	if got := w.outcomes(i); !slices.Equal(got, []string{Done}) {
		t.Errorf("the next one is %v", got)
	}
}

// Many changes of one alert at once leave the newest.
func TestOrderOfMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.add("acme", "pager", &pager{receive: func(_ context.Context, c connector.Call) (connector.Reply, error) {
		at, err := time.Parse(time.RFC3339, string(c.Body))
		return connector.Reply{Wishes: []connector.Wish{wish(connector.Resolve, string(c.Body), at)}}, err
	}})
	var wg sync.WaitGroup
	for k := range 40 {
		wg.Go(func() {
			holdStatus(t, "one of many", w.call(i, noon.Add(time.Duration(k*17%40)*time.Second).Format(time.RFC3339)), 200)
		})
	}
	wg.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := w.applied[len(w.applied)-1]; !last.wish.At.Equal(noon.Add(39 * time.Second)) {
		t.Errorf("the last change is of %s", last.wish.At)
	}
	if !slices.IsSortedFunc(w.applied, func(a, b change) int { return a.wish.At.Compare(b.wish.At) }) {
		t.Error("an older change came after a newer one")
	}
}

// What is done in a person's name needs a user of the account whose role allows it.
func TestPersonal(t *testing.T) {
	t.Parallel()
	analyst := Person{Actor: act.Actor{Kind: act.KindUser, ID: "usr_1", Name: "dana@example.com"}, Email: "dana@example.com", Alerts: true, Incidents: true}
	viewer := Person{Actor: act.Actor{Kind: act.KindUser, ID: "usr_2", Name: "vera@example.com"}, Email: "vera@example.com"}
	half := Person{Actor: act.Actor{Kind: act.KindUser, ID: "usr_3", Name: "hal@example.com"}, Email: "hal@example.com", Alerts: true}
	for name, tt := range map[string]struct {
		email, incident string
		says            string // empty: it is done
		actor           string
	}{
		"an analyst":               {"dana@example.com", "", "", "usr_1"},
		"an analyst, an incident":  {"dana@example.com", "INC-7", "", "usr_1"},
		"a viewer":                 {"vera@example.com", "", "the role of vera@example.com does not allow to change alerts", "usr_2"},
		"alerts are not incidents": {"hal@example.com", "INC-7", "the role of hal@example.com does not allow to change incidents", "usr_3"},
		"a stranger":               {"eve@example.com", "", "eve@example.com is no user of Tocsin: an administrator can invite them", ""},
		"of another account":       {"olga@example.com", "", "olga@example.com is no user of Tocsin: an administrator can invite them", ""},
		"no address":               {"", "", "pager does not say which e-mail address Dana Doe has, so nobody knows which user that is", ""},
		"a hostile address":        {"a@b\u202e\nX", "", "a@b X is no user of Tocsin: an administrator can invite them", ""},
	} {
		w := newWorld(t)
		for _, p := range []Person{analyst, viewer, half} {
			w.people["acme/"+p.Email] = p
		}
		w.people["other/olga@example.com"] = analyst
		m := wish(connector.Acknowledge, "m-1", noon)
		m.Personal, m.Person.Email, m.Incident = true, tt.email, tt.incident
		if tt.incident != "" {
			m.DedupKey = ""
		}
		told := make(chan connector.Outcome, 1)
		p := asking(m)
		p.answer = func(_ context.Context, _ connector.Wish, o connector.Outcome) error { told <- o; return nil }
		i := w.add("acme", "pager", p)
		holdStatus(t, name, w.call(i, ""), 200)
		o := <-told
		if o.Refusal != tt.says || len(w.verbs()) != map[bool]int{true: 1, false: 0}[tt.says == ""] {
			t.Errorf("%s: told %q, done %v", name, o.Refusal, w.verbs())
		}
		w.mu.Lock()
		if tt.says == "" && (o.By != tt.email || w.applied[0].by != tt.email) || len(w.acts) != 1 {
			t.Errorf("%s: by %q", name, o.By)
		}
		if tt.actor != "" && w.acts[0].Actor.ID != tt.actor || tt.actor == "" && w.acts[0].Actor.Kind != act.KindIntegration || (w.ends[0] == nil) != (tt.says == "") {
			t.Errorf("%s: the record says %+v, %v", name, w.acts[0].Actor, w.ends[0])
		}
		w.mu.Unlock()
		// Sent again, it is neither done nor told again.
		holdStatus(t, name, w.call(i, ""), 200)
		if got := w.outcomes(i); !slices.Equal(got, []string{Repeated}) {
			t.Errorf("%s again: %v", name, got)
		}
	}
}

// What a vendor sends is bounded, and does nothing to the text around it.
func TestTextIsTidied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := wish(connector.Note, "m-1", noon)
	m.Text, m.Person.Name = strings.Repeat("é", maxText), "Dana\r\n\u202eDoe\x00"+strings.Repeat("x", 1000)
	i := w.add("acme", "pager", asking(m))
	holdStatus(t, "long", w.call(i, ""), 200)
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.applied[0]
	if len(c.wish.Text) > maxText+len("…") || !strings.HasSuffix(c.wish.Text, "é…") || len(c.by) > maxName+len("pager: …") || !strings.HasPrefix(c.by, "pager: Dana Doe xxx") {
		t.Errorf("%d bytes %q by %q", len(c.wish.Text), c.wish.Text[len(c.wish.Text)-8:], c.by)
	}
}

// Of the many things that a call asks for a few are shown.
func TestView(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var many []connector.Wish
	for range 25 {
		many = append(many, wish(connector.Note, "", noon))
	}
	i := w.add("acme", "pager", asking(many...))
	holdStatus(t, "many", w.call(i, ""), 200)
	if l := w.last(i); len(l.Wishes) != keptWishes || l.More != 15 || l.Wishes[0].Event == "" {
		t.Errorf("shown: %+v", l)
	}
	for _, id := range []event.ID{event.NewID(), i.ID} {
		if _, err := w.View("other", id); err != ErrNotFound { //nolint:errorlint // the very value
			t.Errorf("another account sees %v", err)
		}
	}
	if got := URL(catalogue(), "https://t.example.com", i); got != "https://t.example.com/api/v1/callbacks/pager/"+idText(i) {
		t.Errorf("the URL is %s", got)
	}
	if got := URL(catalogue(), "", store.Integration{Kind: "deaf"}); got != "" {
		t.Errorf("the URL is %s", got)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		every  time.Duration
		failed int
		want   time.Duration
	}{
		{time.Minute, 0, time.Minute}, {time.Second, 0, leastPause}, {time.Minute, 1, 2 * time.Minute}, {time.Minute, 3, 8 * time.Minute},
		{time.Minute, 100, mostPause}, {3 * time.Hour, 5, 3 * time.Hour},
	} {
		for range 100 {
			got := pause(tt.every, tt.failed)
			if least, most := time.Duration(0.9*float64(tt.want)), time.Duration(1.1*float64(tt.want)); got < least || got > most {
				t.Fatalf("every %v, %d failures: %v, want about %v", tt.every, tt.failed, got, tt.want)
			}
		}
	}
	if diff := cmp.Diff("a b", line("a \x00\u202e b\n")); diff != "" {
		t.Error(diff)
	}
}
