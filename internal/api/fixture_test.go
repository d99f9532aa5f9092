package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/connectors/capture"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

var testTime = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// hub is the API over real rooms, except for the journal and the engine.
type hub struct {
	t       *testing.T
	handler http.Handler
	server  *server
	engine  *fakeEngine
	store   *sqlite.Store
	inbox   *capture.Inbox
	keys    *identity.Service
	admin   string // a key
	log     *lockedBuffer
	health  *fakeHealth
}

// lockedBuffer collects log lines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type fakeHealth struct{ report HealthReport }

func (f *fakeHealth) Health(context.Context) HealthReport { return f.report }

func newHub(t *testing.T) *hub {
	t.Helper()
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	h := &hub{
		t: t, store: st, inbox: capture.NewInbox(), log: log, engine: newFakeEngine(),
		keys: identity.New(st, time.Now, logger),
		health: &fakeHealth{HealthReport{
			Version: "1.2.3", Journal: JournalHealth{OK: true, LastFrame: 7}, Store: StoreHealth{OK: true},
		}},
	}
	t.Cleanup(func() {
		h.keys.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	catalogue := connectors.All()
	service := integration.New(integration.Deps{
		Store: st, Catalogue: catalogue, Sealer: sealer, Sink: h.inbox, Lanes: h.engine, Events: h.engine, Log: logger,
		HTTP: httpkit.NewMaker(httpkit.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
	})
	h.server = newServer(Deps{
		Identity: h.keys, Integrations: service, Catalogue: catalogue, Deliveries: h.engine, Mailbox: st,
		Captures: h.inbox, Health: h.health, Log: logger, Version: "1.2.3",
	})
	h.handler = h.server.api.Adapter().(http.Handler)
	h.admin = h.key(event.DefaultAccount, identity.Admin)
	return h
}

// key makes a key.
func (h *hub) key(account event.Account, scopes ...identity.Scope) string {
	h.t.Helper()
	_, secret, err := h.keys.Create(h.t.Context(), account, "test", scopes, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return secret.Reveal()
}

// reply is an answer that was read.
type reply struct {
	*http.Response
	body string
}

func (r reply) get(path string) gjson.Result { return gjson.Get(r.body, path) }

// fields are the fields that a problem names.
func (r reply) fields() []string {
	var list []string
	for _, f := range r.get("errors.#.field").Array() {
		list = append(list, f.Str)
	}
	return list
}

type option func(*http.Request)

func withHeader(name, value string) option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func withKey(key string) option { return withHeader("X-API-Key", key) }

// call makes a request with the admin key.
func (h *hub) call(method, path, body string, options ...option) reply {
	h.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-API-Key", h.admin)
	for _, o := range options {
		o(r)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return reply{w.Result(), w.Body.String()}
}

// want makes a request and stops the test unless the answer has the status.
func (h *hub) want(status int, method, path, body string, options ...option) reply {
	h.t.Helper()
	r := h.call(method, path, body, options...)
	if r.StatusCode != status {
		h.t.Fatalf("%s %s answered %d, want %d: %s\n%s", method, path, r.StatusCode, status, r.body, h.log)
	}
	return r
}

const (
	canarySecret = "canary-signing-secret-0123456789"
	canaryHeader = "canary-header-value"
)

// webhookBody is a webhook integration with secrets.
func webhookBody(name, url string) string {
	return fmt.Sprintf(`{"kind":"webhook","name":%q,"settings":{"url":%q,"signing_secret":%q,
		"headers":[{"name":"X-Secret","value":%q,"secret":true}]},"subscription":{"types":["*"]}}`, name, url, canarySecret, canaryHeader)
}

// webhook makes one and gives its path.
func (h *hub) webhook(name, url string) string {
	h.t.Helper()
	r := h.want(http.StatusCreated, "POST", "/api/v1/integrations", webhookBody(name, url))
	return "/api/v1/integrations/" + r.get("id").Str
}

// fakeEngine stands for the delivery room: it knows what a test put into it.
type fakeEngine struct {
	waiting, parked uint64
	events          map[event.Account][]*event.Record
	deliveries      map[event.Account][]deliver.DeliveryView
	jobs            map[event.ID]store.Job
	replays         []deliver.ReplaySpec
	discards        []string
	retryErr        error
	filter          deliver.EventFilter
	panics          bool
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{
		events: map[event.Account][]*event.Record{}, deliveries: map[event.Account][]deliver.DeliveryView{},
		jobs: map[event.ID]store.Job{},
	}
}

func (e *fakeEngine) Apply(context.Context, store.Integration) error        { return nil }
func (e *fakeEngine) Remove(context.Context, event.Account, event.ID) error { return nil }
func (e *fakeEngine) Backlog(event.Account, event.ID) (waiting, parked uint64) {
	return e.waiting, e.parked
}

func (e *fakeEngine) stats(id event.ID) deliver.IntegrationStats {
	s := deliver.IntegrationStats{
		Integration: id, Kind: "webhook", Name: "x", State: deliver.LaneAttached, AddsUp: true, Breaker: "closed",
		Counts:   deliver.Counts{Journalled: 5, Matched: 4, Filtered: 1, Delivered: 4},
		Attempts: map[store.Outcome]uint64{store.OutcomeDelivered: 4},
	}
	s.Latency.Observe(3*time.Millisecond, 99)
	s.Latency.Observe(time.Minute, 1)
	return s
}

func (e *fakeEngine) Stats(account event.Account) deliver.AccountStats {
	return deliver.AccountStats{Account: account, Journalled: 5, AddUp: true, Integrations: []deliver.IntegrationStats{e.stats(event.ID{1})}}
}

func (e *fakeEngine) IntegrationStats(_ event.Account, id event.ID) (deliver.IntegrationStats, bool) {
	return e.stats(id), true
}

func (e *fakeEngine) Deliveries(_ context.Context, account event.Account, f deliver.DeliveryFilter, _ store.Page) (list []deliver.DeliveryView, next string, err error) {
	if e.panics {
		panic("a bug that knows " + canarySecret)
	}
	for _, d := range e.deliveries[account] {
		if f.Status == "" || f.Status == d.Status {
			list = append(list, d)
		}
	}
	return list, "", nil
}

func (e *fakeEngine) Delivery(_ context.Context, account event.Account, id event.ID) (deliver.DeliveryView, error) {
	for _, d := range e.deliveries[account] {
		if d.ID == id {
			return d, nil
		}
	}
	return deliver.DeliveryView{}, store.ErrNotFound
}

func (e *fakeEngine) Retry(ctx context.Context, account event.Account, id event.ID, force bool) error {
	if _, err := e.Delivery(ctx, account, id); err != nil {
		return err
	}
	if force {
		return nil
	}
	return e.retryErr
}

func (e *fakeEngine) Replay(_ context.Context, account event.Account, spec deliver.ReplaySpec) (store.Job, error) {
	e.replays = append(e.replays, spec)
	j := store.Job{ID: event.NewID(), Account: account, Kind: "replay", State: "queued", Total: len(spec.IDs), CreatedAt: testTime, UpdatedAt: testTime}
	e.jobs[j.ID] = j
	return j, nil
}

func (e *fakeEngine) Discard(_ context.Context, _ event.Account, s deliver.Selection, reason string) (int, error) {
	e.discards = append(e.discards, reason)
	return len(s.IDs), nil
}

func (e *fakeEngine) Job(_ context.Context, account event.Account, id event.ID) (deliver.JobView, error) {
	j, ok := e.jobs[id]
	if !ok || j.Account != account {
		return deliver.JobView{}, store.ErrNotFound
	}
	return deliver.JobView{Job: j, Problems: []deliver.JobProblem{{Delivery: "dlv_x", Error: "gone"}}}, nil
}

func (e *fakeEngine) Events(_ context.Context, account event.Account, f deliver.EventFilter, p store.Page) ([]*event.Record, string, error) {
	e.filter = f
	if p.After == "bad" {
		return nil, "", store.ErrCursor
	}
	list := e.events[account]
	if len(list) > p.Limit {
		return list[:p.Limit], "more", nil
	}
	return list, "", nil
}

func (e *fakeEngine) Event(_ context.Context, account event.Account, id event.ID) (*event.Record, error) {
	for _, r := range e.events[account] {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, store.ErrNotFound
}

// add puts an event into the engine.
func (e *fakeEngine) add(t *testing.T, account event.Account, raw string) *event.Record {
	t.Helper()
	r, err := event.Parse([]byte(raw), account, testTime, event.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	r.ID = event.NewID()
	e.events[account] = append(e.events[account], r)
	return r
}

// deliverOne puts a delivery with its history into the engine.
func (e *fakeEngine) deliverOne(account event.Account, status string) deliver.DeliveryView {
	d := deliver.DeliveryView{
		ID: event.NewID(), Integration: event.NewID(), Event: event.NewID(), Type: "alert.created", Severity: event.High,
		Status: status, Attempts: 2, Cause: "answered 500", CauseClass: "exhausted", Since: testTime,
		History: []deliver.AttemptView{{Number: 1, At: testTime, Latency: 12 * time.Millisecond, Outcome: store.OutcomeRetry, Status: 500, Batched: 1}},
	}
	e.deliveries[account] = append(e.deliveries[account], d)
	return d
}

// park puts a row into the mailbox of the real store.
func (h *hub) park(account event.Account, integration event.ID) store.Parked {
	h.t.Helper()
	p := store.Parked{
		Delivery: event.NewID(), Account: account, Integration: integration, Event: event.NewID(), Type: "alert.created",
		Severity: event.High, Position: journal.Position{Epoch: 1, Frame: 1}, State: store.StateMailbox, Attempts: 10,
		Cause: "answered 500", CauseClass: "exhausted", Since: testTime, FirstTried: testTime, Record: []byte("x"),
	}
	if err := h.store.SaveTick(h.t.Context(), store.Tick{Park: []store.Parked{p}}); err != nil {
		h.t.Fatal(err)
	}
	return p
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
