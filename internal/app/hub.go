package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/announce"
	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/connectors/capture"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/digest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/ingest"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
	"github.com/tocsin-hub/tocsin/internal/mapping"
	"github.com/tocsin-hub/tocsin/internal/news"
	"github.com/tocsin-hub/tocsin/internal/pulse"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/respond/rule"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/silence"
	"github.com/tocsin-hub/tocsin/internal/source"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
	"github.com/tocsin-hub/tocsin/internal/telemetry"
	"github.com/tocsin-hub/tocsin/internal/version"
)

// hub holds the rooms.
type hub struct {
	log          *slog.Logger
	cfg          config.Config
	sealer       *seal.Sealer
	store        *sqlite.Store
	journal      *journal.Journal
	catalogue    connector.Catalogue
	trust        trust
	integrations *integration.Service
	secrets      *integration.Secrets
	deliver      *deliver.Engine
	callbacks    *callback.Service
	sources      *source.Service
	ingest       *ingest.Handler
	syslog       []*syslog.Listener
	mapping      *mapping.Service
	digests      *digest.Service
	alerts       *alerting.Service
	incidents    *incident.Service
	silences     *silence.Service
	respond      *respond.Service
	reconcile    *reconcile.Service
	rules        *rule.Service
	pulse        *pulse.Service
	announce     *announce.Pump
	news         news.Board
	inbox        *capture.Inbox
	metrics      *metrics
	clientIP     func(*http.Request) string
	tracing      *telemetry.Tracing // nil when no collector is configured

	madeKey form.Secret
	owner   user.Ticket // the link that makes the first owner; zero when there is one
	serving atomic.Bool // false before the start and while stopping
	closers []func() error
}

// open opens everything in the data directory. Nothing runs yet.
func open(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *hub, err error) {
	h := &hub{log: log, cfg: cfg, catalogue: connectors.All(), inbox: capture.NewInbox(), clientIP: clientIP(cfg.TrustedProxies)}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.sealer, err = seal.Open(cfg.DataDir, sealOptions(cfg)); err != nil {
		return nil, fmt.Errorf("opening the key of the secrets: %w", err)
	}
	if h.store, err = sqlite.Open(ctx, cfg.DataDir, sqlite.Options{Log: log}); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	h.closers = append(h.closers, h.store.Close)
	h.announce = announce.New(announce.Deps{Outbox: h.store, Appender: appender{h}, Log: log})
	if err := h.openTracing(ctx); err != nil {
		return nil, err
	}
	if err := h.openRecord(ctx); err != nil {
		return nil, err
	}
	if err := h.openJournal(ctx, cfg); err != nil {
		return nil, err
	}
	if err := h.openPlans(ctx); err != nil {
		return nil, err
	}
	if err := h.openPeople(ctx); err != nil {
		return nil, err
	}
	if err := h.openSources(ctx, cfg); err != nil {
		return nil, err
	}
	if h.silences, err = silence.Open(ctx, silence.Deps{Store: h.store, Recorder: h.trust.audit, Log: h.log}); err != nil {
		return nil, err
	}
	if err := h.openDelivery(cfg); err != nil {
		return nil, err
	}
	if err := h.openPulse(ctx); err != nil {
		return nil, err
	}
	if err := h.openMapping(ctx, cfg); err != nil {
		return nil, err
	}
	if err := h.openIncidents(ctx, cfg); err != nil {
		return nil, err
	}
	h.openCases()
	if err := h.openResponse(ctx, cfg); err != nil {
		return nil, err
	}
	h.openDigests()
	h.openIngest(cfg)
	if err := h.openSyslog(ctx); err != nil {
		return nil, err
	}
	return h, nil
}

// openTracing begins to export traces, where a collector is configured.
func (h *hub) openTracing(ctx context.Context) error {
	t, err := telemetry.Open(ctx, telemetry.Options{
		Endpoint: h.cfg.OTLP.Endpoint, Headers: h.cfg.OTLP.Headers, Sample: h.cfg.OTLP.Sample,
		Version: version.Number(), Instance: h.cfg.PublicURL, Log: h.log,
	})
	if err != nil {
		return fmt.Errorf("otlp.endpoint: %w", err)
	}
	h.tracing = t
	h.closers = append(h.closers, func() error {
		if err := h.tracing.Close(); err != nil {
			h.log.Warn("the last traces are lost", slog.Any("error", err)) // no reason for the hub to fail
		}
		return nil
	})
	return nil
}

// sealOptions says where the sealing keys are.
func sealOptions(cfg config.Config) seal.Options {
	_, err := os.Stat(filepath.Join(cfg.DataDir, sqlite.ConfigFile))
	return seal.Options{
		Key: cfg.Secrets.Key, Previous: cfg.Secrets.KeyPrevious, AgeIdentity: cfg.Secrets.AgeIdentity, Existing: err == nil,
	}
}

