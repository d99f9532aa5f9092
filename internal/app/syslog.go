package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// openSyslog opens the addresses that are listened on for syslog. Nothing is read before startSyslog.
func (h *hub) openSyslog(ctx context.Context) error {
	list := h.cfg.Syslog.Listeners()
	for i := range list {
		l := &list[i]
		if !h.trust.accounts.IsOpen(event.Account(l.Account)) {
			return fmt.Errorf("syslog.listen: %s://%s: there is no account %q, or it is closed", l.Network, l.Address, l.Account)
		}
		secure, err := h.syslogTLS(l)
		if err != nil {
			return err
		}
		taker, err := h.newTaker(l)
		if err != nil {
			return err
		}
		listener, err := syslog.Listen(ctx, syslog.Config{
			Network: l.Network, Address: l.Address, TLS: secure, Allow: l.Allow,
			MaxMessage: int(h.cfg.Syslog.MaxMessage), MaxConnections: connections(h.cfg.Syslog.MaxConnections),
			Idle: h.cfg.Syslog.Idle, Take: taker.take, Dropped: taker.dropped, Log: h.log,
			Batch: func() int { return h.trust.plans.Batch(taker.principal.Account) },
		})
		if err != nil {
			return err
		}
		h.syslog = append(h.syslog, listener)
		h.closers = append(h.closers, listener.Close)
	}
	return nil
}

// startSyslog serves until stopSyslog; failed is told when one cannot go on.
func (h *hub) startSyslog(loops *sync.WaitGroup, failed chan<- error) {
	for _, l := range h.syslog {
		h.log.Info("listening for syslog", slog.String("address", l.Name()), slog.String("bound", l.Addr().String()))
		loops.Go(func() {
			if err := l.Run(); err != nil {
				select {
				case failed <- err:
				default: // another one was first
				}
			}
		})
	}
}

// stopSyslog takes nothing new; what was read is made durable until ctx is done.
func (h *hub) stopSyslog(ctx context.Context) {
	for _, l := range h.syslog {
		l.Stop(ctx)
	}
}

