package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// What is remembered, and how long.
const (
	// keepPosted is how long a message is found again, from its last change: an alert that rests longer gets a new one.
	keepPosted = 90 * 24 * time.Hour
	// keepDirect is how long the conversation of direct messages is remembered.
	keepDirect = 30 * 24 * time.Hour
	// saveTime bounds saving what was posted, after the delivery's own time may have run out.
	saveTime = 5 * time.Second
)

// posted is the message of an alert or an incident.
type posted struct {
	place
	Target string    `json:"target"`         // the setting "channel" it was posted for
	Fact   string    `json:"fact,omitempty"` // the id of the newest change that it shows
	Card   card.Card `json:"card"`
}

// Send posts an event, or brings the message of its alert or incident up to date.
func (c *Connector) Send(ctx context.Context, d connector.Delivery) error {
	shown := card.Of(d.Record, c.publicURL)
	e := httpkit.ExchangeOf(ctx)
	dry := e != nil && e.DryRun
	switch {
	case !c.settings.bot():
		m, err := c.content(&shown, d.Record.Account, true)
		if err != nil {
			return err
		}
		return c.postHook(ctx, m)
	case dry || c.state == nil || shown.Subject == card.Other:
		_, err := c.publish(ctx, &shown, d.Record.Account, dry)
		return err
	}
	return c.follow(ctx, shown, d.Record, place{})
}

func (c *Connector) content(shown *card.Card, account event.Account, fresh bool) (content, error) {
	m, err := c.look.message(shown, fresh, account == c.look.account)
	if err != nil {
		return m, connector.Permanent(err)
	}
	return m, nil
}

// publish posts a new message.
func (c *Connector) publish(ctx context.Context, shown *card.Card, account event.Account, dry bool) (place, error) {
	m, err := c.content(shown, account, true)
	if err != nil {
		return place{}, err
	}
	person := c.settings.Channel
	if !isPerson(person) || dry {
		return c.post(ctx, posting{Channel: person, content: m})
	}
	channel, err := c.conversation(ctx, person)
	if err != nil {
		return place{}, err
	}
	at, err := c.post(ctx, posting{Channel: channel, content: m})
	if codeOf(err) == "channel_not_found" {
		c.forget(ctx, person)
	}
	return at, err
}

// follow shows a record in the message of its subject. Without one it posts one; seen is where a message is known to be
// that may not be remembered.
func (c *Connector) follow(ctx context.Context, shown card.Card, r *event.Record, seen place) error {
	key := subjectKey(r.Account, &shown)
	leave, err := c.turn(ctx, key)
	if err != nil {
		return fmt.Errorf("waiting for another message of %s: %w", shown.Ref, err)
	}
	defer leave()
	before, err := c.recall(ctx, key)
	if err != nil {
		return err
	}
	change := shown.State.Verb != ""
	switch {
	case before.TS == "" && seen.TS != "":
		before = posted{place: seen, Target: c.settings.Channel, Card: shown}
	case before.TS == "":
		return c.begin(ctx, key, shown, r)
	case change && shown.Event < before.Fact:
		return nil // it was overtaken: the message shows what came later
	case !change && before.Card.State.Done() && shown.Event > before.Fact:
		return c.begin(ctx, key, shown, r) // it has come back, far below the old message
	}
	now := before
	now.Card = shown.After(before.Card, r.Flags&event.Internal != 0)
	if change {
		now.Fact = shown.Event
	}
	m, err := c.content(&now.Card, r.Account, false)
	if err != nil {
		return err
	}
	if err := c.update(ctx, before.place, m); err != nil {
		if lost(err) || before.Target != c.settings.Channel && codeOf(err) != "" && connector.IsPermanent(err) {
			return c.begin(ctx, key, now.Card, r)
		}
		return err
	}
	c.remember(ctx, key, now)
	return c.thread(ctx, before, now, change)
}

