package ingest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// mapped is a handler whose rules are by the event's type: a.drop is dropped, a.shop belongs to the account shop, a.low is
// of another type.
func mapped(t *testing.T) (b *bench, asked *[]string) {
	t.Helper()
	b, asked = newBench(Limits{}), new([]string)
	b.mapFor = func(account event.Account, dialect, source string) Mapping {
		*asked = append(*asked, string(account)+"/"+dialect+"/"+source)
		if account == "other" {
			return nil
		}
		return func(r *event.Record, may func(string) bool) *event.Record {
			next := *r
			switch r.Type {
			case "a.drop":
				return nil
			case "a.shop":
				next.Account = "shop"
			case "a.low":
				if next.Type = "alert.low"; !may(next.Type) || may("audit.x") {
					t.Error("the sender may not send what it may")
				}
			}
			return &next
		}
	}
	return b, asked
}

func TestMapping(t *testing.T) {
	t.Parallel()
	b, asked := mapped(t)
	w := b.post(EventsPath, `[{"type":"a.low"},{"type":"a.drop"},{"type":1},{"type":"a.b"}]`)
	if w.Code != 202 || !strings.HasPrefix(w.Body.String(), `{"accepted":2,"ids":["evt_`) || !strings.Contains(w.Body.String(), `"rejected_total":1,"dropped":1}`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	all := b.journal.all()
	if len(all) != 2 || all[0].Type != "alert.low" || all[1].Type != "a.b" || all[0].ID.IsZero() || all[1].ID.IsZero() {
		t.Errorf("%+v", all)
	}
	if o := b.seen.all[0]; o.Accepted != 2 || o.Rejected != 1 || o.Dropped != 1 {
		t.Errorf("%+v", o)
	}
	w = b.post(EventsPath, `{"type":"a.drop"}`)
	if want := `{"accepted":0,"ids":[],"rejected":[],"dropped":1}` + "\n"; w.Code != 202 || w.Body.String() != want || len(b.journal.frames) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w = b.post(SourcePath+"falco", `{"rule":"x","priority":"Notice","output":"o","time":"2026-01-01T00:00:00Z","output_fields":{}}`); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.post(EventsPath, `{"type":"a.drop"}`, "X-API-Key", "other") // whose account has no rules
	if diff := cmp.Diff([]string{"default/events/", "default/events/", "default/falco/", "other/events/"}, *asked); diff != "" || len(b.journal.all()) != 4 {
		t.Error(diff)
	}
}

// Events for accounts below are appended for these, the sender's own last with the key, and asked for by account.
func TestMappingToOtherAccounts(t *testing.T) {
	t.Parallel()
	b, _ := mapped(t)
	var admitted, released []string
	b.admit = func(a event.Account, n int) (uint64, error) {
		admitted = append(admitted, string(a)+strings.Repeat("+", n))
		if a == "shop" && n > 2 {
			return 0, &Refusal{Status: http.StatusTooManyRequests, Detail: "used up"}
		}
		return 0, nil
	}
	b.release = func(a event.Account, n int, _ uint64) { released = append(released, string(a)+strings.Repeat("-", n)) }
	body := `[{"type":"a.b"},{"type":"a.shop"},{"type":"a.drop"},{"type":"a.c"},{"type":"a.shop"}]`
	first := b.post(EventsPath, body, keyHeader, "k")
	if first.Code != 202 || !strings.Contains(first.Body.String(), `"accepted":4`) || !strings.Contains(first.Body.String(), `"dropped":1`) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	var sections []string
	for _, f := range b.journal.frames {
		sections = append(sections, string(f.Sections[0].Account)+strings.Repeat("+", int(f.Sections[0].Count))+strings.Repeat("k", len(f.Idempotency)))
	}
	if diff := cmp.Diff([]string{"shop++", "default++k"}, sections); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"shop++", "default++"}, admitted); diff != "" || released != nil {
		t.Error(diff, released)
	}
	for _, r := range b.journal.all() {
		if !strings.Contains(first.Body.String(), r.ID.Text(event.PrefixEvent)) {
			t.Errorf("the answer does not name %s", r.Type)
		}
	}
	b.mapFor = func(event.Account, string, string) Mapping { t.Error("a repeated answer was mapped"); return nil }
	if again := b.post(EventsPath, body, keyHeader, "k"); again.Body.String() != first.Body.String() {
		t.Errorf("again: %s, first %s", again.Body, first.Body)
	}

	b, _ = mapped(t)
	b.admit = func(a event.Account, _ int) (uint64, error) {
		if a == event.DefaultAccount {
			return 0, &Refusal{Status: http.StatusTooManyRequests, Detail: "used up"}
		}
		return 0, nil
	}
	b.release = func(a event.Account, n int, _ uint64) { released = append(released, string(a)+strings.Repeat("-", n)) }
	if w := b.post(EventsPath, body); w.Code != 429 || len(b.journal.all()) != 0 || strings.Join(released, " ") != "shop--" {
		t.Errorf("%d %s, released %v", w.Code, w.Body, released)
	}
}

