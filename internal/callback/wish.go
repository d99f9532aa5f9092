package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of what a wish may hold, in bytes. What is longer is cut, with a mark.
const (
	maxText = 8 << 10
	maxName = 200
)

// do does a wish once. The outcome is nil when somebody else has done it: the same message came before. An error says
// that it may work later.
func (s *Service) do(ctx context.Context, inst *instance, w connector.Wish) (told WishLine, o *connector.Outcome, err error) {
	account := inst.row.Account
	w = tidy(account, w)
	if now := s.Now(); w.At.After(now) { // what is yet to come would outdo everything that comes until then
		w.At = now
	}
	told = WishLine{Verb: w.Verb, Of: subject(w), Person: person(w.Person)}
	if why := malformed(w); why != "" {
		told.Outcome, told.Note = Refused, why
		return told, &connector.Outcome{Refusal: why}, nil
	}
	state := s.Opener.State(account, inst.row.ID)
	guard, err := enterGuard(ctx, state, w)
	if err != nil || guard == nil {
		told.Outcome = Repeated
		return told, nil, err
	}
	leave, err := s.order.Take(ctx, idText(inst.row)+told.Of)
	if err != nil {
		return told, nil, errors.Join(fmt.Errorf("waiting for another change of %s: %w", told.Of, err), guard.release(ctx))
	}
	defer leave()
	late, err := outdated(ctx, state, w)
	if err != nil {
		return told, nil, errors.Join(err, guard.release(ctx))
	}
	out := connector.Outcome{Refusal: late}
	if late == "" {
		out, err = s.apply(ctx, inst, w)
	}
	var no *refusal
	switch {
	case errors.As(err, &no):
		out.Refusal = no.text
	case err != nil:
		return told, nil, errors.Join(err, guard.release(ctx))
	default:
		if err := remember(ctx, state, w, late); err != nil {
			return told, nil, errors.Join(err, guard.release(ctx))
		}
	}
	if err := guard.done(ctx); err != nil {
		return told, nil, err
	}
	told.By = out.By
	switch {
	case late != "":
		told.Outcome, told.Note = Outdated, late
	case out.Refusal != "":
		told.Outcome, told.Note = Refused, out.Refusal
	case out.Record != nil:
		told.Outcome, told.Event = Done, out.Record.ID.Text(event.PrefixEvent)
	case out.Done != "":
		told.Outcome = Done
	default:
		told.Outcome = Nothing
	}
	return told, &out, nil
}

// tidy names the alert by its id alone, and bounds the vendor's text.
func tidy(account event.Account, w connector.Wish) connector.Wish {
	if w.Alert.IsZero() && w.DedupKey != "" && w.Incident == "" {
		w.Alert = event.AlertID(account, w.DedupKey)
		w.DedupKey = ""
	}
	w.Text = event.Clip(strings.ToValidUTF8(w.Text, "\ufffd"), maxText)
	return w
}

// malformed says what is wrong with a wish; empty: nothing.
func malformed(w connector.Wish) string {
	switch w.Verb {
	case connector.Acknowledge, connector.Resolve, connector.Reopen, connector.Assign, connector.Rate:
	case connector.Note:
		if strings.TrimSpace(w.Text) == "" {
			return "the note is empty"
		}
	case connector.Block, connector.Approve, connector.Reject:
		return malformedBlock(w)
	default:
		return fmt.Sprintf("nobody knows how to %.40q", string(w.Verb))
	}
	switch {
	case w.Entity != "" || !w.Block.IsZero():
		return fmt.Sprintf("it is about a block, and %s is not done to one", w.Verb)
	case w.Alert.IsZero() && w.Incident == "", !w.Alert.IsZero() && w.Incident != "":
		return "it does not say of which alert or incident"
	case w.Incident != "" && event.IncidentNumber(w.Incident) == 0:
		return fmt.Sprintf("%.40q is no incident", w.Incident)
	}
	return ""
}

// maxEntity bounds the text of an address, in bytes.
const maxEntity = 64

// malformedBlock is malformed for what is about a block.
func malformedBlock(w connector.Wish) string {
	asks := w.Verb == connector.Block
	switch {
	case !w.Personal: // an integration blocks nothing by itself, and approves nothing
		return "only a person can " + string(w.Verb) + " that, and it does not say who does"
	case w.Incident != "", asks == w.Alert.IsZero(), asks != w.Block.IsZero():
		return "it does not say of which alert or block"
	case asks && (w.Entity == "" || len(w.Entity) > maxEntity), !asks && w.Entity != "":
		return "it does not say which address"
	}
	return ""
}

