package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// messages keeps what a receiver was sent, and fails as it is told.
type messages struct {
	*receiver
	sent []message
	fail error
}

type message struct {
	key, kind, title string
	count            int // of the group; 0: it is none
	attempt          int
}

// reading lets a receiver note what comes.
func reading(r *receiver) *messages {
	m := &messages{receiver: r}
	r.set(func(_ context.Context, d connector.Delivery) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		body := d.Record.Body
		count := gjson.GetBytes(body, "data.group.count").Int() + gjson.GetBytes(body, "data.held.count").Int()
		m.sent = append(m.sent, message{d.Key, d.Record.Type, gjson.GetBytes(body, "title").String(), int(count), d.Attempt})
		return m.fail
	})
	return m
}

func (m *messages) failing(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *messages) all() []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]message(nil), m.sent...)
}

func (m *messages) titles() string {
	var list []string
	for _, s := range m.all() {
		list = append(list, s.title)
	}
	return strings.Join(list, ", ")
}

const (
	grouping = `{"noise":{"group":{"by":["project"],"wait":"1h","interval":"2h"}}}`
	slowly   = `{"noise":{"group":{"by":["project"],"wait":"1h","max":3}}}`
	always   = `{"noise":{"quiet_hours":[{"from":"00:00","to":"00:00"}]}}`
)

// ends replaces an integration's policy, so that what is held goes through the new one.
func (w *world) ends(id event.ID, delivery string) {
	w.change(id, func(i *store.Integration) { i.Delivery = json.RawMessage(delivery) })
}

