package app

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/news"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The store's writes of what people watch live. Each is told when it is durable, whoever made it, and only while somebody
// watches.

// SaveBlocks implements store.Blocks.
func (t telling) SaveBlocks(ctx context.Context, w store.BlockWrite) error {
	err := t.Store.SaveBlocks(ctx, w)
	if err != nil || !t.news.Watched() {
		return err
	}
	by := map[event.Account][]news.Row{}
	accounts := map[event.ID]event.Account{}
	for i := range w.Blocks {
		b := &w.Blocks[i]
		accounts[b.ID] = b.Account
		by[b.Account] = append(by[b.Account], news.Row{ID: b.ID})
	}
	for i := range w.Place {
		if p := &w.Place[i]; accounts[p.Block] == "" {
			accounts[p.Block] = p.Account
			by[p.Account] = append(by[p.Account], news.Row{ID: p.Block})
		}
	}
	for account, rows := range by {
		t.news.Changed(account, news.Blocks, rows...)
	}
	return nil
}

// SaveResponder implements store.Blocks.
func (t telling) SaveResponder(ctx context.Context, w store.ResponderWrite) error {
	err := t.Store.SaveResponder(ctx, w)
	if err == nil && t.news.Watched() {
		rows := make([]news.Row, len(w.Placements))
		for i := range w.Placements {
			rows[i] = news.Row{ID: w.Placements[i].Block}
		}
		t.news.Changed(w.Account, news.Blocks, rows...)
	}
	return err
}

// DropResponder implements store.Blocks.
func (t telling) DropResponder(ctx context.Context, account event.Account, integration event.ID, cause string, at time.Time) error {
	err := t.Store.DropResponder(ctx, account, integration, cause, at)
	if err == nil {
		t.news.Many(account, news.Blocks)
	}
	return err
}

// SaveJob implements store.Jobs.
func (t telling) SaveJob(ctx context.Context, j store.Job) error {
	err := t.Store.SaveJob(ctx, j)
	if err == nil {
		t.news.Changed(j.Account, news.Jobs, news.Row{ID: j.ID})
	}
	return err
}

// changedAlerts tells of alerts.
func (t telling) changedAlerts(alerts []store.Alert) {
	if !t.news.Watched() {
		return
	}
	by := map[event.Account][]news.Row{}
	for i := range alerts {
		by[alerts[i].Account] = append(by[alerts[i].Account], news.Row{ID: alerts[i].ID})
	}
	for account, rows := range by {
		t.news.Changed(account, news.Alerts, rows...)
	}
}

// overheard is what writes of incidents did. They say so while they are under way; it is told when they are durable.
type overheard struct {
	incidents, alerts map[event.Account][]news.Row
}

// overhear has a write of an incident tell what it did, too. A transaction may run twice: what is told then has changed
// once at least.
func (t telling) overhear(o *overheard, w *store.IncidentWrite) {
	if !t.news.Watched() {
		return
	}
	tell := w.Tell
	w.Tell = func(d store.IncidentDone) ([]store.CaseEntry, []store.Said) {
		if o.incidents == nil {
			o.incidents, o.alerts = map[event.Account][]news.Row{}, map[event.Account][]news.Row{}
		}
		account := d.Is.Account
		o.incidents[account] = append(o.incidents[account], news.Row{Number: d.Is.Number})
		for _, ids := range [][]event.ID{d.Linked, d.Unlinked} {
			for _, id := range ids {
				o.alerts[account] = append(o.alerts[account], news.Row{ID: id})
			}
		}
		if tell == nil {
			return nil, nil
		}
		return tell(d)
	}
}

// tellOverheard tells it.
func (t telling) tellOverheard(o *overheard) {
	for account, rows := range o.incidents {
		t.news.Changed(account, news.Incidents, rows...)
	}
	for account, rows := range o.alerts {
		t.news.Changed(account, news.Alerts, rows...)
	}
}
