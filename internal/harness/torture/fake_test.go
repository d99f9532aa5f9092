package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/harness"
)

// fakeHub is a hub in memory that keeps the contract as far as the torture looks at it, and can break it on purpose. Its
// "disk" outlives kills; what is settled is written there only now and then, so that kills make duplicates.
type fakeHub struct {
	fault string
	addr  string

	mu     sync.Mutex // guards the disk
	events []fakeEvent
	answer map[string][]string // by idempotency key
	lanes  []*fakeLane

	server *http.Server
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	done   chan struct{}
}

type fakeEvent struct {
	id, eventType, key string
	body               []byte
}

type fakeLane struct {
	id   string
	spec harness.Integration

	saved, at int // places in events: on disk, and in memory
	boxSaved  map[int]bool
	box       map[int]bool // the mailbox
}

func newFakeHub(t *testing.T, fault string) *fakeHub {
	t.Helper()
	addr, err := harness.FreeAddr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &fakeHub{fault: fault, addr: addr, answer: map[string][]string{}, done: make(chan struct{})}
}

func (f *fakeHub) Addr() string                   { return f.addr }
func (f *fakeHub) Done() <-chan struct{}          { return f.done }
func (f *fakeHub) Crash() error                   { return nil }
func (f *fakeHub) Stop(ctx context.Context) error { f.save(); return f.Kill() }

func (f *fakeHub) Start(_ context.Context, _ ...string) (time.Duration, error) {
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", harness.ErrEnded, err)
	}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.done = make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/events", f.ingest)
	mux.HandleFunc("POST /api/v1/integrations", f.create)
	mux.HandleFunc("GET /api/v1/stats", f.stats)
	mux.HandleFunc("GET /api/v1/mailbox", f.mailbox)
	mux.HandleFunc("POST /api/v1/mailbox/replay", f.replay)
	f.server = &http.Server{Handler: mux}
	f.work.Go(func() { _ = f.server.Serve(l) })
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, lane := range f.lanes {
		lane.at = lane.saved
		if f.fault == "repeats everything" {
			lane.at = 0
		}
		lane.box = map[int]bool{}
		for n := range lane.boxSaved {
			lane.box[n] = true
		}
		f.work.Go(func() { f.run(lane) })
	}
	return time.Millisecond, nil
}

func (f *fakeHub) Kill() error {
	f.cancel()
	err := f.server.Close()
	f.work.Wait()
	select {
	case <-f.done:
	default:
		close(f.done)
	}
	return err
}

func (f *fakeHub) save() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, lane := range f.lanes {
		lane.save()
	}
}

func (l *fakeLane) save() {
	l.saved, l.boxSaved = l.at, map[int]bool{}
	for n := range l.box {
		l.boxSaved[n] = true
	}
}

func (f *fakeHub) ingest(w http.ResponseWriter, r *http.Request) {
	var in io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		in, _ = gzip.NewReader(r.Body)
	}
	body, err := io.ReadAll(in)
	if err != nil {
		return
	}
	var list []json.RawMessage
	if body[0] == '[' {
		_ = json.Unmarshal(body, &list)
	} else {
		for line := range bytes.Lines(body) {
			list = append(list, bytes.TrimSpace(line))
		}
	}
	f.mu.Lock()
	key := r.Header.Get("Idempotency-Key")
	ids := f.answer[key]
	if key == "" || ids == nil || f.fault == "forgets keys" {
		ids = nil
		for _, raw := range list {
			var e struct {
				Type string `json:"type"`
				Key  string `json:"ordering_key"`
			}
			_ = json.Unmarshal(raw, &e)
			id := event.NewID().Text("evt")
			f.events = append(f.events, fakeEvent{id: id, eventType: e.Type, key: e.Key, body: bytes.Clone(raw)})
			ids = append(ids, id)
		}
		f.answer[key] = ids
	}
	f.mu.Unlock()
	w.WriteHeader(202)
	_ = json.NewEncoder(w).Encode(map[string]any{"accepted": len(ids), "ids": ids, "rejected": []int{}})
}

func (f *fakeHub) create(w http.ResponseWriter, r *http.Request) {
	l := &fakeLane{box: map[int]bool{}, boxSaved: map[int]bool{}}
	_ = json.NewDecoder(r.Body).Decode(&l.spec)
	f.mu.Lock()
	defer f.mu.Unlock()
	l.id = "int_" + strconv.Itoa(len(f.lanes))
	l.spec.ID = l.id
	f.lanes = append(f.lanes, l)
	f.work.Go(func() { f.run(l) })
	w.WriteHeader(201)
	_ = json.NewEncoder(w).Encode(l.spec)
}

func (l *fakeLane) wants(e fakeEvent) bool {
	prefix := strings.TrimSuffix(fmt.Sprint(l.spec.Subscription["types"].([]any)[0]), "*")
	return strings.HasPrefix(e.eventType, prefix)
}

func (f *fakeHub) stats(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []any{}
	for _, l := range f.lanes {
		var c struct {
			Journalled, Matched, Filtered, Delivered, Waiting, Mailbox int
		}
		for i, e := range f.events {
			c.Journalled++
			switch {
			case !l.wants(e):
				c.Filtered++
				continue
			case l.box[i]:
				c.Mailbox++
			case i < l.at:
				c.Delivered++
			default:
				c.Waiting++
			}
			c.Matched++
		}
		if f.fault == "miscounts" {
			c.Filtered++
		}
		if f.fault == "counts deliveries that were none" && c.Filtered > 0 {
			c.Matched, c.Delivered, c.Filtered = c.Matched+1, c.Delivered+1, c.Filtered-1
		}
		list = append(list, map[string]any{"integration": l.id, "counts": map[string]int{
			"journalled": c.Journalled, "matched": c.Matched, "filtered": c.Filtered, "delivered": c.Delivered,
			"waiting": c.Waiting, "mailbox": c.Mailbox,
		}})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"journalled": len(f.events), "adds_up": true, "integrations": list})
}

func (f *fakeHub) mailbox(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	items := []any{}
	for _, l := range f.lanes {
		if l.id != r.URL.Query().Get("integration") {
			continue
		}
		for n := range l.box {
			items = append(items, map[string]any{"id": "dlv_x", "event": f.events[n].id})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

func (f *fakeHub) replay(w http.ResponseWriter, r *http.Request) {
	var in struct{ Filter struct{ Integration string } }
	_ = json.NewDecoder(r.Body).Decode(&in)
	f.mu.Lock()
	lanes := slices.Clone(f.lanes)
	f.mu.Unlock()
	for _, l := range lanes {
		if l.id == in.Filter.Integration {
			f.replayLane(l)
		}
	}
	w.WriteHeader(202)
	_ = json.NewEncoder(w).Encode(map[string]any{"id": "job_1", "state": "done"})
}

func (f *fakeHub) replayLane(l *fakeLane) {
	f.mu.Lock()
	numbers := slices.Sorted(maps.Keys(l.box))
	f.mu.Unlock()
	for _, n := range numbers {
		err := f.send(l, []int{n})
		f.mu.Lock()
		if err == nil {
			delete(l.box, n)
		}
		l.save()
		f.mu.Unlock()
	}
}

// event gives an event; they never change.
func (f *fakeHub) event(n int) fakeEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n >= len(f.events) {
		return fakeEvent{}
	}
	return f.events[n]
}
