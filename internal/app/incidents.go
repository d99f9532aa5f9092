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
		Store: h.telling(), Recorder: h.trust.audit, PublicURL: cfg.PublicURL, Log: h.log,
	})
	return err
}

// SaveIncident implements store.Incidents.
func (t telling) SaveIncident(ctx context.Context, w store.IncidentWrite) (store.Incident, error) {
	var heard overheard
	t.overhear(&heard, &w)
	i, err := t.Store.SaveIncident(ctx, w)
	return t.saved(i, err, &heard)
}

// AddAttachment implements store.Incidents.
func (t telling) AddAttachment(ctx context.Context, a store.Attachment, content []byte, most store.AttachmentLimits, w store.IncidentWrite) (store.Incident, error) {
	var heard overheard
	t.overhear(&heard, &w)
	i, err := t.Store.AddAttachment(ctx, a, content, most, w)
	return t.saved(i, err, &heard)
}

// DeleteAttachment implements store.Incidents.
func (t telling) DeleteAttachment(ctx context.Context, account event.Account, number int64, id event.ID, w store.IncidentWrite) (store.Incident, error) {
	var heard overheard
	t.overhear(&heard, &w)
	i, err := t.Store.DeleteAttachment(ctx, account, number, id, w)
	return t.saved(i, err, &heard)
}

// saved wakes the pump for what a write said, and tells those who watch what it did.
func (t telling) saved(i store.Incident, err error, heard *overheard) (store.Incident, error) {
	if err == nil {
		t.tellOverheard(heard)
		t.pump.Wake()
	}
	return i, err
}