// ripe lets the time of everything come that an integration holds.
func (w *world) ripe(id event.ID) {
	l := w.lane(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held.allDue(time.Now())
	l.dispatch()
}

func (w *world) heldNow(id event.ID, n uint64) {
	w.t.Helper()
	eventually(w.t, fmt.Sprint(n, " are held"), func() bool {
		s := w.stats(id)
		return s.Held.Grouped+s.Held.QuietHours+s.Held.RateCap == n && s.Counts.Waiting == 0 && s.Counts.Behind == 0
	})
}

// A group is one message, and every delivery of it is delivered by that.
func TestGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(grouping, "*")
	m := reading(r)
	first, worst := alertOf(opened, "a", event.Low), alertOf(opened, "b", event.High)
	w.send(first, worst, alertOf(opened, "c", event.Low))
	w.heldNow(id, 3)
	if c := w.counts(id); c.Parked != 3 {
		t.Fatalf("%+v", c)
	}
	w.tick()
	held, _, err := w.e.Deliveries(context.Background(), event.DefaultAccount, DeliveryFilter{Status: "held"}, store.Page{})
	if err != nil || len(held) != 3 || held[0].Due.IsZero() || held[0].CauseClass != "grouped" {
		t.Fatalf("%+v, %v", held, err)
	}
	w.ripe(id)
	if c := w.settled(id); c.Delivered != 3 || r.callCount() != 1 {
		t.Fatalf("%+v, %d calls", c, r.callCount())
	}
	got := m.all()[0]
	if want := (message{event.DeliveryID(first.ID, id).Text(event.PrefixDelivery), opened, "3 × about b", 3, 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	w.tick()
	for _, rec := range w.list {
		v, err := w.e.Delivery(context.Background(), event.DefaultAccount, event.DeliveryID(rec.ID, id))
		if err != nil || v.Status != statusDelivered || len(v.History) != 1 || v.History[0].Batched != 3 {
			t.Errorf("%+v, %v", v, err)
		}
	}
	if s := w.stats(id).Held; s.Messages != 1 || s.Composed != 3 {
		t.Errorf("%+v", s)
	}
	// One alone is sent as it is, an interval after the last.
	alone := alertOf(opened, "d", event.Low)
	w.send(alone)
	w.heldNow(id, 1)
	w.tick()
	v, err := w.e.Delivery(context.Background(), event.DefaultAccount, event.DeliveryID(alone.ID, id))
	if wait := time.Until(v.Due); err != nil || wait < time.Hour || wait > 2*time.Hour {
		t.Errorf("it waits for %v, %v", wait, err)
	}
	w.ripe(id)
	if w.settled(id); m.all()[1].title != "about d" || r.count(alone.ID) != 1 {
		t.Errorf("%+v", m.all())
	}
}

// A full group does not wait; what belongs to no group does not wait at all, nor does news of what was announced.
func TestGroupMax(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(slowly, "*")
	m := reading(r)
	none := recordOf("ip.blocked", "")
	w.send(alertOf(opened, "a", event.Low), none, alertOf(opened, "b", event.Low))
	w.heldNow(id, 2)
	if r.count(none.ID) != 1 {
		t.Error("what has no group waits")
	}
	w.send(alertOf(opened, "c", event.Low))
	w.settled(id)
	w.send(alertOf(over, "b", event.Low))
	w.settled(id)
	if got := m.titles(); got != ", 3 × about a, about b" {
		t.Errorf("%s", got)
	}
}

// What is held survives a crash; a message that was under way is repeated with the same key and the same deliveries,
// although more came since.
func TestGroupCrash(t *testing.T) {
	t.Parallel()
	for _, flying := range []bool{false, true} {
		t.Run(fmt.Sprintf("flying=%v", flying), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			delivery := `{"noise":{"group":{"by":["project"],"wait":"1h","max":3}}}`
			if !flying {
				delivery = `{"noise":{"group":{"by":["project"],"wait":"1h","max":4}}}`
			}
			id, r := w.add(delivery, "*")
			first := alertOf(opened, "a", event.Low)
			if flying {
				r.set(hanging)
			}
			w.send(first, alertOf(opened, "b", event.Low), alertOf(opened, "c", event.Low))
			if flying {
				eventually(t, "it is under way", func() bool { return r.callCount() == 1 })
			} else {
				w.heldNow(id, 3)
				w.tick()
			}
			w.crash()
			m := reading(r)
			w.start()
			w.mustAddUp()
			w.send(alertOf(opened, "d", event.Low))
			if flying {
				eventually(t, "the message", func() bool { return len(m.all()) == 1 })
				w.heldNow(id, 1)
			} else {
				w.settled(id)
			}
			got := m.all()
			want := map[bool]int{true: 3, false: 4}[flying]
			if len(got) != 1 || got[0].count != want || got[0].key != event.DeliveryID(first.ID, id).Text(event.PrefixDelivery) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A group that fails is retried as one, with its key; in the end each has its row in the mailbox, and can be replayed.
func TestGroupFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	to, rto := w.add(quick)
	id, r := w.add(`{"retry":{"schedule":["0s","5ms","5ms"]},"noise":{"group":{"by":["project"],"wait":"1h","max":2}}}`, "*")
	w.change(id, func(i *store.Integration) { i.Fallback = to })
	m := reading(r)
	m.failing(errors.New("500"))
	w.send(alertOf(opened, "a", event.Low), alertOf(opened, "b", event.Low))
	eventually(t, "both are in the mailbox", func() bool { return w.stats(id).Counts.Mailbox == 2 })
	w.settled(id)
	got := m.all()
	if len(got) != 3 || got[2].attempt != 3 || got[0].key != got[2].key || got[2].count != 2 {
		t.Fatalf("%+v", got)
	}
	for _, rec := range w.list {
		w.tick()
		v, err := w.e.Delivery(context.Background(), event.DefaultAccount, event.DeliveryID(rec.ID, id))
		if err != nil || v.Status != "mailbox" || v.CauseClass != "exhausted" || v.Attempts != 3 {
			t.Errorf("%+v, %v", v, err)
		}
		eventually(t, "the fallback has it", func() bool { return rto.count(rec.ID) == 1 })
	}
	m.failing(nil)
	if err := w.e.Retry(context.Background(), event.DefaultAccount, event.DeliveryID(w.list[1].ID, id), true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay", func() bool { return r.count(w.list[1].ID) == 1 })
	if got := m.all(); got[3].title != "about b" {
		t.Errorf("%+v", got[3])
	}
}

// At the end of quiet hours there is one summary; what was over by then is not in it, and nobody hears of it.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(always, "*")
	m := reading(r)
	gone, loud := alertOf(opened, "gone", event.Low), alertOf(opened, "loud", event.Critical)
	w.send(alertOf(opened, "a", event.Low), gone, loud, alertOf(opened, "b", event.High), alertOf(acked, "b", event.High))
	w.heldNow(id, 4)
	w.send(alertOf(over, "gone", event.Low), alertOf(over, "loud", event.Critical))
	w.heldNow(id, 3)
	if got := w.statusOf(gone, id); got != statusSkipped {
		t.Errorf("what was over is %s", got)
	}
	if got := m.titles(); got != "about loud, about loud" {
		t.Errorf("before the end: %s", got)
	}
	w.crash()
	m = reading(r)
	w.start()
	w.heldNow(id, 3)
	w.ends(id, quick)
	if c := w.settled(id); c.Delivered != 5 || c.Skipped != 2 {
		t.Fatalf("%+v", c)
	}
	got := m.all()
	if len(got) != 1 || got[0].kind != event.TypeHeldBack || got[0].count != 3 || !strings.HasPrefix(got[0].title, "3 notifications were held back between ") {
		t.Errorf("%+v", got)
	}
	if left := w.left(id); len(left) != 2 || left[0] != "resolved" || left[1] != "resolved" {
		t.Errorf("left out: %v", left)
	}
	w.tick()
	list, _, err := w.e.Deliveries(context.Background(), event.DefaultAccount, DeliveryFilter{Integration: id, Status: "delivered"}, store.Page{})
	if err != nil || len(list) != 5 {
		t.Errorf("%d deliveries are listed as delivered, %v", len(list), err)
	}
}

// Batches, and who asked for it, get each by itself.
func TestQuietHoursEach(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		w := newWorld(t)
		w.start()
		delivery := `{"noise":{"quiet_hours":[{"from":"00:00","to":"00:00","then":"each"}]}}`
		if batch {
			delivery = always
		}
		id, r := w.add(delivery, "*")
		r.batch.Store(batch)
		w.change(id, func(*store.Integration) {})
		for i := range 5 {
			w.send(alertOf(opened, fmt.Sprint(i), event.Low))
		}
		w.heldNow(id, 5)
		w.ends(id, quick)
		if c := w.settled(id); c.Delivered != 5 || r.accepted() != 5 {
			t.Fatalf("batch=%v: %+v", batch, c)
		}
	}
}

// What comes beyond the cap is summed up when its time is over.
func TestCap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"concurrency":1,"noise":{"cap":{"messages":2,"per":"1h"}}}`, "*")
	m := reading(r)
	for i := range 5 {
		w.send(alertOf(opened, fmt.Sprint(i), event.Low))
	}
	w.send(alertOf(opened, "worst", event.Critical), alertOf(over, "0", event.Low))
	w.heldNow(id, 3)
	w.tick()
	w.crash() // the count survives
	w.start()
	w.send(alertOf(opened, "late", event.Low))
	w.heldNow(id, 4)
	l := w.lane(id)
	l.mu.Lock()
	l.noise.Cap.From = l.noise.Cap.From.Add(-time.Hour)
	l.mu.Unlock()
	w.ripe(id)
	if c := w.settled(id); c.Delivered != 8 {
		t.Fatalf("%+v", c)
	}
	if got := m.titles(); got != "about 0, about 1, about worst, about 0, 4 notifications were held back: more than the cap allows in 1h" {
		t.Errorf("%s", got)
	}
}
