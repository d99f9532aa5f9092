package ticketing

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// The fields that are kept in step both ways, and comments.
const (
	fieldStatus   = "status"
	fieldAssignee = "assignee"
	fieldSeverity = "severity"
	fieldComments = "comments"
)

// maxEmail bounds an address, in bytes (RFC 5321).
const maxEmail = 254

// link is what is remembered of one ticket: Ticket.State. It is small, whatever happens to the ticket.
type link struct {
	// Generation counts the tickets that the subject had: it goes up when one was deleted over there.
	Generation int  `json:"g,omitempty"`
	Deleted    bool `json:"x,omitempty"`
	// Begun: the ticket was looked at since it was opened.
	Begun bool `json:"n,omitempty"`

	Status   pair              `json:"s"`
	Assignee pair              `json:"a"`
	Severity pair              `json:"p"`
	Summary  text              `json:"t"`
	Body     text              `json:"b"`
	Custom   map[string]string `json:"c,omitempty"` // hashes of what custom fields were given
	Labels   string            `json:"l,omitempty"` // hash of the tags that are labels

	// Email is that of the assignee over there, if the vendor shows it.
	Email string `json:"m,omitempty"`
	// Last is the newest event that was taken in: what is older says nothing of the fields any more.
	Last event.ID `json:"e"`
	// Seen is the newest that was heard of the ticket; Looked, up to when its comments were read.
	Seen     time.Time `json:"u,omitzero"`
	Looked   time.Time `json:"k,omitzero"`
	Said     []said    `json:"w,omitempty"` // comments written, or about to be
	Heard    []string  `json:"h,omitempty"` // ids of comments brought over
	Asks     []ask     `json:"q,omitempty"`
	Attached bool      `json:"f,omitempty"`
}

// pair is one field on both sides. Here is Tocsin's value ("active", "dana@example.com", "high"), There the vendor's as far as
// it is compared (a category, a person's id, a word); AgreedHere and AgreedThere are those of when they last agreed.
type pair struct {
	Here        string    `json:"h"`
	AgreedHere  string    `json:"ah"`
	There       string    `json:"t"`
	AgreedThere string    `json:"at"`
	HereAt      time.Time `json:"h@,omitzero"`
	ThereAt     time.Time `json:"t@,omitzero"`
	// Known is when the hub knew of Here, by its own clock: what it knew before says nothing of it any more.
	Known time.Time `json:"n@,omitzero"`
	// Sent is set to the value of Here that is about to be written there, until it is known what became of it.
	Sent *string `json:"w,omitempty"`
	// Stuck: writing Here was refused for good; it is tried again when either side changes, or somebody sends the delivery
	// again.
	Stuck bool `json:"k,omitempty"`
	// Acted: Tocsin was asked to acknowledge, and it is not sure that it could: what it had before then counts.
	Acted bool `json:"v,omitempty"`
}

// hear takes in what Tocsin had before it was asked to acknowledge.
func (p *pair) hear(here string) {
	if p.Here = string(Active); here == string(Closed) {
		p.Here = here // what is over cannot be acknowledged
	}
}

// text is a text that goes out: Here and There are hashes of what was given and of what was then seen there. People may
// change it there; then it is theirs.
type text struct {
	Here  string `json:"h,omitempty"`
	There string `json:"t,omitempty"`
}

// said is a comment of ours, by the key of its mark.
type said struct {
	Key string    `json:"k"`
	ID  string    `json:"i,omitempty"` // empty while it is not known whether it was written
	At  time.Time `json:"@"`
}

// ask is a wish without an answer so far.
type ask struct {
	ID    string `json:"i"`
	Field string `json:"f"`
	Want  string `json:"w,omitempty"` // the value here, once it is done
	There string `json:"t,omitempty"` // the vendor's value, or the comment's id
	Tries int    `json:"n,omitempty"`
	Both  bool   `json:"2,omitempty"` // it takes two steps: reopen, then acknowledge
	// At is when it was asked for last; of a comment, from when on comments are to be read to find it again.
	At time.Time `json:"@,omitzero"`
	// Before is what Tocsin said it had before it was asked, where that was heard of only afterwards. It counts if the wish
	// is refused.
	Before *string `json:"b,omitempty"`
}

