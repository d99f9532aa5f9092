package plan

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// world is a service with everything it needs, and a journal that counts.
type world struct {
	*Service
	t     *testing.T
	usage *fakeUsage
	plans map[event.Account]string
	// owners are set before the world is shared; who is not in it uses up its own plan
	owners   map[event.Account]event.Account
	accounts []event.Account

	mu         sync.Mutex
	now        time.Time
	journalled map[event.Account]uint64
	over       []string
	overErr    error
}

const testMatrix = `{"plans":[{"name":"default","connectors":["*"]},
	{"name":"free","connectors":["capture"],"events_per_month":100,"above":"refuse"},
	{"name":"paid","connectors":["capture","slack"],"events_per_month":200,"above":"flag"},
	{"name":"slow","connectors":["category:siem"],"events_per_second":10,"batch_events":20,"requests_per_minute":30}]}`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, usage: &fakeUsage{rows: map[[2]string]store.Usage{}}, journalled: map[event.Account]uint64{},
		plans: map[event.Account]string{"f": "free", "p": "paid", "s": "slow", "gone": "no such plan"},
		now:   time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC),
	}
	w.restart()
	return w
}

// restart opens the service anew, as after a crash.
func (w *world) restart() {
	w.t.Helper()
	m, err := Load([]byte(testMatrix))
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service, err = Open(w.t.Context(), Deps{
		Matrix: m, PlanOf: func(a event.Account) string { return w.plans[w.Owner(a)] }, Usage: w.usage, Now: w.clock,
		Owner: w.Owner, Accounts: func() []event.Account { return w.accounts },
		Journalled: func(a event.Account) uint64 { w.mu.Lock(); defer w.mu.Unlock(); return w.journalled[a] },
		Category:   func(kind string) string { return map[string]string{"splunk": "siem"}[kind] },
		OnOver: func(_ context.Context, a event.Account, p Plan) error {
			w.over = append(w.over, string(a)+" "+p.Name)
			return w.overErr
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

// Owner is in place of the service's.
func (w *world) Owner(a event.Account) event.Account {
	if owner := w.owners[a]; owner != "" {
		return owner
	}
	return a
}

// send admits events and journals them.
func (w *world) send(a event.Account, n int) (over uint64, err error) {
	over, err = w.Admit(a, n)
	if err == nil {
		w.mu.Lock()
		w.journalled[a] += uint64(n)
		w.mu.Unlock()
	}
	return over, err
}

func (w *world) mustSend(a event.Account, n int) {
	w.t.Helper()
	if _, err := w.send(a, n); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) save() {
	w.t.Helper()
	if err := w.Save(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// used gives months as "month events/over/refused".
func (w *world) used(a event.Account) []store.Usage {
	w.t.Helper()
	rows, err := w.Usage(w.t.Context(), a, 36)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range rows {
		rows[i].UpdatedAt, rows[i].OverSaid = time.Time{}, false
	}
	return rows
}

func (w *world) wantUsed(a event.Account, want ...store.Usage) {
	w.t.Helper()
	for i := range want {
		want[i].Account = a
	}
	if diff := cmp.Diff(want, w.used(a)); diff != "" {
		w.t.Errorf("usage of %s (-want +got):\n%s", a, diff)
	}
}

type fakeUsage struct {
	mu   sync.Mutex
	rows map[[2]string]store.Usage
	err  error
}

func (f *fakeUsage) SaveUsage(_ context.Context, rows []store.Usage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	for _, r := range rows {
		f.rows[[2]string{string(r.Account), r.Month}] = r
	}
	return nil
}

func (f *fakeUsage) LatestUsage(context.Context) (list []store.Usage, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	latest := map[event.Account]store.Usage{}
	for _, r := range f.rows {
		if r.Month > latest[r.Account].Month {
			latest[r.Account] = r
		}
	}
	for _, r := range latest {
		list = append(list, r)
	}
	return list, f.err
}

func (f *fakeUsage) ListUsage(_ context.Context, a event.Account, limit int) (list []store.Usage, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rows {
		if r.Account == a {
			list = put(list, r)
		}
	}
	return list[:min(limit, len(list))], f.err
}
