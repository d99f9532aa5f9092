// Package guard decides whether an address may be blocked, before anything is done. It is pure: what it goes by is given.
package guard

import (
	"net/netip"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Protected is a range that no block ever touches: none inside of it, none around it.
type Protected struct {
	Prefix netip.Prefix
	// Source is "reserved", "cloudflare", "resolver", "own" (the hub's own addresses), "operator" (the configuration),
	// "list" (an entry of the never-block list), "caller" or "session".
	Source string
	// Reason is for people: why it is exempt.
	Reason string
	// ID is the entry's, of Source "list"; Account is whose it is.
	ID      event.ID
	Account event.Account
	Until   time.Time // zero: for good
}

// Decision is what becomes of a request.
type Decision string

// The decisions.
const (
	Allow   Decision = "allow"
	Approve Decision = "approval" // a person must approve it
	Refuse  Decision = "refuse"
)

// Finding is one reason of a verdict.
type Finding struct {
	// Code is "protected", "width", "rate_minute", "rate_hour", "share", "capacity", "four_eyes", "permanent",
	// "kill_switch", "ttl", "no_responder", "unsupported".
	Code     string   `json:"code" doc:"Which rule it is." example:"protected"`
	Decision Decision `json:"decision" enum:"approval,refuse" doc:"What the rule asks for."`
	Text     string   `json:"text" doc:"Why, for people." example:"203.0.113.7 is on the never-block list: the office's way out"`
}

// Verdict is what the guard says of a request: the strictest of its findings.
type Verdict struct {
	Decision Decision
	Findings []Finding
}

// Ask is what the guard is asked.
type Ask struct {
	Target    netip.Prefix
	TTL       time.Duration // 0: permanent
	Reason    string
	Automatic bool       // a response rule asks
	Caller    netip.Addr // where the request comes from; invalid: from nowhere
	// Renewed: the target is blocked already, at all responders that are named, and only lasts longer: no rate counts it, and
	// it takes no room.
	Renewed bool
}

// Usage is what is going on in the account.
type Usage struct {
	// Minute and Hour are how many blocks became active within the last minute and hour.
	Minute, Hour int
	// Responders are those that the block is for.
	Responders []Responder
}

// Responder is a responder as the guard sees it.
type Responder struct {
	Name     string
	Limits   connector.BlockLimits
	Used     int // entries that the vendor holds or is about to hold
	Capacity int // 0: not known
}
