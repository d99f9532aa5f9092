package storetest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func said(account event.Account) store.Said {
	return store.Said{
		ID: event.NewID(), Account: account, Type: "system.notice", Origin: "int_01", Hops: 255,
		Event: json.RawMessage(`{"type":"system.notice","title":"'; DROP TABLE outbox; --"}`), At: at(7),
	}
}

// waiting is everything in the outbox.
func (s *suite) waiting(t *testing.T) []store.Said {
	t.Helper()
	list, err := s.ListOutbox(s.ctx, store.MaxPage)
	must(t, err)
	count, err := s.CountOutbox(s.ctx)
	must(t, err)
	same(t, "count of the outbox", count, store.OutboxCount{Waiting: uint64(len(list))})
	return list
}

func testOutboxWithIntegration(t *testing.T, s *suite) {
	same(t, "a new installation's outbox", len(s.waiting(t)), 0)
	i, created, changed := integration(acme, "i"), said(acme), said(acme)
	changed.Origin, changed.Hops = "", 0
	i.Say = []store.Said{created}
	must(t, s.CreateIntegration(s.ctx, i))
	same(t, "after a creation", s.waiting(t), []store.Said{created})
	got, err := s.GetIntegration(s.ctx, acme, i.ID)
	must(t, err)
	same(t, "facts that were read back", len(got.Say), 0)

	twin := integration(acme, "i")
	twin.Say = []store.Said{said(acme)}
	wantErr(t, "a taken name", s.CreateIntegration(s.ctx, twin), store.ErrConflict)
	stale := i
	stale.Version, stale.Say = 7, []store.Said{said(acme)}
	wantErr(t, "a stale version", s.UpdateIntegration(s.ctx, stale), store.ErrConflict)
	foreign := i
	foreign.Account, foreign.Say = other, []store.Said{said(other)}
	wantErr(t, "another account's integration", s.UpdateIntegration(s.ctx, foreign), store.ErrNotFound)
	same(t, "after refused changes", s.waiting(t), []store.Said{created})

	for name, spoil := range spoiled() {
		bad := i
		bad.Name, bad.Say = "not stored", []store.Said{said(acme), said(acme)}
		spoil(&bad.Say[1])
		wantErr(t, "a fact "+name, s.UpdateIntegration(s.ctx, bad), store.ErrInvalid)
		got, err = s.GetIntegration(s.ctx, acme, i.ID)
		must(t, err)
		same(t, "the row after a fact "+name, got.Name+" "+string(rune('0'+got.Version)), "i 1")
	}
	same(t, "after facts that cannot be stored", s.waiting(t), []store.Said{created})

	i.Say = []store.Said{changed}
	must(t, s.UpdateIntegration(s.ctx, i))
	s.reopen(t)
	same(t, "after a change", s.waiting(t), []store.Said{created, changed})
}

// spoiled are facts that no outbox takes.
func spoiled() map[string]func(*store.Said) {
	return map[string]func(*store.Said){
		"without account": func(v *store.Said) { v.Account = "" },
		"without type":    func(v *store.Said) { v.Type = "" },
		"without event":   func(v *store.Said) { v.Event = nil },
		"too long": func(v *store.Said) {
			v.Event = json.RawMessage(`"` + strings.Repeat("x", store.MaxSaidBytes-1) + `"`)
		},
	}
}

func testOutboxWithTick(t *testing.T, s *suite) {
	id := event.NewID()
	for name, spoil := range spoiled() {
		tick := fullTick(acme, id, 7)
		tick.Say = []store.Said{said(acme), said(acme)}
		spoil(&tick.Say[1])
		wantErr(t, "a fact "+name, s.SaveTick(s.ctx, tick), store.ErrInvalid)
		same(t, "what a tick with a fact "+name+" left behind", s.counts(t, id), counts{})
	}
	tick := fullTick(acme, id, 7)
	tick.Say = []store.Said{said(acme), said(other)}
	tick.Park[0].Account = ""
	wantErr(t, "an invalid tick", s.SaveTick(s.ctx, tick), store.ErrInvalid)
	same(t, "facts of ticks that were refused", len(s.waiting(t)), 0)

	tick.Park[0].Account = acme
	for range 2 { // the same tick twice
		s.tick(t, tick)
		same(t, "facts of a tick", s.waiting(t), tick.Say)
	}
	again := tick.Say[0]
	again.Account, again.Event = other, json.RawMessage(`{"type":"a.b"}`)
	s.tick(t, store.Tick{Say: []store.Said{again}})
	same(t, "after another fact of a known id", s.waiting(t), tick.Say)

	largest := said(acme)
	largest.Event = json.RawMessage(`"` + strings.Repeat("x", store.MaxSaidBytes-2) + `"`)
	s.tick(t, store.Tick{Say: []store.Said{largest}})
	s.reopen(t)
	same(t, "after a fact of the largest size", s.waiting(t), append(tick.Say, largest))
}

// testOutboxOrder says things with integrations and with ticks in turn.
func testOutboxOrder(t *testing.T, s *suite) {
	var want []store.Said
	for n := range 7 {
		a, b := said(acme), said(other)
		i := integration(acme, string(rune('a'+n)))
		i.Say = []store.Said{a}
		s.tick(t, store.Tick{Say: []store.Said{b}}) // the later one first
		must(t, s.CreateIntegration(s.ctx, i))
		want = append(want, a, b)
	}
	same(t, "the whole outbox", s.waiting(t), want)
	for limit, n := range map[int]int{-1: 1, 0: 1, 1: 1, 3: 3, 14: 14, 15: 14, 1 << 30: 14} {
		list, err := s.ListOutbox(s.ctx, limit)
		must(t, err)
		same(t, "the oldest facts", list, want[:n])
	}
	for _, skip := range []event.Account{acme, other} {
		list, err := s.ListOutbox(s.ctx, 3, skip, "a third")
		must(t, err)
		for _, v := range list {
			if v.Account == skip {
				t.Errorf("the list without %s holds its fact", skip)
			}
		}
		same(t, "facts of the other account", len(list), 3)
	}
	list, err := s.ListOutbox(s.ctx, 3, acme, other)
	must(t, err)
	same(t, "facts of nobody", len(list), 0)
}

func testOutboxDelete(t *testing.T, s *suite) {
	a, b, c := said(acme), said(acme), said(acme)
	i := integration(acme, "i")
	i.Say = []store.Said{a, b}
	must(t, s.CreateIntegration(s.ctx, i))
	s.tick(t, store.Tick{Say: []store.Said{c}})
	for _, step := range []struct {
		gone []event.ID
		want []store.Said
	}{
		{nil, []store.Said{a, b, c}},
		{[]event.ID{event.NewID()}, []store.Said{a, b, c}},
		{[]event.ID{b.ID, b.ID}, []store.Said{a, c}},
		{[]event.ID{c.ID, b.ID, a.ID}, nil},
		{[]event.ID{a.ID}, nil},
	} {
		must(t, s.DeleteOutbox(s.ctx, step.gone))
		same(t, "after a deletion", s.waiting(t), step.want)
	}
}
