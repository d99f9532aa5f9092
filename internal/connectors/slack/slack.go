// Package slack posts events as messages to Slack, by an incoming webhook or as a bot. A bot's message follows its alert or
// incident: it is changed when that changes, and its buttons change that.
package slack

import (
	"context"
	_ "embed"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

//go:embed README.md
var readme string

// perSecond is what Slack allows a channel and a webhook: one message a second, with short bursts
// (https://docs.slack.dev/apis/web-api/rate-limits).
const perSecond = 1

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:     "slack",
		Title:    "Slack",
		Summary:  "Posts alerts, case updates and runbook prompts to channels or people, keeps them up to date, and takes clicks.",
		Category: "chat",
		Auth: "An incoming webhook's URL, or a bot token with chat:write; clicks are proven by the app's signing secret (v0, " +
			"five minutes, each once) and done in the name of the hub's user with that e-mail address.",
		Retry: "Rate limits wait as long as Slack asks; Slack's own troubles and network faults are tried again. Slack does not " +
			"deduplicate: a message whose answer was lost is posted twice.",
		Ownership: "A message with what the event says, for people, within Slack's limits; nothing else of the event leaves " +
			"the hub. Who clicks is read from Slack.",
		DocsURL:          "https://docs.slack.dev/messaging/",
		Readme:           readme,
		OrderedByKey:     true,
		ConfirmsDelivery: true,
		DefaultRate:      perSecond,
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// Connector is one opened Slack integration.
type Connector struct {
	settings *Settings
	client   *httpkit.Client
	now      func() time.Time
	log      *slog.Logger
	state    connector.State // nil while unsaved settings are tested
	look     look
	people   map[string]string // e-mail addresses by Slack's ids, from the settings
	turn     func(ctx context.Context, subject string) (leave func(), err error)
	direct   atomic.Pointer[string] // the conversation of direct messages, once opened

	publicURL   string
	integration string
}

var (
	_ connector.Sender   = (*Connector)(nil)
	_ connector.Tester   = (*Connector)(nil)
	_ connector.Noter    = (*Connector)(nil)
	_ connector.Callback = (*Connector)(nil)
	_ connector.Answerer = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	client, err := s.Connection.Open(env.HTTP.Masking(s.secrets()))
	if err != nil {
		return nil, err
	}
	c := &Connector{
		settings: s, client: client, now: env.Now, log: env.Log, state: env.State, people: map[string]string{},
		turn: env.Turn, publicURL: env.PublicURL, integration: env.Integration,
		look: look{settings: s, account: env.Account},
	}
	for _, u := range s.Users {
		c.people[u.SlackID] = u.Email
	}
	return c, nil
}

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// Notes tells what the app's settings must hold for the buttons to work.
func (c *Connector) Notes() []string {
	switch {
	case !c.settings.clickable() || c.integration == "":
		return nil
	case c.publicURL == "":
		return []string{"Buttons need public_url: Slack must reach this hub to tell of a click."}
	}
	return []string{"Set the app's Interactivity Request URL to " + c.publicURL + "/api/v1/callbacks/slack/" + c.integration}
}

// isPerson says of a channel's id that it is a person's: messages to it need a conversation first.
func isPerson(channel string) bool {
	return len(channel) > 8 && (channel[0] == 'U' || channel[0] == 'W') && strings.ToUpper(channel) == channel
}

// subjectKey is what the message of an alert or an incident is remembered by. Ref is an alert's id, which is made of its
// account as well, an incident's number, which is not, or a block's id. An incident of a sender's is none of the hub's, whatever its number.
func subjectKey(account event.Account, c *card.Card) string {
	switch {
	case c.Subject == card.Block:
		return "block/" + c.Ref
	case event.IncidentNumber(c.Ref) == 0:
		return "alert/" + c.Ref
	case c.Theirs:
		return "incident/" + string(account) + "/theirs/" + c.Ref
	}
	return "incident/" + string(account) + "/" + c.Ref
}
