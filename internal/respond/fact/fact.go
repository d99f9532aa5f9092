// Package fact makes the events that tell of blocks.
package fact

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The types.
const (
	TypePending  = "ip.block_pending"  // waits for approval
	TypeRejected = "ip.block_rejected" // a person said no, or nobody approved it in time
	TypeBlocked  = "ip.blocked"        // the first responder has applied it
	TypeVerified = "ip.block_verified" // a responder was asked, and does hold it
	TypeFailed   = "ip.block_failed"
	TypeDrifted  = "ip.block_drifted"
	TypeEvicted  = "ip.block_evicted" // it made room at a full responder
	TypeUnblock  = "ip.unblocked"     // it has ended, and is gone everywhere
)

// Responder names a responder in a fact.
type Responder struct {
	ID   string // "int_…"
	Name string
	Kind string
}

// Detail is what a fact says beside the block itself. What is empty is left out.
type Detail struct {
	At         time.Time   // when it became true; zero: now
	Responder  *Responder  // the one that the fact is about
	Responders []Responder // all that the block is for
	Cause      string
	Attempts   int
	Wanted     string // "blocked" or "absent", of drift
	Found      string
	Action     string // what is done about it
	RemoteID   string
	PublicURL  string
	Hops       uint8
	// NotTo is the integration that never gets the fact; empty: all may. A responder that also receives events is not told
	// of its own blocks.
	NotTo string
	// Verified and Failed are how many responders hold it, and do not.
	Verified, Failed int
}

// The values of Detail.Wanted and Found.
const (
	Blocked = "blocked"
	Absent  = "absent"
)

// sizes are the most bytes that one text of a fact has, and how many responders it names, from one attempt to the next.
var sizes = []struct{ text, list int }{{1 << 10, 20}, {256, 20}, {64, 4}}

// Of makes what Tocsin says of a block. It reads nothing but what it is given, and the clock if d.At is zero; the id is
// new. What is too long is cut, visibly.
func Of(eventType string, b *store.Block, d Detail) store.Said {
	if d.At.IsZero() {
		d.At = time.Now()
	}
	said := store.Said{ID: event.NewID(), Account: b.Account, Type: eventType, Origin: d.NotTo, Hops: d.Hops, At: d.At}
	from := event.Origin{Account: b.Account, Received: d.At, Integration: d.NotTo, Hops: d.Hops, Flags: event.Internal}
	for _, size := range sizes {
		c := clipper{size.text, size.list}
		r, err := event.FromEvent(c.event(eventType, b, d), from, event.DefaultLimits())
		if err == nil && len(r.Body) <= store.MaxSaidBytes {
			said.Event = r.Body
			return said
		}
	}
	// Nothing that anybody wrote is in this one.
	said.Event = encode(bare{
		Type: eventType, Time: d.At.UTC(), Severity: event.DefaultSeverity(eventType).String(), DedupKey: Key(b),
		Data: map[string]any{"block": map[string]string{"id": b.ID.Text(event.PrefixBlock), "target": guard.Words(b.Target), "state": string(b.State)}},
	})
	return said
}

// bare is an event that always fits.
type bare struct {
	Type     string         `json:"type"`
	Time     time.Time      `json:"time"`
	Severity string         `json:"severity"`
	DedupKey string         `json:"dedup_key"`
	Data     map[string]any `json:"data"`
}

// Key is the dedup key of all facts about blocks of one target.
func Key(b *store.Block) string { return "block/" + guard.Words(b.Target) }

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("fact: encoding: " + err.Error()) // texts, numbers and times of this age
	}
	return raw
}

// clipper makes an event whose texts have at most text bytes, and whose lists at most list items.
type clipper struct{ text, list int }

func (c clipper) clip(s string) string { return event.Clip(strings.ToValidUTF8(s, "\uFFFD"), c.text) }

func (c clipper) event(eventType string, b *store.Block, d Detail) *event.Event {
	e := &event.Event{
		Type: eventType, Time: d.At, Severity: event.DefaultSeverity(eventType), Title: c.title(eventType, b, d), DedupKey: Key(b),
		Status: status(eventType, b), Actor: c.clip(actor(eventType, b)), Data: encode(c.data(b, d)),
		Entities: []event.Entity{{Type: entityType(b), Value: guard.Words(b.Target), Role: "target", Observed: true}},
	}
	if b.Incident > 0 {
		e.Incident = incident(b.Incident)
	}
	if !b.Rule.IsZero() {
		e.Rule = &event.Rule{ID: b.Rule.Text(event.PrefixResponse), Name: c.clip(b.Requester.Name)}
	}
	if eventType == TypeBlocked || eventType == TypeUnblock {
		e.AlertType = map[string]string{TypeBlocked: "ip_blocked", TypeUnblock: "ip_unblocked"}[eventType]
	}
	if d.PublicURL != "" {
		e.URL = d.PublicURL + "/blocks/" + b.ID.Text(event.PrefixBlock)
	}
	return e
}

func incident(number int64) string { return "INC-" + strconv.FormatInt(number, 10) }

func entityType(b *store.Block) string {
	if b.Target.IsSingleIP() {
		return "ip"
	}
	return "cidr"
}

// actor is who did what the fact tells of: who ended or approved it, or else who asked.
func actor(eventType string, b *store.Block) string {
	switch eventType {
	case TypeRejected, TypeUnblock:
		return who(b.Decider)
	}
	return who(b.Requester)
}

func who(a store.BlockActor) string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

