package storetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// auditEntry is entry n of an account, with odd bytes in every text.
func auditEntry(n uint64, account event.Account) store.AuditEntry {
	return store.AuditEntry{
		Seq: n, At: at(int(n)), Account: account, Action: "integration.update", Target: "int_'; DROP TABLE audit; --",
		Actor: "usr_\x00ü", Body: fmt.Appendf(nil, `{"seq":%d,"x":"é\n"}`, n), Hash: [32]byte{byte(n), 31: byte(n >> 8)},
	}
}

// auditRecord appends n entries, one of three for another account.
func (s *suite) auditRecord(t *testing.T, n int) []store.AuditEntry {
	t.Helper()
	var list []store.AuditEntry
	for i := range n {
		account := acme
		if i%3 == 1 {
			account = other
		}
		list = append(list, auditEntry(uint64(i+1), account))
	}
	must(t, s.AppendAudit(s.ctx, list, nil))
	return list
}

func (s *suite) wholeAudit(t *testing.T) []store.AuditEntry {
	t.Helper()
	list, err := s.ReadAudit(s.ctx, 0, store.MaxAuditRead)
	must(t, err)
	return list
}

func testAudit(t *testing.T, s *suite) {
	anchor, err := s.AuditAnchor(s.ctx)
	must(t, err)
	if anchor.Seq != 0 || anchor.Hash != [32]byte{} || anchor.Installation == [16]byte{} {
		t.Fatalf("a new installation's anchor is %v", anchor)
	}
	head, err := s.AuditHead(s.ctx)
	must(t, err)
	same(t, "a new installation's head", head, store.AuditEntry{})
	same(t, "a new installation's record", len(s.wholeAudit(t)), 0)

	list := []store.AuditEntry{auditEntry(1, acme), auditEntry(2, other)}
	list[1].Act = 1
	must(t, s.AppendAudit(s.ctx, nil, nil))
	must(t, s.AppendAudit(s.ctx, list, nil))
	for name, seqs := range map[string][]uint64{"a known number": {2}, "a gap": {4}, "number 0": {0}, "a gap within": {3, 5}, "two of a number": {3, 3}} {
		var more []store.AuditEntry
		for _, n := range seqs {
			more = append(more, auditEntry(n, acme))
		}
		wantErr(t, name, s.AppendAudit(s.ctx, more, nil), store.ErrConflict)
	}
	wantErr(t, "no account", s.AppendAudit(s.ctx, []store.AuditEntry{auditEntry(3, "")}, nil), store.ErrInvalid)
	same(t, "the record", s.wholeAudit(t), list)
	s.reopen(t)
	same(t, "the record after it was opened again", s.wholeAudit(t), list)
	head, err = s.AuditHead(s.ctx)
	must(t, err)
	same(t, "head", head, list[1])
	again, err := s.AuditAnchor(s.ctx)
	must(t, err)
	same(t, "anchor", again, anchor)
	from, err := s.ReadAudit(s.ctx, 2, 0)
	must(t, err)
	same(t, "from 2", from, list[1:])
}

func testAuditSays(t *testing.T, s *suite) {
	a := said(acme)
	must(t, s.AppendAudit(s.ctx, []store.AuditEntry{auditEntry(1, acme)}, []store.Said{a}))
	same(t, "the outbox", s.waiting(t), []store.Said{a})
	wantErr(t, "entries that do not follow", s.AppendAudit(s.ctx, []store.AuditEntry{auditEntry(1, acme)}, []store.Said{said(acme)}), store.ErrConflict)
	for name, spoil := range spoiled() {
		bad := said(acme)
		spoil(&bad)
		wantErr(t, "a fact "+name, s.AppendAudit(s.ctx, []store.AuditEntry{auditEntry(2, acme)}, []store.Said{bad}), store.ErrInvalid)
	}
	same(t, "the outbox after refusals", s.waiting(t), []store.Said{a})
	same(t, "the record after refusals", len(s.wholeAudit(t)), 1)
}

