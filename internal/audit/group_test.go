package audit

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Acts at once share transactions.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	m := newMemory()
	l := opened(t, m)
	m.set(func(m *memory) { m.gate, m.inside = make(chan struct{}), make(chan struct{}, 1000) })
	const others = 199
	var wg sync.WaitGroup
	begin := func(n int) {
		wg.Go(func() {
			if _, err := l.Begin(t.Context(), update(fmt.Sprint(n))); err != nil {
				t.Error(err)
			}
		})
	}
	begin(0)
	<-m.inside // the first transaction is under way; what comes now waits for it
	for n := range others {
		begin(n + 1)
	}
	for queued := 0; queued < others; runtime.Gosched() {
		l.mu.Lock()
		queued = len(l.begins)
		l.mu.Unlock()
	}
	close(m.gate)
	wg.Wait()
	closed(t, l)
	if most := 1 + (others+maxBatch-1)/maxBatch; m.writes > most {
		t.Errorf("%d transactions for %d acts, want %d", m.writes, others+1, most)
	}
	sound(t, m)
}
