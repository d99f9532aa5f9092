package app

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/announce"
	"github.com/tocsin-hub/tocsin/internal/news"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// telling is the store for the rooms that have something to say: it wakes the pump when a fact was stored with a change,
// and tells those who watch live what changed.
type telling struct {
	*sqlite.Store
	pump *announce.Pump
	news *news.Board
}

func (h *hub) telling() telling { return telling{h.store, h.announce, &h.news} }

// CreateIntegration implements store.Integrations.
func (t telling) CreateIntegration(ctx context.Context, i store.Integration) error {
	return t.tell(t.Store.CreateIntegration(ctx, i), i.Say)
}

// UpdateIntegration implements store.Integrations.
func (t telling) UpdateIntegration(ctx context.Context, i store.Integration) error {
	return t.tell(t.Store.UpdateIntegration(ctx, i), i.Say)
}

// SaveTick implements store.Lanes.
func (t telling) SaveTick(ctx context.Context, tick store.Tick) error {
	return t.tell(t.Store.SaveTick(ctx, tick), tick.Say)
}

func (t telling) tell(err error, said []store.Said) error {
	if err == nil && len(said) > 0 {
		t.pump.Wake()
	}
	return err
}
