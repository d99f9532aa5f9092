package integration

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// neverBelow are directories of files that are not files: the kernel's views of processes (their environments,
// memory, open files) and devices.
var neverBelow = []string{"/proc", "/sys", "/dev"}

// errElsewhere: the file is not one that may be referred to. Why is not said to the last detail: the way there is not
// for everybody to learn.
var errElsewhere = errors.New("is a file that must not be referred to: the hub's own data, its keys, or the system's")

// readFile reads the file that a reference names, now. Symbolic links are followed first, and what they lead to is
// judged; then it is opened without following any, and what was opened is compared with what was judged.
func (p *References) readFile(name string) (string, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", fileError(err)
	}
	if err := p.permitsFile(real); err != nil {
		return "", err
	}
	// Opening something else can have effects: a pipe waits for its other end, a terminal becomes the hub's own.
	if info, err := os.Lstat(real); err != nil {
		return "", fileError(err)
	} else if err := plainFile(info); err != nil {
		return "", err
	}
	f, err := os.OpenFile(real, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_NOCTTY, 0)
	if err != nil {
		return "", fileError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fileError(err)
	}
	if err := p.permitsOpened(f, info, real); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxReferred+3)) // a newline of two bytes, and one that is too much
	if err != nil {
		return "", errors.New("cannot be read: look at the disk it is on")
	}
	value := string(text)
	if trimmed, ok := strings.CutSuffix(value, "\n"); ok {
		value = strings.TrimSuffix(trimmed, "\r")
	}
	return checkReferred(value)
}

// permitsFile judges a path without symbolic links in it.
func (p *References) permitsFile(real string) error {
	for _, dir := range neverBelow {
		if below(real, dir) {
			return errElsewhere
		}
	}
	for _, forbidden := range p.Forbidden {
		where, err := resolved(forbidden)
		if err != nil {
			return fmt.Errorf("cannot be judged: %w", errElsewhere)
		}
		if within(real, where) {
			return errElsewhere
		}
	}
	if len(p.Dirs) == 0 {
		return nil
	}
	for _, dir := range p.Dirs {
		where, err := resolved(dir)
		if err == nil && real != where && below(real, where) {
			return nil
		}
	}
	return errors.New("is not in a directory that the operator has allowed (secrets.files)")
}

// permitsOpened judges what was opened: that it is a plain file with one name, still the one that was judged, none of
// the forbidden ones under another name, and on a file system that holds files.
func (p *References) permitsOpened(f *os.File, info fs.FileInfo, real string) error {
	if err := plainFile(info); err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink > 1 {
		return errors.New("has more than one name (hard links), so it cannot be told what it is: make a copy of it")
	}
	for _, forbidden := range p.Forbidden {
		if other, err := os.Stat(forbidden); err == nil && os.SameFile(info, other) {
			return errElsewhere
		}
	}
	now, err := filepath.EvalSymlinks(real)
	if err != nil || now != real {
		return errors.New("changed while it was being read: try again")
	}
	if there, err := os.Lstat(real); err != nil || !os.SameFile(info, there) {
		return errors.New("changed while it was being read: try again")
	}
	if virtual(f) {
		return errElsewhere
	}
	return nil
}

func plainFile(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errors.New("is a directory: name a file")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	case info.Size() > MaxReferred+2:
		return fmt.Errorf("holds more than %d bytes, which no secret does", MaxReferred)
	}
	return nil
}

// within says whether a path without symbolic links is dir or in it, also where dir is mounted a second time.
func within(real, dir string) bool {
	if below(real, dir) {
		return true
	}
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	for at := real; ; at = filepath.Dir(at) {
		if there, err := os.Stat(at); err == nil && os.SameFile(there, info) {
			return true
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

// resolved is a path without symbolic links, as far as it exists.
func resolved(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return abs, nil // nothing is there to be read
	}
	return real, err
}

// below says whether a path is dir or in it.
func below(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// fileError says what is wrong with a file without repeating more than its reference does.
func fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return errors.New("does not exist: make the file, readable for the hub's user, or change the setting")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("cannot be read by the hub's user: give it the right to, or change the setting")
	case errors.Is(err, syscall.ELOOP):
		return errors.New("changed while it was being read: try again")
	}
	return errors.New("cannot be opened as a file")
}
