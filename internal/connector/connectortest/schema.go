package connectortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// ErrNoSchema is what a checker gives whose schema is not on this machine: nothing is known then, and nothing fails.
var ErrNoSchema = errors.New("the schema is not here: set TOCSIN_SHARED to hold requests against it")

// Schema makes a check of JSON values against a JSON Schema (draft 4 to 2020-12) of the shared specifications, such as
// "slack/incoming-webhook.schema.json"; a fragment ("jira/adf-full.json#/definitions/doc_node") chooses a part of it. What
// it refers to must be in the same folder. Where the file is missing, the check gives ErrNoSchema.
func Schema(t testing.TB, file string) func(value []byte) error {
	t.Helper()
	name, fragment, _ := bytes.Cut([]byte(file), []byte("#"))
	path := SharedPath("specs", string(name))
	if _, err := os.Stat(path); err != nil {
		t.Logf("specs/%s: %v", name, ErrNoSchema)
		return func([]byte) error { return ErrNoSchema }
	}
	schema, err := jsonschema.NewCompiler().Compile(path + "#" + string(fragment))
	if err != nil {
		t.Fatalf("compiling %s: %v", file, err)
	}
	return func(value []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
		if err != nil {
			return fmt.Errorf("reading JSON: %w", err)
		}
		if err := schema.Validate(v); err != nil {
			return fmt.Errorf("the schema %s: %w", file, err)
		}
		return nil
	}
}

// Body makes a Harness.Check of a check of bodies that are one JSON value each; requests without a body pass.
func Body(check func(value []byte) error) func(Request) error {
	return EachValue(check, func(body []byte) ([]json.RawMessage, error) { return []json.RawMessage{body}, nil })
}

// EachValue makes a Harness.Check of a check of single values, and a way to take a body apart: Values, Lines, or one of
// the connector's test's own.
func EachValue(check func(value []byte) error, split func(body []byte) ([]json.RawMessage, error)) func(Request) error {
	return func(r Request) error {
		body, err := Unpacked(r)
		if err != nil || len(body) == 0 {
			return err
		}
		values, err := split(body)
		if err != nil {
			return err
		}
		for i, v := range values {
			if err := check(v); err != nil {
				return fmt.Errorf("value %d: %w", i, err)
			}
		}
		return nil
	}
}

// check holds a request against the vendor's schema; what the schema does not say is no fault.
func (h Harness) check(r Request) error {
	if h.Check == nil {
		return nil
	}
	if err := h.Check(r); err != nil && !errors.Is(err, ErrNoSchema) {
		return fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	return nil
}

// Golden holds a recorded request (see httpkit.Exchange, with Full and DryRun) against the vendor's schema and compares it
// with testdata/name, or writes it there with -update.
func (h Harness) Golden(t *testing.T, name string, e *httpkit.Exchange) {
	t.Helper()
	if err := h.check(recorded(e)); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	Golden(t, name, Text(e))
}

// recorded is the request of an exchange; its body has no content encoding any more.
func recorded(e *httpkit.Exchange) Request {
	r := Request{Method: e.Method, Path: requestURI(e.URL), Header: e.RequestHeader.Clone(), Body: e.RequestBody}
	r.Header.Del("Content-Encoding")
	return r
}

// testSchema: what is sent is what the vendor's own schema describes. (So it is in every other part of Run.)
func testSchema(t *testing.T, h Harness) {
	if h.Check == nil {
		t.Skip("this vendor has published no schema")
	}
	b := start(t, h, `{}`)
	if err := b.deliver(t, Deliveries("hello")...); err != nil {
		t.Fatal(err)
	}
	requests := b.vendor.seen()
	if len(requests) == 0 {
		t.Fatal("nothing was sent")
	}
	for _, r := range requests {
		if err := h.Check(r); errors.Is(err, ErrNoSchema) {
			t.Skip(err)
		}
	}
}
