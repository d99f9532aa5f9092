package ticketing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// verdict is what is to be done about a field.
type verdict uint8

const (
	rest  verdict = iota // both sides are as they were when they agreed
	agree                // both sides mean the same: that is what they agree on now
	push                 // Tocsin's value goes to the ticket
	pull                 // the ticket's value goes to Tocsin
)

// decide compares both sides of a field with what they last agreed on. Same says whether they mean the same now.
func (p *pair) decide(rule Rule, same bool) verdict {
	here, there := p.Here != p.AgreedHere, p.There != p.AgreedThere
	switch {
	case p.Here == unknown:
		return either(rule.in(), pull, rest)
	case same && (here || there || p.Sent != nil):
		return agree
	case same, !here && !there, rule == Off:
		return rest
	case there && !here:
		return either(rule.in(), pull, rest)
	case here && !there:
		return either(rule.out(), push, rest)
	}
	switch rule {
	case Tocsin, Out:
		return push
	case Vendor, In:
		return pull
	}
	if p.HereAt.After(p.ThereAt) {
		return push
	}
	return pull
}

func either[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// settle notes that both sides agree on what they have.
func (p *pair) settle() { p.AgreedHere, p.AgreedThere, p.Sent = p.Here, p.There, nil }

// meaning translates between the words of both sides.
type meaning struct {
	levels *connector.Levels
	// email gives the address of somebody at the vendor, empty if it is not known.
	email func(id string) string
}

// same says whether a value of Tocsin and one of the vendor mean the same.
func (m meaning) same(name, here, there string) bool {
	switch name {
	case fieldStatus:
		return here == there
	case fieldAssignee:
		return here == "" && there == "" || here != "" && there != "" && strings.EqualFold(m.email(there), here)
	}
	s, ok := event.ParseSeverity(here)
	return ok && strings.EqualFold(m.levels.Of(s), there)
}

// echo recognises values that were written there, and of which nobody heard back until now.
func (k *link) echo(m meaning) {
	for _, f := range k.fields() {
		if f.Sent != nil && f.There != f.AgreedThere && m.same(f.name, *f.Sent, f.There) {
			f.AgreedHere, f.AgreedThere, f.Sent = *f.Sent, f.There, nil
		}
	}
}

// verdicts decides about every field, and settles those on which both sides agree.
func (k *link) verdicts(s *Settings, m meaning) map[string]verdict {
	k.echo(m)
	out := map[string]verdict{}
	for _, f := range k.fields() {
		if a := k.asked(f.name); a != nil && a.There != f.There {
			k.overtaken(a) // it was changed again over there before anybody said what became of the wish
		}
		v := f.decide(s.rule(f.name), m.same(f.name, f.Here, f.There))
		if v == agree {
			f.settle()
			k.drop(f.name)
			v = rest
		}
		if v == push && f.Stuck {
			v = rest
		}
		out[f.name] = v
	}
	return out
}

// drop forgets what was asked for about a field.
func (k *link) drop(name string) {
	kept := k.Asks[:0]
	for _, a := range k.Asks {
		if a.Field != name {
			kept = append(kept, a)
		}
	}
	k.Asks = kept
}

// want is what Tocsin should have, and how it is asked for.
type want struct {
	value string
	verbs []connector.Verb
	to    connector.Person
	level event.Severity
}

// wanted says how the ticket's value of a field gets here; false if there is no way: then both sides differ, and agree to.
func (k *link) wanted(name string, m meaning, isIncident bool, r *Remote) (want, bool) {
	switch name {
	case fieldStatus:
		verbs := statusVerbs(Category(k.Status.Here), Category(k.Status.There), isIncident)
		value := k.Status.There
		if isIncident && value == string(New) {
			value = string(Active) // an incident that is opened again is active
		}
		return want{value: value, verbs: verbs}, len(verbs) > 0
	case fieldAssignee:
		if k.Assignee.There == "" {
			return want{verbs: []connector.Verb{connector.Assign}}, true
		}
		email := strings.ToLower(m.email(k.Assignee.There))
		person := connector.Person{ID: k.Assignee.There, Email: email}
		if r != nil && r.Assignee.ID == k.Assignee.There {
			person.Name = r.Assignee.Name
		}
		return want{value: email, verbs: []connector.Verb{connector.Assign}, to: person}, email != ""
	}
	for s := event.Critical; ; s-- {
		if strings.EqualFold(m.levels.Of(s), k.Severity.There) {
			return want{value: s.String(), verbs: []connector.Verb{connector.Rate}, level: s}, true
		}
		if s == event.Info {
			return want{}, false
		}
	}
}

// What a link has for a value of Tocsin's that it cannot know.
const (
	// unknown: nobody said what became of a wish, and the ticket has changed since. What it has is asked for.
	unknown = "?"
	// unsaid: an acknowledgement changed nothing. Either somebody was at it already or it is over; what Tocsin said before
	// that is on its way.
	unsaid = ""
)

// statusVerbs are the steps from one state to another.
func statusVerbs(from, to Category, isIncident bool) []connector.Verb {
	switch {
	case from == to:
		return nil
	case to == Closed:
		return []connector.Verb{connector.Resolve}
	case from == Closed && (to == New || isIncident), (from == unknown || from == unsaid) && to == New:
		return []connector.Verb{connector.Reopen}
	case from == Active && to == New && !isIncident: // Tocsin takes an acknowledgement back
		return []connector.Verb{connector.Reopen}
	case from == Closed, from == unknown, from == unsaid:
		return []connector.Verb{connector.Reopen, connector.Acknowledge}
	case to == Active:
		return []connector.Verb{connector.Acknowledge}
	}
	return nil // an incident that somebody has begun with stays active
}

// pulls turns what the ticket has over Tocsin into wishes. What was asked for and not answered yet is asked for again,
// as long as that makes sense.
func (k *link) pulls(subject string, v map[string]verdict, m meaning, r *Remote, by connector.Person, now time.Time) []connector.Wish {
	_, incident, ok := ours(subject)
	var wishes []connector.Wish
	for _, f := range k.fields() {
		if v[f.name] != pull {
			continue
		}
		w, can := k.wanted(f.name, m, incident != "", r)
		if !ok || !can {
			f.settle()
			k.drop(f.name)
			continue
		}
		a := k.asking(f.name, w.value, f.There, subject, now)
		if a == nil {
			continue
		}
		a.Both = len(w.verbs) > 1
		for _, verb := range w.verbs {
			wish := newWish(subject, a.ID, verb, by, f.ThereAt)
			if f.name == fieldStatus {
				wish.At = time.Time{} // who wins was decided here, and not by two clocks
			}
			wish.Assignee, wish.Severity = w.to, w.level
			wishes = append(wishes, wish)
		}
	}
	return wishes
}

// asking notes that something is asked for; nil when it was asked for too often. A comment has one id, so that it is written
// once. A value gets a new id each time: what became of the last wish is not known, Tocsin may have changed since, and to
// have a value twice does no harm.
func (k *link) asking(field, value, there, subject string, now time.Time) *ask {
	for i := range k.Asks {
		a := &k.Asks[i]
		if a.Field != field || a.There != there || field != fieldComments && a.Want != value {
			continue
		}
		a.Tries++
		switch {
		case a.Tries > maxTries && field == fieldComments:
			k.Asks = append(k.Asks[:i], k.Asks[i+1:]...)
			return nil
		case a.Tries > maxTries: // asked for often enough: it counts as done
			k.believe(field, false)
			return nil
		case field != fieldComments:
			a.ID, a.At = askID(subject, field, value, there, now), now.UTC()
		}
		return a
	}
	var heard *string
	if a := k.asked(field); a != nil && field != fieldComments {
		heard = a.Before
		k.drop(field)
	}
	id := askID(subject, field, value, there, k.since(field))
	k.Asks = append(last(k.Asks, maxAsks-1), ask{ID: id, Field: field, Want: value, There: there, Tries: 1, At: now.UTC(), Before: heard})
	return &k.Asks[len(k.Asks)-1]
}

// since tells a value that comes again later from its first time.
func (k *link) since(field string) time.Time {
	if p := k.pair(field); p != nil {
		return p.ThereAt
	}
	return time.Time{}
}

// askID is the same for one thing that is asked for, however often and by whatever way it is heard of.
func askID(subject, field, value, there string, at time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%d", subject, field, value, there, at.UnixNano()))
	return "ticket-" + hex.EncodeToString(sum[:12])
}

func newWish(subject, id string, verb connector.Verb, by connector.Person, at time.Time) connector.Wish {
	w := connector.Wish{ID: id, Verb: verb, Person: by, At: at, Token: subject}
	w.Alert, w.Incident, _ = ours(subject)
	return w
}
