package cef

import (
	"flag"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	eventtest.Golden(t, *update, "full.cef", Append(nil, eventtest.Full(t), eventtest.Link))
	eventtest.Golden(t, *update, "least.cef", Append(nil, eventtest.Record(t, `{"type":"custom.event"}`), eventtest.Link))
}

func TestProjection(t *testing.T) {
	t.Parallel()
	eventtest.Project(t, Append, eventtest.CEF(t))
}

// TestReadBack: what was put in comes out, however it looks.
func TestReadBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`a|b\|c`, `k=v src=6.6.6.6`, "two\nlines\r\nand = \\ more", `\n`, `\\=`, "tab\tbed"} {
		e := event.Event{Type: "alert.created", Title: "x", Description: text, DedupKey: text, Source: &event.Source{Vendor: "v", Product: "p"}}
		l, err := eventtest.ParseCEF(string(Append(nil, eventtest.Of(t, e), eventtest.Link)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{text, text, "Dedup Key"}, []string{l.Extension["msg"], l.Extension["cs1"], l.Extension["cs1Label"]}); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		e.Title = text
		if l, err = eventtest.ParseCEF(string(Append(nil, eventtest.Of(t, e), eventtest.Link))); err != nil {
			t.Fatal(err)
		}
		if want := strings.NewReplacer("\n", " ", "\r", " ").Replace(text); l.Name != want {
			t.Errorf("name %q, want %q", l.Name, want)
		}
	}
}

func FuzzAppend(f *testing.F) {
	eventtest.Fuzz(f, Append, func(line []byte) error {
		_, err := eventtest.ParseCEF(string(line))
		return err
	})
}

func BenchmarkAppend(b *testing.B) { eventtest.Benchmark(b, Append) }
