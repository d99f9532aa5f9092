package app

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// openIncidents reads the incident rules and what they look back at.
func (h *hub) openIncidents(ctx context.Context, cfg config.Config) (err error) {
	h.incidents, err = incident.Open(ctx, incident.Deps{
		Store: telling{h.store, h.announce}, Recorder: h.trust.audit, PublicURL: cfg.PublicURL, Log: h.log,
	})
	return err
}

// SaveIncident implements store.Incidents.
func (t telling) SaveIncident(ctx context.Context, w store.IncidentWrite) (store.Incident, error) {
	return t.saved(t.Store.SaveIncident(ctx, w))
}

// AddAttachment implements store.Incidents.
func (t telling) AddAttachment(ctx context.Context, a store.Attachment, content []byte, most store.AttachmentLimits, w store.IncidentWrite) (store.Incident, error) {
	return t.saved(t.Store.AddAttachment(ctx, a, content, most, w))
}

// DeleteAttachment implements store.Incidents.
func (t telling) DeleteAttachment(ctx context.Context, account event.Account, number int64, id event.ID, w store.IncidentWrite) (store.Incident, error) {
	return t.saved(t.Store.DeleteAttachment(ctx, account, number, id, w))
}

// saved wakes the pump for what a write said.
func (t telling) saved(i store.Incident, err error) (store.Incident, error) {
	if err == nil {
		t.pump.Wake()
	}
	return i, err
}