// syslogTLS makes the configuration of a listener for TLS (RFC 5425); nil for others.
func (h *hub) syslogTLS(l *config.SyslogListener) (*tls.Config, error) {
	if l.Network != "tls" {
		return nil, nil //nolint:nilnil // nothing is needed
	}
	s, cert, key := &h.cfg.Syslog, h.cfg.TLS.Cert, h.cfg.TLS.Key
	if s.Cert != "" {
		cert, key = s.Cert, s.Key
	}
	c, err := newCertificate(cert, key)
	if err != nil {
		return nil, fmt.Errorf("listening for syslog on tls://%s: %w", l.Address, err)
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	if s.ClientCA == "" {
		return secure, nil
	}
	pem, err := os.ReadFile(s.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("reading syslog.tls_client_ca: %w", err)
	}
	secure.ClientCAs = x509.NewCertPool()
	if !secure.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("syslog.tls_client_ca: %s holds no certificate", s.ClientCA)
	}
	secure.ClientAuth = tls.VerifyClientCertIfGiven
	if s.Clients == "required" {
		secure.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return secure, nil
}

// taker hands the messages of one listener to ingest.
type taker struct {
	h         *hub
	name      string
	principal ingest.Principal
	options   ingest.LogOptions
}

func (h *hub) newTaker(l *config.SyslogListener) (*taker, error) {
	zone, err := time.LoadLocation(l.Timezone)
	if err != nil {
		return nil, fmt.Errorf("syslog.timezone: %w", err)
	}
	return &taker{
		h: h, name: l.Network + "://" + l.Address, principal: ingest.Principal{Account: event.Account(l.Account)},
		options: ingest.LogOptions{Zone: zone, Project: l.Project, Labels: l.Labels},
	}, nil
}

// errAccountClosed keeps the messages of a closed account waiting.
var errAccountClosed = errors.New("the listener's account is closed")

// take makes messages durable.
func (t *taker) take(ctx context.Context, lines []syslog.Line) error {
	if !t.h.trust.accounts.IsOpen(t.principal.Account) {
		return errAccountClosed
	}
	s := ingest.Submission{Principal: t.principal, Source: "syslog", Items: t.items(lines), Received: time.Now()}
	for i := range lines {
		s.Bytes += int64(len(lines[i].Bytes))
	}
	_, rejected, err := t.h.ingest.Submit(ctx, s)
	if rejected > 0 {
		t.h.log.Error("syslog messages were not taken although every message can be", slog.String("listener", t.name), slog.Int("messages", rejected))
	}
	return err
}

func (t *taker) items(lines []syslog.Line) iter.Seq2[ingest.Item, error] {
	limits := t.h.ingest.Limits().Event
	return func(yield func(ingest.Item, error) bool) {
		for _, line := range lines {
			if !yield(ingest.LogItem(line, t.options, limits), nil) {
				return
			}
		}
	}
}

// dropped says in an event of its own that messages were lost.
func (t *taker) dropped(ctx context.Context, d syslog.Drops) {
	t.h.log.Warn("syslog messages were dropped", slog.String("listener", d.Listener), slog.Uint64("queue_full", d.Queue),
		slog.Uint64("kernel_buffer_full", d.Kernel))
	said, err := sayDropped(t.principal.Account, d, time.Now().UTC())
	if err == nil {
		err = t.h.store.SaveTick(ctx, store.Tick{Say: []store.Said{said}})
	}
	if err != nil {
		t.h.log.Error("saying that syslog messages were dropped failed", slog.Any("error", err))
		return
	}
	t.h.announce.Wake()
}

// eventsDropped is what is said of messages that found no room.
const eventsDropped = "telemetry.events_dropped"

func sayDropped(account event.Account, d syslog.Drops, now time.Time) (store.Said, error) {
	data, err := json.Marshal(map[string]any{"listener": d.Listener, "queue_full": d.Queue, "kernel_buffer_full": d.Kernel})
	if err != nil {
		return store.Said{}, fmt.Errorf("encoding what is said of dropped messages: %w", err)
	}
	r, err := event.FromEvent(&event.Event{
		Type: eventsDropped, Severity: event.DefaultSeverity(eventsDropped), DedupKey: "syslog-dropped/" + d.Listener, Data: data,
		Title:  fmt.Sprintf("%d syslog messages to %s were dropped: they came faster than they could be stored", d.Queue+d.Kernel, d.Listener),
		Source: &event.Source{Vendor: "tocsin", Product: "tocsin", Instance: event.Clip(d.Listener, event.MaxText)},
	}, event.Origin{Account: account, Received: now}, event.DefaultLimits())
	if err != nil {
		return store.Said{}, fmt.Errorf("making an event of dropped messages: %w", err)
	}
	return store.Said{ID: event.NewID(), Account: account, Type: eventsDropped, Event: r.Body, At: now}, nil
}

// syslogCollector reads the listeners' counts when the metrics are asked for.
type syslogCollector metrics

var (
	descSyslogMessages = desc("tocsin_syslog_messages_total", "Syslog messages that were made durable.", "listener")
	descSyslogBytes    = desc("tocsin_syslog_bytes_total", "Bytes that came to a syslog listener.", "listener")
	descSyslogCut      = desc("tocsin_syslog_cut_total", "Syslog messages that were longer than syslog.max_message: their beginning was taken.", "listener")
	descSyslogDropped  = desc("tocsin_syslog_dropped_total", "Syslog messages that were lost, by reason (queue, kernel, stop).", "listener", "reason")
	descSyslogRefused  = desc("tocsin_syslog_refused_total",
		"Syslog connections and datagrams that were refused or ended, by reason (network, connections, handshake, slow).", "listener", "reason")
	descSyslogRetries = desc("tocsin_syslog_retries_total", "Times that syslog messages had to wait because they could not be made durable.", "listener")
	descSyslogOpen    = desc("tocsin_syslog_connections", "Open syslog connections.", "listener")
)

// Describe sends nothing: the collector is unchecked.
func (c *syslogCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the counts.
func (c *syslogCollector) Collect(out chan<- prometheus.Metric) {
	for _, l := range c.h.syslog {
		s := l.Stats()
		count := func(d *prometheus.Desc, v uint64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{l.Name()}, labels...)...)
		}
		count(descSyslogMessages, s.Messages)
		count(descSyslogBytes, s.Bytes)
		count(descSyslogCut, s.Cut)
		count(descSyslogRetries, s.Retries)
		count(descSyslogDropped, s.DroppedQueue, "queue")
		count(descSyslogDropped, s.DroppedKernel, "kernel")
		count(descSyslogDropped, s.DroppedStop, "stop")
		count(descSyslogRefused, s.Forbidden, "network")
		count(descSyslogRefused, s.TooMany, "connections")
		count(descSyslogRefused, s.Handshakes, "handshake")
		count(descSyslogRefused, s.Slow, "slow")
		out <- prometheus.MustNewConstMetric(descSyslogOpen, prometheus.GaugeValue, float64(s.Connections), l.Name())
	}
}
