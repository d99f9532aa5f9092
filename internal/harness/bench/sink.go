package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// sink is the receiver. It answers at once and does as little as it can: it ticks off the number of each event. What is
// compressed is kept and counted when the measurement is over.
type sink struct {
	addr   string
	engine Engine
	server *wire.Server
	std    *http.Server

	copies  int
	offset  uint32 // the first number that is expected
	want    int64
	seen    [][]atomic.Uint32 // per path, a bit per number
	arrived atomic.Int64      // events ticked off, all paths
	extra   atomic.Int64      // events that were ticked off before
	strange atomic.Int64      // events that are not the load's
	last    atomic.Int64      // Unix nanoseconds
	sampled atomic.Int64
	forged  atomic.Int64
	onEvent func(n uint32, at time.Time) // of the latency case

	mu      sync.Mutex
	kept    [][]byte // compressed bodies
	keptAll int      // their inflated size
}

// sampleEvery is how many requests lie between two whose signature is checked.
const sampleEvery = 256

// hecBytes is what an event of the load takes in a HEC body, roughly: it tells when to look whether all has arrived.
const hecBytes = eventBytes + 180

func newSink(ctx context.Context, e Engine) (*sink, error) {
	s := &sink{engine: e}
	return s, s.listen(ctx, "127.0.0.1:0")
}

// listen starts to receive, on the address it had before or on any.
func (s *sink) listen(ctx context.Context, addr string) (err error) {
	if s.engine == NetHTTP {
		return s.listenHTTP(ctx, addr)
	}
	if s.server, err = wire.Listen(ctx, addr, func(_ *wire.Conn, m *wire.Message) ([]byte, wire.After) {
		return s.answer(m), wire.Keep
	}); err == nil {
		s.addr = s.server.Addr()
	}
	return err
}

func (s *sink) listenHTTP(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", addr, err)
	}
	s.addr, s.std = l.Addr().String(), &http.Server{Handler: http.HandlerFunc(s.serveHTTP), ReadHeaderTimeout: time.Minute}
	go s.std.Serve(l) //nolint:errcheck // it ends with close
	return nil
}

// close stops receiving; the address can be listened on again.
func (s *sink) close() {
	if s.std != nil {
		_ = s.std.Close() // nobody waits for its connections
	}
	if s.server != nil {
		s.server.Close()
	}
	s.std, s.server = nil, nil
}

// expect prepares for events with the numbers after those of the last call, each copies times.
func (s *sink) expect(events, copies int) {
	s.offset += uint32(len(s.bits(0))) * 32
	s.copies, s.want = copies, int64(events)*int64(copies)
	s.seen = make([][]atomic.Uint32, copies)
	for i := range s.seen {
		s.seen[i] = make([]atomic.Uint32, (events+31)/32)
	}
	for _, n := range []*atomic.Int64{&s.arrived, &s.extra, &s.strange, &s.last} {
		n.Store(0)
	}
	s.kept, s.keptAll = nil, 0
}

func (s *sink) bits(path int) []atomic.Uint32 {
	if path < len(s.seen) {
		return s.seen[path]
	}
	return nil
}

var (
	emptyAnswer = wire.AppendAnswer(nil, 200, nil, nil)
	hecAnswer   = wire.AppendAnswer(nil, 200, []wire.Header{{Name: "Content-Type", Value: "application/json"}}, []byte(hecReply))
)

const hecReply = `{"text":"Success","code":0}`

// answer takes a request.
func (s *sink) answer(m *wire.Message) []byte {
	path := m.Path()
	if bytes.HasPrefix(path, []byte("/services")) {
		s.takeBatch(m.Body, len(m.Get("Content-Encoding")) > 0)
		return hecAnswer
	}
	if s.takeOne(path, m.Body) {
		s.check(string(m.Get("X-Tocsin-Signature")), m.Body)
	}
	return emptyAnswer
}

func (s *sink) serveHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.HasPrefix(r.URL.Path, "/services") {
		s.takeBatch(body, r.Header.Get("Content-Encoding") != "")
		_, _ = io.WriteString(w, hecReply) // the hub is gone if this fails, and the count shows it
		return
	}
	if s.takeOne([]byte(r.URL.Path), body) {
		s.check(r.Header.Get("X-Tocsin-Signature"), body)
	}
}

