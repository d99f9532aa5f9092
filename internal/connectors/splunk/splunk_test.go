package splunk

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

func settings(t testing.TB, gzip bool) func(string) string {
	cert, key := connectortest.ClientCertificate(t)
	return func(url string) string {
		raw, err := json.Marshal(map[string]any{
			"url": url, "token": connectortest.Canary + "-token", "index": "security", "host": "hub <1>", "gzip": gzip,
			"client_certificate": cert, "client_key": key,
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
}

// harness describes the connector to connectortest.
func harness(t *testing.T, packed bool) connectortest.Harness {
	return connectortest.Harness{
		Definition: Definition(),
		Settings:   settings(t, packed),
		Accept:     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"text":"Success","code":0}`) }, //nolint:errcheck
		Read:       readings,
		Check:      connectortest.EachValue(connectortest.Schema(t, "splunk-hec/hec.schema.json"), connectortest.Values),
		// HEC does not look for duplicates; people do, by the event's id.
		Keys: func(r connectortest.Request) []string {
			objects, _ := read(r)
			var list []string
			for _, o := range objects {
				list = append(list, o.Event.ID)
			}
			return list
		},
		TestAnswer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"text":"No data","code":5}`) //nolint:errcheck
		},
		Alerts: func(r connectortest.Request) bool { return len(r.Body) > 0 },
	}
}

// readings reads a batch back: HEC's objects, and Tocsin's envelope in each.
func readings(r connectortest.Request) ([]connectortest.Reading, error) {
	body, err := connectortest.Unpacked(r)
	if err != nil {
		return nil, err
	}
	values, err := connectortest.Values(body)
	if err != nil {
		return nil, err
	}
	var list []connectortest.Reading
	for _, v := range values {
		var o struct{ Event json.RawMessage }
		if err := json.Unmarshal(v, &o); err != nil {
			return nil, err
		}
		reading, err := connectortest.ReadEnvelope(o.Event)
		if err != nil {
			return nil, err
		}
		outside, err := connectortest.JSONShape(v, "event")
		if err != nil {
			return nil, err
		}
		reading.Shape += "\n" + outside
		list = append(list, reading)
	}
	return list, nil
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, packed := range []bool{true, false} {
		t.Run(fmt.Sprint("gzip ", packed), func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, harness(t, packed))
		})
	}
}

type object struct {
	Time   json.Number                `json:"time"`
	Host   string                     `json:"host"`
	Event  struct{ ID, Title string } `json:"event"`
	Fields map[string]string          `json:"fields"`
}

// read unpacks a request with the standard library.
func read(r connectortest.Request) ([]object, error) {
	body := io.Reader(bytes.NewReader(r.Body))
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	var objects []object
	for dec := json.NewDecoder(body); ; {
		var o object
		err := dec.Decode(&o)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
}

func fixed(t testing.TB, n int) []connector.Delivery {
	t.Helper()
	ds := make([]connector.Delivery, n)
	for i := range ds {
		id, err := event.ParseID(event.PrefixEvent, fmt.Sprintf("evt_01jd4000000000000000000%03d", i))
		if err != nil {
			t.Fatal(err)
		}
		ds[i] = connector.Delivery{Key: fmt.Sprintf("dlv_%d", i), Record: connectortest.Record(id, "Failed logins <5>"), Attempt: 1}
	}
	return ds
}

func openAt(t testing.TB, raw string) *Connector {
	t.Helper()
	i, err := Definition().Open(json.RawMessage(raw), connectortest.Env(nil))
	if err != nil {
		t.Fatal(err)
	}
	c := i.(*Connector)
	t.Cleanup(c.Close)
	return c
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"least.http": `{"url":"https://splunk.example.com:8088","token":"Splunk 12345678-1234-1234-1234-1234567890ab"}`,
		"full.http": `{"url":"https://splunk.example.com:8088/services/collector/event","token":"12345678-1234-1234-1234-1234567890ab",
			"index":"security","source":"hub","sourcetype":"tocsin:alert","host":"hub-1","gzip":false}`,
	} {
		e := &httpkit.Exchange{Full: true, DryRun: true}
		err := openAt(t, raw).SendBatch(httpkit.WithExchange(t.Context(), e), fixed(t, 2))
		if !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatal(err)
		}
		harness(t, false).Golden(t, name, e)
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}

func sharedFile(t *testing.T, name string) []byte {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../../shared")
	}
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Skip("the shared specifications are not here: set TOCSIN_SHARED to run this test")
	}
	return raw
}

