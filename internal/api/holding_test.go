package api

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// Room is taken for what has come, not for what was announced: whoever sends nothing keeps nobody out.
func TestHolding(t *testing.T) {
	t.Parallel()
	var b bodies
	idle := b.begin()
	defer idle.end()
	h := b.begin()
	if _, err := io.ReadAll(h.reader(strings.NewReader(strings.Repeat("x", 1000)))); err != nil || b.held.Load() != 1000 {
		t.Errorf("%d held, %v", b.held.Load(), err)
	}
	h.end()
	if b.held.Load() != 0 {
		t.Errorf("%d held", b.held.Load())
	}
	b.held.Store(maxBodiesBytes)
	h = b.begin()
	if _, err := io.ReadAll(h.reader(strings.NewReader("x"))); !errors.Is(err, errNoRoom) {
		t.Errorf("%v", err)
	}
	if h.end(); b.held.Load() != maxBodiesBytes {
		t.Errorf("%d held", b.held.Load())
	}
}