func decodeLink(t *connector.Ticket) (*link, error) {
	k := new(link)
	if len(t.State) == 0 {
		return k, nil
	}
	if err := json.Unmarshal(t.State, k); err != nil {
		return nil, fmt.Errorf("reading what is remembered of ticket %s: %w", t.Key, err)
	}
	return k, nil
}

// encode puts the link into its ticket.
func (k *link) encode(t *connector.Ticket) error {
	k.Said = last(k.Said, maxRemembered)
	k.Heard = last(k.Heard, maxRemembered)
	raw, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("writing what is remembered of ticket %s: %w", t.Key, err)
	}
	if len(raw) > connector.MaxStateValue {
		return fmt.Errorf("what is to be remembered of ticket %s is %d bytes, more than %d", t.Key, len(raw), connector.MaxStateValue)
	}
	t.State = raw
	return nil
}

func last[T any](list []T, n int) []T {
	if len(list) > n {
		return append([]T(nil), list[len(list)-n:]...)
	}
	return list
}

// fields gives the pairs by name, in the order in which they are dealt with.
func (k *link) fields() []struct {
	name string
	*pair
} {
	return []struct {
		name string
		*pair
	}{{fieldStatus, &k.Status}, {fieldAssignee, &k.Assignee}, {fieldSeverity, &k.Severity}}
}

func (k *link) pair(name string) *pair {
	for _, f := range k.fields() {
		if f.name == name {
			return f.pair
		}
	}
	return nil
}

// take takes in what Tocsin says. It says false for an event that is older than one that was taken in already.
func (k *link) take(f *facts) bool {
	if !f.id.IsZero() && f.id.UUID() <= k.Last.UUID() {
		return false
	}
	if !f.id.IsZero() {
		k.Last = f.id
	}
	k.confirm(f)
	if f.status != nil {
		k.now(fieldStatus, string(*f.status), f)
	} else if f.begins && k.Status.Here == string(Closed) {
		k.now(fieldStatus, string(New), f)
	}
	if f.assignee != nil {
		k.now(fieldAssignee, *f.assignee, f)
	}
	if f.rated {
		k.now(fieldSeverity, f.severity.String(), f)
	}
	return true
}

// confirm finds out of what was asked for and never answered: what a field had before a later change says that it was done.
func (k *link) confirm(f *facts) {
	for _, name := range []string{fieldStatus, fieldAssignee, fieldSeverity} {
		for _, member := range membersOf(name) {
			change, changed := f.change.Changed[member]
			if a := k.asked(name); changed && a != nil && !f.said.Before(a.At) && hereOf(name, change[0]) == a.Want {
				k.believe(name, true)
			}
		}
	}
}

// hereOf is Tocsin's value of a field as a link has it.
func hereOf(name, value string) string {
	if c, ok := categoryOf(value); ok && name == fieldStatus {
		return string(c)
	}
	return strings.ToLower(value)
}

// now notes what Tocsin has. What it had before it was asked for something else, or what is only said again meanwhile, says
// nothing of what it has afterwards.
func (k *link) now(name, here string, f *facts) {
	if a := k.asked(name); a != nil && (f.said.Before(a.At) || !f.changes(name) && here != a.Want) {
		a.Before = &here
		return
	}
	p := k.pair(name)
	switch older := f.said.Before(p.Known); {
	case older && p.Acted:
		p.hear(here)
	case !older && p.Here != here:
		p.Here, p.HereAt, p.Known, p.Stuck, p.Acted = here, f.at, f.said, false, false
	}
}

// membersOf are the names that a field has in what Tocsin says of a change.
func membersOf(name string) []string {
	if name == fieldAssignee {
		return []string{"assignee", "owner"}
	}
	return []string{name}
}

// changes says whether an event is about a change of the field; what senders say always is.
func (f *facts) changes(name string) bool {
	for _, member := range membersOf(name) {
		if _, ok := f.change.Changed[member]; ok {
			return true
		}
	}
	switch f.change.Verb {
	case "acknowledge", "resolve", "reopen":
		return name == fieldStatus
	case "assign":
		return name == fieldAssignee
	case "rate":
		return name == fieldSeverity
	}
	return !f.internal
}

