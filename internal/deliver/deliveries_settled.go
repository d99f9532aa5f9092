package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// mostUnpacked is how many events of the ledger are looked at for one page.
const mostUnpacked = 5000

// settled lists what the ledger's packs know, the newest first: successes, or what was left out if the filter's status says
// so. A cursor is the ledger's own one and how many of the next pack were seen.
func (e *Engine) settled(ctx context.Context, account event.Account, f DeliveryFilter, p store.Page) (list []DeliveryView, next string, err error) {
	limit := pageLimit(p)
	after, seen, err := cutPackCursor(p.After)
	if err != nil {
		return nil, "", err
	}
	u := unpacking{DeliveryFilter: f, readable: e.readable(account), left: mostUnpacked}
	u.Status = cmp.Or(f.Status, statusDelivered)
	of := store.PackFilter{Account: account, Integration: f.Integration, Since: f.Since, Before: f.Until}
	for {
		packs, following, err := e.Store.ListPacks(ctx, of, store.Page{After: after, Limit: 1})
		if err != nil {
			return nil, "", fmt.Errorf("listing the ledger: %w", err)
		}
		for _, pack := range packs {
			taken, done, err := e.unpack(ctx, pack, &u, seen, limit-len(list))
			if err != nil {
				return nil, "", err
			}
			list = append(list, taken...)
			if done > 0 {
				return list, after + "~" + strconv.Itoa(done), nil
			}
		}
		if seen = 0; following == "" {
			return list, "", nil
		}
		if after = following; len(list) >= limit || u.left <= 0 {
			return list, after + "~0", nil
		}
	}
}

func cutPackCursor(s string) (after string, seen int, err error) {
	if s == "" {
		return "", 0, nil
	}
	after, n, ok := strings.Cut(s, "~")
	seen, convErr := strconv.Atoi(n)
	if !ok || convErr != nil || seen < 0 {
		return "", 0, store.ErrCursor
	}
	return after, seen, nil
}

// unpacking is a page of deliveries that is made of packs.
type unpacking struct {
	DeliveryFilter

	readable accounts
	left     int // how many events may still be looked at
}

// unpack gives at most limit of a pack's deliveries, the newest first, without the first seen of its events. If it could
// not give all, done is how many events have been seen now.
func (e *Engine) unpack(ctx context.Context, pack store.Pack, u *unpacking, seen, limit int) (list []DeliveryView, done int, err error) {
	runs, err := decodePack(pack.Data)
	if err != nil {
		return nil, 0, nil //nolint:nilerr // a damaged pack has nothing to show; recovery has reported it
	}
	n := 0
	for i := len(runs) - 1; i >= 0; i-- {
		for j := int(runs[i].N) - 1; j >= 0; j-- {
			if n++; n <= seen {
				continue
			}
			if len(list) >= limit || u.left <= 0 {
				return list, n - 1, nil
			}
			u.left--
			pos := runs[i].Pos
			pos.Item += uint32(j)
			if v, ok := e.packed(ctx, pack, u, runs[i], pos); ok {
				list = append(list, v)
			}
		}
	}
	return list, 0, nil
}

// packed is one event of a pack, if it is wanted. One that had been parked was delivered if its row is gone; one that had
// come into the mailbox, if an attempt says so.
func (e *Engine) packed(ctx context.Context, pack store.Pack, u *unpacking, run packRun, pos journal.Position) (DeliveryView, bool) {
	v := DeliveryView{Integration: pack.Integration, Status: u.Status, Since: pack.At, Grade: run.Grade}
	switch {
	case u.Status == statusSkipped && run.Outcome == "":
	case u.Status == statusDelivered && run.Outcome != "":
		v.Attempts = 1
	default:
		return v, false
	}
	rec, err := e.at(ctx, u.readable, pos)
	if err != nil {
		return v, false // trimmed: the ledger knows that it was delivered, but not any more what it was
	}
	rec = seenFrom(pack.Account, rec)
	v.ID, v.Event, v.Account = event.DeliveryID(rec.ID, pack.Integration), rec.ID, rec.Account
	v.Type, v.Severity, v.OrderingKey = rec.Type, rec.Severity, rec.OrderingKey
	if u.Type != "" && !u.Type.Match(v.Type) {
		return v, false
	}
	if run.Outcome != "" && run.Outcome != store.OutcomeDelivered {
		if _, err := e.Store.GetParked(ctx, pack.Account, v.ID); !errors.Is(err, store.ErrNotFound) {
			return v, false
		}
		if e.calledOff(ctx, pack.Integration, pos) {
			return v, false
		}
		if !e.arrival(ctx, pack.Account, &v) && run.Outcome != store.OutcomeRetry {
			return v, false // its row may have grown too old in the mailbox
		}
	}
	if !u.lets(&v) {
		return v, false
	}
	v.Title = rec.TitleLine(store.MaxListedTitle)
	return v, true
}

// arrival fills in when a delivery arrived whose first attempt failed: the ledger's pack knows of its first attempt only, and
// the attempt that succeeded has a row of its own, as long as the ledger is kept. It says whether it found that one.
func (e *Engine) arrival(ctx context.Context, account event.Account, v *DeliveryView) bool {
	v.Attempts++ // at least one failed
	f := store.AttemptFilter{Account: account, Delivery: v.ID, Outcome: store.OutcomeDelivered}
	rows, _, err := e.Store.ListAttempts(ctx, f, store.Page{Limit: 1})
	if err != nil || len(rows) == 0 {
		return false
	}
	v.Since, v.Attempts = rows[0].At.Add(rows[0].Latency), max(v.Attempts, rows[0].Number)
	v.Grade = cmp.Or(connector.Grade(rows[0].Grade), v.Grade)
	return true
}

// calledOff says whether a delivery that was parked was left out later.
func (e *Engine) calledOff(ctx context.Context, integration event.ID, pos journal.Position) bool {
	packs, err := e.Store.PacksAt(ctx, integration, pos)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(packs, func(p store.Pack) bool {
		runs, _ := decodePack(p.Data)
		run, found := findRun(runs, pos)
		return found && run.Outcome == ""
	})
}