func (h *hub) openJournal(ctx context.Context, cfg config.Config) error {
	floor, err := highestMark(ctx, h.store)
	if err != nil {
		return err
	}
	h.journal, err = embedded.Open(ctx, filepath.Join(cfg.DataDir, "journal"), embedded.Options{
		SegmentBytes: cfg.Journal.SegmentBytes,
		Options: journal.Options{
			Floor: floor, MaxBytes: cfg.Journal.MaxBytes, MaxAge: cfg.Journal.MaxAge,
			AccountQuota: cfg.Journal.AccountQuota, BallastBytes: cfg.Journal.BallastBytes, Log: h.log,
		},
	})
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	h.closers = append(h.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		return h.journal.Close(ctx)
	})
	return nil
}

// closeTimeout bounds the journal's last writes.
const closeTimeout = 10 * time.Second

// highestMark is the largest position that a saved mark holds: a journal that ends before it has lost its newest part.
func highestMark(ctx context.Context, s store.Store) (journal.Position, error) {
	highest, err := foldMark(ctx, s)
	if err != nil {
		return highest, err
	}
	looked, err := rule.Mark(ctx, s)
	if err != nil {
		return highest, err
	}
	if highest.Less(looked) {
		highest = looked
	}
	tail, err := s.LoadTail(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return highest, fmt.Errorf("reading the tail's mark: %w", err)
	}
	if highest.Less(tail.Mark) {
		highest = tail.Mark
	}
	rows, err := s.LoadLanes(ctx)
	if err != nil {
		return highest, fmt.Errorf("reading the marks: %w", err)
	}
	for _, r := range rows {
		if highest.Less(r.Mark) {
			highest = r.Mark
		}
	}
	return highest, nil
}

// began is since when requests to vendors are counted. Zero, nothing was used up before: there is no responder yet that a
// process before this one could have had. The first block of a new hub does not wait for a budget to fill.
func (h *hub) began() (time.Time, error) {
	list, err := h.store.AllIntegrations(context.Background())
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the integrations: %w", err)
	}
	for _, i := range list {
		if h.catalogue[i.Kind].Blocks {
			return time.Now(), nil
		}
	}
	return time.Time{}, nil
}

func (h *hub) openDelivery(cfg config.Config) error {
	maker, err := h.maker(cfg)
	if err != nil {
		return err
	}
	told := h.telling()
	h.deliver = deliver.New(deliver.Options{
		Journal: h.journal, Store: told, Opener: opener{h}, Kinds: h.catalogue, Tree: h.trust.accounts, Disable: h.disable,
		Silences: h.silences,
		Tracing:  h.tracing, Log: h.log, Recent: cfg.Recent.Events,
		Retention: deliver.Retention{
			Ledger: cfg.Ledger.MaxAge, LedgerBytes: cfg.Ledger.MaxBytes, Mailbox: cfg.Mailbox.MaxAge,
		},
	})
	began, err := h.began()
	if err != nil {
		return err
	}
	h.integrations = integration.New(integration.Deps{
		Store: told, Catalogue: h.catalogue, Sealer: h.sealer, Sink: h.inbox, Lanes: followers{h}, Events: h.deliver, HTTP: maker,
		Recorder: h.trust.audit, CheckKind: h.trust.plans.CheckKind, References: h.references(cfg),
		Memory: h.store, Log: h.log, Version: version.Number(), PublicURL: cfg.PublicURL,
		Held: func(ctx context.Context, account event.Account, id event.ID) (int, error) {
			return h.reconcile.Held(ctx, account, id)
		},
		// The machine's own credentials are the operator's.
		Began: began, Ambient: func(account event.Account) bool { return account == event.DefaultAccount },
	})
	h.openCallbacks(
		func(ctx context.Context, account event.Account, id event.ID, c change) (*event.Record, error) {
			_, r, err := h.alerts.Apply(ctx, account, id, alerting.Change(c))
			return r, err
		},
		func(ctx context.Context, account event.Account, number int64, c change) (*event.Record, error) {
			_, r, err := h.incidents.Apply(ctx, account, number, alerting.Change(c))
			return r, err
		},
		func() blockRoom { return h.respond },
	)
	h.secrets = &integration.Secrets{
		Sealer: h.sealer, Integrations: h.integrations, Others: []seal.Resealer{h.trust.users, h.sources}, Recorder: h.trust.audit,
	}
	return nil
}

// maker makes the one way out.
func (h *hub) maker(cfg config.Config) (*httpkit.Maker, error) {
	out := httpkit.Config{
		Allow: cfg.Egress.Allow, Bind: cfg.Egress.Bind, Log: h.log, UserAgent: "Tocsin/" + version.Number(),
	}
	if !cfg.Egress.Proxy.IsZero() {
		proxy, err := httpkit.ParseProxy(cfg.Egress.Proxy.Reveal())
		if err != nil {
			return nil, fmt.Errorf("egress.proxy: %w", err)
		}
		out.Proxy = proxy
	}
	return httpkit.NewMaker(out), nil
}

