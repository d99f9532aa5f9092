package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// members puts n lanes into one budget.
func members(s *budgets, n int, perSecond float64, now time.Time) (*budget, []*lane) {
	var b *budget
	lanes := make([]*lane, n)
	for i := range lanes {
		lanes[i] = &lane{}
		b = s.share(lanes[i], budgetKey{"acme", "token"}, perSecond, now)
	}
	return b, lanes
}

// The lanes of one credential spend from one bucket, of the smallest limit that any of them sets.
func TestBudgetBucket(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	var s budgets
	b, lanes := members(&s, 3, 0, now)
	for range 100 {
		if _, ok := b.take(now); !ok {
			t.Fatal("limited although nobody set a limit")
		}
	}
	s.share(lanes[0], budgetKey{"acme", "token"}, 50, now)
	s.share(lanes[1], budgetKey{"acme", "token"}, 10, now)
	passed := 0
	for range 100 { // ten seconds
		for range 10 {
			if wait, ok := b.take(now); ok {
				passed++
			} else if wait <= 0 || wait > 300*time.Millisecond {
				t.Fatalf("come back in %v", wait)
			}
		}
		now = now.Add(100 * time.Millisecond)
	}
	if passed < 100 || passed > 115 {
		t.Fatalf("%d requests in ten seconds at 10/s with a burst of 10", passed)
	}
	s.leave(lanes[1], budgetKey{"acme", "token"}, now)
	if b.bucket.Limit() != 50 {
		t.Fatalf("the limit is %v when the slowest has left", b.bucket.Limit())
	}
	s.leave(lanes[0], budgetKey{"acme", "token"}, now)
	if b.bucket != nil {
		t.Fatal("a limit is left although nobody sets one")
	}
	s.leave(lanes[2], budgetKey{"acme", "token"}, now)
	s.leave(lanes[2], budgetKey{"acme", "token"}, now)
	if len(s.all) != 0 {
		t.Fatal("the entry outlives its last lane")
	}
}

// A pause that one is told holds all; after it one goes first, and the others follow one after the other.
func TestBudgetPause(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	var s budgets
	b, lanes := members(&s, 20, 0, now)
	other := s.share(&lane{}, budgetKey{"other", "token"}, 0, now)
	may := func(l *lane) bool { _, ok := b.enter(l, now); return ok }
	b.hold(now.Add(time.Minute))
	b.hold(now.Add(time.Second)) // a shorter one does not end it
	if _, ok := other.enter(&lane{}, now); !ok {
		t.Fatal("another account's lane is held")
	}
	now = now.Add(59 * time.Second)
	for _, l := range lanes {
		if at := b.nextAt(l, now); may(l) || at.Sub(now) != time.Second {
			t.Fatalf("may send during the pause, or looks again at %v", at)
		}
	}
	now = now.Add(time.Second)
	scout, ok := b.enter(lanes[3], now)
	if !scout || !ok {
		t.Fatal("nobody goes first")
	}
	for _, l := range lanes {
		if may(l) {
			t.Fatal("two go first")
		}
		if wait := b.nextAt(l, now).Sub(now); wait < scoutPoll || wait > 2*scoutPoll {
			t.Fatalf("looks again in %v", wait)
		}
	}
	// The first is told to wait again: all do.
	b.hold(now.Add(time.Second))
	now = now.Add(time.Second)
	if scout, _ := b.enter(lanes[4], now); !scout {
		t.Fatal("nobody goes first the second time")
	}
	b.reopen(lanes[3], now)
	if may(lanes[3]) {
		t.Fatal("an answer to an earlier one ended the pause")
	}
	// One that does not come back does not stop the others for ever, nor does one that told nothing.
	now = now.Add(scoutLapse)
	if scout, _ := b.enter(lanes[5], now); !scout {
		t.Fatal("they wait for one that does not come back")
	}
	b.unscout(lanes[5])
	if scout, _ := b.enter(lanes[6], now); !scout {
		t.Fatal("they wait for one that told nothing")
	}
	b.reopen(lanes[6], now)
	if !may(lanes[6]) {
		t.Fatal("the first must wait after it was answered")
	}
	began, most := map[*lane]bool{}, 0
	for range 100 {
		together := 0
		for _, l := range lanes {
			if !began[l] && may(l) {
				began[l] = true
				together++
			}
		}
		most = max(most, together)
		now = now.Add(restartStep / 2)
	}
	if len(began) != len(lanes) || most > 2 {
		t.Fatalf("%d of %d began again, up to %d at once", len(began), len(lanes), most)
	}
}

// shared says that integrations of one owner share a credential.
type shared struct{ *world }

func (s shared) Credential(_ context.Context, i store.Integration) string { return i.Owner }

