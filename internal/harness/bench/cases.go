package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// pause waits, for things to settle that cannot be seen from outside.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// with runs f with a fresh hub and a sink.
func (b *bench) with(ctx context.Context, f func(*trial, *sink) error) (err error) {
	s, err := newSink(ctx, b.Engine)
	if err != nil {
		return err
	}
	defer s.close()
	t, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	return f(t, s)
}

// singles is a load of single events, batches one of batches of batchSize.
func (b *bench) singles(t *trial, s *sink, events int) func(context.Context) error {
	return func(ctx context.Context) error {
		return (&flood{addr: t.Listen, engine: s.engine, connections: b.Connections, perRequest: 1, events: events, first: s.offset}).run(ctx)
	}
}

func (b *bench) batches(t *trial, s *sink, events int) func(context.Context) error {
	return func(ctx context.Context) error {
		return (&flood{addr: t.Listen, engine: s.engine, connections: b.Batchers, perRequest: batchSize, events: events, first: s.offset}).run(ctx)
	}
}

// batchSize is how many events a request of the batch cases holds.
const batchSize = 100

// idle measures a hub that has nothing to do.
func (b *bench) idle(ctx context.Context) error {
	return b.with(ctx, func(t *trial, _ *sink) error {
		if err := pause(ctx, b.sizes.settle); err != nil {
			return err
		}
		m, err := harness.ReadMemory(t.PID())
		if err != nil {
			return err
		}
		b.note("start to ready", "ms", "< 2,000", float64(t.ready.Microseconds())/1000)
		b.note("idle memory (RSS)", "MB", "< 80", mb(m.RSS))
		return nil
	})
}

const singleName = "single events → signed webhook"

// single measures single events to one signed webhook.
func (b *bench) single(ctx context.Context) error {
	return b.with(ctx, func(t *trial, s *sink) error {
		if _, err := t.webhook(ctx, s, "hook", "/0", "*"); err != nil {
			return err
		}
		m, err := b.warmAndMeasure(ctx, t, s, b.sizes.single, 1)
		if err != nil {
			return err
		}
		b.noteMeasured(singleName, "≥ 10,000, aim 15,000", m)
		return nil
	})
}

// warmAndMeasure measures single events after a few that do not count.
func (b *bench) warmAndMeasure(ctx context.Context, t *trial, s *sink, events, copies int) (measured, error) {
	if _, err := t.measure(ctx, s, b.sizes.warm, copies, b.singles(t, s, b.sizes.warm)); err != nil {
		return measured{}, fmt.Errorf("warming up: %w", err)
	}
	return t.measure(ctx, s, events, copies, b.singles(t, s, events))
}

func (b *bench) batchPlain(ctx context.Context) error { return b.batch(ctx, false) }
func (b *bench) batchGzip(ctx context.Context) error  { return b.batch(ctx, true) }

// batch measures batches to a Splunk HEC.
func (b *bench) batch(ctx context.Context, gzip bool) error {
	return b.with(ctx, func(t *trial, s *sink) error {
		if _, err := t.splunk(ctx, s, gzip); err != nil {
			return err
		}
		warm := b.sizes.warm / batchSize * batchSize
		if _, err := t.measure(ctx, s, warm, 1, b.batches(t, s, warm)); err != nil {
			return fmt.Errorf("warming up: %w", err)
		}
		m, err := t.measure(ctx, s, b.sizes.batch, 1, b.batches(t, s, b.sizes.batch))
		if err != nil {
			return err
		}
		name := "batches of 100 → Splunk HEC"
		if gzip {
			name += ", gzip"
		}
		b.noteMeasured(name, "≥ 100,000, aim 200,000", m)
		return nil
	})
}

// fanOutCopies is how many webhooks match in the fan-out case.
const fanOutCopies = 10

// fanOut compares ten matching webhooks with one, by the same number of events.
func (b *bench) fanOut(ctx context.Context) error {
	var one, ten measured
	for _, run := range []struct {
		copies int
		into   *measured
	}{{1, &one}, {fanOutCopies, &ten}} {
		err := b.with(ctx, func(t *trial, s *sink) error {
			for i := range run.copies {
				if _, err := t.webhook(ctx, s, "hook "+number(i), "/"+number(i), "*"); err != nil {
					return err
				}
			}
			m, err := b.warmAndMeasure(ctx, t, s, b.sizes.fanOut, run.copies)
			*run.into = m
			return err
		})
		if err != nil {
			return err
		}
	}
	b.note("ten webhooks: events taken in and delivered ten times", "events/s", "", ten.perSecond)
	b.note("ten webhooks: deliveries", "per second", "", ten.perSecond*fanOutCopies)
	b.note("ten webhooks: hub's processor time", "µs/event", "", us(ten.cpu))
	b.note("ten webhooks against one: processor time", "times", "< 4", float64(ten.cpu)/float64(one.cpu))
	b.note("ten webhooks against one: time taken", "times", "< 4", one.perSecond/ten.perSecond)
	return nil
}

