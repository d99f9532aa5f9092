package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the golden files anew")

const golden = "testdata/openapi.json"

// document is the served OpenAPI document.
func document(t *testing.T) (map[string]any, []byte) {
	t.Helper()
	r := newHub(t).want(200, "GET", "/api/openapi.json", "", withKey(""))
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(r.body), "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return decode(t, r.body).(map[string]any), b.Bytes()
}

func TestDocumentGolden(t *testing.T) {
	t.Parallel()
	_, got := document(t)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("the document is not %s; if that is meant, run go test ./internal/api -update (-want +got):\n%s", golden, diff)
	}
}

// TestDocumentIsComplete checks what the document's readers rely on.
func TestDocumentIsComplete(t *testing.T) {
	t.Parallel()
	doc, _ := document(t)
	if v, _ := doc["openapi"].(string); !strings.HasPrefix(v, "3.1") {
		t.Errorf("openapi is %q", v)
	}
	ids := map[string]bool{}
	for path, item := range doc["paths"].(map[string]any) {
		for method, v := range item.(map[string]any) {
			o := v.(map[string]any)
			id, _ := o["operationId"].(string)
			if id == "" || ids[id] {
				t.Errorf("%s %s: operationId %q is missing or stands twice", method, path, id)
			}
			ids[id] = true
			for _, name := range []string{"summary", "description", "tags", "security", "responses"} {
				if v := o[name]; v == nil || v == "" {
					t.Errorf("%s has no %s", id, name)
				}
			}
			checkParameters(t, id, path, o)
			checkResponses(t, id, o["responses"].(map[string]any))
		}
	}
}

func checkParameters(t *testing.T, id, path string, o map[string]any) {
	t.Helper()
	var inPath []string
	parameters, _ := o["parameters"].([]any)
	for _, v := range parameters {
		p := v.(map[string]any)
		if p["description"] == nil {
			t.Errorf("%s: parameter %v has no description", id, p["name"])
		}
		if p["in"] == "path" {
			inPath = append(inPath, p["name"].(string))
			if p["required"] != true {
				t.Errorf("%s: path parameter %v is not required", id, p["name"])
			}
		}
	}
	for _, name := range inPath {
		if !strings.Contains(path, "{"+name+"}") {
			t.Errorf("%s: %s has no place for %s", id, path, name)
		}
	}
	if n := strings.Count(path, "{"); n != len(inPath) {
		t.Errorf("%s: %s has %d places and %d path parameters", id, path, n, len(inPath))
	}
}

// severalSuccesses are operations that succeed in more than one way: made, to be approved, or there already.
var severalSuccesses = map[string]int{"create-block": 3, "block-of-alert": 3, "block-of-event": 3, "create-never-block": 2}

func checkResponses(t *testing.T, id string, responses map[string]any) {
	t.Helper()
	good := 0
	for status, v := range responses {
		r := v.(map[string]any)
		if d, _ := r["description"].(string); d == "" {
			t.Errorf("%s: %s has no description", id, status)
		}
		if status[0] == '2' {
			good++
		} else if status == "304" {
			if r["content"] != nil {
				t.Errorf("%s: 304 has a body", id)
			}
		} else if c, _ := r["content"].(map[string]any); c[problemType] == nil {
			t.Errorf("%s: %s is not a problem", id, status)
		}
	}
	want := 1
	if n, several := severalSuccesses[id]; several {
		want = n
	}
	if good != want {
		t.Errorf("%s has %d answers of success, want %d", id, good, want)
	}
}

// TestSchemasAndExamples compiles every schema as JSON Schema 2020-12, which is what OpenAPI 3.1 uses, resolves every
// reference, and holds the examples to their schemas.
func TestSchemasAndExamples(t *testing.T) {
	t.Parallel()
	doc, _ := document(t)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("https://tocsin.example/openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	examples := 0
	var walk func(v any, pointer string)
	walk = func(v any, pointer string) {
		switch v := v.(type) {
		case map[string]any:
			if _, ok := v["schema"].(map[string]any); ok {
				compiled, err := c.Compile("https://tocsin.example/openapi.json#" + pointer + "/schema")
				if err != nil {
					t.Errorf("%s: %v", pointer, err)
					return
				}
				if example, ok := v["example"]; ok {
					examples++
					if err := compiled.Validate(example); err != nil {
						t.Errorf("the example at %s: %v", pointer, err)
					}
				}
			}
			for _, name := range sortedKeys(v) {
				walk(v[name], pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name))
			}
		case []any:
			for i, item := range v {
				walk(item, fmt.Sprintf("%s/%d", pointer, i))
			}
		}
	}
	walk(doc["paths"], "/paths")
	for name := range doc["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := c.Compile("https://tocsin.example/openapi.json#/components/schemas/" + name); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
	if examples < 8 {
		t.Errorf("only %d bodies have an example", examples)
	}
}

// TestAnswersFitTheirSchema holds real answers to the document.
func TestAnswersFitTheirSchema(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	url, _ := echo(t)
	path := h.webhook("x", url)
	h.engine.add(t, "default", `{"type":"alert.created","title":"x","risk_score":7.5,"geo":{"country":"PT"}}`)
	h.engine.deliverOne("default", "parked")
	doc := decode(t, h.want(200, "GET", "/api/openapi.json", "").body)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("https://tocsin.example/openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ method, path, body, name string }{
		{"GET", path, "", "Integration"},
		{"GET", "/api/v1/integrations", "", "ListIntegration"},
		{"GET", "/api/v1/connectors", "", "ListConnector"},
		{"GET", "/api/v1/connectors/splunk", "", "Connector"},
		{"GET", "/api/v1/event-types", "", "ListEventType"},
		{"GET", "/api/v1/events", "", "ListEvent"},
		{"GET", "/api/v1/deliveries", "", "ListDelivery"},
		{"GET", "/api/v1/stats", "", "Stats"},
		{"GET", "/api/v1/health", "", "HealthReport"},
		{"GET", "/api/v1/api-keys", "", "ListKey"},
		{"POST", "/api/v1/api-keys", `{"name":"k","scopes":["events:read"]}`, "NewKey"},
		{"POST", path + "/test", `{"event_type":"alert.created"}`, "TestResult"},
		{"POST", path + "/preview", `{"event_type":"alert.created"}`, "Preview"},
		{"POST", "/api/v1/mailbox/replay", `{"filter":{}}`, "Job"},
		{"POST", "/api/v1/integrations", `{}`, "Problem"},
	} {
		s, err := c.Compile("https://tocsin.example/openapi.json#/components/schemas/" + tt.name)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if err := s.Validate(decode(t, h.call(tt.method, tt.path, tt.body).body)); err != nil {
			t.Errorf("%s %s is not a %s: %v", tt.method, tt.path, tt.name, err)
		}
	}
}

func TestYAMLIsServed(t *testing.T) {
	t.Parallel()
	r := newHub(t).want(200, "GET", "/api/openapi.yaml", "", withKey(""))
	if !strings.Contains(r.body, "openapi: 3.1.0\n") || !slices.Contains(r.Header["Content-Type"], "application/yaml") {
		t.Errorf("got %v %.200s", r.Header, r.body)
	}
}
