package deliver

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// alertOf is an alert's announcement, or news of it.
func alertOf(kind, key string, severity event.Severity) *event.Record {
	r := recordOf(kind, key)
	r.DedupKey, r.Severity, r.Project = key, severity, "web"
	r.Body = fmt.Appendf(nil, `{"type":%q,"severity":%q,"title":"about %s","dedup_key":%q,"project":"web"}`, kind, severity, key, key)
	return r
}

const (
	opened = "alert.created"
	acked  = "alert.acknowledged"
	over   = "alert.resolved"
)

// statusOf is where an event stands with an integration.
func (w *world) statusOf(r *event.Record, id event.ID) string {
	w.t.Helper()
	w.tick()
	v, err := w.e.Delivery(context.Background(), event.DefaultAccount, event.DeliveryID(r.ID, id))
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Status
}

func (w *world) left(id event.ID) (reasons []string) {
	w.t.Helper()
	w.tick()
	list, _, err := w.e.Suppressed(context.Background(), event.DefaultAccount, id, store.Page{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range list {
		reasons = append(reasons, s.Reason)
	}
	return reasons
}

// Repeats are left out, counted and listed; what is remembered of them survives a crash.
func TestDedup(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		t.Run(fmt.Sprintf("batch=%v", batch), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			id, r := w.add(`{"noise":{"dedup_window":"1h"}}`, "*")
			r.batch.Store(batch)
			w.change(id, func(*store.Integration) {})
			first, again, worse := alertOf(opened, "a", event.Low), alertOf(opened, "a", event.Low), alertOf(opened, "a", event.High)
			w.send(first, again)
			w.send(worse, alertOf(opened, "a", event.High), alertOf(opened, "b", event.Low))
			if c := w.settled(id); c.Delivered != 3 || c.Skipped != 2 || r.count(again.ID) != 0 || r.count(worse.ID) != 1 {
				t.Fatalf("%+v", c)
			}
			if s := w.stats(id); s.Held.Dedup != 2 {
				t.Errorf("%+v", s.Held)
			}
			if got := w.statusOf(again, id); got != statusSkipped {
				t.Errorf("the repeat is %s", got)
			}
			w.tick()
			w.crash()
			w.start()
			w.send(alertOf(opened, "a", event.High), alertOf(over, "a", event.High), alertOf(opened, "a", event.Low))
			if c := w.settled(id); c.Delivered != 5 || c.Skipped != 3 {
				t.Fatalf("after a crash: %+v", c)
			}
			if got := w.left(id); len(got) != 3 || got[0] != "dedup" {
				t.Errorf("listed: %v", got)
			}
		})
	}
}

// silent is a Silences of tests: it silences what is of low severity.
type silent struct {
	mu sync.Mutex
	on bool
}

func (s *silent) set(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
}

func (s *silent) Any(event.Account) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on
}

func (s *silent) Match(_ event.Account, _ string, r *event.Record, now time.Time) (string, time.Time, bool) {
	return "sil_x", now.Add(time.Hour), s.Any("") && r.Severity == event.Low
}

// A silence takes effect at once, and so does its end. What was announced before is followed to its end all the same.
func TestSilenced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := new(silent)
	w.opts = func(o *Options) { o.Silences = s }
	w.start()
	id, r := w.add(quick, "*")
	w.settled(id)
	s.set(true)
	mute := alertOf(opened, "mute", event.Low)
	w.send(alertOf(opened, "loud", event.High), mute)
	w.settled(id)
	w.send(alertOf(acked, "mute", event.Low), alertOf(over, "loud", event.Low)) // the trigger went out
	if c := w.settled(id); c.Delivered != 2 || c.Skipped != 2 {
		t.Fatalf("%+v", c)
	}
	w.tick()
	s.set(false)
	w.crash()
	w.start()
	w.send(alertOf(over, "mute", event.Low)) // nobody was told of it
	w.send(alertOf(opened, "mute", event.Low), alertOf(over, "mute", event.Low))
	if c := w.settled(id); c.Delivered != 4 || c.Skipped != 3 || r.count(mute.ID) != 0 {
		t.Fatalf("%+v", c)
	}
	if got := w.stats(id).Held; got.Silenced != 3 {
		t.Errorf("%+v", got)
	}
	w.tick()
	list, _, err := w.e.Suppressed(context.Background(), event.DefaultAccount, id, store.Page{Limit: 10})
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	if l := list[2]; l.Event != mute.ID || l.Reason != "silenced" || l.Detail != "sil_x" || l.Title != "about mute" || !l.Until.After(l.At) {
		t.Errorf("%+v", l)
	}
}

// A lane that sent something before there was a silence does not know of what: it lets news go.
func TestSilenceAfterTheTrigger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := new(silent)
	w.opts = func(o *Options) { o.Silences = s }
	w.start()
	id, r := w.add(quick, "*")
	end := alertOf(over, "a", event.Low)
	w.send(alertOf(opened, "a", event.Low))
	w.settled(id)
	s.set(true)
	w.send(alertOf(opened, "a", event.Low), end)
	if c := w.settled(id); c.Delivered != 2 || c.Skipped != 1 || r.count(end.ID) != 1 {
		t.Fatalf("%+v", c)
	}
}

// Without noise control, and without silences, nothing is remembered.
func TestHeedsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := new(silent)
	w.opts = func(o *Options) { o.Silences = s }
	w.start()
	id, _ := w.add(quick, "*")
	w.send(alertOf(opened, "a", event.Low))
	w.settled(id)
	l := w.lane(id)
	if l.noise != nil || l.heeding() {
		t.Error("it remembers")
	}
	// And what was remembered for a silence is forgotten in the end.
	s.set(true)
	w.send(alertOf(opened, "a", event.High), alertOf(over, "a", event.High))
	w.settled(id)
	if l.noise == nil {
		t.Fatal("it remembers nothing")
	}
	s.set(false)
	w.e.pruneNoise(time.Now())
	w.tick()
	if rows, err := w.s.LoadRemembered(context.Background(), id); l.noise != nil || err != nil || len(rows) != 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
