package incident

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Decide says what the account's rules make of alerts that were just made or changed: new incidents, and alerts that join
// one. Whoever asks stores the writes in the transaction that stores the alerts, after them. Asked again after a
// transaction that failed, it decides the same; after one that did not, it makes no second incident.
func (s *Service) Decide(ctx context.Context, account event.Account, touched []store.Alert) ([]store.IncidentWrite, error) {
	rules := (*s.sets.Load())[account]
	if len(rules) == 0 || len(touched) == 0 {
		return nil, nil
	}
	s.deciding.Lock()
	defer s.deciding.Unlock()
	d := decision{s: s, window: s.window, store: s.deps.Store, account: account, at: s.now(), touched: map[event.ID]*viewed{}, claimed: map[event.ID]bool{}}
	for i := range touched {
		v := &viewed{Alert: &touched[i]}
		d.touched[v.ID] = v
		d.order = append(d.order, v)
	}
	for _, r := range rules {
		if err := d.rule(ctx, r); err != nil {
			return nil, fmt.Errorf("deciding by incident rule %s: %w", r.id.Text(event.PrefixRule), err)
		}
	}
	s.window.sweep(d.at.Add(-keepWindows * MaxWindow))
	return d.writes, nil
}

// reader is what a decision looks up.
type reader interface {
	OpenRuleIncidents(ctx context.Context, account event.Account, keys []store.RuleKey, most int) (map[store.RuleKey]store.Incident, error)
	AlertIncidents(ctx context.Context, account event.Account, alerts []event.ID) (map[event.ID]int64, error)
}

// decision is one call of Decide.
type decision struct {
	s       *Service
	window  *window
	store   reader
	account event.Account
	at      time.Time
	touched map[event.ID]*viewed
	order   []*viewed
	claimed map[event.ID]bool // alerts that a write links already: an alert is in one incident at most
	writes  []store.IncidentWrite
	made    []grouping // what writes stand for, for trials
	failed  int        // expressions
}

// grouping is what one write brings together.
type grouping struct {
	rule  *compiled
	key   string
	join  int64 // 0: a new incident
	title string
	level event.Severity
	ids   []event.ID
}

// rule decides by one rule.
func (d *decision) rule(ctx context.Context, r *compiled) error {
	keys, alerts := d.collect(r)
	if len(keys) == 0 {
		return nil
	}
	wanted := make([]store.RuleKey, len(keys))
	for i, key := range keys {
		wanted[i] = store.RuleKey{Rule: r.id, Key: key}
	}
	open, err := d.store.OpenRuleIncidents(ctx, d.account, wanted, MaxAlerts)
	if err != nil {
		return err
	}
	for _, k := range wanted {
		if i, ok := open[k]; ok {
			d.join(r, i, d.unclaimed(alerts[k.Key]))
		}
	}
	for _, k := range wanted {
		if _, ok := open[k]; ok {
			continue
		}
		if err := d.create(ctx, r, k.Key, d.unclaimed(alerts[k.Key])); err != nil {
			return err
		}
	}
	return nil
}

// collect brings the touched alerts into the window, and gives their keys in the order in which they were met.
func (d *decision) collect(r *compiled) (keys []string, alerts map[string][]*viewed) {
	alerts = map[string][]*viewed{}
	for _, v := range d.order {
		if d.claimed[v.ID] {
			continue
		}
		ok, err := r.matches(v)
		if err != nil {
			d.failed++
			d.s.deps.Log.Debug("an incident rule cannot be evaluated for an alert", slog.String("rule", r.id.Text(event.PrefixRule)),
				slog.String("alert", v.ID.Text(event.PrefixAlert)), slog.Any("error", err))
		}
		if !ok {
			continue
		}
		gone := v.Incident > 0 || v.Status == event.AlertResolved
		for _, key := range r.keys(v) {
			name := groupKey{r.id, r.version, key}
			if gone {
				d.window.drop(name, func(m member) bool { return m.alert == v.ID })
				continue
			}
			d.window.put(name, member{v.ID, v.LastSeen, d.at, v.Severity}, keepWindows*r.window)
			if _, known := alerts[key]; !known {
				keys = append(keys, key)
			}
			alerts[key] = append(alerts[key], v)
		}
	}
	return keys, alerts
}

func (d *decision) unclaimed(list []*viewed) []*viewed {
	return slices.DeleteFunc(list, func(v *viewed) bool { return d.claimed[v.ID] })
}

