package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// answerTime bounds how long a sender waits for an answer before it takes it for lost.
const answerTime = 10 * time.Second

// load sends events at a rate, from several workers, through kills and restarts of the hub.
type load struct {
	books *books
	addr  string
	rate  float64 // events per second, all workers together
	seed  uint64
	// once: answered requests are never repeated. Damage may take a request's key with its frame.
	once bool
	// unsure: 503 may also mean that the journal has failed, and then what was written may be there all the same. Only
	// requests with a key are sent again.
	unsure bool

	ctx  context.Context
	done sync.WaitGroup
	gate gate
}

// startLoad starts the workers; they wait for resume.
func startLoad(ctx context.Context, l *load) *load {
	l.ctx = ctx
	l.gate.init()
	for w := range workers {
		l.done.Go(func() {
			defer l.gate.leave()
			(&sender{load: l, worker: w, rng: rand.New(rand.NewPCG(l.seed, uint64(w)+1))}).run()
		})
	}
	return l
}

func (l *load) resume() { l.gate.open() }

// pause returns when no request is under way. The hub must be up, because keyed requests are repeated until answered.
func (l *load) pause(ctx context.Context) error { return l.gate.shut(ctx) }

// gate lets workers through or holds them, and knows when all are held.
type gate struct {
	mu      sync.Mutex
	changed *sync.Cond
	isOpen  bool
	inside  int
}

func (g *gate) init() { g.changed = sync.NewCond(&g.mu); g.inside = workers }

func (g *gate) open() {
	g.mu.Lock()
	g.isOpen = true
	g.mu.Unlock()
	g.changed.Broadcast()
}

// pass waits while the gate is shut.
func (g *gate) pass(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.changed.Broadcast()
	for !g.isOpen && ctx.Err() == nil {
		g.changed.Wait()
	}
	g.inside++
}

// wake lets everybody look again, after a context has ended.
func (g *gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changed.Broadcast()
}

func (g *gate) leave() {
	g.mu.Lock()
	g.inside--
	g.mu.Unlock()
	g.changed.Broadcast()
}

func (g *gate) shut(ctx context.Context) error {
	defer context.AfterFunc(ctx, g.wake)()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOpen = false
	for g.inside > 0 && ctx.Err() == nil {
		g.changed.Wait()
	}
	if g.inside > 0 {
		return fmt.Errorf("waiting for the senders to pause: %w", context.Cause(ctx))
	}
	return nil
}

// sender is one worker: it sends one request after the other, so that the order of its ordering keys is known.
type sender struct {
	load   *load
	worker int
	rng    *rand.Rand

	conn     *wire.Client
	requests int
	due      time.Time
	last     *request // the last keyed request that was answered, to be repeated now and then
}

// request is one request of the load.
type request struct {
	numbers []uint32
	bytes   []byte
	key     string
}

func (s *sender) run() {
	ctx := s.load.ctx
	stop := context.AfterFunc(ctx, s.load.gate.wake)
	defer stop()
	defer s.hangUp()
	for {
		s.load.gate.pass(ctx)
		if ctx.Err() != nil {
			return
		}
		r := s.next()
		s.deliver(r)
		if s.last != nil && !s.load.once && s.rng.IntN(40) == 0 {
			s.deliver(s.last) // the same answer is owed, however long ago and however many kills in between
		}
		s.wait(len(r.numbers))
	}
}

