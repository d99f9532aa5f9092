package digest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// world is everything around a Service.
type world struct {
	mu        sync.Mutex
	list      []store.Integration
	schedules map[event.ID][]connector.DigestSchedule
	opened    int
	broken    error // of Schedules
	rows      map[string]store.DigestRow
	said      []store.Said
	woken     int
	saveFails error
	alertsErr error
	asked     [][2]time.Time
}

func newWorld(schedules ...connector.DigestSchedule) *world {
	id := event.NewID()
	return &world{
		list:      []store.Integration{{ID: id, Account: "acme", Kind: "email", Enabled: true, Version: 1}},
		schedules: map[event.ID][]connector.DigestSchedule{id: schedules}, rows: map[string]store.DigestRow{},
	}
}

func (w *world) service() *Service {
	return New(Deps{
		Integrations: w, Store: w, Alerts: w, Incidents: w, Deliveries: w, PublicURL: "https://tocsin.example.com",
		Wake: func() { w.woken++ },
	})
}

// change changes the integration.
func (w *world) change(do func(*store.Integration)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do(&w.list[0])
	w.list[0].Version++
}

func (w *world) All(context.Context) ([]store.Integration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]store.Integration{}, w.list...), nil
}

var errNone = errors.New("there is none")

func (w *world) Get(_ context.Context, account event.Account, id event.ID) (store.Integration, error) {
	for _, i := range w.list {
		if i.ID == id && i.Account == account {
			return i, nil
		}
	}
	return store.Integration{}, errNone
}

func (w *world) Schedules(_ context.Context, i store.Integration) ([]connector.DigestSchedule, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened++
	return w.schedules[i.ID], w.broken
}

func (w *world) AllDigests(context.Context) ([]store.DigestRow, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []store.DigestRow
	for _, r := range w.rows {
		list = append(list, r)
	}
	return list, nil
}

func (w *world) SaveDigest(_ context.Context, r store.DigestRow, say ...store.Said) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := r.Integration.Text("x") + r.Period
	switch {
	case w.saveFails != nil:
		return w.saveFails
	case w.rows[key].Slot >= r.Slot:
		return store.ErrConflict
	}
	w.rows[key] = r
	w.said = append(w.said, say...)
	return nil
}

func (w *world) SayDigest(_ context.Context, say store.Said) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, say)
	return nil
}

func (w *world) DeleteDigest(_ context.Context, _ event.Account, id event.ID, period string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.rows, id.Text("x")+period)
	return nil
}

func (w *world) Summary(_ context.Context, account event.Account, from, to time.Time) (Summary, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, [2]time.Time{from, to})
	if account != "acme" {
		return Summary{}, fmt.Errorf("the wrong account %q", account)
	}
	return Summary{
		New: map[string]int{"high": 3, "low": 1, "total": 99, "strange": 7}, Open: 5, Acked: 2, Resolved: 1,
		Days:     []DigestDay{{Day: "2026-11-20", Counts: map[string]int{"high": 3, "info": 0}}},
		Entities: []DigestCount{{Type: "ip", Name: "203.0.113.7", Count: 3}},
	}, w.alertsErr
}

func (w *world) OpenIncidents(_ context.Context, _ event.Account, limit int) ([]store.Incident, error) {
	list := make([]store.Incident, 12)
	for i := range list {
		list[i] = store.Incident{Number: int64(i + 1), Title: "Case", Severity: event.High - event.Severity(min(1, (i+1)%3)), Status: event.IncidentNew, CreatedAt: time.Unix(1, 0)}
	}
	return list[:min(limit, len(list))], nil
}

func (w *world) Failing(event.Account) []DigestFailing {
	return []DigestFailing{{ID: w.list[0].ID.Text(event.PrefixIntegration), Name: "self"}, {ID: "int_x", Name: "Pager", Kind: "webhook", Error: "down"}}
}

// run runs the loop for a time of the fake clock.
func run(t *testing.T, w *world, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	w.service().Run(ctx)
	synctest.Wait()
}

// until runs the loop up to a moment, from where the next run goes on.
func until(t *testing.T, w *world, text string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	run(t, w, time.Until(at))
}

// idle lets time pass while no hub runs.
func idle(d time.Duration) { <-time.After(d) }