// A part that the journal does not take is given back, and so are those after it.
func TestMappingAndFullJournal(t *testing.T) {
	t.Parallel()
	b, _ := mapped(t)
	var released []string
	b.admit = func(event.Account, int) (uint64, error) { return 0, nil }
	b.release = func(a event.Account, n int, _ uint64) { released = append(released, string(a)+strings.Repeat("-", n)) }
	b.journal.fail(journal.ErrFull)
	if w := b.post(EventsPath, `[{"type":"a.b"},{"type":"a.shop"}]`); w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if strings.Join(released, " ") != "shop- default-" {
		t.Errorf("%v", released)
	}
	released = nil
	b.journal.fail(errors.New("who knows"))
	b.post(EventsPath, `[{"type":"a.b"},{"type":"a.shop"}]`)
	if strings.Join(released, " ") != "default-" {
		t.Errorf("%v", released)
	}
}

// A keyed request of which everything was dropped has the same answer again.
func TestDroppedWithKey(t *testing.T) {
	t.Parallel()
	b, _ := mapped(t)
	body := `[{"type":"a.drop"},{"type":"a.drop"},{"type":1}]`
	first := b.post(EventsPath, body, keyHeader, "k")
	if first.Code != 202 || !strings.Contains(first.Body.String(), `"accepted":0`) || !strings.Contains(first.Body.String(), `"dropped":2`) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	for _, when := range []string{"memory", "store"} {
		again := b.post(EventsPath, body, keyHeader, "k")
		if again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
			t.Errorf("from the %s: %s", when, again.Body)
		}
		if err := b.idempotency.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, o := range b.seen.all {
		n += o.Dropped
	}
	if n != 2 || len(b.idempotency.unsaved) != 0 {
		t.Errorf("%d dropped, %d unsaved", n, len(b.idempotency.unsaved))
	}
}

// A key whose events all went to accounts below is forgotten with damage to any of its frame.
func TestLostOfOtherAccounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sections []journal.Section
		lost     bool
	}{
		{[]journal.Section{{Account: "acme"}, {Account: "shop", Damaged: true}}, false},
		{[]journal.Section{{Account: "acme", Damaged: true}, {Account: "shop"}}, true},
		{[]journal.Section{{Account: "shop"}}, false},
		{[]journal.Section{{Account: "shop"}, {Account: "else", Damaged: true}}, true},
	} {
		if got := lost(&journal.Frame{Sections: c.sections}, "acme"); got != c.lost {
			t.Errorf("%+v: %v", c.sections, got)
		}
	}
}

func BenchmarkMapped(b *testing.B) {
	h := newBench(Limits{})
	h.mapFor = func(event.Account, string, string) Mapping {
		return func(r *event.Record, _ func(string) bool) *event.Record { return r }
	}
	benchmarkHandler(b, h, []byte(kibEvent), "application/json", 1)
}

// What rules drop of what comes for Splunk's collector is counted as everywhere.
func TestMappingHEC(t *testing.T) {
	t.Parallel()
	b := hecBench()
	b.mapFor = func(event.Account, string, string) Mapping {
		return func(*event.Record, func(string) bool) *event.Record { return nil }
	}
	if status, answer := b.hec("", `{"event":"a"}{"event":"b"}`); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
	if o := b.seen.all[0]; o.Dropped != 2 || o.Accepted != 0 || len(b.journal.all()) != 0 {
		t.Errorf("%+v", o)
	}
}
