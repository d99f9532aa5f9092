package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// beacon is a small connector: it posts an event with a token, and its test asks for /ping.
type beaconSettings struct {
	url, mode            string
	verify               bool
	token, signingSecret form.Secret
	headers              []beaconHeader
}

type beaconHeader struct {
	name  string
	value form.Secret
}

func (s *beaconSettings) Form(f *form.Set) {
	f.URL("url", &s.url, "URL", form.Required())
	f.Secret("token", &s.token, "Token", form.Required(), form.Min(8))
	f.Secret("signing_secret", &s.signingSecret, "Signing secret")
	f.Choice("mode", &s.mode, "Mode", []string{"plain", "broken", "panics"}, form.Default("plain"))
	f.Bool("verify_tls", &s.verify, "Verify", form.Default(true), form.Destination())
	form.List(f, "headers", &s.headers, "Headers", form.Key("name"))
}

func (h *beaconHeader) Form(f *form.Set) {
	f.Text("name", &h.name, "Name", form.Required())
	f.Secret("value", &h.value, "Value", form.Required())
}

type beacon struct {
	s      *beaconSettings
	client *httpkit.Client
	env    connector.Env
}

func openBeacon(s *beaconSettings, env connector.Env) (*beacon, error) {
	if s.mode == "broken" {
		return nil, fmt.Errorf("the token %s does not work", s.token.Reveal())
	}
	client, err := env.HTTP.Client(httpkit.Options{})
	return &beacon{s, client, env}, err
}

func (b *beacon) Send(ctx context.Context, d connector.Delivery) error {
	if b.s.mode == "panics" {
		panic("a bug that knows " + b.s.token.Reveal())
	}
	h := http.Header{"Authorization": {"Bearer " + b.s.token.Reveal()}, "X-Delivery": {d.Key}}
	for _, header := range b.s.headers {
		h.Set(header.name, header.value.Reveal())
	}
	return b.do(ctx, &httpkit.Request{Method: http.MethodPost, URL: b.s.url, Header: h, Body: d.Record.AppendJSON(nil)})
}

func (b *beacon) Test(ctx context.Context) error {
	return b.do(ctx, &httpkit.Request{Method: http.MethodGet, URL: b.s.url + "/ping", Header: http.Header{"X-Token": {b.s.token.Reveal()}}})
}

func (b *beacon) do(ctx context.Context, r *httpkit.Request) error {
	resp, err := b.client.Do(ctx, r)
	if err != nil {
		return fmt.Errorf("calling the beacon: %w", err)
	}
	return connector.ClassifyStatus(resp, b.env.Now())
}

func (b *beacon) Close() { b.client.CloseIdle() }

// fakeLanes remembers what it was told.
type fakeLanes struct {
	mu              sync.Mutex
	applied         []store.Integration
	removed         []event.ID
	waiting, parked uint64
	err             error
}

func (l *fakeLanes) Apply(_ context.Context, i store.Integration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applied = append(l.applied, i)
	return l.err
}

func (l *fakeLanes) Remove(_ context.Context, _ event.Account, id event.ID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removed = append(l.removed, id)
	return l.err
}

func (l *fakeLanes) Backlog(event.Account, event.ID) (waiting, parked uint64) {
	return l.waiting, l.parked
}

func (l *fakeLanes) last(t *testing.T) store.Integration {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.applied) == 0 {
		t.Fatal("the lanes heard nothing")
	}
	return l.applied[len(l.applied)-1]
}

type fakeEvents map[event.ID]*event.Record

func (f fakeEvents) Event(_ context.Context, _ event.Account, id event.ID) (*event.Record, error) {
	if r := f[id]; r != nil {
		return r, nil
	}
	return nil, store.ErrNotFound
}

type fixture struct {
	*Service
	lanes  *fakeLanes
	store  *sqlite.Store
	events fakeEvents
	sealer *seal.Sealer
	keys   string // the directory of its key file
}

const account = event.DefaultAccount

func newFixture(t testing.TB) *fixture {
	t.Helper()
	st, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	keys := t.TempDir()
	sealer, err := seal.Open(keys, seal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{lanes: &fakeLanes{}, store: st, events: fakeEvents{}, sealer: sealer, keys: keys}
	f.Service = New(Deps{
		Store: st, Sealer: sealer, Lanes: f.lanes, Events: f.events,
		Catalogue: connector.NewCatalogue(
			connector.Define(connector.Kind{Name: "beacon", Title: "Beacon", ConfirmsDelivery: true}, openBeacon),
			connector.Define(connector.Kind{Name: "relay", Title: "Relay"}, openRelay),
			connector.Define(connector.Kind{Name: "pager", Title: "Pager", OrderedByKey: true}, openBeacon),
		),
		HTTP: httpkit.NewMaker(httpkit.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		Now:  func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	})
	return f
}

// object builds the JSON of an integration; more is merged over the valid one.
func object(t testing.TB, more string) json.RawMessage {
	t.Helper()
	raw, err := mergePatch(json.RawMessage(`{"kind":"beacon","name":"Main","settings":{"url":"https://siem.example.com/in",
		"token":"canary-token-1"},"subscription":{"types":["alert.*"]}}`), json.RawMessage(more))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (f *fixture) create(t *testing.T, more string) store.Integration {
	t.Helper()
	i, err := f.Create(t.Context(), account, object(t, more))
	if err != nil {
		t.Fatalf("creating %s: %v", more, err)
	}
	return i
}

// paths are the paths of the field errors of err.
func paths(t *testing.T, err error) []string {
	t.Helper()
	fields, ok := form.AsErrors(err)
	if !ok {
		t.Fatalf("want field errors, got %v", err)
	}
	var list []string
	for _, f := range fields {
		list = append(list, f.Path)
	}
	return list
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}
