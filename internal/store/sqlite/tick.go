package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// tickStatements are what SaveTick runs, prepared once on the writing connection of lanes.db.
type tickStatements struct {
	tail, lanes, packs, attempts, parked, records, runs, suppressed, remembered, idempotency *inserter

	unpark, unparkRecord, addLedger, forget *sql.Stmt
}

// Fixed parts of a row that count for the ledger's bytes: the columns of fixed size and the keys of the indexes.
const (
	attemptBytes = 400
	packBytes    = 300
)

func prepareTick(ctx context.Context, db *sql.DB) (*tickStatements, error) {
	t := new(tickStatements)
	inserters := []struct {
		to         **inserter
		head, tail string
	}{
		{&t.tail, `tail (id, mark, state)`,
			`ON CONFLICT (id) DO UPDATE SET mark = excluded.mark, state = excluded.state`},
		{&t.lanes, `lanes (integration, account, idle, mark, state)`,
			`ON CONFLICT (integration) DO UPDATE SET account = excluded.account, idle = excluded.idle,
			mark = excluded.mark, state = excluded.state`},
		{&t.packs, `packs (integration, span, hi, lo, at, seq, account, count, bytes, data)`, `ON CONFLICT DO NOTHING`},
		{&t.attempts, `attempts (` + attemptColumns + `, bytes)`, `ON CONFLICT (id) DO NOTHING`},
		{&t.parked, `parked (` + parkedColumns + `)`,
			// A delivery's account, integration, event, the event's accounts and where it came from never change.
			`ON CONFLICT (delivery) DO UPDATE SET type = excluded.type, severity = excluded.severity,
			ordering_key = excluded.ordering_key, position = excluded.position, state = excluded.state,
			due = excluded.due, attempts = excluded.attempts, cause = excluded.cause,
			cause_class = excluded.cause_class, since = excluded.since, first_tried = excluded.first_tried,
			range_to = excluded.range_to, matched = excluded.matched,
			to_integration = excluded.to_integration, to_delivery = excluded.to_delivery,
			grouping = excluded.grouping, carrier = excluded.carrier, subject = excluded.subject`},
		{&t.records, `parked_records (delivery, record)`, `ON CONFLICT (delivery) DO UPDATE SET record = excluded.record`},
		{&t.runs, `runs (id, account, integration, kind, state, ended_at)`,
			`ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at`},
		{&t.suppressed, `suppressed (` + suppressedColumns + `)`,
			`ON CONFLICT (delivery) DO UPDATE SET reason = excluded.reason, detail = excluded.detail, at = excluded.at, until = excluded.until`},
		{&t.remembered, `remembered (` + rememberedColumns + `)`,
			`ON CONFLICT (integration, key) DO UPDATE SET value = excluded.value, at = excluded.at`},
		{&t.idempotency, `idempotency (` + idempotencyColumns + `)`,
			`ON CONFLICT (account, key_hash) DO UPDATE SET body_hash = excluded.body_hash,
			first_id = excluded.first_id, count = excluded.count, at = excluded.at`},
	}
	for _, in := range inserters {
		var err error
		if *in.to, err = prepareInserter(ctx, db, in.head, in.tail); err != nil {
			return t, fmt.Errorf("preparing to write %s: %w", in.head, err)
		}
	}
	statements := []struct {
		to    **sql.Stmt
		query string
	}{
		{&t.unpark, `DELETE FROM parked WHERE delivery = ?`},
		{&t.unparkRecord, `DELETE FROM parked_records WHERE delivery = ?`},
		{&t.forget, `DELETE FROM remembered WHERE integration = ? AND key = ?`},
		{&t.addLedger, `UPDATE ledger SET bytes = bytes + ? WHERE id = 1`},
	}
	for _, st := range statements {
		var err error
		if *st.to, err = db.PrepareContext(ctx, st.query); err != nil {
			return t, fmt.Errorf("preparing %s: %w", st.query, err)
		}
	}
	return t, nil
}

func (t *tickStatements) close() error {
	var errs []error
	for _, in := range []*inserter{t.tail, t.lanes, t.packs, t.attempts, t.parked, t.records, t.runs, t.suppressed, t.remembered, t.idempotency} {
		if in != nil {
			errs = append(errs, in.close())
		}
	}
	for _, st := range []*sql.Stmt{t.unpark, t.unparkRecord, t.addLedger, t.forget} {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	return errors.Join(errs...)
}

// SaveTick implements store.Lanes.
func (s *Store) SaveTick(ctx context.Context, t store.Tick) error {
	return s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, part := range []struct {
			name string
			save func(context.Context, *sql.Tx, *store.Tick) error
		}{
			{"the tail's mark", s.tick.saveTail},
			{"the lanes' marks", s.tick.saveLanes},
			{"the ledger", s.tick.saveLedger},
			{"what is parked", s.tick.savePark},
			{"what is no longer parked", s.tick.saveUnpark},
			{"the runs", s.tick.saveRuns},
			{"what noise control left out", s.tick.saveSuppressed},
			{"what noise control remembers", s.tick.saveRemembered},
		} {
			if err := part.save(ctx, tx, &t); err != nil {
				return fmt.Errorf("saving %s: %w", part.name, err)
			}
		}
		return s.saveSaid(ctx, tx, t.Say)
	})
}

