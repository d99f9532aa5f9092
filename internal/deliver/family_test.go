package deliver

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// A parent's integration gets what happens below it, with the way up; nothing else crosses.
func TestParentSeesChildren(t *testing.T) {
	t.Parallel()
	c := newClan(t)
	c.tree.up = map[event.Account]event.Account{"shop": "emea", "emea": "acme"}
	c.start()
	top, rTop := c.join("acme", quick, true, "alert.*")
	alone, _ := c.join("acme", quick, false, "*")
	mid, _ := c.join("emea", quick, true, "*")
	low, rLow := c.join("shop", quick, true, "*")
	var bodies []string
	rTop.set(func(_ context.Context, d connector.Delivery) error {
		bodies = append(bodies, string(d.Record.AppendJSON(nil)))
		return nil
	})
	shop := c.post("shop", 1, 1, "alert.created")[0]
	c.rest(top)
	rTop.set(happy)
	emea := c.post("emea", 2, 2, "alert.created")
	c.post("acme", 3, 3, "alert.created")
	c.post("shop", 4, 4, "ip.blocked")
	c.post("other", 5, 5, "alert.created")
	for id, want := range map[event.ID]Counts{
		top:   {Journalled: 10, Matched: 6, Filtered: 4, Delivered: 6},
		alone: {Journalled: 3, Matched: 3, Delivered: 3},
		mid:   {Journalled: 7, Matched: 7, Delivered: 7},
		low:   {Journalled: 5, Matched: 5, Delivered: 5},
	} {
		eventually(t, "all is delivered", func() bool { return c.stats(id).Counts == want })
	}
	for _, w := range []struct {
		id, event event.ID
		line      string
	}{
		{top, shop.ID, "shop[emea acme]"}, {mid, shop.ID, "shop[emea]"}, {low, shop.ID, "shop[]"},
		{top, emea[0].ID, "emea[acme]"}, {mid, emea[0].ID, "emea[]"}, {low, emea[0].ID, ""}, {alone, shop.ID, ""},
	} {
		if got := c.line(w.id, w.event); got != w.line {
			t.Errorf("%q, want %q", got, w.line)
		}
	}
	if want := `"account":"shop","account_parents":["emea","acme"],`; !strings.Contains(bodies[0], want) {
		t.Errorf("the receiver got %s", bodies[0])
	}
	if rLow.accepted() != 5 || len(shop.Parents) != 0 {
		t.Error("the journal's record was changed")
	}
}

