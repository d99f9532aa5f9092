package mapping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// List gives an account's rules in the order in which they run, with their counts as they are now.
func (s *Service) List(ctx context.Context, account event.Account) ([]store.MappingRule, error) {
	rows, err := s.deps.Store.ListMappingRules(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("listing the mapping rules of account %s: %w", account, err)
	}
	for i := range rows {
		s.countInto(&rows[i])
	}
	return rows, nil
}

// Get gives one rule. Its error is ErrNotFound, or the store's.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.MappingRule, error) {
	row, err := s.deps.Store.GetMappingRule(ctx, account, id)
	if err != nil {
		return row, worded(err)
	}
	s.countInto(&row)
	return row, nil
}

// Create makes a rule, which runs from now on. Errors: form.Errors, ErrNameTaken, ErrFull.
func (s *Service) Create(ctx context.Context, account event.Account, raw json.RawMessage) (store.MappingRule, error) {
	r, err := s.parse(account, raw)
	if err != nil {
		return store.MappingRule{}, err
	}
	now := s.deps.Now().UTC()
	row := store.MappingRule{ID: event.NewID(), Account: account, Version: 1, CreatedAt: now, UpdatedAt: now}
	fill(&row, r)
	s.change.Lock()
	defer s.change.Unlock()
	list, err := s.deps.Store.ListMappingRules(ctx, account)
	switch {
	case err != nil:
		return row, fmt.Errorf("listing the mapping rules of account %s: %w", account, err)
	case len(list) >= MaxRules:
		return row, ErrFull
	}
	a := act.Act{Account: account, Action: "mapping.create", Target: row.ID.Text(event.PrefixMapping), After: shown(row)}
	err = s.do(ctx, a, account, func(ctx context.Context) error { return s.deps.Store.CreateMappingRule(ctx, row) })
	if errors.Is(err, store.ErrConflict) {
		return row, ErrNameTaken
	}
	return row, worded(err)
}

// Update changes a rule by a JSON merge patch. With a version above 0 it is refused with ErrVersion unless the rule still
// has that version. Errors: form.Errors, ErrNotFound, ErrVersion, ErrNameTaken.
func (s *Service) Update(ctx context.Context, account event.Account, id event.ID, version int64, patch json.RawMessage) (store.MappingRule, error) {
	if _, ok := objectOf(patch); !ok {
		return store.MappingRule{}, form.Errors{{Message: "must be an object"}}
	}
	s.change.Lock()
	defer s.change.Unlock()
	old, err := s.at(ctx, account, id, version)
	if err != nil {
		return old, err
	}
	was, err := ruleOf(old)
	if err != nil {
		return old, err
	}
	merged, err := merge(encode(was), patch)
	if err != nil {
		return old, err
	}
	r, err := s.parse(account, merged)
	if err != nil {
		return old, err
	}
	row := old
	if fill(&row, r); string(shown(row)) == string(shown(old)) {
		return old, nil
	}
	row.UpdatedAt = s.deps.Now().UTC()
	a := act.Act{Account: account, Action: "mapping.update", Target: id.Text(event.PrefixMapping), Before: shown(old), After: shown(row)}
	err = s.do(ctx, a, account, func(ctx context.Context) error { return s.deps.Store.UpdateMappingRule(ctx, row) })
	if errors.Is(err, store.ErrConflict) {
		if row.Name != old.Name { // changes go one after the other, so it is not the version
			return old, ErrNameTaken
		}
		return old, ErrVersion
	}
	if err != nil {
		return old, worded(err)
	}
	row.Version++
	return row, nil
}

// Delete deletes a rule. Errors: ErrNotFound, ErrVersion.
func (s *Service) Delete(ctx context.Context, account event.Account, id event.ID, version int64) error {
	s.change.Lock()
	defer s.change.Unlock()
	old, err := s.at(ctx, account, id, version)
	if err != nil {
		return err
	}
	a := act.Act{Account: account, Action: "mapping.delete", Target: id.Text(event.PrefixMapping), Before: shown(old)}
	err = s.do(ctx, a, account, func(ctx context.Context) error {
		return s.deps.Store.DeleteMappingRule(ctx, account, id, old.Version)
	})
	if errors.Is(err, store.ErrConflict) {
		return ErrVersion
	}
	if err == nil {
		s.forget(id)
	}
	return worded(err)
}

// at reads a rule that is to be changed.
func (s *Service) at(ctx context.Context, account event.Account, id event.ID, version int64) (store.MappingRule, error) {
	row, err := s.Get(ctx, account, id)
	if err == nil && version > 0 && row.Version != version {
		return row, ErrVersion
	}
	return row, err
}

// do records and does a change, and lets the rules run as they are then.
func (s *Service) do(ctx context.Context, a act.Act, account event.Account, f func(context.Context) error) error {
	return act.Do(ctx, s.deps.Recorder, a, func(ctx context.Context) error {
		if err := f(ctx); err != nil {
			return err
		}
		// The change is stored: whoever asked must not keep it from running by hanging up.
		return s.reload(context.WithoutCancel(ctx), account)
	})
}

// parse reads and checks a rule of an account.
func (s *Service) parse(account event.Account, raw json.RawMessage) (Rule, error) {
	r, err := Parse(raw)
	if err != nil {
		return r, err
	}
	return r, s.checkAccount(account, r)
}
