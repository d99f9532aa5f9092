package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func testCursors(t *testing.T, s *suite) {
	for n := range 3 {
		must(t, s.CreateKey(s.ctx, key(acme, fmt.Sprint(n))))
		must(t, s.CreateIntegration(s.ctx, integration(acme, fmt.Sprint(n))))
	}
	_, keyCursor, err := s.ListKeys(s.ctx, acme, store.Page{Limit: 1})
	must(t, err)
	_, integrationCursor, err := s.ListIntegrations(s.ctx, acme, store.Page{Limit: 1})
	must(t, err)
	lists := map[string]func(p store.Page) error{
		"integrations": func(p store.Page) error { _, _, err := s.ListIntegrations(s.ctx, acme, p); return err },
		"keys":         func(p store.Page) error { _, _, err := s.ListKeys(s.ctx, acme, p); return err },
		"parked": func(p store.Page) error {
			_, _, err := s.ListParked(s.ctx, store.ParkedFilter{Account: acme}, p)
			return err
		},
		"attempts": func(p store.Page) error {
			_, _, err := s.ListAttempts(s.ctx, store.AttemptFilter{Account: acme}, p)
			return err
		},
		"packs": func(p store.Page) error {
			_, _, err := s.ListPacks(s.ctx, store.PackFilter{Account: acme}, p)
			return err
		},
	}
	for name, list := range lists {
		for _, cursor := range []string{
			"x", "?", "====", "AAAA", strings.Repeat("A", 10_000), "' OR 1=1 --", "\x00", keyCursor[:len(keyCursor)-4], keyCursor + "AAAA",
			keyCursor, integrationCursor,
		} {
			if name == "keys" && cursor == keyCursor || name == "integrations" && cursor == integrationCursor {
				continue
			}
			wantErr(t, fmt.Sprintf("%s after %.20q", name, cursor), list(store.Page{After: cursor, Limit: 1}), store.ErrCursor)
		}
	}
}

func testPageLimits(t *testing.T, s *suite) {
	for n := range 3 {
		must(t, s.CreateKey(s.ctx, key(acme, fmt.Sprint(n))))
	}
	for limit, want := range map[int]int{-1: 1, 0: 1, 1: 1, 2: 2, 3: 3, 1 << 30: 3} {
		list, _, err := s.ListKeys(s.ctx, acme, store.Page{Limit: limit})
		must(t, err)
		same(t, fmt.Sprintf("rows of a page of %d", limit), len(list), want)
	}
}

func testReopen(t *testing.T, s *suite) {
	i, k := integration(acme, "kept"), key(acme, "kept")
	id := i.ID
	must(t, s.SetMeta(s.ctx, "epoch", "3"))
	must(t, s.CreateIntegration(s.ctx, i))
	must(t, s.CreateKey(s.ctx, k))
	must(t, s.SaveJob(s.ctx, store.Job{ID: event.NewID(), Account: acme, State: "running"}))
	must(t, s.SaveIdempotency(s.ctx, []store.IdempotencyRow{remembered(acme, 1, 1)}, 4, at(0)))
	tick := fullTick(acme, id, 8)
	s.tick(t, tick)
	want := s.counts(t, id)

	for range 2 {
		s.reopen(t)
		same(t, "rows of a tick", s.counts(t, id), want)
		epoch, err := s.GetMeta(s.ctx, "epoch")
		must(t, err)
		same(t, "meta", epoch, "3")
		gotI, err := s.GetIntegration(s.ctx, acme, i.ID)
		must(t, err)
		same(t, "integration", gotI, i)
		gotK, err := s.KeyByHash(s.ctx, k.Hash)
		must(t, err)
		same(t, "key", gotK, k)
		gotP, err := s.GetParked(s.ctx, acme, tick.Park[0].Delivery)
		must(t, err)
		same(t, "parked", gotP, tick.Park[0])
		through, err := s.IdempotencyThrough(s.ctx)
		must(t, err)
		same(t, "frame of the idempotency rows", through, uint64(4))
		jobs, err := s.UnfinishedJobs(s.ctx)
		must(t, err)
		same(t, "unfinished jobs", len(jobs), 1)
	}
}

// testConcurrent has several lanes settle while others read and configure, and adds up at the end.
func testConcurrent(t *testing.T, s *suite) {
	const workers, rounds = 6, 15
	ids := newIDs(workers)
	var wg sync.WaitGroup
	errs := make(chan error, 3*workers*rounds)
	for w, id := range ids {
		wg.Go(func() {
			for n := range rounds {
				errs <- s.SaveTick(s.ctx, fullTick(acme, id, uint64(n)))
			}
		})
		wg.Go(func() {
			for range rounds {
				_, _, err := s.ListParked(s.ctx, store.ParkedFilter{Account: acme}, store.Page{Limit: 50})
				errs <- err
				_, err = s.PacksAt(s.ctx, id, pos(3))
				errs <- err
			}
		})
		wg.Go(func() {
			i := integration(acme, fmt.Sprint(w))
			errs <- s.CreateIntegration(s.ctx, i)
			for n := range rounds {
				i.Version = int64(n + 1)
				errs <- s.UpdateIntegration(s.ctx, i)
			}
			errs <- s.Ping(s.ctx)
		})
	}
	go func() { wg.Wait(); close(errs) }()
	for err := range errs {
		must(t, err)
	}
	for _, id := range ids {
		got := s.counts(t, id)
		got.Tail, got.Lanes = pos(0), 0
		same(t, "rows of a lane", got, counts{Tail: pos(0), Packs: rounds, Attempts: rounds, Parkings: rounds})
	}
	all, err := s.AllIntegrations(s.ctx)
	must(t, err)
	for _, i := range all {
		same(t, "version", i.Version, int64(rounds+1))
	}

	i := all[0] // of many changes to one version exactly one is made
	won := make(chan error, workers)
	for range workers {
		go func() { won <- s.UpdateIntegration(s.ctx, i) }()
	}
	changed := 0
	for range workers {
		if err := <-won; err == nil {
			changed++
		} else {
			wantErr(t, "a lost race", err, store.ErrConflict)
		}
	}
	same(t, "changes made", changed, 1)
}

