package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// patience of a test for something that must happen.
const testDeadline = 20 * time.Second

// eventually waits until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(testDeadline)
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for !cond() {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("it never happened: %s", what)
		}
	}
}

func (r *receiver) before(ds ...connector.Delivery) mood {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	for _, d := range ds {
		if k, seen := r.keys[d.Record.ID]; seen && k != d.Key {
			r.changed = true
		}
		r.keys[d.Record.ID] = d.Key
		r.attempts[d.Record.ID] = append(r.attempts[d.Record.ID], d.Attempt)
		if k := d.Record.OrderingKey; k != "" && len(ds) == 1 {
			r.flying[k]++
			r.together = max(r.together, r.flying[k])
		}
	}
	return r.mood
}

func (r *receiver) after(d connector.Delivery, single bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := d.Record.OrderingKey; k != "" && single {
		r.flying[k]--
	}
	if _, throttled := connector.IsThrottled(err); err != nil && !throttled && (connector.IsPermanent(err) || d.Attempt >= 11 || errors.Is(err, errPanic)) {
		r.refused[d.Record.ID] = true
	}
	if err == nil {
		r.got[d.Record.ID]++
		r.order = append(r.order, d.Record.ID)
	}
}

func (r *receiver) count(id event.ID) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got[id]
}

func (r *receiver) accepted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

func (r *receiver) callCount() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

var (
	_ connector.Sender        = both{}
	_ connector.BatchSender   = both{}
	_ connector.EngineChooser = both{}
)

func (b both) UsesBatch() bool { return b.r.batch.Load() }

func (b both) Send(ctx context.Context, d connector.Delivery) error {
	m := b.r.before(d)
	err := errPanic
	defer func() { b.r.after(d, true, err) }()
	err = m(ctx, d)
	return err
}

func (b both) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	m := b.r.before(ds...)
	b.r.mu.Lock()
	b.r.sizes = append(b.r.sizes, len(ds))
	reject := b.r.reject
	b.r.mu.Unlock()
	if err := m(ctx, ds[0]); err != nil {
		return err
	}
	rejected := connector.Rejected{}
	for i, d := range ds {
		var err error
		if reject != nil {
			err = reject(i, d)
		}
		if err != nil {
			rejected[i] = err
		}
		b.r.after(d, false, err)
	}
	if len(rejected) > 0 {
		return rejected
	}
	return nil
}

// mortalStore is a store that a test can let die.
type mortalStore struct {
	*sqlite.Store
	dead     atomic.Bool
	lastWish atomic.Bool // the next tick is committed, but nobody hears of it
	stuck    atomic.Bool // ticks fail for a while
}

var errDead = errors.New("the process is dead")

func (s *mortalStore) SaveTick(ctx context.Context, t store.Tick) error {
	if s.dead.Load() {
		return errDead
	}
	if s.stuck.Load() {
		return store.ErrUnavailable
	}
	if s.lastWish.Load() {
		s.dead.Store(true)
		_ = s.Store.SaveTick(ctx, t)
		return errDead
	}
	return s.Store.SaveTick(ctx, t)
}

func (s *mortalStore) SaveJob(ctx context.Context, j store.Job) error {
	if s.dead.Load() {
		return errDead
	}
	return s.Store.SaveJob(ctx, j)
}

// world is a hub without its outer rooms, which can crash and start again on the same directories.
type world struct {
	t     testing.TB
	jdir  string
	sdir  string
	j     *journal.Journal
	wrap  func(Journal) Journal
	s     *mortalStore
	e     *Engine
	opts  func(*Options)
	seg   int64
	mu    sync.Mutex
	recvs map[event.ID]*receiver
	conf  map[event.ID]store.Integration
	gone  map[event.ID]string
	list  []*event.Record // all that was appended
}

func newWorld(t testing.TB) *world {
	w := &world{
		t: t, jdir: t.TempDir(), sdir: t.TempDir(), recvs: map[event.ID]*receiver{}, conf: map[event.ID]store.Integration{},
		gone: map[event.ID]string{}, seg: 4 << 20,
	}
	t.Cleanup(func() { w.crash() })
	return w
}

// Open implements Opener.
func (w *world) Open(_ context.Context, i store.Integration) (connector.Instance, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return both{w.recvs[i.ID]}, nil
}

