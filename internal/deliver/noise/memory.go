package noise

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of what is remembered for one integration.
const (
	// MaxNotes bounds the subjects; beyond it the oldest are forgotten.
	MaxNotes = 10_000
	// KeepNotes is how long a subject is remembered of which nothing more is heard.
	KeepNotes = 30 * 24 * time.Hour
	// maxSeen bounds the types that are told apart for one subject.
	maxSeen = 4
	// renewAfter is how old the time of an announcement gets before it is written anew.
	renewAfter = time.Hour
)

// Key stands for a subject: the beginning of its SHA-256.
type Key [16]byte

// State is what decisions rest on beside the policy.
type State struct {
	// Since is when the memory begins: what was announced before is not known. Zero: nothing was.
	Since time.Time
	Cap   Cap

	notes map[Key]*Note
	dirty map[Key]struct{}
}

// Note is what is remembered of one subject: an alert, an incident, or a group.
type Note struct {
	At time.Time `json:"at"` // of the last change
	// Announced is when it was last sent, or decided to be.
	Announced time.Time `json:"announced,omitzero"`
	// Muted is when its announcement was silenced last.
	Muted time.Time `json:"muted,omitzero"`
	// Sent is when a group's last message went out.
	Sent time.Time `json:"sent,omitzero"`
	Seen []Seen    `json:"seen,omitempty"`
}

// Seen is the announcement that repeats are compared with.
type Seen struct {
	Type     string         `json:"type"`
	Event    string         `json:"event"` // its id, as a UUID
	Severity event.Severity `json:"severity"`
	At       time.Time      `json:"at"`
}

// NewState is an empty memory that begins at a time; zero: nothing was announced before.
func NewState(since time.Time) *State {
	return &State{Since: since, notes: map[Key]*Note{}, dirty: map[Key]struct{}{}}
}

// Subject is what an event is about: its alert, or its incident. Empty: nothing that lasts. Accounts below have keys of
// their own, and so have the incidents of senders: nobody calls off what is held of another's.
func Subject(r *event.Record) string {
	switch incident := strings.HasPrefix(r.Type, "incident.") && r.OrderingKey != ""; {
	case r.DedupKey != "":
		return "a/" + string(r.Account) + "/" + r.DedupKey
	case incident && r.Flags&event.Internal != 0:
		return "i/" + string(r.Account) + "/" + r.OrderingKey
	case incident:
		return "s/" + string(r.Account) + "/" + r.OrderingKey
	}
	return ""
}

func groupSubject(key string) string { return "g/" + key }

func keyOf(subject string) Key {
	sum := sha256.Sum256([]byte(subject))
	return Key(sum[:len(Key{})])
}

// find gives what is remembered of a subject; nil if nothing is.
func (s *State) find(subject string) *Note {
	if subject == "" || len(s.notes) == 0 {
		return nil
	}
	return s.notes[keyOf(subject)]
}

// sure says whether the memory would know of an announcement of what the event is about. What Tocsin itself says of an
// alert tells when that began.
func (s *State) sure(r *event.Record, now time.Time) bool {
	if s.Since.IsZero() || now.Sub(s.Since) >= KeepNotes {
		return true
	}
	if r.Flags&event.Internal == 0 {
		return false
	}
	first, err := time.Parse(time.RFC3339Nano, gjson.GetBytes(r.Body, "data.alert.first_seen").String())
	return err == nil && !first.Before(s.Since)
}

// Note takes in what was decided about an event.
func (s *State) Note(p *connector.Noise, r *event.Record, d Decision, now time.Time) {
	class, subject := ClassOf(r), Subject(r)
	if class == Announcement && d.Action == Send {
		s.Cap.count(p.Cap, now)
	}
	if subject == "" || class == Exempt || class == Change {
		return
	}
	k := keyOf(subject)
	if class == End {
		if s.notes[k] != nil {
			s.forget(k) // what comes next is a new beginning
		}
		return
	}
	switch d.Action {
	case Skip:
		if d.Reason == Silenced {
			n := s.at(k, now)
			n.Muted = now
		}
		return
	case Send:
		s.announced(k, now)
	}
	if p.DedupWindow > 0 && r.DedupKey != "" {
		s.at(k, now).see(Seen{Type: strings.Clone(r.Type), Event: r.ID.UUID(), Severity: r.Severity, At: now})
	}
}

