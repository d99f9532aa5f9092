package pagerduty

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"unicode"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// PagerDuty's actions.
const (
	actionTrigger     = "trigger"
	actionAcknowledge = "acknowledge"
	actionResolve     = "resolve"
)

// plan is what to do about an event.
type plan struct {
	action     string // empty: nothing
	key        string // the dedup key
	routingKey string
}

// maxDedupKey bounds PagerDuty's dedup_key, in characters (and here in bytes).
const maxDedupKey = 255

// maxAlerts bounds the alerts that are remembered under one key; the oldest are forgotten.
const maxAlerts = 100

// step is what an event means for a page.
type step uint8

const (
	begins       step = iota // something is wrong, or wrong again
	changes                  // something about it has changed
	acknowledged             // somebody works on it
	ends                     // it is over
)

// stepOf reads the event's type, and of an incident's changes what has changed.
func stepOf(r *event.Record, e event.Event) step {
	switch r.Type {
	case "alert.acknowledged":
		return acknowledged
	case "alert.resolved", "incident.closed":
		return ends
	case "alert.updated":
		return changes
	case "incident.updated":
		return stepOfIncident(e)
	}
	return begins
}

// stepOfIncident reads what became of an incident's status.
func stepOfIncident(e event.Event) step {
	status := gjson.GetBytes(e.Data, "change.changed.status")
	before, after := status.Get("0").Str, status.Get("1").Str
	switch verb := gjson.GetBytes(e.Data, "change.verb").Str; {
	case verb == "resolve", after == event.IncidentClosed:
		return ends
	case verb == "reopen", before == event.IncidentClosed && after != "":
		return begins
	case verb == "acknowledge", after == event.IncidentActive:
		return acknowledged
	}
	return changes
}

// subject is what an event is about.
type subject struct {
	key      string // PagerDuty's dedup key
	own      string // the one of the alert by itself, where key is its incident's
	whose    string // whose the key is: see whoseOf
	alert    string // the alert's id; empty for an event of an incident
	incident string // "INC-7", where the page is the incident's
	severity event.Severity
	quiet    bool // Tocsin itself says that something else than the severity has changed
}

// ofIncident says whether an event is about an incident, and not about an alert that may be under one.
func ofIncident(r *event.Record, e event.Event) bool {
	return event.TypeFilter("incident.*").Match(r.Type) && e.Incident != ""
}

// Whose keys are: the hub's incidents have them as their numbers, and senders choose what they like.
const (
	keysOfIncidents = ""
	keysOfAlerts    = "alerts"
	keysOfSenders   = "senders" // their incidents
)

// whoseOf says whose key an event has. Two of different owners are two pages, even if they are the same text: no sender,
// and no account below, speaks of a page that is not theirs.
func whoseOf(r *event.Record, own event.Account, byIncident bool) string {
	whose := keysOfAlerts
	switch {
	case byIncident && r.Flags&event.Internal != 0:
		whose = keysOfIncidents
	case byIncident:
		whose = keysOfSenders
	}
	if r.Account != own {
		whose += "@" + string(r.Account)
	}
	return whose
}

// subjectOf says which page an event belongs to; own is the integration's account.
func subjectOf(s *Settings, own event.Account, r *event.Record, e event.Event) subject {
	x := subject{severity: r.Severity}
	its := ofIncident(r, e)
	if !its {
		x.alert = event.AlertID(r.Account, r.AlertKey()).Text(event.PrefixAlert)
	}
	if its || s.KeyBy == byIncident && e.Incident != "" {
		x.key, x.whose = dedupKey(e.Incident), whoseOf(r, own, true)
		if x.whose == keysOfIncidents && event.IncidentNumber(e.Incident) > 0 {
			x.incident = e.Incident
		}
		if !its {
			x.own = dedupKey(r.AlertKey())
		}
	} else {
		x.key, x.whose = dedupKey(r.AlertKey()), whoseOf(r, own, false)
	}
	x.quiet = r.Flags&event.Internal != 0 && !gjson.GetBytes(e.Data, "change.changed.severity").Exists()
	return x
}

