package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// responseHosts are where Slack takes answers to clicks (https://docs.slack.dev/interactivity/handling-user-interaction).
var responseHosts = []string{"hooks.slack.com", "hooks.slack-gov.com"}

// maxResponseURL bounds a response URL, in bytes.
const maxResponseURL = 2 << 10

// Answer shows what became of a click: in the message when something changed, and else to who clicked alone. A response URL
// works five times within half an hour; each click uses its own once.
func (c *Connector) Answer(ctx context.Context, w connector.Wish, o connector.Outcome) error {
	var t token
	if err := json.Unmarshal([]byte(w.Token), &t); err != nil {
		return fmt.Errorf("reading what is known of the click: %w", err)
	}
	switch {
	case o.Refusal != "":
		return c.tell(ctx, t.ResponseURL, "Not done: "+o.Refusal)
	case o.Done != "" && (c.state == nil || !c.settings.bot()):
		return c.tell(ctx, t.ResponseURL, o.Done)
	case o.Done != "":
		if err := c.decided(ctx, w, o, t); err != nil {
			return fmt.Errorf("showing what was done: %w", err)
		}
		return nil
	case o.Record == nil:
		return c.tell(ctx, t.ResponseURL, "Nothing to do: it is so already.")
	case c.state == nil || !c.settings.bot():
		return nil
	}
	shown := card.Of(o.Record, c.publicURL)
	if shown.Subject == card.Other {
		return nil
	}
	if err := c.follow(ctx, shown, o.Record, t.At); err != nil {
		return fmt.Errorf("showing what was done: %w", err)
	}
	return nil
}

// tell says something to who clicked, and to nobody else.
func (c *Connector) tell(ctx context.Context, responseURL, words string) error {
	if !c.answerable(responseURL) {
		return errors.New("the click has no address of Slack's to answer to")
	}
	body, err := encode(note{ResponseType: "ephemeral", Text: escape(clip(card.Line(words), maxText))})
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	resp, err := c.client.Do(ctx, &httpkit.Request{
		Method: http.MethodPost, URL: responseURL, Body: body,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
	})
	if err != nil {
		return fmt.Errorf("answering the click: %w", err)
	}
	if err := connector.ClassifyStatus(resp, c.now()); err != nil {
		return fmt.Errorf("answering the click: Slack %w", err)
	}
	return nil
}

// answerable says whether an address to answer to is one of Slack's, or of the gateway that stands for Slack. The call that
// named it was signed; all the same the hub posts nowhere else.
func (c *Connector) answerable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxResponseURL || u.User != nil || u.Opaque != "" || strings.ContainsAny(address, "\\#") {
		return false
	}
	if u.Scheme == "https" && slices.Contains(responseHosts, strings.ToLower(u.Host)) {
		return true
	}
	base, err := url.Parse(c.settings.BaseURL)
	return err == nil && u.Host != "" && u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host)
}
