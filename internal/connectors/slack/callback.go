package slack

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of a call.
const (
	// maxActions bounds the clicks of one call; Slack sends one.
	maxActions = 10
	// maxChallenge bounds what a check of the address may ask us to repeat, in bytes.
	maxChallenge = 1 << 10
	// maxWishID bounds a wish's id, in bytes.
	maxWishID = 200
)

// interaction is what Slack says of a click (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload).
type interaction struct {
	Type        string      `json:"type"`
	User        interactor  `json:"user"`
	Team        idOnly      `json:"team"`
	Container   container   `json:"container"`
	Channel     idOnly      `json:"channel"`
	ResponseURL string      `json:"response_url"`
	TriggerID   string      `json:"trigger_id"`
	Actions     []performed `json:"actions"`
}

type idOnly struct {
	ID string `json:"id"`
}

type interactor struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

type container struct {
	Type      string `json:"type"`
	MessageTS string `json:"message_ts"`
	ChannelID string `json:"channel_id"`
}

type performed struct {
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
	ActionTS string `json:"action_ts"`
}

// token is what Answer needs to know of the click.
type token struct {
	ResponseURL string `json:"response_url,omitempty"`
	At          place  `json:"at,omitzero"`
}

// Receive reads what Slack says of a click. That the call is Slack's is proven first.
func (c *Connector) Receive(ctx context.Context, call connector.Call) (connector.Reply, error) {
	if err := c.verify(ctx, &call); err != nil {
		return connector.Reply{}, err
	}
	media, _, err := mime.ParseMediaType(call.Header.Get("Content-Type"))
	if err != nil {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the content type cannot be read")
	}
	switch media {
	case "application/json":
		return challenge(call.Body)
	case formType:
		return c.form(ctx, &call)
	}
	return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the content type is neither a form nor JSON")
}

// challenge answers the check of an address for Slack's events; nothing else comes as JSON.
func challenge(body []byte) (connector.Reply, error) {
	var v struct{ Type, Challenge string }
	if err := json.Unmarshal(body, &v); err != nil || v.Type != "url_verification" || v.Challenge == "" || len(v.Challenge) > maxChallenge {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "is no interaction: this address is for interactivity alone")
	}
	return connector.Reply{ContentType: "text/plain; charset=utf-8", Body: []byte(v.Challenge)}, nil
}

func (c *Connector) form(ctx context.Context, call *connector.Call) (connector.Reply, error) {
	values, err := url.ParseQuery(string(call.Body))
	if err != nil {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the form cannot be read")
	}
	payload := values.Get("payload")
	if payload == "" && values.Get("ssl_check") == "1" {
		return connector.Reply{}, nil
	}
	var in interaction
	if err := json.Unmarshal([]byte(payload), &in); err != nil || in.Type == "" {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the form holds no interaction")
	}
	if in.Type != "block_actions" {
		return connector.Reply{}, nil // shortcuts and the like, which are not ours
	}
	return c.clicks(ctx, &in)
}

// clicks makes wishes of the clicks on our buttons. Those that only lead somewhere ask for nothing.
func (c *Connector) clicks(ctx context.Context, in *interaction) (connector.Reply, error) {
	if len(in.Actions) > maxActions {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "more than %d actions at once", maxActions)
	}
	var wishes []connector.Wish
	for _, a := range in.Actions {
		verb, ours := actions[a.ActionID]
		if !ours {
			continue
		}
		w := connector.Wish{ID: wishID(in, a), Verb: verb, Personal: true, At: slackTime(a.ActionTS), Token: c.token(in)}
		if !names(&w, a.Value) {
			return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the button does not name what it is about")
		}
		wishes = append(wishes, w)
	}
	if len(wishes) == 0 {
		return connector.Reply{}, nil
	}
	if in.User.ID == "" {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the interaction names nobody")
	}
	person := c.person(ctx, &in.User)
	for i := range wishes {
		wishes[i].Person = person
	}
	return connector.Reply{Wishes: wishes}, nil
}

// wishID is the same for the same click.
func wishID(in *interaction, a performed) string {
	return event.Clip(in.TriggerID+"/"+a.ActionTS+"/"+in.User.ID, maxWishID)
}

// slackTime reads "1548426417.840180"; zero for anything else.
func slackTime(text string) time.Time {
	whole, part, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	micros, err := strconv.ParseInt(part, 10, 64)
	if err != nil || len(part) != 6 || micros < 0 {
		micros = 0
	}
	return time.Unix(seconds, micros*1000).UTC()
}

func (c *Connector) token(in *interaction) string {
	t := token{At: place{Channel: in.Container.ChannelID, TS: in.Container.MessageTS}}
	if t.At.Channel == "" {
		t.At.Channel = in.Channel.ID
	}
	if t.At.Channel == "" || t.At.TS == "" {
		t.At = place{}
	}
	if c.answerable(in.ResponseURL) {
		t.ResponseURL = in.ResponseURL
	}
	raw, err := encode(t)
	if err != nil {
		return "" // texts always encode
	}
	return string(raw)
}
