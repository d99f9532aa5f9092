package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// writer is what belongs to the one goroutine that writes.
type writer struct {
	head  *store.AuditEntry // nil: to be read
	doubt *doubt            // nil: none
	pause time.Duration     // the last wait after a failure
}

// doubt is a batch whose transaction failed in a way that leaves open whether it was made.
type doubt struct {
	batch []*request
	rows  []store.AuditEntry
}

// write is the one goroutine that writes. What arrives while a transaction is made goes into the next one.
func (l *Log) write() {
	defer close(l.done)
	for {
		batch, closed := l.take()
		pause := time.Duration(0)
		switch {
		case len(batch) > 0:
			if err := l.commit(batch); err == nil {
				continue
			}
			pause = l.backoff()
		case closed:
			return
		}
		if !l.rest(pause) {
			return
		}
	}
}

// take gives the next batch: outcomes, which stay in their queue until they are durable, and then beginnings.
func (l *Log) take() (batch []*request, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch = append(batch, l.ends[:min(len(l.ends), maxBatch)]...)
	n := 0
	for ; n < len(l.begins) && len(batch) < maxBatch; n++ {
		if l.begins[n].state.Load() == waiting {
			batch = append(batch, l.begins[n])
		}
	}
	l.begins = l.begins[n:]
	return batch, l.closed
}

// backoff is how long to wait after a failure.
func (l *Log) backoff() time.Duration {
	l.writer.pause = min(max(2*l.writer.pause, firstRetry), longestRetry)
	return l.writer.pause
}

// rest waits until there is something new, or for d (0: forever). It says no when the time to close is over.
func (l *Log) rest(d time.Duration) bool {
	var retry <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		retry = timer.C
	}
	select {
	case <-l.wake:
	case <-retry:
	case <-l.over:
		return false
	}
	return true
}

// commit makes a batch durable and tells those who wait for it.
func (l *Log) commit(batch []*request) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeWait)
	defer cancel()
	batch, err := l.resolve(ctx, batch)
	if err == nil && len(batch) > 0 {
		err = l.append(ctx, batch)
	}
	if err != nil {
		l.failed.Add(1)
		if l.failures.Add(1) == maxFailures {
			l.deps.Log.Error("the audit record cannot be written: no privileged act is done", slog.Any("error", err))
		}
		refuse(batch, err)
		return err
	}
	if n := l.failures.Swap(0); n >= maxFailures {
		l.deps.Log.Info("the audit record can be written again")
	}
	l.writer.pause = 0
	return nil
}

// resolve finds out what became of a batch that was in doubt, and gives the part of batch that is still to be written.
// The outcomes of the batch in doubt are the first of the next one.
func (l *Log) resolve(ctx context.Context, batch []*request) ([]*request, error) {
	d := l.writer.doubt
	if d == nil {
		return batch, nil
	}
	head, err := l.head(ctx)
	if err != nil {
		return batch, err
	}
	l.writer.doubt = nil
	if head.Hash != d.rows[len(d.rows)-1].Hash {
		return batch, nil
	}
	return batch[l.settle(d.batch, d.rows):], nil
}

// append chains a batch to the record. Where another process wrote in between, it is chained anew.
func (l *Log) append(ctx context.Context, batch []*request) error {
	for range maxConflicts {
		head, err := l.head(ctx)
		if err != nil {
			return err
		}
		rows, err := l.chain(head, batch)
		if err != nil {
			return err
		}
		say := l.say(batch, rows)
		err = l.deps.Store.AppendAudit(ctx, rows, say)
		if errors.Is(err, store.ErrInvalid) && len(say) > 0 {
			l.deps.Log.Error("acts cannot be announced", slog.Int("acts", len(say)), slog.Any("error", err))
			say, err = nil, l.deps.Store.AppendAudit(ctx, rows, nil)
		}
		if err == nil {
			l.settle(batch, rows)
			if len(say) > 0 {
				l.deps.Said()
			}
			return nil
		}
		l.writer.head = nil
		if !errors.Is(err, store.ErrConflict) {
			l.writer.doubt = &doubt{batch, rows}
			return fmt.Errorf("writing the audit record: %w", err)
		}
	}
	return fmt.Errorf("writing the audit record: other processes were faster %d times: %w", maxConflicts, store.ErrUnavailable)
}

// head is the last entry of the record. Before the first one it is the beginning of the chain.
func (l *Log) head(ctx context.Context) (*store.AuditEntry, error) {
	if l.writer.head == nil {
		head, err := l.deps.Store.AuditHead(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the end of the audit record: %w", err)
		}
		if head.Seq == 0 {
			head.Hash = genesis(l.id)
		}
		l.writer.head = &head
	}
	return l.writer.head, nil
}

// chain makes the rows of a batch that follow head.
func (l *Log) chain(head *store.AuditEntry, batch []*request) ([]store.AuditEntry, error) {
	previous := head.Hash
	rows := make([]store.AuditEntry, len(batch))
	for i, r := range batch {
		row, err := r.entry.encode(head.Seq+1+uint64(i), r.at)
		if err != nil {
			return nil, err
		}
		row.Hash = link(previous, sha256.Sum256(row.Body))
		rows[i], previous = row, row.Hash
	}
	return rows, nil
}

// settle takes note that a batch is durable. It gives the number of outcomes in it.
func (l *Log) settle(batch []*request, rows []store.AuditEntry) (ends int) {
	last := rows[len(rows)-1]
	l.writer.head = &last
	l.last.Store(last.Seq)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, r := range batch {
		switch seq := rows[i].Seq; {
		case !r.begins():
			ends++
		case r.state.CompareAndSwap(waiting, answered):
			l.open[seq] = struct{}{}
			r.answer <- answer{seq: seq}
		default: // nobody waits any more: the act does not happen
			l.ends = append(l.ends, r.never(seq, l.deps.Now()))
		}
	}
	l.ends = l.ends[ends:]
	l.ended.Add(uint64(ends))
	return ends
}

// never is the end of an act that was written down too late to be done.
func (r *request) never(seq uint64, now time.Time) *request {
	e := r.entry
	e.Phase, e.Act, e.Before, e.After, e.Note = PhaseEnd, seq, nil, nil, ""
	e.Outcome, e.Error = OutcomeRefused, "it was not done: whoever asked for it had gone before it was written down"
	return &request{entry: e, changed: r.changed, started: r.started, at: now}
}

// refuse answers the beginnings of a batch that could not be written.
func refuse(batch []*request, err error) {
	for _, r := range batch {
		if r.begins() && r.state.CompareAndSwap(waiting, answered) {
			r.answer <- answer{err: fmt.Errorf("%w: %w", ErrUnavailable, err)}
		}
	}
}
