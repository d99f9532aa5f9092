package elastic

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors/elastic/elastictest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

const keyHeader = "ApiKey aWQ6a2V5"

// cluster begins a model and opens the connector against it.
func cluster(t testing.TB, o elastictest.Options, patch string) (*elastictest.Server, *Connector) {
	t.Helper()
	model := elastictest.New(o)
	s := httptest.NewServer(model)
	t.Cleanup(s.Close)
	return model, openAt(t, `{"url":"`+s.URL+`","api_key":"aWQ6a2V5"`+patch+`}`)
}

// TestRoundTrip: what is sent is there, under the event's id, in a data stream or in the index of its day.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		openSearch   bool
		patch, index string
		stream       bool
	}{
		{false, ``, defaultIndex, true},
		{true, ``, defaultIndex, false},
		{false, `,"index":"tocsin-{yyyy.MM.dd}","gzip":false`, "tocsin-2026.11.20", false},
		{true, `,"index":"alerts","install_template":"data_stream"`, "alerts", true},
		{false, `,"index":"alerts-{yyyy}","install_template":"index"`, "alerts-2026", false},
	} {
		model, c := cluster(t, elastictest.Options{OpenSearch: tt.openSearch, Authorization: keyHeader}, tt.patch)
		ds := fixed(t, 3)
		for range 2 { // the second time they are there already
			if err := c.SendBatch(t.Context(), ds); err != nil {
				t.Fatalf("%+v: %v", tt, err)
			}
		}
		if diff := cmp.Diff(map[string]bool{tt.index: tt.stream}, model.Names()); diff != "" {
			t.Errorf("%+v: %s", tt, diff)
		}
		docs := model.Documents(tt.index)
		for _, d := range ds {
			var doc struct {
				Time    string `json:"@timestamp"`
				Message string `json:"message"`
				Event   struct{ ID string }
				Tocsin  struct{ Incident string }
			}
			if err := json.Unmarshal(docs[d.Record.ID.Text(event.PrefixEvent)], &doc); err != nil {
				t.Fatalf("%+v: %v", tt, err)
			}
			if doc.Time == "" || doc.Message != "Failed logins <5>" || doc.Event.ID != d.Record.ID.Text(event.PrefixEvent) || doc.Tocsin.Incident != "INC-1042" {
				t.Errorf("%+v: %+v", tt, doc)
			}
		}
		if _, operations, created, conflicts := model.Counts(); operations != 6 || created != 3 || conflicts != 3 {
			t.Errorf("%d operations, %d created, %d there already", operations, created, conflicts)
		}
	}
}

// TestTemplate: it is installed once, in the words of the product, and not again; without the privilege events wait.
func TestTemplate(t *testing.T) {
	t.Parallel()
	for _, openSearch := range []bool{false, true} {
		model, c := cluster(t, elastictest.Options{OpenSearch: openSearch}, `,"install_template":"data_stream"`)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := c.SendBatch(t.Context(), connectortest.Deliveries("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		raw := model.Templates()["tocsin-logs-tocsin-alerts-default"]
		name := map[bool]string{true: "opensearch-template.json", false: "elasticsearch-template.json"}[openSearch]
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		laidOut, _ := json.MarshalIndent(v, "", "  ")
		connectortest.Golden(t, name, append(laidOut, '\n'))
		if strings.Contains(string(raw), "flattened") == openSearch || strings.Contains(string(raw), "flat_object") != openSearch {
			t.Errorf("OpenSearch %v: %s", openSearch, raw)
		}
	}
	model, c := cluster(t, elastictest.Options{Privileges: map[string]bool{"create_doc": true, "auto_configure": true}}, `,"install_template":"index"`)
	err := c.SendBatch(t.Context(), connectortest.Deliveries("x"))
	if classOf(err) != "retryable" || !strings.Contains(err.Error(), "manage_index_templates") || len(model.Names()) > 0 {
		t.Errorf("%s: %v, %v", classOf(err), err, model.Names())
	}
	e := &httpkit.Exchange{DryRun: true}
	if err := c.SendBatch(httpkit.WithExchange(t.Context(), e), connectortest.Deliveries("x")); !errors.Is(err, httpkit.ErrDryRun) {
		t.Errorf("a dry run: %v", err)
	}
}

// TestTest: the credentials are proven, the product is named, and nothing is written.
func TestTest(t *testing.T) {
	t.Parallel()
	all := map[string]bool{"create_doc": true, "auto_configure": true}
	for name, tt := range map[string]struct {
		o     elastictest.Options
		patch string
		err   string
		note  string
	}{
		"elasticsearch":    {elastictest.Options{Authorization: keyHeader, Privileges: all}, ``, "", "Elasticsearch 9.1.2, cluster model."},
		"may write":        {elastictest.Options{Authorization: keyHeader, Privileges: all}, ``, "", "may write to logs-tocsin.alerts-default, and create it"},
		"may not create":   {elastictest.Options{Authorization: keyHeader, Privileges: map[string]bool{"create_doc": true}}, ``, "", "it must exist before"},
		"may not write":    {elastictest.Options{Authorization: keyHeader, Privileges: map[string]bool{}}, ``, "create_doc", ""},
		"no template":      {elastictest.Options{Authorization: keyHeader, Privileges: all}, `,"install_template":"index"`, "manage_index_templates", ""},
		"security is off":  {elastictest.Options{}, ``, "", "does not tell which privileges"},
		"opensearch":       {elastictest.Options{Authorization: keyHeader, OpenSearch: true}, ``, "", "The user tocsin has the roles tocsin_writer"},
		"opensearch, none": {elastictest.Options{OpenSearch: true}, ``, "", "OpenSearch 3.2.0"},
		"wrong key":        {elastictest.Options{Authorization: "ApiKey other"}, ``, "401", ""},
	} {
		model, c := cluster(t, tt.o, tt.patch)
		err := c.Test(t.Context())
		if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", name, err, tt.err)
		}
		if notes := strings.Join(c.Notes(), " "); !strings.Contains(notes, tt.note) {
			t.Errorf("%s: %s", name, notes)
		}
		if len(model.Names()) > 0 || len(model.Templates()) > 0 {
			t.Errorf("%s: Test wrote something", name)
		}
	}
}

// TestTestBlind: a key that may not see the version is proven by its privileges.
func TestTestBlind(t *testing.T) {
	t.Parallel()
	for has, want := range map[string]string{
		`{"has_all_requested":true,"cluster":{},"index":{"logs-tocsin.alerts-default":{"create_doc":true,"auto_configure":true}}}`: "",
		`{"index":{"logs-tocsin.alerts-default":{"create_doc":false}}}`:                                                            "create_doc",
		`{}`: "does not answer",
		`no`: "403",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" || has == "no" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			fmt.Fprint(w, has) //nolint:errcheck // the client may have gone
		}))
		t.Cleanup(s.Close)
		err := openAt(t, `{"url":"`+s.URL+`","api_key":"aWQ6a2V5"}`).Test(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", has, err)
		}
	}
}

