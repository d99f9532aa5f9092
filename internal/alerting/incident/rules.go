package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxRead is how many alerts are read back for the windows of rules.
const maxRead = 50_000

// loadRules reads the rules of all accounts, and the alerts that they look back at.
func (s *Service) loadRules(ctx context.Context) error {
	rows, err := s.deps.Store.AllIncidentRules(ctx)
	if err != nil {
		return fmt.Errorf("reading the incident rules: %w", err)
	}
	by := map[event.Account][]store.IncidentRule{}
	for _, row := range rows {
		by[row.Account] = append(by[row.Account], row)
	}
	sets := map[event.Account][]*compiled{}
	for account, list := range by {
		if set := s.compile(list); len(set) > 0 {
			sets[account] = set
		}
	}
	s.sets.Store(&sets)
	for account := range sets {
		if err := s.look(ctx, account); err != nil {
			return err
		}
	}
	return nil
}

// compile makes the set of an account: its enabled rules by position and id.
func (s *Service) compile(rows []store.IncidentRule) []*compiled {
	slices.SortFunc(rows, func(a, b store.IncidentRule) int {
		if a.Position != b.Position {
			return a.Position - b.Position
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	var set []*compiled
	for _, row := range rows {
		if !row.Enabled {
			continue
		}
		r, err := RuleOf(row)
		var c *compiled
		if err == nil {
			c, err = compile(row.ID, row.Version, r)
		}
		if err != nil { // it was checked when it was saved: what can be said has changed since
			s.deps.Log.Error("an incident rule is not valid any more and does not run", slog.String("rule", row.ID.Text(event.PrefixRule)),
				slog.String("account", string(row.Account)), slog.Any("error", err))
			continue
		}
		set = append(set, c)
	}
	return set
}

// look brings the alerts of an account that came a little while ago into the windows of its rules.
func (s *Service) look(ctx context.Context, account event.Account) error {
	rules := (*s.sets.Load())[account]
	var longest time.Duration
	for _, r := range rules {
		longest = max(longest, r.window)
	}
	if longest == 0 {
		return nil
	}
	now := s.now()
	alerts, err := s.deps.Store.RecentAlerts(ctx, account, now.Add(-keepWindows*longest), maxRead)
	if err != nil {
		return fmt.Errorf("reading the recent alerts of account %s: %w", account, err)
	}
	slices.Reverse(alerts) // the oldest first
	s.deciding.Lock()
	defer s.deciding.Unlock()
	for i := range alerts {
		v := &viewed{Alert: &alerts[i]}
		if v.Incident > 0 || v.Status == event.AlertResolved {
			continue
		}
		added := v.LastSeen
		if added.After(now) { // a sender's clock
			added = now
		}
		for _, r := range rules {
			if ok, err := r.matches(v); err != nil || !ok {
				continue
			}
			for _, key := range r.keys(v) {
				s.window.put(groupKey{r.id, r.version, key}, member{v.ID, v.LastSeen, added, v.Severity}, keepWindows*r.window)
			}
		}
	}
	return nil
}

// reload compiles an account's rules anew and swaps them in. The caller holds change.
func (s *Service) reload(ctx context.Context, account event.Account) error {
	rows, err := s.deps.Store.ListIncidentRules(ctx, account)
	if err != nil {
		return fmt.Errorf("reading the incident rules of account %s: %w", account, err)
	}
	set := s.compile(rows)
	old := *s.sets.Load()
	next := make(map[event.Account][]*compiled, len(old)+1)
	for a, list := range old {
		next[a] = list
	}
	if next[account] = set; len(set) == 0 {
		delete(next, account)
	}
	s.sets.Store(&next)
	return s.look(ctx, account)
}

// Rules gives an account's rules in the order in which they are asked.
func (s *Service) Rules(ctx context.Context, account event.Account) ([]store.IncidentRule, error) {
	rows, err := s.deps.Store.ListIncidentRules(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("listing the incident rules of account %s: %w", account, err)
	}
	return rows, nil
}

// Rule gives one rule. Its error is ErrRuleNotFound, or the store's.
func (s *Service) Rule(ctx context.Context, account event.Account, id event.ID) (store.IncidentRule, error) {
	row, err := s.deps.Store.GetIncidentRule(ctx, account, id)
	return row, wordedRule(err)
}

func wordedRule(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrRuleNotFound
	case err != nil:
		return fmt.Errorf("storing an incident rule: %w", err)
	}
	return nil
}

// CreateRule makes a rule, which is asked from now on. Errors: form.Errors, ErrNameTaken, ErrRulesFull.
func (s *Service) CreateRule(ctx context.Context, account event.Account, raw json.RawMessage) (store.IncidentRule, error) {
	r, err := ParseRule(raw)
	if err != nil {
		return store.IncidentRule{}, err
	}
	now := s.now()
	row := store.IncidentRule{ID: event.NewID(), Account: account, Version: 1, CreatedAt: now, UpdatedAt: now}
	fill(&row, r)
	s.change.Lock()
	defer s.change.Unlock()
	list, err := s.Rules(ctx, account)
	switch {
	case err != nil:
		return row, err
	case len(list) >= MaxRules:
		return row, ErrRulesFull
	}
	a := act.Act{Account: account, Action: "incident_rule.create", Target: row.ID.Text(event.PrefixRule), After: row.Spec}
	err = s.doRule(ctx, a, func(ctx context.Context) error { return s.deps.Store.CreateIncidentRule(ctx, row) })
	if errors.Is(err, store.ErrConflict) {
		return row, ErrNameTaken
	}
	return row, wordedRule(err)
}

// UpdateRule changes a rule by a JSON merge patch. With a version above 0 it is refused with ErrVersion unless the rule still
// has that version. Errors: form.Errors, ErrRuleNotFound, ErrVersion, ErrNameTaken.
func (s *Service) UpdateRule(ctx context.Context, account event.Account, id event.ID, version int64, patch json.RawMessage) (store.IncidentRule, error) {
	s.change.Lock()
	defer s.change.Unlock()
	old, err := s.ruleAt(ctx, account, id, version)
	if err != nil {
		return old, err
	}
	merged, err := mergePatch(old.Spec, patch)
	if err != nil {
		return old, err
	}
	r, err := ParseRule(merged)
	if err != nil {
		return old, err
	}
	row := old
	if fill(&row, r); string(row.Spec) == string(old.Spec) {
		return old, nil
	}
	row.UpdatedAt = s.now()
	a := act.Act{Account: account, Action: "incident_rule.update", Target: id.Text(event.PrefixRule), Before: old.Spec, After: row.Spec}
	err = s.doRule(ctx, a, func(ctx context.Context) error { return s.deps.Store.UpdateIncidentRule(ctx, row) })
	if errors.Is(err, store.ErrConflict) {
		if row.Name != old.Name { // changes go one after the other, so it is not the version
			return old, ErrNameTaken
		}
		return old, ErrVersion
	}
	if err != nil {
		return old, wordedRule(err)
	}
	row.Version++
	return row, nil
}

// DeleteRule deletes a rule; the incidents that it made stay. Errors: ErrRuleNotFound, ErrVersion.
func (s *Service) DeleteRule(ctx context.Context, account event.Account, id event.ID, version int64) error {
	s.change.Lock()
	defer s.change.Unlock()
	old, err := s.ruleAt(ctx, account, id, version)
	if err != nil {
		return err
	}
	a := act.Act{Account: account, Action: "incident_rule.delete", Target: id.Text(event.PrefixRule), Before: old.Spec}
	err = s.doRule(ctx, a, func(ctx context.Context) error {
		return s.deps.Store.DeleteIncidentRule(ctx, account, id, old.Version)
	})
	if errors.Is(err, store.ErrConflict) {
		return ErrVersion
	}
	return wordedRule(err)
}

func (s *Service) ruleAt(ctx context.Context, account event.Account, id event.ID, version int64) (store.IncidentRule, error) {
	row, err := s.Rule(ctx, account, id)
	if err == nil && version > 0 && row.Version != version {
		return row, ErrVersion
	}
	return row, err
}

// doRule records and does a change, and lets the rules run as they are then.
func (s *Service) doRule(ctx context.Context, a act.Act, f func(context.Context) error) error {
	return act.Do(ctx, s.deps.Recorder, a, func(ctx context.Context) error {
		if err := f(ctx); err != nil {
			return err
		}
		// The change is stored: whoever asked must not keep it from running by hanging up.
		return s.reload(context.WithoutCancel(ctx), a.Account)
	})
}

// mergePatch applies a JSON merge patch (RFC 7396). The error is form.Errors.
func mergePatch(document, patch json.RawMessage) (json.RawMessage, error) {
	var changes, fields map[string]json.RawMessage
	if json.Unmarshal(patch, &changes) != nil || changes == nil {
		return nil, form.Errors{{Message: "must be an object"}}
	}
	if err := json.Unmarshal(document, &fields); err != nil {
		return nil, fmt.Errorf("reading an incident rule: %w", err)
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(fields, name)
			continue
		}
		if inner, ok := fields[name]; ok && name == "match" && len(change) > 0 && change[0] == '{' {
			merged, err := mergePatch(inner, change)
			if err != nil {
				return nil, err
			}
			change = merged
		}
		fields[name] = change
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("merging a change: %w", err)
	}
	return raw, nil
}
