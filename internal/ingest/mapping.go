package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Mapping changes an event between its decoding and the journal. It gives the event as it is to be journalled, which may
// be r itself, or nil when a rule drops it. The account of what it gives may be one below the sender's. may says which
// types the sender may send.
type Mapping func(r *event.Record, may func(eventType string) bool) *event.Record

// portion is the records of one account.
type portion struct {
	account event.Account
	records []*event.Record
	over    uint64 // of them, those above the account's plan
}

// maySend says whether the sender may send events of a type.
func (p *Principal) maySend(eventType string) bool {
	if p.MaySend == nil {
		return !strings.HasPrefix(eventType, reservedTypes)
	}
	return p.MaySend(eventType)
}

// via is how events came: by which dialect, and to which source endpoint if to one.
type via struct{ dialect, source string }

// via is how the request came.
func (q *request) via() via {
	v := via{dialect: q.seen.Source}
	if q.source != nil {
		v.source = q.source.ID()
	}
	return v
}

// mapRecords maps what was decoded. It must not run for an answer that is only repeated: rules count.
func (b *batch) mapRecords(m Mapping) {
	kept := b.records[:0]
	for _, r := range b.records {
		next := m(r, b.principal.maySend)
		if next == nil {
			b.dropped++
			continue
		}
		b.spread = b.spread || next.Account != b.principal.Account
		kept = append(kept, next)
	}
	clear(b.records[len(kept):])
	b.records = kept
}

// portions divides the records by account. The sender's own come last: the request's Idempotency-Key goes with the last
// append, into a frame that holds events of the account that the key belongs to wherever it can.
func (b *batch) portions() []portion {
	own := b.principal.Account
	if !b.spread {
		b.part[0] = portion{account: own, records: b.records}
		return b.part[:]
	}
	var list []portion
	for _, r := range b.records {
		i := slices.IndexFunc(list, func(p portion) bool { return p.account == r.Account })
		if i < 0 {
			i = len(list)
			list = append(list, portion{account: r.Account})
		}
		list[i].records = append(list[i].records, r)
	}
	slices.SortStableFunc(list, func(x, y portion) int {
		switch {
		case x.account == own:
			return 1
		case y.account == own:
			return -1
		}
		return 0
	})
	return list
}

// admitAll asks the plans of all accounts before anything is appended: either all admit their part, or nothing is taken.
func (h *Handler) admitAll(list []portion) (over uint64, err error) {
	if h.admit == nil {
		return 0, nil
	}
	for i := range list {
		part, err := h.admit(list[i].account, len(list[i].records))
		if err != nil {
			h.giveBack(list[:i])
			return 0, fmt.Errorf("asking for the account's plan: %w", err)
		}
		list[i].over = part
		over += part
	}
	return over, nil
}

// appendAll makes the parts durable one after the other. When one fails, those before it are durable all the same, and a
// sender that tries again sends them twice; that is why the sender's own come last, whose quota is the likeliest to end.
func (h *Handler) appendAll(ctx context.Context, list []portion, entry *journal.Idempotency) error {
	for i := range list {
		a := journal.Append{Account: list[i].account, Records: list[i].records}
		if i == len(list)-1 {
			a.Idempotency = entry
		}
		if err := h.journal.Append(ctx, a); err != nil {
			if errors.Is(err, journal.ErrQuota) || errors.Is(err, journal.ErrTooLarge) || errors.Is(err, journal.ErrFull) {
				h.giveBack(list[i:])
			} else if i+1 < len(list) {
				h.giveBack(list[i+1:]) // of this one nobody knows
			}
			return fmt.Errorf("appending to the journal: %w", err)
		}
	}
	return nil
}

// giveBack says that the journal did not take what was admitted. It is for what is certain: after a failure, or when the
// sender hung up, the events may be durable all the same.
func (h *Handler) giveBack(list []portion) {
	if h.release == nil {
		return
	}
	for _, p := range list {
		h.release(p.account, len(p.records), p.over)
	}
}
