package event

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Alerts and incidents as events tell of them. Whoever folds, links or follows alerts agrees on what stands here.

// AlertKey is what makes events one alert: their dedup key, or the id of an event that has none.
func (r *Record) AlertKey() string {
	if r.DedupKey != "" {
		return r.DedupKey
	}
	return r.ID.Text(PrefixEvent)
}

// AlertID is the id of the alert with that key. It is made of the account and the key alone (a UUIDv8, RFC 9562 §5.8), so
// that a message can link to its alert before the alert is in any table.
func AlertID(account Account, key string) ID {
	var room [MaxAccount + 1 + MaxKey]byte
	b := append(room[:0], account...)
	b = append(b, 0) // no account name holds it
	sum := sha256.Sum256(append(b, key...))
	id := ID(sum[:len(ID{})])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Link is where people read about the event at a hub that is reached at publicURL (without a slash at its end): its
// incident, its alert, its block if Tocsin itself tells of one, or the event itself. It is empty when publicURL is.
func (r *Record) Link(publicURL string) string {
	if publicURL == "" {
		return ""
	}
	link := append(make([]byte, 0, len(publicURL)+linkRoom), publicURL...)
	switch {
	case strings.HasPrefix(r.Type, "incident."):
		if number := gjson.GetBytes(r.Body, "incident").String(); IncidentNumber(number) > 0 {
			return stringOf(append(append(link, "/incidents/"...), number...))
		}
	case strings.HasPrefix(r.Type, "alert."):
		return stringOf(AlertID(r.Account, r.AlertKey()).AppendText(append(link, "/alerts/"...), PrefixAlert))
	case r.Flags&Internal != 0 && tellsOfBlock(r.Type): // another hub's blocks are not found here
		if id, err := ParseID(PrefixBlock, gjson.GetBytes(r.Body, "data.block.id").String()); err == nil {
			return stringOf(id.AppendText(append(link, "/blocks/"...), PrefixBlock))
		}
	}
	return stringOf(r.ID.AppendText(append(link, "/events/"...), PrefixEvent))
}

// tellsOfBlock says whether events of a type tell of a block: ip.blocked, ip.block_verified, ip.unblocked, and so on.
func tellsOfBlock(eventType string) bool {
	return strings.HasPrefix(eventType, "ip.block") || eventType == "ip.unblocked"
}

// linkRoom is more than a link has behind the hub's URL, in bytes.
const linkRoom = 48

// incidentPrefix stands before an incident's number.
const incidentPrefix = "INC-"

// maxIncidentDigits bounds the digits of an incident's number.
const maxIncidentDigits = 12

// IncidentNumber reads "INC-1042"; 0 for anything else.
func IncidentNumber(text string) int64 {
	digits := text[min(len(incidentPrefix), len(text)):]
	if text[:len(text)-len(digits)] != incidentPrefix || len(digits) == 0 || len(digits) > maxIncidentDigits || digits[0] == '0' {
		return 0
	}
	var n int64
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// The states of an alert, as in Event.Status.
const (
	AlertOpen         = "open"
	AlertAcknowledged = "acknowledged"
	AlertResolved     = "resolved"
)

// The states of an incident, as in Event.Status.
const (
	IncidentNew    = "new"
	IncidentActive = "active"
	IncidentClosed = "closed"
)

// AlertState is "data.alert" of what Tocsin itself says of an alert (alert.acknowledged, alert.resolved, alert.reopened,
// alert.updated). The envelope around it says what the alert is: title, severity, dedup key, entities, and so on.
type AlertState struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Count     uint64    `json:"count"`
	FirstSeen time.Time `json:"first_seen,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	Assignee  string    `json:"assignee,omitempty"` // an e-mail address
	Incident  string    `json:"incident,omitempty"` // "INC-1042"
}

// IncidentState is "data.incident" of what Tocsin itself says of an incident (incident.created, incident.updated,
// incident.closed).
type IncidentState struct {
	Number         string `json:"number"` // "INC-1042"
	Status         string `json:"status"`
	Severity       string `json:"severity"`
	Owner          string `json:"owner,omitempty"` // an e-mail address
	Classification string `json:"classification,omitempty"`
	Reason         string `json:"reason,omitempty"`
	Alerts         int    `json:"alerts"`
	// AlertIDs are the newest alerts under it, a few of them.
	AlertIDs []string `json:"alert_ids,omitempty"`
}

// CaseChange is "data.change" of what Tocsin itself says of an alert or an incident: who did what to it.
type CaseChange struct {
	Verb string `json:"verb"`           // "acknowledge", "resolve", "reopen", "assign", "note", "create", "update", "link"
	By   string `json:"by,omitempty"`   // who, for people: an e-mail address, a key's name, a rule's name
	Via  string `json:"via,omitempty"`  // through what: "api", "console", "rule", or the id of an integration
	Note string `json:"note,omitempty"` // what was written with it
	// Changed are the members that changed: [before, after].
	Changed map[string][2]string `json:"changed,omitempty"`
}

// The types of what Tocsin says to one integration alone: its Origin, whatever that subscribes to.
const (
	TypeDigest   = "system.digest"
	TypeHeldBack = "system.held_back"
)

// Addressed says whether Tocsin's own facts of that type are for one integration alone.
func Addressed(eventType string) bool { return eventType == TypeDigest || eventType == TypeHeldBack }
