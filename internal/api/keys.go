package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Key is an API key as it is shown.
type Key struct {
	ID          string    `json:"id" doc:"Its id." example:"key_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name        string    `json:"name" doc:"What it is for." example:"ci"`
	Prefix      string    `json:"prefix" doc:"Its visible beginning." example:"tsk_live_7f3kq9zd"`
	Environment string    `json:"environment" enum:"live,test" doc:"What its prefix says. A hub in production may refuse test keys."`
	Scopes      []string  `json:"scopes" doc:"What it may do." example:"[\"events:write\"]"`
	EventTypes  []string  `json:"event_types" doc:"The event types that it may send; empty: all." example:"[\"auth.*\"]"`
	RateLimit   int       `json:"rate_limit" doc:"Most requests a minute; 0: no limit of its own." example:"600"`
	CreatedAt   time.Time `json:"created_at" doc:"When it was made."`
	CreatedBy   string    `json:"created_by,omitempty" doc:"Who made it: a key's or a user's id." example:"usr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Replaces    string    `json:"replaces,omitempty" doc:"The key that it was rotated from."`
	ExpiresAt   time.Time `json:"expires_at,omitzero" doc:"When it ends; absent if never."`
	RevokedAt   time.Time `json:"revoked_at,omitzero" doc:"When it was revoked; absent if it was not."`
	LastUsedAt  time.Time `json:"last_used_at,omitzero" doc:"When it was used last, give or take a minute."`
	LastUsedIP  string    `json:"last_used_ip,omitempty" doc:"From where."`
}

// NewKey is a key at the one moment at which it can be read.
type NewKey struct {
	Key
	Secret string `json:"key" doc:"The key itself. It is shown this once and cannot be had again." example:"tsk_live_7f3kq9zd_…"`
}

// KeyInput is a wish for a key.
type KeyInput struct {
	Name          string   `json:"name" doc:"What it is for." example:"ci"`
	Scopes        []string `json:"scopes" doc:"What it may do; GET /api/v1/scopes lists what there is. Nobody gives a scope that they do not have." example:"[\"events:write\"]"`
	ExpiresInDays int      `json:"expires_in_days,omitempty" doc:"How long it is valid; 0 is for ever." example:"90"`
	EventTypes    []string `json:"event_types,omitempty" doc:"With events:write, the types that may be sent, such as auth.* or custom.order_paid; empty: all." example:"[\"auth.*\"]"`
	RateLimit     int      `json:"rate_limit,omitempty" doc:"Most requests a minute; 0: no limit of its own." example:"600"`
	Test          bool     `json:"test,omitempty" doc:"Make a test key (tsk_test_…)."`
}

// RotateInput says how long the old key goes on.
type RotateInput struct {
	Overlap string `json:"overlap,omitempty" doc:"How long the old key stays valid, at most 720h." default:"24h" example:"24h"`
}

