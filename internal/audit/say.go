package audit

import (
	"encoding/hex"
	"log/slog"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of what is said, in bytes before escaping.
const (
	maxTitle  = 500
	maxWord   = 120 // each name in the title
	maxSaying = 300 // the error in the title
)

// otherType is what an act is said as whose name is no event type.
const otherType = "audit.other"

// saidData is the "data" of an act that is said. It names what changed and holds no value. Seq and Hash are those of
// the entry, so that wherever the event goes it is a checkpoint.
type saidData struct {
	Action  string    `json:"action"`
	Target  string    `json:"target,omitempty"`
	Actor   act.Actor `json:"actor"`
	Outcome string    `json:"outcome"`
	Error   string    `json:"error,omitempty"`
	Changed []string  `json:"changed,omitempty"`
	TookMS  int64     `json:"took_ms"`
	Seq     uint64    `json:"seq"`
	Hash    string    `json:"hash"`
}

// say makes the events of the acts that end in a batch.
func (l *Log) say(batch []*request, rows []store.AuditEntry) (said []store.Said) {
	if !l.deps.Forward {
		return nil
	}
	for i, r := range batch {
		if r.begins() {
			continue
		}
		s, err := fact(r, &rows[i])
		if err != nil {
			l.deps.Log.Error("an act cannot be announced", slog.String("action", r.entry.Action), slog.Any("error", err))
			continue
		}
		said = append(said, s)
	}
	return said
}

// fact is an act that ended, as an event.
func fact(r *request, row *store.AuditEntry) (store.Said, error) {
	e := &r.entry
	data := saidData{
		Action: e.Action, Target: e.Target, Actor: e.Actor, Outcome: e.Outcome, Error: e.Error, Changed: r.changed,
		TookMS: max(row.At.Sub(r.started), 0).Milliseconds(), Seq: row.Seq, Hash: hex.EncodeToString(row.Hash[:]),
	}
	body, err := envelope(e, &data, row.At)
	if err == nil && len(body) > store.MaxSaidBytes { // many characters that JSON has to escape
		data.Changed, data.Error = nil, ""
		body, err = envelope(e, &data, row.At)
	}
	if err != nil {
		return store.Said{}, err
	}
	origin := ""
	if _, err := event.ParseID(event.PrefixIntegration, e.Target); err == nil {
		origin = e.Target
	}
	return store.Said{
		ID: event.NewID(), Account: e.Account, Type: typeOf(e.Action), Origin: origin, Event: body, At: row.At,
	}, nil
}

// typeOf is the event type of an action: "integration.update" is "audit.integration_update".
func typeOf(action string) string {
	t := "audit." + strings.ReplaceAll(action, ".", "_")
	if !event.ValidType(t) {
		return otherType
	}
	return t
}

func envelope(e *Entry, data *saidData, at time.Time) ([]byte, error) {
	raw, err := marshal(data)
	if err != nil {
		return nil, err
	}
	ev := &event.Event{
		Type: typeOf(e.Action), Severity: event.DefaultSeverity(typeOf(e.Action)), Title: title(e), Status: e.Outcome,
		Actor: name(e.Actor), Entities: entities(e.Actor), Data: raw,
	}
	if ev.Severity == event.Info && e.Outcome != OutcomeOK {
		ev.Severity = event.Low
	}
	r, err := event.FromEvent(ev, event.Origin{Account: e.Account, Received: at}, event.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}

// title is the act in a sentence. What somebody may have chosen stands in it on one line.
func title(e *Entry) string {
	text := word(e.Action)
	if e.Target != "" {
		text += " of " + word(e.Target)
	}
	text += " by " + word(name(e.Actor))
	switch e.Outcome {
	case OutcomeRefused:
		text += " was refused"
	case OutcomeFailed:
		text += " failed"
	}
	if e.Error != "" {
		text += ": " + event.Clip(oneLine(e.Error), maxSaying)
	}
	return event.Clip(text, maxTitle)
}

func word(text string) string { return event.Clip(oneLine(text), maxWord) }

// name is what people know an actor by.
func name(a act.Actor) string {
	switch {
	case a.Name != "" && a.Kind == act.KindSystem:
		return "the hub (" + a.Name + ")"
	case a.Name != "":
		return a.Name
	case a.ID != "":
		return a.ID
	case a.Kind == act.KindLocal:
		return "the command line"
	}
	return "the hub"
}

func entities(a act.Actor) (list []event.Entity) {
	if a.Kind == act.KindUser && a.Name != "" {
		list = append(list, event.Entity{Type: "user", Value: a.Name, Role: "actor"})
	}
	if ip, err := netip.ParseAddr(a.Address); err == nil {
		list = append(list, event.Entity{Type: "ip", Value: ip.String(), Role: "source"})
	}
	return list
}

// oneLine replaces what cannot be seen by spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
