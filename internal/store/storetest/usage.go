package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// fromZero is the zero time, which stands for "not".
var fromZero time.Time

func testUsage(t *testing.T, s *suite) {
	must(t, s.SaveUsage(s.ctx, nil))
	u := store.Usage{Account: acme, Month: "2026-11", Events: 1 << 40, Over: 3, Refused: 4, Journalled: 1 << 41, OverSaid: true, UpdatedAt: at(1)}
	must(t, s.SaveUsage(s.ctx, []store.Usage{u, {Account: other, Month: "2026-11", Events: 1}}))
	u.Events, u.UpdatedAt, u.OverSaid = u.Events+1, at(2), false
	must(t, s.SaveUsage(s.ctx, []store.Usage{u}))
	got, err := s.ListUsage(s.ctx, acme, 12)
	must(t, err)
	same(t, "usage", got, []store.Usage{u})
	wantErr(t, "no account", s.SaveUsage(s.ctx, []store.Usage{{Month: "2026-11"}}), store.ErrInvalid)
}

func testUsageLatest(t *testing.T, s *suite) {
	var rows []store.Usage
	for year := 2023; year <= 2026; year++ {
		for month := 1; month <= 12; month++ {
			rows = append(rows, store.Usage{Account: acme, Month: fmt.Sprintf("%d-%02d", year, month), Events: uint64(len(rows))})
		}
	}
	rows = append(rows, store.Usage{Account: other, Month: "2026-02", Events: 7}, store.Usage{Account: other, Month: "2026-01"})
	must(t, s.SaveUsage(s.ctx, rows))
	latest, err := s.LatestUsage(s.ctx)
	must(t, err)
	same(t, "the newest month of each", latest, []store.Usage{rows[47], rows[48]})
	for limit, want := range map[int]int{-1: 1, 0: 1, 2: 2, 36: 36, 1000: 36} {
		list, err := s.ListUsage(s.ctx, acme, limit)
		must(t, err)
		if len(list) != want || list[0] != rows[47] || list[len(list)-1] != rows[48-want] {
			t.Errorf("the last %d months: %d rows, from %s to %s", limit, len(list), list[0].Month, list[len(list)-1].Month)
		}
	}
}