// dates are the days of the digests that were given, in order.
func (w *world) dates(t *testing.T) []string {
	t.Helper()
	list := []string{}
	for _, s := range w.said {
		var e struct {
			Type string `json:"type"`
			Data struct{ Digest Digest }
		}
		if err := json.Unmarshal(s.Event, &e); err != nil || e.Type != event.TypeDigest || s.Type != e.Type {
			t.Fatalf("%s: %v", s.Event, err)
		}
		if s.Origin != w.list[0].ID.Text(event.PrefixIntegration) || s.Account != "acme" {
			t.Errorf("about %s of %s", s.Origin, s.Account)
		}
		list = append(list, e.Data.Digest.Period+" "+e.Data.Digest.To.Format(time.DateTime))
	}
	return list
}

func (w *world) want(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), w.dates(t)); diff != "" {
		t.Errorf("digests (-want +given)\n%s", diff)
	}
}

// The fake clock begins at 2000-01-01T00:00:00Z, a Saturday.

func TestGivenWhenDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(daily("07:00", "UTC"), weekly(time.Monday, "06:30", "UTC"))
		until(t, w, "2000-01-01T06:59:59Z")
		w.want(t) // nothing is due since it was set up
		until(t, w, "2000-01-01T07:00:01Z")
		w.want(t, "daily 2000-01-01 07:00:00")
		if lag := time.Since(w.said[0].At); lag > 2*time.Second {
			t.Errorf("given %v late", lag)
		}
		until(t, w, "2000-01-04T12:00:00Z")
		w.want(t, "daily 2000-01-01 07:00:00", "daily 2000-01-02 07:00:00", "weekly 2000-01-03 06:30:00", "daily 2000-01-03 07:00:00", "daily 2000-01-04 07:00:00")
		if w.woken != 5 {
			t.Errorf("the pump was woken %d times", w.woken)
		}
		if w.opened > 4 {
			t.Errorf("the integration was opened %d times in four runs", w.opened)
		}
	})
}

func TestMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(daily("07:00", "UTC"))
		until(t, w, "2000-01-01T08:00:00Z")
		idle(73 * time.Hour) // down over three of them
		run(t, w, time.Minute)
		w.want(t, "daily 2000-01-01 07:00:00", "daily 2000-01-04 07:00:00")
		for range 5 { // restarts
			run(t, w, time.Minute)
		}
		w.want(t, "daily 2000-01-01 07:00:00", "daily 2000-01-04 07:00:00")
	})
}

func TestHeld(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(*store.Integration, bool){
		"disabled": func(i *store.Integration, on bool) { i.Enabled = !on },
		"paused":   func(i *store.Integration, on bool) { i.Paused = on },
		"voided":   func(i *store.Integration, on bool) { i.Voided = map[bool][]string{true: {"password"}}[on] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(daily("07:00", "UTC"))
				run(t, w, time.Minute)
				w.change(func(i *store.Integration) { hold(i, true) })
				until(t, w, "2000-01-02T08:00:00Z")
				w.change(func(i *store.Integration) { hold(i, false) })
				until(t, w, "2000-01-02T09:00:00Z")
				w.want(t) // those were passed over
				until(t, w, "2000-01-03T08:00:00Z")
				w.want(t, "daily 2000-01-03 07:00:00")
			})
		})
	}
}

func TestSwitchedOffAndOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(daily("07:00", "UTC"))
		id := w.list[0].ID
		until(t, w, "2000-01-01T08:00:00Z")
		w.change(func(*store.Integration) { w.schedules[id] = nil })
		until(t, w, "2000-01-03T08:00:00Z")
		w.change(func(*store.Integration) { w.schedules[id] = []connector.DigestSchedule{daily("06:00", "UTC")} })
		until(t, w, "2000-01-04T05:59:00Z")
		w.want(t, "daily 2000-01-01 07:00:00") // not what was due while nobody asked
		until(t, w, "2000-01-04T08:00:00Z")
		w.want(t, "daily 2000-01-01 07:00:00", "daily 2000-01-04 06:00:00")
		w.change(func(*store.Integration) { w.schedules[id] = []connector.DigestSchedule{daily("09:00", "UTC")} })
		until(t, w, "2000-01-04T23:00:00Z")
		w.want(t, "daily 2000-01-01 07:00:00", "daily 2000-01-04 06:00:00") // one a day
	})
}

// TestTrouble: what fails is tried again, and given once.
func TestTrouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(daily("07:00", "UTC"))
		until(t, w, "2000-01-01T06:00:00Z")
		w.saveFails, w.broken, w.alertsErr = store.ErrUnavailable, errNone, errNone
		until(t, w, "2000-01-01T08:00:00Z")
		w.broken = nil
		until(t, w, "2000-01-01T09:00:00Z")
		w.want(t)
		w.saveFails = nil
		until(t, w, "2000-01-01T10:00:00Z")
		w.want(t, "daily 2000-01-01 07:00:00")
		if text := string(w.said[0].Event); !strings.Contains(text, `"missing":["alerts","trend"]`) {
			t.Errorf("%s", text)
		}
	})
}

