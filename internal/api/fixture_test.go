package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/connectors/capture"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/digest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/ingest"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/mapping"
	"github.com/tocsin-hub/tocsin/internal/news"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/respond/rule"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/silence"
	"github.com/tocsin-hub/tocsin/internal/source"
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
	users   *user.Service
	sources *source.Service
	record  *recorder
	alerts  *alerting.Service

	blocks     *respond.Service
	responders *reconcile.Service
	rules      *rule.Service

	accounts *account.Service
	admin    string // a key
	log      *lockedBuffer
	health   *fakeHealth
	backups  atomic.Int64 // how many were begun
	calls    *fakeCalls
	pulse    fakePulse
	news     news.Board

	// acting is the account that calls are about; empty: the key's own.
	acting event.Account
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
	return newHubWith(t, func(*Deps) {})
}

// emptyStore gives the files of a store that nothing is in: copying them takes less time than making all tables.
var emptyStore = sync.OnceValue(func() map[string][]byte {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "tocsin-api-test")
	must(err)
	defer func() { must(os.RemoveAll(dir)) }()
	st, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	must(err)
	must(st.Close())
	entries, err := os.ReadDir(dir)
	must(err)
	files := map[string][]byte{}
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		must(err)
	}
	return files
})

// newHubWith makes a hub whose operator has configured something else.
func newHubWith(t *testing.T, configure func(*Deps)) *hub {
	t.Helper()
	dir := t.TempDir()
	for name, content := range emptyStore() {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	h := &hub{
		t: t, store: st, inbox: capture.NewInbox(), log: log, engine: newFakeEngine(), calls: &fakeCalls{},
		health: &fakeHealth{HealthReport{
			Version: "1.2.3", Journal: JournalHealth{OK: true, LastFrame: 7}, Store: StoreHealth{OK: true},
		}},
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	record, err := audit.New(t.Context(), audit.Deps{Store: st, Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	h.record = &recorder{Log: record}
	t.Cleanup(func() {
		if h.keys != nil {
			h.keys.Close()
		}
		if err := errors.Join(record.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	deps := h.deps(dir, record, logger)
	configure(&deps)
	h.server = newServer(deps)
	h.handler = h.server.api.Adapter().(http.Handler)
	h.admin = h.key(event.DefaultAccount, identity.Admin)
	return h
}

// deps are the rooms that the API stands on.
func (h *hub) deps(dir string, record *audit.Log, log *slog.Logger) Deps {
	h.t.Helper()
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	sealer, err := seal.Open(dir, seal.Options{Existing: false})
	must(err)
	catalogue, matrix := connectors.All(), plan.Embedded()
	accounts, err := account.Open(h.t.Context(), account.Deps{Store: h.store, Recorder: h.record, Plans: matrix.Known, Log: log})
	must(err)
	plans, err := plan.Open(h.t.Context(), plan.Deps{
		Matrix: matrix, PlanOf: accounts.Plan, Usage: h.store, Journalled: func(event.Account) uint64 { return 0 }, Log: log,
		Category: func(kind string) string { return catalogue[kind].Kind.Category },
	})
	must(err)
	h.keys = identity.New(identity.Deps{Keys: h.store, Recorder: h.record, AccountOpen: accounts.IsOpen, Log: log})
	h.accounts = accounts
	h.users = user.New(user.Deps{Store: h.store, Sealer: sealer, Recorder: h.record, AccountOpen: accounts.IsOpen, Log: log})
	integrations := integration.New(integration.Deps{
		Store: h.store, Catalogue: catalogue, Sealer: sealer, Sink: h.inbox, Lanes: followers{h.engine, h}, Events: h.engine, Log: log,
		Held: func(ctx context.Context, account event.Account, id event.ID) (int, error) {
			return h.responders.Held(ctx, account, id)
		},
		Recorder: h.record, CheckKind: plans.CheckKind, TestsPerMinute: 1000,
		HTTP: httpkit.NewMaker(httpkit.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
	})
	sources := source.New(source.Deps{
		Store: h.store, Sealer: sealer, Dialects: []string{ingest.Native, "falco", "github"}, Recorder: h.record, Log: log,
	})
	must(sources.Load(h.t.Context()))
	h.sources = sources
	reader := ingest.New(ingest.Config{})
	rules, err := mapping.Open(h.t.Context(), mapping.Deps{
		Store: h.store, Recorder: h.record, Log: log,
		Below: func(a, above event.Account) bool { return slices.Contains(accounts.Parents(a), above) },
	})
	must(err)
	h.alerts = alerting.New(alerting.Deps{
		Store: h.store, Journal: noJournal{}, Recorder: h.record, Log: log, Now: func() time.Time { return testTime.Add(time.Hour) },
	})
	incidents, err := incident.Open(h.t.Context(), incident.Deps{Store: h.store, Recorder: h.record, Log: log})
	must(err)
	h.openBlocks(accounts, integrations, catalogue, log)
	silences, err := silence.Open(h.t.Context(), silence.Deps{Store: h.store, Recorder: h.record, Log: log})
	must(err)
	return Deps{
		Digests: digest.New(digest.Deps{Integrations: digestIntegrations{h.store, integrations}, Store: h.store, Log: log}),
		Mapping: rules, Alerts: h.alerts, Tickets: h.store, Incidents: incidents, Silences: silences,
		Blocks: h.blocks, Responders: h.responders, ResponseRules: h.rules,
		Sources: sources, Dialects: reader.Dialects(),
		TrySource: func(ctx context.Context, account event.Account, id event.ID, header http.Header, body []byte) (ingest.Tried, error) {
			s, err := sources.Get(ctx, account, id)
			if err != nil {
				return ingest.Tried{}, err
			}
			return reader.Try(ingest.Trial{
				Dialect: s.Dialect, Account: account, MaySend: source.SendFilter(s.Types), Header: header, Body: body,
				Defaults: ingest.Defaults{Project: s.Project, Labels: s.Labels},
			})
		},
		Gate:     gate.New(gate.Deps{Keys: h.keys, People: h.users, Accounts: accounts, Plans: plans, FailuresPerMinute: -1}),
		Accounts: accounts, Matrix: matrix, Plans: plans, Users: h.users, Audit: record, Recorder: h.record,
		Secrets: &integration.Secrets{
			Sealer: sealer, Integrations: integrations, Others: []seal.Resealer{h.users, sources}, Recorder: h.record,
		},
		Backup: func(_ context.Context, w io.Writer, _ bool) error {
			h.backups.Add(1)
			_, err := io.WriteString(w, "a backup")
			return err
		},
		Egress:   Egress{Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}},
		Identity: h.keys, Integrations: integrations, Catalogue: catalogue, Deliveries: h.engine, Mailbox: h.store, Callbacks: h.calls,
		Watch:    func(context.Context, event.Account, deliver.LiveSpec) (Watch, error) { return &fakeWatch{}, nil },
		Captures: h.inbox, Health: h.health, Pulse: h.pulse, News: &h.news, JournalOK: func() bool { return true }, Log: log, Version: "1.2.3",
	}
}

// recorder is the audit record, which a test can make fail.
type recorder struct {
	*audit.Log

	fails  atomic.Bool
	failOn atomic.Value // the action that fails, a string
}

func (r *recorder) Begin(ctx context.Context, a act.Act) (act.Finish, error) {
	if r.fails.Load() || r.failOn.Load() == a.Action {
		return nil, audit.ErrUnavailable
	}
	return r.Log.Begin(ctx, a)
}

// key makes a key.
func (h *hub) key(account event.Account, scopes ...identity.Scope) string {
	h.t.Helper()
	_, secret, err := h.keys.Create(h.t.Context(), account, identity.KeySpec{Name: "test", Scopes: scopes})
	if err != nil {
		h.t.Fatal(err)
	}
	return secret.Reveal()
}

// account makes an account.
func (h *hub) account(name, parent string) event.Account {
	h.t.Helper()
	if _, err := h.accounts.Create(h.t.Context(), account.Input{Name: &name, Parent: &parent}); err != nil {
		h.t.Fatal(err)
	}
	return event.Account(name)
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

// actIn makes the caller act in another account.
func actIn(account event.Account) option { return withHeader(gate.HeaderAccount, string(account)) }

// call makes a request with the admin key, and holds the answer to the document.
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
	if h.acting != "" {
		r.Header.Set(gate.HeaderAccount, string(h.acting))
	}
	for _, o := range options {
		o(r)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	answered := reply{w.Result(), w.Body.String()}
	theContract().hold(h.t, r, answered)
	return answered
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

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
