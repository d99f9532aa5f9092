package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Backups look at the files by themselves, beside a Store that may be using them in this process or another: a backup
// of an older schema must not be migrated by being made.

// copyBusy is how long a copy waits for a lock. Readers of a write-ahead log wait for nobody; only a start or an end of
// another process can be in the way.
const copyBusy = 30 * time.Second

// Copy writes a consistent copy of one file of a data directory (ConfigFile, LanesFile or CasesFile), as of one moment, to the
// path to, which must not exist, and gives its schema version. Writers go on meanwhile. The copy holds no deleted
// rows, and needs no write-ahead log beside it. It is not synced.
func Copy(ctx context.Context, dir, name, to string) (schema int, err error) {
	db, err := openBeside(dir, name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// VACUUM INTO takes the file's mode from the umask: the empty file makes it private from the start.
	if err := createPrivate(to); err != nil {
		return 0, fmt.Errorf("copying %s: %w", name, err)
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, to); err != nil {
		return 0, fmt.Errorf("copying %s: %w", name, classify(err))
	}
	return SchemaVersion(ctx, filepath.Dir(to), filepath.Base(to))
}

// openBeside opens a file that must exist.
func openBeside(dir, name string) (*sql.DB, error) {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	db, err := sql.Open("sqlite", dsn(path, "rw", readerCache, copyBusy))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// beside opens a file that must exist for a moment.
func beside(ctx context.Context, dir, name, doing string, fn func(context.Context, *sql.DB) error) error {
	db, err := openBeside(dir, name)
	if err != nil {
		return err
	}
	if err := errors.Join(fn(ctx, db), db.Close()); err != nil {
		return fmt.Errorf("%s %s: %w", doing, name, classify(err))
	}
	return nil
}

// SchemaVersion is the version of a file's schema.
func SchemaVersion(ctx context.Context, dir, name string) (version int, err error) {
	err = beside(ctx, dir, name, "reading the schema of", func(ctx context.Context, db *sql.DB) error {
		version, err = schemaVersion(ctx, db)
		return err
	})
	return version, err
}

// KnownSchema is the newest schema version that this build knows of a file.
func KnownSchema(name string) (int, error) {
	schema := map[string]string{ConfigFile: "config", LanesFile: "lanes", CasesFile: "cases"}[name]
	steps, err := readMigrations(migrations, "migrations/"+schema)
	return len(steps), err
}

// Check reads all of a file and says whether SQLite finds it sound.
func Check(ctx context.Context, dir, name string) error {
	return beside(ctx, dir, name, "checking", func(ctx context.Context, db *sql.DB) error {
		var verdict string
		if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
			return err
		}
		if verdict != "ok" {
			return fmt.Errorf("it is damaged: %s", verdict)
		}
		return nil
	})
}

// HighestMark is the largest position that the files of a data directory hold. Data from before there were alerts has no
// CasesFile.
func HighestMark(ctx context.Context, dir string) (highest journal.Position, err error) {
	for name, query := range map[string]string{
		LanesFile: `SELECT max(mark) FROM (SELECT mark FROM tail UNION ALL SELECT mark FROM lanes)`,
		CasesFile: `SELECT max(mark) FROM cursors`,
	} {
		if _, err := os.Stat(filepath.Join(dir, name)); name == CasesFile && errors.Is(err, os.ErrNotExist) {
			continue
		}
		err := beside(ctx, dir, name, "reading the marks of", func(ctx context.Context, db *sql.DB) error {
			// The order of the encoded positions is theirs.
			var mark []byte
			if err := db.QueryRowContext(ctx, query).Scan(&mark); err != nil {
				return err
			}
			if at := journal.PositionFromBytes(mark); highest.Less(at) {
				highest = at
			}
			return nil
		})
		if err != nil {
			return highest, err
		}
	}
	return highest, nil
}

// WriteMeta sets single values (see store.Meta) in the configuration file of a data directory that no hub uses.
func WriteMeta(ctx context.Context, dir string, values map[string]string) error {
	return beside(ctx, dir, ConfigFile, "writing", func(ctx context.Context, db *sql.DB) error {
		return inTx(ctx, db, func(tx *sql.Tx) error {
			for name, value := range values {
				if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES (?, ?)
					ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// EndSessions ends every session and one-time link of a directory that nobody uses: what was ended after a backup must
// not be valid again because of a restore. A database from before there were people has none.
func EndSessions(ctx context.Context, dir string) error {
	return beside(ctx, dir, ConfigFile, "writing", func(ctx context.Context, db *sql.DB) error {
		return inTx(ctx, db, func(tx *sql.Tx) error {
			for _, table := range []string{"sessions", "links"} {
				var there int
				err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?`, table).Scan(&there)
				if err != nil || there == 0 {
					return err
				}
				if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
