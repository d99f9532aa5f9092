package deliver

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Bounds of a look-up of an event by its id, which scans the journal around the id's time.
const (
	lookBefore = 2 * time.Second
	lookAfter  = time.Minute // an event may wait this long between getting its id and its frame
)

// Event finds an event of an account by id; store.ErrNotFound if the journal does not have it (any more).
func (e *Engine) Event(ctx context.Context, account event.Account, id event.ID) (*event.Record, error) {
	rec, _, err := e.find(ctx, accounts{account: {}}, id.Time(), func(r *event.Record) bool { return r.ID == id })
	return rec, err
}

// accounts is a set of them.
type accounts map[event.Account]struct{}

// readable is the accounts whose events the deliveries of an account may be about: its own, and those below it that one
// of its integrations follows.
func (e *Engine) readable(account event.Account) accounts {
	set := accounts{account: {}}
	for _, l := range e.allLanes() {
		if l.account != account {
			continue
		}
		l.mu.Lock()
		for _, v := range l.subs {
			for a := range v.kin.parents() {
				set[a] = struct{}{}
			}
		}
		l.mu.Unlock()
	}
	return set
}

// seenFrom is a record as the lanes of an account have it.
func seenFrom(account event.Account, r *event.Record) *event.Record {
	if r.Account == account || len(r.Parents) > 0 {
		return r
	}
	return adopt(r, nil)
}

// find scans the accounts' events around a time for one that is wanted.
func (e *Engine) find(ctx context.Context, of accounts, at time.Time, want func(*event.Record) bool) (*event.Record, journal.Position, error) {
	number, err := e.Journal.Seek(ctx, at.Add(-lookBefore))
	if err != nil {
		return nil, journal.Position{}, fmt.Errorf("looking the event up: %w", err)
	}
	for ; ; number++ {
		f, err := e.Journal.Read(ctx, number)
		switch {
		case errors.Is(err, journal.ErrNotYet):
			return nil, journal.Position{}, store.ErrNotFound
		case errors.Is(err, journal.ErrDamaged), errors.Is(err, journal.ErrTrimmed):
			continue
		case err != nil:
			return nil, journal.Position{}, fmt.Errorf("looking the event up: %w", err)
		case f.Time.After(at.Add(lookAfter)):
			return nil, journal.Position{}, store.ErrNotFound
		}
		if rec, pos, ok := findIn(f, of, want); ok {
			return rec, pos, nil
		}
	}
}

func findIn(f *journal.Frame, of accounts, want func(*event.Record) bool) (*event.Record, journal.Position, bool) {
	for i := range f.Sections {
		s := &f.Sections[i]
		if _, ok := of[s.Account]; !ok {
			continue
		}
		records, err := s.Records()
		if err != nil {
			continue
		}
		if j := slices.IndexFunc(records, want); j >= 0 {
			return records[j], f.Position(s, j), true
		}
	}
	return nil, journal.Position{}, false
}

// at reads the event at a position, if it is of one of the accounts.
func (e *Engine) at(ctx context.Context, of accounts, pos journal.Position) (*event.Record, error) {
	f, err := e.Journal.Read(ctx, pos.Frame)
	if err != nil {
		return nil, fmt.Errorf("reading frame %d: %w", pos.Frame, err)
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		if _, ok := of[s.Account]; !ok || pos.Item < s.FirstItem || pos.Item >= s.FirstItem+s.Count {
			continue
		}
		if len(of) > 1 && f.Epoch != pos.Epoch { // another frame of the same number may hold another account's event there
			return nil, store.ErrNotFound
		}
		records, err := s.Records()
		if err != nil {
			return nil, err
		}
		return records[pos.Item-s.FirstItem], nil
	}
	return nil, store.ErrNotFound
}

// Events lists the newest events of an account, the newest first. Only the last Options.Recent of all accounts can be
// listed; older ones are found by id.
func (e *Engine) Events(ctx context.Context, account event.Account, f EventFilter, p store.Page) (list []*event.Record, next string, err error) {
	after, err := readCursor(p.After)
	if err != nil {
		return nil, "", err
	}
	limit := pageLimit(p)
	var found []recentEvent
	e.tail.mu.Lock()
	e.tail.recent.newest(func(r *recentEvent) bool {
		if r.account == account && f.wants(r) && (after == nil || r.pos.Less(*after)) {
			found = append(found, *r)
		}
		return len(found) <= limit
	})
	e.tail.mu.Unlock()
	if len(found) > limit {
		found = found[:limit]
		next = writeCursor(found[limit-1].pos)
	}
	for _, r := range found {
		if rec, err := e.at(ctx, accounts{account: {}}, r.pos); err == nil {
			list = append(list, rec)
		}
	}
	return list, next, nil
}

func (f *EventFilter) wants(r *recentEvent) bool {
	switch {
	case r.severity < f.MinSeverity, f.Project != "" && r.project != f.Project:
		return false
	case !f.Since.IsZero() && r.received.Before(f.Since), !f.Until.IsZero() && !r.received.Before(f.Until):
		return false
	}
	return len(f.Types) == 0 || slices.ContainsFunc(f.Types, func(t event.TypeFilter) bool { return t.Match(r.kind) })
}

// Explain says why an integration gets an event, or not, by its subscription as it is now.
func (e *Engine) Explain(account event.Account, integration event.ID, r *event.Record) (route.Reason, bool) {
	l := e.lane(account, integration)
	if l == nil {
		return "", false
	}
	l.mu.Lock()
	v := l.version()
	l.mu.Unlock()
	return l.wants(r, &v), true
}

// wants says why the lane does not get an event under a version of its subscription; route.Wanted if it does.
func (l *lane) wants(r *event.Record, v *subVersion) route.Reason {
	if r.Account != "" && r.Account != l.account && !v.kin.has(r.Account) {
		return route.OtherAccount
	}
	return v.sub.Explain(r, l.text)
}

// maxPage and defaultPage bound a list.
const (
	maxPage     = store.MaxPage
	defaultPage = 50
)

func pageLimit(p store.Page) int {
	if p.Limit <= 0 {
		return defaultPage
	}
	return min(p.Limit, maxPage)
}

func writeCursor(p journal.Position) string { return base64.RawURLEncoding.EncodeToString(p.Bytes()) }

// readCursor reads a cursor that writeCursor made; nil for the first page.
func readCursor(s string) (*journal.Position, error) {
	if s == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != journal.PositionBytes {
		return nil, store.ErrCursor
	}
	p := journal.PositionFromBytes(b)
	return &p, nil
}
