package leef

import (
	"flag"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	eventtest.Golden(t, *update, "full.leef", Append(nil, eventtest.Full(t), eventtest.Link))
	eventtest.Golden(t, *update, "least.leef", Append(nil, eventtest.Record(t, `{"type":"custom.event"}`), eventtest.Link))
}

func TestProjection(t *testing.T) {
	t.Parallel()
	eventtest.Project(t, Append, eventtest.LEEF)
}

// TestNothingIsSmuggled: no text adds an attribute or changes one.
func TestNothingIsSmuggled(t *testing.T) {
	t.Parallel()
	e := event.Event{Type: "alert.created", Title: "x\tsrc=6.6.6.6\nsev=10", Source: &event.Source{Vendor: "v|w", Product: "p"}}
	l, err := eventtest.ParseLEEF(string(Append(nil, eventtest.Of(t, e), eventtest.Link)))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Attributes["src"]; ok || l.Attributes["sev"] != "1" || l.Vendor != "v/w" || l.Attributes["title"] != "x src=6.6.6.6 sev=10" {
		t.Errorf("%+v", l)
	}
}

func FuzzAppend(f *testing.F) { eventtest.Fuzz(f, Append, eventtest.LEEF) }

func BenchmarkAppend(b *testing.B) { eventtest.Benchmark(b, Append) }
