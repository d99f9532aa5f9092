package integration

import (
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/route"
)

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
	Where           string             `json:"where"`
}

func newSubscription(s route.Subscription) Subscription {
	sub := Subscription{
		Types: orEmpty(s.Types), MinSeverity: s.MinSeverity, AlertTypes: orEmpty(s.AlertTypes),
		Projects: orEmpty(s.Projects), IncludeChildren: s.IncludeChildren,
	}
	if s.Where != nil {
		sub.Where = s.Where.String()
	}
	return sub
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