func TestData(t *testing.T) {
	t.Parallel()
	w := newWorld(daily("07:00", "Europe/Berlin"))
	s := w.service()
	now := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	id := w.list[0].ID
	d, err := s.Preview(t.Context(), "acme", id, connector.Daily)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"total": 4, "critical": 0, "high": 3, "medium": 0, "low": 1, "info": 0}, d.Alerts); diff != "" {
		t.Error(diff)
	}
	if d.Timezone != "Europe/Berlin" || !d.To.Equal(now) || !d.From.Equal(now.AddDate(0, 0, -1)) || d.Open != 5 || d.Acknowledged != 2 || d.Resolved != 1 {
		t.Errorf("%+v", d)
	}
	if d.IncidentsOpen != 12 || len(d.Incidents) != MaxRows || d.Incidents[0].URL != "https://tocsin.example.com/incidents/INC-3" || d.Incidents[9].Severity != "medium" {
		t.Errorf("incidents %+v", d.Incidents)
	}
	if d.FailingCount != 1 || d.Failing[0].Name != "Pager" || d.Missing != nil || len(d.Days) != 7 || len(d.Days[6].Counts) != 1 || len(d.Days[5].Counts) != 0 {
		t.Errorf("%+v", d)
	}
	if d.title() != "Daily digest: 4 alerts, 12 incidents open" {
		t.Error(d.title())
	}
	if len(w.said) > 0 {
		t.Error("a preview says something")
	}
	for want, do := range map[error]func() (event.ID, error){
		ErrPeriod: func() (event.ID, error) { return s.Give(t.Context(), "acme", id, "hourly") },
		errNone:   func() (event.ID, error) { return s.Give(t.Context(), "other", id, connector.Daily) },
		nil:       func() (event.ID, error) { return s.Give(t.Context(), "acme", id, connector.Weekly) },
	} {
		if _, err := do(); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	w.change(func(i *store.Integration) { i.Paused = true })
	if _, err := s.Give(t.Context(), "acme", id, connector.Daily); !errors.Is(err, ErrHeld) {
		t.Error(err)
	}
	w.want(t, "weekly 2026-11-20 06:00:00")
}

// TestNothingKnown: a hub without alerts and incidents gives digests that say so.
func TestNothingKnown(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := New(Deps{Integrations: w, Store: w})
	d, err := s.Preview(t.Context(), "acme", w.list[0].ID, connector.Daily)
	if diff := cmp.Diff([]string{"alerts", "trend", "incidents", "failing"}, d.Missing); diff != "" || err != nil || d.URL != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestFits: whatever its parts hold, a digest fits into a fact and is valid JSON.
func TestFits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x", "\x00", "\u2028", `"`, "ü", "<"} {
		long := strings.Repeat(text, 5000)
		d := Digest{Period: connector.Daily, Alerts: map[string]int{"total": 1}, Missing: []string{}}
		for range 50 {
			d.Entities = append(d.Entities, DigestCount{Type: long, Name: long, Count: 1 << 40})
			d.Rules, d.Sources = append(d.Rules, DigestCount{Name: long}), append(d.Sources, DigestCount{Name: long})
			d.Incidents = append(d.Incidents, DigestIncident{Number: "INC-123456789012", Title: long, Owner: long, URL: "https://tocsin.example.com/incidents/INC-123456789012"})
			d.Failing = append(d.Failing, DigestFailing{Name: long, Kind: "webhook", Error: long})
		}
		for day := range 31 {
			d.Days = append(d.Days, DigestDay{fmt.Sprintf("2026-11-%02d", day), map[string]int{"critical": 1 << 40, "high": 1 << 40, "medium": 1 << 40, "low": 1 << 40, "info": 1 << 40}})
		}
		said, err := say(&store.Integration{Account: "acme"}, event.NewID(), d, time.Now())
		if err != nil || len(said.Event) > store.MaxSaidBytes || !json.Valid(said.Event) {
			t.Errorf("%q: %d bytes, %v", text, len(said.Event), err)
		}
		var e envelope
		if err := json.Unmarshal(said.Event, &e); err != nil || len(e.Data.Digest.Incidents) == 0 || len(e.Data.Digest.Days) != 31 {
			t.Errorf("%q: %v, %d incidents", text, err, len(e.Data.Digest.Incidents))
		}
	}
}
