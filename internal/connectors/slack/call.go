package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// The methods of the Web API that are used, and the scopes that they need of a bot token.
const (
	methodPost   = "chat.postMessage"   // chat:write
	methodUpdate = "chat.update"        // chat:write
	methodOpen   = "conversations.open" // im:write, for direct messages
	methodUser   = "users.info"         // users:read and users:read.email, for buttons
	methodAuth   = "auth.test"          // none
	methodInfo   = "conversations.info" // channels:read or groups:read, where granted: the test alone asks
)

// place is where a message stands.
type place struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"` // Slack's id of a message within its channel
}

// posting are the arguments of chat.postMessage.
type posting struct {
	Channel string `json:"channel"`
	content
	ThreadTS    string `json:"thread_ts,omitempty"`
	Parse       string `json:"parse"`      // "none": names in the text do not become links
	LinkNames   bool   `json:"link_names"` // false
	UnfurlLinks bool   `json:"unfurl_links"`
	UnfurlMedia bool   `json:"unfurl_media"`
}

// updating are the arguments of chat.update.
type updating struct {
	place
	content
	Parse string `json:"parse"` // "none"; Slack's default here would make links of names
}

// hook is the body of an incoming webhook.
type hook struct {
	content
	LinkNames   bool `json:"link_names"`
	UnfurlLinks bool `json:"unfurl_links"`
	UnfurlMedia bool `json:"unfurl_media"`
}

// note is the body that a response URL takes: a message that one person sees.
type note struct {
	ResponseType    string `json:"response_type"`
	ReplaceOriginal bool   `json:"replace_original"`
	Text            string `json:"text"`
}

// post posts a message and gives its place.
func (c *Connector) post(ctx context.Context, p posting) (place, error) {
	p.Parse = "none"
	answer, err := c.method(ctx, methodPost, p)
	if err != nil {
		return place{}, err
	}
	at := place{Channel: answer.Get("channel").Str, TS: answer.Get("ts").Str}
	if at.Channel == "" {
		at.Channel = p.Channel
	}
	return at, nil
}

// update puts content in the place of a message's.
func (c *Connector) update(ctx context.Context, at place, m content) error {
	_, err := c.method(ctx, methodUpdate, updating{place: at, content: m, Parse: "none"})
	return err
}

// method calls a method that takes JSON.
func (c *Connector) method(ctx context.Context, name string, arguments any) (gjson.Result, error) {
	body, err := encode(arguments)
	if err != nil {
		return gjson.Result{}, fmt.Errorf("writing the request for %s: %w", name, err)
	}
	answer, _, err := c.call(ctx, name, "application/json; charset=utf-8", body)
	return answer, err
}

// query calls a method that takes a form: those that only read know no JSON.
func (c *Connector) query(ctx context.Context, name string, arguments url.Values) (gjson.Result, error) {
	answer, _, err := c.call(ctx, name, formType, []byte(arguments.Encode()))
	return answer, err
}

// formType is the media type of a form.
const formType = "application/x-www-form-urlencoded"

func (c *Connector) call(ctx context.Context, name, contentType string, body []byte) (gjson.Result, http.Header, error) {
	resp, err := c.client.Do(ctx, &httpkit.Request{
		Method: http.MethodPost, URL: c.settings.BaseURL + "/" + name, Body: body,
		Header: http.Header{"Content-Type": {contentType}, "Authorization": {"Bearer " + c.settings.BotToken.Reveal()}},
	})
	if err != nil {
		return gjson.Result{}, nil, fmt.Errorf("calling Slack's %s: %w", name, err)
	}
	answer, err := judge(resp, c.now())
	if err != nil {
		return gjson.Result{}, nil, fmt.Errorf("slack's %s %w", name, err)
	}
	return answer, resp.Header, nil
}

// postHook posts to the incoming webhook.
func (c *Connector) postHook(ctx context.Context, m content) error {
	body, err := encode(hook{content: m})
	if err != nil {
		return fmt.Errorf("writing the message: %w", err)
	}
	resp, err := c.client.Do(ctx, c.toHook(body))
	if err != nil {
		return fmt.Errorf("posting to Slack's webhook: %w", err)
	}
	if err := judgeHook(resp, c.now()); err != nil {
		return fmt.Errorf("slack's webhook %w", err)
	}
	return nil
}

func (c *Connector) toHook(body []byte) *httpkit.Request {
	return &httpkit.Request{
		Method: http.MethodPost, URL: c.settings.WebhookURL.Reveal(), Body: body,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
	}
}

// encode writes JSON with the characters of markup as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
