package eventtest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Golden compares what was written with testdata/name, or writes that file. JSON is laid out for readers.
func Golden(t testing.TB, update bool, name string, got []byte) {
	t.Helper()
	if filepath.Ext(name) == ".json" {
		var laidOut bytes.Buffer
		if err := json.Indent(&laidOut, got, "", "  "); err != nil {
			t.Fatalf("%s: %v: %s", name, err, got)
		}
		got = laidOut.Bytes()
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", name)
	if update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", name, diff)
	}
}
