package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// An integration of a kind that is a responder and nothing else receives no events: it has an empty subscription, no
// deliveries, no fallback, and nothing to preview. All else (settings, secrets, references, rotation, tests, being switched
// off and paused) is as with any other.

// noEvents says why something about events cannot be asked of a responder.
func noEvents(kind connector.Kind) string {
	return fmt.Sprintf("%s does not receive events: it is a responder", kind.Name)
}

// waits is what an integration that is held makes wait.
func waits(def connector.Definition) string {
	if def.Responds() {
		return "blocks"
	}
	return "events"
}

// checkNoSubscription refuses each filter that is set. A subscription that is sent back as it was shown is none.
func checkNoSubscription(subscription json.RawMessage, kind connector.Kind) error {
	empty, err := applySubscription(json.RawMessage(`{}`), nil)
	if err != nil {
		return err
	}
	var none, set map[string]json.RawMessage
	if err := json.Unmarshal(empty, &none); err != nil {
		return fmt.Errorf("reading the empty subscription: %w", err)
	}
	if err := json.Unmarshal(subscription, &set); err != nil {
		return fmt.Errorf("reading the subscription: %w", err)
	}
	var errs form.Errors
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !bytes.Equal(set[name], none[name]) {
			errs.Add(name, "must be left out: %s", noEvents(kind))
		}
	}
	return errs.Err()
}

// warnOfDelivery says that delivery settings of a responder do nothing.
func warnOfDelivery(i store.Integration, warn func(field, message string)) {
	if set := gjson.ParseBytes(i.Delivery); len(set.Map()) > 0 {
		warn("delivery", "has no effect: a responder receives no events")
	}
}

// checkHeld refuses to forget a responder whose entries at the vendor nobody would take away any more.
func (s *Service) checkHeld(ctx context.Context, i store.Integration, force bool) error {
	if s.Held == nil || force {
		return nil
	}
	n, err := s.Held(ctx, i.Account, i.ID)
	switch {
	case err != nil:
		return fmt.Errorf("counting the entries of integration %s: %w", idText(i), err)
	case n > 0:
		return &HeldError{Entries: n}
	}
	return nil
}

// checkPlace refuses to have a responder look for its entries elsewhere while it holds some. An entry there that somebody
// else has made would be taken for ours, and taken away with the block. The error is form.Errors.
func (s *Service) checkPlace(ctx context.Context, old, changed store.Integration, def connector.Definition) error {
	if s.Held == nil {
		return nil
	}
	was, is := gjson.ParseBytes(old.Settings), gjson.ParseBytes(changed.Settings)
	moved := slices.DeleteFunc(slices.Clone(def.Kind.Place), func(name string) bool { return was.Get(name).String() == is.Get(name).String() })
	if len(moved) == 0 {
		return nil
	}
	n, err := s.Held(ctx, old.Account, old.ID)
	if err != nil {
		return fmt.Errorf("counting the entries of integration %s: %w", idText(old), err)
	}
	var errs form.Errors
	for _, name := range moved {
		if n > 0 {
			errs.Add("settings."+name, "cannot be changed: %d entries of ours are in force there. End their blocks first, or make a new integration", n)
		}
	}
	return errs.Err()
}
