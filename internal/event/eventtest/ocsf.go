package eventtest

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Checker looks at one written event; its error says what is wrong with it.
type Checker func(b []byte) error

// OneLine refuses what is not one line.
func OneLine(b []byte) error {
	if i := bytes.IndexAny(b, "\n\r"); i >= 0 {
		return fmt.Errorf("a line break at byte %d", i)
	}
	return nil
}

// OCSF checks against the published schema of OCSF 1.8.0, read from the shared specifications. The class is taken from
// class_uid, so that an error speaks of the class that was meant.
func OCSF(t testing.TB) Checker {
	t.Helper()
	b, err := os.ReadFile(Shared(t, "specs", "ocsf", "ocsf-1.8.0-findings.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("ocsf.json", doc); err != nil {
		t.Fatal(err)
	}
	classes := map[string]*jsonschema.Schema{}
	for uid, name := range map[string]string{"0": "base_event", "2004": "detection_finding", "2005": "incident_finding"} {
		classes[uid] = c.MustCompile("ocsf.json#/$defs/" + name)
	}
	return func(b []byte) error {
		if err := OneLine(b); err != nil {
			return err
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			return err
		}
		object, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("not an object: %s", b)
		}
		class := classes[fmt.Sprint(object["class_uid"])]
		if class == nil {
			return fmt.Errorf("class_uid %v", object["class_uid"])
		}
		return class.Validate(value)
	}
}
