package ingest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
)

func mustRequest(method, path string) *http.Request { return httptest.NewRequest(method, path, nil) }

func readShared(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(sharedFile(t, parts...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// record gives the one record that a dialect makes of a body.
func record(t *testing.T, d Decoder, body []byte) *event.Record {
	t.Helper()
	for item, err := range d.Decode(body, nil, event.Limits{}) {
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		o := event.Origin{Account: event.DefaultAccount, Received: testNow, Raw: item.Raw}
		if item.Test {
			o.Flags = event.Test
		}
		r, err := event.FromEvent(&item.Event, o, event.Limits{})
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if r.ID, err = event.ParseID(event.PrefixEvent, "evt_01h455vb4pex5vsknk084sn02q"); err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Fatalf("no event in %s", body)
	return nil
}

func as(t *testing.T, profile string, r *event.Record) []byte {
	t.Helper()
	write, err := payload.Open(profile, payload.Options{PublicURL: "https://tocsin.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := write(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRoundTripOfSamples: what a vendor sent, written in the vendor's own form, is what was sent: the same members with
// the same values (where the form is the sample's), and read again the same event.
func TestRoundTripOfSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile, folder, pattern string
		d                        Decoder
		whole                    bool // the form holds all of it
	}{
		{"socwarden", "seed-systems", "socwarden-alert-*.json", SOCWarden{}, true},
		{"wardex", "seed-systems", "wardex-webhook-case.json", Wardex{}, true},
		{"socmate", "seed-systems", "socmate-in*-alert.json", SoCMate{}, true},
		{"socmate", "seed-systems", "socmate-investigation-*ed.json", SoCMate{}, true},
		{"source-defense", "seed-systems", "source-defense-*.json", SourceDefense{}, true},
		{"wallarm-v1", "seed-systems", "wallarm-*v1-flat.json", Wallarm{}, true},
		{"wallarm-v2", "seed-systems", "wallarm-*v2-envelope.json", Wallarm{}, true},
		{"wallarm-v3", "seed-systems", "wallarm-hit-v3-extended.json", Wallarm{}, true},
		{"wallarm", "seed-systems", "wallarm-t*.json", Wallarm{}, false},
		{"wallarm", "wallarm", "new-hits-[sp]*.json", Wallarm{}, true},
		{"wallarm", "wallarm", "[is]*.json", Wallarm{}, false},
		{"wallarm-v1", "wallarm", "new-hits*.json", Wallarm{}, false},
		{"falco", "falco", "*.json", Falco{}, false},
	} {
		files, err := filepath.Glob(filepath.Join(sharedFile(t, "samples", c.folder), c.pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no samples (%v)", c.pattern, err)
		}
		for _, file := range files {
			t.Run(c.profile+"/"+filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				body, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				sent := record(t, c.d, body)
				out := as(t, c.profile, sent)
				if c.whole {
					sameJSON(t, sent.Raw, out)
				}
				again := record(t, c.d, out)
				sameEvent(t, c.profile, sent, again)
				if second := as(t, c.profile, again); string(second) != string(out) && c.profile != "wallarm-v1" {
					t.Errorf("written again:\n%s\n%s", out, second)
				}
			})
		}
	}
}

func sameJSON(t *testing.T, want, got []byte) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Error(diff)
	}
}

// sameEvent compares what every form holds of its own events.
func sameEvent(t *testing.T, profile string, a, b *event.Record) {
	t.Helper()
	x, err := a.Event()
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Event()
	if err != nil {
		t.Fatal(err)
	}
	x.Data, y.Data, x.Description, y.Description = nil, nil, "", ""
	if x.Source.ID == "" && profile == "falco" { // one without a uuid gets the event's
		y.Source.ID = ""
	}
	if profile == "wallarm-v1" { // has neither summary nor labels, nor projects
		x.Labels, y.Labels, x.Project, y.Project, x.Title, y.Title, x.Source.Instance, y.Source.Instance = nil, nil, "", "", "", "", "", ""
		x.Network, y.Network = nil, nil
	}
	if diff := cmp.Diff(x, y, cmp.Transformer("JSON", func(raw json.RawMessage) any {
		var v any
		_ = json.Unmarshal(raw, &v) // empty stays nil
		return v
	})); diff != "" {
		t.Error(diff)
	}
}

// TestRoundTripOfTheCatalogue: what the forms hold of any event comes back.
func TestRoundTripOfTheCatalogue(t *testing.T) {
	t.Parallel()
	dialects := map[string]Decoder{}
	for _, d := range Decoders() {
		dialects[d.Name()] = d
	}
	dialects["wallarm-v1"], dialects["wallarm-v2"], dialects["wallarm-v3"] = Wallarm{}, Wallarm{}, Wallarm{}
	for _, profile := range []string{"socwarden", "wardex", "socmate", "source-defense", "falco", "wallarm-v1", "wallarm-v2", "wallarm-v3", "wallarm"} {
		for _, info := range event.Types() {
			sent, err := event.Parse(info.Sample, event.DefaultAccount, testNow, event.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			sent.ID = event.NewID()
			again := record(t, dialects[profile], as(t, profile, sent))
			x, _ := sent.Event()
			y, _ := again.Event()
			checkForm(t, profile, &x, &y)
		}
	}
}

// checkForm compares what one form promises to hold of any event.
func checkForm(t *testing.T, profile string, x, y *event.Event) {
	t.Helper()
	is := func(what, want, got string) {
		t.Helper()
		if want != got {
			t.Errorf("%s of %s: %s is %q, want %q", profile, x.Type, what, got, want)
		}
	}
	severity := max(x.Severity, event.Low)
	switch profile {
	case "socwarden":
		is("severity", severity.String(), y.Severity.String())
		is("title", x.Title, y.Title)
		is("project", x.Project, y.Project)
	case "wardex":
		is("severity", severity.String(), y.Severity.String())
		is("title", x.Title, y.Title)
		if x.Incident != "" {
			is("incident", x.Incident, y.Incident)
		}
		if diff := cmp.Diff(x.Mitre, y.Mitre); diff != "" {
			t.Errorf("%s of %s: %s", profile, x.Type, diff)
		}
	case "falco":
		is("severity", x.Severity.String(), y.Severity.String())
	case "socmate":
		if y.Type == "incident.created" {
			is("severity", x.Severity.String(), y.Severity.String())
			is("title", x.Title, y.Title)
		}
	case "wallarm", "wallarm-v2", "wallarm-v3", "wallarm-v1":
		switch {
		case y.Type == "hit.detected": // so does a detection of an attack on the web
		case (x.Type == "vulnerability.resolved" || x.Type == "vulnerability.reopened") && profile == "wallarm-v1": // the first form has no word for it
		case strings.HasPrefix(y.Type, "vulnerability."):
			is("type", x.Type, y.Type)
			is("severity", min(x.Severity, event.High).String(), min(y.Severity, event.High).String())
		case x.Type == "custom.wallarm": // its sample says which notification it was
		default:
			is("type", x.Type, y.Type)
			is("title", x.Title, y.Title)
		}
	}
	if (profile == "socwarden" || profile == "socmate" || profile == "falco") && !x.Time.Equal(y.Time) {
		t.Errorf("%s of %s: time %v became %v", profile, x.Type, x.Time, y.Time)
	}
}
