package pulse

import (
	"math"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/spread"
)

func TestSamplesArePacked(t *testing.T) {
	t.Parallel()
	full := sample{1, 2, 3, 4, 5, math.MaxUint64, spread.Counts{0: 1, 7: math.MaxUint64, 128: 9}}
	for i := range full.took {
		full.took[i] += uint64(i)
	}
	for _, s := range []sample{{}, {received: 300}, {mailbox: 1}, {took: spread.Counts{5: 7}}, full} {
		packed := append(s.appendTo(nil), 0xaa)
		var got sample
		rest, err := got.unpack(packed)
		if err != nil || got != s || len(rest) != 1 {
			t.Errorf("%+v became %+v, %v", s, got, err)
		}
		for cut := range len(packed) - 1 {
			if rest, err := new(sample).unpack(packed[:cut]); err == nil && len(rest) == 0 && cut > 0 && cut < len(packed)-1 && s == full {
				t.Errorf("%d of %d bytes are a sample", cut, len(packed)-1)
			}
		}
	}
	if small := (&sample{delivered: 100, took: spread.Counts{9: 60, 10: 40}}).appendTo(nil); len(small) > 10 {
		t.Errorf("a small one has %d bytes", len(small))
	}
}

// What is in the store may be damaged: it is an error, and no panic or endless loop.
func FuzzPiece(f *testing.F) {
	p := &piece{start: noon}
	for i := range int64(5) {
		if err := p.add(i*3, &sample{delivered: uint64(i), took: spread.Counts{3: 1}}); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(p.data)
	f.Add([]byte{})
	f.Add([]byte{packed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &piece{start: noon, data: data}
		last := int64(-1)
		err := p.read(func(step int64, _ *sample) {
			if step < last {
				t.Errorf("step %d after %d", step, last)
			}
			last = step
		})
		if err == nil && p.last > 0 {
			if err := p.add(p.step+1, &sample{failed: 1}); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestBegins(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]int64{0: 0, 9: 0, 10: 10, -1: -10, -10: -10} {
		if got := begins(time.Unix(at, 999), every).Unix(); got != want {
			t.Errorf("%d begins at %d, want %d", at, got, want)
		}
	}
}
