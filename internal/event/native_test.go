package event

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var received = time.Date(2026, 3, 1, 10, 15, 30, 0, time.UTC)

func mustParse(t testing.TB, in string) *Record {
	t.Helper()
	r, err := Parse([]byte(in), DefaultAccount, received, Limits{})
	if err != nil {
		t.Fatalf("%s: %v", in, err)
	}
	return r
}

func TestParseKeepsCleanEvents(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`{"type":"custom.event"}`,
		string(kibEvent),
		`{ "severity" : "low" , "type" : "alert.created" }`,
		`{"type":"a.b","time":"2026-03-01T11:15:30.25+01:00","data":{"type":"x","severity":1,"Type":2}}`,
		`{"type":"a.b","entities":[{"type":"ip","value":"::1","more":{"x":[1]}},{"value":"b","type":"user","observed":false}],"rule":{},"source":{},"tags":[],"labels":{},"mitre":[]}`,
		`{"type":"a.b","title":"tab\tand \"quotes\" é \u0000","risk_score":0.5e2}`,
	} {
		b := []byte("  " + in + "\n ")
		r, err := Parse(b, "acme", received, Limits{})
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if string(r.Body) != in || len(r.Raw) > 0 {
			t.Errorf("%s was rewritten to %s", in, r.Body)
		}
		if unsafe.SliceData(r.Body) != &b[2] {
			t.Errorf("%s: Body was copied", in)
		}
		if r.Account != "acme" || !r.Received.Equal(received) || !r.ID.IsZero() {
			t.Errorf("%s: account, receipt or id: %+v", in, r)
		}
	}
}

