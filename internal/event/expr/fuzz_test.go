package expr

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// FuzzParse: whatever stands in an expression, the answer is a program or an *Error, and a program that runs ends.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`event.severity_level >= HIGH`, `event.data.a.b[0] == "x"`, `event.tags.exists(t, t.matches("a+"))`, `inCidr(event.title, "10.0.0.0/8")`,
		`{"a": event.title, "b": [event.data, event]}`, `event.title + event.description`, `has(event.data.x) ? event.data.x : "y"`,
		`glob(event.url, "*a*b*")`, `event.title.replace("a", "bbb").split("").join(",")`, `[1,2,3].map(x, x * 2).filter(y, y > 2)`,
		`timestamp("2026-01-01T00:00:00Z") < event.time`, `((((((1))))))`, `"\u0000"`, `event.`, `event.entities[0].value`, `-9223372036854775808`,
	} {
		f.Add(s)
	}
	r := record(f, sample)
	f.Fuzz(func(t *testing.T, source string) {
		start := time.Now()
		if c, err := ParseCondition(source); err == nil {
			_, _ = c.Match(r)
		} else if e, ok := errors.AsType[*Error](err); !ok || e.Message == "" {
			t.Fatalf("%T %v", err, err)
		}
		if v, err := ParseText(source); err == nil {
			_, _ = v.Text(r)
		}
		if v, err := ParseObject(source); err == nil {
			out, err := v.AppendJSON(nil, r, "")
			if err == nil && (!json.Valid(out) || strings.ContainsAny(string(out), "\n\r")) {
				t.Fatalf("%s: not JSON on one line: %q", source, out)
			}
		}
		if took := time.Since(start); took > 20*time.Second { // fuzzing makes everything slow
			t.Fatalf("%v for %q", took, source)
		}
	})
}

// hostile are expressions over every field.
var hostile = []string{
	`{"title": event.title, "all": event, "data": event.data, "x": [event.labels, event.tags, event.entities, event.rule, event.source]}`,
	`{"a": event.actor + event.status + event.url, "t": event.tags.map(t, t.upperAscii()), "e": event.entities.map(e, {"v": e.value, "o": e.observed})}`,
	`{"keys": event.data.map(k, k), "values": event.data.map(k, event.data[k]), "labels": event.labels.map(k, event.labels[k]), "r": event.risk_score}`,
}

// FuzzEvent: whatever an event holds, the result is JSON on one line, and the template's names are all there is at its top.
func FuzzEvent(f *testing.F) {
	f.Add(sample)
	f.Add(`{"type":"a.b","title":"\"},{\"x\":1","data":{"a\"b":[[],{}],"":null,"\u2028":1e308}}`)
	f.Add(`{"type":"a.b","tags":["\u0000"],"labels":{"":""},"entities":[{"type":"ip","value":"::ffff:1.2.3.4"}]}`)
	var values []*Value
	for _, s := range hostile {
		v, err := ParseObject(s)
		if err != nil {
			f.Fatal(err)
		}
		values = append(values, v)
	}
	c, err := ParseCondition(`event.entities.all(e, !inCidr(e.value, "10.0.0.0/8")) && glob(event.title, "*?*x*") && event.description.matches("(a|b)*c") && event.data == event.data`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r, err := event.Parse([]byte(body), "acme", time.Unix(1e9, 0), event.Limits{})
		if err != nil {
			return
		}
		_, _ = c.Match(r)
		for _, v := range values {
			checkJSON(t, v, r)
		}
	})
}

func checkJSON(t interface{ Fatalf(string, ...any) }, v *Value, r *event.Record) {
	out, err := v.AppendJSON(nil, r, "")
	if err != nil {
		return
	}
	var top map[string]json.RawMessage
	if json.Unmarshal(out, &top) != nil || strings.ContainsAny(string(out), "\n\r") {
		t.Fatalf("%s: not JSON on one line: %q", v, out)
	}
	names := v.orders[0]
	if len(names) != len(top) {
		t.Fatalf("%s: other names: %q", v, out)
	}
	for _, n := range names {
		if _, ok := top[n]; !ok {
			t.Fatalf("%s: %s is missing: %q", v, n, out)
		}
	}
}

func TestAppendJSONIsValid(t *testing.T) {
	t.Parallel()
	var values []*Value
	for _, s := range hostile {
		v, err := ParseObject(s)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 40, 120)
		e := event.Event{
			Type: "alert.created", Severity: event.Severity(rapid.IntRange(0, 4).Draw(t, "severity")), Title: text.Draw(t, "title"),
			Description: text.Draw(t, "description"), Actor: text.Draw(t, "actor"), Status: text.Draw(t, "status"), URL: text.Draw(t, "url"),
			Rule:   &event.Rule{ID: text.Draw(t, "rule"), Name: text.Draw(t, "rule name")},
			Source: &event.Source{Vendor: text.Draw(t, "vendor"), ID: text.Draw(t, "source id")},
			Labels: rapid.MapOf(text, text).Draw(t, "labels"),
		}
		e.Data, _ = json.Marshal(rapid.MapOf(text, rapid.SliceOf(text)).Draw(t, "data"))
		for _, tag := range rapid.SliceOfN(rapid.StringN(1, 20, 60), 0, 4).Draw(t, "tags") {
			e.Tags = append(e.Tags, tag)
			e.Entities = append(e.Entities, event.Entity{Type: "user", Value: tag, Observed: true})
		}
		r, err := event.FromEvent(&e, event.Origin{Account: "acme", Received: time.Unix(1e9, 0)}, event.Limits{})
		if err != nil {
			return
		}
		for _, v := range values {
			checkJSON(t, v, r)
		}
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("abc", "a*c")
	f.Add("äöü", "?ö*")
	f.Add("aaaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*c")
	f.Fuzz(func(t *testing.T, text, pattern string) {
		if len(text)*len(pattern) > 1<<20 {
			return
		}
		got, ok := globMatch(text, pattern)
		if !ok {
			t.Skip()
		}
		if !strings.ContainsAny(pattern, "*?") && got != (text == pattern) {
			t.Fatalf("%q like %q: %v", text, pattern, got)
		}
		if strings.Trim(pattern, "*") == "" && pattern != "" && !got {
			t.Fatalf("%q is not like %q", text, pattern)
		}
	})
}