func testAuditFilters(t *testing.T, s *suite) {
	list := s.auditRecord(t, 6) // acme: 1, 3, 4, 6
	more := []store.AuditEntry{auditEntry(7, acme), auditEntry(8, acme), auditEntry(9, acme)}
	more[0].Action, more[0].Actor = "integrations.purge", "key_1"
	more[1].Target, more[1].Action = "int_1", "integration.create"
	more[2].Act = 8
	more[1].Body, more[2].Body = []byte(`{"actor":{"kind":"user","name":"Dana@Example.com"}}`), []byte(`{"actor":{"name":"dana"}}`)
	more[0].Body = []byte(`no JSON`)
	must(t, s.AppendAudit(s.ctx, more, nil))
	for name, c := range map[string]struct {
		f    store.AuditFilter
		want []uint64
	}{
		"all":            {store.AuditFilter{}, []uint64{9, 8, 7, 6, 4, 3, 1}},
		"action":         {store.AuditFilter{Action: "integration.create"}, []uint64{8}},
		"prefix":         {store.AuditFilter{Action: "integration.*"}, []uint64{9, 8, 6, 4, 3, 1}},
		"no prefix":      {store.AuditFilter{Action: "integration*"}, nil},
		"target":         {store.AuditFilter{Target: "int_1"}, []uint64{8}},
		"hostile target": {store.AuditFilter{Target: list[0].Target, Begins: true}, []uint64{7, 6, 4, 3, 1}},
		"actor":          {store.AuditFilter{Actor: "key_1"}, []uint64{7}},
		"actor's name":   {store.AuditFilter{Actor: "dana@example.COM"}, []uint64{8}},
		"half a name":    {store.AuditFilter{Actor: "dana@"}, nil},
		"no pattern":     {store.AuditFilter{Actor: "dana%"}, nil},
		"time":           {store.AuditFilter{After: at(3), Before: at(7)}, []uint64{6, 4, 3}},
		"begins":         {store.AuditFilter{Begins: true, After: at(7)}, []uint64{8, 7}},
		"nothing":        {store.AuditFilter{Actor: "key_1", Target: "int_1"}, nil},
	} {
		c.f.Account = acme
		got, next, err := s.ListAudit(s.ctx, c.f, store.Page{Limit: 100})
		must(t, err)
		var seqs []uint64
		for _, e := range got {
			seqs = append(seqs, e.Seq)
		}
		same(t, name, seqs, c.want)
		same(t, "cursor after all of "+name, next, "")
	}
	none, _, err := s.ListAudit(s.ctx, store.AuditFilter{}, store.Page{Limit: 100})
	must(t, err)
	same(t, "entries of no account", len(none), 0)

	ends, err := s.AuditEnds(s.ctx, []uint64{1, 8, 77})
	must(t, err)
	same(t, "ends", ends, more[2:])
	ends, err = s.AuditEnds(s.ctx, nil)
	must(t, err)
	same(t, "ends of nothing", len(ends), 0)
	_, err = s.AuditEnds(s.ctx, make([]uint64, store.MaxPage+1))
	wantErr(t, "too many acts", err, store.ErrInvalid)
}

func testAuditList(t *testing.T, s *suite) {
	var want []string
	for _, e := range s.auditRecord(t, 25) {
		if e.Account == acme {
			want = append([]string{fmt.Sprint(e.Seq)}, want...)
		}
	}
	list := func(p store.Page) ([]store.AuditEntry, string, error) {
		return s.ListAudit(s.ctx, store.AuditFilter{Account: acme}, p)
	}
	checkWalk(t, list, func(e store.AuditEntry) string { return fmt.Sprint(e.Seq) }, want, func(n int) {
		must(t, s.AppendAudit(s.ctx, []store.AuditEntry{auditEntry(uint64(26+n), acme)}, nil))
	})
	for _, cursor := range []string{"x", "AAAA", "\x00", "' OR 1=1 --"} {
		_, _, err := list(store.Page{After: cursor, Limit: 1})
		wantErr(t, "after "+cursor, err, store.ErrCursor)
	}
}

func testAuditSpan(t *testing.T, s *suite) {
	_, _, err := s.AuditSpan(s.ctx, time.Time{}, time.Time{})
	wantErr(t, "the span of an empty record", err, store.ErrNotFound)
	list := s.auditRecord(t, 9)
	late := auditEntry(10, acme)
	late.At = list[1].At // the clock was set back
	must(t, s.AppendAudit(s.ctx, []store.AuditEntry{late}, nil))
	for _, c := range []struct {
		after, before time.Time
		first, last   uint64
	}{
		{time.Time{}, time.Time{}, 1, 10},
		{at(4), time.Time{}, 4, 9},
		{at(4), at(5), 4, 4},
		{time.Time{}, at(2), 1, 1},
		{time.Time{}, at(5), 1, 10},
	} {
		first, last, err := s.AuditSpan(s.ctx, c.after, c.before)
		must(t, err)
		same(t, fmt.Sprintf("span from %s to %s", c.after, c.before), []uint64{first, last}, []uint64{c.first, c.last})
	}
	_, _, err = s.AuditSpan(s.ctx, at(11), time.Time{})
	wantErr(t, "an empty span", err, store.ErrNotFound)
}

func testAuditPrune(t *testing.T, s *suite) {
	list := s.auditRecord(t, 9)
	installed, err := s.AuditAnchor(s.ctx)
	must(t, err)
	for _, c := range []struct {
		through uint64
		limit   int
		deleted int
		left    int // index of the first entry that is left
	}{
		{0, 10, 0, 0}, {5, 0, 0, 0}, {5, 2, 2, 2}, {1, 10, 0, 2}, {5, 10, 3, 5}, {5, 10, 0, 5}, {100, 10, 3, 8}, {100, 10, 0, 8},
	} {
		n, err := s.PruneAudit(s.ctx, c.through, c.limit)
		must(t, err)
		same(t, fmt.Sprintf("deleted through %d", c.through), n, c.deleted)
		same(t, fmt.Sprintf("left after pruning through %d", c.through), s.wholeAudit(t), list[c.left:])
		anchor, err := s.AuditAnchor(s.ctx)
		must(t, err)
		want := store.AuditAnchor{Installation: installed.Installation}
		if c.left > 0 {
			want.Seq, want.Hash = list[c.left-1].Seq, list[c.left-1].Hash
		}
		same(t, "anchor", anchor, want)
	}
	must(t, s.AppendAudit(s.ctx, []store.AuditEntry{auditEntry(10, acme)}, nil))
	s.reopen(t)
	same(t, "the record", len(s.wholeAudit(t)), 2)
	if bytes.Equal(installed.Installation[:], make([]byte, 16)) {
		t.Error("the installation has no number")
	}
}