// KeyPath names a key in a path.
type KeyPath struct {
	ID string `path:"id" maxLength:"64" doc:"The key's id." example:"key_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func newKey(k store.Key) Key {
	v := Key{
		ID: k.ID.Text(event.PrefixKey), Name: k.Name, Prefix: k.Prefix, Environment: k.Environment, Scopes: orEmpty(k.Scopes),
		EventTypes: orEmpty(k.EventTypes), RateLimit: k.RateLimit, CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt,
		ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt, LastUsedAt: k.LastUsedAt, LastUsedIP: k.LastUsedIP,
	}
	if v.Environment == "" {
		v.Environment = "live" // made before keys had one
	}
	if !k.Replaces.IsZero() {
		v.Replaces = k.Replaces.Text(event.PrefixKey)
	}
	return v
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// keyOperations are at two paths: /api/admin is where automation of other tools looks.
func (a *server) keyOperations() {
	for _, p := range []struct{ base, suffix, where, also string }{
		{"/api/v1/api-keys", "", "", ""},
		{"/api/admin/api-keys", "-admin", " (admin path)", " The same as at /api/v1/api-keys."},
	} {
		register(a, op{
			id: "list-keys" + p.suffix, method: http.MethodGet, path: p.base, tag: tagKeys, scope: scopeAdmin,
			summary: "List API keys" + p.where, about: "The account's keys, the newest first, revoked and expired ones included." + p.also,
		}, a.listKeys)
		register(a, op{
			id: "create-key" + p.suffix, method: http.MethodPost, path: p.base, tag: tagKeys, scope: scopeAdmin, act: "api_key.create",
			summary: "Create an API key" + p.where, status: http.StatusCreated, about: "The answer holds the key, this once." + p.also,
			body: object{{"name", "ci"}, {"scopes", []string{"events:write"}}, {"expires_in_days", 90}, {"event_types", []string{"auth.*"}}, {"rate_limit", 600}},
		}, a.createKey)
		register(a, op{
			id: "rotate-key" + p.suffix, method: http.MethodPost, path: p.base + "/{id}/rotate", tag: tagKeys, scope: scopeAdmin, act: "api_key.rotate",
			summary: "Rotate an API key" + p.where, status: http.StatusCreated, body: object{{"overlap", "24h"}}, problems: []int{http.StatusNotFound, http.StatusConflict},
			about: "Makes a key that may do the same, and lets the old one end after the overlap." + p.also,
		}, a.rotateKey)
		register(a, op{
			id: "revoke-key" + p.suffix, method: http.MethodDelete, path: p.base + "/{id}", tag: tagKeys, scope: scopeAdmin, act: "api_key.revoke",
			summary: "Revoke an API key" + p.where, status: http.StatusNoContent, about: "It ends at once." + p.also,
			problems: []int{http.StatusNotFound},
		}, a.revokeKey)
	}
	register(a, op{
		id: "list-scopes", method: http.MethodGet, path: "/api/v1/scopes", tag: tagKeys, scope: scopeAny,
		summary: "List scopes", about: "What keys and roles may do.",
	}, func(context.Context, *struct{}) (*body[list[identity.ScopeInfo]], error) {
		return answer(list[identity.ScopeInfo]{Items: identity.AllScopes()}), nil
	})
}

func (a *server) listKeys(ctx context.Context, in *Paging) (*body[list[Key]], error) {
	keys, next, err := a.Identity.List(ctx, accountOf(ctx), in.page())
	if err != nil {
		return nil, err
	}
	l := list[Key]{Items: make([]Key, len(keys)), Next: next}
	for i, k := range keys {
		l.Items[i] = newKey(k)
	}
	return answer(l), nil
}

func (a *server) createKey(ctx context.Context, in *struct{ Body KeyInput }) (*body[NewKey], error) {
	spec := identity.KeySpec{
		Name: in.Body.Name, ExpiresInDays: in.Body.ExpiresInDays, EventTypes: in.Body.EventTypes, RateLimit: in.Body.RateLimit,
		Test: in.Body.Test, Scopes: make([]identity.Scope, len(in.Body.Scopes)),
	}
	for i, s := range in.Body.Scopes {
		spec.Scopes[i] = identity.Scope(s)
	}
	if err := identity.Grant(callerOf(ctx), spec); err != nil {
		return nil, err
	}
	k, secret, err := a.Identity.Create(ctx, accountOf(ctx), spec)
	if err != nil {
		return nil, err
	}
	return answer(NewKey{newKey(k), secret.Reveal()}), nil
}

func (a *server) rotateKey(ctx context.Context, in *struct {
	KeyPath
	Body *RotateInput
}) (*body[NewKey], error) {
	id, err := pathID(event.PrefixKey, in.ID)
	if err != nil {
		return nil, err
	}
	overlap := identity.DefaultOverlap
	if in.Body != nil && in.Body.Overlap != "" {
		if overlap, err = time.ParseDuration(in.Body.Overlap); err != nil {
			f := fieldError("body.overlap", "must be a duration such as 24h")
			return nil, problem(http.StatusUnprocessableEntity, summary([]FieldError{f}), f)
		}
	}
	old, err := a.Identity.Get(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	if err := identity.Grant(callerOf(ctx), identity.SpecOf(old)); err != nil {
		return nil, err
	}
	k, secret, err := a.Identity.Rotate(ctx, accountOf(ctx), id, overlap)
	if err != nil {
		return nil, err
	}
	return answer(NewKey{newKey(k), secret.Reveal()}), nil
}

func (a *server) revokeKey(ctx context.Context, in *KeyPath) (*struct{}, error) {
	id, err := pathID(event.PrefixKey, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.Identity.Revoke(ctx, accountOf(ctx), id)
}