// bystanders measures what integrations cost that match nothing.
func (b *bench) bystanders(ctx context.Context) error {
	return b.with(ctx, func(t *trial, s *sink) error {
		if _, err := t.webhook(ctx, s, "hook", "/0", "*"); err != nil {
			return err
		}
		alone, err := b.warmAndMeasure(ctx, t, s, b.sizes.single, 1)
		if err != nil {
			return err
		}
		if err := pause(ctx, b.sizes.settle); err != nil {
			return err
		}
		before, err := harness.ReadMemory(t.PID())
		if err != nil {
			return err
		}
		if err := b.addBystanders(ctx, t, s); err != nil {
			return err
		}
		if err := pause(ctx, b.sizes.settle); err != nil {
			return err
		}
		after, err := harness.ReadMemory(t.PID())
		if err != nil {
			return err
		}
		crowded, err := b.warmAndMeasure(ctx, t, s, b.sizes.single, 1)
		if err != nil {
			return err
		}
		name := number(b.sizes.integrations) + " more integrations that match nothing: "
		b.note(name+"memory", "MB", "< 100", mb(after.RSS-before.RSS))
		b.note(name+"throughput", "% less", "< 5", 100*(1-crowded.perSecond/alone.perSecond))
		return nil
	})
}

func (b *bench) addBystanders(ctx context.Context, t *trial, s *sink) error {
	const atOnce = 8
	errs := make([]error, atOnce)
	var wg sync.WaitGroup
	for i := range atOnce {
		wg.Go(func() {
			for n := i; n < b.sizes.integrations && errs[i] == nil; n += atOnce {
				_, errs[i] = t.webhook(ctx, s, "bystander "+number(n), "/9", "custom.never_sent_"+number(n))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// backlog takes events in while the receiver is down, and measures the drain once it is back.
func (b *bench) backlog(ctx context.Context) error {
	return b.with(ctx, func(t *trial, s *sink) error {
		if _, err := t.splunk(ctx, s, false); err != nil {
			return err
		}
		addr := s.addr
		s.close()
		s.expect(b.sizes.backlog, 1)
		began := time.Now()
		if err := b.batches(t, s, b.sizes.backlog)(ctx); err != nil {
			return err
		}
		b.note("backlog: taken in, receiver down", "events/s", "", float64(b.sizes.backlog)/time.Since(began).Seconds())
		if err := pause(ctx, b.sizes.settle); err != nil {
			return err
		}
		held, err := harness.ReadMemory(t.PID())
		if err != nil {
			return err
		}
		before, err := t.usage(ctx)
		if err != nil {
			return err
		}
		if err := s.listen(ctx, addr); err != nil {
			return err
		}
		back := time.Now()
		first, err := s.first(ctx)
		if err != nil {
			return err
		}
		if err := s.wait(ctx); err != nil {
			return err
		}
		drained := s.lastArrival()
		after, err := t.usage(ctx)
		if err != nil {
			return err
		}
		if _, err := s.verify(); err != nil {
			return err
		}
		name := "backlog of " + number(b.sizes.backlog) + ": "
		b.note(name+"memory (RSS), receiver down", "MB", "< 250", mb(held.RSS))
		b.note(name+"receiver back to first delivery", "s", "< 2", first.Sub(back).Seconds())
		b.note(name+"drain", "events/s", "≥ 100,000", float64(b.sizes.backlog)/drained.Sub(first).Seconds())
		b.note(name+"drain: hub's processor time", "µs/event", "", us((after.cpu-before.cpu)/time.Duration(b.sizes.backlog)))
		b.note(name+"most memory (RSS)", "MB", "< 250", mb(after.memory.Peak))
		return nil
	})
}

// first waits for the first arrival and gives its time.
func (s *sink) first(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for s.last.Load() == 0 {
		if err := pause(ctx, time.Millisecond); err != nil {
			return time.Time{}, fmt.Errorf("waiting for the first delivery: %w", err)
		}
	}
	return s.lastArrival(), nil
}