// begin posts a new message for a subject and remembers it.
func (c *Connector) begin(ctx context.Context, key string, shown card.Card, r *event.Record) error {
	at, err := c.publish(ctx, &shown, r.Account, false)
	if err != nil {
		return err
	}
	p := posted{place: at, Target: c.settings.Channel, Card: shown}
	if shown.State.Verb != "" {
		p.Fact = shown.Event
	}
	c.remember(ctx, key, p)
	return nil
}

// thread says a change in the message's thread, if it is to be said there. That an alert was seen again is said only when
// it has become worse.
func (c *Connector) thread(ctx context.Context, before, now posted, change bool) error {
	words := changeLine(&now.Card)
	if worse := now.Card.Severity > before.Card.Severity; !change && worse {
		words = "⬆️ Severity raised to " + severityWord(now.Card.Severity)
	} else if !change {
		return nil
	}
	if !c.settings.ThreadUpdates || now.TS == "" {
		return nil
	}
	m := content{Text: escape(clip(words, maxText)), Blocks: []block{section(plain(words, maxSection))}}
	_, err := c.post(ctx, posting{Channel: now.Channel, ThreadTS: now.TS, content: m})
	if lost(err) {
		return nil // there is no thread any more; the message itself has been changed
	}
	return err
}

// recall gives the message of a subject; its TS is empty if there is none.
func (c *Connector) recall(ctx context.Context, key string) (posted, error) {
	raw, err := c.state.Get(ctx, key)
	switch {
	case errors.Is(err, connector.ErrNoState):
		return posted{}, nil
	case err != nil:
		return posted{}, fmt.Errorf("looking up the message that tells of it: %w", err)
	}
	var p posted
	if err := json.Unmarshal(raw, &p); err != nil {
		c.log.Warn("What is remembered of a Slack message cannot be read: a new one is posted.", "key", key, "err", err)
		return posted{}, nil
	}
	return p, nil
}

// remember keeps where a subject's message is and what it shows. The message is posted: were this an error, it would be
// posted again. A message that is not remembered is not changed later; a new one is posted instead.
func (c *Connector) remember(ctx context.Context, key string, p posted) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	raw, err := encode(p)
	if err == nil && len(raw) > connector.MaxStateValue {
		p.Card = slimmed(p.Card)
		raw, err = encode(p)
	}
	if err == nil {
		err = c.state.Put(ctx, key, raw, keepPosted)
	}
	if err != nil {
		c.log.Warn("A Slack message was posted but could not be remembered: it will not follow its alert.", "key", key, "err", err)
	}
}

// slimmed is a card without what takes most room.
func slimmed(x card.Card) card.Card {
	x.Description = clip(x.Description, 500)
	x.Entities, x.Advice, x.Hosts, x.Tags = x.Entities[:min(len(x.Entities), 5)], nil, nil, nil
	x.Runbook = nil
	return x
}

// conversation gives the channel of direct messages with a person.
func (c *Connector) conversation(ctx context.Context, person string) (string, error) {
	if id := c.direct.Load(); id != nil {
		return *id, nil
	}
	if c.state != nil {
		if raw, err := c.state.Get(ctx, directKey(person)); err == nil {
			id := string(raw)
			c.direct.Store(&id)
			return id, nil
		}
	}
	answer, err := c.query(ctx, methodOpen, url.Values{"users": {person}})
	if err != nil {
		return "", err
	}
	id := answer.Get("channel.id").Str
	if id == "" {
		return "", errors.New("slack's conversations.open named no conversation")
	}
	c.direct.Store(&id)
	if c.state != nil {
		if err := c.state.Put(ctx, directKey(person), []byte(id), keepDirect); err != nil {
			c.log.Warn("A Slack conversation could not be remembered: it is asked for again.", "err", err)
		}
	}
	return id, nil
}

// forget gives up a conversation that is not there any more: the next message opens one.
func (c *Connector) forget(ctx context.Context, person string) {
	c.direct.Store(nil)
	if c.state == nil {
		return
	}
	if err := c.state.Delete(ctx, directKey(person)); err != nil {
		c.log.Warn("A Slack conversation that is gone could not be forgotten.", "err", err)
	}
}

func directKey(person string) string { return "direct/" + person }
