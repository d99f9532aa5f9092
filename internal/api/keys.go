package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Key is an API key as it is shown.
type Key struct {
	ID         string    `json:"id" doc:"Its id." example:"key_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name       string    `json:"name" doc:"What it is for." example:"ci"`
	Prefix     string    `json:"prefix" doc:"Its visible beginning." example:"tsk_live_7f3kq9zd"`
	Scopes     []string  `json:"scopes" doc:"What it may do." example:"[\"events:write\"]"`
	CreatedAt  time.Time `json:"created_at" doc:"When it was made."`
	ExpiresAt  time.Time `json:"expires_at,omitzero" doc:"When it ends; absent if never."`
	RevokedAt  time.Time `json:"revoked_at,omitzero" doc:"When it was revoked; absent if it was not."`
	LastUsedAt time.Time `json:"last_used_at,omitzero" doc:"When it was used last, give or take a minute."`
	LastUsedIP string    `json:"last_used_ip,omitempty" doc:"From where."`
}

// NewKey is a key at the one moment at which it can be read.
type NewKey struct {
	Key
	Secret string `json:"key" doc:"The key itself. It is shown this once and cannot be had again." example:"tsk_live_7f3kq9zd_…"`
}

// KeyInput is a wish for a key.
type KeyInput struct {
	Name          string   `json:"name" doc:"What it is for." example:"ci"`
	Scopes        []string `json:"scopes" doc:"What it may do: events:write, events:read, integrations:read, integrations:write, deliveries:read, deliveries:write, audit:read, admin." example:"[\"events:write\"]"`
	ExpiresInDays int      `json:"expires_in_days,omitempty" doc:"How long it is valid; 0 is for ever." example:"90"`
}

func newKey(k store.Key) Key {
	scopes := k.Scopes
	if scopes == nil {
		scopes = []string{}
	}
	return Key{
		ID: k.ID.Text(event.PrefixKey), Name: k.Name, Prefix: k.Prefix, Scopes: scopes, CreatedAt: k.CreatedAt,
		ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt, LastUsedAt: k.LastUsedAt, LastUsedIP: k.LastUsedIP,
	}
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
			id: "create-key" + p.suffix, method: http.MethodPost, path: p.base, tag: tagKeys, scope: scopeAdmin,
			summary: "Create an API key" + p.where, status: http.StatusCreated, about: "The answer holds the key, this once." + p.also,
			body: object{{"name", "ci"}, {"scopes", []string{"events:write"}}, {"expires_in_days", 90}},
		}, a.createKey)
		register(a, op{
			id: "revoke-key" + p.suffix, method: http.MethodDelete, path: p.base + "/{id}", tag: tagKeys, scope: scopeAdmin,
			summary: "Revoke an API key" + p.where, status: http.StatusNoContent, about: "It ends at once." + p.also,
			problems: []int{http.StatusNotFound},
		}, a.revokeKey)
	}
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
	scopes := make([]identity.Scope, len(in.Body.Scopes))
	for i, s := range in.Body.Scopes {
		scopes[i] = identity.Scope(s)
	}
	k, secret, err := a.Identity.Create(ctx, accountOf(ctx), in.Body.Name, scopes, in.Body.ExpiresInDays)
	var invalid *identity.InvalidError
	switch {
	case errors.As(err, &invalid):
		f := fieldError("body."+invalid.Field, invalid.Reason)
		return nil, problem(http.StatusUnprocessableEntity, summary([]FieldError{f}), f)
	case err != nil:
		return nil, err
	}
	return answer(NewKey{newKey(k), secret.Reveal()}), nil
}

func (a *server) revokeKey(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"64" doc:"The key's id." example:"key_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}) (*struct{}, error) {
	id, err := pathID(event.PrefixKey, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.Identity.Revoke(ctx, accountOf(ctx), id)
}
