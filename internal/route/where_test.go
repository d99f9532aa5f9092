package route

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func parse(tb testing.TB, raw string) Subscription {
	tb.Helper()
	s, err := ParseSubscription(json.RawMessage(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func parseEvent(tb testing.TB, body string) *event.Record {
	tb.Helper()
	r, err := event.Parse([]byte(body), "default", time.Unix(1e9, 0), event.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// The expression is asked last, an error is a reason of its own, and the index says what Explain says.
func TestWhere(t *testing.T) {
	t.Parallel()
	sub := parse(t, `{"types":["alert.*"],"min_severity":"low","where":"event.data.count > 3 &&\n\t\"pci\" in event.tags"}`)
	x := NewIndex[string]()
	e := x.Add("default", "int_1", sub, "own")
	above := x.Follow("default", "int_2", parse(t, `{"types":["*"],"where":"event.project == \"p\""}`), "above")
	plain := x.Add("default", "int_3", parse(t, `{"types":["*"]}`), "plain")
	trier := NewTrier(sub)
	for _, c := range []struct {
		body  string
		own   Reason
		above Reason
	}{
		{`{"type":"alert.created","tags":["pci"],"data":{"count":4},"project":"p"}`, Wanted, Wanted},
		{`{"type":"alert.created","tags":["pci"],"data":{"count":2}}`, Where, Where},
		{`{"type":"alert.created","data":{"count":4}}`, Where, Where},
		{`{"type":"alert.created","tags":["pci"],"project":"p"}`, WhereFailed, Wanted},
		{`{"type":"alert.created","severity":"info","tags":["pci"]}`, TooLow, Where}, // not asked: it would fail
		{`{"type":"ip.blocked","tags":["pci"]}`, TypeFiltered, Where},
	} {
		r := parseEvent(t, c.body)
		if got := sub.Explain(r, "int_1"); got != c.own {
			t.Errorf("%s: %q, want %q", c.body, got, c.own)
		}
		if got, err := trier.Explain(r); got != c.own || (err != nil) != (c.own == WhereFailed) {
			t.Errorf("%s is tried: %q, %v, want %q", c.body, got, err, c.own)
		}
		if got := trier.OfType(r.Type); (got == TypeFiltered) != (c.own == TypeFiltered) {
			t.Errorf("%s: %q of its type alone", c.body, got)
		}
		got := map[*Entry[string]]Reason{}
		x.Match(r, func(e *Entry[string], why Reason) { got[e] = why })
		own, offered := got[e]
		if !offered {
			own = TypeFiltered
		}
		if own != c.own || got[above] != c.above || got[plain] != Wanted {
			t.Errorf("%s: %q %q %q, want %q %q", c.body, own, got[above], got[plain], c.own, c.above)
		}
	}
}

func TestWhereIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, wrong string }{
		{`{"where":"event.severty == 1"}`, "where at line 1, column 6: there is no field \"severty\""},
		{`{"where":"event.title"}`, "want true or false"},
		{`{"where":1}`, "where"},
		{`{"where":"` + strings.Repeat("x", 5000) + `"}`, "at most 4096"},
	} {
		if _, err := ParseSubscription(json.RawMessage(c.raw)); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%.60s: %v, want %s", c.raw, err, c.wrong)
		}
	}
	if s := parse(t, `{"where":""}`); s.Where != nil {
		t.Error("an empty text is an expression")
	}
}

func BenchmarkMatchWhere(b *testing.B) {
	r := parseEvent(b, `{"type":"alert.created","severity":"high","title":"t","project":"p","data":{"count":4}}`)
	for _, c := range []struct{ name, where string }{
		{"none", ""}, {"severity", `event.severity_level >= HIGH`}, {"data", `event.data.count > 3`},
	} {
		b.Run(c.name, func(b *testing.B) {
			x := NewIndex[int]()
			raw, _ := json.Marshal(map[string]any{"types": []string{"*"}, "where": c.where})
			for i := range 10 {
				x.Add("default", "int_1", parse(b, string(raw)), i)
			}
			wanted := 0
			want := func(_ *Entry[int], why Reason) {
				if why == Wanted {
					wanted++
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				x.Match(r, want)
			}
			if wanted == 0 {
				b.Fatal("nobody wanted it")
			}
		})
	}
}
