// Package reconcile makes blocks true at responders and proves it: for each responder, what is wanted is compared with what
// the vendor holds, the difference is planned, applied, and read back. It changes only entries that are ours.
package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Opener opens integrations; the service of integrations is one.
type Opener interface {
	Open(ctx context.Context, i store.Integration) (connector.Instance, error)
}

// Deps are what a Service stands on. Those from Wake on may be zero.
type Deps struct {
	Store     store.Blocks
	Opener    Opener
	Catalogue connector.Catalogue
	// Policy gives the account's policy: the kill switch, drift, eviction.
	Policy func(account event.Account) guard.Policy
	// Protected is asked before each entry is added, as the last line: what is protected is never blocked. Nil: nothing is.
	Protected func(account event.Account, p netip.Prefix) (reason string, yes bool)
	// Recorder writes down what changes something at a vendor; nil writes nothing.
	Recorder act.Recorder
	// AccountOpen says whether an account is in use.
	AccountOpen func(event.Account) bool
	Wake        func()
	PublicURL   string
	Now         func() time.Time
	Log         *slog.Logger
}

// State is how a responder is doing.
type State struct {
	Integration event.ID
	Account     event.Account
	Name, Kind  string
	Enabled     bool // and not paused, and with all its secrets
	Limits      connector.BlockLimits
	// Ready: it was read at least once since it was last changed; Used and Capacity are known then.
	Ready      bool
	Used, Ours int
	Capacity   int // 0: not known
	// IPv4 and IPv6 are the parts of Used and Ours that are of one family.
	IPv4, IPv6 Held
	Warnings   []string
	LastCycle  time.Time // when it was last read without an error
	NextCycle  time.Time
	Running    bool
	Error      string // of the last cycle; empty: it went well
	ErrorSince time.Time
	// Vendor requests of the last cycle, and how long it took.
	Took time.Duration
}

// Held is how many entries a vendor holds, and how many of them are ours.
type Held struct{ Used, Ours int }

// Of is what a responder holds of a prefix's family.
func (s *State) Of(p netip.Prefix) Held {
	if p.Addr().Is4() {
		return s.IPv4
	}
	return s.IPv6
}

// Effect is what a change would do at a responder.
type Effect struct {
	Integration string `json:"integration" doc:"The responder." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name        string `json:"name" doc:"Its name." example:"edge"`
	Kind        string `json:"kind" doc:"Its kind." example:"cloudflare"`
	// Action is "add", "none" (it holds it already), "covered" (a wider block stands for it), "unsupported", "unknown" (the
	// vendor could not be asked).
	Action   string   `json:"action" enum:"add,none,covered,unsupported,unknown" doc:"What would be done there."`
	Detail   string   `json:"detail,omitempty" doc:"Why, for people." example:"it cannot block a /20: of IPv4 it takes /16, /24, /32"`
	Call     *Call    `json:"call,omitempty" doc:"The exact request, with secrets masked."`
	Used     int      `json:"used" doc:"How many entries the vendor holds." example:"120"`
	Capacity int      `json:"capacity,omitempty" doc:"How many it can hold; absent: not known." example:"10000"`
	Warnings []string `json:"warnings,omitempty" doc:"What keeps blocks there from having an effect."`
}

// Call is a request as it would be made, with secrets masked.
type Call struct {
	Method  string            `json:"method" doc:"The HTTP method." example:"POST"`
	URL     string            `json:"url" doc:"The whole URL."`
	Headers map[string]string `json:"headers" doc:"The headers; credentials are masked."`
	Body    string            `json:"body" doc:"The body, at most 1 MiB of it."`
}

// Errors of a Service.
var (
	ErrNotFound = errors.New("there is no such responder")
	ErrBusy     = errors.New("it is being looked at just now")
)
