package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func source(account event.Account, name string) store.Source {
	return store.Source{
		ID:        event.NewID(),
		Account:   account,
		Name:      name,
		Dialect:   "github",
		Enabled:   true,
		Auth:      json.RawMessage(`{"method":"github", "secret":"********"}`),
		Secrets:   map[string][]byte{"secret": {0, 1, 2, 0xff}, "previous_secret": {9}},
		Project:   "web",
		Labels:    map[string]string{"team": "blue", "a\nb": ""},
		Types:     []string{"vulnerability.*", "secret.leaked"},
		Version:   1,
		CreatedAt: at(1),
		UpdatedAt: at(2),
	}
}

func testSources(t *testing.T, s *suite) {
	full := source(acme, "full")
	bare := store.Source{ID: event.NewID(), Account: acme, Name: "bare", Dialect: "native", CreatedAt: at(3), UpdatedAt: at(3), Version: 1}
	for _, want := range []store.Source{full, bare} {
		must(t, s.CreateSource(s.ctx, want))
		got, err := s.GetSource(s.ctx, acme, want.ID)
		must(t, err)
		same(t, "source", got, want)
		_, err = s.GetSource(s.ctx, other, want.ID)
		wantErr(t, "another account's source", err, store.ErrNotFound)
	}
	_, err := s.GetSource(s.ctx, acme, event.NewID())
	wantErr(t, "an unknown source", err, store.ErrNotFound)
	known := source(other, "known")
	known.ID = full.ID
	wantErr(t, "a known id", s.CreateSource(s.ctx, known), store.ErrConflict)
	nobodys := source("", "nobody's")
	wantErr(t, "a source without account", s.CreateSource(s.ctx, nobodys), store.ErrInvalid)

	odd := source(acme, "counts begin at nothing")
	odd.Version, odd.Counts, odd.LastReceivedAt = 17, store.SourceCounts{Accepted: 4}, at(9)
	must(t, s.CreateSource(s.ctx, odd))
	got, err := s.GetSource(s.ctx, acme, odd.ID)
	must(t, err)
	same(t, "first version", got.Version, int64(1))
	same(t, "first counts", got.Counts, store.SourceCounts{})

	s.reopen(t)
	got, err = s.GetSource(s.ctx, acme, full.ID)
	must(t, err)
	same(t, "source after opening again", got, full)
}

func testSourceVersions(t *testing.T, s *suite) {
	src := source(acme, "first")
	must(t, s.CreateSource(s.ctx, src))
	src.Name, src.Enabled, src.Dialect, src.Project = "second", false, "native", ""
	src.Auth, src.Secrets, src.Labels, src.Types = json.RawMessage(`{}`), nil, nil, nil
	src.UpdatedAt = at(10)
	must(t, s.UpdateSource(s.ctx, src))
	stale := src
	src.Version = 2
	got, err := s.GetSource(s.ctx, acme, src.ID)
	must(t, err)
	same(t, "changed source", got, src)

	wantErr(t, "a stale version", s.UpdateSource(s.ctx, stale), store.ErrConflict)
	foreign := src
	foreign.Account = other
	wantErr(t, "another account's source", s.UpdateSource(s.ctx, foreign), store.ErrNotFound)
	wantErr(t, "an unknown source", s.UpdateSource(s.ctx, source(acme, "unknown")), store.ErrNotFound)

	wantErr(t, "deleting a stale version", s.DeleteSource(s.ctx, acme, src.ID, 1), store.ErrConflict)
	wantErr(t, "deleting another account's", s.DeleteSource(s.ctx, other, src.ID, 2), store.ErrNotFound)
	got, err = s.GetSource(s.ctx, acme, src.ID)
	must(t, err)
	same(t, "source after refused changes", got, src)
	must(t, s.DeleteSource(s.ctx, acme, src.ID, 2))
	wantErr(t, "deleting it twice", s.DeleteSource(s.ctx, acme, src.ID, 2), store.ErrNotFound)
	_, err = s.GetSource(s.ctx, acme, src.ID)
	wantErr(t, "a deleted source", err, store.ErrNotFound)
}

