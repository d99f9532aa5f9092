package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Delivery finds one delivery with its attempts; store.ErrNotFound if there is none.
func (e *Engine) Delivery(ctx context.Context, account event.Account, id event.ID) (DeliveryView, error) {
	v, err := e.findDelivery(ctx, account, id)
	if err != nil {
		return v, err
	}
	return v, e.history(ctx, account, &v)
}

func (e *Engine) findDelivery(ctx context.Context, account event.Account, id event.ID) (DeliveryView, error) {
	row, err := e.Store.GetParked(ctx, account, id)
	if err == nil {
		return viewOfParked(row), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return DeliveryView{}, fmt.Errorf("reading a parked delivery: %w", err)
	}
	if v, ok, err := e.givenState(ctx, account, id); err != nil || ok {
		return e.withEvent(ctx, v), err
	}
	var lane *lane
	lanes := e.allLanes()
	rec, pos, err := e.find(ctx, e.readable(account), id.Time(), func(r *event.Record) bool {
		if [8]byte(r.ID[:8]) != [8]byte(id[:8]) {
			return false
		}
		for _, l := range lanes {
			if l.account == account && event.DeliveryID(r.ID, l.id) == id {
				lane = l
				return true
			}
		}
		return false
	})
	if err != nil {
		return DeliveryView{}, err
	}
	v, ok, err := e.stateOf(ctx, lane, rec, pos)
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return v, err
}

// history adds the attempts that have rows, and the success that is only in a pack.
func (e *Engine) history(ctx context.Context, account event.Account, v *DeliveryView) error {
	rows, _, err := e.Store.ListAttempts(ctx, store.AttemptFilter{Account: account, Delivery: v.ID}, store.Page{Limit: maxPage})
	if err != nil {
		return fmt.Errorf("reading the attempts: %w", err)
	}
	slices.Reverse(rows)
	succeeded := false
	for _, a := range rows {
		succeeded = succeeded || a.Outcome == store.OutcomeDelivered
		if v.Status == statusDelivered {
			v.Grade = cmp.Or(connector.Grade(a.Grade), v.Grade)
		}
		v.History = append(v.History, AttemptView{
			Number: a.Number, At: a.At, Latency: a.Latency, Outcome: a.Outcome, Status: a.Status, Error: a.Error,
			Class: a.Class, Answer: a.Answer, Batched: max(a.Batched, 1), Grade: connector.Grade(a.Grade),
		})
	}
	if v.Status == statusDelivered && !succeeded {
		v.History = append(v.History, e.packedAttempt(ctx, account, v))
	}
	if n := len(v.History); v.Status == statusDelivered && n > 0 {
		v.Attempts = max(v.Attempts, v.History[n-1].Number)
	}
	return nil
}

// packedAttempt reads the success that is only in a pack. The rows before it that have one number are probes, which spend
// no attempt.
func (e *Engine) packedAttempt(ctx context.Context, account event.Account, v *DeliveryView) AttemptView {
	a := AttemptView{Number: 1, At: v.Since, Outcome: store.OutcomeDelivered, Batched: 1}
	switch n := len(v.History); {
	case n > 1 && v.History[n-2].Number == v.History[n-1].Number:
		a.Number = v.History[n-1].Number
	case n > 0:
		a.Number = v.History[n-1].Number + 1
	}
	_, pos, err := e.find(ctx, e.readable(account), v.Event.Time(), func(r *event.Record) bool { return r.ID == v.Event })
	if err != nil {
		return a
	}
	packs, err := e.Store.PacksAt(ctx, v.Integration, pos)
	if err != nil {
		return a
	}
	for _, pack := range packs {
		runs, _ := decodePack(pack.Data)
		if run, ok := findRun(runs, pos); ok && run.Outcome == store.OutcomeDelivered {
			a.Status, a.Latency, a.Grade = int(run.Status), run.Latency, run.Grade
		}
	}
	return a
}
