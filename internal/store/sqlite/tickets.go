package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const ticketColumns = `integration, subject, account, ref, label, url, status, closed, assignee, synced_at, synced_by, error, state`

func scanTicket(r row, t *store.Ticket) error {
	return r.Scan(idCol{&t.Integration}, textCol[string]{&t.Subject}, textCol[event.Account]{&t.Account}, textCol[string]{&t.Ref},
		textCol[string]{&t.Key}, textCol[string]{&t.URL}, textCol[string]{&t.Status}, &t.Closed, textCol[string]{&t.Assignee},
		timeCol{&t.SyncedAt}, textCol[string]{&t.By}, textCol[string]{&t.Error}, bytesCol[json.RawMessage]{&t.State})
}

// TicketOfSubject implements store.Tickets.
func (s *Store) TicketOfSubject(ctx context.Context, account event.Account, integration event.ID, subject string) (store.Ticket, error) {
	return get(ctx, s.cases, scanTicket, `SELECT `+ticketColumns+` FROM tickets WHERE integration = ? AND subject = ? AND account = ?`,
		integration[:], subject, string(account))
}

// TicketOfRef implements store.Tickets.
func (s *Store) TicketOfRef(ctx context.Context, account event.Account, integration event.ID, ref string) (store.Ticket, error) {
	return get(ctx, s.cases, scanTicket, `SELECT `+ticketColumns+` FROM tickets WHERE integration = ? AND ref = ? AND account = ?`,
		integration[:], ref, string(account))
}

// SaveTicket implements store.Tickets.
func (s *Store) SaveTicket(ctx context.Context, t store.Ticket) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO tickets (`+ticketColumns+`) VALUES (`+placeholders(13)+`)
			ON CONFLICT (integration, subject) DO UPDATE SET ref = excluded.ref, label = excluded.label, url = excluded.url, status = excluded.status,
			closed = excluded.closed, assignee = excluded.assignee, synced_at = excluded.synced_at, synced_by = excluded.synced_by,
			error = excluded.error, state = excluded.state WHERE account = excluded.account`,
			t.Integration[:], t.Subject, string(t.Account), t.Ref, t.Key, t.URL, t.Status, flag(t.Closed), t.Assignee,
			micros(t.SyncedAt), t.By, t.Error, blob(t.State))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, store.ErrConflict) // the subject's ticket is another account's
		}
		return nil
	})
}

// ListTickets implements store.Tickets.
func (s *Store) ListTickets(ctx context.Context, account event.Account, integration event.ID, after string, open bool, limit int) ([]store.Ticket, error) {
	w := new(where)
	w.and(`integration = ? AND account = ? AND subject > ?`, integration[:], string(account), after)
	if open {
		w.and(`closed = 0`)
	}
	return all(ctx, s.cases, scanTicket, `SELECT `+ticketColumns+` FROM tickets`+w.String()+` ORDER BY subject LIMIT ?`,
		append(w.args, min(max(limit, 1), store.MaxPage))...)
}

// TicketsOf implements store.Tickets.
func (s *Store) TicketsOf(ctx context.Context, account event.Account, subject string) ([]store.Ticket, error) {
	return all(ctx, s.cases, scanTicket, `SELECT `+ticketColumns+` FROM tickets WHERE account = ? AND subject = ? ORDER BY integration LIMIT ?`,
		string(account), subject, store.MaxPage)
}

// DeleteTicket implements store.Tickets.
func (s *Store) DeleteTicket(ctx context.Context, account event.Account, integration event.ID, subject string) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM tickets WHERE integration = ? AND subject = ? AND account = ?`,
			integration[:], subject, string(account))
		return err
	})
}
