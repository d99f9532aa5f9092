package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// page is what the reference page shows, worked out from the OpenAPI document alone.
type page struct {
	Title, Version string
	Intro          []string // paragraphs
	Start          string   // a first command line
	Groups         []group
	Operations     int
}

type group struct {
	ID, Name, About string
	Operations      []operation
}

type operation struct {
	ID, Method, Path, Summary string
	About                     []string // paragraphs
	Scope                     string
	Parameters                []row
	Body                      *payload
	Responses                 []payload
	Errors                    []failure
	Curl                      string
}

// payload is a body of a request or an answer.
type payload struct {
	Status, Meaning string
	Type            string // media type
	Rows            []row
	Example         string
}

// failure is a status that an operation may give without a body of its own.
type failure struct{ Status, Meaning string }

// row is one parameter or property.
type row struct {
	Name, In, Type, About, Limits string
	Required                      bool
	Depth                         int
}

// startHere sets what the samples use.
const startHere = `export TOCSIN_SERVER=http://127.0.0.1:8080 TOCSIN_KEY=tsk_live_…
curl -sS "$TOCSIN_SERVER/api/v1/health" -H "X-API-Key: $TOCSIN_KEY"`

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// newPage reads the document. order lists the operations' ids as they were declared, which is how people should meet
// them: the document itself has no order.
func newPage(doc *huma.OpenAPI, order []string) page {
	p := page{Title: doc.Info.Title, Version: doc.Info.Version, Intro: paragraphs(doc.Info.Description), Start: startHere}
	byTag := map[string][]operation{}
	declared := operationsOf(doc)
	for _, id := range order {
		op := declared[id]
		if op == nil || len(op.Tags) == 0 {
			continue
		}
		byTag[op.Tags[0]] = append(byTag[op.Tags[0]], newOperation(doc, op))
		p.Operations++
	}
	for _, tag := range doc.Tags {
		if ops := byTag[tag.Name]; len(ops) > 0 {
			p.Groups = append(p.Groups, group{ID: anchor(tag.Name), Name: tag.Name, About: tag.Description, Operations: ops})
		}
	}
	return p
}

// operationsOf gives the document's operations by id.
func operationsOf(doc *huma.OpenAPI) map[string]*huma.Operation {
	all := map[string]*huma.Operation{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				all[op.OperationID] = op
			}
		}
	}
	return all
}

func newOperation(doc *huma.OpenAPI, op *huma.Operation) operation {
	o := operation{
		ID: anchor(op.OperationID), Method: op.Method, Path: op.Path, Summary: op.Summary,
		About: paragraphs(op.Description), Scope: scopeOf(op),
	}
	for _, p := range op.Parameters {
		o.Parameters = append(o.Parameters, parameterRow(doc, p))
	}
	if op.RequestBody != nil {
		o.Body = newPayload(doc, op.RequestBody.Content)
	}
	for _, status := range sortedKeys(op.Responses) {
		r := op.Responses[status]
		if code, err := strconv.Atoi(status); err != nil || code >= 400 {
			o.Errors = append(o.Errors, failure{Status: status, Meaning: r.Description})
			continue
		}
		body := newPayload(doc, r.Content)
		if body == nil {
			body = &payload{}
		}
		body.Status, body.Meaning = status, r.Description
		o.Responses = append(o.Responses, *body)
	}
	o.Curl = curl(op, o.Body)
	return o
}

// scopeOf reads the scope from the operation's security requirements.
func scopeOf(op *huma.Operation) string {
	for _, requirement := range op.Security {
		for _, scopes := range requirement {
			if len(scopes) > 0 {
				return scopes[0]
			}
		}
	}
	if len(op.Security) > 0 {
		return scopeAny
	}
	return ""
}

func newPayload(doc *huma.OpenAPI, content map[string]*huma.MediaType) *payload {
	types := sortedKeys(content)
	if len(types) == 0 {
		return nil
	}
	media := content[types[0]]
	p := &payload{Type: types[0], Rows: schemaRows(doc.Components.Schemas, media.Schema, "", 0)}
	switch {
	case media.Example != nil:
		p.Example = indent(media.Example)
	case media.Schema != nil:
		p.Example = indent(exampleOf(doc.Components.Schemas, media.Schema, 0))
	}
	return p
}

