package respond

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The settings of the kill switch.
const (
	settingKill   = "kill_switch"
	settingReason = "kill_reason"
)

// Policy gives an account's policy; an account that has saved none has its parent's, or the defaults. The policy is what
// holds: a kill switch of an account above counts. The document is the account's own, or the one that it has from above
// without its kill switch. Version is 0 if the account has saved none.
func (s *Service) Policy(_ context.Context, account event.Account) (p guard.Policy, document json.RawMessage, version int64, err error) {
	t, parents := s.terms.Load(), s.parents(account)
	document, version = t.document(account, parents)
	return t.policy(account, parents), document, version, nil
}

// document is the one that an account's changes begin with.
func (t *terms) document(account event.Account, parents []event.Account) (json.RawMessage, int64) {
	if own, known := t.policies[account]; known {
		return guard.PolicyDocument(own.row.Document), own.row.Version
	}
	for _, a := range parents {
		if above, known := t.policies[a]; known {
			p := above.policy
			p.KillSwitch, p.KillReason = false, ""
			return p.Document(), 0
		}
	}
	return guard.DefaultPolicy().Document(), 0 // all settings, those that are off as well
}

// SetPolicy changes it by a JSON merge patch. A version above 0 must be the account's own. form.Errors, ErrVersion.
func (s *Service) SetPolicy(ctx context.Context, account event.Account, version int64, patch json.RawMessage) (document json.RawMessage, next int64, err error) {
	return s.changePolicy(ctx, "response.policy", account, version, patch, "")
}

// Kill turns the kill switch on or off. form.Errors.
func (s *Service) Kill(ctx context.Context, account event.Account, on bool, reason string) error {
	var errs form.Errors
	if checkText(&errs, "reason", reason); len(errs) > 0 {
		return errs
	}
	if !on {
		reason = ""
	}
	_, _, err := s.changePolicy(ctx, "response.kill_switch", account, 0, encode(map[string]any{settingKill: on, settingReason: line(reason, guard.MaxReason)}), reason)
	return err
}

func (s *Service) changePolicy(ctx context.Context, action string, account event.Account, version int64, patch json.RawMessage, note string) (document json.RawMessage, next int64, err error) {
	if err := s.claim(ctx); err != nil {
		return nil, 0, err
	}
	defer s.unclaim()
	t := s.terms.Load()
	was, now := t.document(account, s.parents(account))
	if version > 0 && version != now {
		return nil, 0, ErrVersion
	}
	merged, err := patched(was, patch)
	if err != nil {
		return nil, 0, err
	}
	p, err := guard.ParsePolicy(merged)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the policy: %w", err)
	}
	row := store.ResponsePolicy{Account: account, Document: p.Document(), Version: now, UpdatedAt: s.now()}
	a := act.Act{Account: account, Action: action, Target: string(account), Before: was, After: row.Document, Note: note}
	err = s.do(ctx, a, func(ctx context.Context) error {
		err := s.deps.Store.SaveResponsePolicy(context.WithoutCancel(ctx), row)
		if errors.Is(err, store.ErrConflict) {
			return ErrVersion
		}
		if err != nil {
			return fmt.Errorf("storing the policy: %w", err)
		}
		row.Version++
		s.terms.Store(t.with(func(t *terms) { t.policies[account] = saved{row, p} }))
		s.settle(ctx, account)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	s.nudgeBelow(account)
	return row.Document, row.Version, nil
}

// nudgeBelow has all responders look, of an account and of those below.
func (s *Service) nudgeBelow(account event.Account) {
	var ids []event.ID
	for _, a := range s.below(account) {
		for _, r := range s.deps.Responders.States(a) {
			ids = append(ids, r.Integration)
		}
	}
	s.nudge(ids)
}

// patched changes the members of an object; a null takes one away. The error is form.Errors.
func patched(document, patch json.RawMessage) (json.RawMessage, error) {
	var fields, changes map[string]json.RawMessage
	if json.Unmarshal(document, &fields) != nil || fields == nil {
		fields = map[string]json.RawMessage{}
	}
	if json.Unmarshal(patch, &changes) != nil || changes == nil {
		return nil, form.Errors{{Message: "must be an object"}}
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(fields, name)
		} else {
			fields[name] = change
		}
	}
	return encode(fields), nil
}
