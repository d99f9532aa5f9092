package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// openCases makes what folds alerts. Nothing runs yet.
func (h *hub) openCases() {
	h.alerts = alerting.New(alerting.Deps{
		Store: h.telling(), Journal: h.journal, Recorder: h.trust.audit, MaxAge: h.cfg.Alerts.MaxAge, Rules: h.incidents, Log: h.log,
	})
}

// sweep lets the journal go of what is before a position: alerts of it are folded, response rules have looked at it, and
// lanes have counted what they have not read.
func (h *hub) sweep(ctx context.Context, before journal.Position) error {
	if err := h.alerts.Sweep(ctx, before); err != nil {
		return err
	}
	if err := h.rules.Sweep(ctx, before); err != nil {
		return err
	}
	return h.deliver.Sweep(ctx, before)
}

// foldMark is how far alerts are folded.
func foldMark(ctx context.Context, s store.Alerts) (journal.Position, error) {
	mark, _, err := s.LoadFold(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return mark, fmt.Errorf("reading how far alerts are folded: %w", err)
	}
	return mark, nil
}

// SaveFold implements store.Alerts.
func (t telling) SaveFold(ctx context.Context, f store.Fold) error {
	var heard overheard
	f.Incidents = slices.Clone(f.Incidents) // the caller may save them again
	for i := range f.Incidents {
		t.overhear(&heard, &f.Incidents[i])
	}
	err := t.Store.SaveFold(ctx, f)
	if err == nil {
		t.changedAlerts(f.Alerts)
		t.tellOverheard(&heard)
	}
	if err == nil && len(f.Incidents) > 0 {
		t.pump.Wake()
	}
	return t.tell(err, f.Say)
}

// ChangeAlerts implements store.Alerts.
func (t telling) ChangeAlerts(ctx context.Context, writes []store.AlertWrite) error {
	var said []store.Said
	var changed []store.Alert
	for i := range writes {
		said = append(said, writes[i].Say...)
		if !writes[i].Unchanged && t.news.Watched() {
			changed = append(changed, writes[i].Alert)
		}
	}
	err := t.Store.ChangeAlerts(ctx, writes)
	if err == nil {
		t.changedAlerts(changed)
	}
	return t.tell(err, said)
}

var (
	descAlertLag    = desc("tocsin_alerts_lag_events", "Events in the journal that alerts are not folded from yet.")
	descAlertAge    = desc("tocsin_alerts_lag_seconds", "Age of the oldest event that was read and is not folded yet.")
	descAlertFolded = desc("tocsin_alerts_folded_total", "Events that were folded into alerts since the start.")
	descAlertLost   = desc("tocsin_alerts_lost_total", "Events that could not be folded because they could not be read, since the start.")
	descAlertPruned = desc("tocsin_alerts_pruned_total", "Alerts that were deleted because of their age, since the start.")
)

// caseCollector reads the state of alerting when the metrics are asked for.
type caseCollector metrics

// Describe sends nothing: the collector is unchecked.
func (c *caseCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the state.
func (c *caseCollector) Collect(out chan<- prometheus.Metric) {
	s := c.h.alerts.Stats()
	for d, v := range map[*prometheus.Desc]float64{descAlertLag: float64(s.Lag), descAlertAge: s.Age.Seconds()} {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	for d, n := range map[*prometheus.Desc]uint64{descAlertFolded: s.Folded, descAlertLost: s.Lost + s.Refused, descAlertPruned: s.Pruned} {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
}
