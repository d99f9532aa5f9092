package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// dirLock is the file that carries the lock of a data directory while a hub runs on it.
const dirLock = "LOCK"

// stagingName is the folder in a data directory where copies are made before they go into an archive. What a process
// that was killed left in it goes away with the next backup.
const stagingName = "backup.tmp"

// spareBytes is what must stay free beside what a backup or restore writes (64 MiB).
const spareBytes = 64 << 20

var errLocked = errors.New("locked by another process")

// lockFile takes the lock of a file, which it makes if need be; errLocked when somebody has it. Closing gives it back.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("taking the lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s is %w", path, errLocked)
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

// staging is the folder for copies; only one backup at a time has it.
type staging struct {
	path string
	lock *os.File
}

func openStaging(dataDir string) (*staging, error) {
	path := filepath.Join(dataDir, stagingName)
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making room for copies: %w", err)
	}
	lock, err := lockFile(filepath.Join(path, dirLock))
	if errors.Is(err, errLocked) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	s := &staging{path: path, lock: lock}
	if err := s.clear(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// clear removes everything but the lock.
func (s *staging) clear() error {
	entries, err := os.ReadDir(s.path)
	if err != nil {
		return fmt.Errorf("clearing %s: %w", s.path, err)
	}
	for _, e := range entries {
		if e.Name() != dirLock {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.path, e.Name())))
		}
	}
	return err
}

// close removes what is there. The folder with its lock stays: removing it would let two in at once.
func (s *staging) close() error { return errors.Join(s.clear(), s.lock.Close()) }

// needSpace refuses when the file system of dir has less room than bytes and something to spare.
func needSpace(dir string, bytes int64) error {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return fmt.Errorf("asking for the free space of %s: %w", dir, err)
	}
	free := int64(min(uint64(s.Bavail)*uint64(s.Bsize), 1<<62)) //nolint:unconvert // the types differ between systems
	if free-spareBytes < bytes {
		return fmt.Errorf("%w: %s has %s free, and %s are needed", ErrNoSpace, dir, form.Size(free), form.Size(bytes+spareBytes))
	}
	return nil
}

// syncPath makes a file or folder durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
