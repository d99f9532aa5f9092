// Package hook is what requests to endpoints of people's own have in common: headers of their choosing, and signatures by
// which the endpoint knows who calls.
package hook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// The headers that Tocsin sets, in Go's spelling; names of headers have no case.
const (
	HeaderEvent     = "X-Tocsin-Event"     // what the request is about
	HeaderDelivery  = "X-Tocsin-Delivery"  // the same at every attempt
	HeaderNative    = "X-Tocsin-Signature" // t=<unix seconds>,v1=<hex>; its name may be changed by a setting
	HeaderID        = "Webhook-Id"         // Standard Webhooks: the same at every attempt
	HeaderTimestamp = "Webhook-Timestamp"  // Standard Webhooks: unix seconds
	HeaderSignature = "Webhook-Signature"  // Standard Webhooks: v1,<base64> for each secret, v1a,<base64> for each key
)

// minKey is the shortest key that signs, in bytes (Standard Webhooks 1.0.0 wants 24 to 64).
const minKey = 24

// Key is the key in a signing secret: what follows whsec_ is base64, any other text is its bytes. It has at least 24 bytes.
func Key(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	if !ok {
		if len(text) < minKey {
			return nil, fmt.Errorf("must have at least %d bytes", minKey)
		}
		return []byte(text), nil
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return nil, errors.New("must have base64 after whsec_")
	}
	if len(key) < minKey {
		return nil, fmt.Errorf("must have at least %d bytes after whsec_, once decoded", minKey)
	}
	return key, nil
}

// CheckSecret says what is wrong with the text of a signing secret; see [form.Check].
func CheckSecret(text string) error {
	_, err := Key(text)
	return err
}

// Signer makes the signatures of one integration, by each live secret and key. It is safe for concurrent use.
type Signer struct {
	keys    []*keyed
	private []ed25519.PrivateKey
}

// keyed holds hashes that a key has already been mixed into: that saves half of the work for short messages.
type keyed struct{ pool sync.Pool }

// NewSigner signs by each secret that is set, the newest first.
func NewSigner(secrets ...form.Secret) (*Signer, error) {
	s := &Signer{}
	for _, secret := range secrets {
		if secret.IsZero() {
			continue
		}
		key, err := Key(secret.Reveal())
		if err != nil {
			return nil, fmt.Errorf("the signing secret %w", err)
		}
		k := &keyed{}
		k.pool.New = func() any { return &mac{hash: hmac.New(sha256.New, key)} }
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// mac is a keyed hash and room for its sum.
type mac struct {
	hash hash.Hash
	sum  [sha256.Size]byte
}

// Off says that nothing is signed.
func (s *Signer) Off() bool { return len(s.keys)+len(s.private) == 0 }

// Secrets is how many secrets sign.
func (s *Signer) Secrets() int { return len(s.keys) }

// Note says how many signatures by secrets a request carries, and where: in header, and as Standard Webhooks have it.
func (s *Signer) Note(header string) string {
	many := "an HMAC-SHA256 signature"
	if n := len(s.keys); n != 1 {
		many = fmt.Sprintf("%d HMAC-SHA256 signatures", n)
	}
	return fmt.Sprintf("Requests carry %s, in %s and as v1 in webhook-signature.", many, header)
}

// Raw appends the signature over the body alone, by the newest secret: such a header holds one. There must be one.
func (s *Signer) Raw(dst, body []byte) []byte {
	m := s.keys[0].mac("", "", body)
	dst = hex.AppendEncode(dst, m.sum[:])
	s.keys[0].pool.Put(m)
	return dst
}

// Native appends Tocsin's own signature: t=<seconds>,v1=<hex>[,v1=<hex>], over seconds, a dot and the body.
func (s *Signer) Native(dst []byte, seconds string, body []byte) []byte {
	dst = append(dst, "t="...)
	dst = append(dst, seconds...)
	for _, k := range s.keys {
		dst = append(dst, ",v1="...)
		m := k.mac("", seconds, body)
		dst = hex.AppendEncode(dst, m.sum[:])
		k.pool.Put(m)
	}
	return dst
}

// Standard appends the Standard Webhooks signature: v1,<base64> by each secret and v1a,<base64> by each key, with blanks
// between them, over id, seconds and body, each followed by a dot but the last.
func (s *Signer) Standard(dst []byte, id, seconds string, body []byte) []byte {
	for i, k := range s.keys {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, "v1,"...)
		m := k.mac(id, seconds, body)
		dst = base64.StdEncoding.AppendEncode(dst, m.sum[:])
		k.pool.Put(m)
	}
	if len(s.private) > 0 {
		dst = s.asymmetric(dst, id, seconds, body)
	}
	return dst
}

// mac sums id.seconds.body, without what is empty and its dot. The caller puts it back.
func (k *keyed) mac(id, seconds string, body []byte) *mac {
	m := k.pool.Get().(*mac)
	m.hash.Reset()
	var head [160]byte
	h := head[:0]
	if id != "" {
		h = append(append(h, id...), '.')
	}
	if seconds != "" {
		h = append(append(h, seconds...), '.')
	}
	m.hash.Write(h)    //nolint:errcheck // a hash never fails to write
	m.hash.Write(body) //nolint:errcheck
	m.hash.Sum(m.sum[:0])
	return m
}
