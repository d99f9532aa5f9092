package slack

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// The actions of buttons that do something. A click tells which by its id, and to what by the button's value: an alert's
// id, an incident's number or a block's id. Ids are unique within a message, so there is one for each address.
var actions = map[string]connector.Verb{
	"tocsin_block_1": connector.Block, "tocsin_block_2": connector.Block, "tocsin_block_3": connector.Block,
	"tocsin_approve": connector.Approve, "tocsin_reject": connector.Reject,

	"tocsin_acknowledge": connector.Acknowledge,
	"tocsin_resolve":     connector.Resolve,
	"tocsin_reopen":      connector.Reopen,
}

// The actions of buttons that only lead somewhere. Slack tells of these clicks as well.
const (
	actionOpen    = "tocsin_open"
	actionEvent   = "tocsin_event"
	actionRunbook = "tocsin_runbook"
)

// buttons are those that fit the state of the card's subject. Own says that it belongs to the integration's own account:
// what belongs to another one, or to a sender, is shown, and not changed from here.
func (l *look) buttons(c *card.Card, own bool) []any {
	var list []any
	if own && c.Ref != "" && !c.Theirs && l.settings.clickable() {
		for _, b := range verbs(c) {
			b.Value = c.Ref
			list = append(list, b)
		}
		for _, b := range blocking(c) {
			list = append(list, b)
		}
	}
	if c.Link != "" {
		list = leads(list, actionOpen, "Open in Tocsin", c.Link)
	}
	if c.Runbook != nil && l.settings.Show.Runbook {
		list = leads(list, actionRunbook, "Open runbook", c.Runbook.URL)
	}
	return leads(list, actionEvent, "Open at source", c.URL)
}

// verbs are the buttons for what can be done to a subject as it stands.
func verbs(c *card.Card) []button {
	if c.Subject == card.Block {
		return decisions(c)
	}
	resolve := "Resolve"
	if c.Subject == card.Incident {
		resolve = "Close"
	}
	switch s := &c.State; {
	case s.Done():
		return []button{does("tocsin_reopen", "Reopen", "")}
	case s.Status == event.AlertAcknowledged, s.Status == event.IncidentActive:
		return []button{does("tocsin_resolve", resolve, "primary")}
	}
	return []button{does("tocsin_acknowledge", "Acknowledge", "primary"), does("tocsin_resolve", resolve, "")}
}

func does(action, words, style string) button {
	return button{Type: "button", Text: plain(words, maxButtonText), ActionID: action, Style: style}
}

// leads adds a button that opens an address, if there is one that Slack takes.
func leads(list []any, action, words, address string) []any {
	if _, err := form.CheckURL(withoutFragment(address), "https", "http"); err != nil || len(address) > maxButtonURL {
		return list
	}
	return append(list, button{Type: "button", Text: plain(words, maxButtonText), ActionID: action, URL: address})
}

// withoutFragment is an address as far as a server sees it: one that people are led to may end in a fragment.
func withoutFragment(address string) string {
	before, _, _ := strings.Cut(address, "#")
	return before
}
