package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// fakeWatch gives its items and then ends, or stays silent.
type fakeWatch struct {
	mu     sync.Mutex
	items  []deliver.LiveItem
	silent bool
	closed bool
}

func (w *fakeWatch) Next(ctx context.Context) (deliver.LiveItem, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.items) == 0 && w.silent {
		<-ctx.Done()
		return deliver.LiveItem{}, ctx.Err()
	}
	if len(w.items) == 0 {
		return deliver.LiveItem{}, deliver.ErrWatchEnded
	}
	i := w.items[0]
	w.items = w.items[1:]
	return i, nil
}

func (w *fakeWatch) Place() journal.Position { return journal.Position{Epoch: 1, Frame: 2, Item: 3} }

func (w *fakeWatch) Close() { w.closed = true }

// newStreamHub makes a hub whose stream is the watch.
func newStreamHub(t *testing.T, w *fakeWatch) (*hub, *deliver.LiveSpec) {
	t.Helper()
	var asked deliver.LiveSpec
	h := newHubWith(t, func(d *Deps) {
		d.StreamKeepAlive, d.StreamRecheck = 5*time.Millisecond, 10*time.Millisecond
		d.Watch = func(_ context.Context, account event.Account, spec deliver.LiveSpec) (Watch, error) {
			if account == "full" {
				return nil, deliver.ErrTooManyWatches
			}
			asked = spec
			return w, nil
		}
	})
	return h, &asked
}

func TestStream(t *testing.T) {
	t.Parallel()
	w := &fakeWatch{}
	h, asked := newStreamHub(t, w)
	rec := h.engine.add(t, event.DefaultAccount, "{\"type\":\"alert.created\",\r\n\"title\":\"a\\nb\"}")
	d := h.engine.deliverOne(event.DefaultAccount, "mailbox")
	w.items = []deliver.LiveItem{
		{Topic: deliver.LiveEvents, Event: rec, Next: journal.Position{Epoch: 1, Frame: 2, Item: 4}},
		{Topic: deliver.LiveDeliveries, Delivery: &d},
		{Topic: deliver.LiveMailbox, Delivery: &d},
		{Topic: deliver.LiveDeliveries, Lost: 12, Gap: true},
	}
	r := h.want(200, "GET", "/api/v1/stream?topics=events,deliveries,mailbox&types=alert.*&min_severity=high&project=p&integration="+
		d.Integration.Text(event.PrefixIntegration)+"&since=2026-03-14T09:00:00Z", "")
	if got := r.Header.Get("Content-Type"); got != streamType {
		t.Errorf("the content type is %q", got)
	}
	if !asked.Events || !asked.Deliveries || !asked.Mailbox || len(asked.Filter.Types) != 1 || asked.Filter.MinSeverity != event.High ||
		asked.Filter.Project != "p" || asked.Integration != d.Integration || asked.Filter.Since.IsZero() || !w.closed {
		t.Errorf("asked for %+v", asked)
	}
	messages := strings.Split(strings.TrimSuffix(r.body, "\n\n"), "\n\n")
	var heads []string
	for _, m := range messages {
		head, _, _ := strings.Cut(m, "data: ")
		heads = append(heads, head)
		if strings.Contains(m, "\r") || strings.Count(m, "\n") > 2 {
			t.Errorf("a message of more lines than it should have: %q", m)
		}
	}
	place := func(item uint32) string { return placeText(journal.Position{Epoch: 1, Frame: 2, Item: item}) }
	want := []string{
		"retry: 2000\n: tocsin\nid: " + place(3), "event: event\nid: " + place(4) + "\n", "event: delivery\n", "event: mailbox\n",
		"event: lost\n", "event: end\n",
	}
	if diff := cmp.Diff(want, heads); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(r.body, `data: {"topic":"deliveries","count":12}`) || !strings.Contains(r.body, `"title":"a\nb"`) {
		t.Errorf("got %s", r.body)
	}
}

