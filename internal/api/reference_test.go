package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

func TestReferencePage(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	r := h.want(200, "GET", "/api/docs", "", withKey(""))
	for id, o := range documented(t, h.server.api.OpenAPI()) {
		if !strings.Contains(r.body, `<article id="`+id+`">`) || !strings.Contains(r.body, o.Path) {
			t.Errorf("the page lacks %s", id)
		}
	}
	for _, want := range []string{
		`<article id="send-events">`, "X-API-Key: $TOCSIN_KEY", `scope integrations:write`, "delivery.retry.schedule",
		`<meta name="viewport"`,
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"http://", "https://", "//"} {
		for _, attribute := range []string{`src="` + bad, `href="` + bad} {
			if strings.Contains(r.body, attribute) {
				t.Errorf("the page loads from elsewhere: %s", attribute)
			}
		}
	}
	if strings.Contains(r.body, "<script>") || strings.Contains(r.body, " style=") || strings.Contains(r.body, "ZgotmplZ") {
		t.Error("the page holds what its policy forbids")
	}
	if loc := h.want(http.StatusFound, "GET", "/", "", withKey("")).Header.Get("Location"); loc != "/api/docs" {
		t.Errorf("/ leads to %s", loc)
	}
}

// TestReferencePageEscapes draws a document whose every text is hostile.
func TestReferencePageEscapes(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'</pre>{{.}}`
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		hostile: {Type: hostile, Description: hostile, Enum: []any{hostile}, Default: hostile, Examples: []any{hostile}},
	}, Required: []string{hostile}}
	doc := newDocument(hostile)
	doc.Info.Title, doc.Info.Description = hostile, hostile
	doc.Tags = []*huma.Tag{{Name: hostile, Description: hostile}}
	doc.AddOperation(&huma.Operation{
		OperationID: hostile, Method: http.MethodPost, Path: "/" + hostile, Summary: hostile, Description: hostile,
		Tags: []string{hostile}, Security: []map[string][]string{{schemeKey: {hostile}}},
		Parameters:  []*huma.Param{{Name: hostile, In: "query", Required: true, Description: hostile, Example: hostile, Schema: s}},
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{hostile: {Schema: s, Example: hostile}}},
		Responses:   map[string]*huma.Response{"200": {Description: hostile, Content: map[string]*huma.MediaType{hostile: {Schema: s}}}},
	})
	page, err := referencePage(doc, []string{hostile})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script>alert", "<img", "onerror=alert(1)>'</pre>"} {
		if strings.Contains(string(page), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestCurlQuotes(t *testing.T) {
	t.Parallel()
	got := curl(&huma.Operation{Method: "POST", Path: "/x"}, &payload{Example: `{"a":"it's"}`})
	if want := `-d '{"a":"it'\''s"}'`; !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
}

func TestReferenceLists(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	p := newPage(h.server.api.OpenAPI(), h.server.order)
	var names []string
	for _, g := range p.Groups {
		names = append(names, g.Name)
		for _, o := range g.Operations {
			if o.Body != nil && o.Body.Example == "" {
				t.Errorf("%s has a body without an example", o.ID)
			}
			if strings.Contains(o.Curl, "<nil>") || strings.Contains(o.Curl, "{id}") {
				t.Errorf("the sample of %s is %s", o.ID, o.Curl)
			}
		}
	}
	if got := strings.Join(names, ", "); got != "Events, Alerts, Incidents, Integrations, Sources, Connectors, Deliveries, Silences, Blocks, Mailbox, Jobs, State, API keys, People, Accounts, Audit, Operator" {
		t.Errorf("the groups are %s", got)
	}
}
