package integration

import (
	"encoding/json"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// TestConnectorsNameTheirDestinations: a connector that has secrets must say which settings decide where they go, or a
// change of those would take the stored secrets along.
func TestConnectorsNameTheirDestinations(t *testing.T) {
	t.Parallel()
	for kind, def := range connectors.All() {
		if len(form.SecretFields(def.Settings())) == 0 {
			continue
		}
		found := form.Destinations(def.Settings(), json.RawMessage(`{"verify_tls":false}`))
		where := 0
		for name := range found {
			if name != "verify_tls" && name != "ca_bundle" {
				where++
			}
		}
		if where == 0 {
			t.Errorf("%s has secrets and no destination: its settings need a URL field, or form.Destination", kind)
		}
		var properties struct{ Properties map[string]any }
		if err := json.Unmarshal(form.Schema(def.Settings()), &properties); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"verify_tls", "ca_bundle"} {
			if _, has := properties.Properties[name]; has && found[name] == nil {
				t.Errorf("%s: %s decides who may be in between; it needs form.Destination", kind, name)
			}
		}
	}
}
