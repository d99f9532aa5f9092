package identity

import (
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Grant says whether a principal may make a key like that: nobody gives a right that they do not have. The error is
// form.Errors with paths as in Create's.
func Grant(maker Principal, spec KeySpec) error {
	var errs form.Errors
	for i, s := range spec.Scopes {
		if s.Valid() && !maker.Can(s) {
			errs.Add(fmt.Sprintf("scopes.%d", i), "cannot be given: you do not have %s", s)
		}
	}
	if own := maker.EventTypes.Patterns(); len(own) > 0 && Scopes(spec.Scopes).Can(EventsWrite) {
		if len(spec.EventTypes) == 0 {
			errs.Add("event_types", "must be within your own: %s", strings.Join(own, ", "))
		}
		for i, p := range spec.EventTypes {
			if !within(p, own) {
				errs.Add(fmt.Sprintf("event_types.%d", i), "must be within your own: %s", strings.Join(own, ", "))
			}
		}
	}
	return errs.Err()
}

// SpecOf is the wish that gives a key like k, for asking Grant whether somebody may rotate k.
func SpecOf(k store.Key) KeySpec {
	return KeySpec{
		Name: k.Name, Scopes: scopesOf(&k), EventTypes: k.EventTypes, RateLimit: k.RateLimit, Test: environmentOf(&k) == Test,
	}
}

// within says whether every type that the pattern matches is matched by one of the others.
func within(pattern string, others []string) bool {
	for _, o := range others {
		below, wild := strings.CutSuffix(o, "*") // "alert." of "alert.*", nothing of "*"
		if o == pattern || wild && strings.HasPrefix(pattern, below) {
			return true
		}
	}
	return false
}