func TestParseFields(t *testing.T) {
	t.Parallel()
	r := mustParse(t, `{"type":"alert.created","time":"2026-03-01T11:15:30.25+01:00","severity":"critical","project":"p\"1","alert_type":"bf","dedup_key":"d","incident":"INC-1"}`)
	want := &Record{
		Account: DefaultAccount, Type: "alert.created", Severity: Critical, Project: `p"1`, AlertType: "bf", DedupKey: "d", OrderingKey: "INC-1",
		Time: time.Date(2026, 3, 1, 10, 15, 30, 250e6, time.UTC), Received: received, Body: r.Body,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	for in, key := range map[string]string{
		`{"type":"a.b","ordering_key":"o","incident":"i","dedup_key":"d"}`: "o",
		`{"type":"a.b","ordering_key":"","incident":"i","dedup_key":"d"}`:  "i",
		`{"type":"a.b","dedup_key":"d"}`:                                   "d",
		`{"type":"a.b"}`:                                                   "",
	} {
		if r := mustParse(t, in); r.OrderingKey != key {
			t.Errorf("%s: ordering key %q, want %q", in, r.OrderingKey, key)
		}
	}
	r = mustParse(t, `{"type":"alert.created"}`)
	if r.Flags != NoTime|NoSeverity || r.Severity != High || !r.Time.Equal(received) {
		t.Errorf("without severity and time: flags %b, severity %v, time %v", r.Flags, r.Severity, r.Time)
	}
	if r = mustParse(t, `{"type":"never.heard_of"}`); r.Severity != Info {
		t.Errorf("severity of an unknown type: %v", r.Severity)
	}
}

func TestParseRewrites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"unknown fields", `{"foo":1,"type":"a.b","bar":{"x":[1, 2]}}`, `{"type":"a.b","data":{"foo":1,"bar":{"x":[1,2]}}}`},
		{"unknown fields beside data", `{"foo":1,"type":"a.b","data":{"z":0}}`, `{"type":"a.b","data":{"z":0,"foo":1}}`},
		{"unknown field that data has", `{"foo":1,"type":"a.b","data":{"foo":2,"foo_2":3}}`, `{"type":"a.b","data":{"foo":2,"foo_2":3,"foo_3":1}}`},
		{"moved names stay apart", `{"foo":1,"foo_2":2,"type":"a.b","data":{"\u0066oo":0}}`, `{"type":"a.b","data":{"\u0066oo":0,"foo_3":1,"foo_2":2}}`},
		{"id", `{"type":"a.b","id":"x-1"}`, `{"type":"a.b","source":{"id":"x-1"}}`},
		{"numeric id", `{"type":"a.b","id":42,"source":{"vendor":"v","id":null}}`, `{"type":"a.b","source":{"vendor":"v","id":"42"}}`},
		{"id beside source.id", `{"type":"a.b","id":"x-1","source":{"id":"y"}}`, `{"type":"a.b","source":{"id":"y"},"data":{"id":"x-1"}}`},
		{"id that is no text", `{"type":"a.b","id":{"$oid":"1"}}`, `{"type":"a.b","data":{"id":{"$oid":"1"}}}`},
		{"account and received_at", `{"type":"a.b","account":"evil","received_at":"2020-01-01T00:00:00Z"}`, `{"type":"a.b","data":{"received_at":"2020-01-01T00:00:00Z"}}`},
		{"account_parents", `{"type":"a.b","account_parents":["acme"]}`, `{"type":"a.b","data":{"account_parents":["acme"]}}`},
		{"severity alias", `{"type":"a.b","severity":"Informational"}`, `{"type":"a.b","severity":"info"}`},
		{"severity case", `{"severity":"HIGH","type":"a.b"}`, `{"type":"a.b","severity":"high"}`},
		{"epoch seconds", `{"type":"a.b","time":1772360130}`, `{"type":"a.b","time":"2026-03-01T10:15:30Z"}`},
		{"epoch milliseconds", `{"type":"a.b","time":1772360130250}`, `{"type":"a.b","time":"2026-03-01T10:15:30.25Z"}`},
		{"epoch with a fraction", `{"type":"a.b","time":1772360130.25}`, `{"type":"a.b","time":"2026-03-01T10:15:30.25Z"}`},
		{"time without a zone", `{"type":"a.b","time":"2026-03-01 10:15:30"}`, `{"type":"a.b","time":"2026-03-01T10:15:30Z"}`},
		{"nulls", `{"type":"a.b","title":null,"severity":null,"time":null,"data":null,"source":null}`, `{"type":"a.b"}`},
		{"newlines", "{\n \"type\": \"a.b\",\r\n \"title\": \"x\\ny\",\n \"data\": { \"a\" : [ 1 ,\n 2 ] }\n}", `{"type":"a.b","title":"x\ny","data":{"a":[1,2]}}`},
		{"escaped name", `{"\u0074ype":"a.b"}`, `{"type":"a.b"}`},
		{"escaped quotes before white space", "{\"type\":\"a.b\",\n\"title\":\"a\\\\\",\"url\":\"b \\\" c\"}", `{"type":"a.b","title":"a\\","url":"b \" c"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := mustParse(t, c.in)
			if diff := cmp.Diff(c.want, string(r.Body)); diff != "" {
				t.Error(diff)
			}
			if string(r.SenderBytes()) != c.in {
				t.Errorf("the sender's bytes are %s", r.SenderBytes())
			}
			again := mustParse(t, string(r.Body))
			if len(again.Raw) > 0 {
				t.Errorf("the rewritten event is rewritten again: %s", again.Body)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3000)
	for _, c := range []struct{ in, want string }{
		{`[]`, "want an event (a JSON object), got an array"},
		{`7`, "want an event (a JSON object), got a number"},
		{`{}`, "type: is missing"},
		{`{"title":"x"}`, "type: is missing"},
		{`{"type":""}`, "type: is missing"},
		{`{"type":null}`, "type: is missing"},
		{`{"type":5}`, "type: want a string, got a number"},
		{`{"type":"Alert"}`, `type: "Alert" is not an event type such as "alert.created": want two to four dotted parts of a-z, 0-9 and _`},
		{`{"type":"a.b","risk_score":"80"}`, "risk_score: want a number from 0 to 100, got a string"},
		{`{"type":"a.b","risk_score":100.1}`, "risk_score: want a number from 0 to 100, got 100.1"},
		{`{"type":"a.b","risk_score":-1}`, "risk_score: want a number from 0 to 100, got -1"},
		{`{"type":"a.b","severity":"urgent"}`, `severity: "urgent" is none of info, low, medium, high, critical`},
		{`{"type":"a.b","severity":3}`, "severity: want a string, got a number"},
		{`{"type":"a.b","time":"yesterday"}`, `time: "yesterday" is not a time from 1970 to 2261 (RFC 3339, or seconds or milliseconds since 1970)`},
		{`{"type":"a.b","time":"0001-01-01T00:00:00Z"}`, `time: "0001-01-01T00:00:00Z" is not a time from 1970 to 2261 (RFC 3339, or seconds or milliseconds since 1970)`},
		{`{"type":"a.b","time":true}`, "time: want a time (RFC 3339, or seconds or milliseconds since 1970), got a boolean"},
		{`{"type":"a.b","title":"` + long + `"}`, "title: 3000 bytes are more than 2048"},
		{`{"type":"a.b","data":[1]}`, "data: want an object, got an array"},
		{`{"type":"a.b","source":"sdk"}`, "source: want an object, got a string"},
		{`{"type":"a.b","source":{"id":5}}`, "source.id: want a string, got a number"},
		{`{"type":"a.b","rule":{"Name":"x"}}`, `rule: member "Name" differs from "name" only in letter case`},
		{`{"type":"a.b","mitre":["T1",2]}`, "mitre[1]: want a string, got a number"},
		{`{"type":"a.b","tags":[""]}`, "tags[0]: must not be empty"},
		{`{"type":"a.b","labels":{"a":1}}`, "labels.a: want a string, got a number"},
		{`{"type":"a.b","entities":{}}`, "entities: want an array, got an object"},
		{`{"type":"a.b","entities":["1.2.3.4"]}`, "entities[0]: want an object, got a string"},
		{`{"type":"a.b","entities":[{"type":"ip","value":"1"},{"type":"ip"}]}`, "entities[1].value: is missing"},
		{`{"type":"a.b","entities":[{"type":"IP","value":"1"}]}`, `entities[0].type: want 1 to 64 of a-z, 0-9, "_", "-" and "."`},
		{`{"type":"a.b","entities":[{"type":"ip","value":"1","observed":"yes"}]}`, "entities[0].observed: want a boolean, got a string"},
		{`{"type":"a.b","entities":[{"type":"ip","value":"1","Value":"2"}]}`, `entities[0]: member "Value" differs from "value" only in letter case`},
		{`{"type":"a.b","Severity":"high"}`, `Severity: differs from "severity" only in letter case`},
		{`{"type":"a.b","rıſk_score":1}`, ""}, // the dotless i is another letter
		{`{"type":"a.b","riſk_score":1}`, `riſk_score: differs from "risk_score" only in letter case`},
		{`{"type":"a.b","ACCOUNT":"x"}`, `ACCOUNT: differs from "account" only in letter case`},
		{`{"type":"x","title":1,"tags":{}}`, `title: want a string, got a number; tags: want an array, got an object; type: "x" is not an event type such as "alert.created": want two to four dotted parts of a-z, 0-9 and _`},
	} {
		_, err := Parse([]byte(c.in), DefaultAccount, received, Limits{})
		got := ""
		if err != nil {
			got = err.Error()
			if _, ok := errors.AsType[FieldErrors](err); !ok {
				t.Errorf("%s: %T", c.in, err)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%.80s: %s", c.in, diff)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	event := func(n int, more string) []byte {
		head, tail := `{"type":"a.b",`+more+`"data":{"a":"`, `"}}`
		rest := n - len(head) - len(tail) - 6
		return []byte(head + strings.Repeat("x", rest/2) + `","b":"` + strings.Repeat("y", rest-rest/2-1) + tail)
	}
	lim := DefaultLimits()
	if _, err := Parse(event(MaxEventBytes, ""), DefaultAccount, received, lim); err != nil {
		t.Errorf("the largest event: %v", err)
	}
	if _, err := Parse(event(MaxEventBytes+1, ""), DefaultAccount, received, lim); err == nil {
		t.Error("an event that is too large was accepted")
	}
	if _, err := Parse(event(300<<10, `"x":1,`), DefaultAccount, received, lim); err == nil || !strings.Contains(err.Error(), "must be rewritten") {
		t.Errorf("an event that is too large with its original: %v", err)
	}
	r, err := Parse(event(MaxEventBytes, ""), DefaultAccount, received, lim)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.AppendBinary(nil)); n > MaxRecordBytes {
		t.Errorf("encoded, the largest event has %d bytes", n)
	}
}

func TestParserNext(t *testing.T) {
	t.Parallel()
	p := NewParser(Limits{})
	p.Begin(DefaultAccount, received, 0)
	b := []byte(`{"type":"a.b","title":1} {"type":"a.c"} {"type":"a.d","extra":1} {"type":"a.e"`)
	var got []string
	for at := 0; ; {
		r, end, err := p.Next(b, at)
		at = end
		if e, ok := errors.AsType[*ScanError](err); ok && e.Malformed {
			got = append(got, "malformed")
			break
		}
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, r.Type)
	}
	want := []string{"title: want a string, got a number", "a.c", "a.d", "malformed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNaughtyStrings: a title survives exactly, through Body, the journal's encoding and the canonical JSON.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(sharedFile(t, "corpora", "naughty-strings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil || len(list) < 500 {
		t.Fatalf("%d strings (%v)", len(list), err)
	}
	for _, text := range list {
		for _, in := range [][]byte{
			append(AppendString([]byte(`{"type":"a.b","title":`), text), '}'),
			append(AppendString([]byte(`{"type":"a.b","unknown":1,"title":`), text), '}'),
		} {
			r, err := Parse(in, DefaultAccount, received, Limits{})
			if err != nil {
				t.Errorf("%q: %v", text, err)
				continue
			}
			checkCanonical(t, r, text)
		}
		r, err := FromEvent(&Event{Type: "a.b", Title: text}, Origin{Account: DefaultAccount, Received: received}, Limits{})
		if err != nil {
			t.Errorf("%q from an Event: %v", text, err)
			continue
		}
		checkCanonical(t, r, text)
	}
}

func checkCanonical(t *testing.T, r *Record, title string) {
	t.Helper()
	r.ID = NewID()
	decoded, rest, err := DecodeRecord(r.AppendBinary(nil), r.Account)
	if err != nil || len(rest) > 0 {
		t.Errorf("%q: decoding: %v", title, err)
		return
	}
	out := decoded.AppendJSON(nil)
	var e Event
	if err := json.Unmarshal(out, &e); err != nil || e.Title != title {
		t.Errorf("%q became %q (%v)", title, e.Title, err)
	}
	if strings.ContainsAny(string(out), "\n\r") {
		t.Errorf("%q: more than one line", title)
	}
	if err := NewScanner(Limits{}).Document(out); err != nil {
		t.Errorf("%q: the canonical JSON: %v", title, err)
	}
}

func TestEventRoundTrip(t *testing.T) {
	t.Parallel()
	score := 12.5
	e := Event{
		Type: "alert.created", Time: received.Add(time.Nanosecond), Severity: High, Title: "t <b>", Description: "d\nd", Project: "p",
		AlertType: "a", DedupKey: "k", OrderingKey: "o", Incident: "i", Endpoint: "/e", Rule: &Rule{ID: "1", Name: "n"}, Mitre: []string{"T1059"},
		RiskScore: &score, Status: "open", Actor: "me",
		Entities: []Entity{{Type: "ip", Value: "::1", Role: "source", Observed: true}, {Type: "user", Value: "u"}},
		Geo:      json.RawMessage(`{"a":1}`), Network: json.RawMessage(`{"b":2}`), Tags: []string{"x", "y"}, Labels: map[string]string{"b": "2", "a": "1"},
		TLP: "green", URL: "https://example.com/?a=1&b=2", Source: &Source{Vendor: "v", Product: "p", Instance: "i", ID: "s"}, Data: json.RawMessage(`{"z":[1]}`),
	}
	raw := []byte("<1> what was sent")
	r, err := FromEvent(&e, Origin{Account: "acme", Received: received, Raw: raw, Integration: "int_x", Hops: 2, Flags: Test | NoTime}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := r.Event()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, back); diff != "" {
		t.Error(diff)
	}
	if string(r.Raw) != string(raw) || r.Origin != "int_x" || r.Hops != 2 || r.Flags != Test || r.Account != "acme" {
		t.Errorf("%+v", r)
	}
	if _, err := FromEvent(&Event{Type: "nope"}, Origin{Account: "acme", Received: received}, Limits{}); err == nil {
		t.Error("an event without a valid type was made")
	}
	if r, err = FromEvent(&Event{Type: "a.b"}, Origin{Account: "acme", Received: received}, Limits{}); err != nil || r.Flags != NoTime || !r.Time.Equal(received) {
		t.Errorf("without a time: %+v (%v)", r, err)
	}
	if r, err = FromEvent(&Event{Type: "a.b", Data: json.RawMessage("{\n}")}, Origin{Account: "acme", Received: received}, Limits{}); err != nil || len(r.Raw) > 0 || string(r.Body) != `{"type":"a.b","severity":"info","data":{}}` {
		t.Errorf("with line breaks in data: %+v (%v)", r, err)
	}
}

// TestCanonicalProperty: whatever Parse accepts has a canonical JSON that is one line of valid JSON in which every known
// field has the value it was sent with.
func TestCanonicalProperty(t *testing.T) {
	t.Parallel()
	values := rapid.SampledFrom([]string{
		`"x"`, `"high"`, `"2026-03-01T10:15:30Z"`, `1772360130`, `null`, `{}`, `[]`, `{"id":"i"}`, `["a"]`, `{"a":"b"}`, `[{"type":"ip","value":"v"}]`,
		`50`, `"a\nb"`, `"é"`, "{\n}", `true`,
	})
	names := rapid.SampledFrom([]string{
		"time", "severity", "title", "description", "project", "alert_type", "dedup_key", "ordering_key", "incident", "endpoint", "rule", "mitre",
		"risk_score", "status", "actor", "entities", "geo", "network", "tags", "labels", "tlp", "url", "source", "data", "id", "account",
		"received_at", "account_parents", "other", "more",
	})
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		members := rapid.MapOfN(names, values, 0, 4).Draw(rt, "members")
		in := []byte(`{"type":"a.b"`)
		for name, value := range members {
			in = append(in, `, "`+name+`" : `+value...)
		}
		in = append(in, '}')
		r, err := Parse(in, DefaultAccount, received, Limits{})
		if err != nil {
			return
		}
		accepted++
		out := r.AppendJSON(nil)
		if strings.ContainsAny(string(out), "\n\r") {
			rt.Fatalf("%s: more than one line: %s", in, out)
		}
		if err := NewScanner(Limits{}).Document(out); err != nil {
			rt.Fatalf("%s: %v: %s", in, err, out)
		}
		var was, is map[string]any
		if json.Unmarshal(in, &was) != nil || json.Unmarshal(out, &is) != nil {
			rt.Fatalf("%s or %s cannot be read", in, out)
		}
		for name, value := range was {
			switch name {
			case "id", "account", "received_at", "account_parents", "time", "severity", "source", "data", "other", "more":
				continue
			}
			if diff := cmp.Diff(value, is[name]); diff != "" && value != nil {
				rt.Fatalf("%s: %s changed: %s", in, name, diff)
			}
		}
		data, _ := is["data"].(map[string]any)
		for _, name := range []string{"other", "more", "received_at", "account_parents"} {
			value, ok := was[name]
			if strings.Contains("received_at account_parents", name) && value == nil {
				continue
			}
			if moved, there := data[name]; ok && (!there || !cmp.Equal(value, moved)) {
				rt.Fatalf("%s: %s was not moved into data: %s", in, name, out)
			}
		}
		if is["account"] != "default" {
			rt.Fatalf("%s: account %v", in, is["account"])
		}
	})
	if accepted == 0 {
		t.Error("nothing was accepted: the property was not tried")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(kibEvent)
	f.Add([]byte(`{"type":"a.b","id":1,"time":1772360130,"severity":"HIGH","x":{"y":[1]},"source":{"id":null}}`))
	f.Add([]byte("{\"type\":\"a.b\",\n\"data\":{\"\\u0061\":1},\"a\":2}"))
	for _, info := range Types() {
		f.Add([]byte(info.Sample))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b, DefaultAccount, received, Limits{})
		if err != nil {
			return
		}
		out := r.AppendJSON(nil)
		if err := NewScanner(Limits{}).Document(out); err != nil {
			t.Fatalf("%q: %v: %s", b, err, out)
		}
		if strings.ContainsAny(string(out), "\n\r") {
			t.Fatalf("%q: more than one line", b)
		}
		again, err := Parse(r.Body, DefaultAccount, received, Limits{})
		if err != nil || len(again.Raw) > 0 {
			t.Fatalf("%q: Body %s is not canonical (%v)", b, r.Body, err)
		}
		again.Raw, again.Flags = r.Raw, r.Flags
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatalf("%q: %s", b, diff)
		}
		if _, err := r.Event(); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		c := r.Clone()
		if diff := cmp.Diff(r, c); diff != "" {
			t.Fatalf("%q: a clone differs: %s", b, diff)
		}
	})
}