// TestTooLarge: a batch that is too large goes in parts, the next one too, and what came of each event is told of the right one.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	bad := map[string]int{}
	o := elastictest.Options{MaxBody: 8 << 10, Refuse: func(_, id string, _ []byte) (int, string, string) {
		return bad[id], "es_rejected_execution_exception", "full"
	}}
	model, c := cluster(t, o, `,"gzip":false`)
	ds := fixed(t, 40)
	bad[ds[7].Record.ID.Text(event.PrefixEvent)] = 429
	bad[ds[33].Record.ID.Text(event.PrefixEvent)] = 400
	rejected, _ := connector.IsRejected(c.SendBatch(t.Context(), ds))
	got := map[int]string{}
	for i, err := range rejected {
		got[i] = classOf(err)
	}
	if diff := cmp.Diff(map[int]string{7: "throttled", 33: "throttled"}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(model.Documents(defaultIndex)); n != 38 {
		t.Errorf("%d documents", n)
	}
	before, _, _, _ := model.Counts()
	if err := c.SendBatch(t.Context(), connectortest.Deliveries(make([]string, 40)...)); err != nil {
		t.Fatal(err)
	}
	if after, _, created, _ := model.Counts(); created != 78 || after-before > 12 {
		t.Errorf("%d created in %d requests", created, after-before)
	}
	huge := connectortest.Deliveries("a", strings.Repeat("x", 9<<10), "b")
	rejected, _ = connector.IsRejected(c.SendBatch(t.Context(), huge))
	if len(rejected) != 1 || !connector.IsPermanent(rejected[1]) || !strings.Contains(rejected[1].Error(), "one event alone") {
		t.Errorf("%v", rejected)
	}
}

// TestUnwritable: an event that the profile cannot hold fails alone.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	cannot := errors.New("has no such field")
	model, c := cluster(t, elastictest.Options{}, ``)
	write := c.format.write
	c.format.write = func(dst []byte, r *event.Record) ([]byte, error) {
		if strings.HasSuffix(r.ID.Text(event.PrefixEvent), "1") {
			return append(dst, "half"...), cannot
		}
		return write(dst, r)
	}
	rejected, _ := connector.IsRejected(c.SendBatch(t.Context(), fixed(t, 3)))
	if len(rejected) != 1 || !connector.IsPermanent(rejected[1]) || !errors.Is(rejected[1], cannot) || len(model.Documents(defaultIndex)) != 2 {
		t.Errorf("%v", rejected)
	}
	if rejected, _ := connector.IsRejected(c.SendBatch(t.Context(), fixed(t, 2)[1:])); len(rejected) != 1 {
		t.Errorf("%v", rejected)
	}
}
