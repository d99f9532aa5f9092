// Package identity says who is calling: API keys, their scopes, and the principal behind a request. People are in
// identity/user.
//
// A key is shown once, when it is made; only its SHA-256 is kept. That is enough, because a key is 256 random bits and
// not a password.
package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/known"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Keys is what the service needs of the store.
type Keys interface {
	store.Keys
}

// Deps are what a Service is made of. Only Keys must be set.
type Deps struct {
	Keys Keys
	// Recorder writes down every key that is made, rotated or revoked. Nil records nothing: for tests only.
	Recorder act.Recorder
	// AccountOpen says whether an account's keys may be used; nil: all of them. It is asked with every request.
	AccountOpen func(event.Account) bool
	// RefuseTestKeys is for a hub in production.
	RefuseTestKeys bool
	Now            func() time.Time // default time.Now
	Log            *slog.Logger     // default: discarded
}

// Service makes, lists, rotates, revokes and checks API keys. It is safe for concurrent use.
type Service struct {
	keys        Keys
	record      act.Recorder
	accountOpen func(event.Account) bool
	refuseTest  bool
	now         func() time.Time
	log         *slog.Logger
	cache       *known.Cache[*entry]
	touch       *toucher
}

// New makes a service. Close it when done.
func New(d Deps) *Service {
	s := &Service{
		keys: d.Keys, record: d.Recorder, accountOpen: d.AccountOpen, refuseTest: d.RefuseTestKeys, now: d.Now,
		log: cmp.Or(d.Log, slog.New(slog.DiscardHandler)), cache: known.New[*entry](),
	}
	if s.record == nil {
		s.record = act.Discard{}
	}
	if s.accountOpen == nil {
		s.accountOpen = func(event.Account) bool { return true }
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.touch = newToucher(d.Keys, s.log)
	return s
}

// Close writes down the last uses that are still to be written.
func (s *Service) Close() { s.touch.close() }

// List gives an account's keys, newest first.
func (s *Service) List(ctx context.Context, account event.Account, p store.Page) (list []store.Key, next string, err error) {
	list, next, err = s.keys.ListKeys(ctx, account, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing the keys: %w", err)
	}
	return list, next, nil
}

// Get finds a key of an account. Its error wraps store.ErrNotFound for a key of another account.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.Key, error) {
	k, err := s.keys.GetKey(ctx, account, id)
	if err != nil {
		return store.Key{}, fmt.Errorf("reading the key: %w", err)
	}
	return k, nil
}

// FromRequest gives the key that a request presents, in X-API-Key or else as a bearer token; empty if there is none.
func FromRequest(r *http.Request) string {
	if k := strings.TrimSpace(onlyOne(r.Header["X-Api-Key"])); k != "" {
		return k
	}
	const scheme = "bearer "
	h := onlyOne(r.Header["Authorization"])
	if len(h) < len(scheme) || !strings.EqualFold(h[:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimSpace(h[len(scheme):])
}

// onlyOne is a header's value. Two of them are no key: whoever passed the request on may have seen another one first.
func onlyOne(values []string) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	return "two keys"
}

// validAdmin says whether a key is an administrator's and can be used.
func validAdmin(k *store.Key, now time.Time) bool {
	return validity(k.RevokedAt, k.ExpiresAt, now) == nil && scopesOf(k).Can(Admin)
}

// validity says why a key cannot be used, if so.
func validity(revokedAt, expiresAt, now time.Time) error {
	switch {
	case !revokedAt.IsZero():
		return ErrRevoked
	case !expiresAt.IsZero() && !now.Before(expiresAt):
		return ErrExpired
	}
	return nil
}

func scopesOf(k *store.Key) Scopes {
	out := make(Scopes, len(k.Scopes))
	for i, s := range k.Scopes {
		out[i] = Scope(s)
	}
	return out
}

// notFound says that the store knows no such row.
func notFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
