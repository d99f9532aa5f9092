package storetest

import (
	"encoding/json"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func testDigests(t *testing.T, s *suite) {
	id := event.NewID()
	row := store.DigestRow{Account: acme, Integration: id, Period: "daily", Slot: "2026-11-20", DueAt: at(1)}
	said := func() store.Said {
		return store.Said{ID: event.NewID(), Account: acme, Type: event.TypeDigest, Origin: id.Text(event.PrefixIntegration), Event: json.RawMessage(`{"type":"system.digest"}`), At: at(1)}
	}
	waiting := func(want int) {
		t.Helper()
		list, err := s.ListOutbox(s.ctx, store.MaxPage)
		must(t, err)
		if len(list) != want {
			t.Errorf("%d facts wait, want %d", len(list), want)
		}
	}
	must(t, s.SaveDigest(s.ctx, row)) // the beginning: nothing is said
	waiting(0)
	next := row
	next.Slot, next.DueAt = "2026-11-21", at(2)
	must(t, s.SaveDigest(s.ctx, next, said()))
	waiting(1)
	wantErr(t, "the same slot again", s.SaveDigest(s.ctx, next, said()), store.ErrConflict)
	wantErr(t, "an earlier slot", s.SaveDigest(s.ctx, row, said()), store.ErrConflict)
	foreign := next
	foreign.Account, foreign.Slot = other, "2026-11-22"
	wantErr(t, "another account's row", s.SaveDigest(s.ctx, foreign, said()), store.ErrConflict)
	wantErr(t, "no slot", s.SaveDigest(s.ctx, store.DigestRow{Account: acme, Integration: id, Period: "daily"}), store.ErrInvalid)
	waiting(1)
	must(t, s.SayDigest(s.ctx, said()))
	waiting(2)

	weekly := row
	weekly.Period = "weekly"
	must(t, s.SaveDigest(s.ctx, weekly))
	must(t, s.DeleteDigest(s.ctx, other, id, "weekly")) // another account's
	list, err := s.AllDigests(s.ctx)
	must(t, err)
	if len(list) != 2 {
		t.Fatalf("%d rows: %+v", len(list), list)
	}
	for _, got := range list {
		if got.Period == "daily" {
			same(t, "row", got, next)
		}
	}
	must(t, s.DeleteDigest(s.ctx, acme, id, "weekly"))
	must(t, s.DeleteDigest(s.ctx, acme, id, "weekly"))
	must(t, s.ForgetIntegration(s.ctx, acme, id))
	list, err = s.AllDigests(s.ctx)
	must(t, err)
	if len(list) != 0 {
		t.Errorf("a forgotten integration has %+v", list)
	}
}
