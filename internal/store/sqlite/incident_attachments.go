package sqlite

import (
	"context"
	"database/sql"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const attachmentColumns = `id, account, number, name, type, size, sha256, by_whom, at`

func scanAttachment(r row, a *store.Attachment) error {
	return r.Scan(idCol{&a.ID}, textCol[event.Account]{&a.Account}, &a.Number, textCol[string]{&a.Name}, textCol[string]{&a.Type}, &a.Size,
		hashCol{&a.SHA256}, textCol[string]{&a.By}, timeCol{&a.At})
}

// AddAttachment implements store.Incidents.
func (s *Store) AddAttachment(ctx context.Context, a store.Attachment, content []byte, most store.AttachmentLimits, w store.IncidentWrite) (i store.Incident, err error) {
	err = s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if i, err = s.writeIncident(ctx, tx, &w); err != nil {
			return err
		}
		var files int
		var bytes int64
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM incident_attachments WHERE account = ? AND number = ?`,
			string(a.Account), a.Number).Scan(&files); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(size), 0) FROM incident_attachments WHERE account = ?`,
			string(a.Account)).Scan(&bytes); err != nil {
			return err
		}
		if files >= most.PerIncident || bytes+a.Size > most.PerAccount {
			return store.ErrAttachments
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO incident_attachments (`+attachmentColumns+`) VALUES (`+placeholders(9)+`)`,
			a.ID[:], string(a.Account), a.Number, a.Name, a.Type, a.Size, a.SHA256[:], a.By, micros(a.At)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO incident_files (id, content) VALUES (?, ?)`, a.ID[:], blob(content))
		return err
	})
	return i, err
}

// ListAttachments implements store.Incidents.
func (s *Store) ListAttachments(ctx context.Context, account event.Account, number int64) ([]store.Attachment, error) {
	return all(ctx, s.cases, scanAttachment, `SELECT `+attachmentColumns+` FROM incident_attachments WHERE account = ? AND number = ?
		ORDER BY id LIMIT ?`, string(account), number, store.MaxPage)
}

const attachmentByID = ` WHERE id = ? AND account = ? AND number = ?`

// GetAttachment implements store.Incidents.
func (s *Store) GetAttachment(ctx context.Context, account event.Account, number int64, id event.ID) (store.Attachment, []byte, error) {
	a, err := get(ctx, s.cases, scanAttachment, `SELECT `+attachmentColumns+` FROM incident_attachments`+attachmentByID, id[:], string(account), number)
	if err != nil {
		return a, nil, err
	}
	scan := func(r row, content *[]byte) error { return r.Scan(bytesCol[[]byte]{content}) }
	content, err := get(ctx, s.cases, scan, `SELECT content FROM incident_files WHERE id = ?`, id[:])
	return a, content, err
}

// DeleteAttachment implements store.Incidents.
func (s *Store) DeleteAttachment(ctx context.Context, account event.Account, number int64, id event.ID, w store.IncidentWrite) (i store.Incident, err error) {
	err = s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM incident_attachments`+attachmentByID, id[:], string(account), number)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return orNotFound(err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM incident_files WHERE id = ?`, id[:]); err != nil {
			return err
		}
		i, err = s.writeIncident(ctx, tx, &w)
		return err
	})
	return i, err
}

// orNotFound is err, or that there is no such row.
func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return store.ErrNotFound
}
