package torture

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// throttleFault is a storm of 429 and 503 with every kind of Retry-After. Pauses are kept, nobody is hammered, and
// absurd ones neither last for ever nor turn into none.
func throttleFault() Fault {
	return Fault{
		Name: "throttle", What: "429 and 503 storms; Retry-After of ten years, negative, past, future, garbage", Long: 40, Short: 1,
		run: runThrottle,
	}
}

// stormTime is how long receivers throttle in a round.
const stormTime = 2 * time.Second

// hammering is how many requests a second one integration may make to a receiver that always throttles: each pause lets
// through what was in flight when it began.
const hammering = 150

// absurd are pauses that are none, or end at once.
func absurd() []string {
	return []string{
		"-1", "-315360000", "0", "0.2", "1", "", "soon", "1e309", "NaN", "+Inf-", "0x10", "1 hour", "\u0660", "1,2",
		"Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 99 Foo 1999 23:59:59 GMT",
		time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat),
	}
}

// years are pauses that no receiver means.
func years() []string {
	return []string{
		"315360000", "99999999999999999999999999", "1e300", time.Now().AddDate(10, 0, 0).UTC().Format(http.TimeFormat),
		"Fri, 31 Dec 9999 23:59:59 GMT",
	}
}

func throttles(values []string, share float64) *manner {
	return &manner{"throttles", func(r *receiver, _ *wire.Conn, m *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		if rand.Float64() >= share {
			return r.take(m, false), wire.Keep
		}
		status := 429
		if rand.IntN(3) == 0 {
			status = 503
		}
		return wire.AppendAnswer(nil, status, []wire.Header{{Name: "Retry-After", Value: values[rand.IntN(len(values))]}}, nil), wire.Keep
	}}
}

func runThrottle(ctx context.Context, b *Bench, row *Row, rounds int) error {
	most := uint64(0)
	err := b.on(ctx, row, stand{}, rounds, func(ctx context.Context, t *torture, _ int) error {
		t.load.resume()
		for _, r := range t.receivers {
			r.behave(throttles(absurd(), 0.7))
		}
		sleep(ctx, stormTime/2)
		before := make([]uint64, len(t.receivers))
		for i, r := range t.receivers {
			r.behave(throttles(absurd(), 1))
			before[i] = r.requests.Load()
		}
		sleep(ctx, stormTime)
		for i, r := range t.receivers {
			n := r.requests.Load() - before[i]
			most = max(most, n)
			if float64(n) > hammering*stormTime.Seconds() {
				t.books.fail("hammering", "%s got %d requests in %v although it always throttles", r.spec.name, n, stormTime)
			}
		}
		if err := t.account(ctx); err != nil {
			return err
		}
		return t.tenYears(ctx)
	})
	row.note("at most %d requests in %v to a receiver that throttles all of them", most, stormTime)
	return err
}

// tenYears has every receiver ask for ten years of silence, once. The hub keeps silent, at least for now, and after a
// restart it delivers what it owes.
func (t *torture) tenYears(ctx context.Context) error {
	for _, r := range t.receivers {
		r.behave(throttles(years(), 1))
	}
	t.loaded(ctx, stormTime/4)
	if err := t.load.pause(ctx); err != nil {
		return err
	}
	sleep(ctx, stormTime/8) // what was in flight comes back
	silence := make([]uint64, len(t.receivers))
	for i, r := range t.receivers {
		r.behave(nil)
		silence[i] = r.requests.Load()
	}
	sleep(ctx, stormTime/2)
	for i, r := range t.receivers {
		if n := r.requests.Load() - silence[i]; n > 0 {
			t.books.fail("pause not kept", "%s was sent %d requests right after it had asked for ten years", r.spec.name, n)
		}
	}
	if err := t.stop(ctx); err != nil {
		return err
	}
	t.books.restarted()
	if err := t.start(ctx, ""); err != nil {
		return err
	}
	return t.account(ctx)
}
