package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func (a *server) sourceOperations() {
	const base = "/api/v1/sources"
	notFound := []int{http.StatusNotFound}
	register(a, op{
		id: "list-sources", method: http.MethodGet, path: base, tag: tagSources, scope: scopeSources,
		summary: "List source endpoints", about: "The account's source endpoints, by name, with what came to them. Secrets are masked.",
	}, a.listSources)
	register(a, op{
		id: "create-source", method: http.MethodPost, path: base, tag: tagSources, scope: scopeSourcesWrite, act: "source.create",
		summary: "Create a source endpoint", status: http.StatusCreated, ownBody: true, body: exampleSource(),
		about:    "The answer has the URL that the tool is to send to. Everything that is wrong is reported at once, each error with the path of its field.",
		problems: []int{http.StatusConflict},
	}, a.createSource)
	register(a, op{
		id: "get-source", method: http.MethodGet, path: base + "/{id}", tag: tagSources, scope: scopeSources,
		summary: "Get a source endpoint", about: "One source endpoint with its ETag. Secrets are masked.", problems: notFound,
	}, a.getSource)
	register(a, op{
		id: "update-source", method: http.MethodPatch, path: base + "/{id}", tag: tagSources, scope: scopeSourcesWrite, act: "source.update",
		summary: "Change a source endpoint", ownBody: true, body: map[string]any{"enabled": false},
		about: "A JSON merge patch: what is left out stays, null removes. A secret that is left out or sent back masked keeps its value. It holds for the next request. " +
			"What only the method of before used is given up with it.",
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateSource)
	register(a, op{
		id: "delete-source", method: http.MethodDelete, path: base + "/{id}", tag: tagSources, scope: scopeSourcesWrite, act: "source.delete",
		summary: "Delete a source endpoint", status: http.StatusNoContent, about: "Its URL is not found any more, and its secrets are destroyed. Events stay.",
		problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, a.deleteSource)
	register(a, op{
		id: "rotate-source", method: http.MethodPost, path: base + "/{id}/rotate", tag: tagSources, scope: scopeSourcesWrite, act: "source.rotate",
		summary: "Give a source endpoint a new secret",
		about: "The answer shows the new secret this once. The one of before is taken, too, until it is removed: change {\"auth\":{\"previous_secret\":null}} once the sender has the new one. " +
			"For a secret that the vendor makes, change auth.secret and auth.previous_secret instead.",
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.rotateSource)
	register(a, op{
		id: "test-source", method: http.MethodPost, path: base + "/{id}/test", tag: tagSources, scope: scopeSourcesWrite,
		summary: "Try a sample", body: exampleTrial(), problems: notFound,
		about: "Reads a sample body as the source would and shows the events that it would make. Nothing is taken, and no signature is needed.",
	}, a.testSource)
	register(a, op{
		id: "list-dialects", method: http.MethodGet, path: "/api/v1/dialects", tag: tagSources, scope: scopeAny,
		summary: "List dialects", about: "What the hub reads: the names that /api/v1/ingest/{source} and the dialect of a source endpoint take.",
	}, a.listDialects)
}

func (a *server) listSources(ctx context.Context, in *Paging) (*body[list[SourceEndpoint]], error) {
	rows, next, err := a.Sources.List(ctx, accountOf(ctx), in.page())
	if err != nil {
		return nil, err
	}
	l := list[SourceEndpoint]{Items: make([]SourceEndpoint, len(rows)), Next: next}
	for i, s := range rows {
		l.Items[i] = a.viewSource(ctx, s)
	}
	return answer(l), nil
}

func (a *server) createSource(ctx context.Context, in *struct{ Body raw[SourceInput] }) (*sourceAnswer, error) {
	s, err := a.Sources.Create(ctx, accountOf(ctx), in.Body.RawMessage)
	out, err := a.sourceAnswer(ctx, s, err)
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/sources/" + out.Body.ID
	return out, nil
}

func (a *server) getSource(ctx context.Context, in *SourcePath) (*sourceAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	s, err := a.Sources.Get(ctx, accountOf(ctx), id)
	return a.sourceAnswer(ctx, s, err)
}

func (a *server) updateSource(ctx context.Context, in *struct {
	SourcePath
	Condition
	Body raw[SourcePatch]
}) (*sourceAnswer, error) {
	id, version, err := in.target(in.Condition)
	if err != nil {
		return nil, err
	}
	s, err := a.Sources.Update(ctx, accountOf(ctx), id, version, in.Body.RawMessage)
	return a.sourceAnswer(ctx, s, err)
}

func (a *server) deleteSource(ctx context.Context, in *struct {
	SourcePath
	Condition
}) (*struct{}, error) {
	id, version, err := in.target(in.Condition)
	if err != nil {
		return nil, err
	}
	return nil, a.Sources.Delete(ctx, accountOf(ctx), id, version)
}

func (a *server) rotateSource(ctx context.Context, in *struct {
	SourcePath
	Condition
}) (*rotatedAnswer, error) {
	id, version, err := in.target(in.Condition)
	if err != nil {
		return nil, err
	}
	s, secret, err := a.Sources.Rotate(ctx, accountOf(ctx), id, version)
	if err != nil {
		return nil, err
	}
	return &rotatedAnswer{ETag: etag(s.Version), Body: RotatedSource{SourceEndpoint: a.viewSource(ctx, s), Secret: secret.Reveal()}}, nil
}

func (a *server) testSource(ctx context.Context, in *struct {
	SourcePath
	Body SourceTrial
}) (*body[SourceTried], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range in.Body.Headers {
		header.Set(name, value)
	}
	tried, err := a.TrySource(ctx, accountOf(ctx), id, header, in.Body.sample())
	if no, ok := errors.AsType[*ingest.Refusal](err); ok {
		return nil, problem(http.StatusUnprocessableEntity, no.Detail, fieldError("body.sample", no.Detail))
	}
	if err != nil {
		return nil, err
	}
	return answer(newTried(tried)), nil
}

func (a *server) listDialects(context.Context, *struct{}) (*body[list[Dialect]], error) {
	l := list[Dialect]{Items: make([]Dialect, len(a.Dialects))}
	for i, d := range a.Dialects {
		l.Items[i] = Dialect{Name: d.Name, Title: d.Title, Methods: d.Methods, DocsURL: d.Docs}
	}
	return answer(l), nil
}

// sourceURL is where the source's sender sends to: as the operator named the hub, or as the caller reached it.
func (a *server) sourceURL(ctx context.Context, s store.Source) string {
	base := a.PublicURL
	if base == "" {
		base = clientOf(ctx).origin
	}
	return base + ingest.SourcePath + s.ID.Text(event.PrefixSource)
}

// exampleSource is a whole source endpoint, in the order people write it.
func exampleSource() any {
	return object{
		{"name", "GitHub alerts"},
		{"dialect", "native"},
		{"auth", object{{"method", "standard_webhooks"}, {"secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}},
		{"project", "production-api"},
		{"labels", object{{"team", "blue"}}},
		{"types", []string{"alert.*"}},
	}
}

func exampleTrial() any {
	return object{{"sample", object{{"type", "alert.created"}, {"title", "Ten failed logins, then a success"}}}}
}

// sample is the body to be read: the text of a JSON string, and any other JSON as it was sent.
func (t *SourceTrial) sample() []byte {
	var text string
	if json.Unmarshal(t.Sample, &text) == nil {
		return []byte(text)
	}
	return t.Sample
}