func (t *tickStatements) saveTail(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	if tick.Tail == nil {
		return nil
	}
	_, err := t.tail.run(ctx, tx, 1, func(args []any, _ int) []any {
		return append(args, int64(1), tick.Tail.Mark.Bytes(), blob(tick.Tail.State))
	})
	return err
}

func (t *tickStatements) saveLanes(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	_, err := t.lanes.run(ctx, tx, len(tick.Lanes), func(args []any, i int) []any {
		l := &tick.Lanes[i]
		return append(args, l.Integration[:], string(l.Account), flag(l.Idle), l.Mark.Bytes(), blob(l.State))
	})
	return err
}

// saveLedger stores packs and attempts and adds to the ledger's size.
func (t *tickStatements) saveLedger(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	rows := int64(len(tick.Packs) + len(tick.Attempts))
	if rows == 0 {
		return nil
	}
	var size int64
	packs, err := t.packs.run(ctx, tx, len(tick.Packs), func(args []any, i int) []any {
		p := &tick.Packs[i]
		bytes := int64(packBytes + len(p.Data))
		size += bytes
		return append(args, p.Integration[:], spanClass(p.Lo, p.Hi), p.Hi.Bytes(), p.Lo.Bytes(), micros(p.At), int64(i),
			string(p.Account), int64(p.Count), bytes, blob(p.Data))
	})
	if err != nil {
		return err
	}
	attempts, err := t.attempts.run(ctx, tx, len(tick.Attempts), func(args []any, i int) []any {
		a := &tick.Attempts[i]
		bytes := int64(attemptBytes + len(a.Error) + len(a.Answer) + len(a.Type))
		size += bytes
		return append(args, a.ID[:], string(a.Account), a.Integration[:], a.Delivery[:], a.Event[:], a.Type,
			int64(a.Number), micros(a.At), int64(a.Latency), string(a.Outcome), int64(a.Status), a.Error, a.Class,
			a.Answer, int64(a.Batched), a.Grade, a.Run[:], a.FromIntegration[:], a.FromDelivery[:], bytes)
	})
	if err != nil {
		return err
	}
	if packs+attempts < rows {
		return recountLedger(ctx, tx) // a tick that is saved once more
	}
	_, err = tx.StmtContext(ctx, t.addLedger).ExecContext(ctx, size)
	return err
}

// recountLedger sets the ledger's size from its rows. It reads them all, so it is for the rare case only.
func recountLedger(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE ledger SET bytes = (SELECT coalesce(sum(bytes), 0) FROM attempts)
		+ (SELECT coalesce(sum(bytes), 0) FROM packs) WHERE id = 1`)
	return err
}

func (t *tickStatements) savePark(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	records := make([]int, 0, len(tick.Park)) // indexes of the rows that bring their record
	_, err := t.parked.run(ctx, tx, len(tick.Park), func(args []any, i int) []any {
		p := &tick.Park[i]
		if len(p.Record) > 0 {
			records = append(records, i)
		}
		return append(args, p.Delivery[:], string(p.Account), p.Integration[:], p.Event[:], p.Type, int64(p.Severity),
			p.OrderingKey, p.Position.Bytes(), string(p.State), micros(p.Due), int64(p.Attempts), p.Cause, p.CauseClass,
			micros(p.Since), micros(p.FirstTried), p.RangeTo.Bytes(), int64(p.Matched),
			string(p.EventAccount), accountsText(p.Parents),
			p.Run[:], p.FromIntegration[:], p.FromDelivery[:], p.ToIntegration[:], p.ToDelivery[:], p.Group, p.Carrier[:], p.Subject)
	})
	if err != nil {
		return err
	}
	_, err = t.records.run(ctx, tx, len(records), func(args []any, i int) []any {
		p := &tick.Park[records[i]]
		return append(args, p.Delivery[:], p.Record)
	})
	return err
}

func (t *tickStatements) saveUnpark(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	if len(tick.Unpark) == 0 {
		return nil
	}
	for _, stmt := range []*sql.Stmt{t.unpark, t.unparkRecord} {
		stmt = tx.StmtContext(ctx, stmt)
		for i := range tick.Unpark {
			if _, err := stmt.ExecContext(ctx, tick.Unpark[i][:]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tickStatements) saveRuns(ctx context.Context, tx *sql.Tx, tick *store.Tick) error {
	_, err := t.runs.run(ctx, tx, len(tick.Runs), func(args []any, i int) []any {
		r := &tick.Runs[i]
		return append(args, r.ID[:], string(r.Account), r.Integration[:], r.Kind, blob(r.State), micros(r.EndedAt))
	})
	return err
}
