// Package identity says who is calling: API keys, their scopes, and the principal behind a request.
//
// A key is shown once, when it is made; only its SHA-256 is kept. That is enough, because a key is 256 random bits and
// not a password.
package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a key.
const (
	// MaxNameRunes bounds a key's name, in characters.
	MaxNameRunes = 100
	// MaxExpiryDays is the longest life of a key that has an end (ten years).
	MaxExpiryDays = 3650
	// MaxKeyBytes bounds what is taken for a key at all.
	MaxKeyBytes = 512
	// MinAdminKeyBytes is the least length of TOCSIN_ADMIN_KEY.
	MinAdminKeyBytes = 24
)

// The text of a key: prefix, 8 characters that name it, underscore, 52 characters (260 bits) that nobody can guess.
const (
	keyPrefix   = "tsk_live_"
	nameChars   = 8
	secretChars = 52
	// keyAlphabet is Crockford's base32: no letter can be taken for a digit, and a double click selects all of it.
	keyAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

// Keys is what the service needs of the store.
type Keys interface {
	store.Keys
}

// Principal is who is calling.
type Principal struct {
	Account event.Account
	KeyID   string // "key_…"
	KeyName string
	Scopes  Scopes
}

// Can says whether the principal may do what the scope names.
func (p Principal) Can(s Scope) bool { return p.Scopes.Can(s) }

// Service makes, lists, revokes and checks API keys. It is safe for concurrent use.
type Service struct {
	keys  Keys
	now   func() time.Time
	log   *slog.Logger
	cache *cache
	touch *toucher
}

// New makes a service. Close it when done.
func New(keys Keys, now func() time.Time, log *slog.Logger) *Service {
	return &Service{keys: keys, now: now, log: log, cache: newCache(), touch: newToucher(keys, log)}
}

// Close writes down the last uses that are still to be written.
func (s *Service) Close() { s.touch.close() }

// Create makes a key. The secret is given this once; what is stored cannot be turned back into it. expiresInDays 0
// means that it does not expire. A wish that cannot be granted gives an *InvalidError.
func (s *Service) Create(ctx context.Context, account event.Account, name string, scopes []Scope, expiresInDays int) (store.Key, form.Secret, error) {
	if err := checkName(name); err != nil {
		return store.Key{}, form.Secret{}, err
	}
	names, err := checkScopes(scopes)
	if err != nil {
		return store.Key{}, form.Secret{}, err
	}
	if expiresInDays < 0 || expiresInDays > MaxExpiryDays {
		return store.Key{}, form.Secret{}, &InvalidError{Field: "expires_in_days", Reason: fmt.Sprintf("must be 0 (never) to %d", MaxExpiryDays)}
	}
	text := newKeyText()
	k := store.Key{
		ID:        event.NewID(),
		Account:   account,
		Name:      name,
		Prefix:    text[:len(keyPrefix)+nameChars],
		Hash:      sha256.Sum256([]byte(text)),
		Scopes:    names,
		CreatedAt: s.now().UTC(),
	}
	if expiresInDays > 0 {
		k.ExpiresAt = k.CreatedAt.AddDate(0, 0, expiresInDays)
	}
	if err := s.keys.CreateKey(ctx, k); err != nil {
		return store.Key{}, form.Secret{}, fmt.Errorf("storing the key: %w", err)
	}
	s.cache.forget(k.Hash)
	return k, form.NewSecret(text), nil
}

// List gives an account's keys, newest first.
func (s *Service) List(ctx context.Context, account event.Account, p store.Page) (list []store.Key, next string, err error) {
	list, next, err = s.keys.ListKeys(ctx, account, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing the keys: %w", err)
	}
	return list, next, nil
}

// Revoke ends a key's validity at once in this process, and within cacheFor in others. Its error wraps
// store.ErrNotFound for a key of another account.
func (s *Service) Revoke(ctx context.Context, account event.Account, id event.ID) error {
	err := s.keys.RevokeKey(ctx, account, id, s.now())
	s.cache.forgetKey(id)
	if err != nil {
		return fmt.Errorf("revoking the key: %w", err)
	}
	return nil
}

// FromRequest gives the key that a request presents, in X-API-Key or else as a bearer token; empty if there is none.
func FromRequest(r *http.Request) string {
	if k := strings.TrimSpace(r.Header.Get("X-API-Key")); k != "" {
		return k
	}
	const scheme = "bearer "
	h := r.Header.Get("Authorization")
	if len(h) < len(scheme) || !strings.EqualFold(h[:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimSpace(h[len(scheme):])
}

func newKeyText() string {
	var random [nameChars + secretChars]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	for i, b := range random {
		random[i] = keyAlphabet[b&31]
	}
	return keyPrefix + string(random[:nameChars]) + "_" + string(random[nameChars:])
}

func checkName(name string) error {
	bad := func(reason string) error { return &InvalidError{Field: "name", Reason: reason} }
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0:
		return bad("must be text without control characters")
	case strings.TrimSpace(name) == "":
		return bad("must not be empty")
	case n > MaxNameRunes:
		return bad(fmt.Sprintf("must be at most %d characters", MaxNameRunes))
	case name == AdminKeyEnv:
		return bad("is taken by the key from the environment")
	}
	return nil
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