// What is parked keeps whose it is, through a restart, and what a parent may look up ends at its deliveries.
func TestParkedOfChild(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := newClan(t)
	c.tree.up = map[event.Account]event.Account{"shop": "emea", "emea": "acme"}
	c.start()
	top, r := c.join("acme", `{"retry":{"schedule":["0s","1h"]},"order":"by_key"}`, true, "alert.*")
	low, _ := c.join("shop", quick, false, "*")
	r.set(failing)
	rec := c.post("shop", 1, 1, "alert.created")[0]
	hidden := c.post("shop", 1, 1, "ip.blocked")[0]
	eventually(t, "it is parked", func() bool { return c.stats(top).Counts.Parked == 1 })
	c.rest(low)
	c.tick()
	check := func(status string) {
		t.Helper()
		v, err := c.e.Delivery(ctx, "acme", event.DeliveryID(rec.ID, top))
		if err != nil || v.Account != "shop" || v.Status != status || v.OrderingKey != "shop/0" || v.Event != rec.ID {
			t.Fatalf("%+v, %v", v, err)
		}
		for _, f := range []DeliveryFilter{{Event: rec.ID}, {Integration: top}} {
			list, _, err := c.e.Deliveries(ctx, "acme", f, store.Page{})
			if err != nil || len(list) != 1 || list[0].Account != "shop" || list[0].Status != status || list[0].ID != v.ID {
				t.Fatalf("%+v: %+v, %v", f, list, err)
			}
		}
		list, _, err := c.e.Deliveries(ctx, "shop", DeliveryFilter{Event: rec.ID}, store.Page{})
		if err != nil || len(list) != 1 || list[0].Integration != low {
			t.Fatalf("the child sees %+v, %v", list, err)
		}
		if list, _, err := c.e.Deliveries(ctx, "acme", DeliveryFilter{Event: hidden.ID}, store.Page{}); err != nil || len(list) != 0 {
			t.Fatalf("of an event that it did not want: %+v, %v", list, err)
		}
		if _, err := c.e.Delivery(ctx, "shop", v.ID); err == nil {
			t.Fatal("the child sees the parent's delivery")
		}
		if _, err := c.e.Event(ctx, "acme", rec.ID); err == nil {
			t.Fatal("events are read by their own account only")
		}
	}
	check("parked")
	c.tick()
	c.crash()
	c.lines[top] = nil
	c.start()
	check("parked")
	if _, err := c.e.Discard(ctx, "acme", Selection{IDs: []event.ID{event.DeliveryID(rec.ID, top)}}, "no"); err != nil {
		t.Fatal(err)
	}
	c.tick()
	check("discarded")
	r.set(happy)
	if err := c.e.Retry(ctx, "acme", event.DeliveryID(rec.ID, top), false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay", func() bool { return r.count(rec.ID) == 1 })
	c.rest(top)
	c.tick()
	check("delivered")
	if got := c.line(top, rec.ID); got != "shop[emea acme]" {
		t.Fatalf("it came as %q", got)
	}
	// A replay that something newer of the same key of the same account overtook is refused; another account's is no reason.
	r.set(func(_ context.Context, d connector.Delivery) error {
		if d.Record.Account == "shop" {
			return connector.Permanent(errDead)
		}
		return nil
	})
	old := c.post("shop", 1, 1, "alert.created")[0]
	eventually(t, "mailbox", func() bool { return c.stats(top).Counts.Mailbox == 1 })
	c.post("emea", 1, 1, "alert.created")
	c.rest(top)
	c.tick() // what is in the mailbox can be replayed once it is saved
	r.set(happy)
	if err := c.e.Retry(ctx, "acme", event.DeliveryID(old.ID, top), false); err != nil {
		t.Fatalf("held up by another account's key: %v", err)
	}
	c.rest(top)
}

// Facts of the hub's own go up only where they are named, as at home.
func TestFactsOfChildren(t *testing.T) {
	t.Parallel()
	c := newClan(t)
	c.tree.up = map[event.Account]event.Account{"shop": "acme"}
	c.start()
	all, rAll := c.join("acme", quick, true, "*")
	named, rNamed := c.join("acme", quick, true, "system.*")
	fact := recordOf("system.user_created", "")
	fact.Account, fact.Flags = "shop", event.Internal
	if _, err := c.j.Append(t.Context(), appendOf(fact)); err != nil {
		t.Fatal(err)
	}
	c.rest(all)
	c.rest(named)
	if rAll.accepted() != 0 || rNamed.accepted() != 1 {
		t.Fatalf("%d and %d", rAll.accepted(), rNamed.accepted())
	}
	for account, want := range map[event.Account]route.Reason{"shop": route.Wanted, "acme": route.Wanted, "other": route.OtherAccount, "": route.Wanted} {
		sample := recordOf("alert.created", "")
		sample.Account = account
		if why, ok := c.e.Explain("acme", all, sample); !ok || why != want {
			t.Errorf("%s: %q", account, why)
		}
	}
}

// A lane that is behind uses the family that was in force at each position; also after a crash.
func TestTreeChangesWhileBehind(t *testing.T) {
	t.Parallel()
	for _, restart := range []string{"no", "clean", "crash"} {
		t.Run(restart, func(t *testing.T) {
			t.Parallel()
			c := newClan(t)
			c.tree.up = map[event.Account]event.Account{"a": "acme"}
			c.start()
			top, r := c.join("acme", quick, true, "*")
			c.change(top, func(i *store.Integration) { i.Paused = true })
			full := c.post("a", SingleWindowEvents+50, 100, "alert.created")
			early := c.post("b", 10, 10, "alert.created")
			eventually(t, "the tail is at the end", c.tailAtEnd)
			c.move("b", "a")
			inside := c.post("b", 10, 5, "alert.created")
			eventually(t, "the tail is at the end", c.tailAtEnd)
			c.move("a", "")
			outside := append(c.post("a", 10, 5, "alert.created"), c.post("b", 5, 5, "alert.created")...)
			eventually(t, "the tail is at the end", c.tailAtEnd)
			c.move("b", "acme")
			late := c.post("b", 10, 5, "alert.created")
			switch restart {
			case "clean":
				c.stop()
				c.start()
			case "crash":
				c.crash()
				c.start()
			}
			if n := c.stats(top).Counts; n.Behind+n.Waiting != uint64(len(full)+len(inside)+len(late)) {
				t.Fatalf("%+v", n)
			}
			c.change(top, func(i *store.Integration) { i.Paused = false })
			n := c.rest(top)
			want := uint64(len(full) + len(inside) + len(late))
			if n.Delivered != want || n.Journalled != want || n.Filtered != 0 || n.Lost != 0 {
				t.Fatalf("%+v", n)
			}
			for _, w := range []struct {
				list []*event.Record
				line string
			}{{full, "a[acme]"}, {early, ""}, {inside, "b[a acme]"}, {outside, ""}, {late, "b[acme]"}} {
				for _, rec := range w.list {
					if got := c.line(top, rec.ID); got != w.line {
						t.Fatalf("%q, want %q", got, w.line)
					}
				}
			}
			if r.changed || len(c.wrong) > 0 {
				t.Fatal(c.wrong)
			}
		})
	}
}

// Taking the children in and out again is a change like any other.
func TestSwitchingChildren(t *testing.T) {
	t.Parallel()
	c := newClan(t)
	c.tree.up = map[event.Account]event.Account{"a": "acme", "b": "a"}
	c.start()
	top, r := c.join("acme", quick, false, "*")
	c.post("b", 5, 5, "alert.created")
	eventually(t, "the tail is at the end", c.tailAtEnd)
	with := func(children bool) {
		c.change(top, func(i *store.Integration) {
			i.Subscription = marshal(map[string]any{"types": []string{"*"}, "include_children": children})
		})
	}
	with(true)
	c.post("b", 7, 5, "alert.created")
	c.post("a", 4, 5, "alert.created")
	eventually(t, "the tail is at the end", c.tailAtEnd)
	with(false)
	c.post("a", 6, 5, "alert.created")
	c.post("acme", 1, 5, "alert.created")
	if n := c.rest(top); n.Delivered != 12 || n.Journalled != 12 || r.accepted() != 12 {
		t.Fatalf("%+v", n)
	}
	if l := c.e.lane("acme", top); len(l.below) != 0 {
		t.Fatal("it is still in the index of the children")
	}
}

// Too many versions are merged, and the sums hold.
func TestManyTreeChangesWhileBehind(t *testing.T) {
	t.Parallel()
	c := newClan(t)
	c.start()
	top, _ := c.join("acme", quick, true, "*")
	c.change(top, func(i *store.Integration) { i.Paused = true })
	c.post("acme", SingleWindowEvents+1, 512, "alert.created")
	for i := range maxSubVersions + 20 {
		eventually(t, "the tail is at the end", c.tailAtEnd)
		up := event.Account("acme")
		if i%2 == 1 {
			up = ""
		}
		c.move(event.Account([]string{"a", "a", "b", "b"}[i%4]), up)
		c.post("a", 2, 2, "alert.created")
		c.post("b", 3, 3, "alert.created")
	}
	c.addUp()
	c.crash()
	c.start()
	c.change(top, func(i *store.Integration) { i.Paused = false })
	if n := c.rest(top); n.Lost != 0 || n.Delivered < SingleWindowEvents+1+100 {
		t.Fatalf("%+v", n)
	}
}

// Rows that were saved before families were known must load.
func TestOldLaneState(t *testing.T) {
	t.Parallel()
	old := `{"at":{"matched":3,"filtered":2,"passed":0,"lost":0,"expired":0,"seq":5},"counts":{"delivered":3},"class_base":0,
		"start_seq":0,"subs":[{"from":{"Epoch":0,"Frame":0,"Item":0},"subscription":{"types":["*"],"include_children":true}}]}`
	s, err := readLaneState(json.RawMessage(old), "acme")
	if err != nil || len(s.Subs) != 1 || s.Subs[0].kin != nil || s.At.Seq != 5 || !s.Subs[0].sub.IncludeChildren {
		t.Fatalf("%+v, %v", s, err)
	}
}
