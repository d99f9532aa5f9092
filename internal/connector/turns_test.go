package connector

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// TestTurns: one at a time for each key, and nothing is kept of keys that nobody needs.
func TestTurns(t *testing.T) {
	t.Parallel()
	var turns Turns
	counts := map[string]*int{"a": new(int), "b": new(int)} // the race detector sees two at once
	var wg sync.WaitGroup
	for key, n := range counts {
		for range 50 {
			wg.Go(func() {
				leave, err := turns.Take(t.Context(), key)
				if err != nil {
					t.Error(err)
					return
				}
				defer leave()
				*n++
			})
		}
	}
	wg.Wait()
	if *counts["a"] != 50 || *counts["b"] != 50 || len(turns.by) != 0 {
		t.Errorf("%d and %d turns, %d keys kept", *counts["a"], *counts["b"], len(turns.by))
	}
}

// TestTurnOfAnother: two instances of one integration wait for each other, those of another do not.
func TestTurnOfAnother(t *testing.T) {
	t.Parallel()
	turns := new(Turns)
	one, other := Env{Integration: "int_1", Turns: turns}, Env{Integration: "int_2", Turns: turns}
	leave, err := one.Turn(t.Context(), "alert/1")
	if err != nil {
		t.Fatal(err)
	}
	if leave, err := other.Turn(t.Context(), "alert/1"); err != nil {
		t.Error(err)
	} else {
		leave()
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	again := Env{Integration: "int_1", Turns: turns}
	if _, err := again.Turn(ctx, "alert/1"); !errors.Is(err, why) {
		t.Errorf("a turn beside another: %v", err)
	}
	leave()
	if leave, err := again.Turn(t.Context(), "alert/1"); err != nil || len(turns.by) != 1 {
		t.Errorf("%v, %d keys", err, len(turns.by))
	} else {
		leave()
	}
	if leave, err := (&Env{}).Turn(ctx, "x"); err != nil {
		t.Error(err)
	} else {
		leave()
	}
}
