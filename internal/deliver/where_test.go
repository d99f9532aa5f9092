package deliver

import (
	"encoding/json"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func subscriptionWhere(where string, types ...string) json.RawMessage {
	return marshal(map[string]any{"types": types, "where": where})
}

// A where is one filter more: counted, in force by position also after a crash, and what cannot be evaluated shows.
func TestWhere(t *testing.T) {
	t.Parallel()
	for _, restart := range []string{"no", "clean", "crash"} {
		t.Run(restart, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			id, r := w.add(quick, "alert.created")
			r.batch.Store(false)
			w.change(id, func(i *store.Integration) {
				i.Subscription = subscriptionWhere(`event.ordering_key == "a"`, "alert.*")
			})
			w.sendN(30, 5, "alert.created", func(i int) string { return string(rune('a' + i%3)) })
			if c := w.settled(id); c.Delivered != 10 || c.Filtered != 20 || c.WhereFailed != 0 {
				t.Fatalf("%+v", c)
			}
			w.change(id, func(i *store.Integration) { i.Paused = true })
			w.sendN(SingleWindowEvents+30, 30, "alert.created", func(int) string { return "a" })
			w.sendN(6, 3, "alert.created", func(int) string { return "b" })
			eventually(t, "the tail is at the end", w.tailAtEnd)
			w.change(id, func(i *store.Integration) {
				i.Subscription = subscriptionWhere(`event.data.missing == 1 || event.ordering_key == "b"`, "alert.*")
			})
			w.sendN(4, 2, "alert.created", func(int) string { return "b" })
			w.sendN(5, 2, "alert.created", func(int) string { return "a" })
			switch restart {
			case "clean":
				w.stop()
				w.start()
			case "crash":
				w.crash()
				w.start()
			}
			w.change(id, func(i *store.Integration) { i.Paused = false })
			c := w.settled(id)
			if c.Delivered != 10+SingleWindowEvents+30+4 || c.Filtered != 20+6+5 || c.WhereFailed != 5 {
				t.Fatalf("%+v", c)
			}
		})
	}
}

// An integration above asks its own where about the events of the accounts below.
func TestWhereOfChildren(t *testing.T) {
	t.Parallel()
	c := newClan(t)
	c.tree.up = map[event.Account]event.Account{"shop": "acme"}
	c.start()
	top, _ := c.join("acme", quick, true, "alert.*")
	c.change(top, func(i *store.Integration) {
		i.Subscription = json.RawMessage(`{"types":["*"],"include_children":true,"where":"event.account == \"shop\""}`)
	})
	c.post("shop", 3, 1, "alert.created")
	c.post("acme", 2, 1, "alert.created")
	want := Counts{Journalled: 5, Matched: 3, Filtered: 2, Delivered: 3}
	eventually(t, "all is delivered", func() bool { return c.stats(top).Counts == want })
}
