package incident

import (
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// take gives an incident what alerts that come under it say: it is as severe as the most severe of them, and keeps the
// first of their entities and techniques.
func take(i store.Incident, alerts []store.Alert) store.Incident {
	i.Entities, i.Mitre = slices.Clone(i.Entities), slices.Clone(i.Mitre)
	for n := range alerts {
		a := &alerts[n]
		i.Severity = max(i.Severity, a.Severity)
		for _, e := range a.Entities {
			if len(i.Entities) < MaxEntities && len(e.Value) <= MaxEntityValue && !slices.ContainsFunc(i.Entities, sameEntity(e)) {
				i.Entities = append(i.Entities, e)
			}
		}
		for _, m := range a.Mitre {
			if len(i.Mitre) < MaxMitre && len(m) <= event.MaxName && !slices.Contains(i.Mitre, m) {
				i.Mitre = append(i.Mitre, m)
			}
		}
	}
	return i
}

func sameEntity(e event.Entity) func(event.Entity) bool {
	return func(o event.Entity) bool { return o.Type == e.Type && entityValue(o) == entityValue(e) }
}
