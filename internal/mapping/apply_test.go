package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func record(tb testing.TB, body string) *event.Record {
	tb.Helper()
	r, err := event.Parse([]byte(body), "acme", time.Unix(1e9, 0), event.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func compiled(tb testing.TB, rules ...string) []*Compiled {
	tb.Helper()
	var list []*Compiled
	for i, text := range rules {
		r, err := Parse(json.RawMessage(strings.Replace(text, "{", fmt.Sprintf(`{"name":"r%d",`, i), 1)))
		if err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
		c, err := Compile(r)
		if err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
		list = append(list, c)
	}
	return list
}

func TestApply(t *testing.T) {
	t.Parallel()
	const body = `{"type":"detection.shell","severity":"medium","title":"A shell","project":"web","tags":["a"],"labels":{"team":"pay"},"data":{"ns":"prod","n":3}}`
	may := May{
		Type:    func(t string) bool { return !strings.HasPrefix(t, "audit.") },
		Account: func(a event.Account) bool { return a == "shop" },
	}
	for _, c := range []struct {
		name  string
		rules []string
		want  string // the body; "": dropped
		as    event.Account
		steps string // one letter per step: ok, dropped, failed
	}{
		{"no rule", nil, body, "acme", ""},
		{"one that does not hold", []string{`{"when":"event.severity_level > HIGH","drop":true}`}, body, "acme", ""},
		{"dropped", []string{`{"when":"event.title.contains(\"shell\")","drop":true}`, `{"set":{"project":"x"}}`}, "", "acme", "d"},
		{"values", []string{`{"set":{"type":"detection.malware","severity":"high","project":"p","alert_type":"x","tags":["a","b"],"labels":{"team":"","env":"prod"}}}`},
			`{"type":"detection.malware","severity":"high","title":"A shell","project":"p","tags":["a","b"],"labels":{"env":"prod"},"data":{"ns":"prod","n":3},"alert_type":"x"}`, "acme", "o"},
		{"computed", []string{`{"compute":{"project":"event.data.ns + \"-\" + event.project","severity":"event.data.n > 2 ? \"low\" : \"info\"","tags":"[event.data.ns]","labels":"{\"ns\": event.data.ns}"},"set":{"tags":["s"],"labels":{"x":"y"}}}`},
			`{"type":"detection.shell","severity":"low","title":"A shell","project":"prod-web","tags":["a","s","prod"],"labels":{"team":"pay","ns":"prod","x":"y"},"data":{"ns":"prod","n":3}}`, "acme", "o"},
		{"one after the other", []string{`{"set":{"project":"one"}}`, `{"when":"event.project == \"one\"","set":{"project":"two"}}`, `{"when":"event.project == \"one\"","drop":true}`},
			strings.Replace(body, `"web"`, `"two"`, 1), "acme", "oo"},
		{"a when that fails", []string{`{"when":"event.data.missing == 1","drop":true}`, `{"set":{"project":"p"}}`},
			strings.Replace(body, `"web"`, `"p"`, 1), "acme", "fo"},
		{"a value that fails changes nothing of its rule", []string{`{"set":{"project":"p"},"compute":{"alert_type":"event.data.missing"}}`}, body, "acme", "f"},
		{"a type that may not be sent", []string{`{"set":{"type":"audit.x","project":"p"}}`}, body, "acme", "f"},
		{"a type that is none", []string{`{"compute":{"type":"event.title"}}`}, body, "acme", "f"},
		{"a severity that is none", []string{`{"compute":{"severity":"event.title"}}`}, body, "acme", "f"},
		{"an account below", []string{`{"set":{"account":"shop"}}`}, body, "shop", "o"},
		{"an account below, by its name", []string{`{"compute":{"account":"\"sh\" + \"op\""},"set":{"project":"p"}}`}, strings.Replace(body, `"web"`, `"p"`, 1), "shop", "o"},
		{"another account", []string{`{"set":{"account":"other"}}`, `{"compute":{"account":"event.title"}}`}, body, "acme", "ff"},
		{"taken away", []string{`{"compute":{"project":"\"\""}}`}, strings.Replace(body, `"project":"web",`, ``, 1), "acme", "o"},
	} {
		r := record(t, body)
		o := Apply(compiled(t, c.rules...), r, may)
		steps := ""
		for _, s := range o.Steps {
			switch {
			case s.Err != nil:
				steps += "f"
			case s.Dropped:
				steps += "d"
			default:
				steps += "o"
			}
		}
		if steps != c.steps {
			t.Errorf("%s: steps %q, want %q: %+v", c.name, steps, c.steps, o.Steps)
		}
		if string(r.Body) != body || r.Account != "acme" {
			t.Errorf("%s: the event itself was touched", c.name)
		}
		switch {
		case (o.Record == nil) != (c.want == ""):
			t.Errorf("%s: dropped: %v", c.name, o.Record == nil)
		case o.Record != nil && (string(o.Record.Body) != c.want || o.Record.Account != c.as || string(o.Record.SenderBytes()) != body):
			t.Errorf("%s: of %s: %s, raw %s\nwant %s", c.name, o.Record.Account, o.Record.Body, o.Record.Raw, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, wrong string }{
		{`[]`, "must be an object"},
		{`{"drop":true}`, "name is required"},
		{`{"name":"a\nb","drop":true}`, "name must be one line"},
		{`{"name":"a"}`, "says nothing to be done"},
		{`{"name":"a","drop":true,"set":{"project":"p"}}`, "drop goes without set"},
		{`{"name":"a","drop":true,"source":"Falco"}`, "source must be"},
		{`{"name":"a","drop":true,"position":-1}`, "position must be 0 to"},
		{`{"name":"a","drop":true,"position":"1"}`, "position must be a whole number"},
		{`{"name":"a","drop":true,"when":"event.titel == 1"}`, "when at line 1, column 6: there is no field"},
		{`{"name":"a","drop":true,"wenn":"x"}`, "wenn is not known"},
		{`{"name":"a","set":{"titel":"x"}}`, "set.titel is not known"},
		{`{"name":"a","set":{"type":"X"}}`, "set.type"},
		{`{"name":"a","set":{"severity":"loud"}}`, "set.severity must be one of"},
		{`{"name":"a","set":{"account":"../x"}}`, "set.account"},
		{`{"name":"a","set":{"tags":[""]}}`, "set.tags.0"},
		{`{"name":"a","set":{"tags":"x"}}`, "set.tags must be a list"},
		{`{"name":"a","set":{"labels":{"a":1}}}`, "set.labels must be an object of texts"},
		{`{"name":"a","set":{"project":"p"},"compute":{"project":"event.title"}}`, "compute.project is set already"},
		{`{"name":"a","compute":{"project":"event.severity_level"}}`, "compute.project at line 1, column 6: the value is a number; want a text"},
		{`{"name":"a","compute":{"labels":"event.labels"}}`, "compute.labels"},
		{`{"name":"a","compute":{"tags":"event.title"}}`, "compute.tags"},
	} {
		if _, err := Parse(json.RawMessage(c.raw)); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v; want %s", c.raw, err, c.wrong)
		}
	}
	r, err := Parse(json.RawMessage(`{"id":"map_x","counts":{},"name":"a","drop":true,"set":null}`))
	if err != nil || r.Source != AnySource || r.Position != DefaultPosition || !r.Enabled {
		t.Errorf("%+v %v", r, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"name":"a","source":"falco","position":1,"when":"event.title == \"x\"","set":{"tags":["a"],"labels":{"a":"b"}},"compute":{"project":"event.title"}}`)
	f.Add(`{"name":"a","drop":true}`)
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := Parse(json.RawMessage(raw))
		if err != nil {
			return
		}
		c, err := Compile(r)
		if err != nil {
			t.Fatalf("%s was checked and does not compile: %v", raw, err)
		}
		again, err := Parse(encode(r))
		if err != nil || string(encode(again)) != string(encode(r)) {
			t.Fatalf("%s is %s when it is read again: %v", encode(r), encode(again), err)
		}
		Apply([]*Compiled{c}, record(t, `{"type":"alert.created","title":"x"}`), May{})
	})
}

// Whatever an event holds: it comes out as it was sent, or as an event that could have been sent, or is dropped.
func TestApplyIsSound(t *testing.T) {
	t.Parallel()
	rules := compiled(t, `{"compute":{"project":"event.title","alert_type":"event.description.substring(0, 3)","tags":"event.tags + [event.title]","labels":"{\"t\": event.title}"}}`,
		`{"when":"event.data.x == 1","set":{"severity":"low"}}`, `{"when":"event.title.matches(\"^a\")","drop":true}`)
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringN(0, 20, 60)
		e := event.Event{Type: "alert.created", Severity: event.High, Title: text.Draw(rt, "title"), Description: text.Draw(rt, "description")}
		e.Data, _ = json.Marshal(map[string]any{text.Draw(rt, "name"): text.Draw(rt, "value")})
		r, err := event.FromEvent(&e, event.Origin{Account: "acme", Received: time.Unix(1e9, 0), Raw: []byte("raw")}, event.Limits{})
		if err != nil {
			return
		}
		o := Apply(rules, r, May{})
		if o.Record == nil {
			if !strings.HasPrefix(e.Title, "a") {
				rt.Fatalf("%q was dropped", e.Title)
			}
			return
		}
		again := record(t, string(o.Record.Body))
		if again.Project != o.Record.Project || again.AlertType != o.Record.AlertType || string(o.Record.SenderBytes()) != "raw" {
			rt.Fatalf("%s", o.Record.Body)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	r := record(b, `{"type":"detection.shell","severity":"medium","title":"A shell","project":"web","tags":["a"],"data":{"ns":"prod","n":3}}`)
	for _, c := range []struct {
		name  string
		rules []string
	}{
		{"ten that do not hold", repeat(`{"when":"event.severity_level > HIGH && event.project == \"x\"","drop":true}`, 10)},
		{"one drops", []string{`{"when":"event.severity_level < HIGH","drop":true}`}},
		{"one sets", []string{`{"set":{"project":"p"}}`}},
		{"one computes", []string{`{"compute":{"project":"event.data.ns"}}`}},
	} {
		b.Run(c.name, func(b *testing.B) {
			rules := compiled(b, c.rules...)
			b.ReportAllocs()
			for b.Loop() {
				Apply(rules, r, May{})
			}
		})
	}
}

func repeat(s string, n int) (list []string) {
	for range n {
		list = append(list, s)
	}
	return list
}
