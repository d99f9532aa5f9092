package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// outcome is what became of a batch that is durable.
type outcome struct {
	ids     event.Block
	over    uint64 // events above an account's plan
	dropped int    // by mapping rules
}

// commit maps the batch's records, gives them their ids and makes them durable, if the plans of their accounts admit
// them. It is the one way into the journal, for whatever way events came in. entry may be nil.
func (h *Handler) commit(ctx context.Context, v via, b *batch, entry *journal.Idempotency) (done outcome, err error) {
	if h.mapFor != nil {
		if m := h.mapFor(b.principal.Account, v.dialect, v.source); m != nil {
			b.mapRecords(m)
		}
	}
	done.dropped = b.dropped
	if len(b.records) == 0 {
		return done, nil // all were dropped: nothing is to be remembered but the key
	}
	parts := b.portions()
	if done.over, err = h.admitAll(parts); err != nil {
		return outcome{}, err
	}
	done.ids = event.NewIDs(len(b.records))
	for i, r := range b.records {
		r.ID = done.ids.At(i)
	}
	if entry != nil {
		entry.First, entry.Count = done.ids.First(), uint32(len(b.records))
	}
	failpoint.Hit(failpoint.IngestDecoded)
	ctx, end := h.tracing.Append(ctx, done.ids)
	err = h.appendAll(ctx, parts, entry)
	end(err)
	if err != nil {
		return outcome{}, fmt.Errorf("appending what came from %s to the journal: %w", v.dialect, err)
	}
	return done, nil
}

// Submission is what a way in other than HTTP has received at a time.
type Submission struct {
	Principal Principal
	// Source is what metrics and mapping rules call the way in, "syslog".
	Source   string
	Items    iter.Seq2[Item, error]
	Received time.Time
	Bytes    int64 // as they were received
}

// Submit makes the items durable, as a request's would be: the same checks, the same plan. It returns when they are, and
// says how many were accepted and how many rejected; a rejected item will be rejected again. With an error nothing was
// taken, and the same items may be submitted again. There may be at most as many as Limits.Events and the plan allow.
func (h *Handler) Submit(ctx context.Context, s Submission) (accepted, rejected int, err error) {
	start := h.now()
	b := batch{lim: &h.lim, received: s.Received, principal: s.Principal}
	b.records = b.one[:0]
	if h.maxBatch != nil {
		b.planMost = h.maxBatch(s.Principal.Account)
	}
	err = b.takeItems(s.Items)
	if err == nil && len(b.records) > 0 {
		_, err = h.commit(ctx, via{dialect: s.Source}, &b, nil)
	}
	if err == nil {
		accepted = len(b.records)
	}
	if h.observer != nil {
		h.observer.Ingested(Observation{
			Source: s.Source, Status: submitStatus(err), Accepted: accepted, Rejected: b.rejectedTotal, WireBytes: s.Bytes, BodyBytes: s.Bytes,
			Took: h.now().Sub(start),
		})
	}
	return accepted, b.rejectedTotal, err
}

// submitStatus is the HTTP status that a request with the same outcome would have had, for the metrics.
func submitStatus(err error) int {
	if err == nil {
		return http.StatusAccepted
	}
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.Status
	}
	if p, ok := errors.AsType[*problem](err); ok {
		return p.status
	}
	return http.StatusServiceUnavailable
}
