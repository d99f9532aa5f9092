package payload_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
	"github.com/tocsin-hub/tocsin/internal/ingest"
)

// TestSamples: what the decoders make of the public samples is valid in every schema that can be checked.
func TestSamples(t *testing.T) {
	t.Parallel()
	checks := map[string]eventtest.Checker{
		"ocsf": eventtest.OCSF(t), "ecs": eventtest.ECS(t), "cef": eventtest.CEF(t), "leef": eventtest.LEEF, "udm": eventtest.UDM,
	}
	records := 0
	for _, d := range ingest.Decoders() {
		for _, file := range files(t, d.Name()) {
			for _, r := range decoded(t, d, file) {
				records++
				for name, check := range checks {
					write, err := payload.Open(name, payload.Options{})
					if err != nil {
						t.Fatal(err)
					}
					b, err := write(nil, r)
					if err != nil {
						t.Errorf("%s as %s: %v", file, name, err)
						continue
					}
					if err := check(b); err != nil {
						t.Errorf("%s as %s: %v", file, name, err)
					}
				}
			}
		}
	}
	if records < 25 {
		t.Errorf("only %d events", records)
	}
}

// files are the samples that belong to a dialect: those of the folder of its name, and of the seed systems.
func files(t *testing.T, dialect string) []string {
	t.Helper()
	own, err := filepath.Glob(filepath.Join(eventtest.Shared(t, "samples"), dialect, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	seeds, err := filepath.Glob(filepath.Join(eventtest.Shared(t, "samples", "seed-systems"), dialect+"-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return append(own, seeds...)
}

// decoded gives the events of a sample; what the decoder refuses is not this test's concern.
func decoded(t *testing.T, d ingest.Decoder, file string) []*event.Record {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []*event.Record
	for item, err := range d.Decode(body, http.Header{"Content-Type": {"application/json"}}, event.DefaultLimits()) {
		if err != nil {
			if !strings.Contains(file, "invalid") {
				t.Logf("%s: %v", file, err)
			}
			continue
		}
		r, err := event.FromEvent(&item.Event, event.Origin{Account: event.DefaultAccount, Received: eventtest.Received, Raw: item.Raw}, event.Limits{})
		if err != nil {
			continue
		}
		r.ID = event.NewID()
		list = append(list, r)
	}
	return list
}
