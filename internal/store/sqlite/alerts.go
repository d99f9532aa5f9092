package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// alertBody is what of an alert no list is ordered or cut by. Its names are short: there are many.
type alertBody struct {
	Key         string            `json:"k"`
	Title       string            `json:"t,omitempty"`
	Description string            `json:"d,omitempty"`
	Endpoint    string            `json:"ep,omitempty"`
	RuleID      string            `json:"ri,omitempty"`
	RuleName    string            `json:"rn,omitempty"`
	Actor       string            `json:"ac,omitempty"`
	RiskScore   *float64          `json:"rs,omitempty"`
	URL         string            `json:"u,omitempty"`
	TLP         string            `json:"tlp,omitempty"`
	Entities    []event.Entity    `json:"e,omitempty"`
	Mitre       []string          `json:"m,omitempty"`
	Tags        []string          `json:"tg,omitempty"`
	Labels      map[string]string `json:"l,omitempty"`
	Geo         json.RawMessage   `json:"g,omitempty"`
	Network     json.RawMessage   `json:"nw,omitempty"`
	OrderingKey string            `json:"o,omitempty"`
	Bare        bool              `json:"b,omitempty"`
	RatedAt     int64             `json:"ra,omitempty"`
	Count       uint64            `json:"c,omitempty"`
	Told        uint64            `json:"ct,omitempty"`
	StatusAt    int64             `json:"sa,omitempty"`
	FirstEvent  []byte            `json:"fe"`
	LastEvent   []byte            `json:"le"`
}

func encodeAlert(a *store.Alert) ([]byte, error) {
	b, err := json.Marshal(alertBody{
		Key: a.Key, Title: a.Title, Description: a.Description, Endpoint: a.Endpoint, RuleID: a.RuleID, RuleName: a.RuleName,
		Actor: a.Actor, RiskScore: a.RiskScore, URL: a.URL, TLP: a.TLP, Entities: a.Entities, Mitre: a.Mitre, Tags: a.Tags,
		Labels: a.Labels, Geo: a.Geo, Network: a.Network, OrderingKey: a.OrderingKey, Bare: a.Bare, RatedAt: micros(a.RatedAt),
		Count: a.Count, Told: a.Told, StatusAt: micros(a.StatusAt), FirstEvent: a.FirstEvent[:], LastEvent: a.LastEvent[:],
	})
	if err != nil {
		return nil, fmt.Errorf("encoding alert %s: %w", a.ID.Text(event.PrefixAlert), err)
	}
	return b, nil
}

// riskless stands for an alert without a risk score; it sorts below 0.
const riskless = -1

// riskOf is a risk score as lists are ordered by it.
func riskOf(a *store.Alert) int64 {
	if a.RiskScore == nil {
		return riskless
	}
	return int64(math.Round(min(max(*a.RiskScore, 0), 100) * 1000))
}

// resolvedAt is when an alert was resolved; 0 if it is not.
func resolvedAt(a *store.Alert) int64 {
	if a.Status != event.AlertResolved {
		return 0
	}
	return max(micros(a.StatusAt), 1)
}

// alertFrom is what a whole alert is read from; scanAlert reads it in the order of alertColumns.
const (
	alertColumns = `a.id, a.account, a.first_seen, a.last_seen, a.incident, a.version,
		c.status, c.severity, c.alert_type, c.project, c.source, c.assignee, c.country, b.body`
	alertFrom = ` FROM alerts a JOIN alert_cells c ON c.id = a.cell JOIN alert_bodies b ON b.n = a.n`
)

func scanAlert(r row, a *store.Alert) error {
	var b alertBody
	err := r.Scan(idCol{&a.ID}, textCol[event.Account]{&a.Account}, timeCol{&a.FirstSeen}, timeCol{&a.LastSeen}, &a.Incident, &a.Version,
		textCol[string]{&a.Status}, &a.Severity, textCol[string]{&a.AlertType}, textCol[string]{&a.Project},
		textCol[string]{&a.Source}, textCol[string]{&a.Assignee}, textCol[string]{&a.Country}, jsonCol{&b})
	a.Key, a.Title, a.Description, a.Endpoint, a.RuleID, a.RuleName = b.Key, b.Title, b.Description, b.Endpoint, b.RuleID, b.RuleName
	a.Actor, a.RiskScore, a.URL, a.TLP, a.Entities, a.Mitre, a.Tags = b.Actor, b.RiskScore, b.URL, b.TLP, b.Entities, b.Mitre, b.Tags
	a.Labels, a.Geo, a.Network, a.OrderingKey, a.Bare, a.RatedAt = b.Labels, b.Geo, b.Network, b.OrderingKey, b.Bare, fromMicros(b.RatedAt)
	a.Count, a.Told, a.StatusAt = b.Count, b.Told, fromMicros(b.StatusAt)
	copy(a.FirstEvent[:], b.FirstEvent)
	copy(a.LastEvent[:], b.LastEvent)
	return err
}

// GetAlert implements store.Alerts.
func (s *Store) GetAlert(ctx context.Context, account event.Account, id event.ID) (store.Alert, error) {
	return get(ctx, s.cases, scanAlert, `SELECT `+alertColumns+alertFrom+` WHERE a.id = ? AND a.account = ?`, id[:], string(account))
}

// idsAtOnce is how many ids one query names.
const idsAtOnce = 500

// GetAlerts implements store.Alerts.
func (s *Store) GetAlerts(ctx context.Context, ids []event.ID) (list []store.Alert, err error) {
	for len(ids) > 0 {
		some := ids[:min(len(ids), idsAtOnce)]
		ids = ids[len(some):]
		args := make([]any, len(some))
		for i := range some {
			args[i] = some[i][:]
		}
		part, err := all(ctx, s.cases, scanAlert, `SELECT `+alertColumns+alertFrom+` WHERE a.id IN (`+placeholders(len(args))+`)`, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	return list, nil
}

// CountNewAlerts implements store.Alerts.
func (s *Store) CountNewAlerts(ctx context.Context, account event.Account, from, to time.Time) ([]store.DayCount, error) {
	const day = int64(24 * time.Hour / time.Microsecond)
	scan := func(r row, d *store.DayCount) error {
		var n int64
		err := r.Scan(&d.Severity, &n, &d.Count)
		d.Day = time.UnixMicro(n * day).UTC()
		return err
	}
	return all(ctx, s.cases, scan, `SELECT c.severity, a.first_seen / ?, count(*) FROM alert_cells c JOIN alerts a ON a.cell = c.id
		WHERE c.account = ? AND a.first_seen >= ? AND a.first_seen < ? GROUP BY 1, 2 ORDER BY 2, 1`,
		day, string(account), micros(from), micros(to))
}

// CountResolved implements store.Alerts.
func (s *Store) CountResolved(ctx context.Context, account event.Account, from, to time.Time) (int, error) {
	scan := func(r row, n *int) error { return r.Scan(n) }
	return get(ctx, s.cases, scan, `SELECT count(*) FROM alerts WHERE account = ? AND resolved_at > 0 AND resolved_at >= ? AND resolved_at < ?`,
		string(account), micros(from), micros(to))
}
