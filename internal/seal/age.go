package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// AgeFile is the name of the encrypted key file in the data directory: the text of a key file, encrypted with age
// (age-encryption.org/v1), armoured or not.
const AgeFile = KeyFile + ".age"

const (
	// maxAgeFile bounds the encrypted key file, in bytes.
	maxAgeFile = 64 << 10
	// maxIdentityFile bounds the identity file, in bytes.
	maxIdentityFile = 64 << 10
)

// readAge reads the keys of the age file. Without an identity there are none; a new file is made where none is, unless
// the current key comes from outside, or a database waits for a key that is neither in the key file nor among the
// previous ones from outside.
func (k *keeper) readAge(outside, inFile, previous bool) ([]key, error) {
	path := filepath.Join(k.dir, AgeFile)
	there, err := exists(path)
	if err != nil {
		return nil, fmt.Errorf("looking for the encrypted key file: %w", err)
	}
	if k.options.AgeIdentity == "" {
		if there && !outside && !inFile {
			return nil, fmt.Errorf("%w: %s is encrypted, and nothing says how to open it: name the file with the age identity in %s",
				ErrKeyFile, path, EnvAgeIdentity)
		}
		if there && !outside {
			return nil, fmt.Errorf("%w: both %s and %s are in %s, and no age identity is configured: name it in %s, or move the one that is not used away",
				ErrKeyFile, KeyFile, AgeFile, k.dir, EnvAgeIdentity)
		}
		return nil, nil
	}
	identities, err := readIdentities(k.options.AgeIdentity)
	if err != nil {
		return nil, err
	}
	switch {
	case there:
	case outside, k.options.Existing && !inFile && !previous:
		return nil, nil
	default:
		if err := k.makeAge(path, identities); err != nil {
			return nil, fmt.Errorf("making the encrypted key file: %w", err)
		}
	}
	return decryptKeys(path, identities)
}

// readIdentities reads an identity file as age-keygen writes it.
func readIdentities(path string) ([]age.Identity, error) {
	text, err := readPrivate(path, 0o027, maxIdentityFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the age identity %s is not there: set %s to the file that age-keygen wrote", ErrKeyFile, path, EnvAgeIdentity)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the age identity: %w", err)
	}
	defer clear(text)
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil { // the error may repeat a line of the file
		return nil, fmt.Errorf("%w: %s holds no native age identity (AGE-SECRET-KEY-…); identities with a passphrase, of SSH or of plugins are not supported",
			ErrKeyFile, path)
	}
	return identities, nil
}

// recipientOf is who an identity's owner is to others.
func recipientOf(identity age.Identity) (age.Recipient, error) {
	switch i := identity.(type) {
	case *age.X25519Identity:
		return i.Recipient(), nil
	case *age.HybridIdentity:
		return i.Recipient(), nil
	}
	return nil, fmt.Errorf("%w: the age identity is of a kind that no key file can be made for", ErrKeyFile)
}

// makeAge makes a key and keeps it encrypted to the first identity.
func (k *keeper) makeAge(path string, identities []age.Identity) error {
	recipient, err := recipientOf(identities[0])
	if err != nil {
		return err
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return err
	}
	var sealed bytes.Buffer
	armoured := armor.NewWriter(&sealed)
	w, err := age.Encrypt(armoured, recipient)
	if err != nil {
		return err
	}
	made := newKey(AgeFile)
	_, err = io.WriteString(w, formatKeys([]key{made}))
	if err = errors.Join(err, w.Close(), armoured.Close()); err != nil {
		return err
	}
	return create(k.disk, path, sealed.String())
}

// decryptKeys opens the encrypted key file.
func decryptKeys(path string, identities []age.Identity) ([]key, error) {
	sealed, err := readPrivate(path, 0, maxAgeFile)
	if err != nil {
		return nil, fmt.Errorf("reading the encrypted key file: %w", err)
	}
	var in io.Reader = bytes.NewReader(sealed)
	if strings.HasPrefix(strings.TrimSpace(string(sealed)), armor.Header) {
		in = armor.NewReader(in)
	}
	plain, err := age.Decrypt(in, identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, fmt.Errorf("%w: %s was encrypted to another identity than the one in %s", ErrKeyFile, path, EnvAgeIdentity)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not a file that age wrote, or is damaged", ErrKeyFile, path)
	}
	text, err := io.ReadAll(io.LimitReader(plain, maxKeyText+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is damaged", ErrKeyFile, path)
	}
	defer clear(text)
	keys, err := parseKeys(string(text), AgeFile)
	if err != nil {
		return nil, fmt.Errorf("%w: what is encrypted in %s %w", ErrKeyFile, path, err)
	}
	return keys, nil
}