func (w *world) start() {
	w.t.Helper()
	ctx := context.Background()
	var err error
	w.j, err = embedded.Open(ctx, w.jdir, embedded.Options{Options: journal.Options{MinFree: 1}, SegmentBytes: w.seg})
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := sqlite.Open(ctx, w.sdir, sqlite.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.s = &mortalStore{Store: s}
	var j Journal = w.j
	if w.wrap != nil {
		j = w.wrap(j)
	}
	o := Options{
		Journal: j, Store: w.s, Opener: w, Kinds: connector.Catalogue{"fake": {Kind: connector.Kind{Name: "fake"}}},
		Disable: func(_ event.Account, id event.ID, reason string) {
			w.mu.Lock()
			w.gone[id] = reason
			w.mu.Unlock()
		},
	}
	if w.opts != nil {
		w.opts(&o)
	}
	w.e = New(o)
	if err := w.e.Start(ctx, w.integrations()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) integrations() []store.Integration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []store.Integration
	for _, i := range w.conf {
		list = append(list, i)
	}
	return list
}

// crash abandons the engine at this moment: nothing more becomes durable.
func (w *world) crash() {
	if w.e == nil {
		return
	}
	w.s.dead.Store(true)
	w.end()
}

// end reaps the goroutines of an engine that has died or stopped.
func (w *world) end() {
	w.e.tail.stop()
	for _, l := range w.e.allLanes() {
		l.halt()
		l.cancelFlying()
	}
	w.e.cancel()
	w.e.sends.Wait()
	w.e.loops.Wait()
	_ = w.j.Close(context.Background())
	_ = w.s.Close()
	w.e = nil
}

// stop ends the engine in good order.
func (w *world) stop() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := w.e.Stop(ctx); err != nil {
		w.t.Fatal(err)
	}
	w.end()
}

// add makes an integration that gets the types.
func (w *world) add(delivery string, types ...string) (event.ID, *receiver) {
	w.t.Helper()
	i := store.Integration{
		ID: event.NewID(), Account: event.DefaultAccount, Kind: "fake", Enabled: true,
		Subscription: subscriptionOf(types...), Delivery: json.RawMessage(delivery), Version: 1,
	}
	i.Name = i.ID.UUID()
	r := newReceiver(w.t)
	w.mu.Lock()
	w.recvs[i.ID] = r
	w.mu.Unlock()
	w.apply(i)
	return i.ID, r
}

func subscriptionOf(types ...string) json.RawMessage {
	return marshal(map[string]any{"types": types})
}

// apply saves and applies an integration, as the room integration does.
func (w *world) apply(i store.Integration) {
	w.t.Helper()
	w.mu.Lock()
	w.conf[i.ID] = i
	w.mu.Unlock()
	if w.e == nil {
		return
	}
	if err := w.e.Apply(context.Background(), i); err != nil && !errors.Is(err, errDead) {
		w.t.Fatal(err)
	}
}

func (w *world) change(id event.ID, f func(*store.Integration)) {
	w.t.Helper()
	w.mu.Lock()
	i := w.conf[id]
	w.mu.Unlock()
	f(&i)
	i.Version++
	w.apply(i)
}

func recordOf(kind, key string) *event.Record {
	now := time.Now()
	return &event.Record{
		ID: event.NewID(), Account: event.DefaultAccount, Type: kind, Severity: 2, OrderingKey: key, DedupKey: key, Time: now, Received: now,
		Body: fmt.Appendf(nil, `{"type":%q,"severity":"high","ordering_key":%q}`, kind, key),
	}
}

// send journals records in frames of their own.
func (w *world) send(records ...*event.Record) {
	w.t.Helper()
	_, err := w.j.Append(context.Background(), journal.Append{Account: event.DefaultAccount, Records: records})
	if err != nil {
		w.t.Fatal(err)
	}
	w.list = append(w.list, records...)
}

// sendN journals n events of a type, with the key that key gives, in frames of per.
func (w *world) sendN(n, per int, kind string, key func(i int) string) []*event.Record {
	w.t.Helper()
	var all []*event.Record
	for i := range n {
		k := ""
		if key != nil {
			k = key(i)
		}
		all = append(all, recordOf(kind, k))
	}
	for part := range slices.Chunk(all, per) {
		w.send(part...)
	}
	return all
}

func (w *world) counts(id event.ID) Counts {
	s, ok := w.e.IntegrationStats(event.DefaultAccount, id)
	if !ok {
		w.t.Fatal("no such integration")
	}
	return s.Counts
}

// mustAddUp fails unless the counts hold at this moment.
func (w *world) mustAddUp() {
	w.t.Helper()
	for _, s := range w.e.Stats(event.DefaultAccount).Integrations {
		if !s.AddsUp {
			w.t.Fatalf("the counts of %s do not add up: %+v", s.State, s.Counts)
		}
	}
}

// settled waits until a lane has nothing left to do.
func (w *world) settled(id event.ID) Counts {
	w.t.Helper()
	eventually(w.t, "the lane settles", func() bool {
		c := w.counts(id)
		return c.Waiting == 0 && c.Parked == 0 && c.Behind == 0
	})
	w.mustAddUp()
	return w.counts(id)
}

func (w *world) lane(id event.ID) *lane { return w.e.lane(event.DefaultAccount, id) }

func (w *world) stateOf(id event.ID) LaneState {
	s, _ := w.e.IntegrationStats(event.DefaultAccount, id)
	return s.State
}

// tick makes the present state durable.
func (w *world) tick() {
	w.t.Helper()
	if err := w.e.saveNow(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// tailAtEnd says whether everything journalled is matched.
func (w *world) tailAtEnd() bool {
	w.e.tail.mu.Lock()
	defer w.e.tail.mu.Unlock()
	return w.e.tail.next.Frame >= w.j.End().Frame
}
