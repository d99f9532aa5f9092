package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// fileExercises are about the files of incidents.
var fileExercises = map[string]func(*testing.T, *hub){
	"list-attachments": func(t *testing.T, h *hub) {
		path := h.incident("x")
		h.want(201, "POST", path+"/attachments?name=a.txt", "a")
		if r := h.want(200, "GET", path+"/attachments", ""); r.get("items.#.name").Raw != `["a.txt"]` {
			t.Errorf("got %s", r.body)
		}
	},
	"create-attachment": func(t *testing.T, h *hub) {
		path, hash := h.incident("x")+"/attachments", sha256.Sum256([]byte("<script>"))
		r := h.want(201, "POST", path+"?name=..%2F%E2%80%AEa.html", "<script>", withHeader("Content-Type", "text/html"))
		if r.get("name").Str != "a.html" || r.get("type").Str != "text/html" || r.get("size").Int() != 8 || r.Header.Get("Location") != path+"/"+r.get("id").Str ||
			r.get("sha256").Str != hex.EncodeToString(hash[:]) {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		kind, form := multipartOf(t, "../b.eml")
		if r := h.want(201, "POST", path, form, withHeader("Content-Type", kind)); r.get("name").Str != "b.eml" || r.get("size").Int() != 4 || r.get("type").Str != "application/octet-stream" {
			t.Errorf("got %s", r.body)
		}
		kind, form = multipartOf(t, "a", "b")
		h.want(422, "POST", path, form, withHeader("Content-Type", kind))
		h.want(422, "POST", path, "--x", withHeader("Content-Type", "multipart/form-data; boundary=x"))
		h.want(422, "POST", path, "nothing", withHeader("Content-Type", "multipart/form-data"))
		if r := h.call("POST", path, "", withHeader("Content-Type", "text/plain")); r.StatusCode != 400 && r.StatusCode != 422 {
			t.Errorf("no file answers %d %s", r.StatusCode, r.body)
		}
		h.want(413, "POST", path, strings.Repeat("x", incident.MaxAttachmentBytes+1), withHeader("Content-Type", "text/plain"))
		h.want(413, "POST", path, strings.Repeat("x", incident.MaxAttachmentBytes+uploadSlack+1), withHeader("Content-Type", "text/plain"))
		h.want(404, "POST", "/api/v1/incidents/9/attachments", "x", withHeader("Content-Type", "text/plain"))
		h.want(201, "POST", path, strings.Repeat("x", incident.MaxAttachmentBytes), withHeader("Content-Type", "text/plain"))
		if held := h.server.bodies.held.Load(); held != 0 {
			t.Errorf("%d bytes of bodies are still held", held)
		}
	},
	"get-attachment": func(t *testing.T, h *hub) {
		path := h.incident("x") + "/attachments"
		id := h.want(201, "POST", path+"?name=B%C3%BCro%20%22x%22%3B.html", "<script>\x00", withHeader("Content-Type", "text/html")).get("id").Str
		r := h.want(200, "GET", path+"/"+id, "")
		if r.body != "<script>\x00" || r.Header.Get("Content-Type") != "application/octet-stream" || r.Header.Get("X-Content-Type-Options") != "nosniff" ||
			r.Header.Get("Content-Security-Policy") != policyFile || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v %q", r.Header, r.body)
		}
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != "Büro _x__.html" {
			t.Errorf("got %s: %v %v", r.Header.Get("Content-Disposition"), params, err)
		}
		h.want(404, "GET", path+"/"+event.NewID().Text(event.PrefixAttachment), "")
		h.want(404, "GET", "/api/v1/incidents/2/attachments/"+id, "")
	},
	"delete-attachment": func(_ *testing.T, h *hub) {
		path := h.incident("x") + "/attachments"
		id := h.want(201, "POST", path+"?name=a", "a").get("id").Str
		h.want(204, "DELETE", path+"/"+id, "")
		h.want(404, "DELETE", path+"/"+id, "")
	},
}

// multipartOf is a form with a field and files of four bytes.
func multipartOf(t *testing.T, names ...string) (contentType, text string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("comment", "x"); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte("file")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// TestHostileFiles: whatever a file is called and said to be, it is served as bytes to be saved, in headers that say
// nothing else.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	path := h.incident("x") + "/attachments"
	for name, text := range hostileTexts {
		kind, body := "text/plain", "file"
		if len(text) < 4000 {
			kind, body = multipartOf(t, text)
		}
		r := h.call("POST", path, body, withHeader("Content-Type", kind))
		holdHarmless(t, "a file called "+name, r, text)
		if r.StatusCode != http.StatusCreated {
			continue
		}
		got := h.want(200, "GET", path+"/"+r.get("id").Str, "")
		kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != r.get("name").Str || got.Header.Get("Content-Type") != fileType || len(params) != 1 ||
			strings.ContainsAny(params["filename"], "/\\\"\r\n\u202e\u2066") {
			t.Errorf("a file called %s is served with %v", name, got.Header)
		}
	}
	for _, kind := range []string{"text/html", "image/svg+xml", "application/javascript", "text/html; charset=utf-7", "nonsense", "multipart/mixed; boundary=x"} {
		r := h.want(201, "POST", path+"?name=x", "<script>", withHeader("Content-Type", kind))
		if got := h.want(200, "GET", path+"/"+r.get("id").Str, ""); got.Header.Get("Content-Type") != fileType || got.body != "<script>" {
			t.Errorf("%s is served as %v", kind, got.Header)
		}
	}
}

