package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connectors"
)

// TestFormsAndSignatures: a preview shows the chosen form, and says which signatures go along; an integration without any
// carries a warning.
func TestFormsAndSignatures(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Catalogue = connectors.All()
	// The seed is thirty-two letters a.
	const key, public = "whsk_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=", "whpk_rwaj4ykXFOTzVsGcmxXNGVHsbmZiqne+B1R/KJODNB0="
	for name, c := range map[string]struct {
		settings, contentType, body, note string
		warned                            bool
	}{
		"ocsf":   {`"profile":"ocsf","signing_secret":"a-secret-of-at-least-24-bytes"`, "application/json", `{"class_uid":2004,`, "as v1 in webhook-signature", false},
		"cef":    {`"profile":"cef","signing_key":"` + key + `"`, "text/plain", "CEF:0|", public, false},
		"native": {`"profile":"native"`, "application/json", `{"id":"evt_`, "not signed", true},
	} {
		i, err := f.Create(t.Context(), account, json.RawMessage(`{"kind":"webhook","name":"`+name+`","settings":{"url":"https://example.com/in",`+c.settings+`},"subscription":{"types":["*"]}}`))
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.Preview(t.Context(), account, i.ID, PreviewInput{EventType: "alert.created"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.Request.Body, c.body) {
			t.Errorf("%s: the preview is %.100s, want it to begin as %s", name, p.Request.Body, c.body)
		}
		if got := p.Request.Headers["Content-Type"]; !strings.HasPrefix(got, c.contentType) {
			t.Errorf("%s: content type %s", name, got)
		}
		notes := strings.Join(p.Notes, "\n")
		if !strings.Contains(notes, c.note) || strings.Contains(notes, "whsk_") {
			t.Errorf("%s: notes %s", name, notes)
		}
		warned := false
		for _, w := range f.Warnings(i) {
			warned = warned || w.Field == "settings.signing_secret"
		}
		if warned != c.warned {
			t.Errorf("%s: warned %t", name, warned)
		}
	}
}
