package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const parkedColumns = `delivery, account, integration, event, type, severity, ordering_key, position, state, due,
	attempts, cause, cause_class, since, first_tried, range_to, matched, event_account, event_parents,
	run, from_integration, from_delivery, to_integration, to_delivery, grouping, carrier, subject`

// parkedEnded is the condition of the index on age.
const parkedEnded = `state IN ('mailbox', 'discarded', 'expired')`

func parkedTargets(p *store.Parked) []any {
	return []any{idCol{&p.Delivery}, textCol[event.Account]{&p.Account}, idCol{&p.Integration}, idCol{&p.Event},
		textCol[string]{&p.Type}, &p.Severity, textCol[string]{&p.OrderingKey}, positionCol{&p.Position},
		textCol[store.ParkedState]{&p.State}, timeCol{&p.Due}, &p.Attempts, textCol[string]{&p.Cause},
		textCol[string]{&p.CauseClass}, timeCol{&p.Since}, timeCol{&p.FirstTried}, positionCol{&p.RangeTo}, &p.Matched,
		textCol[event.Account]{&p.EventAccount}, accountsCol{&p.Parents},
		idCol{&p.Run}, idCol{&p.FromIntegration}, idCol{&p.FromDelivery}, idCol{&p.ToIntegration}, idCol{&p.ToDelivery},
		textCol[string]{&p.Group}, idCol{&p.Carrier}, textCol[string]{&p.Subject}}
}

func scanParked(r row, p *store.Parked) error { return r.Scan(parkedTargets(p)...) }

// LoadParked implements store.Parking.
func (s *Store) LoadParked(ctx context.Context, integration event.ID) ([]store.Parked, error) {
	return all(ctx, s.lanes, scanParked, `SELECT `+parkedColumns+` FROM parked
		WHERE integration = ? AND state IN ('parked', 'behind', 'held') ORDER BY position, delivery`, integration[:])
}

// GetParked implements store.Parking.
func (s *Store) GetParked(ctx context.Context, account event.Account, delivery event.ID) (store.Parked, error) {
	scan := func(r row, p *store.Parked) error {
		return r.Scan(append(parkedTargets(p), bytesCol[[]byte]{&p.Record})...)
	}
	return get(ctx, s.lanes, scan, `SELECT `+parkedColumns+`,
		(SELECT record FROM parked_records WHERE parked_records.delivery = parked.delivery)
		FROM parked WHERE delivery = ? AND account = ?`, delivery[:], string(account))
}

// parkedWhere is the conditions of a filter.
func parkedWhere(f store.ParkedFilter) *where {
	w := new(where)
	w.and(`account = ?`, string(f.Account))
	if !f.Integration.IsZero() {
		w.and(`integration = ?`, f.Integration[:])
	}
	if !f.Event.IsZero() {
		w.and(`event = ?`, f.Event[:])
	}
	if !f.Run.IsZero() {
		// The second condition is what lets the index on runs be used.
		w.and(`run = ? AND run <> x'00000000000000000000000000000000'`, f.Run[:])
	}
	if len(f.States) > 0 {
		states := make([]any, len(f.States))
		for i, s := range f.States {
			states[i] = string(s)
		}
		w.and(`state IN (`+placeholders(len(states))+`)`, states...)
	}
	switch below, ok := strings.CutSuffix(f.Type, ".*"); {
	case f.Type == "" || f.Type == "*":
	case ok: // every type that begins with it and a dot; "/" is the character after the dot
		w.and(`type >= ? AND type < ?`, below+".", below+"/")
	default:
		w.and(`type = ?`, f.Type)
	}
	if f.CauseClass != "" {
		w.and(`cause_class = ?`, f.CauseClass)
	}
	if f.Cause != "" {
		w.and(`cause = ?`, f.Cause)
	}
	if !f.Before.IsZero() {
		w.and(`since < ?`, micros(f.Before))
	}
	if !f.After.IsZero() {
		w.and(`since > ?`, micros(f.After))
	}
	return w
}

