package integration

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// setNow is what is noted of secrets that a caller sets.
func (s *Service) setNow(ctx context.Context) store.SecretSet {
	actor := act.From(ctx)
	return store.SecretSet{
		At: s.Now().UTC().Truncate(time.Microsecond), By: event.Clip(cmp.Or(actor.Name, actor.ID, actor.Kind), event.MaxName),
	}
}

// set says when each secret became what it is. What was kept, or was entered as it had been, keeps its time: only another
// value is a new one.
func (c *settling) set() map[string]store.SecretSet {
	set := map[string]store.SecretSet{}
	for path, sl := range c.kept {
		if !sl.voided {
			c.carry(set, path, sl)
		}
	}
	for path, text := range c.fresh {
		if sl := c.same(path, text); sl != nil {
			c.carry(set, path, sl)
			continue
		}
		set[path] = c.now
	}
	return set
}

// carry takes over what is known of a stored secret, if anything is.
func (c *settling) carry(set map[string]store.SecretSet, path string, sl *slot) {
	if known, ok := c.i.SecretsSet[sl.path]; ok {
		set[path] = known
	}
}

// same finds the stored secret that is the same as one that was entered in its place, or in the same place of another item
// of its list. Of two that are equal it is the one in just this place.
func (c *settling) same(path, text string) *slot {
	var found *slot
	for _, sl := range c.slots {
		if sl.voided && sl.text == "" || sl.text != text || pattern(sl.path) != pattern(path) {
			continue
		}
		if found == nil || sl.path == path {
			found = sl
		}
	}
	return found
}

// SecretAge is a stored secret, and since when it is what it is.
type SecretAge struct {
	Field string
	store.SecretSet
}

// SecretAges lists the secrets of an integration of which it is known when they were set, by their fields.
func SecretAges(i store.Integration) []SecretAge {
	list := make([]SecretAge, 0, len(i.SecretsSet))
	for field, set := range i.SecretsSet {
		list = append(list, SecretAge{field, set})
	}
	slices.SortFunc(list, func(a, b SecretAge) int { return strings.Compare(a.Field, b.Field) })
	return list
}
