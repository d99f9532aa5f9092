package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func key(account event.Account, name string) store.Key {
	k := store.Key{
		ID: event.NewID(), Account: account, Name: name, Prefix: "tsk_live_7f3k", Scopes: []string{"events:write", "admin"},
		Environment: "test", EventTypes: []string{"alert.*", "hit.detected"}, RateLimit: 600, CreatedBy: "usr_x", Replaces: event.NewID(),
		CreatedAt: at(1), ExpiresAt: at(2), RevokedAt: at(3), LastUsedAt: at(4), LastUsedIP: "2001:db8::1",
	}
	copy(k.Hash[:], k.ID[:])
	return k
}

func testKeys(t *testing.T, s *suite) {
	full := key(acme, "full")
	bare := store.Key{ID: event.NewID(), Account: acme, CreatedAt: at(1), Hash: [32]byte{31: 1}}
	for _, want := range []store.Key{full, bare} {
		must(t, s.CreateKey(s.ctx, want))
		got, err := s.KeyByHash(s.ctx, want.Hash)
		must(t, err)
		same(t, "key", got, want)
		got, err = s.GetKey(s.ctx, acme, want.ID)
		must(t, err)
		same(t, "key by id", got, want)
		_, err = s.GetKey(s.ctx, other, want.ID)
		wantErr(t, "another account's key", err, store.ErrNotFound)
	}
	_, err := s.KeyByHash(s.ctx, [32]byte{1})
	wantErr(t, "an unknown hash", err, store.ErrNotFound)
	again := key(other, "same hash")
	again.Hash = full.Hash
	wantErr(t, "a known hash", s.CreateKey(s.ctx, again), store.ErrConflict)
}

func testKeyRevocation(t *testing.T, s *suite) {
	k := key(acme, "k")
	k.RevokedAt = time.Time{}
	must(t, s.CreateKey(s.ctx, k))
	wantErr(t, "another account's key", s.RevokeKey(s.ctx, other, k.ID, at(5)), store.ErrNotFound)
	wantErr(t, "an unknown key", s.RevokeKey(s.ctx, acme, event.NewID(), at(5)), store.ErrNotFound)
	for _, step := range []struct {
		at, want time.Time
	}{{at(6), at(6)}, {at(7), at(6)}, {time.Time{}, time.Time{}}, {at(8), at(8)}} {
		must(t, s.RevokeKey(s.ctx, acme, k.ID, step.at))
		got, err := s.KeyByHash(s.ctx, k.Hash)
		must(t, err)
		same(t, "time of revocation", got.RevokedAt, step.want)
	}
}

func testKeyTouch(t *testing.T, s *suite) {
	k := key(acme, "k")
	must(t, s.CreateKey(s.ctx, k))
	must(t, s.TouchKey(s.ctx, k.ID, at(30), "192.0.2.1"))
	must(t, s.TouchKey(s.ctx, k.ID, at(20), "192.0.2.2")) // late news
	must(t, s.TouchKey(s.ctx, event.NewID(), at(20), "192.0.2.2"))
	got, err := s.KeyByHash(s.ctx, k.Hash)
	must(t, err)
	k.LastUsedAt, k.LastUsedIP = at(30), "192.0.2.1"
	same(t, "key after uses", got, k)
}

func testKeyList(t *testing.T, s *suite) {
	var want []string
	add := func(name string) {
		must(t, s.CreateKey(s.ctx, key(acme, name)))
		must(t, s.CreateKey(s.ctx, key(other, "not "+name)))
	}
	for n := range 11 {
		name := fmt.Sprintf("k%02d", n)
		want = append([]string{name}, want...)
		add(name)
	}
	list := func(p store.Page) ([]store.Key, string, error) { return s.ListKeys(s.ctx, acme, p) }
	checkWalk(t, list, func(k store.Key) string { return k.Name }, want, func(n int) { add(fmt.Sprintf("new%02d", n)) })
}

func testKeyRotation(t *testing.T, s *suite) {
	old := key(acme, "old")
	old.ExpiresAt, old.RevokedAt = time.Time{}, time.Time{}
	must(t, s.CreateKey(s.ctx, old))
	successor := func(account event.Account) store.Key {
		k := key(account, "next")
		k.RevokedAt, k.Replaces = time.Time{}, old.ID
		return k
	}
	wantErr(t, "another account's key", s.RotateKey(s.ctx, successor(other), at(50)), store.ErrNotFound)
	for _, step := range []struct{ end, want time.Time }{{at(50), at(50)}, {at(60), at(50)}, {at(40), at(40)}} {
		next := successor(acme)
		must(t, s.RotateKey(s.ctx, next, step.end))
		got, err := s.KeyByHash(s.ctx, old.Hash)
		must(t, err)
		same(t, "end of the old key", got.ExpiresAt, step.want)
		got, err = s.GetKey(s.ctx, acme, next.ID)
		must(t, err)
		same(t, "new key", got, next)
	}
	twin := successor(acme)
	twin.Hash = old.Hash
	wantErr(t, "a known hash", s.RotateKey(s.ctx, twin, at(1)), store.ErrConflict)
	got, err := s.KeyByHash(s.ctx, old.Hash)
	must(t, err)
	same(t, "end of the old key after a refused rotation", got.ExpiresAt, at(40))

	must(t, s.RevokeKey(s.ctx, acme, old.ID, at(5)))
	refused := successor(acme)
	wantErr(t, "a revoked key", s.RotateKey(s.ctx, refused, at(1)), store.ErrConflict)
	_, err = s.GetKey(s.ctx, acme, refused.ID)
	wantErr(t, "the successor of a revoked key", err, store.ErrNotFound)
}
