package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
)

//go:embed reference
var referenceFiles embed.FS

// pageTemplate escapes everything that it is given: html/template knows text, attributes and URLs apart.
var pageTemplate = template.Must(template.ParseFS(referenceFiles, "reference/page.html"))

// referencePage draws the reference from the document.
func referencePage(doc *huma.OpenAPI, order []string) ([]byte, error) {
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "page.html", newPage(doc, order)); err != nil {
		return nil, fmt.Errorf("drawing the reference page: %w", err)
	}
	return b.Bytes(), nil
}

// mountReference serves the document and the page that shows it. Each is made when it is first asked for, and once: the
// document does not change while the process runs, and most processes are never asked.
func mountReference(r chi.Router, doc *huma.OpenAPI, order []string) {
	r.Get("/api/openapi.json", serve("application/vnd.oai.openapi+json;version=3.1", policyAPI,
		func() ([]byte, error) { return json.Marshal(doc) }))
	r.Get("/api/openapi.yaml", serve("application/yaml", policyAPI, doc.YAML))
	r.Get("/api/docs", serve("text/html; charset=utf-8", policyPage,
		func() ([]byte, error) { return referencePage(doc, order) }))
	r.Get("/api/docs/style.css", serve("text/css; charset=utf-8", policyAPI,
		func() ([]byte, error) { return referenceFiles.ReadFile("reference/style.css") }))
	r.Get("/api/docs/script.js", serve("text/javascript; charset=utf-8", policyAPI,
		func() ([]byte, error) { return referenceFiles.ReadFile("reference/script.js") }))
	r.Get("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/api/docs", http.StatusFound) })
}

// serve answers with bytes that hold nothing of any account, so they may be kept, but are asked for again each time. An
// error of content is a bug that any test of the path shows: it panics, and the panic is answered as every other.
func serve(contentType, policy string, content func() ([]byte, error)) http.HandlerFunc {
	body := sync.OnceValue(func() []byte {
		b, err := content()
		if err != nil {
			panic(fmt.Sprintf("api: making what is served as %s: %v", contentType, err))
		}
		return b
	})
	return func(w http.ResponseWriter, r *http.Request) {
		b := body()
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(b) // a caller that hung up needs no answer
	}
}
