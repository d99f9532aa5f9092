package rule

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Create makes a rule, in shadow mode, for events from now on. Errors: form.Errors, ErrNameTaken, ErrFull.
func (s *Service) Create(ctx context.Context, account event.Account, raw json.RawMessage) (store.ResponseRule, error) {
	row, err := parse(raw)
	if err != nil {
		return row, err
	}
	if row.Mode != Shadow {
		return row, form.Errors{{Path: "mode", Message: "starts in shadow mode; look at what it would have done, then change the mode"}}
	}
	now := s.now()
	row.ID, row.Account, row.Version, row.CreatedAt, row.UpdatedAt, row.ShadowSince = event.NewID(), account, 1, now, now, now
	actor := act.From(ctx)
	row.Author = event.Clip(cmp.Or(actor.Name, actor.ID, actor.Kind), event.MaxName)
	s.change.Lock()
	defer s.change.Unlock()
	if len(s.rules.Load().rows[account]) >= MaxRules {
		return row, ErrFull
	}
	a := act.Act{Account: account, Action: "response_rule.create", Target: row.ID.Text(event.PrefixResponse), After: Document(row)}
	err = s.do(ctx, a, func(ctx context.Context) error { return s.deps.Store.CreateResponseRule(ctx, row) })
	if errors.Is(err, store.ErrConflict) {
		return row, ErrNameTaken
	}
	return row, worded(err)
}

// Update changes a rule by a JSON merge patch. With a version above 0 it is refused with respond.ErrVersion unless the
// rule still has that version. A change of what it looks at or of what it blocks puts the rule back into shadow mode, and
// the mode is changed by a patch that leaves both as they are: nobody lets loose what nobody has seen. Errors: form.Errors,
// respond.ErrNoRule, respond.ErrVersion, ErrNameTaken.
func (s *Service) Update(ctx context.Context, account event.Account, id event.ID, version int64, patch json.RawMessage) (store.ResponseRule, error) {
	s.change.Lock()
	defer s.change.Unlock()
	old, err := s.at(ctx, account, id, version)
	if err != nil {
		return old, err
	}
	row, err := s.merged(old, patch)
	if err != nil || string(Document(row)) == string(Document(old)) {
		return old, err
	}
	row.UpdatedAt = s.now()
	if row.Mode == Shadow && (old.Mode != Shadow || changed(&row, &old)) {
		row.ShadowSince = row.UpdatedAt
	}
	a := act.Act{Account: account, Action: "response_rule.update", Target: id.Text(event.PrefixResponse), Before: Document(old), After: Document(row)}
	err = s.do(ctx, a, func(ctx context.Context) error { return s.deps.Store.UpdateResponseRule(ctx, row) })
	if errors.Is(err, store.ErrConflict) {
		if row.Name != old.Name { // changes go one after the other, so it is not the version
			return old, ErrNameTaken
		}
		return old, respond.ErrVersion
	}
	if err != nil {
		return old, worded(err)
	}
	row.Version++
	return row, nil
}

// merged is a rule as a patch makes it.
func (s *Service) merged(old store.ResponseRule, patch json.RawMessage) (store.ResponseRule, error) {
	fields, err := objectOf(patch)
	if err != nil {
		return old, err
	}
	for _, name := range readOnly {
		delete(fields, name)
	}
	read, err := parse(form.Merge(new(Spec), Document(old), encode(fields)))
	if err != nil {
		return old, err
	}
	row := old
	row.Name, row.Enabled, row.Mode, row.Subscription, row.Document = read.Name, read.Enabled, read.Mode, read.Subscription, read.Document
	if !changed(&row, &old) {
		return row, nil
	}
	if _, named := fields["mode"]; named && row.Mode != Shadow {
		return old, form.Errors{{Path: "mode", Message: "cannot be changed together with what the rule looks at or blocks: that puts it into shadow mode; " +
			"look at what it would have done, then change the mode"}}
	}
	row.Mode = Shadow
	return row, nil
}

// changed says whether two versions of a rule look at or block something else.
func changed(a, b *store.ResponseRule) bool {
	return string(a.Subscription) != string(b.Subscription) || string(a.Document) != string(b.Document)
}

// Delete deletes a rule; the blocks that it made stay. Errors: respond.ErrNoRule, respond.ErrVersion.
func (s *Service) Delete(ctx context.Context, account event.Account, id event.ID, version int64) error {
	s.change.Lock()
	defer s.change.Unlock()
	old, err := s.at(ctx, account, id, version)
	if err != nil {
		return err
	}
	a := act.Act{Account: account, Action: "response_rule.delete", Target: id.Text(event.PrefixResponse), Before: Document(old)}
	return worded(s.do(ctx, a, func(ctx context.Context) error { return s.deps.Store.DeleteResponseRule(ctx, account, id) }))
}

func (s *Service) at(ctx context.Context, account event.Account, id event.ID, version int64) (store.ResponseRule, error) {
	row, err := s.Get(ctx, account, id)
	if err == nil && version > 0 && row.Version != version {
		return row, respond.ErrVersion
	}
	return row, err
}

// do records and does a change, and lets the rules run as they are then.
func (s *Service) do(ctx context.Context, a act.Act, f func(context.Context) error) error {
	return act.Do(ctx, s.deps.Recorder, a, func(ctx context.Context) error {
		if err := f(ctx); err != nil {
			return err
		}
		// The change is stored: whoever asked must not keep it from running by hanging up.
		return s.reload(context.WithoutCancel(ctx))
	})
}
