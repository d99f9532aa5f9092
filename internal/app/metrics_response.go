package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
)

// responseCollector reads how blocks and responders stand when the metrics are asked for.
type responseCollector metrics

var (
	responderLabels = []string{"account", "integration", "kind"}

	descBlocks        = desc("tocsin_blocks", "Blocks by state; those that ended are counted until they are forgotten.", "account", "state")
	descPlacements    = desc("tocsin_block_placements", "Blocks at a responder by where they stand there.", append([]string{"state"}, responderLabels...)...)
	descKillSwitch    = desc("tocsin_response_kill_switch", "1 while the account's kill switch is on: nothing is blocked or repaired.", "account")
	descEntries       = desc("tocsin_responder_entries", "Entries that the responder's vendor holds, those of others included.", responderLabels...)
	descOurs          = desc("tocsin_responder_own_entries", "Entries there that are Tocsin's, or may be.", responderLabels...)
	descRoom          = desc("tocsin_responder_capacity", "Entries that the responder can hold; absent when not known.", responderLabels...)
	descFailing       = desc("tocsin_responder_failing", "1 while the responder's last cycle failed.", responderLabels...)
	descWarnings      = desc("tocsin_responder_warnings", "How many things keep blocks there from having an effect.", responderLabels...)
	descReconciled    = desc("tocsin_responder_last_cycle_timestamp_seconds", "When the responder was last read without an error, Unix time.", responderLabels...)
	descRulesBehind   = desc("tocsin_response_rules_behind_frames", "Frames of the journal that response rules have not looked at yet.")
	descRulesLooked   = desc("tocsin_response_rules_looked_total", "Events that response rules looked at since the start.")
	descRulesMatched  = desc("tocsin_response_rules_matched_total", "Events that a response rule wanted since the start.")
	descRulesLost     = desc("tocsin_response_rules_lost_total", "Events that response rules could not look at because they could not be read, since the start.")
	descReconcileTime = desc("tocsin_responder_cycle_seconds", "How long the responder's last cycle took.", responderLabels...)
)

// Describe sends nothing: the collector is unchecked, as responders come and go.
func (c *responseCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the state of the rules, and of every account that has responders.
func (c *responseCollector) Collect(out chan<- prometheus.Metric) {
	c.collectRules(out)
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, account := range c.h.trust.accounts.Names() {
		states := c.h.reconcile.States(account)
		if len(states) == 0 {
			continue
		}
		gauge(descKillSwitch, truth(c.h.respond.PolicyOf(account).KillSwitch), string(account))
		counts, err := c.h.respond.Counts(context.Background(), account)
		if err != nil {
			continue // the store fails, which other metrics show
		}
		for state, n := range counts.Blocks {
			gauge(descBlocks, float64(n), string(account), string(state))
		}
		for i := range states {
			s := &states[i]
			labels := []string{string(account), s.Integration.Text(event.PrefixIntegration), s.Kind}
			for state, n := range counts.Placements[s.Integration] {
				gauge(descPlacements, float64(n), append([]string{string(state)}, labels...)...)
			}
			collectResponder(gauge, s, labels)
		}
	}
}

func (c *responseCollector) collectRules(out chan<- prometheus.Metric) {
	s := c.h.rules.Stats()
	out <- prometheus.MustNewConstMetric(descRulesBehind, prometheus.GaugeValue, float64(s.Behind))
	for d, n := range map[*prometheus.Desc]uint64{descRulesLooked: s.Looked, descRulesMatched: s.Matched, descRulesLost: s.Lost} {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
}

func collectResponder(gauge func(*prometheus.Desc, float64, ...string), s *reconcile.State, labels []string) {
	gauge(descFailing, truth(s.Error != ""), labels...)
	gauge(descWarnings, float64(len(s.Warnings)), labels...)
	gauge(descReconcileTime, s.Took.Seconds(), labels...)
	if s.Ready {
		gauge(descEntries, float64(s.Used), labels...)
		gauge(descOurs, float64(s.Ours), labels...)
	}
	if s.Capacity > 0 {
		gauge(descRoom, float64(s.Capacity), labels...)
	}
	if !s.LastCycle.IsZero() {
		gauge(descReconciled, float64(s.LastCycle.Unix()), labels...)
	}
}
