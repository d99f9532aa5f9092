package sqlite

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestOutboxIsBounded says more than fits, and wants the newest to stay and the rest to be counted.
func TestOutboxIsBounded(t *testing.T) {
	t.Parallel()
	const most = 5
	s, err := Open(t.Context(), t.TempDir(), Options{MaxOutbox: most})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var ids []event.ID
	say := func(n int) []store.Said {
		var list []store.Said
		for range n {
			ids = append(ids, event.NewID())
			list = append(list, store.Said{ID: ids[len(ids)-1], Account: "a", Type: "a.b", Event: json.RawMessage(`{}`), At: time.Now()})
		}
		return list
	}
	for _, step := range []struct{ said, waiting, dropped int }{{3, 3, 0}, {2, 5, 0}, {1, 5, 1}, {12, 5, 13}} {
		if err := s.SaveTick(t.Context(), store.Tick{Say: say(step.said)}); err != nil {
			t.Fatal(err)
		}
		list, err := s.ListOutbox(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		count, err := s.CountOutbox(t.Context())
		want := store.OutboxCount{Waiting: uint64(step.waiting), Dropped: uint64(step.dropped)}
		if err != nil || count != want || len(list) != step.waiting {
			t.Fatalf("%d facts wait and the count is %+v (%v), want %+v", len(list), count, err, want)
		}
		for i, v := range list {
			if v.ID != ids[len(ids)-len(list)+i] {
				t.Fatal("what waits is not the newest")
			}
		}
	}
	i := store.Integration{ID: event.NewID(), Account: "a", Kind: "k", Say: say(1)}
	if err := s.CreateIntegration(t.Context(), i); err != nil { // the other file has room of its own
		t.Fatal(err)
	}
	count, err := s.CountOutbox(t.Context())
	if want := (store.OutboxCount{Waiting: most + 1, Dropped: 13}); err != nil || count != want {
		t.Fatalf("the count of both files is %+v (%v), want %+v", count, err, want)
	}
}

// TestOutboxDeleteIsNoProof makes sure that forgetting nothing writes nothing: a write counts as a proof that the file
// can be written.
func TestOutboxDeleteIsNoProof(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir())
	before := s.config.lastWrite.Load()
	if err := s.DeleteOutbox(t.Context(), []event.ID{event.NewID()}); err != nil {
		t.Fatal(err)
	}
	if s.config.lastWrite.Load() != before {
		t.Error("a file in which nothing waits was written")
	}
}
