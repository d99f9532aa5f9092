package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"golang.org/x/net/netutil"
	"golang.org/x/sys/unix"

	"github.com/tocsin-hub/tocsin/console"
	"github.com/tocsin-hub/tocsin/internal/api"
	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/version"
)

// maxHeaderBytes bounds a request's header (64 KiB).
const maxHeaderBytes = 64 << 10

// server is the hub's HTTP server.
type server struct {
	http        *http.Server
	tls         bool
	connections int
}

func newServer(cfg config.Config, h *hub, log *slog.Logger) (*server, error) {
	s := &server{connections: connections(cfg.Limits.Connections), http: &http.Server{
		Handler:           h.handler(),
		ReadTimeout:       cfg.Timeouts.Read,
		ReadHeaderTimeout: cfg.Timeouts.Header,
		IdleTimeout:       cfg.Timeouts.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	s.http.RegisterOnShutdown(h.deliver.EndWatches) // streams do not end by themselves
	if cfg.TLS.Cert != "" {
		cert, err := newCertificate(cfg.TLS.Cert, cfg.TLS.Key)
		if err != nil {
			return nil, err
		}
		s.tls = true
		s.http.TLSConfig = tlsConfig(cert, h.sources.WantsCertificates)
	}
	return s, nil
}

// tlsConfig asks clients for a certificate while a source endpoint wants them to show one. It is asked for and not required:
// who else comes needs none. The source looks at it by its own authorities, so that no handshake fails over it.
func tlsConfig(cert *certificate, wanted func() bool) *tls.Config {
	plain := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get, NextProtos: []string{"h2", "http/1.1"}}
	asking := plain.Clone()
	asking.ClientAuth = tls.RequestClientCert
	plain.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if wanted() {
			return asking, nil
		}
		return nil, nil
	}
	return plain
}

// handler puts the hub's own paths before the API.
func (h *hub) handler() http.Handler {
	t := &h.trust
	rest := api.New(api.Deps{
		Gate: t.gate, Accounts: t.accounts, Matrix: t.matrix, Plans: t.plans, Users: t.users, Audit: t.audit, Recorder: t.audit,
		Sources: h.sources, TrySource: h.trySource, Dialects: h.ingest.Dialects(), Mapping: h.mapping,
		Digests: h.digests, Alerts: h.alerts, Tickets: h.store, Incidents: h.incidents, Silences: h.silences, Blocks: h.respond, Responders: h.reconcile, ResponseRules: h.rules,
		Identity: t.keys, Integrations: h.integrations, Secrets: h.secrets, Catalogue: h.catalogue, Deliveries: h.deliver, Callbacks: calls{h.callbacks, h},
		Mailbox: h.store, Captures: h.inbox, Backup: h.backup, Health: h, ClientIP: h.clientIP, Log: h.log, Version: version.Number(),
		Egress: api.Egress{Addresses: h.cfg.Egress.Addresses, Bind: h.cfg.Egress.Bind, Proxy: !h.cfg.Egress.Proxy.IsZero()},
		Watch:  h.watch, Pulse: h.pulse, News: &h.news, JournalOK: func() bool { return h.journal.Err() == nil },
		PublicURL: h.cfg.PublicURL, SecureCookies: h.secureCookies(),
	})
	mux := http.NewServeMux()
	mux.Handle("/", console.Handler(rest))
	mux.HandleFunc("GET /healthz", h.healthz)
	mux.HandleFunc("GET /readyz", h.readyz)
	mux.Handle("GET /metrics", h.serveMetrics())
	return h.ingest.Before(mux)
}

// watch lets somebody watch what happens in an account.
func (h *hub) watch(ctx context.Context, account event.Account, spec deliver.LiveSpec) (api.Watch, error) {
	w, err := h.deliver.Watch(ctx, account, spec)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// backup writes a consistent copy of the data directory while the hub runs. Secrets stay sealed; the key is not in it.
func (h *hub) backup(ctx context.Context, w io.Writer, events bool) error {
	src := backup.Source{DataDir: h.cfg.DataDir, Sealer: h.sealer, Version: version.Number()}
	if events {
		src.Hold = backup.Holder(h.journal)
	}
	_, err := backup.Write(ctx, src, w)
	return err
}

// connections is how many connections are served at a time: as configured, but at most half of the files that the process
// may open, so that the journal and the store always find some.
func connections(configured int) int {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil || files.Cur == 0 {
		return configured
	}
	return min(configured, int(min(files.Cur/2, 1<<30)))
}

// serve answers until shutdown.
func (s *server) serve(l net.Listener) error {
	l = netutil.LimitListener(l, s.connections)
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
