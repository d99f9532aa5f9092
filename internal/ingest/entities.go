package ingest

import (
	"net/netip"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// entities collects entities, each once.
type entities struct {
	all []event.Entity
	// told says that they were told of rather than seen by the sensor: they are not observed.
	told bool
}

func (l *entities) add(kind, value, role string) {
	if value == "" || len(l.all) == event.MaxEntities {
		return
	}
	value = event.Clip(value, event.MaxURL)
	for _, e := range l.all {
		if e.Type == kind && e.Value == value {
			return
		}
	}
	l.all = append(l.all, event.Entity{Type: kind, Value: value, Role: role, Observed: !l.told})
}

// addIP adds what is an address, in its canonical form.
func (l *entities) addIP(text, role string) {
	if a, err := netip.ParseAddr(text); err == nil {
		l.add("ip", a.WithZone("").Unmap().String(), role)
	}
}

// addHost adds a host by name, or as the address it is given by.
func (l *entities) addHost(text, role string) {
	if _, err := netip.ParseAddr(text); err == nil {
		l.addIP(text, role)
		return
	}
	l.add("host", text, role)
}
