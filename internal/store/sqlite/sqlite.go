// Package sqlite keeps the store in SQLite files: the default, for one process on one machine.
//
// There is a file per kind of writing, so that none waits for another: config.db holds what people set up, lanes.db
// what settling writes many times a second, cases.db alerts and incidents. Each has one connection that writes, a few that only read, and one that
// checkpoints. A write is durable when its method returns (WAL with synchronous=FULL). Another process, such as the
// command line, may use the same files at the same time.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// Names of the files in the data directory.
const (
	ConfigFile = "config.db"
	LanesFile  = "lanes.db"
	CasesFile  = "cases.db"
)

// Options of Open. The zero value is fit for use.
type Options struct {
	// Log gets warnings about checkpoints; nothing else is logged. Default: discarded.
	Log *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// BusyTimeout is how long a write waits for another process that writes. Default 5 s.
	BusyTimeout time.Duration
	// MaxOutbox bounds the facts that wait in one file. Default store.MaxOutbox.
	MaxOutbox int
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.MaxOutbox <= 0 {
		o.MaxOutbox = store.MaxOutbox
	}
	return o
}

// Store implements store.Store.
type Store struct {
	config *file
	lanes  *file
	cases  *file
	tick   *tickStatements
	alerts *alertStatements
	// cellTable is what alerts are counted by.
	cellTable *cellTable

	maxOutbox int64
}

var _ store.Store = (*Store)(nil)

// Open opens or creates the files in dir and brings their schemas up to date. It refuses files of a newer schema.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	s := &Store{maxOutbox: int64(o.MaxOutbox)}
	if err := s.open(ctx, dir, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string, o Options) (err error) {
	if s.config, err = openFile(ctx, filepath.Join(dir, ConfigFile), "config", configCache, o); err != nil {
		return err
	}
	if s.lanes, err = openFile(ctx, filepath.Join(dir, LanesFile), "lanes", lanesCache, o); err != nil {
		return err
	}
	if s.cases, err = openFile(ctx, filepath.Join(dir, CasesFile), "cases", casesCache, o); err != nil {
		return err
	}
	if s.tick, err = prepareTick(ctx, s.lanes.writer); err != nil {
		return err
	}
	if s.alerts, err = prepareAlerts(ctx, s.cases.writer); err != nil {
		return err
	}
	if s.cellTable, err = loadCells(ctx, s.cases); err != nil {
		return fmt.Errorf("reading how many alerts there are: %w", err)
	}
	return nil
}

// files are all of them.
func (s *Store) files() []*file { return []*file{s.config, s.lanes, s.cases} }

// Ping proves that the files can be written.
func (s *Store) Ping(ctx context.Context) error {
	var errs []error
	for _, f := range s.files() {
		errs = append(errs, f.ping(ctx))
	}
	return errors.Join(errs...)
}

// Close waits for the writes that are under way. The store must not be used afterwards.
func (s *Store) Close() error {
	var errs []error
	if s.tick != nil {
		errs = append(errs, s.tick.close())
	}
	if s.alerts != nil {
		errs = append(errs, s.alerts.close())
	}
	for _, f := range s.files() {
		if f != nil {
			errs = append(errs, f.close())
		}
	}
	return errors.Join(errs...)
}