// dedupKey is a key as PagerDuty takes it. One that is too long, or that PagerDuty might tidy, is replaced by its hash; the
// page's details show it.
func dedupKey(key string) string {
	plain := func(r rune) bool { return unicode.IsPrint(r) && (r == ' ' || !unicode.IsSpace(r)) }
	if len(key) <= maxDedupKey && key != "" && key[0] != ' ' && key[len(key)-1] != ' ' && !slices.ContainsFunc([]rune(key), func(r rune) bool { return !plain(r) }) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "tocsin-" + hex.EncodeToString(sum[:])
}

// memory is what is remembered of a page.
type memory struct {
	// Key is the fingerprint of the routing key that it was triggered with: acknowledge and resolve with another are dropped.
	Key      string         `json:"key,omitempty"`
	Open     bool           `json:"open"`
	Whose    string         `json:"whose,omitempty"` // the key is: see whoseOf
	Severity event.Severity `json:"severity"`
	Incident string         `json:"incident,omitempty"` // "INC-7", where the page is an incident's
	Alerts   []member       `json:"alerts,omitempty"`
}

// member is an alert that the page is about.
type member struct {
	ID   string `json:"id"`
	Open bool   `json:"open"`
}

// decide says what to do about a page of which m is remembered (nil: nothing), and what to remember then (nil: what was).
// It is pure.
func decide(s *Settings, what step, x subject, m *memory) (action string, now *memory) {
	if what == acknowledged && s.OnAcknowledge == actionResolve {
		what = ends
	}
	switch what {
	case begins:
		return actionTrigger, m.opened(x)
	case changes:
		if m == nil && !x.quiet || m != nil && m.Open && x.severity > m.Severity {
			return actionTrigger, m.opened(x)
		}
		return "", nil
	case acknowledged:
		if m != nil && !m.Open {
			return "", nil // it is over there
		}
		return actionAcknowledge, nil
	}
	if m == nil {
		return actionResolve, nil
	}
	now = m.closed(x.alert)
	if x.alert != "" && now.anyOpen() {
		return "", now // others keep the page open
	}
	return actionResolve, now
}

// opened is what is remembered of a page that is triggered.
func (m *memory) opened(x subject) *memory {
	now := &memory{Open: true, Whose: x.whose, Severity: x.severity, Incident: x.incident}
	if m != nil {
		now.Key, now.Alerts = m.Key, slices.Clone(m.Alerts)
		if m.Open {
			now.Severity = max(x.severity, m.Severity)
		} else { // what was open when it was resolved over there, is not any more
			now.Alerts = m.closed("").Alerts
		}
	}
	if x.alert == "" {
		return now
	}
	now.Alerts = slices.DeleteFunc(now.Alerts, func(a member) bool { return a.ID == x.alert })
	now.Alerts = append(now.Alerts, member{x.alert, true})
	if n := len(now.Alerts); n > maxAlerts {
		now.Alerts = slices.Clone(now.Alerts[n-maxAlerts:])
	}
	return now
}

// closed is m without one open alert, or without any for "". The page itself stays open until PagerDuty is told.
func (m *memory) closed(alert string) *memory {
	now := *m
	now.Alerts = slices.Clone(m.Alerts)
	for i := range now.Alerts {
		if alert == "" || now.Alerts[i].ID == alert {
			now.Alerts[i].Open = false
		}
	}
	return &now
}

func (m *memory) anyOpen() bool {
	return slices.ContainsFunc(m.Alerts, func(a member) bool { return a.Open })
}

// route gives the routing key of a page: the one that it was triggered with, as long as it is open.
func route(s *Settings, action string, severity event.Severity, m *memory) (string, error) {
	if m == nil || m.Key == "" || action == actionTrigger && !m.Open {
		return s.keyFor(severity), nil
	}
	for _, key := range s.knownKeys() {
		if fingerprint(key) == m.Key {
			return key, nil
		}
	}
	if action == actionTrigger {
		return s.keyFor(severity), nil // a page under the new key is better than none
	}
	return "", fmt.Errorf("the page was triggered with a routing key that this integration does not have any more (fingerprint %s), and "+
		"PagerDuty would drop an event with another: add it to previous_routing_keys, and send this again from the mailbox", m.Key)
}

// fingerprint tells routing keys apart and says nothing of them.
func fingerprint(key string) string {
	sum := sha256.Sum256([]byte("tocsin: PagerDuty routing key\x00" + key))
	return hex.EncodeToString(sum[:8])
}
