package slack

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// statusWords are the states, for people.
var statusWords = map[string]string{
	event.AlertOpen: "Open", event.AlertAcknowledged: "Acknowledged", event.AlertResolved: "Resolved",
	event.IncidentNew: "New", event.IncidentActive: "Active", event.IncidentClosed: "Closed",
	card.BlockPending: "Waits for approval", card.BlockRejected: "Rejected", card.BlockLapsed: "Not approved in time",
	card.BlockRemoved: "Lifted", card.BlockExpired: "Ran out",
}

func statusWord(status string) string { return statusWords[status] }

// changeLine says what was done last to an alert or an incident; empty if nothing was.
func changeLine(c *card.Card) string {
	s := &c.State
	if s.Verb == "" {
		return ""
	}
	words := changeWords(c)
	if s.By != "" {
		words += " by " + s.By
	}
	words += " · " + stamp(s.At)
	if s.Note != "" {
		words += "\n" + s.Note
	}
	return words
}

// blockWords are what was done to a block, or by one to an alert.
var blockWords = map[string]string{
	"block": "⛔ Blocked", "approve": "👍 Block approved", "reject": "✋ Block rejected", "verify": "⛔ Block in force", "lift": "🔓 Block lifted",
	"lapse": "⌛ Block ended",
}

func changeWords(c *card.Card) string {
	s := &c.State
	switch s.Verb {
	case "acknowledge":
		return "👀 Acknowledged"
	case "resolve":
		if c.Subject == card.Incident {
			return "✅ Closed"
		}
		return "✅ Resolved"
	case "reopen":
		return "🔁 Reopened"
	case "assign":
		if s.Assignee == "" {
			return "👤 Assigned to nobody"
		}
		return "👤 Assigned to " + s.Assignee
	case "note":
		return "📝 Note"
	case "rate":
		return "⚖️ Severity set to " + strings.ToLower(severityWord(c.Severity))
	case "link":
		if c.Case != "" {
			return "🔗 Linked to " + c.Case
		}
		return "🔗 Links changed"
	}
	if words := blockWords[s.Verb]; words != "" {
		return words
	}
	return "✏️ Updated"
}
