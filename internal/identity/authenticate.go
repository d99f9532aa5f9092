package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/identity/known"
)

// Authenticate says who presents a key. ip is the caller's address and is remembered with the last use.
//
// A refusal is one of ErrNoKey, ErrBadKey, ErrExpired, ErrRevoked, ErrClosed and ErrTestKey, all of them
// ErrUnauthenticated; any other error means that the store could not be asked. A key that was checked lately costs
// neither a query nor an allocation, an unknown one that was presented a moment ago no query either.
func (s *Service) Authenticate(ctx context.Context, presented, ip string) (Principal, error) {
	if presented == "" {
		return Principal{}, ErrNoKey
	}
	if len(presented) > MaxKeyBytes {
		return Principal{}, ErrBadKey
	}
	var text [MaxKeyBytes]byte // on the stack: a conversion would allocate
	hash := sha256.Sum256(text[:copy(text[:], presented)])
	now := s.now()

	e, refused := s.cache.Find(&hash, now.UnixNano())
	switch {
	case refused:
		e = nobody
	case e == nil || s.isStale(e, now):
		var err error
		if e, err = s.ask(ctx, hash, now); err != nil {
			return Principal{}, err
		}
	}
	if err := s.judge(e, &hash, now); err != nil {
		return Principal{}, err
	}
	s.touch.use(e, now, ip)
	return e.principal, nil
}

// judge says why a key cannot be used, if so.
func (s *Service) judge(e *entry, hash *[32]byte, now time.Time) error {
	invalid := validity(e.revokedAt, e.expiresAt, now)
	// The map has found the hash by its value; that alone could be timed.
	switch {
	case subtle.ConstantTimeCompare(e.hash[:], hash[:]) != 1:
		return ErrBadKey
	case invalid != nil:
		return invalid
	case !s.accountOpen(e.principal.Home):
		return ErrClosed
	case s.refuseTest && e.principal.Environment == Test:
		return ErrTestKey
	}
	return nil
}

// isStale says whether this caller is to ask the store again. Only one of many callers at the same time is.
func (s *Service) isStale(e *entry, now time.Time) bool {
	checked := e.checked.Load()
	age := now.UnixNano() - checked
	if age >= 0 && age < int64(known.For) {
		return false
	}
	return e.checked.CompareAndSwap(checked, now.UnixNano())
}

// ask reads a key from the store into the cache; nobody for an unknown one. An expired or revoked key is an entry too.
func (s *Service) ask(ctx context.Context, hash [32]byte, now time.Time) (*entry, error) {
	generation := s.cache.Generation()
	k, err := s.keys.KeyByHash(ctx, hash)
	switch {
	case notFound(err):
		s.cache.PutUnknown(hash, now, generation)
		return nobody, nil
	case err != nil:
		s.cache.Forget(hash) // the next caller asks again, instead of trusting what could not be confirmed
		return nil, fmt.Errorf("looking up the API key: %w", err)
	}
	e := newEntry(&k, now)
	s.cache.Put(hash, e, generation, func(old *entry) {
		e.used.Store(max(e.used.Load(), old.used.Load())) // the store may not have heard of the last use yet
	})
	return e, nil
}
