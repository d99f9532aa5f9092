package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func (a *server) integrationOperations() {
	const base = "/api/v1/integrations"
	notFound := []int{http.StatusNotFound}
	register(a, op{
		id: "list-integrations", method: http.MethodGet, path: base, tag: tagIntegrations, scope: scopeIntegrations,
		summary: "List integrations", about: "The account's integrations, by name. Secrets are masked.",
	}, a.listIntegrations)
	register(a, op{
		id: "create-integration", method: http.MethodPost, path: base, tag: tagIntegrations, scope: scopeIntegrationsWrite, act: "integration.create",
		summary: "Create an integration", status: http.StatusCreated, ownBody: true, body: exampleIntegration(),
		about:    "A new integration receives events from now on. Everything that is wrong is reported at once, each error with the path of its field.",
		problems: []int{http.StatusConflict},
	}, a.createIntegration)
	register(a, op{
		id: "get-integration", method: http.MethodGet, path: base + "/{id}", tag: tagIntegrations, scope: scopeIntegrations,
		summary: "Get an integration", about: "One integration with its ETag. Secrets are masked.", problems: notFound,
	}, a.getIntegration)
	register(a, op{
		id: "update-integration", method: http.MethodPatch, path: base + "/{id}", tag: tagIntegrations, scope: scopeIntegrationsWrite, act: "integration.update",
		summary: "Change an integration", ownBody: true, body: map[string]any{"subscription": map[string]any{"min_severity": "high"}},
		about: "A JSON merge patch: what is left out stays, null removes. Lists are replaced as a whole. A secret that is left out or sent back masked keeps its value, unless the destination's host changes: then it is given up (voided) and events wait until it is entered again. " +
			"A change of the subscription holds from a position of the journal on; settings and secrets hold at once.",
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateIntegration)
	register(a, op{
		id: "delete-integration", method: http.MethodDelete, path: base + "/{id}", tag: tagIntegrations, scope: scopeIntegrationsWrite, act: "integration.delete",
		summary: "Delete an integration", status: http.StatusNoContent,
		about:    "Its secrets are destroyed, its history stays. While deliveries are waiting or parked, other integrations fall back to it, or addresses are blocked by it, it is refused, saying how many and which; force gives them up, leaves those without a fallback, and leaves the blocks at the vendor.",
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.deleteIntegration)
	for _, s := range []struct {
		verb, summary, about string
		do                   func(context.Context, event.Account, event.ID) (store.Integration, error)
	}{
		{"enable", "Enable an integration", "It receives events again, from now on.", a.Integrations.Enable},
		{"disable", "Disable an integration", "Events are skipped and counted, what is in flight is cancelled, and what is parked is closed as discarded, from where it can be replayed.",
			func(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
				return a.Integrations.Disable(ctx, account, id, "")
			}},
		{"pause", "Pause an integration", "Events wait in the journal until it is resumed.", a.Integrations.Pause},
		{"resume", "Resume an integration", "What waited goes out, in its order.", a.Integrations.Resume},
	} {
		register(a, op{
			id: s.verb + "-integration", method: http.MethodPost, path: base + "/{id}/" + s.verb, tag: tagIntegrations,
			scope: scopeIntegrationsWrite, act: "integration." + s.verb, summary: s.summary, about: s.about, problems: notFound,
		}, func(ctx context.Context, in *IntegrationPath) (*integrationAnswer, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return a.integrationAnswer(s.do(ctx, accountOf(ctx), id))
		})
	}
}

func (a *server) listIntegrations(ctx context.Context, in *Paging) (*body[list[Integration]], error) {
	rows, next, err := a.Integrations.List(ctx, accountOf(ctx), in.page())
	if err != nil {
		return nil, err
	}
	l := list[Integration]{Items: make([]Integration, len(rows)), Next: next}
	for k, i := range rows {
		l.Items[k] = a.view(i)
	}
	return answer(l), nil
}

func (a *server) createIntegration(ctx context.Context, in *struct{ Body raw[IntegrationInput] }) (*integrationAnswer, error) {
	out, err := a.integrationAnswer(a.Integrations.Create(ctx, accountOf(ctx), in.Body.RawMessage))
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/integrations/" + out.Body.ID
	return out, nil
}

func (a *server) getIntegration(ctx context.Context, in *IntegrationPath) (*integrationAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return a.integrationAnswer(a.Integrations.Get(ctx, accountOf(ctx), id))
}

func (a *server) updateIntegration(ctx context.Context, in *struct {
	IntegrationPath
	Condition
	Body raw[IntegrationPatch]
}) (*integrationAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return a.integrationAnswer(a.Integrations.Update(ctx, accountOf(ctx), id, version, in.Body.RawMessage))
}

func (a *server) deleteIntegration(ctx context.Context, in *struct {
	IntegrationPath
	Condition
	Force bool `query:"force" doc:"Delete although deliveries are waiting or parked, which are given up, although it is the fallback of others, or although addresses are blocked by it, which stay blocked."`
}) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return nil, a.Integrations.Delete(ctx, accountOf(ctx), id, version, in.Force)
}

// exampleIntegration is a whole integration, in the order people write it.
func exampleIntegration() any {
	return object{
		{"kind", "webhook"},
		{"name", "SOC webhook"},
		{"settings", object{
			{"url", "https://soc.example.com/hooks/tocsin"},
			{"signing_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
			{"headers", []any{object{{"name", "X-Team"}, {"value", "blue"}, {"secret", false}}}},
		}},
		{"subscription", object{{"types", []string{"alert.*", "incident.*"}}, {"min_severity", "medium"}}},
		{"delivery", object{{"retry", object{{"schedule", []string{"0s", "5s", "5m", "30m"}}}}}},
		{"owner", "soc@example.com"},
		{"rotate_by", "2027-01-31"},
	}
}

// rawOrNil gives the bytes of an optional member; null counts as left out.
func rawOrNil(o jsonObject) json.RawMessage {
	if len(o) == 0 || string(o) == "null" {
		return nil
	}
	return json.RawMessage(o)
}
