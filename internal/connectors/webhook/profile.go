package webhook

import (
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/cloudevents"
)

// profile writes one event as one JSON value on one line. It is a pure function.
type profile func(dst []byte, r *event.Record) []byte

// The values of the setting "profile".
const (
	profileNative      = "native"
	profileCloudEvents = "cloudevents"
)

// profiles are the known payload profiles. To add one: a line here and in profileNames.
var profiles = map[string]profile{
	profileNative:      func(dst []byte, r *event.Record) []byte { return r.AppendJSON(dst) },
	profileCloudEvents: cloudevents.Append,
}

// profileNames lists them in the order in which people see them.
func profileNames() []string { return []string{profileNative, profileCloudEvents} }
