// Package api is the hub's REST API: it turns requests into calls of the rooms below and their answers into JSON. It
// decides nothing by itself. The OpenAPI document and the reference page are drawn from the same declarations that
// serve the requests.
package api

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/ingest"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/mapping"
	"github.com/tocsin-hub/tocsin/internal/news"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/respond/rule"
	"github.com/tocsin-hub/tocsin/internal/silence"
	"github.com/tocsin-hub/tocsin/internal/source"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Identity keeps the keys; *identity.Service is one.
type Identity interface {
	Create(ctx context.Context, account event.Account, spec identity.KeySpec) (store.Key, form.Secret, error)
	Get(ctx context.Context, account event.Account, id event.ID) (store.Key, error)
	Rotate(ctx context.Context, account event.Account, id event.ID, overlap time.Duration) (store.Key, form.Secret, error)
	List(ctx context.Context, account event.Account, p store.Page) ([]store.Key, string, error)
	Revoke(ctx context.Context, account event.Account, id event.ID) error
}

// Deliveries reads and changes what is on its way; *deliver.Engine is one.
type Deliveries interface {
	Stats(account event.Account) deliver.AccountStats
	IntegrationStats(account event.Account, id event.ID) (deliver.IntegrationStats, bool)
	Deliveries(ctx context.Context, account event.Account, f deliver.DeliveryFilter, p store.Page) ([]deliver.DeliveryView, string, error)
	Delivery(ctx context.Context, account event.Account, id event.ID) (deliver.DeliveryView, error)
	Retry(ctx context.Context, account event.Account, id event.ID, force bool) error
	Replay(ctx context.Context, account event.Account, spec deliver.ReplaySpec) (store.Job, error)
	Discard(ctx context.Context, account event.Account, s deliver.Selection, reason string) (int, error)
	Backfill(ctx context.Context, account event.Account, integration event.ID, spec deliver.BackfillSpec) (store.Job, error)
	Job(ctx context.Context, account event.Account, id event.ID) (deliver.JobView, error)
	Jobs(ctx context.Context, account event.Account, p store.Page) ([]deliver.JobView, string, error)
	CancelJob(ctx context.Context, account event.Account, id event.ID) error
	Events(ctx context.Context, account event.Account, f deliver.EventFilter, p store.Page) ([]*event.Record, string, error)
	Event(ctx context.Context, account event.Account, id event.ID) (*event.Record, error)
	LookBack(ctx context.Context, account event.Account, since time.Time, each deliver.Section) (deliver.Extent, error)
	Suppressed(ctx context.Context, account event.Account, integration event.ID, p store.Page) ([]store.Suppressed, string, error)
}

// Mailbox lists parked deliveries; the store is one.
type Mailbox interface {
	ListParked(ctx context.Context, f store.ParkedFilter, p store.Page) ([]store.Parked, string, error)
	ParkedTitles(ctx context.Context, account event.Account, deliveries []event.ID) (map[event.ID]string, error)
	ParkedCauses(ctx context.Context, f store.ParkedFilter) (store.ParkedCauses, error)
}

// Captures gives what capture integrations have kept, the newest first; limit 0 gives all.
type Captures interface {
	List(account event.Account, integration string, limit int) []connector.Captured
}

// Health says how the hub is doing.
type Health interface {
	Health(ctx context.Context) HealthReport
}

// Deps are what the API stands on. ClientIP and Log may be nil.
type Deps struct {
	// Gate lets requests in.
	Gate     *gate.Gate
	Accounts *account.Service
	Matrix   *plan.Matrix
	Plans    *plan.Service
	Users    *user.Service
	Audit    *audit.Log
	// Recorder writes down the acts of rooms that do not do so themselves; it is Audit but in tests.
	Recorder act.Recorder
	Secrets  Secrets
	// Backup writes a consistent copy of the hub, with the journal if events is true.
	Backup func(ctx context.Context, w io.Writer, events bool) error
	// Egress is what the operator configured.
	Egress Egress
	// PublicURL is where people reach the hub, without a trailing slash; empty: as the request addressed it.
	PublicURL string
	// SecureCookies says that people reach the hub over TLS.
	SecureCookies bool

	Identity     Identity
	Integrations *integration.Service
	Sources      *source.Service
	// TrySource reads a sample as a source would, and takes nothing.
	TrySource  func(ctx context.Context, account event.Account, id event.ID, header http.Header, body []byte) (ingest.Tried, error)
	Dialects   []ingest.Dialect
	Mapping    *mapping.Service
	Digests    Digests
	Alerts     *alerting.Service
	Tickets    Tickets
	Incidents  *incident.Service
	Silences   *silence.Service
	Blocks     *respond.Service
	Responders *reconcile.Service
	// ResponseRules make events ask for blocks.
	ResponseRules *rule.Service
	Catalogue     connector.Catalogue
	Callbacks     Callbacks
	Deliveries    Deliveries
	Mailbox       Mailbox
	Captures      Captures
	Health        Health
	Pulse         PulseReader
	// ClientIP gives the caller's address, seen through trusted proxies; nil takes the connection's.
	ClientIP func(*http.Request) string
	Log      *slog.Logger
	Version  string
	// Watch begins to watch what happens in an account; deliver.Engine.Watch does.
	Watch func(ctx context.Context, account event.Account, spec deliver.LiveSpec) (Watch, error)
	// News tells which rows changed, for streams.
	News *news.Board
	// JournalOK says whether the journal takes events.
	JournalOK func() bool
	// StreamKeepAlive and StreamRecheck are how long a stream is silent at most, and how often its caller is looked at
	// again; 0 is 15 s and 30 s. StreamPause is how long rows that changed are gathered before they are told again; 0 is 1 s.
	StreamKeepAlive, StreamRecheck, StreamPause time.Duration
}

