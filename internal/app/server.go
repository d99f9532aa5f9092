package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tocsin-hub/tocsin/internal/api"
	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/version"
)

// maxHeaderBytes bounds a request's header (64 KiB).
const maxHeaderBytes = 64 << 10

// server is the hub's HTTP server.
type server struct {
	http *http.Server
	tls  bool
}

func newServer(cfg config.Config, h *hub, log *slog.Logger) (*server, error) {
	s := &server{http: &http.Server{
		Handler:           h.handler(),
		ReadTimeout:       cfg.Timeouts.Read,
		ReadHeaderTimeout: cfg.Timeouts.Header,
		IdleTimeout:       cfg.Timeouts.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	if cfg.TLS.Cert != "" {
		cert, err := newCertificate(cfg.TLS.Cert, cfg.TLS.Key)
		if err != nil {
			return nil, err
		}
		s.tls = true
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}
	}
	return s, nil
}

// handler puts the hub's own paths before the API.
func (h *hub) handler() http.Handler {
	rest := api.New(api.Deps{
		Identity: h.identity, Integrations: h.integrations, Catalogue: h.catalogue, Deliveries: h.deliver,
		Mailbox: h.store, Captures: h.inbox, Health: h, ClientIP: h.clientIP, Log: h.log, Version: version.Number(),
	})
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("GET /healthz", h.healthz)
	mux.HandleFunc("GET /readyz", h.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.metrics.registry, promhttp.HandlerOpts{}))
	return h.ingest.Before(mux)
}

// serve answers until shutdown.
func (s *server) serve(l net.Listener) error {
	var err error
	if s.tls {
		err = s.http.ServeTLS(l, "", "")
	} else {
		err = s.http.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shutdown takes no new requests and waits for those in flight.
func (s *server) shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("finishing requests: %w", err), s.http.Close())
	}
	return nil
}

func (s *server) url(l net.Listener) string {
	if s.tls {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// certificate reads the server's certificate again when its file has changed, so that a renewed one needs no restart.
type certificate struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	stamp  string
}

func newCertificate(cert, key string) (*certificate, error) {
	c := &certificate{cert: cert, key: key}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := fileStamp(c.cert) + fileStamp(c.key)
	if c.loaded != nil && stamp == c.stamp {
		return c.loaded, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		if c.loaded != nil {
			return c.loaded, nil // half of a renewal: the next handshake looks again
		}
		return nil, fmt.Errorf("reading the server's certificate: %w", err)
	}
	c.loaded, c.stamp = &pair, stamp
	return c.loaded, nil
}
