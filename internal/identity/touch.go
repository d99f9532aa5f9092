package identity

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

const (
	// touchEvery is how exactly a key's last use is known.
	touchEvery = time.Minute
	// touchQueue bounds the uses that wait to be written; what does not fit is written with a later use.
	touchQueue = 256
	// touchTimeout bounds one write.
	touchTimeout = 10 * time.Second
)

// touchKeys is what a toucher needs of the store.
type touchKeys interface {
	TouchKey(ctx context.Context, id event.ID, at time.Time, ip string) error
}

type touch struct {
	id event.ID
	at time.Time
	ip string
}

// toucher writes down last uses beside the requests, at most one each minute and key.
type toucher struct {
	keys touchKeys
	log  *slog.Logger
	done chan struct{}

	mu     sync.RWMutex // held to read while sending on queue, to write while closing it
	closed bool
	queue  chan touch
}

func newToucher(keys touchKeys, log *slog.Logger) *toucher {
	t := &toucher{keys: keys, log: log, queue: make(chan touch, touchQueue), done: make(chan struct{})}
	go t.run()
	return t
}

// use notes a use of a key if its last one was written down long enough ago. It never waits.
func (t *toucher) use(e *entry, now time.Time, ip string) {
	last := e.used.Load()
	age := now.UnixNano() - last
	if age >= 0 && age < int64(touchEvery) || !e.used.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return
	}
	select {
	case t.queue <- touch{id: e.id, at: now, ip: strings.Clone(ip)}:
	default:
		e.used.Store(last)
	}
}

func (t *toucher) run() {
	defer close(t.done)
	for u := range t.queue {
		ctx, cancel := context.WithTimeout(context.Background(), touchTimeout)
		if err := t.keys.TouchKey(ctx, u.id, u.at, u.ip); err != nil {
			t.log.Warn("the last use of an API key was not written down", "key", u.id.Text(event.PrefixKey), "error", err)
		}
		cancel()
	}
}

func (t *toucher) close() {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.queue)
	}
	t.mu.Unlock()
	<-t.done
}
