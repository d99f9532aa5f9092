package slack

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

const (
	// askTime bounds asking Slack who somebody is: Receive must return within two seconds, and Slack wants its answer
	// within three.
	askTime = 1500 * time.Millisecond
	// keepPerson is how long Slack's word on who somebody is, and on who we are, is believed.
	keepPerson = time.Hour
	// maxName bounds a name, in bytes.
	maxName = 200
)

// person says who clicked. The e-mail address is what makes somebody a user of the hub: it is empty unless the settings
// name it, or Slack vouches for it.
func (c *Connector) person(ctx context.Context, u *interactor) connector.Person {
	p := connector.Person{ID: u.ID, Name: u.Username}
	if p.Name == "" {
		p.Name = u.Name
	}
	p.Name = event.Clip(card.Line(p.Name), maxName)
	if email, ok := c.people[u.ID]; ok {
		p.Email = email
		return p
	}
	if !c.settings.bot() {
		return p
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	p.Email = c.email(ctx, u.ID)
	return p
}

// email is the address of one of the workspace's own people; empty if Slack does not tell, or it is somebody else's.
func (c *Connector) email(ctx context.Context, id string) string {
	key := "person/" + id
	if len(key) > connector.MaxStateKey {
		return ""
	}
	if raw, err := c.state.Get(ctx, key); err == nil {
		return string(raw)
	}
	answer, err := c.query(ctx, methodUser, url.Values{"user": {id}})
	if err != nil {
		c.log.Warn("Slack does not say who clicked: the app needs users:read and users:read.email, or set users.", "err", err)
		return ""
	}
	email := strings.TrimSpace(answer.Get("user.profile.email").Str)
	if email == "" || !c.ours(ctx, answer.Get("user")) {
		return ""
	}
	if err := c.state.Put(ctx, key, []byte(email), keepPerson); err != nil {
		c.log.Warn("Who somebody in Slack is could not be remembered: it is asked for again.", "err", err)
	}
	return email
}

// ours says of a person that the app's own workspace (or organisation) answers for their address. In a channel shared with
// another company there are people for whom that company does, and it may write there what it likes.
func (c *Connector) ours(ctx context.Context, user gjson.Result) bool {
	for _, no := range []string{"deleted", "is_bot", "is_stranger"} {
		if user.Get(no).Bool() {
			return false
		}
	}
	if user.Get("is_email_confirmed").Type == gjson.False {
		return false
	}
	team := user.Get("team_id").Str
	if team == "" {
		return true // Slack always tells; a gateway that does not knows one workspace
	}
	own, ok := c.self(ctx)
	if !ok {
		return false
	}
	return team == own.Team || own.Enterprise != "" && user.Get("enterprise_user.enterprise_id").Str == own.Enterprise
}

// identity is where the app is installed.
type identity struct {
	Team       string `json:"team"`
	Enterprise string `json:"enterprise,omitempty"`
}

// self asks where the app is installed.
func (c *Connector) self(ctx context.Context) (identity, bool) {
	var own identity
	const key = "self"
	if raw, err := c.state.Get(ctx, key); err == nil && json.Unmarshal(raw, &own) == nil {
		return own, true
	}
	answer, err := c.query(ctx, methodAuth, nil)
	if err != nil {
		c.log.Warn("Slack does not say where the app is installed: nobody's address is believed.", "err", err)
		return own, false
	}
	own = identity{Team: answer.Get("team_id").Str, Enterprise: answer.Get("enterprise_id").Str}
	raw, err := encode(own)
	if err == nil {
		err = c.state.Put(ctx, key, raw, keepPerson)
	}
	if err != nil {
		c.log.Warn("Where the app is installed could not be remembered: it is asked for again.", "err", err)
	}
	return own, own.Team != ""
}
