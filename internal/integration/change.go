package integration

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxRetries bounds how often a change without a version is applied anew because another came first.
const maxRetries = 5

// Create makes an integration from the object that a caller sent. Errors: form.Errors with every wrong field,
// UnknownKindError, NameTakenError, whatever CheckKind and the Recorder say.
func (s *Service) Create(ctx context.Context, account event.Account, raw json.RawMessage) (store.Integration, error) {
	in, errs := parseInput(raw)
	if in.Kind == nil {
		if len(errs) == 0 || errs[0].Path != "" {
			errs.Add("kind", "is required")
		}
		return store.Integration{}, errs
	}
	def, err := s.kind(*in.Kind)
	if err != nil {
		return store.Integration{}, err
	}
	if err := s.CheckKind(account, def.Kind.Name); err != nil {
		return store.Integration{}, err
	}
	now := s.Now().UTC()
	i := store.Integration{
		ID: event.NewID(), Account: account, Kind: def.Kind.Name, Enabled: true, Version: 1,
		Settings: json.RawMessage(`{}`), Subscription: json.RawMessage(`{}`), Delivery: json.RawMessage(`{}`),
		CreatedAt: now, UpdatedAt: now,
	}
	if in.Settings == nil {
		in.Settings = json.RawMessage(`{}`) // so that the settings are checked: a required one may be missing
	}
	defer s.Sealer.Hold()()
	i, err = s.apply(ctx, i, def, in, errs)
	if err != nil {
		return store.Integration{}, err
	}

	s.changes.Lock()
	defer s.changes.Unlock()
	err = s.recorded(ctx, actCreate, store.Integration{Account: account}, i, "", func(ctx context.Context) error {
		i.Say = s.sayCreated(i)
		defer func() { i.Say = nil }()
		err := s.Store.CreateIntegration(ctx, i)
		switch {
		case errors.Is(err, store.ErrConflict):
			return &NameTakenError{Kind: i.Kind, Name: i.Name}
		case err != nil:
			return fmt.Errorf("storing a new %s integration: %w", i.Kind, err)
		}
		return nil
	})
	if err != nil {
		return store.Integration{}, err
	}
	return i, s.tellLanes(ctx, i)
}

// Update applies a merge patch. With a version above 0 the change is refused with ErrVersion unless the integration
// still has that version. Secrets that the patch leaves out or sends masked are kept, unless the patch changes the
// destination: then they are given up and the integration is held until they are entered again (store.Integration.Voided).
// Errors: as Create, and ErrNotFound.
func (s *Service) Update(ctx context.Context, account event.Account, id event.ID, version int64, raw json.RawMessage) (store.Integration, error) {
	in, errs := parseInput(raw)
	return s.change(ctx, actUpdate, account, id, version, func(i store.Integration) (store.Integration, error) {
		if in.Kind != nil && *in.Kind != i.Kind {
			return i, append(errs, form.FieldError{Path: "kind", Message: "cannot be changed: make a new integration"})
		}
		def, err := s.kind(i.Kind)
		if err != nil {
			return i, err
		}
		changed, err := s.apply(ctx, i, def, in, errs)
		if err != nil {
			return changed, err
		}
		return changed, s.checkPlace(ctx, i, changed, def)
	})
}

