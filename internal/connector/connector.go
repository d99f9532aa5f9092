// Package connector is the contract between the hub and the code that knows one vendor.
//
// A connector implements Sender or BatchSender and whatever else its vendor can do; the set of methods is the list of
// its capabilities. It turns deliveries into requests and answers into classified errors (see [Permanent],
// [Throttled], [Rejected]) and decides nothing else: retrying, ordering, limiting and recording happen outside.
package connector

import (
	"context"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Delivery is one event on its way to one integration.
type Delivery struct {
	// Key identifies the delivery. It is the same at every attempt, so a vendor that can deduplicate gets it.
	Key string
	// Record is the event. It must not be changed.
	Record *event.Record
	// Attempt counts from 1.
	Attempt int
}

// Sender delivers one message at a time. Send must be safe for concurrent use, and return soon after ctx is done.
type Sender interface {
	Send(ctx context.Context, d Delivery) error
}

// BatchSender delivers many events in one request. SendBatch must be safe for concurrent use. An error of type
// Rejected names the deliveries that were refused; all others of the batch were taken.
type BatchSender interface {
	SendBatch(ctx context.Context, ds []Delivery) error
}

// Tester proves the credentials and the reachability of the vendor without alerting anybody.
type Tester interface {
	Test(ctx context.Context) error
}

// Env is all that a connector gets from the hub. It reaches for nothing else.
type Env struct {
	// Account and Integration identify the instance; Integration is empty while unsaved settings are tested.
	Account     event.Account
	Integration string
	Log         *slog.Logger
	// HTTP makes the guarded clients. HTTP and Dial are the only ways out of the process.
	HTTP *httpkit.Maker
	// Dial connects for protocols other than HTTP (SMTP, syslog, Kafka), through the same guard as HTTP.
	Dial *egress.Dialer
	// Now is the clock.
	Now func() time.Time
	// Sink keeps payloads to be looked at (only the capture connector uses it).
	Sink Sink
	// Version is the hub's version, for User-Agent headers.
	Version string
	// PublicURL is where people reach this hub, for links back (see event.Record.Link); empty if not configured. It has no
	// slash at its end.
	PublicURL string
	// State and Tickets are what the integration remembers. They are nil while unsaved settings are tested.
	State   State
	Tickets Tickets
	// Turns and Allowances are shared with all other instances; see Env.Turn and Env.Allow.
	Turns      *Turns
	Allowances *Allowances
	// Ambient says that the instance may use the credentials of the machine that the hub runs on (an instance role, the
	// environment): only the operator's own account may.
	Ambient bool
}

// Captured is one payload that a Sink keeps.
type Captured struct {
	Delivery string    `json:"delivery"`
	Event    string    `json:"event"`
	Type     string    `json:"type"`
	Time     time.Time `json:"time"`
	Payload  []byte    `json:"payload"` // JSON
}

// Sink keeps an integration's last payloads, the newest last.
type Sink interface {
	Keep(ctx context.Context, account event.Account, integration string, max int, c ...Captured) error
}
