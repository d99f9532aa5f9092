package alerting

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of related alerts.
const (
	// MaxRelated is how many there are in one answer.
	MaxRelated = 100
	// maxRelatedBy is how many of an alert's entities others are looked for by: those that a sensor observed come first.
	maxRelatedBy = 12
	// relatedLooked is how many alerts are looked at for each of them, the newest ones.
	relatedLooked = 1000
)

// Shared is something that two alerts have in common.
type Shared struct {
	Kind  string // "entity", "actor", "rule"
	Type  string // of an entity: ip, user, host, …
	Value string
}

// Related is an alert that another has something in common with.
type Related struct {
	Alert   store.Alert
	Because []Shared
}

// Related gives the alerts of the account that share an entity, the actor or the rule with one, the newest first and at most
// limit of them; more says that there are others. Errors: store.ErrNotFound and the store's.
func (s *Service) Related(ctx context.Context, account event.Account, alert event.ID, limit int) (list []Related, more bool, err error) {
	a, err := s.deps.Store.GetAlert(ctx, account, alert)
	if err != nil {
		return nil, false, worded(err)
	}
	limit = min(max(limit, 1), MaxRelated)
	seen := map[event.ID]struct{}{a.ID: {}}
	for _, f := range relatedBy(&a) {
		f.Account = account
		page, err := s.deps.Store.ListAlerts(ctx, store.AlertQuery{
			Filter: f, Sort: store.ByLastSeen, Page: store.Page{Limit: limit + 1}, Most: relatedLooked,
		})
		if err != nil {
			return nil, false, worded(err)
		}
		more = more || page.Next != "" || page.Approximate
		for i := range page.Alerts {
			b := &page.Alerts[i]
			if _, known := seen[b.ID]; known {
				continue
			}
			seen[b.ID] = struct{}{}
			if because := shared(&a, b); len(because) > 0 {
				list = append(list, Related{*b, because})
			}
		}
	}
	slices.SortFunc(list, func(x, y Related) int {
		return cmp.Or(y.Alert.LastSeen.Compare(x.Alert.LastSeen), strings.Compare(string(x.Alert.ID[:]), string(y.Alert.ID[:])))
	})
	if len(list) > limit {
		return list[:limit], true, nil
	}
	return list, more, nil
}

// relatedBy is what others are looked for by.
func relatedBy(a *store.Alert) (filters []store.AlertFilter) {
	entities := slices.Clone(a.Entities)
	slices.SortStableFunc(entities, func(x, y event.Entity) int {
		switch {
		case x.Observed == y.Observed:
			return 0
		case x.Observed:
			return -1
		}
		return 1
	})
	for _, e := range entities[:min(len(entities), maxRelatedBy)] {
		filters = append(filters, store.AlertFilter{Entity: e.Type + ":" + e.Value})
	}
	if a.Actor != "" {
		filters = append(filters, store.AlertFilter{Entity: store.EntityActor + ":" + a.Actor})
	}
	if rule := cmp.Or(a.RuleID, a.RuleName); rule != "" {
		filters = append(filters, store.AlertFilter{Rule: rule})
	}
	return filters
}

// shared is what two alerts have in common, in the order of the first one's entities.
func shared(a, b *store.Alert) (list []Shared) {
	for _, e := range a.Entities {
		if slices.ContainsFunc(b.Entities, func(o event.Entity) bool { return o.Type == e.Type && strings.EqualFold(o.Value, e.Value) }) {
			list = append(list, Shared{"entity", e.Type, e.Value})
		}
	}
	if a.Actor != "" && strings.EqualFold(a.Actor, b.Actor) {
		list = append(list, Shared{"actor", "", a.Actor})
	}
	if a.RuleID != "" && strings.EqualFold(a.RuleID, b.RuleID) || a.RuleID == "" && a.RuleName != "" && strings.EqualFold(a.RuleName, b.RuleName) {
		list = append(list, Shared{"rule", "", cmp.Or(a.RuleID, a.RuleName)})
	}
	return list
}
