package slack

import (
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// defaultBase is Slack's Web API. GovSlack has its own: https://slack-gov.com/api.
const defaultBase = "https://slack.com/api"

// Limits of the settings.
const (
	maxMentions = 20   // ids
	maxUsers    = 1000 // people
)

// Settings are what an integration of this kind is configured with. WebhookURL alone is enough, or BotToken with Channel.
type Settings struct {
	WebhookURL    form.Secret
	BotToken      form.Secret
	Channel       string
	SigningSecret form.Secret
	Buttons       bool
	Users         []User
	ThreadUpdates bool
	Mention       []string
	MentionFrom   string
	Emoji         connector.Levels
	Show          Parts
	BaseURL       string
	httpkit.Connection
}

// User says who somebody in Slack is at the hub.
type User struct {
	SlackID string
	Email   string
}

// Parts are what a message shows beside title, severity and state.
type Parts struct {
	Description, Details, Entities, Hosts, Attack, Advice, Runbook, Footer bool
}

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.Secret("webhook_url", &s.WebhookURL, "Incoming webhook URL", form.Check(checkWebhook),
		form.Help("An incoming webhook posts to its one channel, and can neither change a message nor have buttons. "+
			"With a bot token as well, the bot token is used."))
	f.Secret("bot_token", &s.BotToken, "Bot token", form.Max(500), form.Check(checkToken),
		form.Help("Begins with xoxb-. Messages follow their alerts: they change when the alert does."))
	f.Text("channel", &s.Channel, "Channel", form.Placeholder("C0123456789"),
		form.Pattern(`^#?[^\s#@<>&"']{1,80}$`, "the id of a channel or a person, or a channel's name"),
		form.Help("Required with bot_token: a channel's id (best) or name, or a person's id (U…) for direct messages."))
	const buttons, look = "Buttons", "Message"
	f.Secret("signing_secret", &s.SigningSecret, "Signing secret", form.Max(200), form.Check(checkToken), form.Group(buttons),
		form.Help("Of the Slack app, to prove that a click comes from Slack. With it and a bot token, messages have buttons."))
	f.Bool("buttons", &s.Buttons, "Buttons", form.Default(true), form.Group(buttons),
		form.Help("Acknowledge, resolve and reopen alerts, and block addresses, from Slack, where signing_secret and bot_token are set."))
	form.List(f, "users", &s.Users, "People", form.Key("slack_id"), form.Max(maxUsers), form.Group(buttons), form.Advanced(),
		form.Help("Who is who, where the e-mail address in Slack is not that at the hub, or the app may not read it."))
	f.Bool("thread_updates", &s.ThreadUpdates, "Updates in the thread", form.Default(false), form.Group(look),
		form.Help("Says each change in the message's thread as well. Needs bot_token."))
	f.Texts("mention", &s.Mention, "Mention", form.Max(maxMentions), form.Group(look),
		form.Pattern(`^[UWS][A-Z0-9]{1,40}$`, "the id of a person (U…, W…) or of a user group (S…)"),
		form.Help("People and user groups that a new message calls, by id, from the severity below."))
	f.Choice("mention_from", &s.MentionFrom, "Mention from", event.Severities(), form.Default(event.Critical.String()),
		form.Group(look))
	s.Emoji = connector.LevelsOf("⚪", "🔵", "🟡", "🟠", "🔴")
	s.Emoji.Fields(f, "emoji", "Emoji", "What stands before the title, by severity. The characters themselves, not :names:.")
	f.Object("show", &s.Show, "Parts", form.Group(look), form.Advanced(), form.Help("What a message shows."))
	f.URL("base_url", &s.BaseURL, "Base URL", form.Default(defaultBase), form.Advanced(), form.Group("Connection"),
		form.Help("Where the Web API is: https://slack-gov.com/api for GovSlack, or a gateway of your own."))
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, httpkit.DefaultRequestTimeout)
}

// Form declares who somebody is.
func (u *User) Form(f *form.Set) {
	f.Text("slack_id", &u.SlackID, "Slack id", form.Required(), form.Pattern(`^[UW][A-Z0-9]{1,40}$`, "a person's id (U…, W…)"))
	f.Text("email", &u.Email, "E-mail address", form.Required(), form.Max(320), form.Pattern(`^[^@\s]+@[^@\s]+$`, "an e-mail address"))
}

// Form declares the parts.
func (p *Parts) Form(f *form.Set) {
	f.Bool("description", &p.Description, "Description", form.Default(true))
	f.Bool("details", &p.Details, "Details", form.Default(true),
		form.Help("Risk score, place, network, rule, project, source and so on."))
	f.Bool("entities", &p.Entities, "Entities", form.Default(true))
	f.Bool("hosts", &p.Hosts, "Affected hosts", form.Default(true))
	f.Bool("attack", &p.Attack, "ATT&CK and kill chain", form.Default(true))
	f.Bool("advice", &p.Advice, "Recommended action", form.Default(true))
	f.Bool("runbook", &p.Runbook, "Runbook", form.Default(true))
	f.Bool("footer", &p.Footer, "Type, id, time and tags", form.Default(true))
}

// Validate checks what spans several settings, and tidies.
func (s *Settings) Validate() error {
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	var errs form.Errors
	switch {
	case s.BotToken.IsZero() && s.WebhookURL.IsZero():
		errs.Add("webhook_url", "is required, or bot_token with channel")
	case !s.BotToken.IsZero() && s.Channel == "":
		errs.Add("channel", "is required with bot_token")
	case s.BotToken.IsZero() && s.ThreadUpdates:
		errs.Add("thread_updates", "needs bot_token: an incoming webhook does not say which message it has posted")
	}
	s.Connection.Check(&errs)
	return errs.Err()
}

// bot says whether the Web API is used, and not an incoming webhook.
func (s *Settings) bot() bool { return !s.BotToken.IsZero() }

// clickable says whether messages have buttons that do something.
func (s *Settings) clickable() bool { return s.Buttons && s.bot() && !s.SigningSecret.IsZero() }

// mentions says whether a new message of that severity calls people.
func (s *Settings) mentions(severity event.Severity) bool {
	from, ok := event.ParseSeverity(s.MentionFrom)
	return ok && len(s.Mention) > 0 && severity >= from
}

// secrets are all values that nothing may show. A webhook's path is as secret as its URL: an answer may repeat it alone.
func (s *Settings) secrets() []string {
	list := []string{s.WebhookURL.Reveal(), s.BotToken.Reveal(), s.SigningSecret.Reveal(), s.ClientKey.Reveal()}
	if u, err := url.Parse(s.WebhookURL.Reveal()); err == nil && len(u.Path) > 1 {
		list = append(list, u.RequestURI(), u.Path, path.Base(u.Path))
	}
	return list
}

func checkWebhook(text string) error {
	_, err := form.CheckURL(text, "https", "http")
	return err
}

// checkToken refuses what cannot stand in a header, and a pasted scheme word.
func checkToken(text string) error {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return errors.New("is no token: it holds a blank or a character other than ASCII")
		}
	}
	return nil
}
