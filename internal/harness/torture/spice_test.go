package torture

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSpice(t *testing.T) {
	t.Parallel()
	const largest = 500_000
	p := plan{seed: 3, hostile: hostileTexts(""), largest: largest}
	spiced, fat := 0, 0
	for n := range uint32(2 * largestEvery * workers) {
		b := p.bytes(n)
		var e struct {
			Data map[string]any
		}
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		if text, ok := e.Data["spice"]; ok {
			spiced++
			if want := p.hostile[int(n/workers/spiceEvery)%len(p.hostile)]; text != strings.ToValidUTF8(want, "\ufffd") {
				t.Fatalf("event %d: %q, want %q", n, text, want)
			}
		}
		if len(b) > largest {
			t.Fatalf("event %d has %d bytes", n, len(b))
		}
		if len(b) > largest-50 {
			fat++
		}
		if string(b) != string(p.bytes(n)) {
			t.Fatal("the same number gives other bytes")
		}
	}
	if spiced == 0 || fat != 2*workers {
		t.Errorf("%d spiced, %d as large as may be", spiced, fat)
	}
}