// asked is what is asked for about a field; nil if nothing is.
func (k *link) asked(name string) *ask {
	for i := range k.Asks {
		if k.Asks[i].Field == name {
			return &k.Asks[i]
		}
	}
	return nil
}

// believe takes what was asked for as done; sure, because Tocsin says so.
func (k *link) believe(name string, sure bool) {
	a, p := k.asked(name), k.pair(name)
	p.Here, p.HereAt, p.Known, p.AgreedHere, p.AgreedThere, p.Acted = a.Want, a.At, a.At, a.Want, a.There, false
	if !sure && name == fieldStatus && a.Want == string(Active) {
		p.acted(a)
	}
	k.drop(name)
}

// unchanged takes the answer that a wish for a status changed nothing. If it was to acknowledge, either somebody was at it
// already or it is over; otherwise it was so already.
func (k *link) unchanged(a *ask, verb connector.Verb) {
	if verb != connector.Acknowledge || a.Both {
		k.believe(a.Field, true)
		return
	}
	p := &k.Status
	p.Here, p.AgreedHere, p.AgreedThere, p.Known = unsaid, unsaid, a.There, a.At
	p.acted(a)
	k.drop(a.Field)
}

func (p *pair) acted(a *ask) {
	p.Acted = true
	if a.Before != nil {
		p.hear(*a.Before)
	}
}

// overtaken gives up a wish without an answer: whether it was done is not known.
func (k *link) overtaken(a *ask) {
	p := k.pair(a.Field)
	p.Here, p.HereAt, p.Known, p.AgreedHere, p.AgreedThere, p.Acted = unknown, a.At, a.At, unknown, a.There, false
	k.drop(a.Field)
}

// differ notes that what was asked for was not done: Tocsin has what it had.
func (k *link) differ(a *ask) {
	p := k.pair(a.Field)
	p.AgreedHere, p.AgreedThere = p.Here, a.There
	if a.Before != nil {
		p.Here = *a.Before
	}
	k.drop(a.Field)
}

// see takes in what is known of the ticket. What is older than what was seen before is no news.
func (k *link) see(r *Remote) bool {
	if r.Updated.Before(k.Seen) {
		return false
	}
	k.Seen, k.Email = r.Updated, strings.ToLower(event.Clip(r.Assignee.Email, maxEmail))
	at := r.At
	if at.IsZero() {
		at = r.Updated
	}
	for _, f := range k.fields() {
		if there := thereOf(f.name, r); f.There != there {
			f.There, f.ThereAt, f.Stuck = there, at, false
		}
	}
	return true
}

// begin makes what is first seen of a ticket what both sides agree on: somebody may have opened it with an assignee or a
// status of the vendor's choice.
func (k *link) begin(r *Remote) {
	k.see(r)
	k.Begun = true
	for _, f := range k.fields() {
		if f.AgreedThere == "" {
			f.AgreedThere = f.There
		}
	}
	k.reads(r)
}

// reads notes what the texts over there are now. A Remote without a body does not say.
func (k *link) reads(r *Remote) {
	k.Summary.There = hash(r.Summary)
	if r.Body != "" {
		k.Body.There = hash(r.Body)
	}
}

// outstanding says whether something of Tocsin's is not on the ticket yet.
func (k *link) outstanding(s *Settings) bool {
	for _, f := range k.fields() {
		if f.Here != f.AgreedHere && !f.Stuck && s.rule(f.name).out() {
			return true
		}
	}
	return !k.Begun
}

// saying finds a comment of ours by its key; nil if it was never begun.
func (k *link) saying(key string) *said {
	for i := range k.Said {
		if k.Said[i].Key == key {
			return &k.Said[i]
		}
	}
	return nil
}

// thereOf is the vendor's value of a field, as far as it is compared.
func thereOf(name string, r *Remote) string {
	switch name {
	case fieldStatus:
		return string(r.Category)
	case fieldAssignee:
		return r.Assignee.ID
	}
	return strings.ToLower(r.Level)
}
