package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/known"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, good := f.create(t, 0, EventsWrite)
	for name, presented := range map[string]string{
		"unknown":        "tsk_live_00000000_" + strings.Repeat("0", 52),
		"another case":   strings.ToUpper(good),
		"cut off":        good[:len(good)-1],
		"longer":         good + "0",
		"with a space":   good + " ",
		"a wrong letter": good[:len(good)-1] + "!",
		"the prefix":     good[:17],
		"very long":      strings.Repeat("x", 1<<20),
		"as long as may": strings.Repeat("x", MaxKeyBytes),
		"binary":         "\x00\xff",
	} {
		f.wantAuth(t, name, presented, ErrBadKey)
	}
	f.wantAuth(t, "nothing", "", ErrNoKey)
	f.wantAuth(t, "the key itself", good, nil)
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, text := f.create(t, 1, EventsWrite)
	f.wantAuth(t, "at first", text, nil)
	f.clock.move(24*time.Hour - 1)
	f.wantAuth(t, "just before the end", text, nil)
	lookups := f.keys.lookups.Load()
	f.clock.move(1) // still in the cache
	f.wantAuth(t, "at the end", text, ErrExpired)
	if f.keys.lookups.Load() != lookups {
		t.Error("the store was asked")
	}
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, text := f.create(t, 0, EventsWrite)
	f.wantAuth(t, "before", text, nil)
	if err := f.Revoke(t.Context(), "other", k.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another account revoking: %v, want ErrNotFound", err)
	}
	f.wantAuth(t, "after another account's try", text, nil)
	if err := f.Revoke(t.Context(), "acme", k.ID); err != nil {
		t.Fatal(err)
	}
	f.wantAuth(t, "after", text, ErrRevoked)
}

func TestOtherProcesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cli := f.other(t)
	k, text := f.create(t, 0, EventsWrite)
	f.wantAuth(t, "at first", text, nil)
	if err := cli.Revoke(t.Context(), "acme", k.ID); err != nil {
		t.Fatal(err)
	}
	f.clock.move(known.For)
	f.wantAuth(t, "a key that another process revoked", text, ErrRevoked)

	_, secret, err := cli.Create(t.Context(), "acme", KeySpec{Name: "made offline", Scopes: []Scope{Admin}})
	if err != nil {
		t.Fatal(err)
	}
	f.wantAuth(t, "a key that another process made", secret.Reveal(), nil)
}

func TestUnknownKeysAreRememberedBriefly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const text = "a-key-that-will-be-made-soon"
	for range 10 {
		f.wantAuth(t, "unknown", text, ErrBadKey)
	}
	if n := f.keys.lookups.Load(); n != 1 {
		t.Errorf("the store was asked %d times, want once", n)
	}
	err := f.keys.CreateKey(t.Context(), store.Key{ID: event.NewID(), Account: "acme", Hash: sha256.Sum256([]byte(text)), Scopes: []string{"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	f.clock.move(known.UnknownFor)
	f.wantAuth(t, "made meanwhile", text, nil)
	f.clock.move(-time.Hour) // a clock that is set back must not freeze an answer
	f.wantAuth(t, "an hour earlier", text, nil)
}

func TestStoreThatFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, text := f.create(t, 0, EventsWrite)
	f.keys.fail.Store(true)
	_, err := f.Authenticate(t.Context(), text, "")
	if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, ErrUnauthenticated) {
		t.Errorf("error is %v, want ErrUnavailable and no refusal", err)
	}
	f.keys.fail.Store(false)
	f.wantAuth(t, "again", text, nil)
}

func TestLastUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, text := f.create(t, 0, EventsWrite)
	start := f.clock.now()
	for range 100 { // 50 seconds
		f.wantAuth(t, "use", text, nil)
		f.clock.move(time.Second / 2)
	}
	f.Close()
	got, err := f.keys.Keys.KeyByHash(t.Context(), k.Hash)
	if err != nil || !got.LastUsedAt.Equal(start) || got.LastUsedIP != "192.0.2.9" {
		t.Errorf("last use is %v from %q (%v), want %v", got.LastUsedAt, got.LastUsedIP, err, start)
	}
	if n := f.keys.touches.Load(); n != 1 {
		t.Errorf("%d writes within a minute, want 1", n)
	}
	next := f.other(t)
	f.clock.move(touchEvery)
	if _, err := next.Authenticate(t.Context(), text, "192.0.2.10"); err != nil {
		t.Fatal(err)
	}
	next.Close()
	if got, _ := f.keys.Keys.KeyByHash(t.Context(), k.Hash); got.LastUsedIP != "192.0.2.10" {
		t.Errorf("last use is from %q", got.LastUsedIP)
	}
	f.wantAuth(t, "after closing", text, nil)
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, text := f.create(t, 0, EventsWrite)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 300 {
				_, err := f.Authenticate(t.Context(), text, "192.0.2.1")
				if err != nil && !errors.Is(err, ErrRevoked) {
					t.Error(err)
				}
				if n%10 == 0 {
					f.clock.move(time.Second)
				}
			}
		})
	}
	wg.Go(func() {
		if err := f.Revoke(t.Context(), "acme", k.ID); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	f.wantAuth(t, "at the end", text, ErrRevoked)
}

func TestCachedKeyAllocatesNothing(t *testing.T) {
	f := newFixture(t)
	_, text := f.create(t, 0, EventsWrite)
	f.wantAuth(t, "first", text, nil)
	if n := testing.AllocsPerRun(100, func() { _, _ = f.Authenticate(context.Background(), text, "192.0.2.1") }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	f := newFixture(b)
	_, text := f.create(b, 0, EventsWrite)
	svc := New(Deps{Keys: f.keys})
	defer svc.Close()
	run := func(b *testing.B) {
		if _, err := svc.Authenticate(context.Background(), text, "192.0.2.1"); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			run(b)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				run(b)
			}
		})
	})
	b.Run("unknown", func(b *testing.B) {
		n := uint64(0)
		for b.Loop() {
			n++
			_, _ = svc.Authenticate(context.Background(), text[:40]+time.Unix(int64(n), 0).String(), "")
		}
	})
}
