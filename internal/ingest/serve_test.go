package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// answered is any answer of the handler.
type answered struct {
	Accepted int      `json:"accepted"`
	IDs      []string `json:"ids"`
	Rejected []struct {
		Index int    `json:"index"`
		Error string `json:"error"`
	} `json:"rejected"`
	RejectedTotal int    `json:"rejected_total"`
	Type          string `json:"type"`
	Title         string `json:"title"`
	Status        int    `json:"status"`
	Detail        string `json:"detail"`
	Errors        []struct {
		Field  string `json:"field"`
		Detail string `json:"message"`
	} `json:"errors"`
}

func read(t testing.TB, w *httptest.ResponseRecorder) answered {
	t.Helper()
	var a answered
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	if n := w.Header().Get("Content-Length"); n != strconv.Itoa(w.Body.Len()) {
		t.Errorf("Content-Length is %s of %d", n, w.Body.Len())
	}
	if w.Code != http.StatusAccepted && (w.Header().Get("Content-Type") != problemType || a.Status != w.Code || a.Title == "" || a.Type == "") {
		t.Errorf("not a problem: %v %s", w.Header(), w.Body)
	}
	return a
}

func (a answered) rejections() []string {
	list := []string{}
	for _, r := range a.Rejected {
		list = append(list, fmt.Sprintf("%d: %s", r.Index, r.Error))
	}
	return list
}

