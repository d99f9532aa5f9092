package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// RestoreDir is the folder in a data directory that a restore is made in, when the directory was there before. A hub
// must not start on a directory that holds it: the restore was broken off.
const RestoreDir = "restore.tmp"

// site is where a data directory is made: beside its place, so that one rename puts it there; or inside, when the
// directory is there already and empty (it may be a mounted volume, which cannot be renamed).
type site struct {
	dir    string
	stage  string
	inside bool
	aside  bool // what is there now is to be renamed
	lock   *os.File
	placed bool
}

// openSite looks at the directory and makes the folder to extract to.
func openSite(dir string, setAside bool) (*site, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTarget, err)
	}
	s := &site{dir: dir}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrTarget, err)
	case emptyEnough(entries):
		s.inside = true
	case !setAside:
		return nil, fmt.Errorf("%w: %s is not empty: choose another directory, move what is in it away, "+
			"or let it be renamed with --set-aside", ErrTarget, dir)
	default:
		s.aside = true
		if s.lock, err = lockFile(filepath.Join(dir, dirLock)); errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%w: a hub is running on %s: stop it first", ErrTarget, dir)
		} else if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTarget, err)
		}
	}
	if err := s.makeStage(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrTarget, err), s.close())
	}
	return s, nil
}

// emptyEnough is true of a folder without anything, and of the root of a new file system.
func emptyEnough(entries []os.DirEntry) bool {
	return !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() != "lost+found" })
}

func (s *site) makeStage() (err error) {
	if s.inside {
		path := filepath.Join(s.dir, RestoreDir)
		if err := os.Mkdir(path, 0o700); err != nil {
			return err
		}
		s.stage = path
		return nil
	}
	parent := filepath.Dir(s.dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	s.stage, err = os.MkdirTemp(parent, filepath.Base(s.dir)+".restoring-*") // mode 0700
	return err
}

// place puts the directory where it belongs, and gives where the one of before is now.
func (s *site) place(now time.Time) (aside string, err error) {
	if s.inside {
		s.placed = true // from the first rename on: what is left of the folder keeps hubs from starting here
		err = s.moveUp()
	} else {
		aside, err = s.rename(now)
		s.placed = err == nil
	}
	if err != nil {
		return aside, fmt.Errorf("%w: putting the restored files in place: %w", ErrTarget, err)
	}
	return aside, nil
}

func (s *site) rename(now time.Time) (aside string, err error) {
	if s.aside {
		aside = s.dir + ".aside-" + now.UTC().Format("20060102T150405Z")
		if _, err := os.Lstat(aside); err == nil {
			return "", fmt.Errorf("%s is there already", aside)
		}
		if err := os.Rename(s.dir, aside); err != nil {
			return "", err
		}
	}
	if err := os.Rename(s.stage, s.dir); err != nil {
		if aside != "" {
			err = errors.Join(err, os.Rename(aside, s.dir)) // as it was
		}
		return "", err
	}
	return aside, syncPath(filepath.Dir(s.dir))
}

// moveUp renames entry by entry. The configuration comes last: without it the directory is no hub's.
func (s *site) moveUp() error {
	entries, err := os.ReadDir(s.stage)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int {
		if a.Name() == sqlite.ConfigFile {
			return 1
		}
		if b.Name() == sqlite.ConfigFile {
			return -1
		}
		return strings.Compare(a.Name(), b.Name())
	})
	for _, e := range entries {
		if err := os.Rename(filepath.Join(s.stage, e.Name()), filepath.Join(s.dir, e.Name())); err != nil {
			return err
		}
	}
	if err := os.Remove(s.stage); err != nil {
		return err
	}
	return syncPath(s.dir)
}

// close removes what was not put in place.
func (s *site) close() error {
	var errs []error
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if s.stage != "" && !s.placed {
		errs = append(errs, os.RemoveAll(s.stage))
	}
	return errors.Join(errs...)
}

// dropCompanions removes the empty write-ahead logs that looking at the databases left.
func dropCompanions(dir string) error {
	var errs []error
	for _, name := range []string{sqlite.ConfigFile, sqlite.LanesFile, sqlite.CasesFile} {
		for _, suffix := range []string{"-wal", "-shm"} {
			path := filepath.Join(dir, name+suffix)
			info, err := os.Stat(path)
			if err != nil {
				continue
			}
			if suffix == "-wal" && info.Size() > 0 {
				return fmt.Errorf("%s was not written back into its database", path)
			}
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

// syncTree makes all files and folders below dir durable.
func syncTree(dir string) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(path)
	})
	if err != nil {
		return fmt.Errorf("making the restored files durable: %w", err)
	}
	return nil
}