// references says what secrets may refer to. What opens the hub's own secrets is never among it.
func (h *hub) references(cfg config.Config) integration.References {
	forbidden := []string{cfg.DataDir}
	for _, path := range []string{cfg.Secrets.AgeIdentity, cfg.TLS.Key, cfg.Plans.File} {
		if path != "" {
			forbidden = append(forbidden, path)
		}
	}
	return integration.References{
		Mode: integration.RefMode(cfg.Secrets.References), Dirs: cfg.Secrets.Files, Env: cfg.Secrets.Env, Forbidden: forbidden, LookupEnv: os.LookupEnv,
	}
}

// opener breaks the circle between deliveries, which open integrations, and integrations, which tell deliveries of
// changes.
type opener struct{ h *hub }

func (o opener) Open(ctx context.Context, i store.Integration) (connector.Instance, error) {
	return o.h.integrations.Open(ctx, i)
}

// Credential names what the integration authenticates with, for budgets that several integrations share.
func (o opener) Credential(ctx context.Context, i store.Integration) string {
	return o.h.integrations.Credential(ctx, i)
}

// disable switches an integration off because its receiver asked for it.
func (h *hub) disable(account event.Account, id event.ID, reason string) {
	ctx, cancel := context.WithTimeout(act.With(context.Background(), act.System("receiver gone")), closeTimeout)
	defer cancel()
	if _, err := h.integrations.Disable(ctx, account, id, reason); err != nil {
		h.log.Error("disabling an integration whose receiver is gone failed", slog.String("integration", id.Text(event.PrefixIntegration)),
			slog.Any("error", err))
	}
}

// openMapping reads the mapping rules.
func (h *hub) openMapping(ctx context.Context, cfg config.Config) (err error) {
	h.mapping, err = mapping.Open(ctx, mapping.Deps{
		Store: h.store, Recorder: h.trust.audit, Log: h.log, Limits: eventLimits(cfg),
		Below: func(account, above event.Account) bool {
			return h.trust.accounts.IsOpen(account) && slices.Contains(h.trust.accounts.Parents(account), above)
		},
	})
	return err
}

// eventLimits are what one event may cost.
func eventLimits(cfg config.Config) event.Limits {
	limits := event.DefaultLimits()
	limits.Depth, limits.Keys, limits.StringBytes = cfg.Ingest.MaxDepth, cfg.Ingest.MaxKeys, int(cfg.Ingest.MaxStringBytes)
	return limits
}

func (h *hub) openIngest(cfg config.Config) {
	h.metrics = newMetrics(h)
	limits := ingest.DefaultLimits()
	limits.WireBytes, limits.InflatedBytes = cfg.Ingest.MaxWireBytes, cfg.Ingest.MaxInflatedBytes
	limits.Ratio, limits.Events = int64(cfg.Ingest.MaxRatio), cfg.Ingest.MaxEvents
	limits.InFlightBytes = cfg.Ingest.MaxInFlightBytes
	limits.Event = eventLimits(cfg)
	h.ingest = ingest.New(ingest.Config{
		Journal: appender{h}, Authenticate: h.authenticate, Idempotency: h.store, Bounds: h.journal.Bounds,
		Observer: h.metrics, Tracing: h.tracing, Log: h.log, Limits: limits, Sources: doors{h},
		Admit: h.admit, Release: h.trust.plans.Release, MaxBatch: h.trust.plans.Batch, Healthy: h.ready,
		Map: func(account event.Account, dialect, source string) ingest.Mapping {
			return h.mapping.For(account, dialect, source)
		},
	})
}

// appender leaves out the position, which only the journal's readers care about.
type appender struct{ h *hub }

func (a appender) Append(ctx context.Context, x journal.Append) error {
	_, err := a.h.journal.Append(ctx, x)
	return err
}

// start restores what the last run left and begins to deliver.
func (h *hub) start(ctx context.Context) error {
	if err := h.ingest.Recover(ctx, h.journal); err != nil {
		return fmt.Errorf("restoring the answers to keyed requests: %w", err)
	}
	// What the hub does to itself from now on is its own doing.
	ctx = act.With(ctx, act.System("start"))
	list, err := h.store.AllIntegrations(ctx)
	if err != nil {
		return fmt.Errorf("reading the integrations: %w", err)
	}
	h.callbacks.Load(list)
	h.reconcile.Load(list)
	return h.deliver.Start(ctx, list)
}

// close closes everything, the last opened first.
func (h *hub) close() error {
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	return errors.Join(errs...)
}
