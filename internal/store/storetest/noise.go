package storetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func silence(account event.Account, ends int) store.Silence {
	return store.Silence{
		ID: event.NewID(), Account: account, Matchers: json.RawMessage(`[{"field":"tag","op":"=","value":"'"}]`), Where: "true",
		Integrations: []event.ID{event.NewID(), event.NewID()}, Reason: "work", Author: "dana@example.com", StartsAt: at(1), EndsAt: at(ends),
		Version: 1, CreatedAt: at(1), UpdatedAt: at(2),
	}
}

func testSilences(t *testing.T, s *suite) {
	one, two := silence(acme, 100), silence(acme, 200)
	two.Integrations = nil
	for _, v := range []store.Silence{one, two, silence(other, 300)} {
		must(t, s.CreateSilence(s.ctx, v))
	}
	got, err := s.GetSilence(s.ctx, acme, one.ID)
	must(t, err)
	same(t, "silence", got, one)
	_, err = s.GetSilence(s.ctx, other, one.ID)
	wantErr(t, "another account's silence", err, store.ErrNotFound)

	one.Matchers, one.Where, one.Integrations, one.Reason, one.EndsAt, one.UpdatedAt = json.RawMessage(`[]`), "", one.Integrations[:1], "", at(150), at(9)
	must(t, s.UpdateSilence(s.ctx, one))
	wantErr(t, "a stale version", s.UpdateSilence(s.ctx, one), store.ErrConflict)
	foreign := one
	foreign.Account = other
	wantErr(t, "another account's silence", s.UpdateSilence(s.ctx, foreign), store.ErrNotFound)
	one.Version = 2
	s.reopen(t)
	list, err := s.ListSilences(s.ctx, acme)
	must(t, err)
	same(t, "list", list, []store.Silence{two, one})
	all, err := s.AllSilences(s.ctx, at(150))
	must(t, err)
	same(t, "those that have not ended", len(all), 2)
	n, err := s.PruneSilences(s.ctx, at(201), 1)
	must(t, err)
	same(t, "deleted", n, 1)
	list, err = s.ListSilences(s.ctx, acme)
	must(t, err)
	same(t, "what is left", list, []store.Silence{two})
}

func testSuppressed(t *testing.T, s *suite) {
	id := event.NewID()
	row := func(account event.Account, integration event.ID, n int) store.Suppressed {
		return store.Suppressed{
			Delivery: event.NewID(), Account: account, Integration: integration, Event: event.NewID(), EventAccount: "shop", Type: "alert.created",
			Severity: event.Low, Title: "'", Reason: "silenced", Detail: "sil_x", At: at(n), Until: at(n + 9),
		}
	}
	one, two, three := row(acme, id, 1), row(acme, id, 2), row(acme, id, 3)
	three.Until, three.Detail = time.Time{}, ""
	s.tick(t, store.Tick{Suppressed: []store.Suppressed{one, two, three, row(acme, event.NewID(), 9)}})
	two.Reason, two.At = "resolved", at(4)
	s.tick(t, store.Tick{Suppressed: []store.Suppressed{two}})
	list, next, err := s.ListSuppressed(s.ctx, acme, id, store.Page{Limit: 2})
	must(t, err)
	same(t, "first page", list, []store.Suppressed{two, three})
	list, next, err = s.ListSuppressed(s.ctx, acme, id, store.Page{Limit: 2, After: next})
	must(t, err)
	same(t, "second page", list, []store.Suppressed{one})
	same(t, "its end", next, "")
	list, _, err = s.ListSuppressed(s.ctx, other, id, store.Page{Limit: 2})
	must(t, err)
	same(t, "another account's", len(list), 0)
	_, _, err = s.ListSuppressed(s.ctx, acme, id, store.Page{After: "nope"})
	wantErr(t, "no cursor", err, store.ErrCursor)
	n, err := s.PruneSuppressed(s.ctx, id, 2)
	must(t, err)
	same(t, "deleted", n, 1)
	must(t, s.DeleteLane(s.ctx, id))
	list, _, err = s.ListSuppressed(s.ctx, acme, id, store.Page{Limit: 2})
	must(t, err)
	same(t, "after the lane", len(list), 0)
}

func testRemembered(t *testing.T, s *suite) {
	id := event.NewID()
	a, b := store.Remembered{Integration: id, Key: [16]byte{1}, Value: []byte(`{}`), At: at(1)}, store.Remembered{Integration: id, Key: [16]byte{2}, Value: []byte(`[]`), At: at(2)}
	s.tick(t, store.Tick{Remember: []store.Remembered{a, b, {Integration: event.NewID(), Key: [16]byte{1}, Value: []byte(`{}`)}}})
	a.Value, a.At = []byte(`{"x":1}`), at(3)
	s.tick(t, store.Tick{Remember: []store.Remembered{a, {Integration: id, Key: b.Key}}})
	s.reopen(t)
	list, err := s.LoadRemembered(s.ctx, id)
	must(t, err)
	same(t, "what is remembered", list, []store.Remembered{a})
	for i := range 100 {
		s.tick(t, store.Tick{Remember: []store.Remembered{{Integration: id, Key: [16]byte{byte(i), 1}, Value: []byte(`{}`), At: at(i)}}})
	}
	list, err = s.LoadRemembered(s.ctx, id)
	must(t, err)
	same(t, "rows", len(list), 101)
	same(t, "one of them", slices.ContainsFunc(list, func(r store.Remembered) bool { return r.Key == [16]byte{7, 1} }), true)
	must(t, s.DeleteLane(s.ctx, id))
	list, err = s.LoadRemembered(s.ctx, id)
	must(t, err)
	same(t, "after the lane", len(list), 0)
}
