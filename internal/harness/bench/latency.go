package bench

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// steadyConnections share the steady load.
const steadyConnections = 10

// steady sends events at a fixed rate and remembers when each was sent.
type steady struct {
	sent   []time.Time
	acked  []time.Duration
	taken  []atomic.Int64 // nanoseconds from sending to the receiver
	offset uint32
}

// latency measures the time from a POST to the receiver at a steady rate.
func (b *bench) latency(ctx context.Context) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(b.Procs, 2))) // a receiver must not wait for a sender's turn
	return b.with(ctx, func(t *trial, s *sink) error {
		if _, err := t.webhook(ctx, s, "hook", "/0", "*"); err != nil {
			return err
		}
		if _, err := t.measure(ctx, s, b.sizes.warm, 1, b.singles(t, s, b.sizes.warm)); err != nil {
			return err
		}
		events := int(b.sizes.latency.Seconds() * latencyRate)
		st := &steady{sent: make([]time.Time, events), acked: make([]time.Duration, events), taken: make([]atomic.Int64, events)}
		_, err := t.measure(ctx, s, events, 1, func(ctx context.Context) error {
			st.offset = s.offset
			s.onEvent = func(n uint32, at time.Time) {
				if i := int(n - st.offset); i >= 0 && i < events {
					st.taken[i].CompareAndSwap(0, int64(at.Sub(st.sent[i])))
				}
			}
			return st.run(ctx, t.Listen, s.engine)
		})
		if err != nil {
			return err
		}
		b.noteLatency(st)
		return nil
	})
}

func (b *bench) noteLatency(st *steady) {
	arrived := make([]time.Duration, len(st.taken))
	for i := range st.taken {
		arrived[i] = time.Duration(st.taken[i].Load())
	}
	slices.Sort(arrived)
	slices.Sort(st.acked)
	for _, q := range []struct {
		name, want string
		at         float64
	}{{"p50", "< 1.5", 0.5}, {"p99", "< 5", 0.99}, {"max", "", 1}} {
		b.note("500 events/s, POST to receiver: "+q.name, "ms", q.want, ms(at(arrived, q.at)))
	}
	b.note("500 events/s, POST to 202: p50", "ms", "", ms(at(st.acked, 0.5)))
	b.note("500 events/s, POST to 202: p99", "ms", "", ms(at(st.acked, 0.99)))
}

func at(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// run sends the events, each connection its share at even distances.
func (st *steady) run(ctx context.Context, addr string, e Engine) error {
	errs := make([]error, steadyConnections)
	var wg sync.WaitGroup
	began := time.Now()
	for c := range steadyConnections {
		wg.Go(func() { errs[c] = st.connection(ctx, addr, e, c, began) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// connection sends every steadyConnections-th event. An event that is late because the answer before it was late counts
// from when it was due, so that a stall is not hidden by the load waiting for it.
func (st *steady) connection(ctx context.Context, addr string, e Engine, c int, began time.Time) error {
	p, err := newPoster(ctx, addr, e)
	if err != nil {
		return err
	}
	defer p.close()
	t := newTemplate(addr, 1, c)
	for i := c; i < len(st.sent); i += steadyConnections {
		due := began.Add(time.Duration(i) * time.Second / latencyRate)
		late := time.Until(due) <= 0
		if !late {
			if err := pause(ctx, time.Until(due)); err != nil {
				return err
			}
		}
		t.stamp(st.offset + uint32(i))
		now := time.Now()
		if st.sent[i] = now; late && i > c {
			st.sent[i] = due
		}
		if err := p.post(t); err != nil {
			return err
		}
		st.acked[i] = time.Since(st.sent[i])
	}
	return nil
}