// TestSchema holds what is sent against the published form of HEC's event object.
func TestSchema(t *testing.T) {
	t.Parallel()
	check := connectortest.Schema(t, "splunk-hec/hec.schema.json")
	early := *fixed(t, 1)[0].Record
	early.Time = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)
	never := *fixed(t, 1)[0].Record
	never.Time, never.Received = time.Time{}, time.Time{}
	records := []*event.Record{fixed(t, 1)[0].Record, &early, &never}
	for _, text := range connectortest.Hostile {
		records = append(records, connectortest.Record(event.NewID(), text))
	}
	for _, s := range []*Settings{
		{}, {Index: "i", Host: "h\"\n", Source: "s", SourceType: "t"}, {Payload: connector.Payload{Profile: "ocsf"}}, {Payload: connector.Payload{Profile: "cef"}},
	} {
		f := newFormatter(s)
		if err := f.use(&s.Payload, connector.Env{}); err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			raw, err := f.appendEvent(nil, r)
			if err != nil {
				t.Fatal(err)
			}
			if err := check(raw); errors.Is(err, connectortest.ErrNoSchema) {
				t.Skip(err)
			} else if err != nil {
				t.Errorf("%s: %v", raw, err)
			}
		}
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]time.Time{
		"1795176000.000": time.Unix(1795176000, 0), "1795176000.007": time.Unix(1795176000, 7_999_999), "0.000": {},
		"1.123": time.Unix(1, 123_456_789),
	} {
		if got := string(appendSeconds(nil, &event.Record{Time: at})); got != want {
			t.Errorf("%v: %s, want %s", at, got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		status int
		body   string
		want   string // the class, then a piece of the text
	}{
		{200, `{"text":"Success","code":0}`, "nil"},
		{200, `{"text":"Success","code":0,"ackId":7}`, "nil"},
		{200, ``, "nil"},
		{200, `<html>`, "nil"},
		{403, `{"text":"Token disabled","code":1}`, "permanent enable the token"},
		{401, `{"text":"Token is required","code":2}`, "permanent proxy"},
		{401, `{"text":"Invalid authorization","code":3}`, "permanent check the token"},
		{403, `{"text":"Invalid token","code":4}`, "permanent check the token"},
		{400, `{"text":"Incorrect index","code":7,"invalid-event-number":1}`, "permanent the index exists"},
		{400, `{"text":"Data channel is missing","code":10}`, "permanent indexer acknowledgement"},
		{500, `{"text":"Internal server error","code":8}`, "retryable tries again"},
		{503, `{"text":"Server is busy","code":9}`, "throttled busy"},
		{503, `{"text":"HEC is unhealthy, queues are full","code":18}`, "throttled queues"},
		{400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`, "rejected 3 of the batch refused"},
		{400, `{"text":"Event field cannot be blank","code":13,"invalid-event-number":2}`, "rejected"},
		{400, `{"text":"Error in handling indexed fields","code":15,"invalid-event-number":0}`, "rejected"},
		{400, `{"text":"Invalid data format","code":6,"invalid-event-number":99}`, "permanent"},
		{400, `{"text":"Invalid data format","code":6,"invalid-event-number":-1}`, "permanent"},
		{400, `{"text":"Invalid data format","code":6}`, "permanent"},
		{400, `{"text":"something new","code":77}`, "permanent 400"},
		{503, `not HEC`, "retryable 503"},
		{302, ``, "permanent redirects"},
	} {
		err := judge(&httpkit.Response{Status: tt.status, Body: []byte(tt.body), Header: http.Header{}}, 3, now)
		class, text, _ := strings.Cut(tt.want, " ")
		if got := classOf(err); got != class || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%d %s: %s (%v), want %s", tt.status, tt.body, got, err, tt.want)
		}
	}
	rejected, _ := connector.IsRejected(judge(&httpkit.Response{Status: 400, Body: []byte(`{"text":"x","code":6,"invalid-event-number":1}`)}, 3, now))
	got := map[int]string{}
	for i, err := range rejected {
		got[i] = classOf(err)
	}
	if diff := cmp.Diff(map[int]string{0: "retryable", 1: "permanent", 2: "retryable"}, got); diff != "" {
		t.Error(diff)
	}
	// A batch of one has no neighbours to send again.
	if err := judge(&httpkit.Response{Status: 400, Body: []byte(`{"text":"x","code":6,"invalid-event-number":0}`)}, 1, now); classOf(err) != "permanent" {
		t.Error(err)
	}
}

func classOf(err error) string {
	_, throttled := connector.IsThrottled(err)
	_, rejected := connector.IsRejected(err)
	switch {
	case err == nil:
		return "nil"
	case rejected:
		return "rejected"
	case connector.IsPermanent(err):
		return "permanent"
	case throttled:
		return "throttled"
	}
	return "retryable"
}

// TestEveryReplyCode: each code that is published has a meaning.
func TestEveryReplyCode(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(bytes.NewReader(sharedFile(t, "specs/splunk-hec/reply-codes.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		code, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		meaning, known := codes[code]
		if !known || (meaning.verdict == success) != (row[1] == "200") {
			t.Errorf("code %v means %v", row, meaning)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		// Source Defense's form: a target URL and a secret key.
		`"url":"https://s.example:8088/services/collector/event","token":"t"`: "",
		`"url":"https://s.example:8088","token":"Splunk abc"`:                 "",
		`"token":"t"`:                    "url is required",
		`"url":"https://s.example:8088"`: "token is required",
		`"url":"https://s.example/services/collector/raw","token":"t"`:        "url is another endpoint of HEC: use /services/collector/event",
		`"url":"https://s.example","token":"Splunk "`:                         "token is not a HEC token: paste the token value alone",
		`"url":"https://s.example","token":"Bearer abc"`:                      "token is not a HEC token: paste the token value alone",
		`"url":"https://s.example","token":"tökén"`:                           "token is not a HEC token: it has characters other than ASCII",
		`"url":"https://s.example","token":"t","index":"No Such"`:             "index must be an index name: lower-case letters, digits, hyphens and underscores",
		`"url":"https://s.example","token":"t","targetUrl":"x"`:               "targetUrl is not a known field",
		`"url":"https://s.example","token":"t","batch":{"max_bytes":"64MiB"}`: "batch.max_bytes must be at most 16MiB",
	} {
		err := form.Decode(json.RawMessage("{"+in+"}"), new(Settings))
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"https://s.example:8088":                                  "https://s.example:8088/services/collector/event",
		"https://s.example:8088/":                                 "https://s.example:8088/services/collector/event",
		"https://s.example:8088/services/collector":               "https://s.example:8088/services/collector/event",
		"https://s.example:8088/services/collector/":              "https://s.example:8088/services/collector/event",
		"https://s.example:8088/services/collector/event":         "https://s.example:8088/services/collector/event",
		"https://s.example:8088/services/collector/event/1.0":     "https://s.example:8088/services/collector/event/1.0",
		"https://gateway.example/splunk/services/collector/event": "https://gateway.example/splunk/services/collector/event",
		"http://127.0.0.1:9/hec":                                  "http://127.0.0.1:9/hec",
	} {
		if got := (&Settings{URL: in}).endpoint(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{"abc": "abc", "Splunk abc": "abc", " splunk  abc ": "abc", "splunkabc": "splunkabc"} {
		if got := (&Settings{Token: form.NewSecret(in)}).token(); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// vendorDiscard takes batches and counts nothing.
func vendorDiscard(t testing.TB) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)                      //nolint:errcheck
		io.WriteString(w, `{"text":"Success","code":0}`) //nolint:errcheck
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// thousand are 1,000 events of 1 KiB that differ like real ones.
func thousand() []connector.Delivery {
	ds := make([]connector.Delivery, 1000)
	for i := range ds {
		r := connectortest.Record(event.NewID(), fmt.Sprintf("Failed logins of user-%d from 203.0.113.%d", i*7919%1000, i%256))
		r.Body = append(r.Body[:len(r.Body)-1], fmt.Sprintf(`,"data":{"request":"%x","n":%d,"text":"%s"}}`, event.NewID(), i, strings.Repeat("padding words ", 6))...)
		ds[i] = connector.Delivery{Key: event.NewID().Text(event.PrefixDelivery), Record: r, Attempt: 1}
	}
	return ds
}

func BenchmarkFormat(b *testing.B) {
	ds := thousand()
	for _, packed := range []bool{false, true} {
		b.Run(fmt.Sprint("gzip=", packed), func(b *testing.B) {
			f := newFormatter(&Settings{Source: defaultSource, SourceType: defaultSourceType, Gzip: packed})
			b.ReportAllocs()
			var in, out int
			for b.Loop() {
				buf := bodies.Get()
				if _, err := f.write(buf, ds); err != nil {
					b.Fatal(err)
				}
				in, out = len(buf.Plain), len(buf.Bytes())
				buf.Release()
			}
			b.ReportMetric(float64(b.N*len(ds))/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(in)/float64(len(ds)), "B/event")
			b.ReportMetric(float64(in)/float64(out), "ratio")
		})
	}
}

func BenchmarkSendBatch(b *testing.B) {
	ds := thousand()
	for _, packed := range []bool{false, true} {
		b.Run(fmt.Sprint("gzip=", packed), func(b *testing.B) {
			c := openAt(b, fmt.Sprintf(`{"url":%q,"token":"t","gzip":%v}`, vendorDiscard(b), packed))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.SendBatch(b.Context(), ds); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(ds))/b.Elapsed().Seconds(), "events/s")
		})
	}
}