// ownHostile are texts that a store may take for something else.
var ownHostile = []string{
	"", "\x00", "a\x00b", "\xff\xfe", "'; DROP TABLE parked; --", "\u202e", "é", "e\u0301", strings.Repeat("x", 20_000), "?", "$1",
	"NULL", "\r\n", "%", "_", "0", "1e9", "x'00'",
}

// hostileStrings are our own and the public corpus, where it is to be found.
func hostileStrings(t *testing.T) []string {
	list := slices.Clone(ownHostile)
	dir := os.Getenv("TOCSIN_SHARED")
	if dir == "" {
		wd, err := os.Getwd()
		must(t, err)
		for dir = wd; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
		}
		dir = filepath.Join(dir, "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(dir, "corpora", "naughty-strings.json"))
	if err != nil {
		t.Log("without the public corpus of naughty strings: set TOCSIN_SHARED to the folder that holds corpora/")
		return list
	}
	var corpus []string
	must(t, json.Unmarshal(text, &corpus))
	return append(list, corpus...)
}

func testHostileText(t *testing.T, s *suite) {
	var tick store.Tick
	id := event.NewID()
	list := hostileStrings(t)
	for n, text := range list {
		a, p := attempt(acme, id, n), parked(acme, id, n)
		a.Error, a.Answer, a.Class, a.Type = text, text, text, text
		p.OrderingKey, p.Cause, p.Type, p.CauseClass, p.Record = text, text, text, text, []byte(text)
		tick.Attempts, tick.Park = append(tick.Attempts, a), append(tick.Park, p)
	}
	s.tick(t, tick)
	s.reopen(t)
	attempts := walk(t, 100, func(p store.Page) ([]store.Attempt, string, error) {
		return s.ListAttempts(s.ctx, store.AttemptFilter{Account: acme}, p)
	}, nil)
	for n := range list {
		if diff := cmp.Diff(tick.Attempts[n], attempts[len(list)-1-n]); diff != "" {
			t.Fatalf("an attempt with %.40q (-want +got):\n%s", list[n], diff)
		}
		if n%10 > 0 && n > len(ownHostile) { // the same columns, one row at a time: some will do
			continue
		}
		got, err := s.GetParked(s.ctx, acme, tick.Park[n].Delivery)
		must(t, err)
		if len(list[n]) == 0 {
			tick.Park[n].Record = nil
		}
		if diff := cmp.Diff(tick.Park[n], got); diff != "" {
			t.Fatalf("a parked delivery with %.40q (-want +got):\n%s", list[n], diff)
		}
		if n == 0 || n > len(ownHostile) {
			continue
		}
		count, err := s.CountParked(s.ctx, store.ParkedFilter{Account: acme, Type: list[n], CauseClass: list[n]})
		must(t, err)
		if count[store.StateParked] == 0 {
			t.Fatalf("a filter by %.40q finds nothing", list[n])
		}
	}
	loaded, err := s.LoadParked(s.ctx, id)
	must(t, err)
	for n := range tick.Park {
		tick.Park[n].Record = nil
	}
	same(t, "all parked deliveries", loaded, tick.Park)
	testHostileNames(t, s, list)
}

// testHostileNames stores each text once as a name, and walks over them with cursors that hold them.
func testHostileNames(t *testing.T, s *suite, list []string) {
	seen := map[string]bool{}
	for _, text := range list[:min(len(list), 60)] {
		if seen[text] {
			continue
		}
		seen[text] = true
		i := integration(acme, text)
		if len(text) > 1000 {
			i.Name = text[:1000]
		}
		i.DisabledReason, i.Owner = text, text
		must(t, s.CreateIntegration(s.ctx, i))
		got, err := s.GetIntegration(s.ctx, acme, i.ID)
		must(t, err)
		same(t, "integration", got, i)
	}
	got := walk(t, 7, func(p store.Page) ([]store.Integration, string, error) { return s.ListIntegrations(s.ctx, acme, p) }, nil)
	same(t, "number of integrations met on a walk", len(got), len(seen))
}

func testInvalid(t *testing.T, s *suite) {
	noAccount := integration("", "x")
	wantErr(t, "an integration without account", s.CreateIntegration(s.ctx, noAccount), store.ErrInvalid)
	wantErr(t, "a key without account", s.CreateKey(s.ctx, key("", "x")), store.ErrInvalid)
	wantErr(t, "a job without account", s.SaveJob(s.ctx, store.Job{ID: event.NewID()}), store.ErrInvalid)
	row := remembered("", 1, 1)
	wantErr(t, "a request without account", s.SaveIdempotency(s.ctx, []store.IdempotencyRow{row}, 9, at(0)), store.ErrInvalid)
	through, err := s.IdempotencyThrough(s.ctx)
	must(t, err)
	same(t, "frame after a refused save", through, uint64(0))
}

func testClosed(t *testing.T, s *suite) {
	must(t, s.Close())
	for name, err := range map[string]error{
		"write": s.SetMeta(s.ctx, "a", "b"),
		"tick":  s.SaveTick(s.ctx, fullTick(acme, event.NewID(), 1)),
		"ping":  s.Ping(s.ctx),
		"read":  second(s.GetMeta(s.ctx, "a")),
	} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s after closing: %v, want ErrUnavailable", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
