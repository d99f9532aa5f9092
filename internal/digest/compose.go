package digest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// How many days the trend shows, by period: enough to compare with.
const (
	dailyTrend  = 7
	weeklyTrend = 28
)

// compose finds out what a digest holds. What cannot be found out is named in it: a digest with a gap is better than none.
func (s *Service) compose(ctx context.Context, i *store.Integration, period string, at slot) (Digest, error) {
	d := Digest{
		Period: period, Timezone: at.at.Location().String(), From: at.from.UTC(), To: at.at.UTC(), Alerts: map[string]int{"total": 0},
		Days: []DigestDay{}, Entities: []DigestCount{}, Rules: []DigestCount{}, Sources: []DigestCount{}, Incidents: []DigestIncident{}, Failing: []DigestFailing{},
	}
	for _, name := range event.Severities() {
		d.Alerts[name] = 0
	}
	if s.PublicURL != "" {
		d.URL = s.PublicURL + "/alerts"
	}
	for _, part := range []struct {
		name string
		find func() (known bool, err error)
	}{
		{"alerts", func() (bool, error) { return s.Alerts != nil, s.alerts(ctx, &d, i.Account, at) }},
		{"trend", func() (bool, error) { return s.Alerts != nil, s.trend(ctx, &d, i.Account, at) }},
		{"incidents", func() (bool, error) { return s.Incidents != nil, s.incidents(ctx, &d, i.Account) }},
		{"failing", func() (bool, error) { return s.Deliveries != nil, s.failing(&d, i) }},
	} {
		known, err := part.find()
		if ctx.Err() != nil {
			return d, fmt.Errorf("composing a digest: %w", context.Cause(ctx))
		}
		if err != nil {
			s.Log.Warn("a part of a digest is missing", slog.String("integration", i.ID.Text(event.PrefixIntegration)),
				slog.String("part", part.name), slog.Any("error", err))
		}
		if err != nil || !known {
			d.Missing = append(d.Missing, part.name)
		}
	}
	d.clip(MaxRows, maxName)
	return d, nil
}

func (s *Service) alerts(ctx context.Context, d *Digest, account event.Account, at slot) error {
	if s.Alerts == nil {
		return nil
	}
	sum, err := s.Alerts.Summary(ctx, account, at.from, at.at)
	if err != nil {
		return fmt.Errorf("summing up the alerts: %w", err)
	}
	for severity, n := range sum.New {
		if _, ok := d.Alerts[severity]; ok && severity != "total" {
			d.Alerts[severity] += n
			d.Alerts["total"] += n
		}
	}
	d.Open, d.Acknowledged, d.Resolved = sum.Open, sum.Acked, sum.Resolved
	d.Entities, d.Rules, d.Sources = copied(sum.Entities), copied(sum.Rules), copied(sum.Sources)
	return nil
}

// trend has more days than the digest is about.
func (s *Service) trend(ctx context.Context, d *Digest, account event.Account, at slot) error {
	if s.Alerts == nil {
		return nil
	}
	length := dailyTrend
	if d.Period == connector.Weekly {
		length = weeklyTrend
	}
	sum, err := s.Alerts.Summary(ctx, account, at.at.AddDate(0, 0, -length), at.at)
	if err != nil {
		return fmt.Errorf("counting the alerts by day: %w", err)
	}
	counts := map[string]map[string]int{}
	for _, day := range sum.Days {
		counts[day.Day] = day.Counts
	}
	// Days without alerts are days too. They are counted at noon, which no change of clocks comes near to.
	last := at.at.UTC()
	for n := length - 1; n >= 0; n-- {
		day := time.Date(last.Year(), last.Month(), last.Day()-n, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
		of := map[string]int{}
		for _, name := range event.Severities() {
			if c := counts[day][name]; c > 0 {
				of[name] = c
			}
		}
		d.Days = append(d.Days, DigestDay{Day: day, Counts: of})
	}
	return nil
}

func (s *Service) incidents(ctx context.Context, d *Digest, account event.Account) error {
	if s.Incidents == nil {
		return nil
	}
	list, err := s.Incidents.OpenIncidents(ctx, account, MaxCounted)
	if err != nil {
		return fmt.Errorf("listing the open incidents: %w", err)
	}
	d.IncidentsOpen = len(list)
	slices.SortStableFunc(list, func(a, b store.Incident) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, i := range list[:min(len(list), MaxRows)] {
		row := DigestIncident{
			Number: fmt.Sprintf("INC-%d", i.Number), Title: i.Title, Severity: i.Severity.String(), Status: i.Status, Owner: i.Owner,
			CreatedAt: i.CreatedAt.UTC(),
		}
		if s.PublicURL != "" {
			row.URL = s.PublicURL + "/incidents/" + row.Number
		}
		d.Incidents = append(d.Incidents, row)
	}
	return nil
}

// failing lists the account's other integrations that do not deliver: this one does, or nobody reads it.
func (s *Service) failing(d *Digest, self *store.Integration) error {
	if s.Deliveries == nil {
		return nil
	}
	own := self.ID.Text(event.PrefixIntegration)
	for _, f := range s.Deliveries.Failing(self.Account) {
		if f.ID == own {
			continue
		}
		if s.PublicURL != "" {
			f.URL = s.PublicURL + "/integrations/" + f.ID
		}
		d.FailingCount++
		d.Failing = append(d.Failing, f)
	}
	return nil
}

// copied is a list that can be changed, and is never nil.
func copied(list []DigestCount) []DigestCount { return append([]DigestCount{}, slices.Clip(list)...) }
