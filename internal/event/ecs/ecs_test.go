package ecs

import (
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	eventtest.Golden(t, *update, "full.json", Append(nil, eventtest.Full(t), eventtest.Link))
	eventtest.Golden(t, *update, "least.json", Append(nil, eventtest.Record(t, `{"type":"custom.event"}`), eventtest.Link))
}

func TestProjection(t *testing.T) {
	t.Parallel()
	eventtest.Project(t, Append, eventtest.ECS(t))
}

// TestCategories: the table keeps to what the schema allows.
func TestCategories(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		if err := eventtest.ECSCategory(r.category, r.types); err != nil {
			t.Errorf("%s: %v", r.prefix, err)
		}
	}
	for in, want := range map[string][3]string{
		`{"type":"auth.login.failure"}`:           {"event", "authentication", "start"},
		`{"type":"detection.malware"}`:            {"alert", "malware", "info"},
		`{"type":"detection.never_heard_of"}`:     {"alert", "intrusion_detection", "info"},
		`{"type":"telemetry.metrics"}`:            {"metric", "", ""},
		`{"type":"custom.vendor.name"}`:           {"event", "", ""},
		`{"type":"custom.v.n","alert_type":"xx"}`: {"alert", "", ""},
	} {
		f := facts.Of(eventtest.Record(t, in))
		kind, category, types := categorise(&f)
		got := [3]string{kind}
		if len(category) > 0 {
			got[1], got[2] = category[0], types[0]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func BenchmarkAppend(b *testing.B) { eventtest.Benchmark(b, Append) }
