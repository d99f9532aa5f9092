package silence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func record(tb testing.TB, body string) *event.Record {
	tb.Helper()
	r, err := event.Parse([]byte(body), "acme", noon, event.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	r.ID = event.NewID()
	return r
}

const full = `{"type":"alert.created","severity":"high","title":"A shell","alert_type":"shell","project":"web","dedup_key":"k/1","endpoint":"db-01",` +
	`"rule":{"id":"r-7","name":"Shell in a container"},"source":{"vendor":"Falco","product":"falco","instance":"eu"},"tags":["pci","prod"],` +
	`"labels":{"env":"prod","k8s.ns":"pay"},"entities":[{"type":"host","value":"mail-01"},{"type":"ip","value":"203.0.113.7"}]}`

func TestMatchers(t *testing.T) {
	t.Parallel()
	event1, bare := record(t, full), record(t, `{"type":"ip.blocked","severity":"low"}`)
	for _, c := range []struct {
		matcher    string
		full, bare bool
	}{
		{`{"field":"type","value":"alert.created"}`, true, false},
		{`{"field":"type","op":"!=","value":"alert.created"}`, false, true},
		{`{"field":"type","op":"glob","value":"alert.*"}`, true, false},
		{`{"field":"severity","op":"one_of","values":["HIGH","critical"]}`, true, false},
		{`{"field":"severity","value":"Low"}`, false, true},
		{`{"field":"alert_type","value":"shell"}`, true, false},
		{`{"field":"project","value":"web"}`, true, false},
		{`{"field":"project","value":""}`, false, true},
		{`{"field":"dedup_key","op":"glob","value":"k/?"}`, true, false},
		{`{"field":"endpoint","value":"db-01"}`, true, false},
		{`{"field":"rule","value":"r-7"}`, true, false},
		{`{"field":"rule","op":"glob","value":"*container"}`, true, false},
		{`{"field":"source","value":"Falco"}`, true, false},
		{`{"field":"source","op":"!=","value":"eu"}`, false, true},
		{`{"field":"tag","value":"prod"}`, true, false},
		{`{"field":"tag","op":"!=","value":"dev"}`, true, true},
		{`{"field":"label","name":"k8s.ns","value":"pay"}`, true, false},
		{`{"field":"label","name":"env","op":"!=","value":"prod"}`, false, true},
		{`{"field":"entity","value":"mail-01"}`, true, false},
		{`{"field":"entity","op":"glob","value":"host:mail-*"}`, true, false},
		{`{"field":"entity","op":"one_of","values":["x","ip:203.0.113.7"]}`, true, false},
		{`{"field":"account","value":"acme"}`, true, true},
	} {
		var s Silence
		s.Matchers = make([]Matcher, 1)
		if err := json.Unmarshal([]byte(c.matcher), &s.Matchers[0]); err != nil {
			t.Fatal(err)
		}
		if s.Matchers[0].Op == "" {
			s.Matchers[0].Op = OpIs
		}
		x, err := Compile(s, noon, noon.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Matches(event1); got != c.full {
			t.Errorf("%s and the full event: %v", c.matcher, got)
		}
		if got := x.Matches(bare); got != c.bare {
			t.Errorf("%s and the bare event: %v", c.matcher, got)
		}
		if s.Matchers[0].String() == "" {
			t.Error("no text")
		}
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"a*c", "abbbc", true}, {"a*c", "abbb", false}, {"?", "ü", true}, {"*a*b*", "xxaxxbxx", true},
		{"**", "x", true}, {"a.c", "abc", false}, {"[a]", "a", false}, {"*.example.com", "evil.com", false},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("%q and %q: %v", c.pattern, c.text, got)
		}
	}
	began := time.Now() // a hostile pattern is no reason to wait
	glob(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 8<<10))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// world is a service whose clock stands still, over a real store.
type world struct {
	*Service
	now   time.Time
	store *sqlite.Store
}

