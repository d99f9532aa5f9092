package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

const testChannel = "0ca3b21f-97d2-4b8a-9e19-1b1f5ae4f3c1"

// hecBench is a handler whose keys come as tokens.
func hecBench() *bench {
	b := newBench(Limits{})
	b.authenticate = func(r *http.Request) (Principal, error) {
		switch r.Header.Get("Authorization") {
		case "Bearer key":
			return Principal{Account: event.DefaultAccount}, nil
		case "Bearer other":
			return Principal{Account: "other"}, nil
		case "Bearer alerts-only":
			return Principal{Account: event.DefaultAccount, MaySend: func(t string) bool { return strings.HasPrefix(t, "alert.") }}, nil
		case "Bearer closed":
			return Principal{}, &Refusal{Status: 403, Code: "ACCOUNT_CLOSED", Detail: "closed"}
		case "Bearer fast":
			return Principal{}, &Refusal{Status: 429, Code: "RATE_LIMITED", Detail: "slower", RetryAfter: 2 * time.Second}
		}
		return Principal{}, Unauthorized("no such key")
	}
	return b
}

// hec sends to the collector with a token. Headers are pairs.
func (b *bench) hec(path, body string, headers ...string) (status int, answer string) {
	r := httptest.NewRequest(http.MethodPost, HECPath+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Splunk key")
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "-" {
			r.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestHECReplies(t *testing.T) {
	t.Parallel()
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("x:key"))
	for _, c := range []struct {
		name, path, body string
		headers          []string
		status           int
		want             string
		taken            int
	}{
		{"one", "", `{"event":"hello"}`, nil, 200, `{"text":"Success","code":0}`, 1},
		{"versioned path", "/event/1.0", `{"event":"hello"}`, nil, 200, `{"text":"Success","code":0}`, 1},
		{"one after another", "/event", `{"event":"a"}{"event":"b"}` + "\n" + `{"event":"c"}`, nil, 200, `{"text":"Success","code":0}`, 3},
		{"an array", "/event", `[{"event":"a"},{"event":"b"}]`, nil, 200, `{"text":"Success","code":0}`, 2},
		{"raw", "/raw?sourcetype=s", "one\n\ntwo\r\n", nil, 200, `{"text":"Success","code":0}`, 2},
		{"basic", "", `{"event":"a"}`, []string{"Authorization", basic}, 200, `{"text":"Success","code":0}`, 1},
		{"with a channel", "", `{"event":"a"}`, []string{"X-Splunk-Request-Channel", strings.ToUpper(testChannel)}, 200, `{"text":"Success","code":0,"ackId":0}`, 1},
		{"channel in the query", "/raw?channel=" + testChannel, `a`, nil, 200, `{"text":"Success","code":0,"ackId":0}`, 1},

		{"disabled", "", `{"event":"a"}`, []string{"Authorization", "Splunk closed"}, 403, `{"text":"Token disabled","code":1}`, 0},
		{"no token", "", `{"event":"a"}`, []string{"Authorization", "-"}, 401, `{"text":"Token is required","code":2}`, 0},
		{"no scheme", "", `{"event":"a"}`, []string{"Authorization", "key"}, 401, `{"text":"Invalid authorization","code":3}`, 0},
		{"bad basic", "", `{"event":"a"}`, []string{"Authorization", "Basic !"}, 401, `{"text":"Invalid authorization","code":3}`, 0},
		{"wrong token", "", `{"event":"a"}`, []string{"Authorization", "Splunk nope"}, 403, `{"text":"Invalid token","code":4}`, 0},
		{"type not allowed", "", `{"event":"a"}`, []string{"Authorization", "Splunk alerts-only"}, 403, `{"text":"Invalid token","code":4}`, 0},
		{"nothing", "", "", nil, 400, `{"text":"No data","code":5}`, 0},
		{"nothing raw", "/raw", "\n \n", nil, 400, `{"text":"No data","code":5}`, 0},
		{"not JSON", "", `{"event":"a"}{"event":`, nil, 400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`, 0},
		{"not an object", "", `{"event":"a"} 12`, nil, 400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`, 0},
		{"bad time", "", `{"time":"soon","event":"a"}`, nil, 400, `{"text":"Invalid data format","code":6,"invalid-event-number":0}`, 0},
		{"too fast", "", `{"event":"a"}`, []string{"Authorization", "Splunk fast"}, 503, `{"text":"Server is busy","code":9}`, 0},
		{"bad channel", "", `{"event":"a"}`, []string{"X-Splunk-Request-Channel", "mine"}, 400, `{"text":"Invalid data channel","code":11}`, 0},
		{"no event", "", `{"event":"a"}{"host":"h"}`, nil, 400, `{"text":"Event field is required","code":12,"invalid-event-number":1}`, 0},
		{"null event", "", `{"event":null}`, nil, 400, `{"text":"Event field is required","code":12,"invalid-event-number":0}`, 0},
		{"blank event", "", `{"event":"a"}{"event":"b"}{"event":" "}`, nil, 400, `{"text":"Event field cannot be blank","code":13,"invalid-event-number":2}`, 0},
		{"fields are no object", "", `{"event":"a","fields":[1]}`, nil, 400, `{"text":"Error in handling indexed fields","code":15,"invalid-event-number":0}`, 0},
		{"token in the query", "?token=key", `{"event":"a"}`, nil, 400, `{"text":"Query string authorization is not enabled","code":16}`, 0},
		{"no such endpoint", "/s2s", `{"event":"a"}`, nil, 404, `{"text":"The requested URL was not found on this server.","code":404}`, 0},
		{"ack without a channel", "/ack", `{"acks":[0]}`, nil, 400, `{"text":"Data channel is missing","code":10}`, 0},
		{"ack without acks", "/ack?channel=" + testChannel, `{}`, nil, 400, `{"text":"Invalid data format","code":6}`, 0},
	} {
		b := hecBench()
		status, answer := b.hec(c.path, c.body, c.headers...)
		if status != c.status || answer != c.want {
			t.Errorf("%s: %d %s, want %d %s", c.name, status, answer, c.status, c.want)
		}
		if n := len(b.journal.all()); n != c.taken {
			t.Errorf("%s: %d events were taken, want %d", c.name, n, c.taken)
		}
	}
}

// TestHECStorage: only what is durable is a success.
func TestHECStorage(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		journal.ErrFull:   `{"text":"Server is busy","code":9}`,
		journal.ErrQuota:  `{"text":"Server is busy","code":9}`,
		journal.ErrFailed: `{"text":"Server is busy","code":9}`,
	} {
		b := hecBench()
		b.journal.fail(err)
		status, answer := b.hec("", `{"event":"a"}`, "X-Splunk-Request-Channel", testChannel)
		if status != 503 || answer != want {
			t.Errorf("%v: %d %s", err, status, answer)
		}
		if b.acks.has(ackKey{event.DefaultAccount, testChannel}, 0) {
			t.Errorf("%v: an id was given", err)
		}
	}
}

func TestHECAcks(t *testing.T) {
	t.Parallel()
	b := hecBench()
	for i := range 3 {
		_, answer := b.hec("/event", `{"event":"a"}`, "X-Splunk-Request-Channel", testChannel)
		if want := fmt.Sprintf(`{"text":"Success","code":0,"ackId":%d}`, i); answer != want {
			t.Errorf("%s, want %s", answer, want)
		}
	}
	for _, c := range []struct{ token, body, want string }{
		{"key", `{"acks":[0,2,3,2,-1]}`, `{"acks":{"0":true,"2":true,"3":false,"-1":false}}`},
		{"key", `{"acks":[]}`, `{"acks":{}}`},
		{"other", `{"acks":[0]}`, `{"acks":{"0":false}}`}, // another account's channel of that name
	} {
		status, answer := b.hec("/ack", c.body, "X-Splunk-Request-Channel", testChannel, "Authorization", "Splunk "+c.token)
		if status != 200 || answer != c.want {
			t.Errorf("%s: %d %s, want %s", c.body, status, answer, c.want)
		}
	}
}

func TestAcksAreBounded(t *testing.T) {
	t.Parallel()
	if status, answer := hecBench().hec("/ack", `{"acks":[0`+strings.Repeat(",0", maxAcksBody/2)+`]}`, "X-Splunk-Request-Channel", testChannel); status != 413 {
		t.Errorf("a long question answers %d %s", status, answer)
	}
	var a acks
	for i := range maxChannels + 10 {
		a.give(ackKey{"a", fmt.Sprint(i)})
		a.has(ackKey{"a", "0"}, 0) // keep it in use
	}
	if len(a.byKey) != maxChannels || a.recent.Len() != maxChannels {
		t.Errorf("%d channels are kept", len(a.byKey))
	}
	if !a.has(ackKey{"a", "0"}, 0) || a.has(ackKey{"a", "1"}, 0) {
		t.Error("the wrong channel was forgotten")
	}
}

func TestHECHealth(t *testing.T) {
	t.Parallel()
	b := hecBench()
	for _, c := range []struct {
		err    error
		status int
		want   string
	}{
		{nil, 200, `{"text":"HEC is healthy","code":17}`},
		{errors.New("full"), 503, `{"text":"HEC is unhealthy, queues are full","code":18}`},
	} {
		b.healthy = func(context.Context) error { return c.err }
		for _, path := range []string{"/health", "/health/1.0"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, HECPath+path, nil)
			if !b.Serves(r) {
				t.Fatal("not served")
			}
			b.ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.want {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
	}
}

// TestHECEvents: what senders' documented requests become.
func TestHECEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, path, body, want string }{
		{"Splunk's example", "/event", `{"time":1426279439.123,"host":"localhost","source":"random-data-generator","sourcetype":"my_sample_data","index":"main","event":"Hello world!","fields":{"club":"glee","wins":["a","b"]}}`,
			`{"type":"log.message","time":"2015-03-13T20:43:59.123Z","severity":"info","title":"Hello world!","entities":[{"type":"host","value":"localhost","role":"source","observed":true}],` +
				`"source":{"product":"my_sample_data","instance":"localhost"},"data":{"hec":{"host":"localhost","source":"random-data-generator","sourcetype":"my_sample_data","index":"main","fields":{"club":"glee","wins":["a","b"]}}}}`},
		{"Fluent Bit", "/event", `{"time":"1535995058.003385189","index":"my-splunk-index","host":"10.0.0.7","event":{"cpu_p":0.000000,"log":"disk full","level":"error"}}`,
			`{"type":"log.message","time":"2018-09-03T17:17:38.003385Z","severity":"high","title":"disk full","entities":[{"type":"ip","value":"10.0.0.7","role":"source"}],` +
				`"source":{"instance":"10.0.0.7"},"data":{"hec":{"host":"10.0.0.7","index":"my-splunk-index"},"event":{"cpu_p":0.000000,"log":"disk full","level":"error"}}}`},
		{"Vector, text", "/event", `{"event":"<34>Oct 11 22:14:15 mymachine su: failed","fields":{"region":"eu"},"time":1772359200.123}`,
			`{"type":"log.message","time":"2026-03-01T10:00:00.123Z","severity":"critical","title":"failed","entities":[{"type":"host","value":"mymachine","role":"source","observed":true}],` +
				`"source":{"product":"su","instance":"mymachine"},"data":{"hec":{"fields":{"region":"eu"}},"syslog":{"priority":34,"facility":"auth","severity":"crit","host":"mymachine","app":"su"}}}`},
		{"milliseconds", "/event", `{"time":1772359200123,"event":{"a":1}}`,
			`{"type":"log.message","time":"2026-03-01T10:00:00.123Z","severity":"info","title":"event","data":{"event":{"a":1}}}`},
		{"CEF, raw", "/raw?host=fw&sourcetype=cef", `CEF:0|v|p|1|id|name|8|src=192.0.2.1`,
			`{"type":"log.security","severity":"high","title":"name","alert_type":"id","dedup_key":"cef/v/p/id/192.0.2.1","rule":{"id":"id","name":"name"},"entities":[{"type":"ip","value":"192.0.2.1","role":"source","observed":true},` +
				`{"type":"host","value":"fw","role":"source","observed":true}],"source":{"vendor":"v","product":"p","instance":"fw"},"data":{"hec":{"host":"fw","sourcetype":"cef"},"cef":{"version":"0","device_version":"1","severity":"8"},"extension":{"src":"192.0.2.1"}}}`},
		{"a dialect", "/event", `{"sourcetype":"falco","event":{"rule":"r","priority":"Error"}}`,
			`{"type":"detection.falco_rule","severity":"high","title":"r","alert_type":"r","dedup_key":"falco/r","rule":{"name":"r"},"source":{"vendor":"falcosecurity","product":"falco"},"data":{"priority":"Error"}}`},
		{"not that dialect", "/event", `{"sourcetype":"falco","event":{"a":"b"}}`,
			`{"type":"log.message","severity":"info","title":"falco","source":{"product":"falco"},"data":{"hec":{"sourcetype":"falco"},"event":{"a":"b"}}}`},
		{"a number", "/event", `{"event":12}`, `{"type":"log.message","severity":"info","title":"event","data":{"event":12}}`},
		{"native", "/event", `{"event":{"type":"alert.created","severity":"high","title":"t"},"time":1772359200}`,
			`{"type":"alert.created","time":"2026-03-01T10:00:00Z","severity":"high","title":"t"}`},
	} {
		b := hecBench()
		if status, answer := b.hec(c.path, c.body); status != 200 {
			t.Errorf("%s: %d %s", c.name, status, answer)
			continue
		}
		if diff := cmp.Diff(c.want, string(b.journal.all()[0].Body)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if raw := string(b.journal.all()[0].SenderBytes()); raw != c.body {
			t.Errorf("%s: kept as %s", c.name, raw)
		}
	}
}

func TestHECCompressed(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(`{"event":"a"}`))
	_ = w.Close()
	b := hecBench()
	if status, answer := b.hec("", packed.String(), "Content-Encoding", "gzip"); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := b.hec("", "nonsense", "Content-Encoding", "gzip"); status != 400 || !strings.Contains(answer, `"code":6`) {
		t.Errorf("%d %s", status, answer)
	}
}

