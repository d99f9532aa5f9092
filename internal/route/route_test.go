package route

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestParseSubscription(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw, wrong string
		types      int
		min        event.Severity
	}{
		{raw: `{}`},
		{raw: `{"types":[]}`},
		{raw: `{"types":["*"]}`, types: 1},
		{raw: `{"types":["alert.*","ip.blocked"],"min_severity":"high"}`, types: 2, min: event.High},
		{raw: `{"types":["alert"]}`, wrong: "types"},
		{raw: `{"types":["Alert.Created"]}`, wrong: "types"},
		{raw: `{"types":["*.created"]}`, wrong: "types"},
		{raw: `{"types":"*"}`, wrong: "types"},
		{raw: `{"min_severity":"loud"}`, wrong: "min_severity"},
		{raw: `{"projects":[1]}`, wrong: "projects"},
		{raw: `{"unknown":1}`, wrong: "unknown"},
		{raw: `[]`, wrong: "object"},
		{raw: `{"projects":` + mustJSON(slices.Repeat([]string{"p"}, MaxFilters+1)) + `}`, wrong: "projects"},
	} {
		s, err := ParseSubscription(json.RawMessage(c.raw))
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%.60s: %v, want an error about %s", c.raw, err, c.wrong)
			}
			continue
		}
		if err != nil || len(s.Types) != c.types || s.MinSeverity != c.min {
			t.Errorf("%s: %+v, %v", c.raw, s, err)
		}
	}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestExplain(t *testing.T) {
	t.Parallel()
	const self = "int_self"
	rec := event.Record{Type: "alert.created", Severity: event.Medium, Project: "api", AlertType: "sqli"}
	for _, c := range []struct {
		name string
		sub  Subscription
		rec  func(*event.Record)
		want Reason
	}{
		{"nothing chosen", Subscription{}, nil, NoTypes},
		{"all", Subscription{Types: filters("*")}, nil, Wanted},
		{"prefix", Subscription{Types: filters("alert.*")}, nil, Wanted},
		{"a prefix is not its own type", Subscription{Types: filters("alert.created.*")}, nil, TypeFiltered},
		{"half a word is no prefix", Subscription{Types: filters("ale.*")}, nil, TypeFiltered},
		{"deep below", Subscription{Types: filters("alert.*")}, func(r *event.Record) { r.Type = "alert.a.b" }, Wanted},
		{"another type", Subscription{Types: filters("ip.blocked", "alert.resolved")}, nil, TypeFiltered},
		{"as severe", Subscription{Types: filters("*"), MinSeverity: event.Medium}, nil, Wanted},
		{"too low", Subscription{Types: filters("*"), MinSeverity: event.High}, nil, TooLow},
		{"alert type", Subscription{Types: filters("*"), AlertTypes: []string{"xss", "sqli"}}, nil, Wanted},
		{"other alert type", Subscription{Types: filters("*"), AlertTypes: []string{"xss"}}, nil, AlertType},
		{"project", Subscription{Types: filters("*"), Projects: []string{"api"}}, nil, Wanted},
		{"other project", Subscription{Types: filters("*"), Projects: []string{"web"}}, nil, Project},
		{"about itself", Subscription{Types: filters("*")}, func(r *event.Record) { r.Origin = self }, OwnFact},
		{"about another", Subscription{Types: filters("*")}, func(r *event.Record) { r.Origin = "int_other" }, Wanted},
	} {
		r := rec
		if c.rec != nil {
			c.rec(&r)
		}
		if got := c.sub.Explain(&r, self); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func filters(texts ...string) []event.TypeFilter {
	list := make([]event.TypeFilter, len(texts))
	for i, s := range texts {
		list[i] = event.TypeFilter(s)
	}
	return list
}

func TestClassKey(t *testing.T) {
	t.Parallel()
	a, b := Subscription{Types: filters("b.c", "a.*", "b.c")}, Subscription{Types: filters("a.*", "b.c"), MinSeverity: 3}
	if a.ClassKey() != b.ClassKey() {
		t.Error("the order, a repetition or another filter made another class")
	}
	if c := (&Subscription{Types: filters("a.*")}); c.ClassKey() == a.ClassKey() {
		t.Error("other types are another class")
	}
}

// Whatever is added, changed and removed: the index offers an event to exactly the integrations of its account whose
// types want it, with the reason that Explain gives, and the classes count the others.
func TestIndexAgreesWithExplain(t *testing.T) {
	t.Parallel()
	types := []string{"alert.created", "alert.resolved", "alert.a.b", "ip.blocked", "custom.x"}
	patterns := []string{"*", "alert.*", "alert.created", "ip.*", "ip.blocked", "alert.a.*", "custom.y"}
	accounts := []event.Account{"default", "other"}
	some := func(t *rapid.T, from []string, name string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(from), 0, 3).Draw(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex[int]()
		type member struct {
			account event.Account
			id      string
			sub     Subscription
			entry   *Entry[int]
			base    uint64 // of its class
			missed  uint64 // by the model
		}
		members := map[int]*member{}
		add := func(n int) {
			m := &member{
				account: rapid.SampledFrom(accounts).Draw(t, "account"), id: fmt.Sprint("int_", n),
				sub: Subscription{
					Types: filters(some(t, patterns, "types")...), MinSeverity: event.Severity(rapid.IntRange(0, 4).Draw(t, "min")),
					AlertTypes: some(t, []string{"a", "b"}, "alert types"), Projects: some(t, []string{"p", "q"}, "projects"),
				},
			}
			m.entry = x.Add(m.account, m.id, m.sub, n)
			m.base = m.entry.Class.Missed
			members[n] = m
		}
		for n := range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				add(n)
			case 2:
				for k, m := range members {
					if k%3 == n%3 {
						x.Remove(m.account, m.entry)
						delete(members, k)
						break
					}
				}
			default:
				r := &event.Record{
					Account: rapid.SampledFrom(accounts).Draw(t, "event's account"), Type: rapid.SampledFrom(types).Draw(t, "type"),
					Severity: event.Severity(rapid.IntRange(0, 4).Draw(t, "severity")), Project: rapid.SampledFrom([]string{"", "p", "q"}).Draw(t, "project"),
					AlertType: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "alert type"), Origin: rapid.SampledFrom([]string{"", "int_1"}).Draw(t, "origin"),
				}
				offered := map[int]Reason{}
				x.Match(r, func(e *Entry[int], why Reason) {
					if _, twice := offered[e.Value]; twice {
						t.Fatalf("offered twice to %d", e.Value)
					}
					offered[e.Value] = why
				})
				for k, m := range members {
					why, seen := offered[k]
					want := m.sub.Explain(r, m.id)
					switch {
					case m.account != r.Account:
						if seen {
							t.Fatalf("an event of %s was offered to %s", r.Account, m.account)
						}
					case want == NoTypes || want == TypeFiltered:
						if seen {
							t.Fatalf("offered although %s", want)
						}
						m.missed++
					case !seen || why != want:
						t.Fatalf("%v %q, want %q", seen, why, want)
					}
				}
			}
			for k, m := range members {
				if got := m.entry.Class.Missed - m.base; got != m.missed {
					t.Fatalf("class of %d missed %d, want %d", k, got, m.missed)
				}
				if m.entry.Class.Key() != m.sub.ClassKey() {
					t.Fatal("in another class than its key says")
				}
			}
		}
		classes := map[string]bool{}
		x.Classes(func(a event.Account, c *Class) { classes[string(a)+"/"+c.Key()] = true })
		for _, m := range members {
			if k := string(m.account) + "/" + m.sub.ClassKey(); !classes[k] {
				t.Fatalf("class %s is gone with members left", k)
			} else {
				defer delete(classes, k)
			}
		}
		live := map[string]bool{}
		for _, m := range members {
			live[string(m.account)+"/"+m.sub.ClassKey()] = true
		}
		if len(live) != len(classes) {
			t.Fatalf("%d classes for %d", len(classes), len(live))
		}
	})
}

