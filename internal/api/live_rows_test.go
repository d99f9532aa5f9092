package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/news"
)

// watcher reads a stream while it goes on.
type watcher struct {
	t        *testing.T
	messages chan gjson.Result // {"event": …, "data": …}
	stop     context.CancelFunc
}

// watchRowsOf begins to watch over a real connection.
func (h *hub) watchRowsOf(key, query string) *watcher {
	h.t.Helper()
	s := httptest.NewServer(h.handler)
	ctx, stop := context.WithCancel(h.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/stream?"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("X-API-Key", key)
	answer, err := s.Client().Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		h.t.Fatalf("watching %s: %v, %v", query, answer, err)
	}
	w := &watcher{t: h.t, messages: make(chan gjson.Result, 1000), stop: stop}
	var reading sync.WaitGroup
	reading.Go(func() { w.read(bufio.NewScanner(answer.Body)) })
	h.t.Cleanup(func() {
		stop()
		reading.Wait()
		answer.Body.Close()
		s.Close()
	})
	return w
}

func (w *watcher) read(lines *bufio.Scanner) {
	defer close(w.messages)
	lines.Buffer(nil, 1<<20)
	name := ""
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			w.messages <- gjson.Parse(`{"event":"` + name + `","data":` + text + `}`)
		}
	}
}

// next waits for the next message.
func (w *watcher) next(name string) gjson.Result {
	w.t.Helper()
	select {
	case m := <-w.messages:
		if m.Get("event").Str != name {
			w.t.Fatalf("got %s, want %s", m.Raw, name)
		}
		return m.Get("data")
	case <-time.After(10 * time.Second):
		w.t.Fatalf("no %s came", name)
	}
	return gjson.Result{}
}

// none makes sure that nothing was told: what is told next is of a change that is made now.
func (w *watcher) none(mark func(), name string) gjson.Result {
	w.t.Helper()
	mark()
	return w.next(name)
}

const manyTopics = "topics=alerts,incidents,blocks,jobs"

// newRowsHub makes a hub whose streams gather rows for a pause.
func newRowsHub(t *testing.T, pause time.Duration) *hub {
	t.Helper()
	return newHubWith(t, func(d *Deps) {
		d.StreamPause = pause
		d.Watch = func(context.Context, event.Account, deliver.LiveSpec) (Watch, error) {
			return &fakeWatch{silent: true}, nil
		}
	})
}

// same makes sure that a message has what the list has.
func (w *watcher) same(message, listed gjson.Result) {
	w.t.Helper()
	var a, b any
	if json.Unmarshal([]byte(message.Raw), &a) != nil || json.Unmarshal([]byte(listed.Raw), &b) != nil {
		w.t.Fatalf("got %s, listed %s", message.Raw, listed.Raw)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		w.t.Error(diff)
	}
}

