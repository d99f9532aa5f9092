package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"time"
)

// Authenticate says who presents a key. ip is the caller's address and is remembered with the last use.
//
// A refusal is one of ErrNoKey, ErrBadKey, ErrExpired and ErrRevoked, all of them ErrUnauthenticated; any other error
// means that the store could not be asked. A key that was checked lately costs neither a query nor an allocation.
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

	e, refused := s.cache.find(&hash, now.UnixNano())
	if refused {
		return Principal{}, ErrBadKey
	}
	if e == nil || s.isStale(e, now) {
		var err error
		if e, err = s.ask(ctx, hash, now); err != nil {
			return Principal{}, err
		}
	}
	// The map has found the hash by its value; that alone could be timed.
	if subtle.ConstantTimeCompare(e.hash[:], hash[:]) != 1 {
		return Principal{}, ErrBadKey
	}
	if err := validity(e.revokedAt, e.expiresAt, now); err != nil {
		return Principal{}, err
	}
	s.touch.use(e, now, ip)
	return e.principal, nil
}

// isStale says whether this caller is to ask the store again. Only one of many callers at the same time is.
func (s *Service) isStale(e *entry, now time.Time) bool {
	checked := e.checked.Load()
	age := now.UnixNano() - checked
	if age >= 0 && age < int64(cacheFor) {
		return false
	}
	return e.checked.CompareAndSwap(checked, now.UnixNano())
}

// ask reads a key from the store into the cache. An expired or revoked key is an entry too.
func (s *Service) ask(ctx context.Context, hash [32]byte, now time.Time) (*entry, error) {
	generation := s.cache.generation()
	k, err := s.keys.KeyByHash(ctx, hash)
	switch {
	case notFound(err):
		s.cache.put(hash, nil, now, generation)
		return nil, ErrBadKey
	case err != nil:
		s.cache.forget(hash) // the next caller asks again, instead of trusting what could not be confirmed
		return nil, fmt.Errorf("looking up the API key: %w", err)
	}
	e := newEntry(&k, now)
	s.cache.put(hash, e, now, generation)
	return e, nil
}
