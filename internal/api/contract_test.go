package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract holds every answer that any test of this package gets to the served document: its status, its content type
// and its body.
type contract struct {
	operations []*huma.Operation
	acts       map[string]string // the audited action of each operation that has one

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
}

const contractURL = "https://tocsin.example/openapi.json"

var theContract = sync.OnceValue(func() *contract {
	a := newServer(Deps{Log: slog.New(slog.DiscardHandler), Version: "1.2.3"})
	text, err := json.Marshal(a.api.OpenAPI())
	if err != nil {
		panic(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	c := &contract{acts: a.acts, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := c.compiler.AddResource(contractURL, doc); err != nil {
		panic(err)
	}
	for _, item := range a.api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if o != nil {
				c.operations = append(c.operations, o)
			}
		}
	}
	return c
})

// find gives the operation that serves a path; one without parameters comes first.
func (c *contract) find(method, path string) (found *huma.Operation) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	got := strings.Split(path, "/")
	for _, o := range c.operations {
		if o.Method != method || !fits(strings.Split(o.Path, "/"), got) {
			continue
		}
		if found == nil || strings.Count(o.Path, "{") < strings.Count(found.Path, "{") {
			found = o
		}
	}
	return found
}

func fits(template, path []string) bool {
	if len(template) != len(path) {
		return false
	}
	for i, part := range template {
		if part != path[i] && !strings.HasPrefix(part, "{") {
			return false
		}
	}
	return true
}

// schema compiles that of an answer.
func (c *contract) schema(o *huma.Operation, status, mediaType string) (*jsonschema.Schema, error) {
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
	pointer := contractURL + "#/paths/" + escape(o.Path) + "/" + strings.ToLower(o.Method) + "/responses/" + status +
		"/content/" + escape(mediaType) + "/schema"
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.schemas[pointer]; s != nil {
		return s, nil
	}
	s, err := c.compiler.Compile(pointer)
	if err == nil {
		c.schemas[pointer] = s
	}
	return s, err
}

// hold reports what an answer has that the document does not.
func (c *contract) hold(t *testing.T, r *http.Request, got reply) {
	t.Helper()
	o := c.find(r.Method, r.URL.Path)
	if o == nil {
		return
	}
	if got.StatusCode >= http.StatusBadRequest && strings.HasPrefix(got.Header.Get("Content-Type"), problemType) {
		holdProblem(t, o, got)
	}
	status := strconv.Itoa(got.StatusCode)
	documented := o.Responses[status]
	if documented == nil {
		t.Errorf("%s answered %s, which the document does not know: %.300s", o.OperationID, status, got.body)
		return
	}
	for name := range documented.Headers {
		if values := got.Header.Values(name); len(values) == 1 && values[0] == "" {
			t.Errorf("%s answered %s with an empty %s", o.OperationID, status, name)
		}
	}
	if got.body == "" {
		if len(documented.Content) > 0 && r.Method != http.MethodHead {
			t.Errorf("%s answered %s without the body that the document tells of", o.OperationID, status)
		}
		return
	}
	mediaType, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if documented.Content[mediaType] == nil {
		t.Errorf("%s answered %s with a body of the type %q, which the document does not know", o.OperationID, status, mediaType)
		return
	}
	if !strings.HasSuffix(mediaType, "/json") && !strings.HasSuffix(mediaType, "+json") {
		return
	}
	s, err := c.schema(o, status, mediaType)
	if err != nil {
		t.Errorf("%s: the schema of %s: %v", o.OperationID, status, err)
		return
	}
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(got.body))
	if err == nil {
		err = s.Validate(body)
	}
	if err != nil && err != io.EOF {
		t.Errorf("%s answered %s with what its schema does not allow: %v\n%s", o.OperationID, status, err, got.body)
	}
}

// holdProblem holds a refusal to what the document says of all of them.
func holdProblem(t *testing.T, o *huma.Operation, got reply) {
	t.Helper()
	p := decode(t, got.body).(map[string]any)
	if p["status"] != float64(got.StatusCode) || p["title"] != http.StatusText(got.StatusCode) || p["type"] != "about:blank" {
		t.Errorf("%s: the problem %s does not say %d", o.OperationID, got.body, got.StatusCode)
	}
	if detail, _ := p["detail"].(string); detail == "" {
		t.Errorf("%s: the problem %s has no detail", o.OperationID, got.body)
	}
	if p["error"] != nil && p["message"] != p["detail"] {
		t.Errorf("%s: the problem %s has a message that is not its detail", o.OperationID, got.body)
	}
	after := ""
	if n, ok := p["retry_after"].(float64); ok {
		after = strconv.Itoa(int(n))
	}
	if got.Header.Get("Retry-After") != after {
		t.Errorf("%s: Retry-After is %q, and the problem says %q", o.OperationID, got.Header.Get("Retry-After"), after)
	}
	if got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: a refusal may be kept or sniffed: %v", o.OperationID, got.Header)
	}
}
