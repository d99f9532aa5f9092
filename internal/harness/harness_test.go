package harness

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppendEvent(t *testing.T) {
	t.Parallel()
	for n := range uint32(500) {
		e := Event{Number: n * 8_123_457, Type: Types[int(n)%len(Types)], Size: 600 + int(n)*7}
		b := AppendEvent([]byte("x"), e)[1:]
		if !json.Valid(b) {
			t.Fatalf("not JSON: %s", b)
		}
		if got, ok := EventNumber(b); !ok || got != e.Number {
			t.Fatalf("number %d, want %d", got, e.Number)
		}
		if string(AppendEvent(nil, e)) != string(b) {
			t.Fatal("the same event has different bytes")
		}
		if e.Size > 900 && len(b) > e.Size+20 {
			t.Fatalf("%d bytes, want about %d", len(b), e.Size)
		}
		SetNumber(b, NumberAt(b), 77)
		if got, _ := EventNumber(b); got != 77 || !json.Valid(b) {
			t.Fatalf("number %d, want 77", got)
		}
	}
	if _, ok := EventNumber([]byte(`{"type":"system.test"}`)); ok {
		t.Error("a number where none is")
	}
	if n := len(AppendEvent(nil, Event{Number: 3, Type: "alert.created", Size: 1024})); n < 1015 || n > 1040 {
		t.Errorf("a KiB is %d bytes", n)
	}
}

func TestParseCounts(t *testing.T) {
	t.Parallel()
	want := Counts{Journalled: 10, Matched: 7, Filtered: 3, Delivered: 5, Parked: 2, Behind: 4}
	for _, text := range []string{
		`{"id":"int_1","journalled":10,"matched":7,"filtered":3,"delivered":5,"parked":2,"behind":4}`,
		`{"id":"int_1","kind":"webhook","counts":{"journalled":10,"matched":7,"filtered":3,"delivered":5,"parked":2,"behind":4}}`,
		`{"integration":"int_1","counts":{"journalled":10,"matched":7,"filtered":3,"delivered":5,"parked":2,"behind":4}}`,
	} {
		id, c, err := parseCounts(json.RawMessage(text))
		if err != nil || id != "int_1" || c != want || !c.AddUp() || c.Pending() != 6 {
			t.Errorf("%s: %s %+v %v", text, id, c, err)
		}
	}
	if _, _, err := parseCounts(json.RawMessage(`{"counts":{}}`)); err == nil {
		t.Error("counts without an id pass")
	}
	if (Counts{Journalled: 3, Matched: 2}).AddUp() {
		t.Error("3 = 2 + 0")
	}
}

func TestParseMetrics(t *testing.T) {
	t.Parallel()
	got, err := parseMetrics(strings.NewReader("# HELP x\na 1\nb{c=\"d e\"} 2.5e3\n\nnonsense\n"))
	if diff := cmp.Diff(map[string]float64{"a": 1, `b{c="d e"}`: 2500}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc on this system")
	}
	m, err := ReadMemory(os.Getpid())
	if err != nil || m.RSS < 1<<20 || m.Peak < m.RSS/2 {
		t.Errorf("%+v %v", m, err)
	}
	if _, err := CPU(os.Getpid()); err != nil {
		t.Error(err)
	}
}
