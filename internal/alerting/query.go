package alerting

import (
	"context"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// List gives a page of an account's alerts, and their counts if they are asked for. Its errors are store.ErrCursor and the
// store's.
func (s *Service) List(ctx context.Context, account event.Account, q store.AlertQuery) (store.AlertPage, error) {
	q.Filter.Account = account
	page, err := s.deps.Store.ListAlerts(ctx, q)
	return page, worded(err)
}

// Get gives an alert. Its errors are store.ErrNotFound and the store's.
func (s *Service) Get(ctx context.Context, account event.Account, alert event.ID) (store.Alert, error) {
	a, err := s.deps.Store.GetAlert(ctx, account, alert)
	return a, worded(err)
}

// Some gives those of an account's alerts that there are among the ids, in no order.
func (s *Service) Some(ctx context.Context, account event.Account, alerts []event.ID) ([]store.Alert, error) {
	list, err := s.deps.Store.GetAlerts(ctx, alerts)
	list = slices.DeleteFunc(list, func(a store.Alert) bool { return a.Account != account })
	return list, worded(err)
}

// Open counts the alerts of an account that nobody has taken on.
func (s *Service) Open(ctx context.Context, account event.Account) (int, error) {
	page, err := s.List(ctx, account, store.AlertQuery{
		Filter: store.AlertFilter{Status: []string{event.AlertOpen}}, Sort: store.ByLastSeen, Page: store.Page{Limit: 1}, Facets: true,
	})
	if err != nil || page.Facets == nil {
		return 0, err
	}
	return page.Facets.Total, nil
}

// History gives what happened to an alert, the newest first. An entry without an id, at the beginning, counts what was
// seen since. Errors: store.ErrNotFound, store.ErrCursor, and the store's.
func (s *Service) History(ctx context.Context, account event.Account, alert event.ID, p store.Page) (list []store.CaseEntry, next string, err error) {
	a, err := s.deps.Store.GetAlert(ctx, account, alert)
	if err != nil {
		return nil, "", worded(err)
	}
	list, next, err = s.deps.Store.ListAlertEntries(ctx, account, alert, p)
	if err != nil {
		return nil, "", worded(err)
	}
	if e, ok := repeats(&a); ok && p.After == "" {
		e.ID = event.ID{} // it is not stored: it changes with each event
		list = append([]store.CaseEntry{e}, list...)
	}
	return list, next, nil
}
