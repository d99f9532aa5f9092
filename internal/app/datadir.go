package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tocsin-hub/tocsin/internal/backup"
)

// formatVersion is the version of the data directory's layout that this build reads and writes.
const formatVersion = backup.DataFormat

const (
	formatFile = "FORMAT"
	lockFile   = "LOCK"
)

// dataDir is the hub's directory, locked against other processes.
type dataDir struct{ lock *os.File }

// openDataDir makes the directory if need be, locks it, and checks its format version. Errors say what to do.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	d := &dataDir{lock: lock}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		d.close()
		return nil, fmt.Errorf("the data directory %s is in use by another tocsin process: stop it, or choose another --data-dir", path)
	}
	if _, err := os.Stat(filepath.Join(path, backup.RestoreDir)); err == nil {
		d.close()
		return nil, fmt.Errorf("a restore into %s was broken off: empty the directory, and restore again", path)
	}
	if err := checkFormat(filepath.Join(path, formatFile)); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// close lets the lock go.
func (d *dataDir) close() { _ = d.lock.Close() }

// checkFormat reads the format version, or writes it into a new directory.
func checkFormat(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(path, fmt.Appendf(nil, "tocsin data, format %d\n", formatVersion), 0o600); err != nil {
			return fmt.Errorf("writing the data directory's format: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the data directory's format: %w", err)
	}
	_, number, _ := strings.Cut(strings.TrimSpace(string(text)), "format ")
	version, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("%s is damaged: it should say \"tocsin data, format %d\"", path, formatVersion)
	}
	if version > formatVersion {
		return fmt.Errorf("the data directory has format %d; this version of tocsin reads up to %d: use the version that wrote it, or a newer one", version, formatVersion)
	}
	return nil
}
