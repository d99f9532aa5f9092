// Package seal keeps secrets at rest: what is sealed can be read only with the installation's key, and only in the
// place (account, integration, field) it was sealed for.
//
// AES-256-GCM with a random nonce, from the standard library. A sealed value names the format and the key, so that
// keys can be rotated and formats changed later:
//
//	version (1 byte) | key id (4 bytes) | nonce (12) | ciphertext and tag (16)
//
// One key is current and seals; earlier ones only unseal, until [Sealer.Rotate] has sealed everything anew. Where keys
// come from (a file, the environment, a file encrypted with age) is the business of [Open].
package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Errors of the package. None of them, nor any error that wraps them, contains a plaintext or a key.
var (
	// ErrSealed: the bytes are not a sealed value, were changed, or were sealed for another place.
	ErrSealed = errors.New("the sealed value is damaged or belongs to another place")
	// ErrOtherKey: the value was sealed with a key that is not here.
	ErrOtherKey = errors.New("the value was sealed with another key")
	// ErrTooLong: the secret is longer than MaxSecretBytes.
	ErrTooLong = errors.New("the secret is too long")
	// ErrKeyFile: the key file, or what stands in for it, cannot be used as it is.
	ErrKeyFile = errors.New("the key file cannot be used")
	// ErrNoKey: there is a database, but the key of its secrets is not where it should be.
	ErrNoKey = errors.New("the key of the stored secrets is missing")
)

// MaxSecretBytes bounds one secret (1 MiB; the largest are certificates with their keys).
const MaxSecretBytes = 1 << 20

// AAD is the place a secret belongs to. A value that is copied to another place cannot be unsealed there.
type AAD struct {
	Account     event.Account
	Integration event.ID // or whatever else holds the secret: a user
	Field       string   // a setting's path, "headers.0.value"
}

// formatVersion is the first byte of a sealed value.
const formatVersion = 1

// keyIDBytes is the length of a key's id.
const keyIDBytes = 4

// headBytes is the length of what stands before the nonce.
const headBytes = 1 + keyIDBytes

// Sealer seals with the current key and unseals with every key it has. It is safe for concurrent use.
type Sealer struct {
	ring atomic.Pointer[ring]
	// hold is read-locked between sealing a value and storing it, and locked while the current key changes: so nothing
	// that was sealed with the key of before is stored after the change.
	hold sync.RWMutex

	rotating sync.Mutex
	keys     keeper
}

// newSealer makes a sealer of keys, the current one first.
func newSealer(k keeper, keys []key) (*Sealer, error) {
	r, err := newRing(keys)
	if err != nil {
		return nil, err
	}
	s := &Sealer{keys: k}
	s.ring.Store(r)
	return s, nil
}

// KeyID names the current key, for messages and backups; it says nothing about the key itself.
func (s *Sealer) KeyID() string { return s.ring.Load().current.text() }

// KeyInfo is a key as it may be shown.
type KeyInfo struct {
	ID      string `json:"id" doc:"The key's id, a fingerprint that says nothing about the key." example:"672a6664"`
	Current bool   `json:"current" doc:"Whether new secrets are sealed with it; the others only unseal."`
	Source  string `json:"source" doc:"Where it comes from: a file of the data directory or an environment variable." example:"secret.key"`
}

// Keys lists the keys, the current one first.
func (s *Sealer) Keys() []KeyInfo {
	r := s.ring.Load()
	list := make([]KeyInfo, len(r.all))
	for i, k := range r.all {
		list[i] = KeyInfo{ID: k.text(), Current: i == 0, Source: k.source}
	}
	return list
}

// Hold keeps the current key from being replaced until release is called. Whoever seals a value and stores it holds the
// key from before the sealing until after the storing. Hold before taking any lock that others hold while they Hold, and
// do not Hold twice.
func (s *Sealer) Hold() (release func()) {
	s.hold.RLock()
	return s.hold.RUnlock
}

// Seal encrypts a secret for its place. Sealing the same secret twice gives different bytes.
func (s *Sealer) Seal(plain form.Secret, aad AAD) ([]byte, error) {
	return s.ring.Load().current.seal(plain, aad)
}

// Unseal gives back what Seal was given, for the same place only. Its error wraps ErrSealed or ErrOtherKey.
func (s *Sealer) Unseal(sealed []byte, aad AAD) (form.Secret, error) {
	id, ok := keyIDOf(sealed)
	if !ok {
		return form.Secret{}, fmt.Errorf("unsealing %s: %w", aad.Field, ErrSealed)
	}
	r := s.ring.Load()
	k := r.find(id)
	if k == nil {
		return form.Secret{}, fmt.Errorf("unsealing %s: %w: the value names %x, here is %s",
			aad.Field, ErrOtherKey, id, r.names())
	}
	return k.unseal(sealed, aad)
}

// KeyOf names the key that a value says it was sealed with; empty for what is not a sealed value.
func KeyOf(sealed []byte) string {
	id, ok := keyIDOf(sealed)
	if !ok {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// keyIDOf is the key's id in a sealed value.
func keyIDOf(sealed []byte) (id [keyIDBytes]byte, ok bool) {
	const overhead = 12 + 16 // nonce and tag
	if len(sealed) < headBytes+overhead || sealed[0] != formatVersion {
		return id, false
	}
	return [keyIDBytes]byte(sealed[1:headBytes]), true
}

// ring is the keys of one moment. It is never changed.
type ring struct {
	current *sealKey
	all     []*sealKey // the current one first
}

func newRing(keys []key) (*ring, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: it holds no key", ErrKeyFile)
	}
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("%w: there are %d keys, at most %d are used", ErrKeyFile, len(keys), MaxKeys)
	}
	r := &ring{}
	for _, k := range keys {
		sk, err := k.prepare()
		if err != nil {
			return nil, err
		}
		r.all = append(r.all, sk)
	}
	r.current = r.all[0]
	return r, nil
}

func (r *ring) find(id [keyIDBytes]byte) *sealKey {
	for _, k := range r.all {
		if k.id == id {
			return k
		}
	}
	return nil
}

// without is the ring without the keys that gone names.
func (r *ring) without(gone func(*sealKey) bool) *ring {
	return &ring{current: r.current, all: slices.DeleteFunc(slices.Clone(r.all), func(k *sealKey) bool {
		return k != r.current && gone(k)
	})}
}

// names lists the keys' ids.
func (r *ring) names() string {
	text := r.current.text()
	for _, k := range r.all[1:] {
		text += ", " + k.text()
	}
	return text
}
