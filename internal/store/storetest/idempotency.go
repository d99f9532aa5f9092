package storetest

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func remembered(account event.Account, key byte, n int) store.IdempotencyRow {
	return store.IdempotencyRow{
		Idempotency: journal.Idempotency{
			Account: account, KeyHash: [32]byte{key}, BodyHash: [32]byte{31: byte(n)}, First: event.NewID(), Count: 1<<32 - 1,
		},
		At: at(n),
	}
}

func testIdempotency(t *testing.T, s *suite) {
	through, err := s.IdempotencyThrough(s.ctx)
	must(t, err)
	same(t, "frame on a new installation", through, uint64(0))
	mine, theirs := remembered(acme, 1, 1), remembered(other, 1, 2)
	must(t, s.SaveIdempotency(s.ctx, []store.IdempotencyRow{mine, theirs}, 7, at(0)))
	for _, want := range []store.IdempotencyRow{mine, theirs} {
		got, err := s.GetIdempotency(s.ctx, want.Account, want.KeyHash)
		must(t, err)
		same(t, "remembered request", got, want)
	}
	_, err = s.GetIdempotency(s.ctx, acme, [32]byte{2})
	wantErr(t, "an unknown key", err, store.ErrNotFound)

	again := remembered(acme, 1, 50)
	must(t, s.SaveIdempotency(s.ctx, []store.IdempotencyRow{again}, 1<<60, at(2)))
	got, err := s.GetIdempotency(s.ctx, acme, again.KeyHash)
	must(t, err)
	same(t, "a key that is used again", got, again)
	got, err = s.GetIdempotency(s.ctx, other, theirs.KeyHash)
	must(t, err)
	same(t, "a row exactly as old as the bound stays", got, theirs)
	through, err = s.IdempotencyThrough(s.ctx)
	must(t, err)
	same(t, "frame", through, uint64(1<<60))
}

func testIdempotencyForgets(t *testing.T, s *suite) {
	var rows []store.IdempotencyRow
	for n := range 100 {
		rows = append(rows, remembered(acme, byte(n), n))
	}
	must(t, s.SaveIdempotency(s.ctx, rows, 1, at(0)))
	must(t, s.SaveIdempotency(s.ctx, nil, 2, at(60)))
	for n, r := range rows {
		_, err := s.GetIdempotency(s.ctx, acme, r.KeyHash)
		if n < 60 {
			wantErr(t, "an old row", err, store.ErrNotFound)
		} else {
			must(t, err)
		}
	}
}
