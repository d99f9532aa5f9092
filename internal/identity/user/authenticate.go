package user

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/known"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// entry is a session that the store knows, valid or not. Its fields but the atomics never change.
type entry struct {
	hash      [32]byte
	user      event.ID
	principal identity.Principal
	disabled  bool
	expiresAt time.Time
	revokedAt time.Time
	// checked is when the store was asked, in Unix nanoseconds. One caller at a time moves it on and asks again.
	checked atomic.Int64
	// seen is the last use, noted the last use that was noted to be written down; in Unix nanoseconds.
	seen, noted atomic.Int64
}

// nobody stands for a session that the store does not know: checking it takes the same way.
var nobody = new(entry)

// Authenticate says who presents a session's token. Its refusals are all ErrUnauthenticated; any other error means that
// the store could not be asked. What another process changed is seen within known.For.
func (s *Service) Authenticate(ctx context.Context, token form.Secret) (identity.Principal, error) {
	if token.IsZero() {
		return identity.Principal{}, ErrNoSession
	}
	if len(token.Reveal()) > maxTokenBytes {
		return identity.Principal{}, ErrUnknown
	}
	hash, now := tokenHash(token), s.Now()
	e, refused := s.sessions.Find(&hash, now.UnixNano())
	switch {
	case refused:
		e = nobody
	case e == nil || stale(e, now):
		var err error
		if e, err = s.ask(ctx, hash, now); err != nil {
			return identity.Principal{}, err
		}
	}
	if err := s.judge(e, &hash, now); err != nil {
		return identity.Principal{}, err
	}
	s.uses.note(e, now)
	return e.principal, nil
}

// judge says why a session cannot be used, if so.
func (s *Service) judge(e *entry, hash *[32]byte, now time.Time) error {
	switch {
	case subtle.ConstantTimeCompare(e.hash[:], hash[:]) != 1:
		return ErrUnknown
	case !e.revokedAt.IsZero():
		return ErrEnded
	case !now.Before(e.expiresAt):
		return ErrExpired
	case now.UnixNano()-e.seen.Load() >= int64(s.Idle):
		return ErrIdle
	case e.disabled:
		return ErrDisabled
	case !s.AccountOpen(e.principal.Home):
		return ErrClosed
	}
	return nil
}

// stale says whether this caller is to ask the store again. Only one of many callers at the same time is.
func stale(e *entry, now time.Time) bool {
	checked := e.checked.Load()
	age := now.UnixNano() - checked
	if age >= 0 && age < int64(known.For) {
		return false
	}
	return e.checked.CompareAndSwap(checked, now.UnixNano())
}

// ask reads a session and its user from the store into the cache.
func (s *Service) ask(ctx context.Context, hash [32]byte, now time.Time) (*entry, error) {
	generation := s.sessions.Generation()
	row, err := s.Store.SessionByHash(ctx, hash)
	var u store.User
	if err == nil {
		u, err = s.Store.GetUser(ctx, row.Account, row.User)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.sessions.PutUnknown(hash, now, generation)
		return nobody, nil
	case err != nil:
		s.sessions.Forget(hash) // the next caller asks again, instead of trusting what could not be confirmed
		return nil, fmt.Errorf("looking up the session: %w", err)
	}
	e := newEntry(&row, &u, now)
	s.sessions.Put(hash, e, generation, func(old *entry) { // the store may not have heard of the last use yet
		e.seen.Store(max(e.seen.Load(), old.seen.Load()))
		e.noted.Store(max(e.noted.Load(), old.noted.Load()))
	})
	return e, nil
}

func newEntry(row *store.Session, u *store.User, now time.Time) *entry {
	role := identity.Role(u.Role)
	e := &entry{
		hash: row.Hash, user: u.ID, expiresAt: row.ExpiresAt, revokedAt: row.RevokedAt,
		disabled: u.Disabled || !u.DeletedAt.IsZero() || !role.Valid(),
		principal: identity.Principal{
			Account: u.Account, Home: u.Account, Kind: act.KindUser, ID: textOf(u.ID), Name: u.Email, Scopes: role.Scopes(),
			Role: role, SessionID: row.ID, Strong: row.Strong,
		},
	}
	e.checked.Store(now.UnixNano())
	e.seen.Store(row.LastSeenAt.UnixNano())
	e.noted.Store(row.LastSeenAt.UnixNano())
	return e
}

// forgetUser makes the next request of each of a user's sessions ask the store.
func (s *Service) forgetUser(id event.ID) {
	s.sessions.ForgetIf(func(e *entry) bool { return e.user == id })
}

func (s *Service) forgetSession(id event.ID) {
	s.sessions.ForgetIf(func(e *entry) bool { return e.principal.SessionID == id })
}

// touchEvery is how exactly a session's last use is written down.
const touchEvery = time.Minute

// uses are last uses that wait to be written down by Run. There are at most as many as the cache holds sessions.
type uses struct {
	mu sync.Mutex
	at map[event.ID]time.Time
}

func newUses() uses { return uses{at: make(map[event.ID]time.Time)} }

// note remembers a use. It never waits for the store.
func (w *uses) note(e *entry, now time.Time) {
	e.seen.Store(max(e.seen.Load(), now.UnixNano()))
	noted := e.noted.Load()
	age := now.UnixNano() - noted
	if age >= 0 && age < int64(touchEvery) || !e.noted.CompareAndSwap(noted, now.UnixNano()) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, held := w.at[e.principal.SessionID]; !held && len(w.at) >= known.Max {
		return // noted again in a minute
	}
	w.at[e.principal.SessionID] = now
}

// take gives what waits and forgets it.
func (w *uses) take() map[event.ID]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := w.at
	w.at = make(map[event.ID]time.Time)
	return at
}
