package connectors

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestAll(t *testing.T) {
	t.Parallel()
	for name, d := range All() {
		if name != d.Kind.Name || !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name) {
			t.Errorf("%s is named %q", name, d.Kind.Name)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(form.Schema(d.Settings())))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(name, doc); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Compile(name); err != nil {
			t.Errorf("the schema of %s: %v", name, err)
		}
	}
}
