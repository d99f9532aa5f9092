package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/segment"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// Source is what is backed up, and how.
type Source struct {
	// DataDir is the data directory. Copies of the databases are made in it before they go into the archive.
	DataDir string
	// Hold keeps the journal's files in place while they are copied; nil leaves the events out.
	Hold func(context.Context) (Held, error)
	// Sealer seals the manifest; nil where secrets are not sealed.
	Sealer Sealer
	// Recipients are whom the key file is encrypted for; without any it is not in the archive.
	Recipients []age.Recipient
	// Version is the hub's.
	Version string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Progress, if any, is told now and then how many of the bytes are done.
	Progress func(done, total int64)
}

// Held is a journal that keeps its files; *journal.Hold is one.
type Held interface {
	// Files lists the journal's files as of now, oldest first.
	Files(ctx context.Context) ([]journal.LogFile, error)
	// Copied says that records before that number may go.
	Copied(next uint64)
	// Err says why the copy is of no use any more.
	Err() error
	Release()
}

// Sealer seals with the key of the installation; *seal.Sealer is one.
type Sealer interface {
	Keys() []seal.KeyInfo // the current one first
	Seal(plain form.Secret, aad seal.AAD) ([]byte, error)
}

var (
	_ Held   = (*journal.Hold)(nil)
	_ Sealer = (*seal.Sealer)(nil)
)

// Holder is how a Source holds the journal of a running hub.
func Holder(j *journal.Journal) func(context.Context) (Held, error) {
	return func(ctx context.Context) (Held, error) {
		h, err := j.Hold(ctx)
		if err != nil {
			return nil, err
		}
		return h, nil
	}
}

// Offline is the Source of a data directory that no hub uses. With events it takes the directory's lock until it is
// closed; without, a hub may be running.
type Offline struct {
	Source

	lock *os.File
	log  *segment.Log
}

// OpenOffline opens a data directory, whose key is where the options say. It makes nothing: a directory that holds no hub's data is refused.
func OpenOffline(ctx context.Context, dir string, key seal.Options, events bool) (_ *Offline, err error) {
	if _, err := os.Stat(filepath.Join(dir, sqlite.ConfigFile)); err != nil {
		return nil, fmt.Errorf("%s holds no hub's data (no %s): give the directory that tocsin serve was started with",
			dir, sqlite.ConfigFile)
	}
	o := &Offline{Source: Source{DataDir: dir}}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	key.Existing = true // nothing is made
	sealer, err := seal.Open(dir, key)
	if err != nil {
		return nil, fmt.Errorf("opening the key of the secrets: %w", err)
	}
	o.Sealer = sealer
	if !events {
		return o, nil
	}
	if o.lock, err = lockFile(filepath.Join(dir, dirLock)); errors.Is(err, errLocked) {
		return nil, fmt.Errorf("a hub is running on %s: ask it for the backup (leave --data-dir out), stop it, or leave the events out", dir)
	} else if err != nil {
		return nil, err
	}
	if o.log, err = segment.Open(ctx, filepath.Join(dir, journalDir), segment.Options{}); err != nil {
		return nil, err
	}
	o.Hold = func(context.Context) (Held, error) { return still{o.log}, nil }
	return o, nil
}

// Close lets the directory go.
func (o *Offline) Close() error {
	var errs []error
	if o.log != nil {
		errs = append(errs, o.log.Close())
	}
	if o.lock != nil {
		errs = append(errs, o.lock.Close())
	}
	return errors.Join(errs...)
}

// still is a journal that nobody writes to.
type still struct{ log *segment.Log }

func (s still) Files(ctx context.Context) ([]journal.LogFile, error) { return s.log.Files(ctx) }
func (still) Copied(uint64)                                          {}
func (still) Err() error                                             { return nil }
func (still) Release()                                               {}

func (s Source) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC()
	}
	return s.Now().UTC()
}

func (s Source) version() string { return cmp.Or(s.Version, "unknown") }
