package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// migrations holds a folder per database with files named 0001_what.sql, applied in order, each in a transaction of
// its own. A file that was released is never changed.
//
//go:embed migrations
var migrations embed.FS

// migration is one step of a schema.
type migration struct {
	version int
	name    string
	sql     string
}

// bootstrap makes the two tables that every database has: the applied migrations and the row that ping writes.
const bootstrap = `
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    BIGINT NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    applied_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS schema_probe (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    at BIGINT NOT NULL
);
INSERT INTO schema_probe (id, at) VALUES (1, 0) ON CONFLICT (id) DO NOTHING;`

// migrate brings a database to the newest schema, and refuses one that is newer.
func migrate(ctx context.Context, db *sql.DB, file, schema string, now time.Time) error {
	steps, err := readMigrations(migrations, "migrations/"+schema)
	if err != nil {
		return err
	}
	return applyMigrations(ctx, db, file, steps, now)
}

func applyMigrations(ctx context.Context, db *sql.DB, file string, steps []migration, now time.Time) error {
	current, err := schemaVersion(ctx, db)
	switch {
	case err == nil && current == len(steps):
		return nil // the usual start writes nothing
	case err == nil && current > len(steps):
		return fmt.Errorf("%s has schema version %d, and this version of tocsin knows it up to %d: "+
			"start the version that wrote it, or a newer one", file, current, len(steps))
	}
	if err := inTx(ctx, db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, bootstrap)
		return err
	}); err != nil {
		return fmt.Errorf("preparing the schema: %w", err)
	}
	if current, err = schemaVersion(ctx, db); err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	for _, step := range steps[current:] {
		if err := apply(ctx, db, step, now); err != nil {
			return fmt.Errorf("migrating %s to schema version %d (%s): %w", file, step.version, step.name, err)
		}
	}
	return nil
}

// apply runs one step, unless another process that started at the same moment has just done so.
func apply(ctx context.Context, db *sql.DB, step migration, now time.Time) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		var done int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM schema_migrations WHERE version = ?`, step.version).Scan(&done)
		if err != nil || done > 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, step.sql); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)`,
			step.version, step.name, micros(now))
		return err
	})
}

func schemaVersion(ctx context.Context, db *sql.DB) (version int, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_migrations`).Scan(&version)
	return version, err
}

func inTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// readMigrations lists a folder's steps. Their numbers must be 1, 2, 3, …
func readMigrations(files fs.FS, dir string) ([]migration, error) {
	entries, err := fs.ReadDir(files, dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	var steps []migration
	for _, e := range entries {
		number, name, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version != len(steps)+1 {
			return nil, fmt.Errorf("migration %s/%s is not number %d", dir, e.Name(), len(steps)+1)
		}
		body, err := fs.ReadFile(files, dir+"/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the migrations: %w", err)
		}
		steps = append(steps, migration{version: version, name: name, sql: string(body)})
	}
	return steps, nil
}
