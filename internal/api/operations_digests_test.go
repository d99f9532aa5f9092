package api

import (
	"context"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// digestIntegrations are the integrations as package digest sees them.
type digestIntegrations struct {
	store.Integrations
	service *integration.Service
}

func (d digestIntegrations) All(ctx context.Context) ([]store.Integration, error) {
	return d.AllIntegrations(ctx)
}

func (d digestIntegrations) Get(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
	return d.service.Get(ctx, account, id)
}

func (d digestIntegrations) Schedules(context.Context, store.Integration) ([]connector.DigestSchedule, error) {
	return nil, nil
}

// digestExercises are about digests.
var digestExercises = map[string]func(*testing.T, *hub){
	"preview-digest": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com") + "/digest"
		if r := h.want(200, "GET", path, ""); r.get("period").Str != "daily" || r.get("alerts.total").Int() != 0 || r.get("missing.0").Str != "alerts" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", path+"?period=weekly", "", withKey(h.key(event.DefaultAccount, identity.IntegrationsRead))); r.get("period").Str != "weekly" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "GET", path+"?period=hourly", "")
		h.want(404, "GET", "/api/v1/integrations/"+event.NewID().Text(event.PrefixIntegration)+"/digest", "")
	},
	"send-digest": func(t *testing.T, h *hub) {
		integration := h.webhook("x", "https://x.example.com")
		r := h.want(202, "POST", integration+"/digest", `{"period":"weekly"}`)
		list, err := h.store.ListOutbox(t.Context(), store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, said := range list {
			found = found || said.ID.Text(event.PrefixEvent) == r.get("event").Str && said.Type == event.TypeDigest && said.Origin == tail(integration)
		}
		if !found {
			t.Errorf("answered %s, and in the outbox is %+v", r.body, list)
		}
		h.want(202, "POST", integration+"/digest", `{}`)
		h.want(422, "POST", integration+"/digest", `{"period":"hourly"}`)
		h.want(403, "POST", integration+"/digest", `{}`, withKey(h.key(event.DefaultAccount, identity.IntegrationsRead)))
		h.want(404, "POST", "/api/v1/integrations/"+event.NewID().Text(event.PrefixIntegration)+"/digest", `{}`)
		h.want(200, "POST", integration+"/pause", "")
		h.want(409, "POST", integration+"/digest", `{}`)
	},
}
