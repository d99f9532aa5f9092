package slack

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// maxBlockButtons is how many addresses of an alert have a button.
const maxBlockButtons = 3

// victims are the roles of entities that something was done to: to block these would do the attacker's work.
var victims = []string{"target", "victim", "destination"}

// blocking are the buttons that block an address of an alert that is not done with. Only what a sensor observed has one, the
// source of what happened first. Whether the address may be blocked is not known here: whoever clicks is told.
func blocking(c *card.Card) []button {
	if c.Subject != card.Alert || c.State.Done() {
		return nil
	}
	var list []button
	for _, e := range attackers(c.Entities) {
		address := shownAddress(e.Value)
		list = append(list, button{
			Type: "button", Text: plain("Block IP "+address, maxButtonText), ActionID: "tocsin_block_" + strconv.Itoa(len(list)+1),
			Value: c.Ref + "/" + e.Value, Style: "danger", Confirm: &confirm{
				Title: plain("Block this address?", maxConfirmTitle), Style: "danger",
				Text:    plain(address+" is kept out wherever this hub can block addresses, for as long as its policy says.", maxConfirmText),
				Confirm: plain("Block", maxConfirmButton), Deny: plain("Cancel", maxConfirmButton),
			},
		})
	}
	return list
}

// attackers are the entities whose addresses have a button.
func attackers(entities []event.Entity) []event.Entity {
	var first, rest []event.Entity
	seen := map[string]bool{}
	for _, e := range entities {
		address := shownAddress(e.Value)
		if e.Type != "ip" || !e.Observed || address == "" || seen[address] || slices.Contains(victims, e.Role) {
			continue
		}
		seen[address] = true
		if e.Role == "source" {
			first = append(first, e)
			continue
		}
		rest = append(rest, e)
	}
	list := slices.Concat(first, rest)
	return list[:min(len(list), maxBlockButtons)]
}

// shownAddress is an address as everybody writes it; empty for what is none, or none that anybody is reached from over the
// internet.
func shownAddress(value string) string {
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" {
		return ""
	}
	if a = a.Unmap(); !a.IsGlobalUnicast() || a.IsPrivate() {
		return ""
	}
	return a.String()
}

// decisions are the buttons of a block that waits for a person.
func decisions(c *card.Card) []button {
	if c.State.Status != card.BlockPending || c.Block == nil {
		return nil
	}
	approve, reject := does("tocsin_approve", "Approve", "primary"), does("tocsin_reject", "Reject", "danger")
	approve.Confirm = &confirm{
		Title:   plain("Approve this block?", maxConfirmTitle),
		Text:    plain(c.Block.Target+" is kept out wherever this hub can block addresses.", maxConfirmText),
		Confirm: plain("Approve", maxConfirmButton), Deny: plain("Cancel", maxConfirmButton),
	}
	return []button{approve, reject}
}

// names fills in what a button's value says the wish is about.
func names(w *connector.Wish, value string) bool {
	switch w.Verb {
	case connector.Block:
		ref, address, _ := strings.Cut(value, "/")
		id, err := event.ParseID(event.PrefixAlert, ref)
		w.Alert, w.Entity = id, address
		return err == nil && shownAddress(address) != ""
	case connector.Approve, connector.Reject:
		id, err := event.ParseID(event.PrefixBlock, value)
		w.Block = id
		return err == nil
	}
	if id, err := event.ParseID(event.PrefixAlert, value); err == nil {
		w.Alert = id
		return true
	}
	w.Incident = value
	return event.IncidentNumber(value) > 0
}

// decided shows in the message of an alert or a block what somebody did by a click on it. No event tells of that yet; those
// that will be, change the message as always.
func (c *Connector) decided(ctx context.Context, w connector.Wish, o connector.Outcome, t token) error {
	shown := card.Card{Subject: card.Block, Ref: w.Block.Text(event.PrefixBlock)}
	if w.Verb == connector.Block {
		shown = card.Card{Subject: card.Alert, Ref: w.Alert.Text(event.PrefixAlert)}
	}
	key := subjectKey(c.look.account, &shown)
	leave, err := c.turn(ctx, key)
	if err != nil {
		return fmt.Errorf("waiting for another message of %s: %w", shown.Ref, err)
	}
	defer leave()
	before, err := c.recall(ctx, key)
	if err != nil {
		return err
	}
	now := before
	s := &now.Card.State
	switch {
	case before.TS == "":
		return c.tell(ctx, t.ResponseURL, o.Done) // nothing is known of the message but where it is
	case w.Verb == connector.Approve && s.Status == card.BlockPending:
		s.Status = card.BlockActive
	case w.Verb == connector.Reject && s.Status == card.BlockPending:
		s.Status = card.BlockRejected
	case w.Verb != connector.Block:
		return nil // the message shows what came of it already
	}
	at := w.At
	if at.IsZero() {
		at = c.now()
	}
	s.Verb, s.By, s.At, s.Note = string(w.Verb), card.Line(o.By), at.UTC(), card.Line(event.Clip(o.Done, card.MaxTitle))
	if b := now.Card.Block; b != nil {
		now.Card.Title = "Block of " + b.Target // which waits for nobody any more
	}
	m, err := c.content(&now.Card, c.look.account, false)
	if err != nil {
		return err
	}
	if err := c.update(ctx, before.place, m); err != nil {
		if lost(err) {
			return c.tell(ctx, t.ResponseURL, o.Done)
		}
		return err
	}
	c.remember(ctx, key, now)
	return c.thread(ctx, before, now, true)
}
