package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a bulk change.
const (
	// MaxBulkIDs is how many alerts can be named, MaxBulk how many a filter lets through at once, the newest.
	MaxBulkIDs = 1000
	MaxBulk    = 5000
	// bulkRows is how many alerts are changed in one transaction.
	bulkRows = 100
)

// Selection says which alerts a bulk change is about: those named, or those that a filter lets through.
type Selection struct {
	IDs    []event.ID
	Filter *store.AlertFilter
}

// BulkResult is what became of one alert of a bulk change.
type BulkResult struct {
	ID      event.ID
	Changed bool
	Err     error // store.ErrNotFound, or the store's; nil otherwise
}

// Bulk makes one change of many alerts and says what became of each. more says that the filter lets others through, too.
// It is one act of the audit record. Errors: form.Errors; what was done before another error stays done.
func (s *Service) Bulk(ctx context.Context, account event.Account, sel Selection, c Change) (results []BulkResult, more bool, err error) {
	if err := c.Check(); err != nil {
		return nil, false, err
	}
	if len(sel.IDs) > MaxBulkIDs {
		return nil, false, form.Errors{{Path: "ids", Message: fmt.Sprintf("must not be more than %d", MaxBulkIDs)}}
	}
	deed := act.Act{Account: account, Action: "alert.bulk", After: shownBulk(&c, &sel)}
	err = act.Do(ctx, s.deps.Recorder, deed, func(ctx context.Context) error {
		ids := slices.Clone(sel.IDs)
		if sel.Filter != nil {
			if ids, more, err = s.choose(ctx, account, *sel.Filter); err != nil {
				return err
			}
		}
		results, err = s.bulk(ctx, account, unique(ids), &c)
		return err
	})
	return results, more, err
}

// choose gives the newest alerts that a filter lets through.
func (s *Service) choose(ctx context.Context, account event.Account, f store.AlertFilter) (ids []event.ID, more bool, err error) {
	f.Account = account
	q := store.AlertQuery{Filter: f, Sort: store.ByLastSeen, Page: store.Page{Limit: store.MaxPage}}
	for len(ids) < MaxBulk {
		page, err := s.deps.Store.ListAlerts(ctx, q)
		if err != nil {
			return nil, false, worded(err)
		}
		for i := range page.Alerts {
			ids = append(ids, page.Alerts[i].ID)
		}
		if q.Page.After = page.Next; page.Next == "" {
			return ids, false, nil
		}
	}
	return ids, true, nil
}

func unique(ids []event.ID) []event.ID {
	seen := make(map[event.ID]struct{}, len(ids))
	return slices.DeleteFunc(ids, func(id event.ID) bool {
		_, known := seen[id]
		seen[id] = struct{}{}
		return known
	})
}

// bulk changes alerts, some of them at a time.
func (s *Service) bulk(ctx context.Context, account event.Account, ids []event.ID, c *Change) (results []BulkResult, err error) {
	results = make([]BulkResult, 0, len(ids))
	for some := range slices.Chunk(ids, bulkRows) {
		part, err := s.bulkSome(ctx, account, some, c)
		results = append(results, part...)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

func (s *Service) bulkSome(ctx context.Context, account event.Account, ids []event.ID, c *Change) ([]BulkResult, error) {
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.give()
	rows, err := s.deps.Store.GetAlerts(ctx, ids)
	if err != nil {
		return nil, worded(err)
	}
	by := make(map[event.ID]store.Alert, len(rows))
	for _, a := range rows {
		if a.Account == account {
			by[a.ID] = a
		}
	}
	results := make([]BulkResult, len(ids))
	var writes []store.AlertWrite
	for i, id := range ids {
		results[i].ID = id
		a, ok := by[id]
		if !ok {
			results[i].Err = store.ErrNotFound
			continue
		}
		w, r, err := s.written(a, c)
		if err != nil {
			return nil, err
		}
		if w != nil {
			writes = append(writes, *w)
			results[i].Changed = r != nil
		}
	}
	if len(writes) == 0 {
		return results, nil
	}
	err = s.deps.Store.ChangeAlerts(ctx, writes)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDone) || errors.Is(err, store.ErrNotFound) {
		return s.bulkEach(ctx, account, ids, c) // one of them stands in the way of the others
	}
	return results, worded(err)
}

// bulkEach changes alerts one by one. The caller has the turn.
func (s *Service) bulkEach(ctx context.Context, account event.Account, ids []event.ID, c *Change) ([]BulkResult, error) {
	results := make([]BulkResult, len(ids))
	for i, id := range ids {
		_, r, err := s.apply(ctx, account, id, 0, c)
		if ctx.Err() != nil {
			return results[:i], ctx.Err()
		}
		results[i] = BulkResult{ID: id, Changed: r != nil, Err: err}
	}
	return results, nil
}

// shownBulk is a bulk change as the audit record shows it.
func shownBulk(c *Change, sel *Selection) json.RawMessage {
	const most = 100 // ids
	out := struct {
		Change json.RawMessage    `json:"change"`
		Alerts int                `json:"alerts,omitempty"`
		IDs    []string           `json:"ids,omitempty"`
		Filter *store.AlertFilter `json:"filter,omitempty"`
	}{shown(c), len(sel.IDs), nil, sel.Filter}
	for _, id := range sel.IDs[:min(len(sel.IDs), most)] {
		out.IDs = append(out.IDs, id.Text(event.PrefixAlert))
	}
	raw, err := json.Marshal(out)
	if err != nil {
		panic("alerting: writing a change as JSON: " + err.Error()) // texts and numbers
	}
	return raw
}

func severityOf(c *Change) string {
	if c.Verb == connector.Rate {
		return c.Severity.String()
	}
	return ""
}
