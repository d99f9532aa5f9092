package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// Page cache per connection, in KiB. Memory-mapped reads are off: an I/O error in a mapped page is a signal, not an
// error.
const (
	configCache = 8 << 10 // ten thousand blocks in one write; it is used only as far as there is something to hold
	lanesCache  = 4096
	casesCache  = 32 << 10 // the keys of a million alerts are all over the file
	readerCache = 512
)

// readerShare is how much smaller the cache of a reader is than that of the writer.
const readerShare = 8

// pageBytes is the size of a page. Twice SQLite's default: an event's record mostly fits on a page with others, and a
// large tick is half as many writes.
const pageBytes = 4096

// Readers are opened on demand; idle ones beyond idleReaders are closed.
const (
	maxReaders  = 4
	idleReaders = 2
)

// pingAge is how old a successful write may be to count as a proof that the file can be written.
const pingAge = time.Second

// file is one database: its connections and the right to write.
type file struct {
	name    string // for messages: "config.db"
	writer  *sql.DB
	readers *sql.DB
	// turn holds one token: whoever has it may write. Waiting for it ends with the caller's context, waiting inside
	// database/sql could not be told apart from the write itself.
	turn      chan struct{}
	now       func() time.Time
	lastWrite atomic.Int64 // Unix nanoseconds of the last successful commit
	check     *checkpointer
}

func openFile(ctx context.Context, path, schema string, cache int, o Options) (*file, error) {
	f := &file{name: filepath.Base(path), turn: make(chan struct{}, 1), now: o.Now}
	f.turn <- struct{}{}
	if err := f.open(ctx, path, schema, cache, o); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), f.close())
	}
	return f, nil
}

func (f *file) open(ctx context.Context, path, schema string, cache int, o Options) (err error) {
	if err = createPrivate(path); err != nil {
		return err
	}
	if f.writer, err = sql.Open("sqlite", dsn(path, "rw", cache, o.BusyTimeout)); err != nil {
		return err
	}
	f.writer.SetMaxOpenConns(1)
	if err = migrate(ctx, f.writer, f.name, schema, o.Now()); err != nil {
		return classify(err)
	}
	if f.readers, err = sql.Open("sqlite", dsn(path, "ro", max(readerCache, cache/readerShare), o.BusyTimeout)); err != nil {
		return err
	}
	f.readers.SetMaxOpenConns(maxReaders)
	f.readers.SetMaxIdleConns(idleReaders)
	f.check, err = startCheckpointer(f, dsn(path, "rw", readerCache, walWait), o.Log)
	return classify(err)
}

// createPrivate makes an empty file that only its owner can read; SQLite gives its companions the same mode. An
// existing file is not touched, not even opened: closing it again would drop the locks of another connection.
func createPrivate(path string) error {
	created, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := created.Close(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// dsn names the file and everything that is set on each of its connections.
func dsn(path, mode string, cacheKiB int, busy time.Duration) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	pragmas := []string{
		"busy_timeout(" + strconv.FormatInt(busy.Milliseconds(), 10) + ")",
		"cache_size(-" + strconv.Itoa(cacheKiB) + ")",
		"mmap_size(0)",
		"temp_store(MEMORY)",
		"trusted_schema(0)",
	}
	if mode == "ro" {
		pragmas = append(pragmas, "query_only(1)")
	} else {
		pragmas = append(pragmas,
			"page_size("+strconv.Itoa(pageBytes)+")", // counts for a new file only
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"fullfsync(1)", // macOS: a plain fsync does not reach the disk
			"checkpoint_fullfsync(1)",
			"wal_autocheckpoint(0)", // the checkpointer does it
			"journal_size_limit("+strconv.Itoa(walKeepBytes)+")",
		)
	}
	q["_pragma"] = pragmas
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// write runs fn in a transaction that is durable when write returns nil. Once it has its turn a transaction is short
// and is not cut off, so that a cancelled caller never leaves the outcome open.
func (f *file) write(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	return f.writeThen(ctx, fn, nil)
}

// writeThen is write, and calls then with the outcome of the commit before the next transaction begins. It is not called
// when fn fails.
func (f *file) writeThen(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error, then func(error)) error {
	if err := f.take(ctx); err != nil {
		return err
	}
	err := f.transact(context.WithoutCancel(ctx), fn, then)
	f.turn <- struct{}{}
	f.check.nudge()
	return err
}

func (f *file) transact(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error, then func(error)) error {
	tx, err := f.writer.BeginTx(ctx, nil)
	if err != nil {
		return f.failed("beginning to write", err)
	}
	if err := fn(ctx, tx); err != nil {
		_ = tx.Rollback() // the first error is the one that tells
		return f.failed("writing", err)
	}
	err = tx.Commit()
	if then != nil {
		then(err)
	}
	if err != nil {
		return f.failed("committing", err)
	}
	f.lastWrite.Store(f.now().UnixNano())
	return nil
}

// take waits for the right to write.
func (f *file) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-f.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *file) failed(action string, err error) error {
	err = classify(err)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
		return err
	}
	return fmt.Errorf("%s %s: %w", action, f.name, err)
}

// ping writes a row, unless something was written a moment ago.
func (f *file) ping(ctx context.Context) error {
	age := f.now().UnixNano() - f.lastWrite.Load()
	if age >= 0 && age < int64(pingAge) {
		return ctx.Err()
	}
	return f.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE schema_probe SET at = ? WHERE id = 1`, micros(f.now()))
		return err
	})
}

func (f *file) close() error {
	var errs []error
	if f.check != nil {
		errs = append(errs, f.check.stop())
	}
	if f.readers != nil {
		errs = append(errs, f.readers.Close())
	}
	if f.writer != nil {
		<-f.turn
		errs = append(errs, f.writer.Close())
		f.turn <- struct{}{} // a late caller gets an error instead of waiting
	}
	return errors.Join(errs...)
}