// change reads, changes, records and stores an integration, and tells the lanes. With version 0 it begins again when
// another change came first.
func (s *Service) change(ctx context.Context, action string, account event.Account, id event.ID, version int64,
	edit func(store.Integration) (store.Integration, error)) (store.Integration, error) {
	defer s.Sealer.Hold()()
	s.changes.Lock()
	defer s.changes.Unlock()
	for try := 1; ; try++ {
		old, err := s.Get(ctx, account, id)
		if err != nil {
			return store.Integration{}, err
		}
		if version > 0 && old.Version != version {
			return store.Integration{}, ErrVersion
		}
		i, err := edit(old)
		if err != nil {
			return store.Integration{}, err
		}
		if i.Enabled && !old.Enabled {
			if err := s.CheckKind(account, i.Kind); err != nil {
				return store.Integration{}, err
			}
		}
		i.UpdatedAt = s.Now().UTC()
		note := ""
		if i.DisabledReason != old.DisabledReason {
			note = i.DisabledReason
		}
		err = s.recorded(ctx, action, old, i, note, func(ctx context.Context) error {
			return s.save(ctx, old, i)
		})
		if err == nil {
			i.Version++
			return i, s.tellLanes(ctx, i)
		}
		if !errors.Is(err, store.ErrConflict) {
			return store.Integration{}, err
		}
		// The store says conflict for a taken name and for a newer version (another process may share it).
		now, err := s.Get(ctx, account, id)
		switch {
		case err != nil:
			return store.Integration{}, err
		case now.Version == old.Version:
			return store.Integration{}, &NameTakenError{Kind: i.Kind, Name: i.Name}
		case version > 0 || try == maxRetries:
			return store.Integration{}, ErrVersion
		}
	}
}

// save stores a change together with what is said about it.
func (s *Service) save(ctx context.Context, old, i store.Integration) error {
	i.Say = s.sayChanged(old, i)
	if err := s.Store.UpdateIntegration(ctx, i); err != nil {
		return fmt.Errorf("storing integration %s: %w", idText(i), err)
	}
	return nil
}

// tellLanes passes a stored change on. An error leaves the row as stored: the next start applies it.
func (s *Service) tellLanes(ctx context.Context, i store.Integration) error {
	// The change is stored; a caller who hangs up must not keep it from the lanes.
	if err := s.Lanes.Apply(context.WithoutCancel(ctx), i); err != nil {
		return fmt.Errorf("telling the lanes about integration %s: %w", i.ID.Text(event.PrefixIntegration), err)
	}
	return nil
}

// apply puts the given fields into i and checks them all; errs are what was found before.
func (s *Service) apply(ctx context.Context, i store.Integration, def connector.Definition, in input, errs form.Errors) (store.Integration, error) {
	set(&i.Name, in.Name)
	set(&i.Owner, in.Owner)
	set(&i.RotateBy, in.RotateBy)
	checkName(i.Name, &errs)
	checkLine("owner", i.Owner, MaxOwnerLength, &errs)
	checkDate("rotate_by", i.RotateBy, &errs)
	if in.Enabled != nil {
		i = switched(i, *in.Enabled, "")
	}
	set(&i.Paused, in.Paused)
	if err := collect(&errs, "fallback", s.applyFallback(ctx, &i, def, in.Fallback)); err != nil {
		return i, err
	}

	now := settled{masked: i.Settings, secrets: i.Secrets, set: i.SecretsSet, voided: i.Voided}
	if in.Settings != nil {
		var err error
		now, err = s.settle(ctx, i, def, in.Settings)
		if err := collect(&errs, "settings", err); err != nil {
			return i, err
		}
	}
	sub, err := applySubscription(i.Subscription, in.Subscription)
	if err == nil && def.Responds() {
		err = checkNoSubscription(sub, def.Kind)
	}
	if err := collect(&errs, "subscription", err); err != nil {
		return i, err
	}
	delivery, err := applyDelivery(i.Delivery, in.Delivery, def.Kind)
	if err := collect(&errs, "delivery", err); err != nil {
		return i, err
	}
	if len(errs) > 0 {
		return i, errs
	}
	i.Settings, i.Secrets, i.SecretsSet, i.Voided = now.masked, now.secrets, now.set, now.voided
	i.Subscription, i.Delivery = sub, delivery
	if err := collect(&errs, "delivery", s.checkNoise(i, def, now.plain)); err != nil || len(errs) > 0 {
		return i, cmp.Or(err, errs.Err())
	}
	return i, nil
}

func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// collect adds field errors below prefix; any other error comes back.
func collect(errs *form.Errors, prefix string, err error) error {
	if err == nil {
		return nil
	}
	fields, ok := form.AsErrors(err)
	if !ok {
		return err
	}
	for _, e := range fields {
		*errs = append(*errs, form.FieldError{Path: strings.Trim(prefix+"."+e.Path, "."), Message: e.Message})
	}
	return nil
}
