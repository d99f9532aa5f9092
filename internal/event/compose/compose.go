// Package compose writes JSON objects member by member, without reflection and without allocating: the projections to
// other schemas are lists of calls to it. What is empty is left out, so that a projection need not ask.
package compose

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Writer appends one JSON value. Names are the writer's own ASCII names and are not escaped; texts are.
type Writer struct {
	b     []byte
	start int
}

// On begins a value at the end of dst.
func On(dst []byte) Writer { return Writer{b: dst, start: len(dst)} }

// Bytes is what On was given, followed by what was written.
func (w *Writer) Bytes() []byte { return w.b }

// Mark remembers where an object or a list began.
type Mark struct{ before, inside int }

// Object begins an object: a member of that name, or an element of a list when name is empty.
func (w *Writer) Object(name string) Mark { return w.open(name, '{') }

// List begins a list.
func (w *Writer) List(name string) Mark { return w.open(name, '[') }

func (w *Writer) open(name string, bracket byte) Mark {
	before := len(w.b)
	w.name(name)
	w.b = append(w.b, bracket)
	return Mark{before: before, inside: len(w.b)}
}

// End closes what m began. An object or list without content is taken back, name and all; End then says false.
func (w *Writer) End(m Mark) bool {
	if len(w.b) == m.inside {
		w.b = w.b[:m.before]
		return false
	}
	w.b = append(w.b, closing(w.b[m.inside-1]))
	return true
}

// Drop takes back everything since m.
func (w *Writer) Drop(m Mark) { w.b = w.b[:m.before] }

// Empty says that nothing was written since m.
func (w *Writer) Empty(m Mark) bool { return len(w.b) == m.inside }

func closing(bracket byte) byte {
	if bracket == '{' {
		return '}'
	}
	return ']'
}

// Text writes a text that is not empty.
func (w *Writer) Text(name, value string) {
	if value != "" {
		w.name(name)
		w.b = event.AppendString(w.b, value)
	}
}

// Named writes a member whose name is not ours, and whose text may be empty.
func (w *Writer) Named(name, value string) {
	w.comma()
	w.b = event.AppendString(w.b, name)
	w.b = event.AppendString(append(w.b, ':'), value)
}

// Int writes a whole number.
func (w *Writer) Int(name string, n int64) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, n, 10)
}

// Float writes a number, in the shortest form that reads back as the same.
func (w *Writer) Float(name string, n float64) {
	w.name(name)
	w.b = strconv.AppendFloat(w.b, n, 'f', -1, 64)
}

// True writes true.
func (w *Writer) True(name string) {
	w.name(name)
	w.b = append(w.b, "true"...)
}

// Time writes a time as RFC 3339 in UTC.
func (w *Writer) Time(name string, t time.Time) {
	w.name(name)
	w.b = append(w.b, '"')
	w.b = append(t.UTC().AppendFormat(w.b, time.RFC3339Nano), '"')
}

// JSON writes a value that is JSON already, if there is one.
func (w *Writer) JSON(name string, value []byte) {
	if len(value) > 0 {
		w.name(name)
		w.b = append(w.b, value...)
	}
}

// Texts writes a list of texts, leaving out empty ones; without any there is no list.
func (w *Writer) Texts(name string, values ...string) {
	m := w.List(name)
	for _, v := range values {
		w.Text("", v)
	}
	w.End(m)
}

// name begins a member, or an element when there is no name.
func (w *Writer) name(name string) {
	w.comma()
	if name != "" {
		w.b = append(w.b, '"')
		w.b = append(w.b, name...)
		w.b = append(w.b, '"', ':')
	}
}

// comma separates from what stands before. A finished value never ends in an opening bracket.
func (w *Writer) comma() {
	if len(w.b) == w.start {
		return
	}
	if c := w.b[len(w.b)-1]; c != '{' && c != '[' {
		w.b = append(w.b, ',')
	}
}

// Pairs writes a list of objects, one for each pair, in the order of their names.
func (w *Writer) Pairs(list, name, value string, pairs map[string]string) {
	m := w.List(list)
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		pair := w.Object("")
		w.quoted(name, k)
		w.quoted(value, pairs[k])
		w.End(pair)
	}
	w.End(m)
}

// quoted writes a text that may be empty.
func (w *Writer) quoted(name, value string) {
	w.name(name)
	w.b = event.AppendString(w.b, value)
}

// Entities writes entities as the envelope has them.
func (w *Writer) Entities(name string, list []event.Entity) {
	m := w.List(name)
	for i := range list {
		e := w.Object("")
		w.Text("type", list[i].Type)
		w.Text("value", list[i].Value)
		w.Text("role", list[i].Role)
		if list[i].Observed {
			w.True("observed")
		}
		w.End(e)
	}
	w.End(m)
}
