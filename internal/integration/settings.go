package integration

import (
	"encoding/json"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// applySettings changes an integration's settings by a patch, checks the result and gives it masked, with its secrets
// sealed. Without a patch it gives what is there. The error is a form.Errors or a failure to seal.
func (s *Service) applySettings(i store.Integration, def connector.Definition, patch json.RawMessage) (json.RawMessage, map[string][]byte, error) {
	if patch == nil {
		return i.Settings, i.Secrets, nil
	}
	plain, err := s.patched(i, def, patch)
	if err != nil {
		return nil, nil, err
	}
	masked, secrets, err := form.Split(def.Settings(), plain)
	if err != nil {
		return nil, nil, err
	}
	sealed := make(map[string][]byte, len(secrets))
	for path, secret := range secrets {
		b, err := s.Sealer.Seal(secret, aad(i, path))
		if err != nil {
			return nil, nil, fmt.Errorf("sealing setting %s: %w", path, err)
		}
		sealed[path] = b
	}
	return masked, sealed, nil
}

// patched gives the integration's settings, secrets in place, changed by the patch and found valid.
func (s *Service) patched(i store.Integration, def connector.Definition, patch json.RawMessage) (json.RawMessage, error) {
	old, err := s.plain(i, def)
	if err != nil {
		return nil, err
	}
	if isNull(patch) {
		old, patch = json.RawMessage(`{}`), json.RawMessage(`{}`)
	}
	plain := form.Merge(def.Settings(), old, patch)
	if err := form.Decode(plain, def.Settings()); err != nil {
		return nil, err
	}
	return plain, nil
}

// plain gives an integration's settings with every secret unsealed and in its place. The result never leaves memory.
func (s *Service) plain(i store.Integration, def connector.Definition) (json.RawMessage, error) {
	secrets := make(map[string]form.Secret, len(i.Secrets))
	for path, sealed := range i.Secrets {
		secret, err := s.Sealer.Unseal(sealed, aad(i, path))
		if err != nil {
			return nil, fmt.Errorf("unsealing setting %s of integration %s: %w", path, i.ID.Text(event.PrefixIntegration), err)
		}
		secrets[path] = secret
	}
	return form.Join(def.Settings(), i.Settings, secrets), nil
}

// aad binds a sealed secret to its place, so that a row's secrets cannot be moved to another.
func aad(i store.Integration, path string) seal.AAD {
	return seal.AAD{Account: i.Account, Integration: i.ID, Field: path}
}

// applySubscription changes a subscription by a patch and gives it in its full form, so that what is not set shows.
func applySubscription(old, patch json.RawMessage) (json.RawMessage, error) {
	merged := old
	if patch != nil {
		var err error
		if merged, err = mergePatch(old, patch); err != nil {
			return nil, err
		}
	}
	sub, err := route.ParseSubscription(merged)
	if err != nil {
		return nil, err
	}
	return encode(newSubscription(sub))
}

// Subscription is a route.Subscription as it is written.
type Subscription struct {
	Types           []event.TypeFilter `json:"types"`
	MinSeverity     event.Severity     `json:"min_severity"`
	AlertTypes      []string           `json:"alert_types"`
	Projects        []string           `json:"projects"`
	IncludeChildren bool               `json:"include_children"`
}

func newSubscription(s route.Subscription) Subscription {
	return Subscription{
		Types: orEmpty(s.Types), MinSeverity: s.MinSeverity, AlertTypes: orEmpty(s.AlertTypes),
		Projects: orEmpty(s.Projects), IncludeChildren: s.IncludeChildren,
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// applyDelivery changes a delivery policy by a patch. It is kept as it was written, so that a default that is not
// overridden follows the connector's.
func applyDelivery(old, patch json.RawMessage, kind connector.Kind) (json.RawMessage, error) {
	merged := old
	if patch != nil {
		var err error
		if merged, err = mergePatch(old, patch); err != nil {
			return nil, err
		}
	}
	if _, err := connector.ParsePolicy(merged, kind); err != nil {
		return nil, err
	}
	return merged, nil
}
