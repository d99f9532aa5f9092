package elastic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors/elastic/elastictest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

// harness describes the connector to connectortest, with an API key or with a password.
func harness(t *testing.T, key, packed bool) connectortest.Harness {
	t.Helper()
	cert, private := connectortest.ClientCertificate(t)
	model := elastictest.New(elastictest.Options{})
	h := connectortest.Harness{
		Definition: Definition(),
		Without:    []string{"password"},
		Settings: func(url string) string {
			s := map[string]any{"url": url + "/", "gzip": packed, "client_certificate": cert, "client_key": private, "pipeline": "geo"}
			if key {
				s["api_key"] = connectortest.Canary + "-id:" + connectortest.Canary + "-key"
			} else {
				s["username"], s["password"] = "tocsin", connectortest.Canary+"-password"
			}
			raw, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		},
		Accept: func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			q.Del("pipeline") // this cluster has none
			r.URL.RawQuery = q.Encode()
			model.ServeHTTP(w, r)
		},
		Read:   read,
		Shows:  connectortest.ShowsECS,
		Limits: []connectortest.Limit{{Text: "description", Max: 32766, Unit: connectortest.Bytes}},
		Check:  schemas(t),
		Keys:   keys,
		Alerts: func(r connectortest.Request) bool {
			return strings.Contains(r.Path, "_bulk") || r.Method == http.MethodPut
		},
	}
	if !key {
		h.Without = []string{"api_key"}
	}
	return h
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, packed bool }{{true, true}, {false, false}} {
		t.Run(fmt.Sprintf("api key %v, gzip %v", c.key, c.packed), func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, harness(t, c.key, c.packed))
		})
	}
}

// lines takes a bulk request apart: what to do, and the documents.
func lines(r connectortest.Request) (actions, documents []json.RawMessage, err error) {
	body, err := connectortest.Unpacked(r)
	if err != nil {
		return nil, nil, err
	}
	all, err := connectortest.Lines(body)
	if err != nil {
		return nil, nil, err
	}
	for i, line := range all {
		if i%2 == 0 {
			actions = append(actions, line)
		} else {
			documents = append(documents, line)
		}
	}
	if len(actions) != len(documents) {
		err = errors.New("an action has no document")
	}
	return actions, documents, err
}

func isBulk(r connectortest.Request) bool { return strings.HasPrefix(r.Path, "/_bulk") }

func read(r connectortest.Request) ([]connectortest.Reading, error) {
	if !isBulk(r) {
		return nil, nil
	}
	_, documents, err := lines(r)
	var list []connectortest.Reading
	for _, d := range documents {
		reading, err := connectortest.ReadECS(d)
		if err != nil {
			return nil, err
		}
		list = append(list, reading)
	}
	return list, err
}

func keys(r connectortest.Request) []string {
	var list []string
	actions, _, _ := lines(r)
	for _, a := range actions {
		var m struct {
			Create struct {
				ID string `json:"_id"`
			} `json:"create"`
		}
		if json.Unmarshal(a, &m) == nil {
			list = append(list, m.Create.ID)
		}
	}
	return list
}

// schemas holds bulk requests against the documents of both products, and documents against the list of ECS' fields.
// What the published parts do not have (privileges, templates) is left out.
func schemas(t *testing.T) func(connectortest.Request) error {
	t.Helper()
	elasticsearch, opensearch := connectortest.LoadOpenAPI(t, "elasticsearch/bulk.openapi.json"), connectortest.LoadOpenAPI(t, "opensearch/bulk.openapi.json")
	elasticsearch.IgnoreBody, opensearch.IgnoreBody = true, true // they describe NDJSON as an array of anything
	action := elasticsearch.Component(t, "_global.bulk:OperationContainer")
	other := opensearch.Component(t, "_core.bulk___OperationContainer")
	document := func([]byte) error { return connectortest.ErrNoSchema }
	if _, err := os.Stat(connectortest.SharedPath("specs", "elastic-ecs", "fields.csv")); err == nil {
		document = eventtest.ECS(t)
	}
	return func(r connectortest.Request) error {
		if strings.HasPrefix(r.Path, "/_security/") || strings.HasPrefix(r.Path, "/_plugins/") || strings.HasPrefix(r.Path, "/_index_template/") {
			return nil
		}
		if err := errors.Join(elasticsearch.Check(r), opensearch.Check(r)); err != nil || !isBulk(r) {
			return err
		}
		actions, documents, err := lines(r)
		if err != nil {
			return err
		}
		for i := range actions {
			if err := errors.Join(action(actions[i]), other(actions[i]), document(documents[i])); err != nil {
				return fmt.Errorf("event %d: %w", i, err)
			}
		}
		return nil
	}
}

// fixed makes deliveries that are the same in every run.
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
		"stream.http": `{"url":"https://elastic.example.com:9200","api_key":"aWQ6a2V5"}`,
		"dated.http":  `{"url":"https://gateway.example.com/es/_bulk","username":"tocsin","password":"hunter22","index":"tocsin-{yyyy.MM.dd}","pipeline":"geo"}`,
		"native.http": `{"cloud_id":"prod:ZXhhbXBsZS5jb20kYWJjJGRlZg==","api_key":"id:key","profile":"native"}`,
	} {
		e := &httpkit.Exchange{Full: true, DryRun: true}
		err := openAt(t, raw).SendBatch(httpkit.WithExchange(t.Context(), e), fixed(t, 2))
		if !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatal(err)
		}
		if name == "stream.http" {
			harness(t, true, false).Golden(t, name, e)
			continue
		}
		connectortest.Golden(t, name, connectortest.Text(e))
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}

// TestStamped: every document has a time where the servers look for it, and only one.
func TestStamped(t *testing.T) {
	t.Parallel()
	for profile, template := range map[string]string{
		"native": "", "ocsf": "", "udm": "", "cloudevents": "", "ecs": "", "template": `{"@timestamp": event.time, "text": event.title}`,
	} {
		raw, err := json.Marshal(map[string]string{"url": "https://e.example", "profile": profile, "template": template})
		if err != nil {
			t.Fatal(err)
		}
		c := openAt(t, string(raw))
		for _, d := range fixed(t, 2) {
			b, err := c.format.appendEvent([]byte("before"), d.Record)
			if err != nil || bytes.Count(b, []byte("\n")) != 2 || !bytes.HasPrefix(b, []byte("before")) {
				t.Fatalf("%s: %s, %v", profile, b, err)
			}
			document := bytes.Split(b, []byte("\n"))[1]
			if !json.Valid(document) || bytes.Count(document, []byte(`"@timestamp"`)) != 1 {
				t.Errorf("%s: %s", profile, document)
			}
		}
	}
	if got := string(stamped([]byte("x{}"), 1, fixed(t, 1)[0].Record.Time)); got != `x{"@timestamp":"2026-11-20T12:00:00.123456Z"}` {
		t.Error(got)
	}
}
