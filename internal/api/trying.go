package api

import (
	"context"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/integration"
)

// TestUnsaved tries settings that are not saved.
type TestUnsaved struct {
	Kind      string     `json:"kind" doc:"The connector's kind." example:"webhook"`
	Settings  jsonObject `json:"settings,omitempty" doc:"All the settings, secrets in clear."`
	EventType string     `json:"event_type,omitempty" maxLength:"128" doc:"Send a sample of this type, marked as a test. Without it the credentials are proven and nobody is alerted." example:"alert.created"`
}

// TestSaved tries a saved integration.
type TestSaved struct {
	Kind      string     `json:"kind,omitempty" doc:"May repeat the integration's kind."`
	Settings  jsonObject `json:"settings,omitempty" doc:"A merge patch for this test alone: what is left out or masked is taken from the saved settings."`
	EventType string     `json:"event_type,omitempty" maxLength:"128" doc:"Send a sample of this type, marked as a test. Without it the credentials are proven and nobody is alerted." example:"alert.created"`
}

// PreviewInput names the event of a preview.
type PreviewInput struct {
	EventID   string     `json:"event_id,omitempty" maxLength:"64" doc:"An event that the hub has."`
	EventType string     `json:"event_type,omitempty" maxLength:"128" doc:"The catalogue's sample of this type." example:"alert.created"`
	Event     jsonObject `json:"event,omitempty" doc:"An event as a sender would send it."`
}

func (a *server) tryingOperations() {
	const base = "/api/v1/integrations"
	const about = "Answers 200 whether it worked or not: ok says which. The answer shows the exact request and the first 1 KiB of what came back, secrets masked.\n\n" +
		"Without event_type the connector proves its credentials and alerts nobody. With it, a sample is sent whose title begins with [Test message] and which has the tag test."
	sample := map[string]any{"event_type": "alert.created"}
	register(a, op{
		id: "test-settings", method: http.MethodPost, path: base + "/test", tag: tagIntegrations, scope: scopeIntegrationsWrite, act: "integration.test",
		summary: "Test settings that are not saved", about: about + " Settings that cannot be valid answer 422.",
		body: object{{"kind", "webhook"}, {"settings", object{{"url", "https://soc.example.com/hooks/tocsin"}}}, {"event_type", "alert.created"}},
	}, a.testSettings)
	register(a, op{
		id: "test-integration", method: http.MethodPost, path: base + "/{id}/test", tag: tagIntegrations, scope: scopeIntegrationsWrite, act: "integration.test",
		summary: "Test an integration", about: about, body: sample, problems: []int{http.StatusNotFound},
	}, a.testIntegration)
	register(a, op{
		id: "preview-integration", method: http.MethodPost, path: base + "/{id}/preview", tag: tagIntegrations, scope: scopeIntegrationsWrite,
		summary: "Preview an event's payload", body: sample, problems: []int{http.StatusNotFound},
		about: "Makes the request that the event would be delivered with, and does not send it. Says too whether the subscription wants the event. Give exactly one of event_id, event_type and event.",
	}, a.previewIntegration)
}

func (a *server) testSettings(ctx context.Context, in *struct{ Body TestUnsaved }) (*body[integration.TestResult], error) {
	settings := rawOrNil(in.Body.Settings)
	if settings == nil {
		settings = []byte(`{}`)
	}
	return result(a.Integrations.TestUnsaved(ctx, accountOf(ctx), integration.TestInput{
		Kind: in.Body.Kind, Settings: settings, EventType: in.Body.EventType,
	}))
}

func (a *server) testIntegration(ctx context.Context, in *struct {
	IntegrationPath
	Body *TestSaved
}) (*body[integration.TestResult], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	var t integration.TestInput
	if in.Body != nil {
		t = integration.TestInput{Kind: in.Body.Kind, Settings: rawOrNil(in.Body.Settings), EventType: in.Body.EventType}
	}
	return result(a.Integrations.Test(ctx, accountOf(ctx), id, t))
}

func (a *server) previewIntegration(ctx context.Context, in *struct {
	IntegrationPath
	Body PreviewInput
}) (*body[integration.Preview], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return result(a.Integrations.Preview(ctx, accountOf(ctx), id, integration.PreviewInput{
		EventID: in.Body.EventID, EventType: in.Body.EventType, Event: rawOrNil(in.Body.Event),
	}))
}

// result makes an answer of what a room gave.
func result[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return answer(v), nil
}