func status(eventType string, b *store.Block) string {
	switch eventType {
	case TypePending, TypeRejected:
		return string(b.State)
	case TypeBlocked:
		return "blocked"
	case TypeVerified:
		return string(store.PlacementVerified)
	case TypeFailed:
		return string(store.PlacementFailed)
	case TypeDrifted:
		return string(store.PlacementDrifted)
	case TypeEvicted:
		return string(store.PlacementEvicted)
	}
	return "unblocked"
}

// title says it to people, in one line.
func (c clipper) title(eventType string, b *store.Block, d Detail) string {
	target, at := guard.Words(b.Target), ""
	if d.Responder != nil && d.Responder.Name != "" {
		at = " at " + clipper{text: min(c.text, 200)}.clip(d.Responder.Name)
	}
	switch eventType {
	case TypePending:
		return "Block of " + target + " waits for approval"
	case TypeRejected:
		if b.State == store.BlockLapsed {
			return "Block of " + target + " was not approved in time"
		}
		return "Block of " + target + " was rejected"
	case TypeBlocked:
		if b.TTL == 0 {
			return target + " is blocked for good"
		}
		return target + " is blocked for " + guard.TTLWords(b.TTL)
	case TypeVerified:
		return "Block of " + target + " is in force" + at
	case TypeFailed:
		return "Block of " + target + " failed" + at
	case TypeDrifted:
		if d.Wanted == Absent {
			return "Block of " + target + " has ended, and is still there" + at
		}
		return "Block of " + target + " has disappeared" + at
	case TypeEvicted:
		return "Block of " + target + " made room" + at
	}
	if b.State == store.BlockExpired {
		return "Block of " + target + " ran out"
	}
	return "Block of " + target + " was lifted"
}

// Data is what is in "data" of a fact.
type Data struct {
	Block         BlockState `json:"block"`
	Reason        string     `json:"reason,omitempty"`
	ExpiresAt     time.Time  `json:"expires_at,omitzero"`
	ExpiresIn     string     `json:"expires_in,omitempty"` // how long it lasts: "24h", "permanent"
	Cause         string     `json:"cause,omitempty"`
	Responder     string     `json:"responder,omitempty"`
	ResponderID   string     `json:"responder_id,omitempty"`
	ResponderKind string     `json:"responder_kind,omitempty"`
	Responders    []string   `json:"responders,omitempty"` // names, the first of them
	Attempts      int        `json:"attempts,omitempty"`
	Wanted        string     `json:"wanted,omitempty"`
	Found         string     `json:"found,omitempty"`
	Action        string     `json:"action,omitempty"`
	RemoteID      string     `json:"remote_id,omitempty"`
	Verified      int        `json:"verified,omitempty"` // how many responders hold it
	Failed        int        `json:"failed,omitempty"`
}

// BlockState is "data.block" of a fact.
type BlockState struct {
	ID          string    `json:"id"`
	Target      string    `json:"target"`
	State       string    `json:"state"`
	Reason      string    `json:"reason,omitempty"`
	RequestedBy string    `json:"requested_by,omitempty"`
	DecidedBy   string    `json:"decided_by,omitempty"`
	Rule        string    `json:"rule,omitempty"`
	Alert       string    `json:"alert,omitempty"`
	Incident    string    `json:"incident,omitempty"`
	Event       string    `json:"event,omitempty"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
	ActiveAt    time.Time `json:"active_at,omitzero"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	TTL         string    `json:"ttl"`
	ApproveBy   time.Time `json:"approve_by,omitzero"`
	EndedAt     time.Time `json:"ended_at,omitzero"`
}

func (c clipper) data(b *store.Block, d Detail) Data {
	out := Data{
		Block: c.state(b), Reason: c.clip(b.Reason), Cause: c.clip(d.Cause), Attempts: d.Attempts, Wanted: c.clip(d.Wanted), Found: c.clip(d.Found),
		Action: c.clip(d.Action), RemoteID: c.clip(d.RemoteID), Verified: d.Verified, Failed: d.Failed,
	}
	if b.State.Open() {
		out.ExpiresAt, out.ExpiresIn = b.ExpiresAt.UTC(), guard.TTLWords(b.TTL)
	}
	if r := d.Responder; r != nil {
		out.Responder, out.ResponderID, out.ResponderKind = c.clip(r.Name), c.clip(r.ID), c.clip(r.Kind)
	}
	for _, r := range d.Responders[:min(len(d.Responders), c.list)] {
		out.Responders = append(out.Responders, c.clip(r.Name))
	}
	return out
}

func (c clipper) state(b *store.Block) BlockState {
	s := BlockState{
		ID: b.ID.Text(event.PrefixBlock), Target: guard.Words(b.Target), State: string(b.State), Reason: c.clip(b.Reason),
		RequestedBy: c.clip(who(b.Requester)), DecidedBy: c.clip(who(b.Decider)), CreatedAt: b.CreatedAt.UTC(), ActiveAt: b.ActiveAt.UTC(),
		ExpiresAt: b.ExpiresAt.UTC(), TTL: guard.TTLWords(b.TTL), EndedAt: b.EndedAt.UTC(),
	}
	if b.State == store.BlockPending {
		s.ApproveBy = b.ApproveBy.UTC()
	}
	if b.Incident > 0 {
		s.Incident = incident(b.Incident)
	}
	for _, x := range []struct {
		to     *string
		id     event.ID
		prefix string
	}{{&s.Rule, b.Rule, event.PrefixResponse}, {&s.Alert, b.Alert, event.PrefixAlert}, {&s.Event, b.Event, event.PrefixEvent}} {
		if !x.id.IsZero() {
			*x.to = x.id.Text(x.prefix)
		}
	}
	return s
}
