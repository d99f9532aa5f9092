package incident

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

const acme event.Account = "acme"

var base = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// world is the service over a real store, with a clock that stands still.
type world struct {
	*Service
	t        testing.TB
	db       *sqlite.Store
	recorder *recorder
	mu       sync.Mutex
	clock    time.Time
}

// recorder notes the acts that began.
type recorder struct {
	mu    sync.Mutex
	acts  []act.Act
	fails bool
}

var errNoRecord = errors.New("the record is broken")

func (r *recorder) Begin(_ context.Context, a act.Act) (act.Finish, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails {
		return nil, errNoRecord
	}
	r.acts = append(r.acts, a)
	return func(error) {}, nil
}

// emptyStore gives the files of a store that nothing is in: copying them takes less time than making all tables.
var emptyStore = sync.OnceValue(func() map[string][]byte {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "tocsin-incident-test")
	must(err)
	defer func() { must(os.RemoveAll(dir)) }()
	db, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	must(err)
	must(db.Close())
	entries, err := os.ReadDir(dir)
	must(err)
	files := map[string][]byte{}
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		must(err)
	}
	return files
})

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := t.TempDir()
	for name, content := range emptyStore() {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{t: t, db: db, recorder: &recorder{}, clock: base}
	w.restart()
	return w
}

// restart opens the service anew, as after a crash: what it had in memory is gone.
func (w *world) restart() {
	w.t.Helper()
	s, err := Open(w.t.Context(), Deps{Store: w.db, Recorder: w.recorder, PublicURL: "https://tocsin.example.com", Now: w.time})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service = s
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// alert is one that was last seen now.
func (w *world) alert(key string, severity event.Severity, ip string) store.Alert {
	a := store.Alert{
		ID: event.AlertID(acme, key), Account: acme, Key: key, Status: event.AlertOpen, Severity: severity, Title: "Alert " + key, AlertType: "brute_force",
		Project: "web", Source: "okta/okta", RuleID: "r1", Count: 1, FirstSeen: w.time(), LastSeen: w.time(), LastEvent: event.NewID(), Version: 1,
	}
	if ip != "" {
		a.Entities = []event.Entity{{Type: "ip", Value: ip, Observed: true}}
	}
	return a
}

// fold does what the alerts' cursor does: it asks the rules, and stores alerts and answers in one transaction.
func (w *world) fold(alerts ...store.Alert) []store.IncidentWrite {
	w.t.Helper()
	writes := w.decide(alerts...)
	w.save(alerts, writes)
	return writes
}

func (w *world) decide(alerts ...store.Alert) []store.IncidentWrite {
	w.t.Helper()
	writes, err := w.Decide(w.t.Context(), acme, alerts)
	if err != nil {
		w.t.Fatal(err)
	}
	return writes
}

func (w *world) save(alerts []store.Alert, writes []store.IncidentWrite) {
	w.t.Helper()
	if err := w.db.SaveFold(w.t.Context(), store.Fold{Alerts: alerts, Incidents: writes}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) rule(raw string) store.IncidentRule {
	w.t.Helper()
	r, err := w.CreateRule(w.t.Context(), acme, json.RawMessage(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// must gives an incident that was made or changed.
func (w *world) must(i store.Incident, err error) store.Incident {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

func (w *world) make(raw string) store.Incident {
	w.t.Helper()
	return w.must(w.Create(w.t.Context(), acme, json.RawMessage(raw)))
}

func (w *world) patch(number int64, raw string) store.Incident {
	w.t.Helper()
	return w.must(w.Update(w.t.Context(), acme, number, 0, json.RawMessage(raw)))
}

// said are the facts that wait, the oldest first.
func (w *world) said() []store.Said {
	w.t.Helper()
	list, err := w.db.ListOutbox(w.t.Context(), 500)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// incidents are all of them, the oldest first.
func (w *world) incidents() []store.Incident {
	w.t.Helper()
	list, _, err := w.List(w.t.Context(), store.IncidentFilter{Account: acme}, store.Page{Limit: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}
