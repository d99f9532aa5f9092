package event_test

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestRefusedTimesAreZero: a caller that does not ask whether a time was taken gets none.
func TestRefusedTimesAreZero(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0622-03-01T10:00:00Z", "9999-01-01 00:00:00", "1e20", "99999999999999999999", "1960-01-01", "soon"} {
		if got, ok := event.ParseTime(text); ok || !got.IsZero() {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	if got, ok := event.EpochTime(99_999_999_999); ok != !got.IsZero() {
		t.Errorf("%v, %v", got, ok)
	}
}
