package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
)

// FS is what the log needs of its directory. Names have no folders. Tests put faults here.
type FS interface {
	// Create makes a file that did not exist, for reading and writing.
	Create(name string) (File, error)
	// Open opens a file for reading, or for reading and writing.
	Open(name string, write bool) (File, error)
	// List gives the names and sizes of all files.
	List() ([]FileInfo, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes creations, renames and removals durable.
	SyncDir() error
	// Lock takes an exclusive lock that ends with the process; its error says who holds it. It creates the directory.
	Lock(name string) (io.Closer, error)
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes the file's bytes durable.
	Sync() error
	// Drop forgets what the system has cached of the file, so that reads show what the disk holds: after a failed
	// sync the cache may hold bytes that never reached it.
	Drop() error
	Size() (int64, error)
}

// FileInfo is one entry of a directory.
type FileInfo struct {
	Name string
	Size int64
}

// lockName is the file that carries the lock of a directory.
const lockName = "LOCK"

type dirFS struct {
	dir string

	mu     sync.Mutex
	opened *os.File // the directory; kept, so that making a creation durable takes no file descriptor
}

// DirFS is the FS of a directory.
func DirFS(dir string) FS { return &dirFS{dir: dir} }

func (d *dirFS) path(name string) string { return filepath.Join(d.dir, name) }

func (d *dirFS) Create(name string) (File, error) {
	return openFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (d *dirFS) Open(name string, write bool) (File, error) {
	if write {
		return openFile(d.path(name), os.O_RDWR)
	}
	return openFile(d.path(name), os.O_RDONLY)
}

func openFile(path string, flags int) (File, error) {
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *dirFS) List() ([]FileInfo, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	list := make([]FileInfo, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, FileInfo{Name: e.Name(), Size: info.Size()})
	}
	return list, nil
}

func (d *dirFS) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d *dirFS) Remove(name string) error     { return os.Remove(d.path(name)) }

func (d *dirFS) SyncDir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened == nil {
		f, err := os.Open(d.dir)
		if err != nil {
			return err
		}
		d.opened = f // it is closed when the dirFS is garbage
	}
	return d.opened.Sync()
}

func (d *dirFS) Lock(name string) (io.Closer, error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockPatiently(f); err != nil {
		holder := make([]byte, 64)
		n, _ := f.ReadAt(holder, 0)
		_ = f.Close()
		return nil, fmt.Errorf("%s is used by another process (%s): %w", d.dir, strings.TrimSpace(string(holder[:n])), err)
	}
	// Who holds the lock is for people only; failing to say so is no reason not to start.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "pid %d\n", os.Getpid()), 0)
	}
	return f, nil
}

type osFile struct{ *os.File }

func (f osFile) WriteAt(b []byte, off int64) (int, error) {
	if err := failpoint.Fault(failpoint.DiskWrite); err != nil {
		return 0, &fs.PathError{Op: "write", Path: f.Name(), Err: err}
	}
	return f.File.WriteAt(b, off)
}

func (f osFile) Sync() error {
	if err := failpoint.Fault(failpoint.DiskSync); err != nil {
		return &fs.PathError{Op: "sync", Path: f.Name(), Err: err}
	}
	return syncData(f.File)
}

func (f osFile) Drop() error { return dropCache(f.File) }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// A process that is being started holds the files of the one that starts it for the moment between fork and exec, and
// with them their locks. So a lock that was just given up may still be taken.
const (
	lockTries = 20
	lockPause = 25 * time.Millisecond
)

// lockPatiently locks a file, and gives up after half a second.
func lockPatiently(f *os.File) (err error) {
	for try := range lockTries {
		if try > 0 {
			time.Sleep(lockPause) //nolint:forbidigo // nothing tells when the other process has come to its exec
		}
		if err = lockFile(f); err == nil {
			return nil
		}
	}
	return err
}
