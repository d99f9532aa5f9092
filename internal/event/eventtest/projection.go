package eventtest

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Append is a projection: it appends one form of an event, with a link back to Tocsin.
type Append func(dst []byte, r *event.Record, link string) []byte

// Link is a link as it goes with events.
const Link = "https://tocsin.example.com/alerts/alr_01h455vb4pex5vsknk084sn02q"

// hostileTypes are the types of the events that carry hostile texts, in turn: projections treat them in different ways.
var hostileTypes = []string{"alert.created", "incident.updated", "system.notice"}

// Project holds a projection against the schema's own rules, for every type of the catalogue, for texts that want to
// break out, and for whatever rapid draws. What stood before is left as it was.
func Project(t *testing.T, project Append, check Checker) {
	t.Helper()
	const before = "before"
	holds := func(r *event.Record) error {
		got := project([]byte(before), r, Link)
		if !bytes.HasPrefix(got, []byte(before)) {
			t.Errorf("what stood before was changed: %.100q", got)
		}
		return check(got[len(before):])
	}
	t.Run("catalogue", func(t *testing.T) {
		t.Parallel()
		list := Catalogue(t)
		list["full"] = Full(t)
		for name, r := range list {
			if err := holds(r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("hostile", func(t *testing.T) {
		t.Parallel()
		for i, text := range append(Corpus(t), Hostile...) {
			e := Filled(text)
			e.Type = hostileTypes[i%len(hostileTypes)]
			if err := holds(Of(t, e)); err != nil {
				t.Errorf("%q as %s: %v", text, e.Type, err)
			}
		}
	})
	t.Run("long", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("ü|=\\\t\n", 200)
		e := event.Event{Type: "alert.created", Title: long, Description: long, DedupKey: long[:1000], Actor: long,
			Source: &event.Source{Vendor: long, Product: long, Instance: long}}
		if err := holds(Of(t, e)); err != nil {
			t.Error(err)
		}
	})
	t.Run("any", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(rt *rapid.T) {
			r := Draw(rt)
			if err := holds(r); err != nil {
				rt.Fatalf("%s\n%v", r.Body, err)
			}
		})
	})
}

// Fuzz holds a projection against a schema's rules for whatever the fuzzer makes of an event's texts.
func Fuzz(f *testing.F, project Append, check Checker) {
	f.Helper()
	for _, text := range Hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Try(Filled(text))
		if err != nil {
			return
		}
		if err := check(project(nil, r, Link)); err != nil {
			t.Error(err)
		}
	})
}

// Benchmark measures a projection of an event that has everything.
func Benchmark(b *testing.B, project Append) {
	b.Helper()
	r := Full(b)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = project(buf[:0], r, Link)
	}
}