// join puts alerts under the open incident of their key.
func (d *decision) join(r *compiled, i store.Incident, list []*viewed) {
	if len(list) == 0 {
		return
	}
	g := grouping{rule: r, key: i.RuleKey, join: i.Number}
	for _, v := range list {
		d.claimed[v.ID] = true
		g.ids = append(g.ids, v.ID)
		g.level = max(g.level, v.Severity)
	}
	d.made = append(d.made, g)
	alerts := copies(list)
	at := d.at
	d.writes = append(d.writes, store.IncidentWrite{
		Incident: store.Incident{Account: d.account, Number: i.Number}, Link: g.ids, Stay: true, IfMoved: true,
		Amend: func(now store.Incident) (store.Incident, error) {
			if now.Status == event.IncidentClosed { // meanwhile: its key begins to count anew
				return now, store.ErrUnchanged
			}
			now.UpdatedAt = at
			now = take(now, alerts)
			return now, nil
		},
		Tell: d.s.ruleTeller(r, verbLink, i.Number),
	})
}

// create makes an incident if there are enough alerts of a key within the window.
func (d *decision) create(ctx context.Context, r *compiled, key string, list []*viewed) error {
	g := d.window.groups[groupKey{r.id, r.version, key}]
	if len(list) == 0 || g == nil {
		return nil
	}
	wanted := func(id event.ID) bool { return slices.ContainsFunc(list, func(v *viewed) bool { return v.ID == id }) }
	free := func(id event.ID) bool { return !d.claimed[id] }
	found := span(g.members, r.window, wanted, free)
	if len(found) < r.Threshold {
		return nil
	}
	if err := d.verify(ctx, g, found); err != nil {
		return err
	}
	if found = span(g.members, r.window, wanted, free); len(found) < r.Threshold {
		return nil
	}
	made := grouping{rule: r, key: key}
	for _, m := range found {
		d.claimed[m.alert] = true
		made.ids = append(made.ids, m.alert)
		made.level = max(made.level, m.severity)
	}
	newest := list[len(list)-1]
	made.title = r.titleOf(key, len(found), newest.Title)
	d.made = append(d.made, made)
	i := store.Incident{
		Account: d.account, Status: event.IncidentNew, Severity: made.level, Title: made.title, Project: projectOf(copies(list)), Rule: r.id, RuleKey: key,
		CreatedAt: d.at, UpdatedAt: d.at,
	}
	i = take(i, copies(list))
	d.writes = append(d.writes, store.IncidentWrite{
		Incident: i, Link: made.ids, Stay: true, IfMoved: true, Tell: d.s.ruleTeller(r, verbCreate, 0),
		// The same alerts at the same event make one incident, however often the fold is stored.
		Once: strings.Join([]string{"rule", r.id.Text(event.PrefixRule), key, newest.ID.Text(event.PrefixAlert), newest.LastEvent.Text(event.PrefixEvent),
			strconv.FormatUint(newest.Count, 10)}, " "),
	})
	return nil
}

// verify asks the store for the alerts of a group that this call has not touched, and takes out those that are under an
// incident by now, or gone.
func (d *decision) verify(ctx context.Context, g *group, found []member) error {
	var ask []event.ID
	for _, m := range found {
		if d.touched[m.alert] == nil {
			ask = append(ask, m.alert)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	at, err := d.store.AlertIncidents(ctx, d.account, ask)
	if err != nil {
		return err
	}
	d.window.drop(g.name, func(m member) bool {
		number, known := at[m.alert]
		return slices.Contains(ask, m.alert) && (!known || number > 0)
	})
	return nil
}

// copies are the alerts without what was made of them: a write outlives the call.
func copies(list []*viewed) []store.Alert {
	out := make([]store.Alert, len(list))
	for i, v := range list {
		out[i] = *v.Alert
	}
	return out
}

// projectOf is the project that all alerts have; empty if they have several.
func projectOf(list []store.Alert) string {
	if len(list) == 0 || slices.ContainsFunc(list, func(a store.Alert) bool { return a.Project != list[0].Project }) {
		return ""
	}
	return event.Clip(oneLine(list[0].Project), event.MaxName)
}

// titleOf fills in the title. What is filled in is not looked at again.
func (r *Rule) titleOf(key string, count int, alert string) string {
	text := strings.NewReplacer("{count}", strconv.Itoa(count), "{key}", key, "{rule}", r.Name, "{alert}", alert).Replace(r.Title)
	if text = event.Clip(oneLine(text), MaxTitle); text == "" {
		return event.Clip(oneLine(r.Name), MaxTitle)
	}
	return text
}

// ruleTeller tells of what a rule did.
func (s *Service) ruleTeller(r *compiled, verb string, number int64) func(store.IncidentDone) ([]store.CaseEntry, []store.Said) {
	return func(d store.IncidentDone) ([]store.CaseEntry, []store.Said) {
		t := &teller{s: s, change: alerting.Change{By: r.Name, Via: "rule"}, verb: verb, number: number}
		return t.tell(d)
	}
}