func TestStreamTellsRows(t *testing.T) {
	t.Parallel()
	h := newRowsHub(t, 10*time.Millisecond)
	key := h.key(event.DefaultAccount, identity.AlertsRead, identity.IncidentsRead, identity.BlocksRead, identity.DeliveriesRead)
	w := h.watchRowsOf(key, manyTopics)

	h.alert(event.DefaultAccount, `{"type":"alert.created","title":"One","severity":"high","dedup_key":"k","entities":[{"type":"ip","value":"203.0.113.7"}]}`)
	id := event.AlertID(event.DefaultAccount, "k")
	h.news.Changed(event.DefaultAccount, news.Alerts, news.Row{ID: id}, news.Row{ID: event.NewID()}) // one of them is gone again
	w.same(w.next("alert"), h.want(200, "GET", "/api/v1/alerts", "").get("items.0"))

	h.incident("Case", id)
	h.news.Changed(event.DefaultAccount, news.Incidents, news.Row{Number: 1}, news.Row{Number: 9})
	told, listed := w.next("incident"), h.want(200, "GET", "/api/v1/incidents", "").get("items.0")
	if told.Get("id").Str != "INC-1" || told.Get("version").Int() != listed.Get("version").Int() || told.Get("alerts_count").Int() != 1 {
		t.Errorf("got %s, listed %s", told.Raw, listed.Raw)
	}

	h.want(200, "PATCH", policyBase, `{"approve_wider_ipv4":0}`)
	h.responder("edge", newFirewall(t))
	block, err := event.ParseID(event.PrefixBlock, strings.TrimPrefix(h.block("203.0.113.9"), blocksBase+"/"))
	if err != nil {
		t.Fatal(err)
	}
	h.news.Changed(event.DefaultAccount, news.Blocks, news.Row{ID: block})
	w.same(w.next("block"), h.want(200, "GET", blocksBase, "").get("items.0"))

	job, err := h.engine.Replay(t.Context(), event.DefaultAccount, deliver.ReplaySpec{})
	if err != nil {
		t.Fatal(err)
	}
	h.news.Changed(event.DefaultAccount, news.Jobs, news.Row{ID: job.ID}, news.Row{ID: event.NewID()})
	w.same(w.next("job"), h.want(200, "GET", "/api/v1/jobs", "").get("items.0"))

	h.news.Many(event.DefaultAccount, news.Blocks)
	if lost := w.next("lost"); lost.Raw != `{"topic":"blocks","count":0}` {
		t.Errorf("got %s", lost.Raw)
	}
}

// An alert that changes without an end is told as it is then, once in a pause; and what there is no room for is counted.
func TestStreamGathers(t *testing.T) {
	t.Parallel()
	const pause = 150 * time.Millisecond
	h := newRowsHub(t, pause)
	w := h.watchRowsOf(h.admin, "topics=alerts")
	began, done := time.Now(), make(chan struct{})
	id := event.AlertID(event.DefaultAccount, "k")
	h.alert(event.DefaultAccount, `{"type":"alert.created","title":"0","dedup_key":"k"}`)
	go func() {
		defer close(done)
		for time.Since(began) < 5*pause {
			h.news.Changed(event.DefaultAccount, news.Alerts, news.Row{ID: id})
		}
	}()
	<-done
	h.alert(event.DefaultAccount, `{"type":"alert.updated","title":"last","dedup_key":"k"}`)
	h.news.Changed(event.DefaultAccount, news.Alerts, news.Row{ID: id})
	n := 1
	for w.next("alert").Get("title").Str != "last" {
		n++
	}
	if most := int(time.Since(began)/pause) + 2; n > most {
		t.Errorf("it was told %d times, at most %d are wanted", n, most)
	}
	// Of a stream of its own, as the one above may have something left to tell.
	w = h.watchRowsOf(h.admin, "topics=alerts")
	rows := make([]news.Row, news.MaxRows+100)
	for i := range rows {
		rows[i].ID = event.NewID()
	}
	h.news.Changed(event.DefaultAccount, news.Alerts, rows...)
	if lost := w.next("lost"); lost.Raw != `{"topic":"alerts","count":100}` {
		t.Errorf("got %s", lost.Raw)
	}
}

// No stream tells anything of another account, be it above or below; who acts in an account below sees that one.
func TestStreamKeepsAccountsApart(t *testing.T) {
	t.Parallel()
	h := newRowsHub(t, 10*time.Millisecond)
	h.account("acme", "")
	h.account("below", "acme")
	const raw = `{"type":"alert.created","title":"x","dedup_key":"k"}`
	change := func(account event.Account, told event.Account) func() {
		return func() {
			h.alert(account, raw)
			// Even a name in the wrong account leads to no row.
			h.news.Changed(told, news.Alerts, news.Row{ID: event.AlertID(account, "k")})
			h.news.Changed(told, news.Incidents, news.Row{Number: 1})
			h.news.Changed(told, news.Blocks, news.Row{ID: event.NewID()})
			h.news.Changed(told, news.Jobs, news.Row{ID: event.NewID()})
		}
	}
	watchers := map[event.Account]*watcher{}
	for _, a := range []event.Account{"acme", "below", event.DefaultAccount} {
		watchers[a] = h.watchRowsOf(h.key(a, identity.Admin), manyTopics)
	}
	for _, account := range []event.Account{"acme", "below", event.DefaultAccount} {
		for told := range watchers {
			change(account, told)()
		}
	}
	for account, w := range watchers {
		if got := w.next("alert").Get("id").Str; got != event.AlertID(account, "k").Text(event.PrefixAlert) {
			t.Errorf("%s got %s", account, got)
		}
		for _, other := range []event.Account{"acme", "below", event.DefaultAccount} {
			change(other, other)()
		}
		if got := w.none(func() {}, "alert").Get("id").Str; got != event.AlertID(account, "k").Text(event.PrefixAlert) {
			t.Errorf("%s got %s", account, got)
		}
	}
}

