package respond

import (
	"cmp"
	"context"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a request.
const (
	// MaxReason bounds reasons and notes, in characters.
	MaxReason = 1000
	// MaxNamed bounds the responders that a request names.
	MaxNamed = 100
	// kindRule is the BlockActor.Kind of a response rule.
	kindRule = "rule"
)

// wish is a request that was read: what it says holds together, but nothing was decided.
type wish struct {
	target netip.Prefix
	// ttl is how long; 0: for ever. With byPolicy it is the policy's default.
	ttl      time.Duration
	byPolicy bool
	reason   string
	named    []event.ID // responders; none: all that can
	alert    event.ID
	incident int64
	event    event.ID

	by     store.BlockActor
	caller netip.Addr
	rule   event.ID // zero: a person asks
	ask    bool     // it waits for approval, whatever the policy says
}

// read reads a request of whoever acts. The error is form.Errors.
func (s *Service) read(ctx context.Context, r *Request) (*wish, error) {
	var errs form.Errors
	w := &wish{by: s.actor(ctx), caller: callerOf(ctx)}
	var err error
	if w.target, err = guard.ParseTarget(r.Target); err != nil {
		errs.Add("target", "%s", err)
	}
	if w.byPolicy = strings.TrimSpace(r.TTL) == ""; !w.byPolicy {
		if w.ttl, err = guard.ParseTTL(r.TTL); err != nil {
			errs.Add("ttl", "%s", err)
		}
	}
	w.reason = strings.TrimSpace(r.Reason)
	checkText(&errs, "reason", w.reason)
	w.named = namedOf(&errs, r.Integrations)
	w.evidence(&errs, r.Evidence)
	return w, errs.Err()
}

// namedOf reads the ids of responders.
func namedOf(errs *form.Errors, texts []string) []event.ID {
	if len(texts) > MaxNamed {
		errs.Add("integrations", "must be at most %d", MaxNamed)
		return nil
	}
	var ids []event.ID
	for i, text := range texts {
		id, err := event.ParseID(event.PrefixIntegration, text)
		if err != nil {
			errs.Add(place(i), "is not the id of an integration (int_…)")
		}
		ids = append(ids, id) // in their places, so that what is said later names the right one
	}
	return ids
}

func place(i int) string { return "integrations." + strconv.Itoa(i) }

func (w *wish) evidence(errs *form.Errors, e Evidence) {
	var err error
	if e.Alert != "" {
		if w.alert, err = event.ParseID(event.PrefixAlert, e.Alert); err != nil {
			errs.Add("evidence.alert", "is not the id of an alert (alr_…)")
		}
	}
	if e.Event != "" {
		if w.event, err = event.ParseID(event.PrefixEvent, e.Event); err != nil {
			errs.Add("evidence.event", "is not the id of an event (evt_…)")
		}
	}
	if e.Incident != "" {
		if w.incident = event.IncidentNumber(e.Incident); w.incident == 0 {
			errs.Add("evidence.incident", "is not the number of an incident (INC-…)")
		}
	}
}

// checkText refuses what is too long, or cannot be seen.
func checkText(errs *form.Errors, path, text string) {
	switch {
	case !utf8.ValidString(text):
		errs.Add(path, "must be valid UTF-8")
	case utf8.RuneCountInString(text) > MaxReason:
		errs.Add(path, "must have at most %d characters", MaxReason)
	case strings.ContainsFunc(text, unseen):
		errs.Add(path, "must be one line without control characters")
	}
}

// unseen says whether people cannot see a character, or it changes how they see others: a text is one line.
func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// legible makes a text of anybody fit for a reason.
func legible(text string) string {
	text = strings.Map(func(r rune) rune {
		if unseen(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
	return event.Shorten(strings.TrimSpace(text), MaxReason, event.Characters, "…")
}

// line makes one line of a text, of at most n bytes.
func line(text string, n int) string {
	return event.Clip(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "), n)
}

// actor is whoever acts, with all that they act with.
func (s *Service) actor(ctx context.Context) store.BlockActor {
	a := act.From(ctx)
	by := store.BlockActor{Kind: a.Kind, ID: a.ID, Name: event.Clip(a.Name, event.MaxName), Address: a.Address}
	if s.deps.Principals != nil {
		by.Principals = s.deps.Principals(ctx, a)
	}
	if len(by.Principals) == 0 {
		by.Principals = []string{cmp.Or(a.ID, a.Kind)}
	}
	return by
}

// ruleActor is a response rule as one who asks.
func ruleActor(r *store.ResponseRule) store.BlockActor {
	id := r.ID.Text(event.PrefixResponse)
	return store.BlockActor{Kind: kindRule, ID: id, Name: event.Clip(r.Name, event.MaxName), Principals: []string{id}}
}

// nameOf is an actor for people; empty for the hub itself.
func nameOf(a store.BlockActor) string {
	if a.Kind == act.KindSystem {
		return line(a.Name, event.MaxName)
	}
	return line(cmp.Or(a.Name, a.ID, a.Kind), event.MaxName)
}

// callerOf is the address that the request comes from, if it is known.
func callerOf(ctx context.Context) netip.Addr {
	text := act.From(ctx).Address
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().WithZone("")
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// shown is a request as the audit record shows it.
func (w *wish) shown() json.RawMessage {
	v := map[string]any{"target": w.target.String(), "reason": w.reason}
	if !w.byPolicy {
		v["ttl"] = guard.TTLWords(w.ttl)
	}
	if len(w.named) > 0 {
		v["integrations"] = idTexts(w.named)
	}
	if e := evidenceOf(w.alert, w.incident, w.event); e != (Evidence{}) {
		v["evidence"] = e
	}
	return encode(v)
}

func idTexts(ids []event.ID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.Text(event.PrefixIntegration)
	}
	return texts
}

// evidenceOf is evidence as people see it.
func evidenceOf(alert event.ID, incident int64, ev event.ID) Evidence {
	var e Evidence
	if !alert.IsZero() {
		e.Alert = alert.Text(event.PrefixAlert)
	}
	if incident != 0 {
		e.Incident = "INC-" + strconv.FormatInt(incident, 10)
	}
	if !ev.IsZero() {
		e.Event = ev.Text(event.PrefixEvent)
	}
	return e
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("respond: writing JSON: " + err.Error()) // texts and numbers
	}
	return raw
}
