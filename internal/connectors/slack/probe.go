package slack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// What an app needs to post to public channels that it is not in, and the header in which Slack lists a token's scopes.
const (
	scopeAnywhere = "chat:write.public"
	headerScopes  = "X-OAuth-Scopes"
)

// Test proves a bot token by auth.test and, where the app may look, that the channel exists and takes messages of the app.
// Neither tells anybody anything. A webhook cannot be proven without a message in its channel; Test sends it no message at
// all, and that Slack refuses just that shows that the webhook is there: no more is proven.
func (c *Connector) Test(ctx context.Context) error {
	if !c.settings.bot() {
		return c.testHook(ctx)
	}
	if _, err := c.query(ctx, methodAuth, nil); err != nil {
		return err
	}
	channel := c.settings.Channel
	if !strings.ContainsAny(channel[:1], "CGD") || strings.ToUpper(channel) != channel {
		return nil // a name cannot be looked up, and a person not without opening a conversation
	}
	answer, header, err := c.call(ctx, methodInfo, formType, []byte(url.Values{"channel": {channel}}.Encode()))
	switch codeOf(err) {
	case "missing_scope", "not_allowed_token_type", "no_permission", "unknown_method":
		return nil // to look at channels is a right that posting does not need
	case "":
	default:
		return err
	}
	switch {
	case err != nil:
		return err
	case answer.Get("channel.is_archived").Bool():
		return connector.Permanent(fmt.Errorf("the channel is archived: %s", adviceChannel))
	case answer.Get("channel.is_member").Type == gjson.False && !strings.Contains(header.Get(headerScopes), scopeAnywhere):
		return connector.Permanent(fmt.Errorf("the app is not in the channel: %s", adviceChannel))
	}
	return nil
}

func (c *Connector) testHook(ctx context.Context) error {
	resp, err := c.client.Do(ctx, c.toHook(nil))
	if err != nil {
		return fmt.Errorf("reaching Slack's webhook: %w", err)
	}
	err = judgeHook(resp, c.now())
	switch code := codeOf(err); {
	case resp.Status >= http.StatusBadRequest && (code == codeInvalidPayload || code == codeNoText || code == codeNothing):
		return nil
	case err == nil:
		return connector.Permanent(fmt.Errorf("it answered ok to no message at all, which Slack never does: check the URL"))
	}
	return fmt.Errorf("slack's webhook %w", err)
}
