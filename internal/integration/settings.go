package integration

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// settled is the outcome of a change of settings.
type settled struct {
	masked  json.RawMessage            // as stored and shown
	secrets map[string][]byte          // sealed, by path
	set     map[string]store.SecretSet // when secrets were set, by path
	voided  []string                   // paths of secrets that were given up, now or before
	broken  error                      // why a reference that was kept stands for nothing now
	moved   string                     // the setting whose change gave secrets up; empty if none did
	plain   json.RawMessage            // every secret and what references stand for in their places; never leaves memory
}

// slot is a place of the stored settings that holds a secret.
type slot struct {
	path   string
	text   string // the secret, or the reference that stands for it
	ref    bool
	voided bool
	sealed []byte
	err    error // why the secret cannot be read
}

// settle changes an integration's settings by a patch and checks the result. Secrets that the patch leaves out or sends
// masked are kept, unless the patch changes who would receive them: then they are given up, until they are entered
// again. The error is a form.Errors or a failure to seal.
func (s *Service) settle(ctx context.Context, i store.Integration, def connector.Definition, patch json.RawMessage) (settled, error) {
	c := settling{s: s, i: i, def: def, admin: act.From(ctx).Admin, mark: rand.Text(), now: s.setNow(ctx)}
	if isNull(patch) {
		c.i.Settings, patch = json.RawMessage(`{}`), json.RawMessage(`{}`)
	}
	c.merged = form.Merge(def.Settings(), c.open(), patch)
	return c.finish()
}

// settling is a change of settings under way. While the patch is merged, a mark that nobody can guess stands in the
// place of every stored secret: what the patch kept is told by it from what the patch entered, even if both are equal.
type settling struct {
	s      *Service
	i      store.Integration
	def    connector.Definition
	admin  bool
	mark   string
	now    store.SecretSet // of what is entered
	slots  []*slot
	merged json.RawMessage
	kept   map[string]*slot  // what the patch kept, by its path in merged
	fresh  map[string]string // what the patch entered, by path
	broken error             // why a kept reference stands for nothing at the moment
}

// open gives the stored settings with marks in the places of secrets.
func (c *settling) open() json.RawMessage {
	return form.ReplaceSecrets(c.def.Settings(), c.i.Settings, func(path, text string) string {
		c.slots = append(c.slots, c.s.slot(c.i, path, text))
		return c.markOf(len(c.slots) - 1)
	})
}

// slot reads one place of the stored settings.
func (s *Service) slot(i store.Integration, path, text string) *slot {
	if text != form.Mask {
		return &slot{path: path, text: text, ref: isReference(text)}
	}
	sealed, ok := i.Secrets[path]
	if !ok {
		return &slot{path: path, voided: true}
	}
	secret, err := s.Sealer.Unseal(sealed, aad(i, path))
	return &slot{path: path, text: secret.Reveal(), sealed: sealed, err: err}
}

// markOf begins with a control character, so that a mark in a place that is no secret's is refused.
func (c *settling) markOf(n int) string { return "\x00" + c.mark + strconv.Itoa(n) }

// slotOf finds what a mark stands for; nil for any other text.
func (c *settling) slotOf(text string) *slot {
	for n, sl := range c.slots {
		if text == c.markOf(n) {
			return sl
		}
	}
	return nil
}

func (c *settling) finish() (settled, error) {
	if _, _, err := form.Split(c.def.Settings(), c.merged); err != nil { // no JSON object: it has no places
		return settled{}, form.Decode(c.merged, c.def.Settings())
	}
	var errs form.Errors
	c.sort(&errs)
	var out settled
	if out.moved = c.moved(); out.moved != "" {
		for _, sl := range c.kept {
			sl.voided = true
		}
	}
	out.plain = c.check(&errs)
	out.broken = c.broken
	if len(errs) > 0 {
		return out, errs
	}
	if err := c.seal(&out); err != nil {
		return out, err
	}
	for path, sl := range c.kept {
		if sl.voided {
			out.voided = append(out.voided, path)
		}
	}
	slices.Sort(out.voided)
	out.set = c.set()
	return out, nil
}

// sort tells kept secrets from entered ones, and says which references may not be entered.
func (c *settling) sort(errs *form.Errors) {
	c.kept, c.fresh = map[string]*slot{}, map[string]string{}
	for path, text := range form.SecretTexts(c.def.Settings(), c.merged) {
		if sl := c.slotOf(text); sl != nil {
			c.kept[path] = sl
			continue
		}
		if !isReference(text) {
			c.fresh[path] = text
			continue
		}
		// Who may not set references sends back the ones that were shown. That keeps them, and is no entering.
		if sl := c.shown(path, text); sl != nil && !c.admin {
			c.kept[path] = sl
			continue
		}
		if err := c.permits(text); err != nil {
			errs.Add(path, "%s", err)
			continue
		}
		c.fresh[path] = text
	}
}

// shown finds the stored reference that a patch sends back.
func (c *settling) shown(path, text string) *slot {
	for _, sl := range c.slots {
		if sl.ref && sl.text == text && pattern(sl.path) == pattern(path) {
			return sl
		}
	}
	return nil
}

var listIndex = regexp.MustCompile(`\.[0-9]+(\.|$)`)

// pattern is a path without the places in lists.
func pattern(path string) string { return listIndex.ReplaceAllString(path, "[]$1") }