// wait keeps the rate. A worker that fell behind while the hub was down catches up by at most catchUp.
func (s *sender) wait(events int) {
	const catchUp = 300 * time.Millisecond
	now := time.Now()
	if s.due.Before(now.Add(-catchUp)) {
		s.due = now.Add(-catchUp)
	}
	s.due = s.due.Add(time.Duration(float64(events) * workers / s.load.rate * float64(time.Second)))
	if pause := s.due.Sub(now); pause > 0 {
		sleep(s.load.ctx, pause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// next makes a request: singles, small and large batches, as array or lines, some compressed, some keyed.
func (s *sender) next() *request {
	size := 1
	switch p := s.rng.IntN(100); {
	case p >= 97:
		size = 50 + s.rng.IntN(200)
	case p >= 70:
		size = 2 + s.rng.IntN(20)
	}
	r := &request{}
	var body []byte
	asLines := s.rng.IntN(2) == 0
	for i := range size {
		n := s.load.books.next(s.worker)
		r.numbers = append(r.numbers, n)
		switch {
		case i > 0 && asLines:
			body = append(body, '\n')
		case i > 0:
			body = append(body, ',')
		case size > 1 && !asLines:
			body = append(body, '[')
		}
		body = append(body, s.load.books.plan.bytes(n)...)
	}
	headers := []wire.Header{{Name: "X-API-Key", Value: harness.AdminKey}, {Name: "Content-Type", Value: "application/json"}}
	if size > 1 && asLines {
		headers[1].Value = "application/x-ndjson"
	} else if size > 1 {
		body = append(body, ']')
	}
	if s.rng.IntN(10) == 0 {
		body = pack(body)
		headers = append(headers, wire.Header{Name: "Content-Encoding", Value: "gzip"})
	}
	if s.rng.IntN(3) == 0 {
		s.requests++
		r.key = "torture-" + strconv.FormatUint(s.load.seed, 36) + "-" + strconv.Itoa(s.worker) + "-" + strconv.Itoa(s.requests)
		headers = append(headers, wire.Header{Name: "Idempotency-Key", Value: r.key})
	}
	r.bytes = wire.AppendRequest(nil, "POST", "/api/v1/events", s.load.addr, headers, body)
	return r
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	if err = errors.Join(err, w.Close()); err != nil {
		panic("torture: compressing in memory: " + err.Error())
	}
	return out.Bytes()
}

// Pauses of a sender.
const (
	dialPause = 10 * time.Millisecond // the hub is down
	busyPause = 50 * time.Millisecond // the hub said "not now"
)

// deliver sends a request until its fate is known, or cannot be.
func (s *sender) deliver(r *request) {
	for s.load.ctx.Err() == nil {
		if s.conn == nil {
			c, err := wire.Dial(s.load.ctx, s.load.addr)
			if err != nil {
				sleep(s.load.ctx, dialPause)
				continue
			}
			s.conn = c
		}
		answer, err := s.conn.Do(r.bytes, answerTime)
		if err != nil {
			s.hangUp()
			late := errors.Is(err, os.ErrDeadlineExceeded)
			s.load.books.lose(r.numbers, late)
			if r.key == "" {
				return
			}
			continue // the key makes it safe to ask again
		}
		closes := answer.Closes()
		again := s.judge(r, answer)
		if closes {
			s.hangUp()
		}
		if !again {
			return
		}
		sleep(s.load.ctx, busyPause)
	}
}

func (s *sender) hangUp() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// judge reads an answer; true means that the same request must be sent again.
func (s *sender) judge(r *request, m *wire.Message) (again bool) {
	b := s.load.books
	switch status := m.Status(); status {
	case 202:
		s.accepted(r, m.Body)
		return false
	case 429, 503: // nothing was taken
		if s.load.unsure && r.key == "" {
			b.lose(r.numbers, false)
			return false
		}
		return true
	default:
		b.fail("bad answer", "status %d for valid events: %.300s", status, m.Body)
		b.lose(r.numbers, false)
		return false
	}
}

func (s *sender) accepted(r *request, body []byte) {
	b := s.load.books
	var a struct {
		Accepted int               `json:"accepted"`
		IDs      []string          `json:"ids"`
		Rejected []json.RawMessage `json:"rejected"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		b.fail("bad answer", "202 with %.300q: %v", body, err)
		return
	}
	if a.Accepted != len(r.numbers) || len(a.IDs) != len(r.numbers) || len(a.Rejected) > 0 {
		b.fail("bad answer", "%d events sent, 202 with %.300s", len(r.numbers), body)
		return
	}
	for i, n := range r.numbers {
		b.acknowledge(n, a.IDs[i])
	}
	if r.key != "" && s.rng.IntN(10) == 0 {
		s.last = r
	}
}