func parameterRow(doc *huma.OpenAPI, p *huma.Param) row {
	s := resolve(doc.Components.Schemas, p.Schema)
	return row{
		Name: p.Name, In: p.In, Type: typeName(doc.Components.Schemas, p.Schema), Required: p.Required,
		About: firstOf(p.Description, s.Description), Limits: limits(s),
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// schemaRows lists the properties of an object, nested ones below their parent.
func schemaRows(reg huma.Registry, s *huma.Schema, prefix string, depth int) []row {
	s = resolve(reg, s)
	if s == nil || depth > maxSchemaDepth {
		return nil
	}
	if s.Type == huma.TypeArray {
		return schemaRows(reg, s.Items, prefix+"[].", depth)
	}
	var rows []row
	for _, name := range propertyOrder(s) {
		prop := s.Properties[name]
		target := resolve(reg, prop)
		rows = append(rows, row{
			Name: prefix + name, Type: typeName(reg, prop), Required: slices.Contains(s.Required, name), Depth: depth,
			About: firstOf(prop.Description, target.Description), Limits: limits(target),
		})
		if target.Type == huma.TypeArray {
			rows = append(rows, schemaRows(reg, target.Items, prefix+name+"[].", depth+1)...)
			continue
		}
		rows = append(rows, schemaRows(reg, target, prefix+name+".", depth+1)...)
	}
	return rows
}

func typeName(reg huma.Registry, s *huma.Schema) string {
	t := resolve(reg, s)
	switch {
	case t == nil:
		return "any"
	case t.Type == huma.TypeArray:
		return "list of " + typeName(reg, t.Items)
	case t.Type == "":
		return "any"
	case t.Format == "date-time":
		return "time"
	}
	return t.Type
}

// limits puts a schema's constraints into words.
func limits(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprint(v)
		}
		add("one of %s", strings.Join(values, ", "))
	}
	if s.Default != nil {
		if b, err := json.Marshal(s.Default); err == nil {
			add("default %s", b)
		}
	}
	if s.Minimum != nil {
		add("at least %v", *s.Minimum)
	}
	if s.Maximum != nil {
		add("at most %v", *s.Maximum)
	}
	if s.MaxLength != nil {
		add("at most %d characters", *s.MaxLength)
	}
	if s.MaxItems != nil {
		add("at most %d entries", *s.MaxItems)
	}
	if s.ReadOnly {
		add("read only")
	}
	return strings.Join(parts, "; ")
}

// curl is a command line that makes the request.
func curl(op *huma.Operation, body *payload) string {
	path := op.Path
	query := url.Values{}
	for _, p := range op.Parameters {
		example := fmt.Sprint(p.Example)
		if p.Example == nil && p.Schema != nil && len(p.Schema.Examples) > 0 {
			example = fmt.Sprint(p.Schema.Examples[0])
		}
		switch {
		case p.In == "path" && example != "<nil>":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(example))
		case p.In == "query" && p.Required && example != "<nil>":
			query.Set(p.Name, example)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	lines := []string{`curl -sS "$TOCSIN_SERVER` + path + `"`}
	if op.Method != "GET" {
		lines[0] = `curl -sS -X ` + op.Method + ` "$TOCSIN_SERVER` + path + `"`
	}
	if len(op.Security) > 0 {
		lines = append(lines, `-H "X-API-Key: $TOCSIN_KEY"`)
	}
	if body != nil && body.Example != "" {
		lines = append(lines, `-H "Content-Type: application/json"`, `-d '`+strings.ReplaceAll(body.Example, `'`, `'\''`)+`'`)
	}
	return strings.Join(lines, " \\\n  ")
}

// paragraphs splits at empty lines.
func paragraphs(text string) []string {
	var out []string
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// anchor makes a fragment id of a name.
func anchor(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		}
		return '-'
	}, name)
}
