package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const jobColumns = `id, account, kind, state, spec, total, done, failed, error, created_at, updated_at`

func scanJob(r row, j *store.Job) error {
	return r.Scan(idCol{&j.ID}, textCol[event.Account]{&j.Account}, &j.Kind, &j.State, bytesCol[json.RawMessage]{&j.Spec},
		&j.Total, &j.Done, &j.Failed, textCol[string]{&j.Error}, timeCol{&j.CreatedAt}, timeCol{&j.UpdatedAt})
}

// SaveJob implements store.Jobs. The account of a known job never changes: saving it for another is ErrConflict.
func (s *Store) SaveJob(ctx context.Context, j store.Job) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO jobs (`+jobColumns+`) VALUES (`+placeholders(11)+`)
			ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state, spec = excluded.spec,
			total = excluded.total, done = excluded.done, failed = excluded.failed, error = excluded.error,
			created_at = excluded.created_at, updated_at = excluded.updated_at
			WHERE jobs.account = excluded.account`,
			j.ID[:], string(j.Account), j.Kind, j.State, blob(j.Spec), j.Total, j.Done, j.Failed, j.Error,
			micros(j.CreatedAt), micros(j.UpdatedAt))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return store.ErrConflict
	})
}

// GetJob implements store.Jobs.
func (s *Store) GetJob(ctx context.Context, account event.Account, id event.ID) (store.Job, error) {
	return get(ctx, s.config, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE id = ? AND account = ?`, id[:], string(account))
}

// UnfinishedJobs implements store.Jobs.
func (s *Store) UnfinishedJobs(ctx context.Context) ([]store.Job, error) {
	return all(ctx, s.config, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE state IN ('queued', 'running') ORDER BY id`)
}

// ListJobs implements store.Jobs.
func (s *Store) ListJobs(ctx context.Context, account event.Account, p store.Page) ([]store.Job, string, error) {
	w := new(where)
	w.and(`account = ?`, string(account))
	if p.After != "" {
		id := make([]byte, 16)
		if err := decodeCursor(listJobs, p.After, &id); err != nil {
			return nil, "", err
		}
		w.and(`id < ?`, id)
	}
	return page(ctx, s.config, scanJob, p, func(j *store.Job) string { return encodeCursor(listJobs, j.ID[:]) },
		`SELECT `+jobColumns+` FROM jobs`+w.String()+` ORDER BY id DESC`, w.args...)
}
