package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeyFile is the name of the key file in the data directory.
const KeyFile = "secret.key"

// The key file is text, so that it survives being copied by hand: comment lines, then one line of four fields.
const (
	keyFileComment = "# Tocsin's key for secrets at rest. Whoever has it can read every stored secret; without it none\n" +
		"# can be read. Keep it with your backups, but not in the same place.\n"
	keyFileMagic   = "tocsin-secret-key"
	keyFileVersion = "1"
	keyBytes       = 32
	// maxKeyFileBytes bounds what is read of a file that is not ours.
	maxKeyFileBytes = 4096
)

// Open reads the key file of the data directory, or makes one if there is none. A file that others than its owner may
// read is refused. Errors about the file's state wrap ErrKeyFile.
func Open(dir string) (*Sealer, error) {
	path := filepath.Join(dir, KeyFile)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createKey(dir, path); err != nil {
			return nil, fmt.Errorf("making the key file: %w", err)
		}
		key, err = readKey(path) // another process may have been first: what is in the file counts
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	defer clear(key)
	return newSealer(key)
}

// keyID is a fingerprint of a key.
func keyID(key []byte) (id [keyIDBytes]byte) {
	sum := sha256.Sum256(append([]byte(domain+"/key-id\x00"), key...))
	copy(id[:], sum[:])
	return id
}

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrKeyFile, path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: others than its owner may use %s (mode %04o); run: chmod 600 %s", ErrKeyFile, path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes))
	if err != nil {
		return nil, err
	}
	defer clear(text)
	key, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %s %w", ErrKeyFile, path, err)
	}
	return key, nil
}

// formatKey is the key file's text.
func formatKey(key []byte) string {
	id := keyID(key)
	return keyFileComment + strings.Join([]string{
		keyFileMagic, keyFileVersion, hex.EncodeToString(id[:]), base64.StdEncoding.EncodeToString(key),
	}, " ") + "\n"
}

// parseKey reads the key file's text. Its errors say nothing of what the file holds.
func parseKey(text string) ([]byte, error) {
	var fields []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if fields != nil {
			return nil, errors.New("holds more than one key")
		}
		fields = strings.Fields(line)
	}
	switch {
	case len(fields) != 4 || fields[0] != keyFileMagic:
		return nil, errors.New("is not a key file of Tocsin")
	case fields[1] != keyFileVersion:
		return nil, errors.New("has a format that this version of tocsin does not know")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(fields[3])
	if err != nil || len(key) != keyBytes {
		return nil, errors.New("is damaged: the key is not 32 bytes of base64")
	}
	if id := keyID(key); hex.EncodeToString(id[:]) != fields[2] {
		return nil, errors.New("is damaged: the key does not match its id")
	}
	return key, nil
}

// createKey writes a new key beside its place and links it there, so that the file is either absent or complete, and
// of two processes only one makes the key.
func createKey(dir, path string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	defer clear(key)
	tmp, err := os.CreateTemp(dir, KeyFile+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(tmp.Name()); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	_, err = tmp.WriteString(formatKey(key))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := place(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// place gives the file its name unless the name is taken. Where the file system has no hard links, two processes that
// start at the same moment are not told apart.
func place(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, e := os.Lstat(to); !errors.Is(e, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}
