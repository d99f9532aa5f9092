package journal_test

import (
	"errors"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// TestHoldNeedsFiles: a driver without files is told so, rather than copied badly.
func TestHoldNeedsFiles(t *testing.T) {
	t.Parallel()
	if _, err := openJournal(t, &memLog{}, journal.Options{}).Hold(t.Context()); !errors.Is(err, journal.ErrNoCopy) {
		t.Errorf("error is %v", err)
	}
}

// TestLeastEpoch: a restored journal begins the epoch that was asked for, once, and never goes back.
func TestLeastEpoch(t *testing.T) {
	t.Parallel()
	log := &memLog{}
	mustAppend(t, openJournal(t, log, journal.Options{}), "a", 1)
	for i, test := range []struct {
		least, floor, want uint32
		frames             uint64
	}{
		{0, 1, 1, 1}, {1, 1, 1, 1}, {50, 1, 50, 2}, {50, 1, 50, 2}, {40, 1, 50, 2}, {51, 1, 51, 3}, {60, 70, 71, 4},
	} {
		j := openJournal(t, log, journal.Options{LeastEpoch: test.least, Floor: journal.Position{Epoch: test.floor, Frame: 1}})
		if _, last := j.Bounds(); j.End().Epoch != test.want || last != test.frames {
			t.Errorf("%d: epoch %d with %d frames, want %d with %d", i, j.End().Epoch, last, test.want, test.frames)
		}
	}
}
