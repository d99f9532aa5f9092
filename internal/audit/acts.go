package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Act is a privileged act as people look at it: what its two entries say together.
type Act struct {
	Seq     uint64        `json:"seq"` // of the entry that began it
	At      time.Time     `json:"at"`
	Account event.Account `json:"account"`
	// Actor is who acted. Its account differs from the act's when a parent acted in a child.
	Actor   act.Actor       `json:"actor"`
	Action  string          `json:"action"`
	Target  string          `json:"target,omitempty"`
	Outcome string          `json:"outcome"` // one of the outcomes
	Error   string          `json:"error,omitempty"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Note    string          `json:"note,omitempty"`
	// TookMS is how long it took, in milliseconds, once it has ended.
	TookMS *float64 `json:"took_ms,omitempty"`
	Hash   string   `json:"hash"` // of the entry that began it
}

// Acts gives an account's acts newest first, with their outcomes. It gives those of f.Account alone, whoever acted.
func (l *Log) Acts(ctx context.Context, f store.AuditFilter, p store.Page) (list []Act, next string, err error) {
	f.Begins = true
	rows, next, err := l.deps.Store.ListAudit(ctx, f, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing the audit record: %w", err)
	}
	seqs := make([]uint64, len(rows))
	for i := range rows {
		seqs[i] = rows[i].Seq
	}
	running := l.running(seqs) // before the ends are read: what ends in between is found there
	ends, err := l.endsOf(ctx, seqs)
	if err != nil {
		return nil, "", err
	}
	list = make([]Act, len(rows))
	for i := range rows {
		if list[i], err = actOf(&rows[i]); err != nil {
			return nil, "", err
		}
		if end, ok := ends[rows[i].Seq]; ok {
			list[i].ended(end)
		} else if running[rows[i].Seq] {
			list[i].Outcome = OutcomeRunning
		}
	}
	return list, next, nil
}

// endsOf reads the ends of acts, by the number of the act. Where there are two (a transaction was repeated, because
// nobody could tell that it had been made) the first counts.
func (l *Log) endsOf(ctx context.Context, seqs []uint64) (map[uint64]Entry, error) {
	rows, err := l.deps.Store.AuditEnds(ctx, seqs)
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of acts: %w", err)
	}
	ends := make(map[uint64]Entry, len(rows))
	for i := range rows {
		e, err := decode(rows[i].Body)
		if err != nil {
			return nil, fmt.Errorf("reading entry %d: %w", rows[i].Seq, err)
		}
		if _, known := ends[e.Act]; !known {
			ends[e.Act] = e
		}
	}
	return ends, nil
}

// running says which acts this process has begun and not ended, or ended and not written down.
func (l *Log) running(seqs []uint64) map[uint64]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	running := make(map[uint64]bool, len(seqs))
	for _, seq := range seqs {
		_, running[seq] = l.open[seq]
	}
	for _, r := range l.ends {
		running[r.entry.Act] = true
	}
	return running
}

func actOf(row *store.AuditEntry) (Act, error) {
	e, err := decode(row.Body)
	if err != nil {
		return Act{}, fmt.Errorf("reading entry %d: %w", row.Seq, err)
	}
	return Act{
		Seq: e.Seq, At: e.Time(), Account: e.Account, Actor: e.Actor, Action: e.Action, Target: e.Target,
		Outcome: OutcomeUnknown, Before: e.Before, After: e.After, Note: e.Note, Hash: hex.EncodeToString(row.Hash[:]),
	}, nil
}

func (a *Act) ended(e Entry) {
	a.Outcome, a.Error = e.Outcome, e.Error
	took := max(float64(e.Time().Sub(a.At).Microseconds())/1000, 0)
	a.TookMS = &took
}