// subject is what a wish is about.
func subject(w connector.Wish) string {
	switch {
	case !w.Block.IsZero():
		return w.Block.Text(event.PrefixBlock)
	case w.Incident != "":
		return event.Clip(w.Incident, maxName)
	case !w.Alert.IsZero():
		return w.Alert.Text(event.PrefixAlert)
	}
	return ""
}

// person is somebody in the vendor's eyes, for people.
func person(p connector.Person) string {
	for _, text := range []string{p.Name, p.Email, p.ID} {
		if text = line(text); text != "" {
			return event.Clip(text, maxName)
		}
	}
	return ""
}

// apply does a wish in the name of whoever asked for it, and writes it down.
func (s *Service) apply(ctx context.Context, inst *instance, w connector.Wish) (connector.Outcome, error) {
	who, by, refused, err := s.whoAsks(ctx, inst, w)
	if err != nil {
		return connector.Outcome{}, err
	}
	out := connector.Outcome{}
	if w.Personal && refused == nil {
		out.By = by
	}
	after, err := json.Marshal(written{
		Verb: w.Verb, Of: subject(w), Address: line(w.Entity), Person: person(w.Person), Message: event.Clip(line(w.ID), maxName),
	})
	if err != nil {
		return out, fmt.Errorf("writing down what a vendor asks for: %w", err)
	}
	a := act.Act{Account: inst.row.Account, Actor: who, Action: "integration.callback", Target: idText(inst.row), After: after}
	err = act.Do(act.With(ctx, who), s.Recorder, a, func(ctx context.Context) (err error) {
		if refused != nil {
			return refused
		}
		if isBlock(w.Verb) {
			out.Done, err = s.block(ctx, inst, w)
			return err
		}
		out.Record, err = s.Cases.Apply(ctx, inst.row.Account, inst.row.ID, w, by)
		return err
	})
	return out, err
}

func isBlock(v connector.Verb) bool {
	return v == connector.Block || v == connector.Approve || v == connector.Reject
}

func (s *Service) block(ctx context.Context, inst *instance, w connector.Wish) (done string, err error) {
	if s.Blocks == nil {
		return "", Refuse("nothing can be blocked here")
	}
	return s.Blocks.Apply(ctx, inst.row.Account, w)
}

// written is what the record keeps of a wish.
type written struct {
	Verb    connector.Verb `json:"verb"`
	Of      string         `json:"of"`
	Address string         `json:"address,omitempty"`
	Person  string         `json:"person,omitempty"`
	Message string         `json:"message,omitempty"`
}

// whoAsks says in whose name a wish is done: that of a user, or of the integration. A person who may not is refused.
func (s *Service) whoAsks(ctx context.Context, inst *instance, w connector.Wish) (who act.Actor, by string, refused, err error) {
	name := person(w.Person)
	by = inst.row.Kind
	if name != "" {
		by += ": " + name
	}
	who = act.Actor{Kind: act.KindIntegration, ID: idText(inst.row), Name: by, Account: inst.row.Account}
	if !w.Personal {
		return who, by, nil, nil
	}
	if w.Person.Email == "" {
		return who, by, Refuse(fmt.Sprintf("%s does not say which e-mail address %s has, so nobody knows which user that is", inst.row.Kind, orSomebody(name))), nil
	}
	email := event.Clip(line(w.Person.Email), maxName)
	p, err := s.People.Person(ctx, inst.row.Account, w.Person.Email)
	switch {
	case errors.Is(err, ErrNobody):
		return who, by, Refuse(fmt.Sprintf("%s is no user of Tocsin: an administrator can invite them", email)), nil
	case err != nil:
		return who, by, nil, fmt.Errorf("looking up a person: %w", err)
	}
	if what := lacks(&p, w); what != "" {
		refused = Refuse(fmt.Sprintf("the role of %s does not allow to %s", email, what))
	}
	return p.Actor, p.Email, refused, nil
}

// lacks says what the role of a person would have to allow and does not; empty: it allows it.
func lacks(p *Person, w connector.Wish) string {
	allowed, what := p.Alerts, "change alerts"
	switch {
	case w.Verb == connector.Block:
		allowed, what = p.Blocks, "block addresses"
	case w.Verb == connector.Approve || w.Verb == connector.Reject:
		allowed, what = p.Approves, "approve or reject blocks"
	case w.Incident != "":
		allowed, what = p.Incidents, "change incidents"
	}
	if allowed {
		return ""
	}
	return what
}

func orSomebody(name string) string {
	if name == "" {
		return "this person"
	}
	return name
}

// line is text of a vendor on one line, without what acts on the text around it.
func line(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\ufffd"), breaks), " ")
}
