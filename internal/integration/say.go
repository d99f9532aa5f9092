package integration

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What the service says. Each change of an integration is one fact, whose name is the most telling part of it.
const (
	saidCreated  = "system.integration_created"
	saidUpdated  = "system.integration_updated"
	saidEnabled  = "system.integration_enabled"
	saidDisabled = "system.integration_disabled"
	saidPaused   = "system.integration_paused"
	saidResumed  = "system.integration_resumed"
	saidDeleted  = "system.integration_deleted"
)

// Limits of a fact, in bytes before escaping. They keep it far below store.MaxSaidBytes, whatever the row holds: a fact
// must never be the reason why a change is refused.
const (
	maxSaidTitle = 500
	maxSaidText  = 1200 // each text of the data
)

// saidData is the "data" of a fact. It names what changed and never holds a value: settings have secrets in them, and
// owners and filters are nobody's business but the account's.
type saidData struct {
	Integration string   `json:"integration"`
	Kind        string   `json:"kind"`
	Name        string   `json:"name"`
	Reason      string   `json:"reason,omitempty"`
	Changed     []string `json:"changed,omitempty"`
	Voided      []string `json:"voided,omitempty"`  // settings whose secret is to be entered again
	Waiting     uint64   `json:"waiting,omitempty"` // undelivered in the journal, of a deleted one
	Parked      uint64   `json:"parked,omitempty"`  // parked for another attempt, of a deleted one
}

// sayCreated is the fact that i is new.
func (s *Service) sayCreated(i store.Integration) []store.Said {
	return s.say(i, saidCreated, "created", saidData{})
}

// sayDeleted is the fact that i is gone, together with what it leaves undelivered.
func (s *Service) sayDeleted(i store.Integration, waiting, parked uint64) []store.Said {
	return s.say(i, saidDeleted, "deleted", saidData{Waiting: waiting, Parked: parked})
}

// sayChanged is the fact that old became i; none if nobody could tell the difference.
func (s *Service) sayChanged(old, i store.Integration) []store.Said {
	changed := s.changedParts(old, i)
	data := saidData{Changed: changed}
	switch {
	case len(changed) == 0:
		return nil
	case i.Enabled && !old.Enabled:
		return s.say(i, saidEnabled, "enabled", data)
	case !i.Enabled && old.Enabled:
		data.Reason = i.DisabledReason
		return s.say(i, saidDisabled, "disabled", data)
	case i.Paused && !old.Paused:
		return s.say(i, saidPaused, "paused", data)
	case !i.Paused && old.Paused:
		return s.say(i, saidResumed, "resumed", data)
	}
	what := "changed: " + strings.Join(changed, ", ")
	if len(i.Voided) > 0 {
		data.Voided = i.Voided
		what += "; " + waits(s.Catalogue[i.Kind]) + " wait until secrets are entered again: " + strings.Join(i.Voided, ", ")
	}
	return s.say(i, saidUpdated, what, data)
}

// say makes the fact. A fact that cannot be made is logged, and the change goes on without it.
func (s *Service) say(i store.Integration, eventType, what string, data saidData) []store.Said {
	id := i.ID.Text(event.PrefixIntegration)
	data.Integration, data.Kind, data.Name = id, i.Kind, event.Clip(i.Name, maxSaidText)
	data.Reason = event.Clip(data.Reason, maxSaidText)
	encoded, err := encode(data)
	if err != nil {
		s.cannotSay(id, eventType, err)
		return nil
	}
	// The name is what somebody typed: %q shows where it begins and ends, and what in it cannot be seen.
	title := fmt.Sprintf("Integration %q (%s) %s", i.Name, i.Kind, what)
	severity := event.DefaultSeverity(eventType)
	if data.Reason != "" {
		title += ": " + oneLine(data.Reason)
		severity = event.High // no person switched it off: its receiver did
	}
	r, err := event.FromEvent(&event.Event{
		Type: eventType, Severity: severity, Title: event.Clip(title, maxSaidTitle), DedupKey: "integration/" + id,
		Status: status(i), Data: encoded,
	}, event.Origin{Account: i.Account, Received: i.UpdatedAt}, event.DefaultLimits())
	if err != nil {
		s.cannotSay(id, eventType, err)
		return nil
	}
	return []store.Said{{
		ID: event.NewID(), Account: i.Account, Type: eventType, Origin: id, Event: r.Body, At: i.UpdatedAt,
	}}
}

func (s *Service) cannotSay(id, eventType string, err error) {
	s.Log.Error("a change of an integration cannot be announced", slog.String("integration", id),
		slog.String("type", eventType), slog.Any("error", err))
}

// oneLine replaces what cannot be seen by spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// status is an integration's state in one word.
func status(i store.Integration) string {
	switch {
	case !i.DeletedAt.IsZero():
		return "deleted"
	case !i.Enabled:
		return "disabled"
	case i.Paused:
		return "paused"
	case i.Held():
		return "held"
	}
	return "enabled"
}

// changedParts names the fields in which old and i differ, as they are called in the API.
func (s *Service) changedParts(old, i store.Integration) []string {
	var parts []string
	for _, part := range []struct {
		name    string
		changed bool
	}{
		{"name", old.Name != i.Name},
		{"enabled", old.Enabled != i.Enabled},
		{"paused", old.Paused != i.Paused},
		{"settings", !bytes.Equal(s.Settings(old), s.Settings(i)) || !s.sameSecrets(old, i)},
		{"subscription", !bytes.Equal(old.Subscription, i.Subscription)},
		{"delivery", !bytes.Equal(s.Delivery(old), s.Delivery(i))},
		{"owner", old.Owner != i.Owner},
		{"rotate_by", old.RotateBy != i.RotateBy},
		{"fallback", old.Fallback != i.Fallback},
	} {
		if part.changed {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// sameSecrets says whether both rows hold the same secrets. A secret that is sealed anew looks different each time, so
// those are unsealed and compared; one that does not unseal counts as changed.
func (s *Service) sameSecrets(old, i store.Integration) bool {
	if len(old.Secrets) != len(i.Secrets) {
		return false
	}
	for path, sealed := range i.Secrets {
		before, ok := old.Secrets[path]
		if !ok {
			return false
		}
		if bytes.Equal(before, sealed) {
			continue
		}
		was, err := s.Sealer.Unseal(before, aad(old, path))
		if err != nil {
			return false
		}
		is, err := s.Sealer.Unseal(sealed, aad(i, path))
		if err != nil || was.Reveal() != is.Reveal() {
			return false
		}
	}
	return true
}
