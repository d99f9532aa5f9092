package hook

import (
	"crypto/ed25519"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// The prefixes of keys in Standard Webhooks 1.0.0.
const (
	prefixPrivate = "whsk_"
	prefixPublic  = "whpk_"
)

// privateKey reads an Ed25519 key: whsk_ and the base64 of its seed (32 bytes), or of the seed and the public key after
// it (64 bytes, as libsodium and Go keep it).
func privateKey(text string) (ed25519.PrivateKey, error) {
	encoded, ok := strings.CutPrefix(text, prefixPrivate)
	if !ok {
		return nil, errors.New("must begin with " + prefixPrivate)
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return nil, errors.New("must have base64 after " + prefixPrivate)
	}
	switch len(raw) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(raw), nil
	case ed25519.PrivateKeySize:
		key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
		if subtle.ConstantTimeCompare(key, raw) != 1 {
			return nil, errors.New("holds a public key that is not the private key's")
		}
		return key, nil
	}
	return nil, fmt.Errorf("must have %d or %d bytes after %s, once decoded", ed25519.SeedSize, ed25519.PrivateKeySize, prefixPrivate)
}

// CheckKey says what is wrong with the text of a signing key; see [form.Check].
func CheckKey(text string) error {
	_, err := privateKey(text)
	return err
}

// publicKey is what a receiver needs, as text.
func publicKey(key ed25519.PrivateKey) string {
	public := key.Public().(ed25519.PublicKey)
	return prefixPublic + base64.StdEncoding.EncodeToString(public)
}

// PublicKeys are what a receiver needs to verify the signatures by keys, as text.
func (s *Signer) PublicKeys() []string {
	list := make([]string, len(s.private))
	for i, key := range s.private {
		list[i] = publicKey(key)
	}
	return list
}

// AddKeys lets the signer sign by each key that is set, too.
func (s *Signer) AddKeys(keys ...form.Secret) error {
	for _, secret := range keys {
		if secret.IsZero() {
			continue
		}
		key, err := privateKey(secret.Reveal())
		if err != nil {
			return fmt.Errorf("the signing key %w", err)
		}
		s.private = append(s.private, key)
	}
	return nil
}

// asymmetric appends v1a,<base64> by each key. The message is signed as a whole, and so has to be put together.
func (s *Signer) asymmetric(dst []byte, id, seconds string, body []byte) []byte {
	message := make([]byte, 0, len(id)+len(seconds)+len(body)+2)
	message = append(append(message, id...), '.')
	message = append(append(message, seconds...), '.')
	message = append(message, body...)
	for i, key := range s.private {
		if i > 0 || len(s.keys) > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, "v1a,"...)
		dst = base64.StdEncoding.AppendEncode(dst, ed25519.Sign(key, message))
	}
	return dst
}