// Senders choose event types, so what the index remembers of them is bounded.
func TestMemoIsBounded(t *testing.T) {
	t.Parallel()
	x := NewIndex[int]()
	x.Add("default", "int_1", Subscription{Types: filters("alert.*")}, 1)
	for i := range 3 * maxMemo {
		x.Match(&event.Record{Account: "default", Type: fmt.Sprintf("custom.t%d", i)}, func(*Entry[int], Reason) {})
	}
	if n := len(x.accounts["default"].memo); n > maxMemo {
		t.Fatalf("%d types are remembered", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		for _, distinct := range []bool{false, true} {
			b.Run(fmt.Sprintf("others=%d,distinct=%v", n, distinct), func(b *testing.B) {
				x := NewIndex[int]()
				x.Add("default", "int_0", Subscription{Types: filters("alert.*")}, 0)
				for i := range n {
					sub := Subscription{Types: filters("ip.*")}
					if distinct {
						sub.Types = filters(fmt.Sprintf("custom.t%d", i))
					}
					x.Add("default", fmt.Sprint("int_", i+1), sub, i+1)
				}
				r := &event.Record{Account: "default", Type: "alert.created"}
				wanted := 0
				want := func(*Entry[int], Reason) { wanted++ }
				b.ReportAllocs()
				for b.Loop() {
					x.Match(r, want)
				}
			})
		}
	}
}
