package seal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// disk is the part of a file system that key files need; tests put one in that fails at each step.
type disk interface {
	// CreateTemp makes a file of mode 0600.
	CreateTemp(dir, pattern string) (tempFile, error)
	Rename(from, to string) error
	// Link gives the file a second name, and fails if the name is taken.
	Link(from, to string) error
	Remove(path string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
}

type tempFile interface {
	Name() string
	WriteString(text string) (int, error)
	Sync() error
	Close() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) CreateTemp(dir, pattern string) (tempFile, error) {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) Link(from, to string) error   { return os.Link(from, to) }
func (osDisk) Remove(path string) error     { return os.Remove(path) }

func (osDisk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// replace puts a whole, durable file in the place of whatever is there. After an error the file is the old or the new
// one, never a piece of either.
func replace(d disk, path, text string) (err error) {
	temp, err := writeTemp(d, path, text)
	if err != nil {
		return err
	}
	if err := d.Rename(temp, path); err != nil {
		return errors.Join(err, remove(d, temp))
	}
	return d.SyncDir(filepath.Dir(path))
}

// create puts a whole, durable file where none is; if the name is taken, what is there stays. Of two processes only one
// makes the file.
func create(d disk, path, text string) error {
	temp, err := writeTemp(d, path, text)
	if err != nil {
		return err
	}
	err = place(d, temp, path)
	if err = errors.Join(err, remove(d, temp)); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(path))
}

// place gives the file its name unless the name is taken. Where the file system has no hard links, two processes that
// start at the same moment are not told apart.
func place(d disk, from, to string) error {
	err := d.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, e := os.Lstat(to); !errors.Is(e, fs.ErrNotExist) {
		return err
	}
	return d.Rename(from, to)
}

// tempMark is in the name of a file that is not finished.
const tempMark = ".new-"

func writeTemp(d disk, path, text string) (name string, err error) {
	temp, err := d.CreateTemp(filepath.Dir(path), filepath.Base(path)+tempMark+"*")
	if err != nil {
		return "", err
	}
	_, err = temp.WriteString(text)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return "", errors.Join(err, remove(d, temp.Name()))
	}
	return temp.Name(), nil
}

func remove(d disk, path string) error {
	if err := d.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tidy removes what a crash left of files that were being written: they hold keys. Nobody else may be writing there.
func tidy(d disk, path string) error {
	left, err := filepath.Glob(globQuote(path) + tempMark + "*")
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := remove(d, name); err != nil {
			return err
		}
	}
	return nil
}

// globQuote makes a path a pattern that matches only itself.
func globQuote(path string) string {
	quoted := make([]byte, 0, len(path))
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, path[i])
	}
	return string(quoted)
}
