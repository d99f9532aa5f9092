package jira

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// spec is what Atlassian publishes: its REST API, and the schema of its documents.
type spec struct {
	router routers.Router
	adf    *jsonschema.Schema
}

// unlisted are paths that the description at hand leaves out.
var unlisted = []string{"/user/assignable/search", "/attachments"}

var readSpec = sync.OnceValues(func() (*spec, error) {
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../../shared")
	}
	raw, err := os.ReadFile(filepath.Join(root, "specs/jira/openapi.json"))
	if err != nil {
		return nil, nil // the tests go on without it
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
	if err != nil {
		return nil, err
	}
	raw, err = os.ReadFile(filepath.Join(root, "specs/jira/adf-full.json"))
	if err != nil {
		return nil, err
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("adf.json", schema); err != nil {
		return nil, err
	}
	adf, err := c.Compile("adf.json")
	return &spec{router, adf}, err
})

func loadSpec(t testing.TB) *spec {
	t.Helper()
	s, err := readSpec()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// published skips a test that is worth nothing without the published description.
func published(t *testing.T) *spec {
	t.Helper()
	s := loadSpec(t)
	if s == nil {
		t.Skip("the shared specifications are not here: set TOCSIN_SHARED to run this test")
	}
	return s
}

// check holds a request against the description.
func (s *spec) check(t testing.TB, r *http.Request, body []byte) {
	for _, tail := range unlisted {
		if strings.HasSuffix(r.URL.Path, tail) {
			return
		}
	}
	in := r.Clone(context.Background())
	in.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := s.router.FindRoute(in)
	if err != nil {
		t.Errorf("%s %s is not described: %v", r.Method, r.URL.Path, err)
		return
	}
	err = openapi3filter.ValidateRequest(in.Context(), &openapi3filter.RequestValidationInput{
		Request: in, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		t.Errorf("%s %s: %v\n%.2000s", r.Method, r.URL.Path, err, body)
	}
}

// document holds a document against its schema.
func (s *spec) document(raw json.RawMessage) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.adf.Validate(v)
}
