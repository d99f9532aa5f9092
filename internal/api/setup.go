package api

import (
	"embed"

	"github.com/go-chi/chi/v5"
)

//go:embed setup
var setupFiles embed.FS

// policySetup lets the page load its own style sheet and script, and speak to the hub.
const policySetup = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// mountSetup serves the page that uses a one-time link.
func mountSetup(r chi.Router) {
	for path, file := range map[string][3]string{
		"/setup":           {"page.html", "text/html; charset=utf-8", policySetup},
		"/setup/style.css": {"style.css", "text/css; charset=utf-8", policyAPI},
		"/setup/script.js": {"script.js", "text/javascript; charset=utf-8", policyAPI},
	} {
		r.Get(path, serve(file[1], file[2], func() ([]byte, error) { return setupFiles.ReadFile("setup/" + file[0]) }))
	}
}