func TestStreamRowScopes(t *testing.T) {
	t.Parallel()
	h, _ := newStreamHub(t, &fakeWatch{})
	scopes := map[string]identity.Scope{
		"alerts": identity.AlertsRead, "incidents": identity.IncidentsRead, "blocks": identity.BlocksRead, "jobs": identity.DeliveriesRead,
		"health": identity.DeliveriesRead,
	}
	if len(scopes)+3 != len(topicScopes) {
		t.Errorf("a topic is not tested: %v", topicScopes)
	}
	for topic, scope := range scopes {
		for _, with := range identity.AllScopes() {
			status := 403
			if with.Scope == scope || with.Scope == identity.Admin {
				status = 200
			}
			h.want(status, "GET", "/api/v1/stream?topics="+topic, "", withHeader("X-API-Key", h.key(event.DefaultAccount, with.Scope)))
		}
		h.want(403, "GET", "/api/v1/stream?topics=events,"+topic, "", withHeader("X-API-Key", h.key(event.DefaultAccount, scope)))
	}
}

func TestStreamHealth(t *testing.T) {
	t.Parallel()
	h := newRowsHub(t, 10*time.Millisecond)
	h.alert(event.DefaultAccount, `{"type":"alert.created","title":"x","dedup_key":"k"}`)
	h.incident("Case")
	h.responder("edge", newFirewall(t))
	h.block("203.0.113.9")
	w := h.watchRowsOf(h.admin, "topics=health")
	first := w.next("health")
	for path, want := range map[string]float64{
		"received_per_second": 1.5, "delivered_per_second": 2.5, "backlog": float64(len("default")), "mailbox": 2, "failing": 1, "alerts_open": 1,
		"incidents_open": 1, "blocks_active": 1, "blocks_pending": 0,
	} {
		if got := first.Get(path); !got.Exists() || got.Num != want {
			t.Errorf("%s is %s, want %g", path, got.Raw, want)
		}
	}
	if at := first.Get("at").Time(); time.Since(at) > time.Minute || !first.Get("journal_ok").Bool() {
		t.Errorf("got %s", first.Raw)
	}
	h.alert(event.DefaultAccount, `{"type":"alert.created","title":"y","dedup_key":"l"}`)
	if second := w.next("health"); second.Get("alerts_open").Int() != 2 {
		t.Errorf("after a change it is %s", second.Raw)
	}
	w.stop()
	few := h.watchRowsOf(h.key(event.DefaultAccount, identity.DeliveriesRead, identity.IncidentsRead), "topics=health").next("health")
	if few.Get("alerts_open").Exists() || few.Get("blocks_active").Exists() || few.Get("blocks_pending").Exists() || few.Get("incidents_open").Int() != 1 {
		t.Errorf("with few scopes it is %s", few.Raw)
	}
}

// Nothing changes: health is told as often as a stream gives a sign of life, and no more.
func TestStreamHealthIsQuiet(t *testing.T) {
	t.Parallel()
	h := newRowsHub(t, 10*time.Millisecond)
	h.server.StreamKeepAlive = 200 * time.Millisecond
	w := h.watchRowsOf(h.admin, "topics=health")
	first, second := w.next("health").Get("at").Time(), w.next("health").Get("at").Time()
	if apart := second.Sub(first); apart < 150*time.Millisecond {
		t.Errorf("they are %s apart", apart)
	}
}
