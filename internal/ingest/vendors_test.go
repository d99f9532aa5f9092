package ingest

import (
	"encoding/json"
	"slices"

	"bytes"
	"github.com/google/go-cmp/cmp"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// line writes what matters of an event on one line: type, severity, time, title, mitre, dedup key, project, source id,
// entities. An entity is kind:value, its role after "@", and "!" when it is observed.
func line(e *event.Event) string {
	when := "-"
	if !e.Time.IsZero() {
		when = e.Time.Format(time.RFC3339Nano)
	}
	id := ""
	if e.Source != nil {
		id = e.Source.ID
	}
	var things []string
	for _, x := range e.Entities {
		t := x.Type + ":" + x.Value
		if x.Role != "" {
			t += "@" + x.Role
		}
		if x.Observed {
			t += "!"
		}
		things = append(things, t)
	}
	return strings.Join([]string{
		e.Type, e.Severity.String(), when, e.Title, strings.Join(e.Mitre, ","), e.DedupKey, e.Project, id, strings.Join(things, " "),
	}, " | ")
}

// decodedFile reads a file with a decoder and checks what holds for every event: it passes as an event, its raw text
// stands in the file byte for byte, its type is well-formed, and nothing of it was lost.
func decodedFile(t *testing.T, d Decoder, file string, h http.Header) []string {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for item, err := range d.Decode(body, h, event.Limits{}) {
		if err != nil {
			lines = append(lines, "error: "+err.Error())
			continue
		}
		r, err := event.FromEvent(&item.Event, event.Origin{Account: event.DefaultAccount, Received: testNow, Raw: item.Raw}, event.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(item.Raw) == 0 || !bytes.Contains(body, item.Raw) {
			t.Errorf("%s: raw is not what was sent", file)
		}
		nothingLost(t, filepath.Base(file), r)
		lines = append(lines, line(&item.Event))
	}
	return lines
}

// TestVendorSamples: every public sample of a tool becomes what vendorSamples says, and no sample is forgotten.
func TestVendorSamples(t *testing.T) {
	t.Parallel()
	for _, d := range []Decoder{Suricata{}, Wazuh{}, CrowdSec{}} {
		t.Run(d.Name(), func(t *testing.T) {
			t.Parallel()
			files, err := filepath.Glob(filepath.Join(sharedFile(t, "samples", d.Name()), "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no samples (%v)", err)
			}
			got := map[string][]string{}
			for _, f := range files {
				got[filepath.Base(f)] = decodedFile(t, d, f, nil)
			}
			if diff := cmp.Diff(vendorSamples[d.Name()], got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestVendorSamplesAccepted: the same through the front door, one event or one refused item for each of theirs.
func TestVendorSamplesAccepted(t *testing.T) {
	t.Parallel()
	for dialect, files := range vendorSamples {
		folder := sharedFile(t, "samples", dialect)
		for file, lines := range files {
			body, err := os.ReadFile(filepath.Join(folder, file))
			if err != nil {
				t.Fatal(err)
			}
			b := newBench(Limits{})
			w := b.post(SourcePath+dialect, string(body), "Content-Type", "application/json")
			if file == "invalid-missing-scenario.json" {
				if w.Code != http.StatusUnprocessableEntity {
					t.Errorf("%s: %d %s", file, w.Code, w.Body)
				}
				continue
			}
			if a := read(t, w); w.Code != http.StatusAccepted || a.Accepted != len(lines) || len(a.Rejected) > 0 {
				t.Errorf("%s: %d %s", file, w.Code, w.Body)
			}
		}
	}
}

// vendors lists the decoders with fixtures of their own.
var vendors = []Decoder{Suricata{}, Wazuh{}, CrowdSec{}, Grafana{}, Alertmanager{}, GuardDuty{}, Okta{}, GitHub{}, OCSF{}}

// headersOf are those that the tool sends with a fixture. GitHub's name the event; the file is named after it.
func headersOf(d Decoder, file string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if d.Name() == "github" {
		kind, _, _ := strings.Cut(filepath.Base(file), ".")
		h.Set("X-GitHub-Event", kind)
		h.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	}
	return h
}

// readable is an item as the golden files have it.
type readable struct {
	Test  bool            `json:"test,omitempty"`
	Error string          `json:"error,omitempty"`
	Event json.RawMessage `json:"event,omitempty"`
}

// TestFixtures: what the fixtures of each dialect become. testdata/<dialect>/golden.json has the whole events by file.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for _, d := range vendors {
		t.Run(d.Name(), func(t *testing.T) {
			t.Parallel()
			got := map[string][]readable{}
			for _, file := range fixtures(t, d) {
				decodedFile(t, d, file, headersOf(d, file))
				body, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for item, err := range d.Decode(body, headersOf(d, file), event.Limits{}) {
					r := readable{Test: item.Test}
					if err != nil {
						r.Error = err.Error()
					} else {
						record, err := event.FromEvent(&item.Event, event.Origin{Account: event.DefaultAccount, Received: testNow}, event.Limits{})
						if err != nil {
							t.Fatal(err)
						}
						r.Event = record.Body
					}
					got[filepath.Base(file)] = append(got[filepath.Base(file)], r)
				}
			}
			golden := filepath.Join("testdata", d.Name(), "golden.json")
			if *update {
				writeGolden(t, golden, got)
			}
			b, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]readable{}
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, asValues); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// asValues compares JSON by what it says.
var asValues = cmp.Transformer("JSON", func(raw json.RawMessage) any {
	var v any
	_ = json.Unmarshal(raw, &v) // empty stays nil
	return v
})

func fixtures(t testing.TB, d Decoder) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", d.Name(), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures of %s (%v)", d.Name(), err)
	}
	return slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "golden.json" })
}