// TestHECSample: the sample of Wardex is taken, whatever reads it.
func TestHECSample(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(sharedFile(t, "samples", "seed-systems", "wardex-splunk-hec.json"))
	if err != nil {
		t.Fatal(err)
	}
	b := hecBench()
	if status, answer := b.hec("", string(body)); status != 200 || len(b.journal.all()) != 1 {
		t.Errorf("%d %s", status, answer)
	}
}

func FuzzHEC(f *testing.F) {
	for _, s := range []string{`{"event":"a"}`, `[{"time":"1.5","event":{"type":"alert.created"},"fields":{"a":1}},]`, `{"event":{"rule":"r"},"sourcetype":"falco"}{`} {
		f.Add([]byte(s))
	}
	decoders := map[string]Decoder{}
	for _, d := range Decoders() {
		decoders[d.Name()] = d
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		lim := Limits{}.orDefaults()
		b := batch{lim: &lim, received: testNow, principal: Principal{Account: event.DefaultAccount}}
		r := hecReader{received: testNow, decoders: decoders}
		for item, err := range r.events(body) {
			if err != nil {
				break
			}
			record, err := b.record(&item.Item)
			if err != nil {
				t.Fatalf("%q: %v", body, err)
			}
			if !json.Valid(record.Body) {
				t.Fatalf("not JSON: %q", record.Body)
			}
		}
	})
}