// server holds what handlers need.
type server struct {
	Deps

	api        huma.API
	log        *slog.Logger
	order      []string          // the operations' ids as they were declared
	acts       map[string]string // the audited action of each operation that has one
	sameOrigin *http.CrossOriginProtection
	standing   standings // how many things are open, for streams
	bodies     bodies
	verifying  chan struct{} // a token for each verification of the audit record that goes on
	trying     chan struct{} // a token for each subscription that is being tried
	tryingFor  time.Duration // how long one is
	callBodies bodies        // of vendors' calls: nobody without a key takes the room of those who have one
}

// New makes the handler of everything below /api but ingest, and of the page at /. It panics when an operation is
// declared wrongly, which any test of it would show.
func New(d Deps) http.Handler {
	a := newServer(d)
	return a.api.Adapter().(http.Handler)
}

func newServer(d Deps) *server {
	log := cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.ClientIP == nil {
		d.ClientIP = remoteIP
	}
	r := chi.NewRouter()
	r.Use(secure, recoverPanics(log), middleware.GetHead)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		problem(http.StatusNotFound, "there is nothing at this path; /api/docs lists what there is").write(w)
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		problem(http.StatusMethodNotAllowed, req.Method+" is not possible here; /api/docs lists what is").
			with("Allow", allowed(r, req.URL.Path)).write(w)
	})
	a := &server{Deps: d, log: log, acts: map[string]string{}, sameOrigin: http.NewCrossOriginProtection(), verifying: make(chan struct{}, maxVerifying),
		trying: make(chan struct{}, maxTrying), tryingFor: trialTime}
	if d.PublicURL != "" {
		if err := a.sameOrigin.AddTrustedOrigin(originOf(d.PublicURL)); err != nil {
			panic("api: the public URL was not checked: " + err.Error())
		}
	}
	a.api = huma.NewAPI(huma.Config{
		OpenAPI:       newDocument(d.Version),
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}, humachi.NewAdapter(r))
	doc := a.api.OpenAPI()
	doc.OnAddOperation = append(doc.OnAddOperation, func(_ *huma.OpenAPI, o *huma.Operation) {
		a.order = append(a.order, o.OperationID)
	})
	describeIngest(doc)
	a.eventOperations()
	a.liveOperations()
	a.integrationOperations()
	a.tryingOperations()
	a.callbackOperations(r)
	a.sourceOperations()
	a.trialOperations()
	a.mappingOperations()
	a.digestOperations()
	a.alertOperations()
	a.relationOperations()
	a.attackOperations()
	a.incidentOperations()
	a.connectorOperations()
	a.deliveryOperations()
	a.heldOperations()
	a.silenceOperations()
	a.blockOperations()
	a.responderOperations()
	a.neverBlockOperations()
	a.policyOperations()
	a.responseRuleOperations()
	a.mailboxOperations()
	a.jobOperations()
	a.stateOperations()
	a.pulseOperations()
	a.keyOperations()
	a.sessionOperations()
	a.userOperations()
	a.accountOperations()
	a.projectOperations()
	a.planOperations()
	a.auditOperations()
	a.operatorOperations()
	mountReference(r, doc, a.order)
	mountSetup(r)
	return a
}

// originOf is a URL's scheme and host.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Scheme + "://" + u.Host
}

// allowed lists the methods that a path has.
func allowed(r chi.Router, path string) string {
	var methods []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if r.Match(chi.NewRouteContext(), m, path) {
			methods = append(methods, m)
		}
	}
	return strings.Join(methods, ", ")
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
