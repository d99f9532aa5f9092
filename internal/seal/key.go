package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// MaxKeys bounds how many keys are held at once: the current one and those of rotations that are not finished.
const MaxKeys = 16

// The text of keys, so that it survives being copied by hand: comment lines, then a line of four fields for each key.
const (
	keyFileComment = "# Tocsin's key for secrets at rest. Whoever has it can read every stored secret; without it none\n" +
		"# can be read. Keep it with your backups, but not in the same place.\n"
	keyFileMagic   = "tocsin-secret-key"
	keyFileVersion = "1"
	keyBytes       = 32
	// maxKeyText bounds the text of keys, in bytes.
	maxKeyText = 8 << 10
)

// domain keeps this use of the key apart from every other one.
const domain = "tocsin/seal"

// key is the secret itself and where it came from.
type key struct {
	raw    [keyBytes]byte
	source string
}

// newKey makes one.
func newKey(source string) (k key) {
	_, _ = rand.Read(k.raw[:]) // never fails: crypto/rand ends the process instead
	k.source = source
	return k
}

// NewKey makes a key and gives the text of a key file that holds it.
func NewKey() form.Secret {
	k := newKey("")
	return form.NewSecret(formatKeys([]key{k}))
}

// NewBareKey makes a key and gives it alone: base64 of its 32 bytes.
func NewBareKey() form.Secret {
	k := newKey("")
	return form.NewSecret(base64.StdEncoding.EncodeToString(k.raw[:]))
}

// id is a fingerprint of a key.
func (k *key) id() (id [keyIDBytes]byte) {
	sum := sha256.Sum256(append([]byte(domain+"/key-id\x00"), k.raw[:]...))
	copy(id[:], sum[:])
	return id
}

// prepare makes the cipher.
func (k *key) prepare() (*sealKey, error) {
	block, err := aes.NewCipher(k.raw[:])
	if err != nil {
		return nil, fmt.Errorf("preparing the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("preparing the cipher: %w", err)
	}
	return &sealKey{aead: aead, id: k.id(), source: k.source}, nil
}

// formatKeys is the key file's text, the current key first.
func formatKeys(keys []key) string {
	var b strings.Builder
	b.WriteString(keyFileComment)
	if len(keys) > 1 {
		b.WriteString("# The first key seals; the others only unseal, until \"tocsin secrets rotate\" has finished.\n")
	}
	for _, k := range keys {
		id := k.id()
		b.WriteString(strings.Join([]string{
			keyFileMagic, keyFileVersion, hex.EncodeToString(id[:]), base64.StdEncoding.EncodeToString(k.raw[:]),
		}, " ") + "\n")
	}
	return b.String()
}

// parseKeys reads the key file's text. Its errors say nothing of what the file holds.
func parseKeys(text, source string) ([]key, error) {
	if len(text) > maxKeyText {
		return nil, fmt.Errorf("is longer than %d bytes, which no key file is", maxKeyText)
	}
	var keys []key
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := parseKeyLine(line, source)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("is not a key file of Tocsin: it holds no key")
	}
	return merge(keys)
}

func parseKeyLine(line, source string) (key, error) {
	fields := strings.Fields(line)
	switch {
	case len(fields) != 4 || fields[0] != keyFileMagic:
		return key{}, errors.New("is not a key file of Tocsin")
	case fields[1] != keyFileVersion:
		return key{}, errors.New("has a format that this version of tocsin does not know")
	}
	k, err := parseBareKey(fields[3], source)
	if err != nil {
		return key{}, fmt.Errorf("is damaged: the key %w", err)
	}
	if id := k.id(); hex.EncodeToString(id[:]) != fields[2] {
		return key{}, errors.New("is damaged: the key does not match its id")
	}
	return k, nil
}

// parseBareKey reads a key without its id: base64 of 32 bytes, with or without padding.
func parseBareKey(text, source string) (key, error) {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimSuffix(text, "="))
	if err != nil || len(raw) != keyBytes {
		return key{}, errors.New("is not 32 bytes of base64")
	}
	defer clear(raw)
	return key{raw: [keyBytes]byte(raw), source: source}, nil
}

// merge drops keys that stand twice and refuses two keys of one id, which could not be told apart.
func merge(lists ...[]key) ([]key, error) {
	var keys []key
	seen := map[[keyIDBytes]byte]key{}
	for _, list := range lists {
		for _, k := range list {
			id := k.id()
			if other, ok := seen[id]; ok {
				if other.raw != k.raw {
					return nil, fmt.Errorf("holds two keys of the id %x: make another one", id)
				}
				continue
			}
			seen[id] = k
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// sealKey is a key ready for use.
type sealKey struct {
	aead   cipher.AEAD
	id     [keyIDBytes]byte
	source string
}

func (k *sealKey) text() string { return hex.EncodeToString(k.id[:]) }

func (k *sealKey) seal(plain form.Secret, aad AAD) ([]byte, error) {
	text := plain.Reveal()
	if len(text) > MaxSecretBytes {
		return nil, fmt.Errorf("sealing %s: %w (%d bytes, at most %d)", aad.Field, ErrTooLong, len(text), MaxSecretBytes)
	}
	out := make([]byte, 0, headBytes+k.aead.Overhead()+len(text))
	out = append(append(out, formatVersion), k.id[:]...)
	return k.aead.Seal(out, nil, []byte(text), bind(out, aad)), nil
}

func (k *sealKey) unseal(sealed []byte, aad AAD) (form.Secret, error) {
	plain, err := k.aead.Open(nil, nil, sealed[headBytes:], bind(sealed[:headBytes:headBytes], aad))
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