// takeOne ticks off a webhook's event; true asks for its signature to be checked. The path ends in the copy's digit.
func (s *sink) takeOne(path, body []byte) (check bool) {
	now := time.Now()
	n, ours := harness.EventNumber(body)
	if !ours {
		s.strange.Add(1)
		return false
	}
	if s.onEvent != nil {
		s.onEvent(n, now)
	}
	s.tick(int(path[len(path)-1]-'0'), n)
	s.last.Store(now.UnixNano())
	return n%sampleEvery == 0
}

// takeBatch ticks off what a HEC body holds, or keeps it for later.
func (s *sink) takeBatch(body []byte, packed bool) {
	s.last.Store(time.Now().UnixNano())
	if !packed {
		s.tickAll(body)
		return
	}
	size := len(body)
	// RFC 1952: the last four bytes are the inflated size.
	inflated := int(body[size-4]) | int(body[size-3])<<8 | int(body[size-2])<<16 | int(body[size-1])<<24
	body = bytes.Clone(body)
	s.mu.Lock()
	s.kept = append(s.kept, body)
	s.keptAll += inflated
	s.mu.Unlock()
}

func (s *sink) tickAll(body []byte) {
	for {
		at := harness.NumberAt(body)
		if at < 0 {
			return
		}
		if n, ok := harness.EventNumber(body[at-harness.MarkerLen:]); ok {
			s.tick(0, n)
		}
		body = body[at:]
	}
}

func (s *sink) tick(path int, n uint32) {
	i := n - s.offset
	bits := s.bits(path)
	if int(i/32) >= len(bits) {
		s.strange.Add(1)
		return
	}
	if bit := uint32(1) << (i % 32); bits[i/32].Or(bit)&bit != 0 {
		s.extra.Add(1)
		return
	}
	s.arrived.Add(1)
}

// check verifies a sampled signature.
func (s *sink) check(header string, body []byte) {
	s.sampled.Add(1)
	at, mark, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	h := hmac.New(sha256.New, []byte(signingSecret))
	_, _ = io.WriteString(h, at+".") // a hash never fails to write
	_, _ = h.Write(body)
	if hex.EncodeToString(h.Sum(nil)) != mark {
		s.forged.Add(1)
	}
}

// Limits of waiting for arrivals.
const (
	arrivalTime = 5 * time.Minute
	arrivalPoll = 20 * time.Millisecond
	quietTime   = 500 * time.Millisecond // a compressed load has arrived when nothing came for so long
)

// wait returns when everything has arrived.
func (s *sink) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, arrivalTime)
	defer cancel()
	ticker := time.NewTicker(arrivalPoll)
	defer ticker.Stop()
	for !s.complete() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d deliveries, %d have come (and %d KiB not counted yet): %w", s.want, s.arrived.Load(), s.keptAll>>10, context.Cause(ctx))
		case <-ticker.C:
		}
	}
	return nil
}

func (s *sink) complete() bool {
	if s.arrived.Load() >= s.want {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	about := s.arrived.Load() + int64(s.keptAll/hecBytes)
	return len(s.kept) > 0 && about >= s.want*9/10 && time.Since(s.lastArrival()) > quietTime
}

func (s *sink) lastArrival() time.Time { return time.Unix(0, s.last.Load()) }

// verify counts what was kept, and says whether every event came. It gives the number of duplicates.
func (s *sink) verify() (duplicates int, err error) {
	s.mu.Lock()
	kept := s.kept
	s.kept, s.keptAll = nil, 0
	s.mu.Unlock()
	var plain bytes.Buffer
	for _, body := range kept {
		zr, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return 0, fmt.Errorf("reading what the hub compressed: %w", err)
		}
		plain.Reset()
		if _, err := io.Copy(&plain, zr); err != nil {
			return 0, fmt.Errorf("reading what the hub compressed: %w", err)
		}
		s.tickAll(plain.Bytes())
	}
	switch {
	case s.arrived.Load() != s.want:
		return 0, fmt.Errorf("%d of %d deliveries came", s.arrived.Load(), s.want)
	case s.forged.Load() > 0:
		return 0, fmt.Errorf("%d of %d sampled signatures are wrong", s.forged.Load(), s.sampled.Load())
	case s.strange.Load() > 0:
		return 0, errors.New("events came that were not sent")
	}
	return int(s.extra.Load()), nil
}
