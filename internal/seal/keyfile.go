package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// KeyFile is the name of the key file in the data directory.
const KeyFile = "secret.key"

// readKeyFile reads the key file of the data directory; the error wraps fs.ErrNotExist when there is none. A file that
// others than its owner may read is refused.
func readKeyFile(dir string) ([]key, error) {
	path := filepath.Join(dir, KeyFile)
	text, err := readPrivate(path, 0o077, maxKeyText)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	keys, err := parseKeys(string(text), KeyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %s %w", ErrKeyFile, path, err)
	}
	return keys, nil
}

// readPrivate reads a small regular file whose mode has none of the forbidden bits.
func readPrivate(path string, forbidden fs.FileMode, most int64) ([]byte, error) {
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
	if mode := info.Mode().Perm(); mode&forbidden != 0 {
		return nil, fmt.Errorf("%w: others than its owner may use %s (mode %04o); run: chmod 600 %s", ErrKeyFile, path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%w: %s is longer than %d bytes, which no such file is", ErrKeyFile, path, most)
	}
	return text, nil
}

// makeKeyFile makes the key file of a new installation, unless another process was first, and reads what is there.
func makeKeyFile(d disk, dir string) ([]key, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the key file: %w", err)
	}
	k := newKey(KeyFile)
	if err := create(d, filepath.Join(dir, KeyFile), formatKeys([]key{k})); err != nil {
		return nil, fmt.Errorf("making the key file: %w", err)
	}
	keys, err := readKeyFile(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	return keys, nil
}

// exists says whether something has that name.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
