// Package seal keeps secrets at rest: what is sealed can be read only with the installation's key file, and only in
// the place (account, integration, field) it was sealed for.
//
// AES-256-GCM with a random nonce, from the standard library. A sealed value names the format and the key, so that
// keys can be rotated and formats changed later:
//
//	version (1 byte) | key id (4 bytes) | nonce (12) | ciphertext and tag (16)
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Errors of the package. None of them, nor any error that wraps them, contains a plaintext.
var (
	// ErrSealed: the bytes are not a sealed value, were changed, or were sealed for another place.
	ErrSealed = errors.New("the sealed value is damaged or belongs to another place")
	// ErrOtherKey: the value was sealed with a key that is not here.
	ErrOtherKey = errors.New("the value was sealed with another key")
	// ErrTooLong: the secret is longer than MaxSecretBytes.
	ErrTooLong = errors.New("the secret is too long")
	// ErrKeyFile: the key file cannot be used as it is.
	ErrKeyFile = errors.New("the key file cannot be used")
)

// MaxSecretBytes bounds one secret (1 MiB; the largest are certificates with their keys).
const MaxSecretBytes = 1 << 20

// AAD is the place a secret belongs to. A value that is copied to another place cannot be unsealed there.
type AAD struct {
	Account     event.Account
	Integration event.ID
	Field       string // a setting's path, "headers.0.value"
}

// formatVersion is the first byte of a sealed value.
const formatVersion = 1

// keyIDBytes is the length of a key's id.
const keyIDBytes = 4

// headBytes is the length of what stands before the nonce.
const headBytes = 1 + keyIDBytes

// domain keeps this use of the key apart from every other one.
const domain = "tocsin/seal"

// Sealer seals and unseals with one key. It is safe for concurrent use.
type Sealer struct {
	aead cipher.AEAD
	id   [keyIDBytes]byte
}

// newSealer makes a sealer of a 32-byte key.
func newSealer(key []byte) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("preparing the cipher: %w", err)
	}
	return &Sealer{aead: aead, id: keyID(key)}, nil
}

// KeyID names the key, for messages and backups; it says nothing about the key itself.
func (s *Sealer) KeyID() string { return hex.EncodeToString(s.id[:]) }

// Seal encrypts a secret for its place. Sealing the same secret twice gives different bytes.
func (s *Sealer) Seal(plain form.Secret, aad AAD) ([]byte, error) {
	text := plain.Reveal()
	if len(text) > MaxSecretBytes {
		return nil, fmt.Errorf("sealing %s: %w (%d bytes, at most %d)", aad.Field, ErrTooLong, len(text), MaxSecretBytes)
	}
	out := make([]byte, 0, headBytes+s.aead.Overhead()+len(text))
	out = append(append(out, formatVersion), s.id[:]...)
	return s.aead.Seal(out, nil, []byte(text), bind(out, aad)), nil
}

// Unseal gives back what Seal was given, for the same place only. Its error wraps ErrSealed or ErrOtherKey.
func (s *Sealer) Unseal(sealed []byte, aad AAD) (form.Secret, error) {
	if len(sealed) < headBytes+s.aead.Overhead() || sealed[0] != formatVersion {
		return form.Secret{}, fmt.Errorf("unsealing %s: %w", aad.Field, ErrSealed)
	}
	head := sealed[:headBytes:headBytes]
	if [keyIDBytes]byte(head[1:]) != s.id {
		return form.Secret{}, fmt.Errorf("unsealing %s: %w: the value names %x, the key file holds %s",
			aad.Field, ErrOtherKey, head[1:], s.KeyID())
	}
	plain, err := s.aead.Open(nil, nil, sealed[headBytes:], bind(head, aad))
	if err != nil {
		return form.Secret{}, fmt.Errorf("unsealing %s: %w", aad.Field, ErrSealed)
	}
	return form.NewSecret(string(plain)), nil
}

// bind is what the tag covers beside the ciphertext. Each part stands behind its length, so that no two places give
// the same bytes.
func bind(head []byte, aad AAD) []byte {
	parts := [...]string{domain, string(head), string(aad.Account), string(aad.Integration[:]), aad.Field}
	size := 0
	for _, p := range parts {
		size += 8 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}
