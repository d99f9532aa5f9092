package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// ErrInUse says that a hub began to use a file while it was read as one that nobody uses.
var ErrInUse = errors.New("a hub was started on the file meanwhile: try again")

// AuditFile is the audit record in a configuration file (ConfigFile), as of the moment at which it was opened. It never
// writes, whether a hub uses the file or not. It is not safe for concurrent use.
type AuditFile struct {
	path string
	db   *sql.DB
	tx   *sql.Tx
	// still: nobody used the file when it was opened, so it is read without locks.
	still bool
}

var _ store.AuditReader = (*AuditFile)(nil)

// OpenAuditFile opens the audit record in the file at path, which may belong to a running hub or to a backup.
func OpenAuditFile(ctx context.Context, path string) (*AuditFile, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening the audit record: %w", err)
	}
	f := &AuditFile{path: path, still: !exists(path + "-wal")}
	source := dsn(path, "ro", readerCache, copyBusy)
	if f.still {
		// Without a write-ahead log nobody has the file open. SQLite would make one, which needs the right to write in
		// the directory and might leave a file behind that the hub's user cannot open.
		source += "&immutable=1"
	}
	var err error
	if f.db, err = sql.Open("sqlite", source); err != nil {
		return nil, fmt.Errorf("opening the audit record: %w", err)
	}
	f.db.SetMaxOpenConns(1)
	if err := f.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the audit record in %s: %w", path, classify(err)), f.db.Close())
	}
	return f, nil
}

// begin starts the one read that the file is seen through, so that pruning does not move the record meanwhile.
func (f *AuditFile) begin(ctx context.Context) (err error) {
	if f.tx, err = f.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return err
	}
	var tables int
	err = f.tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name IN ('audit', 'audit_anchor') AND type = 'table'`).Scan(&tables)
	if err == nil && tables != 2 {
		err = errors.New("the file holds no audit record: its hub is older than the record, or it is no hub's file")
	}
	if err != nil {
		return errors.Join(err, f.tx.Rollback())
	}
	return nil
}

// AuditAnchor implements store.AuditReader.
func (f *AuditFile) AuditAnchor(ctx context.Context) (a store.AuditAnchor, err error) {
	if err := scanAnchor(f.tx.QueryRowContext(ctx, selectAnchor), &a); err != nil {
		return a, fmt.Errorf("reading the anchor: %w", classify(err))
	}
	return a, nil
}

// ReadAudit implements store.AuditReader. Its error is ErrInUse when what it read may be torn.
func (f *AuditFile) ReadAudit(ctx context.Context, from uint64, limit int) ([]store.AuditEntry, error) {
	list, err := queryAll(ctx, f.tx, scanAudit, selectAudit, int64(from), min(max(limit, 1), store.MaxAuditRead))
	if f.still && exists(f.path+"-wal") {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, fmt.Errorf("reading the audit record: %w", classify(err))
	}
	return list, nil
}

// Close ends the reading.
func (f *AuditFile) Close() error { return errors.Join(f.tx.Rollback(), f.db.Close()) }

// exists says whether there is something at path. An empty write-ahead log counts: whoever made it is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// IsDatabase says whether a file that begins with head is one of SQLite's. 16 bytes are enough.
func IsDatabase(head []byte) bool { return strings.HasPrefix(string(head), "SQLite format 3\x00") }
