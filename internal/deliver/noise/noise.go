// Package noise decides what of an integration's deliveries is held back: left out for good, or sent later. It is pure: a
// policy, a small memory, an event and a time in, a decision out. What a decision does to deliveries is deliver's business.
package noise

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Class is what noise control makes of an event type.
type Class uint8

// The classes. Only announcements are held back. Changes and ends are news about what was announced, and follow it at
// once; with what is exempt nothing is done at all.
const (
	Announcement Class = iota
	Change             // acknowledged, updated, reopened
	End                // resolved, closed
	Exempt             // what Tocsin says to one integration alone
)

// ClassOf gives an event's class.
func ClassOf(r *event.Record) Class {
	switch r.Type {
	case "alert.acknowledged", "alert.updated", "alert.reopened", "incident.updated":
		return Change
	case "alert.resolved", "incident.closed":
		return End
	}
	if r.Flags&event.Internal != 0 && event.Addressed(r.Type) {
		return Exempt
	}
	return Announcement
}

// Action is what is to be done with a delivery.
type Action uint8

// The actions.
const (
	Send Action = iota
	Skip        // for good
	Hold        // until a time
)

// Reason says why something is held back.
type Reason string

// The reasons: of Skip, and of Hold.
const (
	Dedup    Reason = "dedup"
	Silenced Reason = "silenced"
	Resolved Reason = "resolved" // it was over before it was announced

	Grouped    Reason = "grouped"
	QuietHours Reason = "quiet_hours"
	RateCap    Reason = "rate_cap"
)

// Silence is one that is in force for an event.
type Silence struct {
	ID    string
	Until time.Time
}

// Input is what is decided about.
type Input struct {
	Record *event.Record
	// Silence is in force for the event; nil: none.
	Silence *Silence
	// Held: an announcement of the same subject is held, and may still be called off.
	Held bool
	// Batch: the integration sends in batches, which takes every event in the end.
	Batch bool
}

// Decision is what is to be done.
type Decision struct {
	Action Action
	Reason Reason
	// Until is how long a hold lasts, or until when the same would be skipped again; zero: there is no such time.
	Until time.Time
	// Group is the key of what the delivery is held with.
	Group string
	// Detail is the silence's id.
	Detail string
	// CallOff: what is held of the subject is skipped as well, as resolved.
	CallOff bool
	// Join: it goes with what is held of its subject.
	Join bool
}

// Decide says what is to be done with an event's delivery. It changes nothing; Note takes the decision in.
func (s *State) Decide(p *connector.Noise, in Input, now time.Time) Decision {
	switch ClassOf(in.Record) {
	case Exempt:
		return Decision{}
	case Change, End:
		return s.follow(in, now)
	}
	if in.Silence != nil {
		return Decision{Action: Skip, Reason: Silenced, Until: in.Silence.Until, Detail: in.Silence.ID}
	}
	if until, ok := s.repeats(p, in.Record, now); ok {
		return Decision{Action: Skip, Reason: Dedup, Until: until}
	}
	return s.Pace(p, Facts{Severity: in.Record.Severity, Group: GroupKey(p, in.Record), Batch: in.Batch}, now)
}

// follow decides about news of something: it goes where the announcement went.
func (s *State) follow(in Input, now time.Time) Decision {
	subject := Subject(in.Record)
	end := ClassOf(in.Record) == End
	n := s.find(subject)
	announced := n != nil && !n.Announced.IsZero() || !s.sure(in.Record, now)
	switch {
	case in.Held && in.Batch: // all of it is sent in the end, in its order
		return Decision{Join: true}
	case in.Held && end && announced:
		return Decision{CallOff: true}
	case in.Held && end:
		return Decision{Action: Skip, Reason: Resolved, CallOff: true}
	case in.Held && !announced:
		return Decision{Join: true}
	case n != nil && !n.Muted.IsZero() && !announced:
		return Decision{Action: Skip, Reason: Silenced}
	case in.Silence != nil && !announced: // news of what nobody was told of: a sender could call anything news
		return Decision{Action: Skip, Reason: Silenced, Until: in.Silence.Until, Detail: in.Silence.ID}
	}
	return Decision{}
}

// repeats says whether an announcement was made already within the window, and until when that holds.
func (s *State) repeats(p *connector.Noise, r *event.Record, now time.Time) (until time.Time, ok bool) {
	if p.DedupWindow == 0 || r.DedupKey == "" {
		return time.Time{}, false
	}
	n := s.find(Subject(r))
	if n == nil {
		return time.Time{}, false
	}
	for _, seen := range n.Seen {
		if seen.Type != r.Type {
			continue
		}
		until = seen.At.Add(p.DedupWindow)
		// The same event comes again when a crash came before its end was saved.
		return until, seen.Event != r.ID.UUID() && r.Severity <= seen.Severity && now.Before(until)
	}
	return time.Time{}, false
}

// Facts are what the pace of a message depends on.
type Facts struct {
	Severity event.Severity
	// Group is the key of its group; empty: it has none.
	Group string
	Batch bool
	// Ripe: it has waited for its group, or is one.
	Ripe bool
}

// Keys of what is held together, beside those of groups. A group's key begins with another letter.
const (
	quietKey = "quiet"
	eachKey  = "quiet/each"
	capKey   = "cap"
	// AlongKey is that of what goes before, or with, something of its ordering key that is not held.
	AlongKey = "along"

	groupPrefix = "group/"
)

// Pace says when a message may be sent.
func (s *State) Pace(p *connector.Noise, f Facts, now time.Time) Decision {
	if until, each, quiet := QuietUntil(p.Quiet, f.Severity, now); quiet {
		key := quietKey
		if each || f.Batch {
			key = eachKey
		}
		return Decision{Action: Hold, Reason: QuietHours, Until: until, Group: key}
	}
	if f.Batch {
		return Decision{}
	}
	if f.Group != "" && !f.Ripe {
		return Decision{Action: Hold, Reason: Grouped, Until: s.groupDue(p, f.Group, now), Group: f.Group}
	}
	if until, full := s.Cap.full(p.Cap, now); full && f.Severity < p.Cap.Through {
		return Decision{Action: Hold, Reason: RateCap, Until: until, Group: capKey}
	}
	return Decision{}
}

// ReasonOf is why what has that key is held.
func ReasonOf(key string) Reason {
	switch key {
	case quietKey, eachKey:
		return QuietHours
	case capKey:
		return RateCap
	}
	return Grouped
}

// SentEach says whether what is held under the key is sent one by one in the end.
func SentEach(key string) bool { return key == eachKey }

// groupDue is when a new group of that key is to be sent.
func (s *State) groupDue(p *connector.Noise, key string, now time.Time) time.Time {
	if n := s.find(groupSubject(key)); n != nil {
		if next := n.Sent.Add(p.Group.Interval); next.After(now) {
			return next
		}
	}
	return now.Add(p.Group.Wait)
}

// Cap counts messages. Its time begins with a message.
type Cap struct {
	From time.Time `json:"from,omitzero"`
	Used int       `json:"used,omitempty"`
}

// full says whether no more may be sent, and until when.
func (c *Cap) full(limit connector.MessageCap, now time.Time) (until time.Time, full bool) {
	until = c.From.Add(limit.Per)
	return until, limit.Messages > 0 && c.Used >= limit.Messages && now.Before(until)
}

// count counts a message.
func (c *Cap) count(limit connector.MessageCap, now time.Time) {
	if limit.Messages == 0 {
		return
	}
	if !now.Before(c.From.Add(limit.Per)) {
		c.From, c.Used = now, 0
	}
	c.Used++
}