// ListParked implements store.Parking.
func (s *Store) ListParked(ctx context.Context, f store.ParkedFilter, p store.Page) ([]store.Parked, string, error) {
	w := parkedWhere(f)
	if p.After != "" {
		since, id := int64(0), make([]byte, 16)
		if err := decodeCursor(listParked, p.After, &since, &id); err != nil {
			return nil, "", err
		}
		w.and(`(since, delivery) < (?, ?)`, since, id)
	}
	return page(ctx, s.lanes, scanParked, p, func(v *store.Parked) string {
		return encodeCursor(listParked, micros(v.Since), v.Delivery[:])
	}, `SELECT `+parkedColumns+` FROM parked`+w.String()+` ORDER BY since DESC, delivery DESC`, w.args...)
}

// ParkedTitles implements store.Parking. One record at a time is in memory.
func (s *Store) ParkedTitles(ctx context.Context, account event.Account, deliveries []event.ID) (map[event.ID]string, error) {
	if len(deliveries) == 0 {
		return nil, nil
	}
	if len(deliveries) > store.MaxPage {
		return nil, fmt.Errorf("the titles of %d deliveries at once: %w", len(deliveries), store.ErrInvalid)
	}
	type titled struct {
		delivery event.ID
		title    string
	}
	scan := func(r row, t *titled) error {
		var record sql.RawBytes
		if err := r.Scan(idCol{&t.delivery}, &record); err != nil {
			return err
		}
		if rec, _, err := event.DecodeRecord(record, account); err == nil {
			t.title = rec.TitleLine(store.MaxListedTitle)
		}
		return nil
	}
	args := make([]any, 0, len(deliveries)+1)
	for i := range deliveries {
		args = append(args, deliveries[i][:])
	}
	list, err := all(ctx, s.lanes, scan, parkedTitlesQuery(len(deliveries)), append(args, string(account))...)
	if err != nil {
		return nil, err
	}
	titles := make(map[event.ID]string, len(list))
	for _, t := range list {
		if t.title != "" {
			titles[t.delivery] = t.title
		}
	}
	return titles, nil
}

func parkedTitlesQuery(n int) string {
	return `SELECT parked.delivery, record FROM parked JOIN parked_records ON parked_records.delivery = parked.delivery
		WHERE parked.delivery IN (` + placeholders(n) + `) AND account = ?`
}

// CountParked implements store.Parking.
func (s *Store) CountParked(ctx context.Context, f store.ParkedFilter) (map[store.ParkedState]int, error) {
	type count struct {
		state store.ParkedState
		n     int
	}
	scan := func(r row, c *count) error { return r.Scan(textCol[store.ParkedState]{&c.state}, &c.n) }
	w := parkedWhere(f)
	list, err := all(ctx, s.lanes, scan, `SELECT state, count(*) FROM parked`+w.String()+` GROUP BY state`, w.args...)
	if err != nil {
		return nil, err
	}
	counts := make(map[store.ParkedState]int, len(list))
	for _, c := range list {
		counts[c.state] = c.n
	}
	return counts, nil
}

// PruneParked implements store.Parking. It looks without the right to write and deletes what is still as it was.
func (s *Store) PruneParked(ctx context.Context, t time.Time, limit int) ([]store.Parked, error) {
	old, err := all(ctx, s.lanes, scanParked, `SELECT `+parkedColumns+` FROM parked
		WHERE `+parkedEnded+` AND since < ? ORDER BY since, delivery LIMIT ?`, micros(t), max(limit, 0))
	if err != nil || len(old) == 0 {
		return nil, err
	}
	var gone []store.Parked
	err = s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		record := tx.StmtContext(ctx, s.tick.unparkRecord)
		for i := range old {
			res, err := tx.ExecContext(ctx, `DELETE FROM parked WHERE delivery = ? AND since < ? AND `+parkedEnded,
				old[i].Delivery[:], micros(t))
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				continue
			}
			if _, err := record.ExecContext(ctx, old[i].Delivery[:]); err != nil {
				return err
			}
			gone = append(gone, old[i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}
