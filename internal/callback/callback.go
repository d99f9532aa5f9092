// Package callback is where vendors call: somebody pressed a button in a chat, acknowledged a page, closed a ticket. It
// lets the integration's connector verify the call and say what it asks for, does that to the alert or incident, and
// shows people what came in. For vendors whose calls get lost it looks at their side from time to time.
//
// What a call asks for is a [connector.Wish]. A wish is done once although its message may come several times, an older
// one never undoes a newer one, and what is done in the name of a person needs the role of a user of the account.
package callback

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of calls.
const (
	// CallTime is how long a call may take as a whole: vendors give up after 3 s (Slack) or 5 s (PagerDuty).
	CallTime = 2500 * time.Millisecond
	// receiveTime is how much of it the connector may take.
	receiveTime = 2 * time.Second
	// maxCalls bounds the calls that are looked at together, maxCallsOfOne those of one integration. More of them wait,
	// for no longer than CallTime.
	maxCalls, maxCallsOfOne = 64, 16
	// CallsPerSecond and CallsBurst bound the calls of one integration; more are told to come again (429).
	CallsPerSecond = 50
	CallsBurst     = 200
	// maxWishes bounds what one call, or one look, may ask for.
	maxWishes = 1000
	// busyRetry is how long a vendor is told to wait after a 503.
	busyRetry = time.Second
)

// Opener opens integrations; *integration.Service is one.
type Opener interface {
	// Open gives an instance with its secrets in place. If it has a method Close, that is called when it is not needed any more.
	Open(ctx context.Context, i store.Integration) (connector.Instance, error)
	// State is what the integration remembers; nil: nothing is remembered.
	State(account event.Account, id event.ID) connector.State
}

// Cases do what is asked for to alerts and incidents.
type Cases interface {
	// Apply does w. By is who asked for it, for people ("dana@example.com", "jira: Dana Doe"). The record tells of the change,
	// which has the integration as its origin; nil if nothing changed. An error made by Refuse says that it cannot be done;
	// any other one, that it may work later.
	Apply(ctx context.Context, account event.Account, integration event.ID, w connector.Wish, by string) (*event.Record, error)
}

// Blocks keep addresses out. The actor of ctx is a person whose role allows it.
type Blocks interface {
	// Apply does w, whose verb is connector.Block, Approve or Reject, and says to people what was done. An error made by
	// Refuse says that it cannot be done; any other one, that it may work later.
	Apply(ctx context.Context, account event.Account, w connector.Wish) (done string, err error)
}

// Person is a user of an account, as far as it matters here.
type Person struct {
	Actor act.Actor
	Email string
	// Alerts and Incidents say whether the role allows to change them.
	Alerts, Incidents bool
	// Blocks says whether the role allows to ask for blocks, Approves whether it allows to decide about those of others.
	Blocks, Approves bool
}

// People know the users of accounts.
type People interface {
	// Person finds a user who may sign in, by address; ErrNobody when there is none.
	Person(ctx context.Context, account event.Account, email string) (Person, error)
}

// Errors of this package. Callers match them with errors.Is.
var (
	// ErrNobody: the account has no such user.
	ErrNobody = errors.New("there is no user with this address")
	// ErrNotFound: there is no such integration in the account.
	ErrNotFound = errors.New("there is no such integration")
	// ErrNoSync: there is nothing to look at.
	ErrNoSync = errors.New("there is nothing to bring over from this integration: it is disabled, or its settings or its kind do not bring anything over")
	// ErrSyncing: a look is under way.
	ErrSyncing = errors.New("this integration is being looked at right now")
)

// Refuse is an error whose text says, to people, why something cannot be done, now or later.
func Refuse(text string) error { return &refusal{text} }

type refusal struct{ text string }

func (e *refusal) Error() string { return e.text }

// Is makes the record of acts call it a refusal.
func (e *refusal) Is(target error) bool { return target == act.ErrRefused }

// Deps are what a Service is made of. Those from Blocks on may be zero.
type Deps struct {
	Opener    Opener
	Cases     Cases
	People    People
	Catalogue connector.Catalogue

	// Blocks is nil where nothing can be blocked.
	Blocks Blocks
	// Recorder writes down what is done; nil writes nothing.
	Recorder act.Recorder
	// AccountOpen says whether an account exists and is not closed; nil: every one.
	AccountOpen func(event.Account) bool
	Log         *slog.Logger
	Now         func() time.Time
}

// Service takes calls. It is safe for concurrent use.
type Service struct {
	Deps

	started time.Time
	slots   chan struct{} // holds one for each call that is looked at
	answers answers

	mu     sync.RWMutex
	roster map[event.ID]*entry
	fresh  chan struct{}   // tells the loop of new integrations
	order  connector.Turns // of wishes about one alert or incident
}

// New makes a service without integrations: see Load.
func New(d Deps) *Service {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	if d.AccountOpen == nil {
		d.AccountOpen = func(event.Account) bool { return true }
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	s := &Service{
		Deps: d, started: d.Now().UTC(), slots: make(chan struct{}, maxCalls), roster: map[event.ID]*entry{}, fresh: make(chan struct{}, 1),
	}
	s.answers.start()
	return s
}

// Path is where the vendor of an integration calls, below the hub's public URL.
func Path(kind string, integration event.ID) string {
	return "/api/v1/callbacks/" + kind + "/" + integration.Text(event.PrefixIntegration)
}
