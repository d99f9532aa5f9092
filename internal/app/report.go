package app

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/api"
	"github.com/tocsin-hub/tocsin/internal/version"
)

// Health says how the hub is doing, for GET /api/v1/health.
func (h *hub) Health(ctx context.Context) api.HealthReport {
	s := h.journal.Stats()
	r := api.HealthReport{
		Status: "ok", Version: version.Number(), Uptime: time.Since(processStart).Round(time.Second).String(),
		Journal: api.JournalHealth{
			OK: s.Failed == nil, Epoch: s.Epoch, FirstFrame: s.First, LastFrame: s.Last, Bytes: s.Bytes,
			FreeBytes: s.FreeBytes, Quarantined: s.Quarantined, OldestTime: s.OldestTime,
		},
		Lanes: api.LanesOf(h.deliver.AllStats()),
		Store: api.StoreHealth{OK: true},
	}
	for _, account := range h.trust.accounts.Names() {
		r.Responders.Add(h.reconcile.States(account), time.Now())
	}
	if s.Failed != nil {
		r.Journal.Error = s.Failed.Error()
	}
	if err := h.store.Ping(ctx); err != nil {
		r.Store = api.StoreHealth{Error: err.Error()}
	}
	if h.ready(ctx) != nil {
		r.Status = "failing"
	}
	return r
}
