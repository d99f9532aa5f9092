package app

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest"
)

// metrics is what /metrics shows. What the rooms count already is read when it is asked for, so that it costs nothing
// on the way of an event.
type metrics struct {
	registry *prometheus.Registry
	h        *hub

	requests *prometheus.CounterVec
	events   *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	took     prometheus.Histogram
	refused  *prometheus.CounterVec
	sources  *prometheus.CounterVec
}

var _ ingest.Observer = (*metrics)(nil)

func newMetrics(h *hub) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), h: h,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_ingest_requests_total", Help: "Ingest requests by source and HTTP status.",
		}, []string{"source", "status"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_ingest_events_total", Help: "Events by source and result (accepted, rejected, dropped by a mapping rule).",
		}, []string{"source", "result"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tocsin_ingest_bytes_total", Help: "Bytes of ingest bodies by source, as they were sent.",
		}, []string{"source"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tocsin_ingest_seconds", Help: "Time from a request's header to its answer, the sync included.",
			Buckets: deliver.LatencyBounds(),
		}),
	}
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tocsin_refused_requests_total", Help: "Requests that were not let in, by reason.",
	}, []string{"reason"})
	m.sources = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tocsin_source_requests_total", Help: "Requests to source endpoints by dialect and result (accepted, repeated, invalid, refused, failed).",
	}, []string{"dialect", "result"})
	m.registry.MustRegister(m.sources, m.requests, m.events, m.bytes, m.took, m.refused, (*stateCollector)(m), (*caseCollector)(m), (*responseCollector)(m), (*trustCollector)(m), (*syslogCollector)(m),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Ingested counts one request.
func (m *metrics) Ingested(o ingest.Observation) {
	m.requests.WithLabelValues(o.Source, strconv.Itoa(o.Status)).Inc()
	m.events.WithLabelValues(o.Source, "accepted").Add(float64(o.Accepted))
	if o.Rejected > 0 {
		m.events.WithLabelValues(o.Source, "rejected").Add(float64(o.Rejected))
	}
	if o.Dropped > 0 {
		m.events.WithLabelValues(o.Source, "dropped").Add(float64(o.Dropped))
	}
	m.bytes.WithLabelValues(o.Source).Add(float64(o.WireBytes))
	m.took.Observe(o.Took.Seconds())
	if o.Endpoint {
		m.sources.WithLabelValues(o.Source, result(o)).Inc()
	}
}

// result is what came of a request, in a word.
func result(o ingest.Observation) string {
	switch {
	case o.Replayed:
		return "repeated"
	case o.Status < http.StatusMultipleChoices:
		return "accepted"
	case o.Status == http.StatusUnauthorized || o.Status == http.StatusForbidden:
		return "refused"
	case o.Status < http.StatusInternalServerError && o.Status != http.StatusTooManyRequests:
		return "invalid"
	}
	return "failed"
}

// stateCollector reads the journal's and the lanes' state when the metrics are asked for.
type stateCollector metrics

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	laneLabels = []string{"account", "integration", "kind"}

	descJournalBytes  = desc("tocsin_journal_bytes", "Bytes of the journal on disk.")
	descJournalFrame  = desc("tocsin_journal_last_frame", "Number of the newest frame.")
	descJournalDamage = desc("tocsin_journal_quarantined_total", "Damaged stretches of the journal found since the start.")
	descJournalFree   = desc("tocsin_journal_free_bytes", "Free bytes of the journal's file system.")
	descBehind        = desc("tocsin_journal_lag_events", "Events in the journal that the integration has not come to yet.", laneLabels...)
	descLag           = desc("tocsin_delivery_lag_seconds", "Age of the oldest event that is not settled.", laneLabels...)
	descDeliveries    = desc("tocsin_deliveries", "The integration's counts by state; see the API's stats.", append([]string{"state"}, laneLabels...)...)
	descAttempts      = desc("tocsin_delivery_attempts_total", "Attempts by outcome since the start.", append([]string{"outcome"}, laneLabels...)...)
	descLatency       = desc("tocsin_delivery_seconds", "Latency of successful attempts, by delivery.", laneLabels...)
	descMailbox       = desc("tocsin_mailbox_deliveries", "Deliveries in the failure mailbox.", laneLabels...)
	descBreaker       = desc("tocsin_breaker_open", "1 while the integration's breaker is open.", laneLabels...)
	descAddsUp        = desc("tocsin_counts_add_up", "1 while the integration's counts add up.", laneLabels...)
	descMapping       = desc("tocsin_mapping_rule_events_total", "Events by mapping rule and result (matched, dropped, failed); saved every 15 s.", "account", "rule", "result")
	descStartTime     = desc("tocsin_start_time_seconds", "When the process started serving, Unix time.")
	processStart      = time.Now()
)

// Describe sends nothing: the collector is unchecked, as the lanes come and go.
func (c *stateCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the state.
func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	j := c.h.journal.Stats()
	gauge(descJournalBytes, float64(j.Bytes))
	gauge(descJournalFrame, float64(j.Last))
	gauge(descJournalDamage, float64(j.Quarantined))
	gauge(descJournalFree, float64(j.FreeBytes))
	gauge(descStartTime, float64(processStart.Unix()))
	for _, s := range c.h.deliver.AllStats() {
		collectLane(out, gauge, s)
	}
	for _, m := range c.h.mapping.AllCounts() {
		for result, n := range map[string]uint64{"matched": m.Matched, "dropped": m.Dropped, "failed": m.Failed} {
			out <- prometheus.MustNewConstMetric(descMapping, prometheus.CounterValue, float64(n),
				string(m.Account), m.ID.Text(event.PrefixMapping), result)
		}
	}
}

func collectLane(out chan<- prometheus.Metric, gauge func(*prometheus.Desc, float64, ...string), s deliver.IntegrationStats) {
	labels := []string{string(s.Account), s.Integration.Text(event.PrefixIntegration), s.Kind}
	with := func(first string) []string { return append([]string{first}, labels...) }
	gauge(descBehind, float64(s.Counts.Behind), labels...)
	gauge(descLag, s.Lag.Seconds(), labels...)
	gauge(descMailbox, float64(s.Counts.Mailbox), labels...)
	gauge(descBreaker, truth(s.Breaker == "open"), labels...)
	gauge(descAddsUp, truth(s.AddsUp), labels...)
	for state, n := range map[string]uint64{
		"journalled": s.Counts.Journalled, "matched": s.Counts.Matched, "filtered": s.Counts.Filtered,
		"delivered": s.Counts.Delivered, "waiting": s.Counts.Waiting, "parked": s.Counts.Parked,
		"mailbox": s.Counts.Mailbox, "discarded": s.Counts.Discarded, "expired": s.Counts.Expired,
		"skipped": s.Counts.Skipped, "lost": s.Counts.Lost, "where_failed": s.Counts.WhereFailed,
	} {
		gauge(descDeliveries, float64(n), with(state)...)
	}
	for outcome, n := range s.Attempts {
		out <- prometheus.MustNewConstMetric(descAttempts, prometheus.CounterValue, float64(n), with(string(outcome))...)
	}
	buckets, sum := map[float64]uint64{}, uint64(0)
	for i, bound := range deliver.LatencyBounds() {
		if i < len(s.Latency.Buckets) {
			sum += s.Latency.Buckets[i]
		}
		buckets[bound] = sum
	}
	out <- prometheus.MustNewConstHistogram(descLatency, s.Latency.Count, s.Latency.Sum.Seconds(), buckets, labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
