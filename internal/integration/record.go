package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The acts of this room.
const (
	actCreate  = "integration.create"
	actUpdate  = "integration.update"
	actEnable  = "integration.enable"
	actDisable = "integration.disable"
	actPause   = "integration.pause"
	actResume  = "integration.resume"
	actDelete  = "integration.delete"
	actTest    = "integration.test"
)

// maxRecordedText bounds each text in a record, in bytes: a bundle of certificates is named, not copied.
const maxRecordedText = 500

// recorded writes a change of an integration down, does it, and writes down what came of it.
func (s *Service) recorded(ctx context.Context, action string, old, i store.Integration, note string, do func(context.Context) error) error {
	before, after := s.difference(old, i)
	a := act.Act{
		Account: i.Account, Action: action, Target: idText(i), Before: before, After: after, Note: event.Clip(note, maxRecordedText),
	}
	finish, err := s.Recorder.Begin(ctx, a)
	if err != nil {
		return fmt.Errorf("recording the change of an integration: %w", err)
	}
	err = do(ctx)
	finish(err)
	return err
}

// difference gives the fields in which two states of an integration differ, secrets masked. Of secrets it says which were
// entered, given up or removed.
func (s *Service) difference(old, i store.Integration) (before, after json.RawMessage) {
	was, is := s.shown(old), s.shown(i)
	for name := range was {
		if bytes.Equal(was[name], is[name]) {
			delete(was, name)
			delete(is, name)
		}
	}
	for name, text := range s.secretChanges(old, i) {
		is["secret."+name] = text
	}
	return s.encodeFields(was), s.encodeFields(is)
}

// shown is an integration as fields of a record: those of the settings each by itself.
func (s *Service) shown(i store.Integration) map[string]json.RawMessage {
	if i.ID.IsZero() {
		return map[string]json.RawMessage{}
	}
	fields := map[string]json.RawMessage{}
	for name, value := range map[string]any{
		"kind": i.Kind, "name": i.Name, "enabled": i.Enabled, "paused": i.Paused, "owner": i.Owner, "rotate_by": i.RotateBy,
		"subscription": i.Subscription, "delivery": i.Delivery, "voided": orEmpty(i.Voided), "fallback": fallbackText(i), "deleted": !i.DeletedAt.IsZero(),
	} {
		if raw, err := encode(value); err == nil {
			fields[name] = raw
		}
	}
	var settings map[string]any
	if err := json.Unmarshal(s.Settings(i), &settings); err != nil {
		return fields // what is stored is an object
	}
	for name, value := range settings {
		if raw, err := encode(clipped(value)); err == nil {
			fields["settings."+name] = raw
		}
	}
	return fields
}

// secretChanges says of each secret that is not as it was what became of it.
func (s *Service) secretChanges(old, i store.Integration) map[string]json.RawMessage {
	changes := map[string]json.RawMessage{}
	for path := range i.Secrets {
		one := func(x store.Integration) store.Integration {
			x.Secrets = maps.Clone(x.Secrets)
			maps.DeleteFunc(x.Secrets, func(p string, _ []byte) bool { return p != path })
			return x
		}
		if !s.sameSecrets(one(old), one(i)) {
			changes[path] = json.RawMessage(`"entered"`)
		}
	}
	for path := range old.Secrets {
		if _, still := i.Secrets[path]; still {
			continue
		}
		changes[path] = json.RawMessage(`"removed"`)
		if slices.Contains(i.Voided, path) {
			changes[path] = json.RawMessage(`"given up"`)
		}
	}
	return changes
}

// clipped shortens the texts of a value.
func clipped(v any) any {
	switch v := v.(type) {
	case string:
		if len(v) > maxRecordedText {
			return fmt.Sprintf("%s… (%d bytes)", event.Clip(v, 100), len(v))
		}
	case []any:
		for k := range v {
			v[k] = clipped(v[k])
		}
	case map[string]any:
		for k := range v {
			v[k] = clipped(v[k])
		}
	}
	return v
}

func (s *Service) encodeFields(fields map[string]json.RawMessage) json.RawMessage {
	if len(fields) == 0 {
		return nil
	}
	raw, err := encode(fields)
	if err != nil {
		s.Log.Error("a change of an integration cannot be described", slog.Any("error", err))
		return nil
	}
	return raw
}

// recordedTest writes a test down before anything is sent. Settings that are tried without being saved are not part of
// the record but for the setting names: they may hold anything.
func (s *Service) recordedTest(ctx context.Context, i store.Integration, in TestInput) (act.Finish, error) {
	target := i.Kind
	if !i.ID.IsZero() {
		target = idText(i)
	}
	after := struct {
		Kind      string   `json:"kind"`
		EventType string   `json:"event_type,omitempty"`
		Settings  []string `json:"settings,omitempty"`
	}{Kind: i.Kind, EventType: in.EventType}
	var given map[string]json.RawMessage
	if json.Unmarshal(in.Settings, &given) == nil {
		after.Settings = slices.Sorted(maps.Keys(given))
	}
	raw, err := encode(after)
	if err != nil {
		return nil, fmt.Errorf("describing a test: %w", err)
	}
	finish, err := s.Recorder.Begin(ctx, act.Act{Account: i.Account, Action: actTest, Target: target, After: raw})
	if err != nil {
		return nil, fmt.Errorf("recording a test: %w", err)
	}
	return finish, nil
}
