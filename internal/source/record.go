package source

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The acts of this room.
const (
	actCreate = "source.create"
	actUpdate = "source.update"
	actRotate = "source.rotate"
	actDelete = "source.delete"
)

// secretBytes is the length of a secret that the hub makes, before its encoding.
const secretBytes = 32

// newSecret makes a secret for a method.
func newSecret(method string) form.Secret {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	switch method {
	case StandardWebhooks, Tocsin:
		return form.NewSecret(whsecPrefix + base64.StdEncoding.EncodeToString(b))
	}
	return form.NewSecret(base64.RawURLEncoding.EncodeToString(b))
}

// recorded writes a change of a source down, does it, and writes down what came of it.
func (s *Service) recorded(ctx context.Context, action string, old, src store.Source, do func(context.Context) error) error {
	before, after := s.difference(&old, &src)
	id := src.ID
	if id.IsZero() {
		id = old.ID
	}
	finish, err := s.Recorder.Begin(ctx, act.Act{
		Account: src.Account, Action: action, Target: id.Text(event.PrefixSource), Before: before, After: after,
	})
	if err != nil {
		return fmt.Errorf("recording the change of a source: %w", err)
	}
	err = do(ctx)
	finish(err)
	return err
}

// difference gives the fields in which two states of a source differ, secrets masked. Of secrets it says which were
// entered or removed.
func (s *Service) difference(old, src *store.Source) (before, after json.RawMessage) {
	was, is := shownFields(old), shownFields(src)
	for name := range was {
		if bytes.Equal(was[name], is[name]) {
			delete(was, name)
			delete(is, name)
		}
	}
	for name := range src.Secrets {
		if !bytes.Equal(old.Secrets[name], src.Secrets[name]) {
			is["secret."+name] = json.RawMessage(`"entered"`)
		}
	}
	for name := range old.Secrets {
		if _, still := src.Secrets[name]; !still {
			is["secret."+name] = json.RawMessage(`"removed"`)
		}
	}
	return encodeFields(was), encodeFields(is)
}

// maxRecordedText bounds each text in a record, in bytes: a bundle of certificates is named, not copied.
const maxRecordedText = 500

// shownFields is a source as fields of a record: those of its auth each by itself.
func shownFields(src *store.Source) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	if src.Name == "" { // there is none
		return fields
	}
	put := func(name string, value any) {
		if text, ok := value.(string); ok && len(text) > maxRecordedText {
			value = fmt.Sprintf("%s… (%d bytes)", event.Clip(text, 100), len(text))
		}
		if raw, err := encode(value); err == nil {
			fields[name] = raw
		}
	}
	labels := maps.Clone(src.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	for name, value := range map[string]any{
		"name": src.Name, "dialect": src.Dialect, "enabled": src.Enabled, "project": src.Project, "labels": labels, "types": orEmpty(src.Types),
	} {
		put(name, value)
	}
	var auth map[string]any
	if json.Unmarshal(Shown(*src), &auth) == nil {
		for name, value := range auth {
			put("auth."+name, value)
		}
	}
	return fields
}

func encodeFields(fields map[string]json.RawMessage) json.RawMessage {
	if len(fields) == 0 {
		return nil
	}
	raw, err := encode(fields)
	if err != nil {
		return nil // every field was encoded before
	}
	return raw
}