// An expression leaves events out, those that it cannot be evaluated for as well, and nothing else.
func TestStreamWhere(t *testing.T) {
	t.Parallel()
	w := &fakeWatch{}
	h, _ := newStreamHub(t, w)
	add := func(body string) deliver.LiveItem {
		return deliver.LiveItem{Topic: deliver.LiveEvents, Event: h.engine.add(t, event.DefaultAccount, body), Next: journal.Position{Epoch: 1, Frame: 2, Item: 4}}
	}
	d := h.engine.deliverOne(event.DefaultAccount, "mailbox")
	w.items = []deliver.LiveItem{
		add(`{"type":"alert.created","title":"one","data":{"port":22}}`), add(`{"type":"alert.created","title":"two","data":{"port":23}}`),
		add(`{"type":"alert.created","title":"three"}`), {Topic: deliver.LiveMailbox, Delivery: &d},
	}
	r := h.want(200, "GET", "/api/v1/stream?topics=events,mailbox&where=event.data.port%20%3D%3D%2022", "")
	if !strings.Contains(r.body, `"one"`) || strings.Contains(r.body, `"two"`) || strings.Contains(r.body, `"three"`) || !strings.Contains(r.body, "event: mailbox") {
		t.Errorf("got %s", r.body)
	}
	if r := h.want(422, "GET", "/api/v1/stream?where=event.severty%20%3D%3D%201", ""); !strings.Contains(r.body, "did you mean severity") {
		t.Errorf("got %s", r.body)
	}
	h.want(422, "GET", "/api/v1/stream?topics=mailbox&where=true", "")
}

func TestStreamResumes(t *testing.T) {
	t.Parallel()
	h, asked := newStreamHub(t, &fakeWatch{})
	from := journal.Position{Epoch: 1, Frame: 7, Item: 2}
	h.want(200, "GET", "/api/v1/stream?since=2026-03-14T09:00:00Z", "", withHeader("Last-Event-ID", placeText(from)))
	if asked.From != from || !asked.Filter.Since.IsZero() || !asked.Events || asked.Mailbox {
		t.Errorf("asked for %+v", asked)
	}
	h.want(422, "GET", "/api/v1/stream", "", withHeader("Last-Event-ID", "12"))
	h.want(422, "GET", "/api/v1/stream?types=ALERT", "")
	h.want(422, "GET", "/api/v1/stream?topics=rain", "")
	h.account("full", "")
	h.acting = "full"
	if r := h.want(429, "GET", "/api/v1/stream", ""); r.Header.Get("Retry-After") == "" {
		t.Errorf("too many streams: %v", r.Header)
	}
}

func TestStreamScopes(t *testing.T) {
	t.Parallel()
	h, _ := newStreamHub(t, &fakeWatch{})
	events, deliveries := h.key(event.DefaultAccount, identity.EventsRead), h.key(event.DefaultAccount, identity.DeliveriesRead)
	for _, c := range []struct {
		key, topics string
		status      int
	}{
		{events, "events", 200}, {events, "mailbox", 403}, {events, "events,deliveries", 403},
		{deliveries, "deliveries,mailbox", 200}, {deliveries, "events", 403},
	} {
		h.want(c.status, "GET", "/api/v1/stream?topics="+c.topics, "", withHeader("X-API-Key", c.key))
	}
}

// A silent stream goes on saying that it is there, and ends when its key is revoked.
func TestStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	h, _ := newStreamHub(t, &fakeWatch{silent: true})
	key, secret, err := h.keys.Create(t.Context(), event.DefaultAccount, identity.KeySpec{Name: "tail", Scopes: []identity.Scope{identity.EventsRead}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan reply)
	go func() {
		ended <- h.call(http.MethodGet, "/api/v1/stream", "", withHeader("X-API-Key", secret.Reveal()))
	}()
	select {
	case r := <-ended:
		t.Fatalf("it ended at once: %s", r.body)
	case <-time.After(60 * time.Millisecond):
	}
	if err := h.keys.Revoke(t.Context(), event.DefaultAccount, key.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-ended:
		if strings.Count(r.body, ": tocsin\n") < 3 || !strings.Contains(r.body, "event: end\n") {
			t.Errorf("got %s", r.body)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on with a revoked key")
	}
}
