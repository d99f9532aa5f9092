package storetest

import (
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func testPulses(t *testing.T, s *suite) {
	const step, other = 10 * time.Second, 5 * time.Minute
	piece := func(account event.Account, n int, step time.Duration) store.PulsePiece {
		return store.PulsePiece{Account: account, Integration: event.ID{byte(n)}, Step: step, At: at(n), Data: []byte{1, byte(n), 0}}
	}
	load := func(step time.Duration, since int) []store.PulsePiece {
		list, err := s.LoadPulses(s.ctx, step, at(since))
		must(t, err)
		return list
	}
	must(t, s.SavePulses(s.ctx, nil))
	same(t, "a new installation's history", len(load(step, 0)), 0)
	one, two, three, rare := piece(acme, 1, step), piece("", 2, step), piece(acme, 3, step), piece(acme, 1, other)
	two.Integration = event.ID{}
	must(t, s.SavePulses(s.ctx, []store.PulsePiece{three, one, two, rare}))
	same(t, "all of a step", load(step, 0), []store.PulsePiece{one, two, three})
	three.Data = []byte{1, 9}
	must(t, s.SavePulses(s.ctx, []store.PulsePiece{three}))
	same(t, "what begins at a time or later", load(step, 2), []store.PulsePiece{two, three})
	same(t, "another step", load(other, 0), []store.PulsePiece{rare})

	prune := func(before, limit int) int {
		n, err := s.PrunePulses(s.ctx, step, at(before), limit)
		must(t, err)
		return n
	}
	same(t, "pruned with a limit", prune(3, 1), 1)
	same(t, "the oldest goes first", load(step, 0), []store.PulsePiece{two, three})
	same(t, "pruned", prune(3, 10), 1)
	same(t, "what is as old as the limit stays", load(step, 0), []store.PulsePiece{three})
	same(t, "another step's", load(other, 0), []store.PulsePiece{rare})
}
