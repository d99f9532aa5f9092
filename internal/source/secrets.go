package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// authPath is where the secrets are in a source's document.
const authPath = "auth."

// errNotAdmin continues the name of a setting.
var errNotAdmin = errors.New("is a reference to the hub's own environment or files, which only an administrator may set: enter the secret itself")

// apply changes a source by a merge patch and checks the result. Secrets that the patch leaves out or sends masked are
// kept. The error is a form.Errors or a failure to seal.
func (s *Service) apply(ctx context.Context, src store.Source, raw json.RawMessage) (store.Source, error) {
	patch, labels, err := split(raw)
	if err != nil {
		return src, err
	}
	old, err := document(&src)
	if err != nil {
		return src, err
	}
	var errs form.Errors
	src.Labels = mergeLabels(src.Labels, labels, &errs)
	merged := form.Merge(s.form(), old, patch)
	merged, tidied := tidy(merged, patch)
	errs = append(errs, tidied...)
	plain := s.reveal(ctx, &src, merged, &errs)
	var set Settings
	set.dialects = s.Dialects
	found, _ := form.AsErrors(form.Decode(plain, &set))
	for _, e := range found {
		if !has(errs, e.Path) {
			errs = append(errs, e)
		}
	}
	if len(errs) > 0 {
		return src, errs
	}
	src.Name, src.Dialect, src.Enabled, src.Project, src.Types = set.Name, set.Dialect, set.Enabled, set.Project, set.Types
	return s.sealed(src, merged)
}

func (s *Service) form() *Settings { return NewSettings(s.Dialects) }

func has(errs form.Errors, path string) bool {
	for _, e := range errs {
		if e.Path == path {
			return true
		}
	}
	return false
}

// tidy leaves out what the method does not use: a change of the method gives up what only the old one needed. What the
// patch itself sets and the method does not use is an error, because somebody believes that it counts. A document that
// cannot be tidied is given back as it is: Decode says what is wrong with it.
func tidy(merged, patch json.RawMessage) (json.RawMessage, form.Errors) {
	doc, change := members(merged), members(members(patch)["auth"])
	auth := members(doc["auth"])
	if auth == nil {
		return merged, nil
	}
	var errs form.Errors
	m := methodIn(doc["auth"])
	for _, name := range slices.Sorted(maps.Keys(auth)) {
		if m.uses(name) || !usedBySome(name) {
			continue
		}
		if v := string(change[name]); v != "" && v != "null" && v != `""` {
			errs.Add(authPath+name, "is not used by the method %s: leave it out", m.Name)
		}
		delete(auth, name)
	}
	var err error
	if doc["auth"], err = encode(auth); err != nil {
		return merged, append(errs, form.FieldError{Path: "auth", Message: "cannot be written"})
	}
	tidied, err := encode(doc)
	if err != nil {
		return merged, append(errs, form.FieldError{Message: "cannot be written"})
	}
	return tidied, errs
}

// members are those of a JSON object; nil for anything else.
func members(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

func usedBySome(field string) bool {
	return slices.ContainsFunc(methods[:], func(m Method) bool { return m.uses(field) })
}

// reveal puts every secret, and what references stand for, into its place in a document. What cannot be had is an error of
// its field, and stays masked.
func (s *Service) reveal(ctx context.Context, src *store.Source, doc json.RawMessage, errs *form.Errors) json.RawMessage {
	var stored map[string]string
	if was, err := document(src); err == nil {
		stored = form.SecretTexts(s.form(), was)
	}
	return form.ReplaceSecrets(s.form(), doc, func(path, text string) string {
		value, err := s.value(ctx, src, path, text, text == stored[path])
		if err != nil {
			errs.Add(path, "%s", err)
			return form.Mask
		}
		return value
	})
}

// value is what stands at one place. Its error continues the name of the setting.
func (s *Service) value(ctx context.Context, src *store.Source, path, text string, kept bool) (string, error) {
	switch sealed, ok := src.Secrets[strings.TrimPrefix(path, authPath)]; {
	case text == form.Mask && ok:
		secret, err := s.Sealer.Unseal(sealed, aad(src, path))
		if err != nil {
			return "", fmt.Errorf("cannot be unsealed (%w): enter it again", err)
		}
		return secret.Reveal(), nil
	case !s.References.Is(text):
		return text, nil
	}
	if err := s.References.Check(src.Account, text); err != nil {
		return "", err
	}
	if !kept && !act.From(ctx).Admin {
		return "", errNotAdmin
	}
	value, err := s.References.Resolve(src.Account, text)
	if err != nil {
		return "", fmt.Errorf("is a reference: what it names %w", err)
	}
	return value, nil
}

// sealed is a source with the auth object of a document whose settings are checked, every new secret sealed.
func (s *Service) sealed(src store.Source, doc json.RawMessage) (store.Source, error) {
	var failed error
	kept := src.Secrets
	src.Secrets = map[string][]byte{}
	masked := form.ReplaceSecrets(s.form(), doc, func(path, text string) string {
		name := strings.TrimPrefix(path, authPath)
		if text == form.Mask {
			src.Secrets[name] = kept[name]
			return form.Mask
		}
		if s.References.Is(text) {
			return text
		}
		sealed, err := s.Sealer.Seal(form.NewSecret(text), aad(&src, path))
		if err != nil {
			failed = fmt.Errorf("sealing %s of source %s: %w", path, idText(&src), err)
		}
		src.Secrets[name] = sealed
		return form.Mask
	})
	var fields struct {
		Auth json.RawMessage `json:"auth"`
	}
	if err := json.Unmarshal(masked, &fields); err != nil {
		return src, fmt.Errorf("reading a source's own settings: %w", err)
	}
	src.Auth = fields.Auth
	if len(src.Auth) == 0 {
		src.Auth = json.RawMessage(`{}`)
	}
	return src, failed
}

// aad binds a sealed secret to its place, so that a row's secrets cannot be moved to another.
func aad(src *store.Source, path string) seal.AAD {
	return seal.AAD{Account: src.Account, Integration: src.ID, Field: authPath + strings.TrimPrefix(path, authPath)}
}

// auth gives a source's settings of authentication with every secret in its place. The result never leaves memory.
func (s *Service) auth(src *store.Source) (*Auth, error) {
	var errs form.Errors
	plain := form.ReplaceSecrets(new(Auth), src.Auth, func(path, text string) string {
		value, err := s.value(context.Background(), src, path, text, true)
		if err != nil {
			errs.Add(path, "%s", err)
			return form.Mask
		}
		return value
	})
	if len(errs) > 0 {
		return nil, errs
	}
	a := new(Auth)
	if err := form.Decode(plain, a); err != nil {
		return nil, err
	}
	return a, nil
}

// refers says whether a secret of the source is a reference.
func (s *Service) refers(src *store.Source) bool {
	for _, text := range form.SecretTexts(new(Auth), src.Auth) {
		if s.References.Is(text) {
			return true
		}
	}
	return false
}