// Two integrations with one token: what the vendor tells one holds the other, and a third is not concerned.
func TestBudgetOfLanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opts = func(o *Options) { o.Opener = shared{w} }
	w.start()
	var mu sync.Mutex
	calls, told := 0, false
	vendor := func(context.Context, connector.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if !told {
			told = true
			return connector.Throttled(errors.New("429"), time.Hour)
		}
		return nil
	}
	join := func(owner string) (event.ID, *receiver) {
		id, r := w.add(`{"concurrency":1}`, "*")
		w.change(id, func(i *store.Integration) { i.Owner = owner })
		return id, r
	}
	a, ra := join("token")
	b, rb := join("token")
	c, _ := join("")
	ra.set(vendor)
	rb.set(vendor)
	w.sendN(1, 1, "alert.created", nil)
	w.settled(c)
	eventually(t, "one is told to wait", func() bool { mu.Lock(); defer mu.Unlock(); return told })
	w.sendN(20, 5, "alert.created", nil)
	w.settled(c)
	l := w.lane(a)
	mu.Lock()
	n := calls
	mu.Unlock()
	if n > 2 { // the other one may have been in flight
		t.Fatalf("%d requests to a vendor that asked for an hour", n)
	}
	if w.lane(b).shared != l.shared || l.shared == nil || w.lane(c).shared != nil {
		t.Fatal("they do not share as they should")
	}
	// The hour passes.
	l.shared.mu.Lock()
	l.shared.until = time.Time{}
	l.shared.mu.Unlock()
	for _, id := range []event.ID{a, b} {
		l := w.lane(id)
		l.mu.Lock()
		l.throttle = time.Time{}
		l.timer.Stop()
		l.timerAt = time.Time{}
		l.mu.Unlock()
		l.kick()
	}
	for _, id := range []event.ID{a, b} {
		if n := w.settled(id); n.Delivered != 21 {
			t.Fatalf("%+v", n)
		}
	}
	// Off, deleted, or with another token, it leaves.
	w.change(a, func(i *store.Integration) { i.Owner = "another" })
	w.change(b, func(i *store.Integration) { i.Enabled = false })
	if n := len(w.e.budgets.all); n != 1 {
		t.Fatalf("%d budgets", n)
	}
	if err := w.e.Remove(t.Context(), event.DefaultAccount, a); err != nil {
		t.Fatal(err)
	}
	if n := len(w.e.budgets.all); n != 0 {
		t.Fatalf("%d budgets are left", n)
	}
}

// One limit for two lanes that send as fast as they may.
func TestBudgetRateOfLanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opts = func(o *Options) { o.Opener = shared{w} }
	w.start()
	var ids []event.ID
	for _, limit := range []string{"100", "1000", ""} {
		delivery := `{"concurrency":16}`
		if limit != "" {
			delivery = fmt.Sprintf(`{"concurrency":16,"rate":{"per_second":%s}}`, limit)
		}
		id, _ := w.add(delivery, "*")
		w.change(id, func(i *store.Integration) { i.Owner = "token" })
		ids = append(ids, id)
	}
	began := time.Now()
	w.sendN(70, 70, "alert.created", nil)
	for _, id := range ids {
		w.settled(id)
	}
	if took := time.Since(began); took < 800*time.Millisecond || took > 8*time.Second {
		t.Fatalf("210 requests at 100/s with a burst of 100 took %v", took)
	}
}

// Why a lane is paused is told.
func TestHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	for _, c := range []struct {
		change func(*store.Integration)
		state  LaneState
		hold   Hold
	}{
		{func(i *store.Integration) { i.Voided = []string{"token"} }, LanePaused, HoldCredential},
		{func(i *store.Integration) { i.Paused = true }, LanePaused, HoldPerson},
		{func(i *store.Integration) { i.Enabled = false }, LaneDisabled, ""},
		{func(i *store.Integration) { i.Enabled, i.Paused = true, false }, LanePaused, HoldCredential},
	} {
		w.change(id, c.change)
		if s, _ := w.e.IntegrationStats(event.DefaultAccount, id); s.State != c.state || s.Hold != c.hold {
			t.Fatalf("%s %q, want %s %q", s.State, s.Hold, c.state, c.hold)
		}
	}
	w.sendN(3, 3, "alert.created", nil)
	eventually(t, "they wait", func() bool { return w.counts(id).Waiting == 3 })
	if r.callCount() != 0 {
		t.Fatal("something was sent with a credential that was given up")
	}
	w.change(id, func(i *store.Integration) { i.Voided = nil })
	if c := w.settled(id); c.Delivered != 3 {
		t.Fatalf("%+v", c)
	}
}
