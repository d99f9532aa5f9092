package elastic

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connectors/elastic/elastictest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestTorment: 20,000 events through a cluster that refuses single events for now, refuses others for good, is busy as a
// whole, loses its answers and cuts them off. What is driven is the connector alone: a batch is sent again as its answer says,
// the way the hub does it. In the end every event is there once, or was refused for good, and nothing that was
// acknowledged was sent again.
func TestTorment(t *testing.T) {
	t.Parallel()
	events, perBatch := 20_000, 1000
	if testing.Short() {
		events = 5000
	}
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
	o := elastictest.Options{MaxBody: 700 << 10, Fault: func(int) elastictest.Fault {
		switch chance.IntN(12) {
		case 0:
			return elastictest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"}
		case 1:
			return elastictest.Fault{Status: http.StatusServiceUnavailable}
		case 2:
			return elastictest.Fault{Lose: true}
		case 3:
			return elastictest.Fault{Cut: true}
		}
		return elastictest.Fault{}
	}, Refuse: func(_, _ string, document []byte) (int, string, string) {
		switch n := numberOf(document); {
		case n%1000 == 17:
			return http.StatusBadRequest, "document_parsing_exception", "failed to parse field [x]"
		case chance.IntN(50) == 0:
			return http.StatusTooManyRequests, "es_rejected_execution_exception", "rejected execution"
		case chance.IntN(100) == 0:
			return http.StatusServiceUnavailable, "unavailable_shards_exception", "primary shard is not active"
		}
		return 0, "", ""
	}}
	model := elastictest.New(o)
	s := httptest.NewUnstartedServer(model)
	s.Config.ErrorLog = nil
	s.Start()
	t.Cleanup(s.Close)
	c := openAt(t, `{"url":"`+s.URL+`"}`)

	acknowledged, buried := map[string]bool{}, map[string]bool{}
	for from := 0; from < events; from += perBatch {
		var titles []string
		for i := from; i < from+perBatch; i++ {
			titles = append(titles, "event "+strconv.Itoa(i))
		}
		for ds, tries := connectortest.Deliveries(titles...), 0; len(ds) > 0; tries++ {
			if tries > 200 {
				t.Fatalf("%d events are still not taken", len(ds))
			}
			ds = again(t, ds, c.SendBatch(t.Context(), ds), acknowledged, buried)
		}
	}
	docs := model.Documents(defaultIndex)
	if len(docs) != events-events/1000 || len(acknowledged) != len(docs) || len(buried) != events/1000 {
		t.Errorf("%d documents, %d acknowledged, %d refused for good", len(docs), len(acknowledged), len(buried))
	}
	for id := range docs {
		if !acknowledged[id] {
			t.Errorf("%s is there and was not acknowledged", id)
		}
	}
	requests, operations, created, conflicts := model.Counts()
	if created != len(docs) {
		t.Errorf("%d documents were made, %d are there", created, len(docs))
	}
	t.Logf("%d events in %d requests: %d operations, of which %d were there already (lost answers)", events, requests, operations, conflicts)
}

// numberOf is the number in the title of a document of TestTorment.
func numberOf(document []byte) int {
	var d struct{ Message string }
	var n int
	if json.Unmarshal(document, &d) == nil {
		fmt.Sscanf(d.Message, "event %d", &n) //nolint:errcheck // another title
	}
	return n
}

// again gives what is to be sent again.
func again(t *testing.T, ds []connector.Delivery, err error, acknowledged, buried map[string]bool) []connector.Delivery {
	t.Helper()
	rejected, some := connector.IsRejected(err)
	if connector.IsPermanent(err) {
		t.Fatal(err)
	}
	var left []connector.Delivery
	for i, d := range ds {
		id := d.Record.ID.Text(event.PrefixEvent)
		switch {
		case err == nil, some && rejected[i] == nil:
			if acknowledged[id] {
				t.Fatalf("%s was sent again", id)
			}
			acknowledged[id] = true
		case connector.IsPermanent(rejected[i]):
			buried[id] = true
		default:
			left = append(left, d)
		}
	}
	return left
}

