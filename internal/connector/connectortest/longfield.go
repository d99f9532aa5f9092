package connectortest

import (
	"fmt"
	"strings"
	"testing"
)

// testLimits sends texts of a million bytes, in every field of an event and in several alphabets, and texts around each
// limit. What is cut has a mark at its end, and nothing is longer than the vendor takes.
func testLimits(t *testing.T, h Harness) {
	if h.Read == nil {
		t.Skip("the harness has no Read")
	}
	f := &fieldTest{h: h, b: start(t, h, `{}`), controls: map[string]Reading{}}
	for _, texts := range longEvents(h.Limits) {
		readings, requests, err := f.sendLong(t, texts)
		if err != nil {
			t.Errorf("texts of %s: %v", lengths(texts), err)
			continue
		}
		for _, fault := range h.tooLong(texts, readings, requests) {
			t.Errorf("texts of %s: %s", lengths(texts), fault)
		}
	}
}

// longTitle is the length of the longest title that is tried (1 MiB), longField that of the other fields (64 KiB).
const (
	longTitle = 1 << 20
	longField = 64 << 10
)

// longEvents are the texts of the events to try.
func longEvents(limits []Limit) []map[string]string {
	var list []map[string]string
	with := func(texts map[string]string) {
		all := plainTexts()
		for field, text := range texts {
			all[field] = text
		}
		list = append(list, all)
	}
	every := map[string]string{}
	for _, field := range TextFields() {
		every[field] = strings.Repeat("<&>'\"é😀 ", longField/16)
	}
	with(every)
	for _, text := range []string{"a", "😀", "<"} {
		with(map[string]string{"title": strings.Repeat(text, longTitle/len(text))})
	}
	for _, text := range []string{"ü", "\n", "word and "} {
		with(map[string]string{"description": strings.Repeat(text, longTitle/2/len(text))})
	}
	for _, l := range limits {
		field := fieldOf(l.Text)
		if Plain(field) != plainTexts()[field] || l.Max > longTitle {
			continue // no field's
		}
		for _, text := range []string{"a", "é", "😀"} {
			for d := -1; d <= 1; d++ {
				with(map[string]string{field: strings.Repeat(text, max(l.Max/l.Unit.size(text)+d, 1))})
			}
		}
	}
	return list
}

// lengths says how long the texts of an event are, where they are not harmless.
func lengths(texts map[string]string) string {
	var parts []string
	for _, field := range TextFields() {
		if texts[field] != Plain(field) {
			parts = append(parts, fmt.Sprintf("%s: %d times %.8q", field, len(texts[field]), texts[field]))
		}
	}
	if len(parts) > 2 {
		return "all fields"
	}
	return strings.Join(parts, ", ")
}

// sendLong delivers one event and gives what was read of it, and the requests.
func (f *fieldTest) sendLong(t *testing.T, texts map[string]string) ([]Reading, []Request, error) {
	t.Helper()
	b := reopen(t, f.h, f.b.vendor)
	defer b.close()
	if err := b.deliver(t, delivery(texts)); err != nil {
		return nil, nil, fmt.Errorf("delivering: %w", err)
	}
	var all []Reading
	requests := f.b.vendor.seen()
	for _, r := range requests {
		readings, err := f.h.Read(r)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the request back: %w", err)
		}
		all = append(all, readings...)
	}
	return all, requests, nil
}

// tooLong says what is longer than it may be, or cut without saying so.
func (h Harness) tooLong(texts map[string]string, readings []Reading, requests []Request) []string {
	var faults []string
	for _, l := range h.Limits {
		for _, r := range requests {
			body, err := Unpacked(r)
			if err != nil {
				faults = append(faults, err.Error())
			}
			if n := l.Unit.size(string(body)); l.Text == WholeBody && n > l.Max {
				faults = append(faults, fmt.Sprintf("a body of %d %s, the limit is %d", n, l.Unit, l.Max))
			}
		}
		for _, r := range readings {
			if text, counted := r.Raw[l.Text]; counted && l.Unit.size(text) > l.Max {
				faults = append(faults, fmt.Sprintf("%s has %d %s, the limit is %d", l.Text, l.Unit.size(text), l.Unit, l.Max))
			}
		}
	}
	for _, r := range readings {
		r.Shape = ""
		faults = append(faults, h.compare(texts, Reading{}, r)...)
	}
	return faults
}
