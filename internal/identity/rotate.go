package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// How long a key that was rotated goes on working.
const (
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 30 * 24 * time.Hour
)

// ErrNotRotatable: a key that is revoked, expired or given by the environment has no successor.
var ErrNotRotatable = errors.New("only a valid key that was made by the hub can be rotated")

// Rotate makes a key with the same name, rights, limits and length of life, and lets the old one end after the overlap
// (0 to MaxOverlap), or at its own end if that is sooner. The secret is given this once. An overlap out of range gives
// form.Errors; a key of another account store.ErrNotFound; one that is not valid ErrNotRotatable.
func (s *Service) Rotate(ctx context.Context, account event.Account, id event.ID, overlap time.Duration) (store.Key, form.Secret, error) {
	if overlap < 0 || overlap > MaxOverlap {
		var errs form.Errors
		errs.Add("overlap", "must be 0 to %d days", MaxOverlap/(24*time.Hour))
		return store.Key{}, form.Secret{}, errs
	}
	old, err := s.Get(ctx, account, id)
	if err != nil {
		return store.Key{}, form.Secret{}, err
	}
	now := s.now().UTC()
	if old.Prefix == envPrefix || validity(old.RevokedAt, old.ExpiresAt, now) != nil {
		return store.Key{}, form.Secret{}, ErrNotRotatable
	}
	next := store.Key{
		Account: account, Name: old.Name, Scopes: old.Scopes, Environment: environmentOf(&old), EventTypes: old.EventTypes,
		RateLimit: old.RateLimit, Replaces: old.ID,
	}
	secret := s.mint(ctx, &next)
	if !old.ExpiresAt.IsZero() {
		next.ExpiresAt = next.CreatedAt.Add(old.ExpiresAt.Sub(old.CreatedAt))
	}
	end := earlier(old.ExpiresAt, now.Add(overlap))
	err = act.Do(ctx, s.record, rotateAct(&old, &next, end), func(ctx context.Context) error {
		return s.keys.RotateKey(ctx, next, end)
	})
	s.cache.ForgetIf(func(e *entry) bool { return e.id == old.ID })
	s.cache.Forget(next.Hash)
	switch {
	case errors.Is(err, store.ErrConflict): // revoked meanwhile
		return store.Key{}, form.Secret{}, ErrNotRotatable
	case err != nil:
		return store.Key{}, form.Secret{}, fmt.Errorf("rotating the key: %w", err)
	}
	return next, secret, nil
}

// earlier is the first of two ends; a zero one never comes.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// Revoke ends a key's validity at once in this process, and within known.For in others. Its error wraps
// store.ErrNotFound for a key of another account. To revoke a key once more changes nothing.
func (s *Service) Revoke(ctx context.Context, account event.Account, id event.ID) error {
	k, err := s.Get(ctx, account, id)
	if err != nil || !k.RevokedAt.IsZero() {
		return err
	}
	now := s.now().UTC()
	revoked := k
	revoked.RevokedAt = now
	err = act.Do(ctx, s.record, keyAct("api_key.revoke", &k, &revoked), func(ctx context.Context) error {
		return s.keys.RevokeKey(ctx, account, id, now)
	})
	s.cache.ForgetIf(func(e *entry) bool { return e.id == id })
	if err != nil {
		return fmt.Errorf("revoking the key: %w", err)
	}
	return nil
}

// keyRecord is what the audit record holds of a key: never the key or its hash.
type keyRecord struct {
	ID          string    `json:"id"`
	Prefix      string    `json:"prefix"`
	Name        string    `json:"name"`
	Scopes      []string  `json:"scopes"`
	Environment string    `json:"environment"`
	EventTypes  []string  `json:"event_types,omitempty"`
	RateLimit   int       `json:"rate_limit,omitempty"`
	Replaces    string    `json:"replaces,omitempty"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	RevokedAt   time.Time `json:"revoked_at,omitzero"`
}

func recordOf(k *store.Key) json.RawMessage {
	if k == nil {
		return nil
	}
	r := keyRecord{
		ID: k.ID.Text(event.PrefixKey), Prefix: k.Prefix, Name: k.Name, Scopes: k.Scopes, Environment: environmentOf(k),
		EventTypes: k.EventTypes, RateLimit: k.RateLimit, ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt,
	}
	if !k.Replaces.IsZero() {
		r.Replaces = k.Replaces.Text(event.PrefixKey)
	}
	raw, _ := json.Marshal(r) //nolint:errchkjson // texts, numbers and times within the years that JSON knows
	return raw
}

// keyAct is the act of changing a key; before is nil for a new one.
func keyAct(action string, before, after *store.Key) act.Act {
	return act.Act{
		Account: after.Account, Action: action, Target: after.ID.Text(event.PrefixKey), Before: recordOf(before), After: recordOf(after),
	}
}

// rotateAct is about the old key: after the act it ends at end, and next is there.
func rotateAct(old, next *store.Key, end time.Time) act.Act {
	a := keyAct("api_key.rotate", old, next)
	a.Target = old.ID.Text(event.PrefixKey)
	a.Note = "the old key ends at " + end.UTC().Format(time.RFC3339)
	return a
}

// environmentOf is a key's environment; keys from before there were two are live ones.
func environmentOf(k *store.Key) string {
	if k.Environment == Test {
		return Test
	}
	return Live
}
