package sqlite

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const attemptColumns = `id, account, integration, delivery, event, type, number, at, latency, outcome, status, error,
	class, answer, batched, grade, run, from_integration, from_delivery`

func scanAttempt(r row, a *store.Attempt) error {
	return r.Scan(idCol{&a.ID}, textCol[event.Account]{&a.Account}, idCol{&a.Integration}, idCol{&a.Delivery},
		idCol{&a.Event}, textCol[string]{&a.Type}, &a.Number, timeCol{&a.At}, &a.Latency,
		textCol[store.Outcome]{&a.Outcome}, &a.Status, textCol[string]{&a.Error}, textCol[string]{&a.Class},
		textCol[string]{&a.Answer}, &a.Batched, textCol[string]{&a.Grade}, idCol{&a.Run}, idCol{&a.FromIntegration},
		idCol{&a.FromDelivery})
}

func attemptWhere(f store.AttemptFilter) *where {
	w := new(where)
	w.and(`account = ?`, string(f.Account))
	if !f.Integration.IsZero() {
		w.and(`integration = ?`, f.Integration[:])
	}
	if !f.Delivery.IsZero() {
		w.and(`delivery = ?`, f.Delivery[:])
	}
	if !f.Event.IsZero() {
		w.and(`event = ?`, f.Event[:])
	}
	if f.Outcome != "" {
		w.and(`outcome = ?`, string(f.Outcome))
	}
	return w
}

// ListAttempts implements store.Attempts.
func (s *Store) ListAttempts(ctx context.Context, f store.AttemptFilter, p store.Page) ([]store.Attempt, string, error) {
	w := attemptWhere(f)
	if p.After != "" {
		at, id := int64(0), make([]byte, 16)
		if err := decodeCursor(listAttempts, p.After, &at, &id); err != nil {
			return nil, "", err
		}
		w.and(`(at, id) < (?, ?)`, at, id)
	}
	return page(ctx, s.lanes, scanAttempt, p, func(a *store.Attempt) string {
		return encodeCursor(listAttempts, micros(a.At), a.ID[:])
	}, `SELECT `+attemptColumns+` FROM attempts`+w.String()+` ORDER BY at DESC, id DESC`, w.args...)
}
