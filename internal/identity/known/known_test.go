package known

import (
	"crypto/sha256"
	"testing"
	"time"
)

type entry struct{ id, used int }

var start = time.Unix(1000, 0)

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := New[*entry]()
	for n := range Max + MaxUnknown + 10 {
		hash := sha256.Sum256([]byte{byte(n), byte(n >> 8), byte(n >> 16)})
		c.PutUnknown(hash, start, 0)
		c.Put(hash, &entry{}, 0, nil)
		c.PutUnknown(sha256.Sum256(hash[:]), start, 0)
		if known, unknown := c.Len(); known > Max || unknown > MaxUnknown {
			t.Fatalf("the cache holds %d and %d entries", known, unknown)
		}
	}
}

// TestLateAnswer puts an answer into the cache that was read before a revocation.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	c := New[*entry]()
	hash := Hash{1}
	generation := c.Generation()
	c.ForgetIf(func(*entry) bool { return false })
	c.Put(hash, &entry{id: 1}, generation, nil)
	if e, _ := c.Find(&hash, 0); e != nil {
		t.Error("an answer from before a revocation was kept")
	}
	generation = c.Generation()
	c.Forget(hash)
	c.PutUnknown(hash, start, generation)
	if _, refused := c.Find(&hash, start.UnixNano()); refused {
		t.Error("an answer from before the secret was made was kept")
	}
}

func TestUnknownEndsAndClockSetBack(t *testing.T) {
	t.Parallel()
	c := New[*entry]()
	hash := Hash{1}
	c.PutUnknown(hash, start, 0)
	for after, want := range map[time.Duration]bool{0: true, UnknownFor - 1: true, UnknownFor: false, -time.Hour: false} {
		if _, refused := c.Find(&hash, start.Add(after).UnixNano()); refused != want {
			t.Errorf("after %v: refused is %v, want %v", after, refused, want)
		}
	}
}

func TestCarry(t *testing.T) {
	t.Parallel()
	c := New[*entry]()
	hash, old, next := Hash{1}, &entry{used: 7}, &entry{}
	c.Put(hash, old, 0, func(*entry) { t.Error("there is nothing to carry") })
	c.Put(hash, next, 0, func(e *entry) { next.used = e.used })
	if e, _ := c.Find(&hash, 0); e != next || e.used != 7 {
		t.Errorf("entry is %+v", e)
	}
	c.ForgetIf(func(e *entry) bool { return e == next })
	if e, refused := c.Find(&hash, 0); e != nil || refused {
		t.Errorf("entry is %+v, refused %v", e, refused)
	}
}
