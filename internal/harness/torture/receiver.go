package torture

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// receiver is the destination of one lane.
type receiver struct {
	lane  int
	spec  *lane
	books *books
	addr  string
	// listen takes the address, at first and again after the mood down.
	listen listen

	requests atomic.Uint64 // that came in, whatever became of them

	mu      sync.Mutex
	server  *wire.Server
	mood    mood
	manner  *manner       // instead of the mood, if not nil
	changed chan struct{} // closed when the mood or the manner changes
}

// listen takes an address, host:port; port 0 is any free one.
type listen func(ctx context.Context, addr string) (net.Listener, error)

func listenTCP(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	return l, nil
}

// newReceiver takes an address and listens there.
func newReceiver(ctx context.Context, index int, b *books, l listen) (*receiver, error) {
	if l == nil {
		l = listenTCP
	}
	r := &receiver{lane: index, spec: &b.lanes[index], books: b, listen: l, changed: make(chan struct{})}
	at, err := l(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r.server = wire.Serve(at, r.serve)
	r.addr = r.server.Addr()
	return r, nil
}

// relisten is how long a receiver tries to get its address back.
const relisten = 5 * time.Second

// set changes the mood.
func (r *receiver) set(ctx context.Context, m mood) error {
	r.mu.Lock()
	old := r.server
	r.mood, r.manner = m, nil
	close(r.changed)
	r.changed = make(chan struct{})
	if m == moodDown {
		r.server = nil
	}
	r.mu.Unlock()
	if m == moodDown {
		if old != nil {
			old.Close()
		}
		return nil
	}
	if old != nil {
		return nil
	}
	var l net.Listener
	var err error
	for until := time.Now().Add(relisten); time.Now().Before(until) && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		if l, err = r.listen(ctx, r.addr); err == nil {
			break
		}
	}
	if err != nil || l == nil {
		return fmt.Errorf("receiver %s: getting its address back: %w", r.spec.name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server = wire.Serve(l, r.serve)
	return nil
}

// behave gives the receiver, which must be up, a manner; nil is its mood again.
func (r *receiver) behave(m *manner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.manner = m
	close(r.changed)
	r.changed = make(chan struct{})
}

// close ends the receiver.
func (r *receiver) close() { _ = r.set(context.Background(), moodDown) }

// wander changes moods until ctx is done.
func (r *receiver) wander(ctx context.Context, rng *rand.Rand) error {
	for {
		m, lasts := drawMood(rng)
		if err := r.set(ctx, m); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lasts):
		}
	}
}

// now is the mood and the manner, and what is closed when they change.
func (r *receiver) now() (mood, *manner, chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mood, r.manner, r.changed
}

// hangTime bounds how long a hanging receiver holds a request, and slowTime how long a slow one takes at most.
const (
	hangTime = 3 * time.Second
	slowTime = 150 * time.Millisecond
)

// serve answers one request as the mood says.
func (r *receiver) serve(c *wire.Conn, m *wire.Message) ([]byte, wire.After) {
	r.requests.Add(1)
	mood, manner, changed := r.now()
	if manner != nil {
		return manner.answer(r, c, m, changed)
	}
	switch mood {
	case moodSlow:
		time.Sleep(rand.N(slowTime))
		if !c.Alive() {
			return nil, wire.Close // the hub has given up: it must send this again
		}
	case moodFailing:
		return plainAnswer(500), wire.Keep
	case moodBusy:
		return wire.AppendAnswer(nil, 429, []wire.Header{{Name: "Retry-After", Value: "1"}}, nil), wire.Keep
	case moodHanging:
		select {
		case <-changed:
		case <-time.After(hangTime):
		}
		return nil, wire.Close
	case moodResets:
		if rand.IntN(2) == 0 {
			return nil, wire.Reset
		}
	case moodFlapping:
		if rand.IntN(2) == 0 {
			return plainAnswer(503), wire.Keep
		}
	}
	answer := r.take(m, mood == moodPicky)
	if mood == moodClosing {
		return answer, wire.Close
	}
	return answer, wire.Keep
}

// take reads the request, notes what it brings, and gives the answer.
func (r *receiver) take(m *wire.Message, picky bool) []byte {
	events, err := r.spec.read(m)
	if err != nil {
		r.books.fail("bad request", "%s: %v", r.spec.name, err)
		return plainAnswer(400)
	}
	if picky {
		if at := firstRefused(events); at >= 0 && r.spec.format != formatLines {
			r.books.refuse(r.lane, events[at])
			return r.spec.refusal(at)
		}
	}
	for _, e := range events {
		r.books.accept(r.lane, e)
	}
	return r.spec.success()
}

// firstRefused is the index of the first event that a picky receiver refuses; -1 if there is none.
func firstRefused(events []arrived) int {
	for i, e := range events {
		if n, ours := harness.EventNumber(e.json); ours && refuses(n) {
			return i
		}
	}
	return -1
}

func plainAnswer(status int) []byte { return wire.AppendAnswer(nil, status, nil, nil) }

func (l *lane) success() []byte {
	if l.format == formatHEC {
		return hecAnswer(200, `{"text":"Success","code":0}`)
	}
	return plainAnswer(204)
}

// refusal refuses the event at an index for good.
func (l *lane) refusal(at int) []byte {
	if l.format == formatHEC {
		return hecAnswer(400, `{"text":"Invalid data format","code":6,"invalid-event-number":`+strconv.Itoa(at)+`}`)
	}
	return plainAnswer(400)
}

func hecAnswer(status int, body string) []byte {
	return wire.AppendAnswer(nil, status, []wire.Header{{Name: "Content-Type", Value: "application/json"}}, bytes.TrimSpace([]byte(body)))
}