// incidentRule makes a rule and gives its path.
func (h *hub) incidentRule(name string) string {
	h.t.Helper()
	return "/api/v1/incident-rules/" + h.want(201, "POST", "/api/v1/incident-rules", `{"name":"`+name+`"}`).get("id").Str
}

// incidentRuleExercises are about the rules that make incidents.
var incidentRuleExercises = map[string]func(*testing.T, *hub){
	"list-incident-rules": func(t *testing.T, h *hub) {
		h.want(201, "POST", "/api/v1/incident-rules", `{"name":"late","position":200}`)
		h.want(201, "POST", "/api/v1/incident-rules", `{"name":"early","position":1}`)
		first := h.want(200, "GET", "/api/v1/incident-rules?limit=1", "")
		if second := h.want(200, "GET", "/api/v1/incident-rules?limit=1&cursor="+first.get("next").Str, ""); first.get("items.0.name").Str != "early" ||
			second.get("items.0.name").Str != "late" || second.get("next").Exists() {
			t.Errorf("pages %s and %s", first.body, second.body)
		}
		h.want(422, "GET", "/api/v1/incident-rules?cursor=nope", "")
	},
	"create-incident-rule": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/incident-rules", `{"name":"x","match":{"severities":["HIGH"],"where":"event.risk_score > 7"},`+
			`"group_by":["rule","entity"],"entity_types":["ip"],"window":"1h","threshold":5}`)
		if r.Header.Get("Location") != "/api/v1/incident-rules/"+r.get("id").Str || r.get("group_by").Raw != `["entity","rule"]` || r.get("window").Str != "1h0m0s" ||
			r.get("match.severities").Raw != `["high"]` || r.get("match.where").Str != "event.risk_score > 7" || !r.get("enabled").Bool() {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		h.want(409, "POST", "/api/v1/incident-rules", `{"name":"x"}`)
		if r := h.want(422, "POST", "/api/v1/incident-rules", `{"window":"1s","match":{"where":"event.titel"}}`); fmt.Sprint(r.fields()) != "[name window match.where]" {
			t.Errorf("got %s", r.body)
		}
	},
	"get-incident-rule": func(t *testing.T, h *hub) {
		if r := h.want(200, "GET", h.incidentRule("x"), ""); r.get("threshold").Int() != 3 || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/incident-rules/"+event.NewID().Text(event.PrefixRule), "")
	},
	"update-incident-rule": func(t *testing.T, h *hub) {
		path := h.incidentRule("x")
		r := h.want(200, "PATCH", path, `{"enabled":false,"match":{"projects":["web"]}}`, withHeader("If-Match", `"1"`))
		if r.get("enabled").Bool() || r.get("match.projects.0").Str != "web" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"position":1}`, withHeader("If-Match", `"1"`))
		h.want(422, "PATCH", path, `{"threshold":101}`)
		h.incidentRule("y")
		h.want(409, "PATCH", path, `{"name":"y"}`)
	},
	"delete-incident-rule": func(_ *testing.T, h *hub) {
		path := h.incidentRule("x")
		h.want(412, "DELETE", path, "", withHeader("If-Match", `"9"`))
		h.want(204, "DELETE", path, "")
		h.want(404, "GET", path, "")
	},
	"try-incident-rule": func(t *testing.T, h *hub) {
		for n := range 4 {
			h.storedAlert(event.DefaultAccount, fmt.Sprint(n))
		}
		r := h.want(200, "POST", "/api/v1/incident-rules/try", `{"rule":{"name":"x"},"last":10}`)
		if r.get("looked").Int() != 4 || r.get("incidents").Int() != 1 || r.get("items.0.alerts").Int() != 4 || r.get("items.0.title").Str != "3 related alerts: ip:203.0.113.7" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/incident-rules/try", `{"rule":{"name":"x","window":"x"}}`); fmt.Sprint(r.fields()) != "[rule.window]" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/incident-rules/try", `{"last":0}`); fmt.Sprint(r.fields()) != "[rule last]" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", "/api/v1/incident-rules/try", `[]`)
	},
}
