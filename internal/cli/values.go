package cli

import (
	"strings"

	"github.com/alecthomas/kong"

	"github.com/tocsin-hub/tocsin/internal/event/payload"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/ingest"
)

// valuesOf gives the values that a flag or argument can have, nil if they are not fixed: its enum, or for what the hub
// checks its tag "values", which is a list or the name of one (@scopes).
func valuesOf(v *kong.Value) []string {
	if v.Enum != "" {
		return v.EnumSlice()
	}
	switch list := v.Tag.Get("values"); list {
	case "":
		return nil
	case "@scopes":
		var names []string
		for _, s := range identity.AllScopes() {
			names = append(names, string(s.Scope))
		}
		return names
	case "@profiles":
		return payload.Names()
	case "@dialects":
		return dialects(ingest.Native)
	case "@sources":
		return dialects(nativeSource)
	default:
		return strings.Split(list, ",")
	}
}

// dialects are the names of all dialects, the native one under this name.
func dialects(native string) []string {
	names := []string{native}
	for _, d := range ingest.Decoders() {
		names = append(names, d.Name())
	}
	return names
}
