package ingest

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

var update = flag.Bool("update", false, "write what the samples give to testdata; read the difference before you believe it")

// TestSamples: what the public samples of each vendor become. testdata/<source>.json has, by file, everything of the
// events but description and data, which are too long to be read there.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ golden, source, folder, pattern string }{
		{"falco", "falco", "falco", "*.json"},
		{"wallarm", "wallarm", "wallarm", "*.json"},
		{"wallarm-seed", "wallarm", "seed-systems", "wallarm-*.json"},
		{"source-defense", "source-defense", "seed-systems", "source-defense-*.json"},
		{"socwarden", "socwarden", "seed-systems", "socwarden-[ae][lv]e*.json"},
		{"wardex", "wardex", "seed-systems", "wardex-[wc]*-c*.json"},
		{"wardex-hec", "wardex", "seed-systems", "wardex-splunk-hec.json"},
		{"socmate", "socmate", "seed-systems", "socmate-in*-[acf][loa]*ed.json"},
		{"socmate-incident", "socmate", "seed-systems", "socmate-incident-alert.json"},
	} {
		t.Run(c.golden, func(t *testing.T) {
			t.Parallel()
			files, err := filepath.Glob(filepath.Join(sharedFile(t, "samples", c.folder), c.pattern))
			if err != nil || len(files) == 0 {
				t.Fatalf("no samples (%v)", err)
			}
			got := map[string][]event.Event{}
			for _, f := range files {
				got[filepath.Base(f)] = sampleEvents(t, c.source, f)
			}
			golden := filepath.Join("testdata", "samples-"+c.golden+".json")
			if *update {
				writeGolden(t, golden, got)
			}
			b, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]event.Event{}
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.Transformer("JSON", func(raw json.RawMessage) any {
				var v any
				_ = json.Unmarshal(raw, &v) // empty stays nil
				return v
			})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func writeGolden(t *testing.T, path string, value any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sampleEvents sends a file and gives the events it became. It checks what holds for all of them.
func sampleEvents(t *testing.T, source, file string) []event.Event {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(Limits{})
	w := b.post(SourcePath+source, string(body), "Content-Type", "application/json")
	a := read(t, w)
	if w.Code != http.StatusAccepted || a.Accepted != 1 || len(a.Rejected) > 0 {
		t.Errorf("%s: %d %s", file, w.Code, w.Body)
		return nil
	}
	var list []event.Event
	for _, r := range b.journal.all() {
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Raw) == 0 || !bytes.Contains(body, r.Raw) {
			t.Errorf("%s: raw is not what was sent", file)
		}
		if _, known := event.LookupType(e.Type); !known {
			t.Errorf("%s: the catalogue does not know %s", file, e.Type)
		}
		if r.Flags&event.NoTime == 0 && e.Time.Equal(testNow) {
			t.Errorf("%s: the time of receipt was written as the event's", file)
		}
		nothingLost(t, file, r)
		e.Description, e.Data = "", nil
		list = append(list, e)
	}
	return list
}

// nothingLost checks that every text and number that was sent stands somewhere in the event (times are rewritten).
func nothingLost(t *testing.T, file string, r *event.Record) {
	t.Helper()
	var sent, kept any
	if json.Unmarshal(r.Raw, &sent) != nil || json.Unmarshal(r.Body, &kept) != nil {
		t.Fatalf("%s: raw or body is not JSON", file)
	}
	have := leaves(kept, nil)
	for _, leaf := range leaves(sent, nil) {
		if _, isTime := event.ParseTime(leaf); !isTime && !slices.Contains(have, leaf) {
			t.Errorf("%s: %q was lost", file, leaf)
		}
	}
}

// leaves lists all texts and numbers of a value.
func leaves(v any, list []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			list = leaves(e, list)
		}
	case []any:
		for _, e := range v {
			list = leaves(e, list)
		}
	case string:
		var inside map[string]any
		switch {
		case strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &inside) == nil: // JSON in a text, which is unpacked
			list = leaves(inside, list)
		case v != "":
			list = append(list, v)
		}
	case float64:
		b, _ := json.Marshal(v)
		list = append(list, string(b))
	}
	return list
}
