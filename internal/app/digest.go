package app

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/digest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// openDigests makes what gives digests to the integrations that want them.
func (h *hub) openDigests() {
	h.digests = digest.New(digest.Deps{
		Integrations: digestIntegrations{h}, Store: h.store, Deliveries: digestDeliveries{h}, Alerts: digestAlerts{h.alerts}, Incidents: h.incidents, Wake: h.announce.Wake,
		PublicURL: h.cfg.PublicURL, Log: h.log,
	})
}

// digestIntegrations are the integrations as package digest sees them.
type digestIntegrations struct{ h *hub }

// All implements digest.Integrations.
func (d digestIntegrations) All(ctx context.Context) ([]store.Integration, error) {
	return d.h.store.AllIntegrations(ctx)
}

// Get implements digest.Integrations.
func (d digestIntegrations) Get(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
	return d.h.integrations.Get(ctx, account, id)
}

// Schedules implements digest.Integrations.
func (d digestIntegrations) Schedules(ctx context.Context, i store.Integration) ([]connector.DigestSchedule, error) {
	if !d.h.catalogue[i.Kind].Digests {
		return nil, nil
	}
	instance, err := d.h.integrations.Open(ctx, i)
	if err != nil {
		return nil, err
	}
	if c, ok := instance.(interface{ Close() }); ok {
		defer c.Close()
	}
	if digester, ok := instance.(connector.Digester); ok {
		return digester.Digests(), nil
	}
	return nil, nil
}

// digestDeliveries knows which integrations do not deliver.
type digestDeliveries struct{ h *hub }

// Failing implements digest.Deliveries: what failed last, and has not succeeded since.
func (d digestDeliveries) Failing(account event.Account) []digest.DigestFailing {
	var list []digest.DigestFailing
	for _, s := range d.h.deliver.Stats(account).Integrations {
		if s.LastError == "" || s.LastSuccess.After(s.LastErrorAt) || s.State == deliver.LaneDisabled {
			continue
		}
		list = append(list, digest.DigestFailing{
			ID: s.Integration.Text(event.PrefixIntegration), Name: s.Name, Kind: s.Kind, Since: s.LastSuccess.UTC(), Error: s.LastError,
			Waiting: int(s.Counts.Waiting + s.Counts.Parked + s.Counts.Behind),
		})
	}
	return list
}