// TestModel holds the model's own answers against the published specifications.
func TestModel(t *testing.T) {
	t.Parallel()
	elasticsearch, opensearch := connectortest.LoadOpenAPI(t, "elasticsearch/bulk.openapi.json"), connectortest.LoadOpenAPI(t, "opensearch/bulk.openapi.json")
	item := elasticsearch.Component(t, "_global.bulk:ResponseItem")
	whole := opensearch.Component(t, "_core.bulk___BulkResponse")
	model := elastictest.New(elastictest.Options{})
	body := `{"create":{"_index":"logs-x-y","_id":"1"}}` + "\n" + `{"@timestamp":"2026-01-01T00:00:00Z"}` + "\n"
	body += body + `{"index":{"_index":"logs-x-y","_id":"2"}}` + "\n{}\n" + `{"create":{"_index":"logs-x-y","_id":"3"}}` + "\n{}\n"
	w := bulkTo(model, body)
	if w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	if err := whole(w.Body.Bytes()); err != nil {
		skipOr(t, err)
	}
	var a struct{ Items []map[string]json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	for _, i := range a.Items {
		for _, raw := range i {
			without := regexp.MustCompile(`"_id":"[^"]*",`).ReplaceAll(raw, nil) // its schema has two that both match any text
			if err := item(without); err != nil {
				skipOr(t, err)
			}
			var s struct{ Status int }
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatal(err)
			}
			statuses = append(statuses, s.Status)
		}
	}
	if got := fmt.Sprint(statuses); got != "[201 409 400 400]" {
		t.Errorf("statuses %s", got)
	}
	for _, broken := range []string{"", `{"create":{}}`, "{\"create\":{\"_index\":\"x\"}}\n{}", "{\"make\":{\"_index\":\"x\"}}\n{}\n", "{\"create\":{\"_index\":\"x\",\"_op\":\"y\"}}\n{}\n", "{\n}\n"} {
		if w := bulkTo(model, broken); w.Code != http.StatusBadRequest {
			t.Errorf("%q: %d", broken, w.Code)
		}
	}
}

func skipOr(t *testing.T, err error) {
	t.Helper()
	if err == connectortest.ErrNoSchema { //nolint:errorlint // it is never wrapped
		t.Skip(err)
	}
	t.Error(err)
}

func bulkTo(model http.Handler, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/_bulk", nil)
	if body != "" {
		r = httptest.NewRequest(http.MethodPost, "/_bulk", strings.NewReader(body))
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	w := httptest.NewRecorder()
	model.ServeHTTP(w, r)
	return w
}

// thousand are 1,000 events that differ like real ones.
func thousand() []connector.Delivery {
	titles := make([]string, 1000)
	for i := range titles {
		titles[i] = fmt.Sprintf("Failed logins of user-%d from 203.0.113.%d", i*7919%1000, i%256)
	}
	return connectortest.Deliveries(titles...)
}

func BenchmarkFormat(b *testing.B) {
	ds := thousand()
	for _, packed := range []bool{false, true} {
		b.Run(fmt.Sprint("gzip=", packed), func(b *testing.B) {
			c := openAt(b, fmt.Sprintf(`{"url":"https://e.example","gzip":%v}`, packed))
			b.ReportAllocs()
			var in, out int
			for b.Loop() {
				buf := bodies.Get()
				if _, err := c.format.fill(buf, ds); err != nil {
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

// BenchmarkSendBatch has the answer of a real cluster: some 200 bytes for each event.
func BenchmarkSendBatch(b *testing.B) {
	ds := thousand()
	var items []any
	for _, d := range ds {
		items = append(items, map[string]any{"create": map[string]any{
			"_index": ".ds-logs-tocsin.alerts-default-2026.11.20-000001", "_id": d.Record.ID.Text(event.PrefixEvent), "_version": 1, "result": "created",
			"_shards": map[string]int{"total": 2, "successful": 2, "failed": 0}, "_seq_no": 12345, "_primary_term": 1, "status": 201,
		}})
	}
	answer, err := json.Marshal(map[string]any{"took": 30, "errors": false, "items": items})
	if err != nil {
		b.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck
		w.Write(answer)             //nolint:errcheck // the client may have gone
	}))
	b.Cleanup(s.Close)
	c := openAt(b, `{"url":"`+s.URL+`"}`)
	b.ReportAllocs()
	start := time.Now()
	for b.Loop() {
		if err := c.SendBatch(b.Context(), ds); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(ds))/time.Since(start).Seconds(), "events/s")
}