func TestBodies(t *testing.T) {
	t.Parallel()
	const good, good2, bad = `{"type":"a.b","title":"one"}`, `{"type":"a.c","title":"two"}`, `{"type":"a.b","title":1}`
	const badText = "title: want a string, got a number"
	for _, c := range []struct {
		name, media, body string
		status            int
		types             []string
		rejected          []string
	}{
		{"object", "application/json", good, 202, []string{"a.b"}, nil},
		{"object with parameters of the type", "Application/JSON; charset=utf-8", " " + good + "\n", 202, []string{"a.b"}, nil},
		{"array", "application/json", "[" + good + " , \n" + good2 + "]", 202, []string{"a.b", "a.c"}, nil},
		{"array with a bad event", "application/json", "[" + bad + "," + good + ",7]", 202, []string{"a.b"}, []string{"0: " + badText, "2: want an event (a JSON object), got a number"}},
		{"array with duplicate names", "application/json", `[{"type":"a.b","x":1,"x":2},` + good + "]", 202, []string{"a.b"}, []string{`0: at byte 21: duplicate member name "x"`}},
		{"array with a syntax error", "application/json", "[" + good + ",{x}," + good2 + "]", 202, []string{"a.b"}, []string{`1: at byte 31: unexpected 'x': want a member name in '"'; the rest of the body was not read`}},
		{"array cut short", "application/json", "[" + good + "," + good2, 202, []string{"a.b", "a.c"}, []string{`2: at byte 58: want "," or "]" after an event; the rest of the body was not read`}},
		{"array cut after a comma", "application/json", "[" + good + ",", 202, []string{"a.b"}, []string{`1: at byte 30: unexpected end: want a value; the rest of the body was not read`}},
		{"text after the array", "application/json", "[" + good + "] x", 202, []string{"a.b"}, []string{`1: at byte 31: unexpected text after the array; the rest of the body was not read`}},
		{"two objects as JSON", "application/json", good + "\n" + good2, 422, nil, []string{`0: at byte 29: unexpected '{' after the value`}},
		{"lines", "application/x-ndjson", good + "\n\n \r\n" + good2 + "\r\n", 202, []string{"a.b", "a.c"}, nil},
		{"lines with bad ones", "application/ndjson", good + "\n{x\n" + bad + "\n" + good2, 202, []string{"a.b", "a.c"}, []string{`1: at byte 30: unexpected 'x': want a member name in '"'`, "2: " + badText}},
		{"two events on one line", "application/jsonl", good + good2 + "\n" + good, 202, []string{"a.b"}, []string{`0: at byte 28: unexpected '{' after the value`}},
		{"an event over two lines", "application/x-ndjson", "{\"type\":\n\"a.b\"}", 422, nil, []string{`0: at byte 8: unexpected end: want a value`, `1: want an event (a JSON object), got a string`}},
		{"no type, object", "", "{\"type\":\n\"a.b\"}", 202, []string{"a.b"}, nil},
		{"no type, array", "", "[" + good + "]", 202, []string{"a.b"}, nil},
		{"no type, lines", "", good + "\n" + good2, 202, []string{"a.b", "a.c"}, nil},
		{"empty body", "application/json", "", 422, nil, nil},
		{"empty array", "application/json", " [ ] ", 422, nil, nil},
		{"blank lines", "application/x-ndjson", "\n \n", 422, nil, nil},
		{"not JSON", "application/json", "hello", 422, nil, []string{"0: at byte 0: unexpected 'h': want a value"}},
		{"a string", "application/json", `"x"`, 422, nil, []string{"0: want an event (a JSON object), got a string"}},
		{"all bad", "application/json", "[" + bad + "]", 422, nil, []string{"0: " + badText}},
		{"form", "application/x-www-form-urlencoded", good, 415, nil, nil},
		{"unreadable type", "application/", good, 415, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(Limits{})
			headers := []string{"Content-Type", c.media}
			if c.media == "" {
				headers[1] = "-"
			}
			w := b.post(EventsPath, c.body, headers...)
			a := read(t, w)
			if w.Code != c.status {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			var types []string
			for i, r := range b.journal.all() {
				types = append(types, r.Type)
				if i < len(a.IDs) && r.ID.Text(event.PrefixEvent) != a.IDs[i] {
					t.Errorf("the %d. event has id %s, the answer says %s", i, r.ID.Text(event.PrefixEvent), a.IDs[i])
				}
				if !r.Received.Equal(testNow) || r.Account != event.DefaultAccount {
					t.Errorf("received %v by %s", r.Received, r.Account)
				}
			}
			if diff := cmp.Diff(c.types, types); diff != "" {
				t.Error(diff)
			}
			if c.status == 202 && (a.Accepted != len(c.types) || len(a.IDs) != len(c.types) || a.Rejected == nil) {
				t.Errorf("answer %s", w.Body)
			}
			if c.rejected == nil {
				c.rejected = []string{}
			}
			if diff := cmp.Diff(c.rejected, a.rejections()); diff != "" {
				t.Error(diff)
			}
			if a.RejectedTotal != len(c.rejected) {
				t.Errorf("rejected_total is %d", a.RejectedTotal)
			}
			want := Observation{Source: "events", Status: c.status, Accepted: len(c.types), Rejected: len(c.rejected), WireBytes: int64(len(c.body)), BodyBytes: int64(len(c.body))}
			if c.status == 415 {
				want.WireBytes, want.BodyBytes = 0, 0
			}
			if diff := cmp.Diff([]Observation{want}, b.seen.all); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnswerExactly(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	w := b.post(EventsPath, `{"type":"a.b"}`, "Content-Type", "application/json")
	id := b.journal.all()[0].ID.Text(event.PrefixEvent)
	if got, want := w.Body.String(), `{"accepted":1,"ids":["`+id+`"],"rejected":[]}`+"\n"; got != want {
		t.Errorf("got %s", got)
	}
	w = b.post(EventsPath, `[{"type":"a.b","risk_score":"80"},{"type":"x"}]`, "Content-Type", "application/json")
	want := `{"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"no event in the body was valid",` +
		`"error":"INVALID_EVENTS","message":"no event in the body was valid",` +
		`"errors":[{"field":"[0].risk_score","location":"body[0].risk_score","message":"want a number from 0 to 100, got a string"},` +
		`{"field":"[1].type","location":"body[1].type","message":"\"x\" is not an event type such as \"alert.created\": want two to four dotted parts of a-z, 0-9 and _"}],` +
		`"rejected":[{"index":0,"error":"risk_score: want a number from 0 to 100, got a string"},` +
		`{"index":1,"error":"type: \"x\" is not an event type such as \"alert.created\": want two to four dotted parts of a-z, 0-9 and _"}],"rejected_total":2}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
	a := read(t, b.post(EventsPath, `{"type":"a.b","risk_score":"80"}`, "Content-Type", "application/json"))
	if len(a.Errors) != 1 || a.Errors[0].Field != "risk_score" || a.Detail != "the event is not valid: risk_score: want a number from 0 to 100, got a string" {
		t.Errorf("a single event: %+v", a)
	}
}

func TestRejectedIsCapped(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{Rejections: 3})
	a := read(t, b.post(EventsPath, "["+strings.Repeat("1,", 9)+`{"type":"a.b"}]`, "Content-Type", "application/json"))
	if len(a.Rejected) != 3 || a.RejectedTotal != 9 || a.Accepted != 1 {
		t.Errorf("%+v", a)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const event1 = `{"type":"a.b"}`
	for _, c := range []struct {
		name    string
		do      func(b *bench) *httptest.ResponseRecorder
		status  int
		detail  string
		headers []string // pairs that the answer has
	}{
		{"no key", func(b *bench) *httptest.ResponseRecorder { return b.post(EventsPath, event1, "X-API-Key", "-") }, 401, "a key is needed", []string{"WWW-Authenticate", `Bearer realm="tocsin"`}},
		{"type the key may not send", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "X-API-Key", "alerts-only")
		}, 403, `this key may not send events of type "a.b"`, nil},
		{"unknown source", func(b *bench) *httptest.ResponseRecorder { return b.post(SourcePath+"nessus", event1) }, 404, `there is no source "nessus": known are ` + dialectNames(), nil},
		{"no source", func(b *bench) *httptest.ResponseRecorder { return b.post(SourcePath, event1) }, 404, `there is no source "": known are ` + dialectNames(), nil},
		{"GET", func(b *bench) *httptest.ResponseRecorder {
			return b.serve(httptest.NewRequest(http.MethodGet, SourcePath+"falco", nil))
		}, 405, "events are sent with POST", []string{"Allow", "POST"}},
		{"encoding", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "Content-Encoding", "br")
		}, 415, `Content-Encoding "br" is not supported: use gzip, zstd or none`, []string{"Accept-Encoding", "gzip, zstd"}},
		{"two encodings", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "Content-Encoding", "gzip, gzip")
		}, 415, `Content-Encoding "gzip, gzip" is not supported: use gzip, zstd or none`, nil},
		{"type of a source", func(b *bench) *httptest.ResponseRecorder {
			return b.post(SourcePath+"falco", event1, "Content-Type", "application/xml")
		}, 415, `Content-Type "application/xml" is not supported: use application/json or application/x-ndjson`, nil},
		{"not gzip", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "Content-Encoding", "gzip")
		}, 400, "the body is not valid gzip: gzip: invalid header", nil},
		{"not zstd", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "Content-Encoding", "zstd")
		}, 400, "the body is not valid zstd: invalid input: magic number mismatch", nil},
		{"quota", func(b *bench) *httptest.ResponseRecorder {
			b.journal.fail(journal.ErrQuota)
			return b.post(EventsPath, event1)
		}, 429, "the account has reached its journal quota", []string{"Retry-After", "60"}},
		{"full", func(b *bench) *httptest.ResponseRecorder {
			b.journal.fail(fmt.Errorf("x: %w", journal.ErrFull))
			return b.post(EventsPath, event1)
		}, 503, "the journal has no room: try again later", []string{"Retry-After", "10"}},
		{"failed", func(b *bench) *httptest.ResponseRecorder {
			b.journal.fail(journal.ErrFailed)
			return b.post(EventsPath, event1)
		}, 503, "the events could not be made durable: try again", []string{"Retry-After", "5"}},
		{"too large for the journal", func(b *bench) *httptest.ResponseRecorder {
			b.journal.fail(journal.ErrTooLarge)
			return b.post(EventsPath, event1)
		}, 413, "an event is too large for the journal", nil},
		{"empty idempotency key", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "Idempotency-Key", "")
		}, 400, "an Idempotency-Key is one value of 1 to 255 printable characters (ASCII)", nil},
		{"long idempotency key", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "Idempotency-Key", strings.Repeat("x", 256))
		}, 400, "an Idempotency-Key is one value of 1 to 255 printable characters (ASCII)", nil},
		{"unprintable idempotency key", func(b *bench) *httptest.ResponseRecorder {
			return b.post(EventsPath, event1, "Idempotency-Key", "a\tb")
		}, 400, "an Idempotency-Key is one value of 1 to 255 printable characters (ASCII)", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(Limits{})
			w := c.do(b)
			a := read(t, w)
			if w.Code != c.status || a.Detail != c.detail {
				t.Errorf("%d %q, want %d %q", w.Code, a.Detail, c.status, c.detail)
			}
			for i := 0; i < len(c.headers); i += 2 {
				if got := w.Header().Get(c.headers[i]); got != c.headers[i+1] {
					t.Errorf("%s: %q", c.headers[i], got)
				}
			}
			if len(b.journal.all()) > 0 {
				t.Error("something was journalled")
			}
			if used := b.budget.used.Load(); used != 0 {
				t.Errorf("%d bytes of the budget were not given back", used)
			}
		})
	}
}

func TestMaySend(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	a := read(t, b.post(EventsPath, `[{"type":"alert.created"},{"type":"ip.blocked"}]`, "X-API-Key", "alerts-only"))
	if a.Accepted != 1 || len(a.Rejected) != 1 || a.Rejected[0].Error != `type: this key may not send events of type "ip.blocked"` {
		t.Errorf("%+v", a)
	}
}

func TestAuthenticatorTrouble(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	b.authenticate = func(*http.Request) (Principal, error) { return Principal{}, errors.New("the store does not answer") }
	w := b.post(EventsPath, `{"type":"a.b"}`)
	if w.Code != 503 || strings.Contains(w.Body.String(), "store") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestBefore(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	h := b.Before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"POST", EventsPath, 401}, {"GET", EventsPath, 418}, {"POST", EventsPath + "/x", 418}, {"POST", SourcePath + "falco", 401},
		{"POST", SourcePath + "nope", 404}, {"GET", SourcePath + "falco", 418}, {"POST", "/", 418},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(`{}`)))
		if w.Code != c.status {
			t.Errorf("%s %s: %d", c.method, c.path, w.Code)
		}
	}
}

// dialectNames are the names of the dialects as a refusal lists them.
func dialectNames() string {
	var names []string
	for _, d := range Decoders() {
		names = append(names, d.Name())
	}
	return strings.Join(names, ", ")
}
