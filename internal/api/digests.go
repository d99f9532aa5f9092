package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/digest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Digests gives digests; *digest.Service is one.
type Digests interface {
	Preview(ctx context.Context, account event.Account, id event.ID, period string) (digest.Digest, error)
	Give(ctx context.Context, account event.Account, id event.ID, period string) (event.ID, error)
}

// DigestGiven is a digest on its way.
type DigestGiven struct {
	Event string `json:"event" doc:"The id of its event; it is in the journal soon, and its delivery is found by it." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (a *server) digestOperations() {
	const path = "/api/v1/integrations/{id}/digest"
	register(a, op{
		id: "preview-digest", method: http.MethodGet, path: path, tag: tagIntegrations, scope: scopeIntegrations,
		summary: "Preview a digest", about: "What a digest would hold that ends now. Nothing is sent.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *struct {
		IntegrationPath
		Period string `query:"period" enum:"daily,weekly" default:"daily" doc:"About the last day, or the last week."`
	}) (*body[digest.Digest], error) {
		id, err := pathID(event.PrefixIntegration, in.ID)
		if err != nil {
			return nil, err
		}
		return result(a.Digests.Preview(ctx, accountOf(ctx), id, in.Period))
	})
	register(a, op{
		id: "send-digest", method: http.MethodPost, path: path, tag: tagIntegrations, scope: scopeIntegrationsWrite, act: "integration.digest",
		summary: "Send a digest now", status: http.StatusAccepted, body: object{{"period", "weekly"}},
		about: "Gives the integration a digest that ends now, beside those of its schedule: an event of type system.digest for it alone, whatever it subscribes to. " +
			"An integration that is disabled, paused or waits for a credential is refused.",
		problems: []int{http.StatusNotFound, http.StatusConflict},
	}, a.sendDigest)
}

func (a *server) sendDigest(ctx context.Context, in *struct {
	IntegrationPath
	Body struct {
		Period string `json:"period,omitempty" enum:"daily,weekly" default:"daily" doc:"About the last day, or the last week."`
	} `nameHint:"DigestInput"`
}) (*body[DigestGiven], error) {
	id, err := pathID(event.PrefixIntegration, in.ID)
	if err != nil {
		return nil, err
	}
	var given event.ID
	err = a.recorded(ctx, act.Act{Action: "integration.digest", Target: in.ID, Note: in.Body.Period}, func(ctx context.Context) (err error) {
		given, err = a.Digests.Give(ctx, accountOf(ctx), id, in.Body.Period)
		return err
	})
	if errors.Is(err, digest.ErrHeld) {
		return nil, problem(http.StatusConflict, digest.ErrHeld.Error())
	}
	return result(DigestGiven{given.Text(event.PrefixEvent)}, err)
}
