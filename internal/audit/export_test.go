package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// exportOf writes an export of a record.
func exportOf(t *testing.T, m *memory, q ExportQuery) string {
	t.Helper()
	c := newClock()
	c.add(time.Minute)
	l := opened(t, m, func(d *Deps) { d.Now = c.Now })
	var out bytes.Buffer
	if err := l.Export(t.Context(), &out, q); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	return out.String()
}

func verifyExport(text string, checkpoints ...Checkpoint) (Report, error) {
	rec, err := FromExport(strings.NewReader(text))
	if err != nil {
		return Report{}, err
	}
	return Verify(rec, checkpoints...)
}

func TestExport(t *testing.T) {
	t.Parallel()
	m, point := history(t, 9)
	start := m.rows[0].At
	foreign := point
	foreign.Seq, foreign.Hash = 2, hexOf(m.rows[1].Hash)
	for name, c := range map[string]struct {
		q                        ExportQuery
		entries, first, withheld uint64
		confirmed                bool
	}{
		"all":         {ExportQuery{}, 19, 1, 0, true},
		"one account": {ExportQuery{Account: "acme"}, 19, 1, 6, true},
		"from":        {ExportQuery{After: start.Add(3 * time.Second)}, 14, 6, 0, true},
		"until":       {ExportQuery{Before: start.Add(3 * time.Second)}, 5, 1, 0, false},
		"nothing":     {ExportQuery{After: start.Add(time.Hour)}, 0, 0, 0, false},
	} {
		c2 := m.copyOf()
		text := exportOf(t, c2, c.q)
		r, err := verifyExport(text, point)
		if err != nil || !r.OK() || r.Entries != c.entries || r.First != c.first || r.Checkpoints[0].Confirmed != c.confirmed {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if c.withheld > 0 && (r.Withheld < c.withheld || strings.Contains(text, `"account":"other"`)) {
			t.Errorf("%s: %d withheld", name, r.Withheld)
		}
		if got := c2.entries(); got[len(got)-1].Action != actionExport || got[len(got)-1].Outcome != OutcomeOK {
			t.Errorf("%s: the export is not in the record", name)
		}
		if r, err = verifyExport(text, foreign); err != nil || !r.OK() || r.Checkpoints[0].Confirmed != (c.first == 1) {
			t.Errorf("%s, with an early checkpoint: %+v, %v", name, r, err)
		}
	}
}

// No audit, no export.
func TestExportRefused(t *testing.T) {
	t.Parallel()
	m, _ := history(t, 3)
	l := opened(t, m)
	m.set(func(m *memory) { m.fail = store.ErrUnavailable })
	var out bytes.Buffer
	if err := l.Export(t.Context(), &out, ExportQuery{}); !errors.Is(err, ErrUnavailable) || out.Len() > 0 {
		t.Errorf("error %v, %d bytes", err, out.Len())
	}
}

// TestExportMutations flips every byte of an export, and removes, doubles and swaps its lines.
func TestExportMutations(t *testing.T) {
	t.Parallel()
	m, point := history(t, 2)
	text := exportOf(t, m, ExportQuery{Account: "acme"})
	if r, err := verifyExport(text, point); err != nil || !r.OK() || !r.Checkpoints[0].Confirmed || r.Withheld == 0 {
		t.Fatalf("unchanged: %+v, %v", r, err)
	}
	try := func(name, changed string) {
		if r, err := verifyExport(changed); err == nil && r.OK() {
			t.Errorf("%s: not found", name)
		}
	}
	for i := range text {
		for _, bit := range []byte{1, 0x20} {
			b := []byte(text)
			b[i] ^= bit
			try(fmt.Sprintf("byte %d (%q) with bit %x", i, text[i], bit), string(b))
		}
		try(fmt.Sprintf("cut at byte %d", i), text[:i])
		try(fmt.Sprintf("byte %d doubled", i), text[:i+1]+text[i:])
	}
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		try(fmt.Sprintf("line %d removed", i), strings.Join(slices.Delete(slices.Clone(lines), i, i+1), ""))
		try(fmt.Sprintf("line %d doubled", i), strings.Join(slices.Insert(slices.Clone(lines), i, lines[i]), ""))
		if i > 0 {
			swapped := slices.Clone(lines)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			try(fmt.Sprintf("lines %d and %d swapped", i-1, i), strings.Join(swapped, ""))
		}
	}
	try("something behind", text+"\n")
	try("a long line", strings.Replace(text, "\n", strings.Repeat(" ", maxLine)+"\n", 2))
}

func FuzzFromExport(f *testing.F) {
	f.Add(`{"format":"tocsin-audit-export","version":1,"installation":"07000000000000000000000000000009","account":"","anchor":{"seq":0,"hash":"` +
		strings.Repeat("00", 32) + `"},"at":"2026-11-21T09:30:00Z"}` + "\n" + `{"seq":1,"hash":"` + strings.Repeat("11", 32) + `","body":{"seq":1}}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := verifyExport(text); err == nil && r.OK() && !strings.Contains(text, `{"entries":`) {
			t.Errorf("%q is sound", text)
		}
	})
}