func testSourceNames(t *testing.T, s *suite) {
	first := source(acme, "name")
	must(t, s.CreateSource(s.ctx, first))
	wantErr(t, "a taken name", s.CreateSource(s.ctx, source(acme, "name")), store.ErrConflict)
	must(t, s.CreateSource(s.ctx, source(other, "name")))
	second := source(acme, "second")
	must(t, s.CreateSource(s.ctx, second))
	second.Name = "name"
	wantErr(t, "a change to a taken name", s.UpdateSource(s.ctx, second), store.ErrConflict)
	must(t, s.DeleteSource(s.ctx, acme, first.ID, 1))
	must(t, s.UpdateSource(s.ctx, second)) // a deleted source gives its name back
}

func testSourceList(t *testing.T, s *suite) {
	var want []string
	add := func(name string) {
		must(t, s.CreateSource(s.ctx, source(acme, name)))
		must(t, s.CreateSource(s.ctx, source(other, name)))
	}
	for n := range 11 {
		name := fmt.Sprintf("m%02d", n)
		want = append(want, name)
		add(name)
	}
	everything, err := s.AllSources(s.ctx)
	must(t, err)
	same(t, "number of sources", len(everything), 2*11)
	list := func(p store.Page) ([]store.Source, string, error) { return s.ListSources(s.ctx, acme, p) }
	checkWalk(t, list, func(src store.Source) string {
		if src.Account != acme {
			t.Fatalf("the list holds %s's source", src.Account)
		}
		return src.Name
	}, want, func(n int) {
		add(fmt.Sprintf("a%02d", n)) // before the cursor
		add(fmt.Sprintf("z%02d", n)) // after it
	})
	_, _, err = s.ListSources(s.ctx, acme, store.Page{After: "nonsense"})
	wantErr(t, "a cursor of nothing", err, store.ErrCursor)
}

func testSourceUse(t *testing.T, s *suite) {
	a, b := source(acme, "a"), source(other, "b")
	must(t, s.CreateSource(s.ctx, a))
	must(t, s.CreateSource(s.ctx, b))
	must(t, s.SaveSourceUse(s.ctx, nil))
	must(t, s.SaveSourceUse(s.ctx, []store.SourceUse{
		{ID: a.ID, Counts: store.SourceCounts{Accepted: 3, Rejected: 1}, LastReceivedAt: at(20)},
		{ID: event.NewID(), Counts: store.SourceCounts{Accepted: 100}}, // it is gone
		{ID: b.ID, Counts: store.SourceCounts{Refused: 7}},
	}))
	must(t, s.SaveSourceUse(s.ctx, []store.SourceUse{
		{ID: a.ID, Counts: store.SourceCounts{Accepted: 2, Refused: 1}, LastReceivedAt: at(10)}, // an earlier time changes nothing
	}))
	for _, c := range []struct {
		of     store.Source
		counts store.SourceCounts
		last   time.Time
	}{
		{a, store.SourceCounts{Accepted: 5, Rejected: 1, Refused: 1}, at(20)},
		{b, store.SourceCounts{Refused: 7}, time.Time{}},
	} {
		got, err := s.GetSource(s.ctx, c.of.Account, c.of.ID)
		must(t, err)
		want := c.of
		want.Counts, want.LastReceivedAt = c.counts, c.last
		same(t, "source after use", got, want)
		want.Project = "other"
		must(t, s.UpdateSource(s.ctx, want)) // a change leaves the counts alone
		got, err = s.GetSource(s.ctx, c.of.Account, c.of.ID)
		must(t, err)
		same(t, "counts after a change", got.Counts, c.counts)
		same(t, "version after use and a change", got.Version, int64(2))
	}
}