// Message takes in that one message went out for several events: their subjects are announced, and the cap counts one.
func (s *State) Message(p *connector.Noise, group string, subjects []string, now time.Time) {
	if group != AlongKey { // the one that they go with counts
		s.Cap.count(p.Cap, now)
	}
	s.Told(subjects, now)
	if strings.HasPrefix(group, groupPrefix) {
		s.at(keyOf(groupSubject(group)), now).Sent = now
	}
}

// Told takes in that subjects are announced with another's message.
func (s *State) Told(subjects []string, now time.Time) {
	for _, subject := range subjects {
		if subject != "" {
			s.announced(keyOf(subject), now)
		}
	}
}

// CalledOff takes in that an announcement that was held is not made.
func (s *State) CalledOff(subject string) {
	if subject == "" {
		return
	}
	if k := keyOf(subject); s.notes[k] != nil && s.notes[k].Announced.IsZero() {
		s.forget(k)
	}
}

func (s *State) announced(k Key, now time.Time) {
	n := s.notes[k]
	if n != nil && n.Muted.IsZero() && now.Sub(n.Announced) < renewAfter {
		return
	}
	n = s.at(k, now)
	n.Announced, n.Muted = now, time.Time{}
}

// at gives a note that is about to change.
func (s *State) at(k Key, now time.Time) *Note {
	n := s.notes[k]
	if n == nil {
		if len(s.notes) >= 2*MaxNotes {
			s.Prune(now)
		}
		n = new(Note)
		s.notes[k] = n
	}
	n.At = now
	s.dirty[k] = struct{}{}
	return n
}

func (s *State) forget(k Key) {
	delete(s.notes, k)
	s.dirty[k] = struct{}{}
}

// see remembers an announcement. It keeps the severity to which repeats have risen.
func (n *Note) see(seen Seen) {
	for i := range n.Seen {
		if n.Seen[i].Type == seen.Type {
			n.Seen[i] = seen
			return
		}
	}
	if len(n.Seen) == maxSeen {
		n.Seen = slices.Delete(n.Seen, 0, 1)
	}
	n.Seen = append(n.Seen, seen)
}

// Prune forgets what is old, and the oldest of what is too much.
func (s *State) Prune(now time.Time) {
	for k, n := range s.notes {
		if now.Sub(n.At) > KeepNotes {
			s.forget(k)
		}
	}
	over := len(s.notes) - MaxNotes
	if over <= 0 {
		return
	}
	oldest := slices.SortedFunc(maps.Keys(s.notes), func(a, b Key) int { return s.notes[a].At.Compare(s.notes[b].At) })
	for _, k := range oldest[:over+MaxNotes/10] { // and some more, so that it is not done for each
		s.Since = now
		s.forget(k)
	}
}

// Len is how many subjects are remembered.
func (s *State) Len() int { return len(s.notes) }

// Saved is one note as it is stored; an empty Value: it is forgotten.
type Saved struct {
	Key   Key
	Value []byte
	At    time.Time
}

// Changes gives the notes that changed since it was asked last.
func (s *State) Changes() []Saved {
	if len(s.dirty) == 0 {
		return nil
	}
	list := make([]Saved, 0, len(s.dirty))
	for k := range s.dirty {
		saved := Saved{Key: k}
		if n := s.notes[k]; n != nil {
			saved.At = n.At
			saved.Value, _ = json.Marshal(n) // times, texts and ids
		}
		list = append(list, saved)
	}
	clear(s.dirty)
	return list
}

// Restore takes back what was stored. A note that cannot be read is left out.
func (s *State) Restore(list []Saved) {
	for _, saved := range list {
		n := new(Note)
		if json.Unmarshal(saved.Value, n) == nil {
			s.notes[saved.Key] = n
		}
	}
}
