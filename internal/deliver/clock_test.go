package deliver

import (
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestJump(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ wall, monotonic, want time.Duration }{
		{time.Second, time.Second, 0},
		{30 * time.Second, time.Second, 0}, // NTP corrects more slowly than that, but no harm is done
		{time.Hour + time.Second, time.Second, time.Hour},
		{time.Second - time.Hour, time.Second, -time.Hour},
		{10 * time.Minute, 10 * time.Minute, 0}, // a process that was stopped
		{-time.Minute + time.Second, time.Second, -time.Minute},
	} {
		if got := jump(c.wall, c.monotonic); got != c.want {
			t.Errorf("%v of wall time in %v is a jump of %v, want %v", c.wall, c.monotonic, got, c.want)
		}
	}
}

// What is parked is as far away, and as old, whatever is said of the wall clock: in memory it goes by the monotonic clock,
// which the test cannot set; the fault "clock" of the torture sets the wall clock of a whole hub.
func TestJumpOfTheWallClock(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{100 * 24 * time.Hour, -time.Hour} {
		w := newWorld(t)
		w.start()
		id, r := w.add(`{"retry":{"schedule":["0s","1h"]}}`, "*")
		r.set(failing)
		rec := w.sendN(1, 1, "alert.created", nil)[0]
		eventually(t, "it is parked", func() bool { return w.counts(id).Parked == 1 })
		w.tick()
		row := func() (due, first time.Time) {
			p, err := w.s.GetParked(t.Context(), event.DefaultAccount, event.DeliveryID(rec.ID, id))
			if err != nil {
				t.Fatal(err)
			}
			return p.Due, p.FirstTried
		}
		due, first := row()
		w.e.shiftDue(by)
		w.tick()
		const drift = time.Second // between the clocks, in a test that takes no time
		if d, f := row(); d.Sub(due).Abs() > drift || f.Sub(first).Abs() > drift {
			t.Fatalf("due %v and first tried %v later", d.Sub(due), f.Sub(first))
		}
		w.crash()
	}
}

// An event that seems to come from the future, because the clock was set back, does not wait for it.
func TestFirstDelayAfterAJumpBack(t *testing.T) {
	t.Parallel()
	l, now := pureLane(t, `{"retry":{"schedule":["1m","1m"]}}`)
	rec := recordOf("alert.created", "")
	rec.Received = now.Add(time.Hour).Round(0)
	if at := l.notBefore(&entry{rec: rec}); at.After(now) {
		t.Fatalf("not before %v", at)
	}
	rec.Received = now.Add(-time.Second)
	if at := l.notBefore(&entry{rec: rec}); at.Sub(now) != 59*time.Second {
		t.Fatalf("in %v", at.Sub(now))
	}
}
