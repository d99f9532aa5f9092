package deliver

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestJudgeRefusedProbe(t *testing.T) {
	t.Parallel()
	policy := connector.Policy{Schedule: []time.Duration{0, 10 * time.Second}, MaxAge: time.Hour}
	refusal := connector.Permanent(errors.New("401"))
	again := Verdict{Outcome: store.OutcomeRetry, After: time.Second, Class: "retryable"}
	for _, c := range []struct {
		name string
		err  error
		try  Try
		want Verdict
	}{
		{"not yet known to be everybody's", refusal, Try{Number: 1}, Verdict{Outcome: store.OutcomeMailbox, Class: "permanent"}},
		{"of a probe", refusal, Try{Number: 9, Probe: true, Refused: true}, again},
		{"of a probe, too old", refusal, Try{Number: 1, Probe: true, Refused: true, Age: 2 * time.Hour}, Verdict{Outcome: store.OutcomeMailbox, Class: "permanent"}},
		{"gone", connector.Gone(errors.New("410")), Try{Number: 1, Probe: true, Refused: true}, Verdict{Outcome: store.OutcomeMailbox, Class: "gone"}},
	} {
		if diff := cmp.Diff(c.want, Judge(c.err, c.try, policy)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// A token that was revoked costs the deliveries that found it out, and none of those that look whether it works again.
func TestRefusedProbesBuryNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, delivery string
		batch          bool
	}{
		{"single", `{"concurrency":1}`, false}, {"ordered", `{"concurrency":1,"order":"by_key"}`, false},
		{"batch", `{"batch":{"max_events":4}}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			id, r := w.add(c.delivery, "*")
			r.batch.Store(c.batch)
			w.change(id, func(*store.Integration) {})
			r.set(func(ctx context.Context, _ connector.Delivery) error {
				httpkit.ExchangeOf(ctx).Status = 401
				return connector.Permanent(errors.New("401"))
			})
			w.sendN(40, 1, "alert.created", func(i int) string { return []string{"a", "b", ""}[i%3] })
			l := w.lane(id)
			open := func() bool {
				l.mu.Lock()
				defer l.mu.Unlock()
				return l.breaker.open && l.flying == 0
			}
			eventually(t, "the breaker opens", open)
			first := w.counts(id).Mailbox
			for range 6 {
				calls := r.callCount()
				l.mu.Lock()
				l.breaker.probeAt = time.Time{}
				l.timerAt = time.Time{}
				l.dispatch()
				l.mu.Unlock()
				eventually(t, "a probe comes back", func() bool { return r.callCount() > calls && open() })
			}
			if n := w.counts(id); n.Mailbox != first || first > 30 {
				t.Fatalf("%d in the mailbox, %d when the breaker opened", n.Mailbox, first)
			}
			w.mustAddUp()
			r.set(happy)
			if n := w.settled(id); n.Delivered != 40-first {
				t.Fatalf("%+v", n)
			}
		})
	}
}
