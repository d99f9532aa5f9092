package connectortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// OpenAPI holds requests against a vendor's OpenAPI document (3.0, 3.1, or Swagger 2, which is read as 3.0).
type OpenAPI struct {
	// Prefix is what stands in requests before the document's paths ("/api/v2"). Documents name their server with such a
	// prefix; a test's server has it only where the connector adds it itself.
	Prefix string
	// IgnoreBody leaves bodies out, where what the document says of them is not what the vendor takes.
	IgnoreBody bool

	file string
	doc  *openapi3.T // nil: the document is not on this machine
}

// LoadOpenAPI reads a document of the shared specifications, such as "pagerduty/events-v2.openapi.json". Where it is
// missing, checks give ErrNoSchema.
func LoadOpenAPI(t testing.TB, file string) *OpenAPI {
	t.Helper()
	s := &OpenAPI{file: file}
	raw, err := os.ReadFile(SharedPath("specs", file))
	if err != nil {
		t.Logf("specs/%s: %v", file, ErrNoSchema)
		return s
	}
	if s.doc, err = readOpenAPI(raw); err != nil {
		t.Fatalf("reading %s: %v", file, err)
	}
	return s
}

func readOpenAPI(raw []byte) (*openapi3.T, error) {
	var head struct{ Swagger string }
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	if head.Swagger == "" {
		doc, err := openapi3.NewLoader().LoadFromData(raw)
		if err != nil {
			return nil, fmt.Errorf("reading OpenAPI: %w", err)
		}
		return doc, nil
	}
	var old openapi2.T
	if err := json.Unmarshal(raw, &old); err != nil {
		return nil, fmt.Errorf("reading Swagger: %w", err)
	}
	doc, err := openapi2conv.ToV3(&old)
	if err != nil {
		return nil, fmt.Errorf("reading Swagger as OpenAPI: %w", err)
	}
	return doc, nil
}

// Check holds a request against the document: its path and method are there, and its parameters and its body are as the
// operation says. Who is allowed to call is not looked at.
func (s *OpenAPI) Check(r Request) error {
	if s.doc == nil {
		return ErrNoSchema
	}
	u, err := url.Parse(r.Path)
	if err != nil {
		return fmt.Errorf("reading the path: %w", err)
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), s.Prefix)
	if !ok {
		return fmt.Errorf("%s: the path does not begin with %s", s.file, s.Prefix)
	}
	route, params := s.route(r.Method, path)
	if route == nil {
		return fmt.Errorf("%s has no %s %s", s.file, r.Method, path)
	}
	body, err := Unpacked(r)
	if err != nil {
		return err
	}
	req := &http.Request{Method: r.Method, URL: u, Header: r.Header.Clone(), Body: http.NoBody, ContentLength: int64(len(body))}
	if len(body) > 0 {
		req.Body = reader{bytes.NewReader(body)}
	}
	err = openapi3filter.ValidateRequest(req.Context(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, QueryParams: u.Query(), Route: route,
		Options: &openapi3filter.Options{
			MultiError: true, ExcludeRequestBody: s.IgnoreBody, RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	})
	if err != nil {
		return fmt.Errorf("%s, %s %s: %w", s.file, r.Method, route.Path, err)
	}
	return s.unknownQuery(route, u.Query())
}

// unknownQuery refuses parameters that the document does not have: a vendor would ignore them, and nobody would notice.
func (s *OpenAPI) unknownQuery(route *routers.Route, query url.Values) error {
	for name := range query {
		if route.Operation.Parameters.GetByInAndName("query", name) == nil && route.PathItem.Parameters.GetByInAndName("query", name) == nil {
			return fmt.Errorf("%s, %s %s: there is no query parameter %q", s.file, route.Method, route.Path, name)
		}
	}
	return nil
}

// route finds the operation, and the values of its path's parameters. A path without parameters comes before one with them.
func (s *OpenAPI) route(method, path string) (*routers.Route, map[string]string) {
	var found *routers.Route
	var params map[string]string
	for template, item := range s.doc.Paths.Map() {
		values, ok := matchPath(template, path)
		if op := item.GetOperation(method); ok && op != nil && (found == nil || len(values) < len(params)) {
			found, params = &routers.Route{Spec: s.doc, Path: template, PathItem: item, Method: method, Operation: op}, values
		}
	}
	return found, params
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// pathTemplate is a template such as "/issue/{id}", ready to be matched.
type pathTemplate struct {
	pattern *regexp.Regexp
	names   []string
}

// pathTemplates are those that were compiled, by their text: there are many requests and few templates.
var pathTemplates sync.Map

func compilePath(template string) *pathTemplate {
	if c, ok := pathTemplates.Load(template); ok {
		return c.(*pathTemplate)
	}
	c := &pathTemplate{}
	pattern, end := "^", 0
	for _, at := range pathParameter.FindAllStringSubmatchIndex(template, -1) {
		pattern += regexp.QuoteMeta(template[end:at[0]]) + "([^/]+)"
		c.names, end = append(c.names, template[at[2]:at[3]]), at[1]
	}
	c.pattern = regexp.MustCompile(pattern + regexp.QuoteMeta(template[end:]) + "$")
	pathTemplates.Store(template, c)
	return c
}

// matchPath reads an escaped path by a template.
func matchPath(template, path string) (map[string]string, bool) {
	c := compilePath(template)
	match := c.pattern.FindStringSubmatch(path)
	if match == nil {
		return nil, false
	}
	values := map[string]string{}
	for i, name := range c.names {
		value, err := url.PathUnescape(match[i+1])
		if err != nil {
			return nil, false
		}
		values[name] = value
	}
	return values, true
}

// Component makes a check of JSON values against a schema of the document's components.
func (s *OpenAPI) Component(t testing.TB, name string) func(value []byte) error {
	t.Helper()
	if s.doc == nil {
		return func([]byte) error { return ErrNoSchema }
	}
	ref := s.doc.Components.Schemas[name]
	if ref == nil {
		t.Fatalf("%s has no schema %s", s.file, name)
	}
	return func(value []byte) error {
		var v any
		if err := json.Unmarshal(value, &v); err != nil {
			return fmt.Errorf("reading JSON: %w", err)
		}
		if err := ref.Value.VisitJSON(v, openapi3.MultiErrors()); err != nil {
			return fmt.Errorf("%s, %s: %w", s.file, name, err)
		}
		return nil
	}
}

// reader is a body that can be closed.
type reader struct{ *bytes.Reader }

// Close does nothing.
func (reader) Close() error { return nil }

// requestURI is the path and query of a URL.
func requestURI(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.RequestURI()
}
