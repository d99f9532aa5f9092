package sqlite

import (
	"context"
	"database/sql"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const listProjects listKind = 'j'

const projectColumns = `id, account, name, title, environment, version, created_at, updated_at, deleted_at`

func scanProject(r row, p *store.Project) error {
	return r.Scan(idCol{&p.ID}, textCol[event.Account]{&p.Account}, textCol[string]{&p.Name}, textCol[string]{&p.Title},
		&p.Environment, &p.Version, timeCol{&p.CreatedAt}, timeCol{&p.UpdatedAt}, timeCol{&p.DeletedAt})
}

// CreateProject implements store.Projects.
func (s *Store) CreateProject(ctx context.Context, p store.Project) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO projects (`+projectColumns+`) VALUES (`+placeholders(9)+`)`,
			p.ID[:], string(p.Account), p.Name, p.Title, p.Environment, 1, micros(p.CreatedAt), micros(p.UpdatedAt),
			micros(p.DeletedAt))
		return err
	})
}

// UpdateProject implements store.Projects. The time of creation stays as it is.
func (s *Store) UpdateProject(ctx context.Context, p store.Project) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE projects SET name = ?, title = ?, environment = ?, version = version + 1,
			updated_at = ?, deleted_at = ? WHERE id = ? AND account = ? AND version = ?`,
			p.Name, p.Title, p.Environment, micros(p.UpdatedAt), micros(p.DeletedAt), p.ID[:], string(p.Account), p.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, `SELECT count(*) FROM projects WHERE id = ? AND account = ?`, p.ID[:], string(p.Account))
	})
}

// GetProject implements store.Projects. Deleted ones are found as well.
func (s *Store) GetProject(ctx context.Context, account event.Account, id event.ID) (store.Project, error) {
	return get(ctx, s.config, scanProject,
		`SELECT `+projectColumns+` FROM projects WHERE id = ? AND account = ?`, id[:], string(account))
}

// ListProjects implements store.Projects.
func (s *Store) ListProjects(ctx context.Context, account event.Account, p store.Page) ([]store.Project, string, error) {
	w := new(where)
	w.and(`account = ? AND deleted_at = 0`, string(account))
	if p.After != "" {
		var name []byte
		if err := decodeCursor(listProjects, p.After, &name); err != nil {
			return nil, "", err
		}
		w.and(`name > ?`, string(name))
	}
	return page(ctx, s.config, scanProject, p, func(p *store.Project) string {
		return encodeCursor(listProjects, []byte(p.Name))
	}, `SELECT `+projectColumns+` FROM projects`+w.String()+` ORDER BY name`, w.args...)
}
