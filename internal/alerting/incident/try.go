package incident

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a trial.
const (
	MaxTried    = 10_000 // alerts
	mostGroups  = 100    // incidents that a trial tells of one by one
	mostMembers = 20     // alerts that it names of each
)

// RuleTrial is what a rule would have made of an account's newest alerts.
type RuleTrial struct {
	Looked    int          `json:"looked" doc:"How many alerts the rule was tried on."`
	Matched   int          `json:"matched" doc:"How many of them it looks at."`
	Grouped   int          `json:"grouped" doc:"How many of them would be under an incident."`
	Failed    int          `json:"failed" doc:"For how many its expression fails; they are left alone."`
	Incidents int          `json:"incidents" doc:"How many incidents it would have made."`
	Items     []TriedGroup `json:"items" doc:"The first 100 of them."`
}

// TriedGroup is one incident that a rule would have made.
type TriedGroup struct {
	Key      string    `json:"key" doc:"What the alerts share." example:"ip:203.0.113.7"`
	Title    string    `json:"title" doc:"Its title."`
	Severity string    `json:"severity" doc:"Its severity: the highest of its alerts." example:"high"`
	Alerts   int       `json:"alerts" doc:"How many alerts it would have."`
	From     time.Time `json:"from" doc:"When it would have been made: the alert that was one too many was last seen then."`
	AlertIDs []string  `json:"alert_ids" doc:"The first 20 of the alerts."`
}

// Try says what a rule would have made of an account's newest alerts, in the order in which they were last seen. It does
// nothing. Alerts count as if none were under an incident; an incident of a trial is never closed. Errors: form.Errors.
func (s *Service) Try(ctx context.Context, account event.Account, raw json.RawMessage, last int) (RuleTrial, error) {
	t := RuleTrial{Items: []TriedGroup{}}
	r, err := ParseRule(raw)
	if err != nil {
		return t, err
	}
	c, err := compile(event.NewID(), 1, r)
	if err != nil {
		return t, err
	}
	alerts, err := s.deps.Store.RecentAlerts(ctx, account, minTime, min(max(last, 1), MaxTried))
	if err != nil {
		return t, fmt.Errorf("reading the alerts to try a rule on: %w", err)
	}
	slices.Reverse(alerts)
	return t, s.try(ctx, &t, c, account, alerts)
}

func (s *Service) try(ctx context.Context, t *RuleTrial, c *compiled, account event.Account, alerts []store.Alert) error {
	world := &pretended{open: map[store.RuleKey]int{}, taken: map[event.ID]bool{}}
	seen := newWindow(maxMembers)
	for i := range alerts {
		a := alerts[i]
		a.Incident, a.Status = 0, event.AlertOpen
		v := &viewed{Alert: &a}
		if ok, err := c.matches(v); err == nil && ok {
			t.Matched++
		}
		d := decision{s: s, window: seen, store: world, account: account, at: a.LastSeen, touched: map[event.ID]*viewed{a.ID: v}, order: []*viewed{v}, claimed: map[event.ID]bool{}}
		if err := d.rule(ctx, c); err != nil {
			return err
		}
		t.Looked++
		t.Failed += d.failed
		for _, g := range d.made {
			t.take(world, g, a.LastSeen)
		}
	}
	return nil
}

func (t *RuleTrial) take(world *pretended, g grouping, at time.Time) {
	t.Grouped += len(g.ids)
	for _, id := range g.ids {
		world.taken[id] = true
	}
	if g.join == 0 {
		t.Incidents++
		world.open[store.RuleKey{Rule: g.rule.id, Key: g.key}] = t.Incidents
		if len(t.Items) < mostGroups {
			t.Items = append(t.Items, TriedGroup{
				Key: g.key, Title: g.title, Severity: g.level.String(), Alerts: len(g.ids), From: at, AlertIDs: alertTexts(g.ids, mostMembers),
			})
		}
		return
	}
	if n := int(g.join) - 1; n < len(t.Items) {
		item := &t.Items[n]
		item.Alerts += len(g.ids)
		if was, _ := event.ParseSeverity(item.Severity); g.level > was {
			item.Severity = g.level.String()
		}
		item.AlertIDs = append(item.AlertIDs, alertTexts(g.ids, mostMembers-len(item.AlertIDs))...)
	}
}

// pretended is the store of a trial: what it has made so far.
type pretended struct {
	open  map[store.RuleKey]int // the incident, counted from 1
	taken map[event.ID]bool     // alerts under one
}

// OpenRuleIncidents implements reader.
func (p *pretended) OpenRuleIncidents(_ context.Context, account event.Account, keys []store.RuleKey, _ int) (map[store.RuleKey]store.Incident, error) {
	found := map[store.RuleKey]store.Incident{}
	for _, k := range keys {
		if number, ok := p.open[k]; ok {
			found[k] = store.Incident{Account: account, Number: int64(number), RuleKey: k.Key, Status: event.IncidentNew}
		}
	}
	return found, nil
}

// AlertIncidents implements reader.
func (p *pretended) AlertIncidents(_ context.Context, _ event.Account, alerts []event.ID) (map[event.ID]int64, error) {
	found := make(map[event.ID]int64, len(alerts))
	for _, id := range alerts {
		if found[id] = 0; p.taken[id] {
			found[id] = 1
		}
	}
	return found, nil
}
