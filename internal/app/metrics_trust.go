package app

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
)

// trustCollector reads what the audit record and the people's room count.
type trustCollector metrics

var (
	descAuditHead    = desc("tocsin_audit_entries", "Number of the audit record's last entry.")
	descAuditRefused = desc("tocsin_audit_refused_acts_total", "Acts that were not done because they could not be written down.")
	descAuditWaiting = desc("tocsin_audit_waiting_outcomes", "Outcomes of acts that wait to be written down.")
	descAuditLost    = desc("tocsin_audit_lost_outcomes_total", "Outcomes that could not be written down and were given up.")
	descOutbox       = desc("tocsin_outbox_waiting", "Facts that wait to become events.")
	descOutboxLost   = desc("tocsin_outbox_dropped_total", "Facts that were dropped because too many waited.")
)

// Describe sends nothing: the collector is unchecked.
func (c *trustCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the counts.
func (c *trustCollector) Collect(out chan<- prometheus.Metric) {
	value := func(d *prometheus.Desc, kind prometheus.ValueType, v float64) {
		out <- prometheus.MustNewConstMetric(d, kind, v)
	}
	a := c.h.trust.audit.Stats()
	value(descAuditHead, prometheus.GaugeValue, float64(a.Head))
	value(descAuditRefused, prometheus.CounterValue, float64(a.Refused))
	value(descAuditWaiting, prometheus.GaugeValue, float64(a.Waiting))
	value(descAuditLost, prometheus.CounterValue, float64(a.Lost))
	if n, err := c.h.store.CountOutbox(context.Background()); err == nil {
		value(descOutbox, prometheus.GaugeValue, float64(n.Waiting))
		value(descOutboxLost, prometheus.CounterValue, float64(n.Dropped))
	}
}

// serveMetrics shows the metrics to the networks of metrics.allow and to the operator's keys: they name every account
// and integration.
func (h *hub) serveMetrics() http.Handler {
	metrics := promhttp.HandlerFor(h.metrics.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.maySeeMetrics(r) {
			metrics.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="tocsin"`)
		http.Error(w, "metrics are for the networks of metrics.allow, and for an administrator's key of the account default", http.StatusUnauthorized)
	})
}

func (h *hub) maySeeMetrics(r *http.Request) bool {
	// What a proxy passes on without being trusted may come from anywhere.
	forwarded := false
	if len(h.cfg.TrustedProxies) == 0 {
		for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via", "X-Forwarded-Proto", "X-Forwarded-Host"} {
			forwarded = forwarded || len(r.Header[name]) > 0
		}
	}
	if a, err := netip.ParseAddr(h.clientIP(r)); err == nil && !forwarded {
		for _, p := range h.cfg.Metrics.Allow {
			if p.Contains(a.Unmap()) {
				return true
			}
		}
	}
	key := identity.FromRequest(r)
	if key == "" {
		return false
	}
	visit, err := h.trust.gate.Enter(r.Context(), gate.Knock{Key: key, Address: h.clientIP(r)})
	return err == nil && visit.Operator()
}