// permits says whether the actor may enter a reference.
func (c *settling) permits(text string) error {
	ref, err := parseReference(text)
	if err != nil {
		return err
	}
	if err := c.s.References.permits(c.i.Account, ref); err != nil {
		return err
	}
	if !c.admin {
		return errNotAdmin
	}
	return nil
}

// moved names the setting whose change sends secrets to somebody who did not get them before; empty if there is none.
func (c *settling) moved() string {
	if len(c.slots) == 0 {
		return ""
	}
	before := form.ReplaceSecrets(c.def.Settings(), c.i.Settings, func(path, text string) string {
		for _, sl := range c.slots {
			if sl.path == path {
				return sl.text
			}
		}
		return text
	})
	after := form.ReplaceSecrets(c.def.Settings(), c.merged, func(_, text string) string {
		if sl := c.slotOf(text); sl != nil {
			return sl.text
		}
		return text
	})
	return newDestination(form.Destinations(c.def.Settings(), before), form.Destinations(c.def.Settings(), after))
}

// newDestination names the first setting that has a value after which it had not before. That a destination is gone
// tells nobody anything.
func newDestination(before, after map[string][]string) string {
	var names []string
	for name, values := range after {
		if slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(before[name], v) }) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// check puts every secret into its place and checks the whole. What was given up, or a kept reference that stands for
// nothing at the moment, cannot be checked, and what is said about such a place is left out.
func (c *settling) check(errs *form.Errors) json.RawMessage {
	unknown := map[string]bool{}
	for _, e := range *errs {
		unknown[e.Path] = true
	}
	plain := form.ReplaceSecrets(c.def.Settings(), c.merged, func(path, text string) string {
		value, known := c.value(path, text, errs)
		if !known {
			unknown[path] = true
			return form.Mask
		}
		return value
	})
	found, _ := form.AsErrors(form.Decode(plain, c.def.Settings()))
	for _, e := range found {
		if !unknown[e.Path] {
			*errs = append(*errs, e)
		}
	}
	return plain
}

// value is what stands at one place for the connector.
func (c *settling) value(path, text string, errs *form.Errors) (value string, known bool) {
	sl, kept := c.kept[path]
	switch {
	case kept && sl.voided:
		return "", false
	case kept && sl.err != nil:
		errs.Add(path, "cannot be unsealed (%s): enter it again", sl.err)
		return "", false
	case kept && !sl.ref:
		return sl.text, true
	case kept:
		value, err := c.s.refer(c.i, path, sl.text)
		if err != nil {
			c.broken = err
		}
		return value, err == nil
	case !isReference(text):
		return text, true
	case c.fresh[path] == "":
		return "", false // it was refused
	}
	value, err := c.s.refer(c.i, path, text)
	if ref := (*RefError)(nil); errors.As(err, &ref) {
		errs.Add(path, "%s %s", ref.Reference, ref.Err)
	}
	return value, err == nil
}

// seal gives the settings as they are stored.
func (c *settling) seal(out *settled) error {
	var failed error
	out.secrets = map[string][]byte{}
	out.masked = form.ReplaceSecrets(c.def.Settings(), c.merged, func(path, text string) string {
		sl, kept := c.kept[path]
		switch {
		case kept && sl.voided:
			return form.Mask
		case kept && sl.ref:
			return sl.text
		case kept && sl.path == path && sl.sealed != nil:
			out.secrets[path] = sl.sealed
			return form.Mask
		case kept:
			text = sl.text
		case isReference(text):
			return text
		}
		sealed, err := c.s.Sealer.Seal(form.NewSecret(text), aad(c.i, path))
		if err != nil {
			failed = fmt.Errorf("sealing setting %s: %w", path, err)
		}
		out.secrets[path] = sealed
		return form.Mask
	})
	return failed
}

// plain gives an integration's settings with every secret unsealed, and what references stand for, in their places. The
// result never leaves memory. Errors: VoidedError, RefError, a failure to unseal.
func (s *Service) plain(i store.Integration, def connector.Definition) (json.RawMessage, error) {
	if len(i.Voided) > 0 {
		return nil, &VoidedError{Paths: i.Voided}
	}
	var failed error
	plain := form.ReplaceSecrets(def.Settings(), i.Settings, func(path, text string) string {
		sl := s.slot(i, path, text)
		if sl.err != nil {
			failed = fmt.Errorf("unsealing setting %s of integration %s: %w", path, idText(i), sl.err)
		}
		if !sl.ref {
			return sl.text
		}
		value, err := s.refer(i, path, text)
		if err != nil {
			failed = err
		}
		return value
	})
	return plain, failed
}

// refer gives what a stored reference stands for now.
func (s *Service) refer(i store.Integration, path, text string) (string, error) {
	ref, err := parseReference(text)
	if err != nil {
		return "", &RefError{Setting: path, Reference: event.Clip(text, 40), Err: err}
	}
	value, err := s.References.resolve(i.Account, ref)
	if err != nil {
		return "", &RefError{Setting: path, Reference: ref.String(), Err: err}
	}
	return value, nil
}

// aad binds a sealed secret to its place, so that a row's secrets cannot be moved to another.
func aad(i store.Integration, path string) seal.AAD {
	return seal.AAD{Account: i.Account, Integration: i.ID, Field: path}
}