func newWorld(t *testing.T, dir string) *world {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{now: noon, store: s}
	if w.Service, err = Open(t.Context(), Deps{Store: s, Now: func() time.Time { return w.now }}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) make(t *testing.T, account event.Account, raw string) store.Silence {
	t.Helper()
	ctx := act.With(t.Context(), act.Actor{Kind: act.KindUser, ID: "usr_x", Name: "dana@example.com"})
	row, err := w.Create(ctx, account, json.RawMessage(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return row
}

// A silence is in force from its beginning to its end, for its account and integrations, at once and after a restart.
func TestService(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, dir)
	r := record(t, full)
	asked := func(account event.Account, integration string) string {
		id, until, ok := w.Match(account, integration, r, w.now)
		if !ok {
			return ""
		}
		return id + " " + until.Sub(noon).String()
	}
	if w.Any("acme") || asked("acme", "int_a") != "" {
		t.Fatal("there is none")
	}
	one := event.NewID().Text(event.PrefixIntegration)
	short := w.make(t, "acme", `{"matchers":[{"field":"project","value":"web"}],"ends_at":"2026-11-20T13:00:00Z"}`)
	long := w.make(t, "acme", `{"where":"event.severity_level >= HIGH","integrations":["`+one+`"],"ends_at":"2026-11-20T14:00:00Z","reason":"work"}`)
	later := w.make(t, "acme", `{"where":"true","starts_at":"2026-11-21T00:00:00+01:00","ends_at":"2026-11-21T06:00:00+01:00"}`)
	if long.Author != "dana@example.com" {
		t.Errorf("author %q", long.Author)
	}
	for range 2 { // and after a restart
		for _, c := range []struct {
			after       time.Duration
			account     event.Account
			integration string
			want        string
		}{
			{0, "acme", "int_a", short.ID.Text(event.PrefixSilence) + " 1h0m0s"},
			{0, "acme", one, long.ID.Text(event.PrefixSilence) + " 2h0m0s"},
			{0, "other", one, ""},
			{time.Hour, "acme", "int_a", ""},
			{time.Hour, "acme", one, long.ID.Text(event.PrefixSilence) + " 2h0m0s"},
			{11 * time.Hour, "acme", "int_a", later.ID.Text(event.PrefixSilence) + " 17h0m0s"},
			{17 * time.Hour, "acme", "int_a", ""},
		} {
			w.now = noon.Add(c.after)
			if got := asked(c.account, c.integration); got != c.want {
				t.Errorf("after %v for %s: %q, want %q", c.after, c.integration, got, c.want)
			}
			about := 0
			for _, row := range []store.Silence{short, long, later} {
				if !w.now.Before(row.StartsAt) && w.now.Before(row.EndsAt) && c.account == "acme" {
					about++
				}
			}
			if got, err := w.About(t.Context(), c.account, r); err != nil || len(got) != about || about == 2 && got[0].ID != long.ID {
				t.Errorf("after %v: %v, %v are about it, want %d", c.after, got, err, about)
			}
			if any := w.Any(c.account); any != (c.account == "acme" && c.after < 17*time.Hour) {
				t.Errorf("after %v: any: %v", c.after, any)
			}
		}
		_ = w.store.Close()
		w = newWorld(t, dir)
	}
	// What changes takes effect at once.
	if _, err := w.Update(t.Context(), "acme", short.ID, 1, json.RawMessage(`{"matchers":[{"field":"project","op":"!=","value":"web"}]}`)); err != nil {
		t.Fatal(err)
	}
	if got := asked("acme", "int_a"); got != "" {
		t.Errorf("%q", got)
	}
	if row, err := w.Expire(t.Context(), "acme", long.ID, 0); err != nil || w.StateOf(row, time.Time{}) != Expired || asked("acme", one) != "" {
		t.Errorf("%+v, %v", row, err)
	}
	if row, err := w.Expire(t.Context(), "acme", later.ID, 0); err != nil || w.StateOf(row, time.Time{}) != Expired {
		t.Errorf("a pending one: %+v, %v", row, err)
	}
	for state, want := range map[State]int{"": 3, Active: 1, Expired: 2, Pending: 0} {
		if list, err := w.List(t.Context(), "acme", state); err != nil || len(list) != want {
			t.Errorf("%s: %d, %v", state, len(list), err)
		}
	}
	_, err := w.Update(t.Context(), "acme", long.ID, 0, json.RawMessage(`{}`))
	_, err2 := w.Update(t.Context(), "acme", short.ID, 1, json.RawMessage(`{}`))
	_, err3 := w.Get(t.Context(), "other", short.ID)
	if !errors.Is(err, ErrEnded) || !errors.Is(err2, ErrVersion) || !errors.Is(err3, ErrNotFound) {
		t.Errorf("%v, %v, %v", err, err2, err3)
	}
	if n, err := w.store.PruneSilences(t.Context(), noon.Add(time.Hour), 10); n != 2 || err != nil {
		t.Errorf("%d were deleted, %v", n, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	for _, c := range []struct{ raw, wrong string }{
		{`[]`, "must be an object"},
		{`{"ends_at":"2026-11-20T13:00:00Z"}`, "where or matchers must say"},
		{`{"where":"true"}`, "ends_at is required"},
		{`{"where":"true","ends_at":"tomorrow"}`, `ends_at "tomorrow" is not a time`},
		{`{"where":"true","ends_at":"2026-11-20T11:00:00Z"}`, "ends_at must be after starts_at"},
		{`{"where":"true","starts_at":"2026-11-20T10:00:00Z","ends_at":"2026-11-20T11:00:00Z"}`, "ends_at is over already"},
		{`{"where":"true","ends_at":"2027-11-22T12:00:00Z"}`, "ends_at is more than 366 days"},
		{`{"where":"true","starts_at":"2027-11-22T12:00:00Z","ends_at":"2027-11-22T13:00:00Z"}`, "starts_at is more than 366 days"},
		{`{"where":"event.titel","ends_at":"2026-11-20T13:00:00Z"}`, "where at line 1"},
		{`{"where":"true","integrations":["web"],"ends_at":"2026-11-20T13:00:00Z"}`, "integrations.0"},
		{`{"where":"true","reason":"a\u202eb","ends_at":"2026-11-20T13:00:00Z"}`, "reason must be one line"},
		{`{"matchers":[{"field":"colour","value":"x"}],"ends_at":"2026-11-20T13:00:00Z"}`, "matchers.0.field"},
		{`{"matchers":[{"field":"tag","op":"one_of"}],"ends_at":"2026-11-20T13:00:00Z"}`, "matchers.0.values must name"},
		{`{"matchers":[{"field":"tag","op":"one_of","values":["a"],"value":"b"}],"ends_at":"2026-11-20T13:00:00Z"}`, "matchers.0.value goes without"},
		{`{"matchers":[{"field":"tag","values":["a"]}],"ends_at":"2026-11-20T13:00:00Z"}`, "matchers.0.values goes with"},
		{`{"matchers":[{"field":"tag","op":"glob"}],"ends_at":"2026-11-20T13:00:00Z"}`, "matchers.0.value is required"},
		{`{"matchers":[{"field":"tag","name":"x","value":"y"}],"ends_at":"2026-11-20T13:00:00Z"}`, "matchers.0.name goes with"},
	} {
		if _, err := w.Create(t.Context(), "acme", json.RawMessage(c.raw)); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v; want %s", c.raw, err, c.wrong)
		}
	}
	w.most = 3
	w.make(t, "acme", `{"where":"true","ends_at":"2026-11-20T12:30:00Z"}`)
	w.now = noon.Add(time.Hour) // that one has ended and does not count
	for range w.most {
		w.make(t, "acme", `{"where":"true","ends_at":"2026-11-20T14:00:00Z"}`)
	}
	if _, err := w.Create(t.Context(), "acme", json.RawMessage(`{"where":"true","ends_at":"2026-11-20T14:00:00Z"}`)); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: %v", err)
	}
}

// A record that cannot be written keeps a silence from being made.
func TestRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	w.deps.Recorder = refusing{}
	if _, err := w.Create(t.Context(), "acme", json.RawMessage(`{"where":"true","ends_at":"2026-11-20T13:00:00Z"}`)); err == nil || w.Any("acme") {
		t.Errorf("it was made: %v", err)
	}
}

type refusing struct{}

func (refusing) Begin(context.Context, act.Act) (act.Finish, error) {
	return nil, errors.New("the record is not there")
}

func TestTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	list := []*event.Record{record(t, full), record(t, `{"type":"ip.blocked"}`)}
	got, err := w.Try(json.RawMessage(`{"matchers":[{"field":"tag","value":"pci"}]}`), list)
	if err != nil || got.Looked != 2 || got.Matched != 1 || got.Items[0].Title != "A shell" || got.Items[0].Severity != "high" {
		t.Errorf("%+v, %v", got, err)
	}
}

func BenchmarkMatch(b *testing.B) {
	var rows []running
	for i := range 50 {
		c, err := Compile(Silence{Matchers: []Matcher{{Field: "entity", Op: OpGlob, Value: fmt.Sprint("host:none-", i, "-*")}}}, noon, noon.Add(time.Hour))
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows, running{c, "x"})
	}
	s := &Service{deps: Deps{Now: time.Now}}
	s.sets.Store(&map[event.Account]*set{"acme": {list: rows, last: noon.Add(time.Hour)}})
	r := record(b, full)
	b.Run("none", func(b *testing.B) {
		for b.Loop() {
			s.Any("other")
		}
	})
	b.Run("fifty", func(b *testing.B) {
		for b.Loop() {
			s.Match("acme", "int_a", r, noon)
		}
	})
}
