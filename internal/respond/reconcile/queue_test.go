package reconcile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// A row of additions may take minutes: what somebody has unblocked does not wait for its end.
func TestRemovalsDoNotWaitForAdditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{marks: true, batch: 10}, newMemory())
	w.block("198.51.100.7/32", time.Hour)
	w.tick()
	w.unblock("198.51.100.7/32")
	var targets []string
	for i := range 30 {
		targets = append(targets, fmt.Sprintf("203.0.113.%d/32", i))
	}
	w.blockMany(time.Hour, targets...)
	w.vendor.seen = nil
	w.tick()
	at := slices.IndexFunc(w.vendor.seen, func(c connector.BlockChange) bool { return c.Remove })
	if at < 0 || at >= 10 {
		t.Errorf("the removal is change %d of %d", at, len(w.vendor.seen))
	}
	if n := len(w.vendor.list()); n != 30 {
		t.Errorf("the vendor holds %d", n)
	}
}
