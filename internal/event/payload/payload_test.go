package payload

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

// options open every form.
var options = Options{PublicURL: "https://tocsin.example.com", Organisation: "Acme", Template: `{"title": event.title, "description": event.description}`}

// forms opens every form.
func forms(t *testing.T) map[string]Writer {
	t.Helper()
	list := map[string]Writer{}
	for _, p := range Profiles() {
		w, err := p.Open(options)
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		list[p.Name] = w
	}
	return list
}

// write writes one event and checks what holds for all forms; false means that the form cannot hold it.
func write(t *testing.T, name string, w Writer, r *event.Record) ([]byte, bool) {
	t.Helper()
	got, err := w([]byte("before"), r)
	if err != nil {
		if string(got) != "before" {
			t.Errorf("%s: refused %s (%v) and left %q", name, r.Type, err, got)
		}
		return nil, false
	}
	one, ok := bytes.CutPrefix(got, []byte("before"))
	if !ok {
		t.Errorf("%s of %s: what stood before was changed", name, r.Type)
	}
	if err := eventtest.OneLine(one); err != nil {
		t.Errorf("%s of %s: %v", name, r.Type, err)
	}
	if p, _ := Lookup(name); !p.Text && !json.Valid(one) {
		t.Errorf("%s of %s is not JSON: %s", name, r.Type, one)
	}
	return one, true
}

// TestCatalogue: every form can write every kind of event.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	for name, w := range forms(t) {
		taken := 0
		for _, r := range eventtest.Catalogue(t) {
			if _, ok := write(t, name, w, r); ok {
				taken++
			}
		}
		if taken == 0 {
			t.Errorf("%s writes nothing", name)
		}
		write(t, name, w, eventtest.Full(t))
	}
}

// TestHostile: what a text says changes no structure.
func TestHostile(t *testing.T) {
	t.Parallel()
	texts := slices.Clone(eventtest.Hostile)
	for name, w := range forms(t) {
		for _, text := range texts {
			write(t, name, w, eventtest.Of(t, eventtest.Filled(text)))
		}
		want := structure(t, name, w, "harmless", "words")
		for _, text := range texts {
			if diff := cmp.Diff(want, structure(t, name, w, text, text)); diff != "" {
				t.Errorf("%s: %q changes the structure (-harmless +hostile)\n%s", name, text, diff)
			}
		}
	}
}

// structure lists the paths, keys or fields of an event with that title and description.
func structure(t *testing.T, name string, w Writer, title, description string) []string {
	t.Helper()
	e := event.Event{Type: "alert.created", Severity: event.High, Title: title, Description: description, Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Role: "source"}}}
	b, ok := write(t, name, w, eventtest.Of(t, e))
	if !ok {
		return nil
	}
	switch name {
	case "cef":
		l, err := eventtest.ParseCEF(string(b))
		if err != nil {
			t.Errorf("%s: %q: %v", name, title, err)
		}
		return slices.Sorted(maps.Keys(l.Extension))
	case "leef":
		l, err := eventtest.ParseLEEF(string(b))
		if err != nil {
			t.Errorf("%s: %q: %v", name, title, err)
		}
		return slices.Sorted(maps.Keys(l.Attributes))
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Errorf("%s: %q: %v", name, title, err)
	}
	list := paths("", v, nil)
	slices.Sort(list)
	return list
}

func paths(at string, v any, list []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			list = paths(at+"."+name, e, list)
		}
	case []any:
		for _, e := range v {
			list = paths(at+"[]", e, list)
		}
	default:
		list = append(list, at)
	}
	return list
}

// TestConcurrent: a form is opened and used by several at once (the race detector looks on).
func TestConcurrent(t *testing.T) {
	t.Parallel()
	r := eventtest.Full(t)
	for _, p := range Profiles() {
		shared, err := p.Open(options)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := shared(nil, r)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				own, err := p.Open(options)
				if err != nil {
					t.Error(err)
					return
				}
				for range 20 {
					a, _ := shared(nil, r)
					b, _ := own(nil, r)
					if !bytes.Equal(a, want) || !bytes.Equal(b, want) {
						t.Errorf("%s: differs between uses", p.Name)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	names := Names()
	if names[0] != Native || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("names %v", names)
	}
	for _, p := range Profiles() {
		if p.Title == "" || p.Help == "" || !strings.HasSuffix(p.Help, ".") || strings.Contains(p.Help, "\n") || p.Open == nil {
			t.Errorf("%s: title %q, help %q", p.Name, p.Title, p.Help)
		}
		if p.Text && p.AlwaysArray {
			t.Errorf("%s: a line of text cannot be in an array", p.Name)
		}
		if !strings.Contains(Help(), p.Name+": "+p.Help) {
			t.Errorf("%s is missing in the help", p.Name)
		}
	}
	if _, err := Open("nonesuch", Options{}); err == nil || !strings.Contains(err.Error(), "nonesuch") {
		t.Errorf("error %v", err)
	}
}

func BenchmarkForms(b *testing.B) {
	r := eventtest.Full(b)
	for _, p := range Profiles() {
		w, err := p.Open(options)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(p.Name, func(b *testing.B) {
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = w(buf[:0], r)
			}
		})
	}
}
