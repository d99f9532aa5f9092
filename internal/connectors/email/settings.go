package email

import (
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// The values of the setting "security".
const (
	securitySTARTTLS = "starttls"
	securityTLS      = "tls"
	securityNone     = "none"
)

// The values of the setting "auth".
const (
	authAuto    = "auto"
	authPlain   = "plain"
	authLogin   = "login"
	authCRAMMD5 = "cram-md5"
	authXOAUTH2 = "xoauth2"
)

// The values of the setting "mode".
const (
	modeEach    = "each"
	modeSummary = "summary"
)

// Defaults and limits of the settings.
const (
	connectTimeout = 10 * time.Second
	// messageTimeout bounds one message. Servers look for spam while the client waits, which takes them up to a minute.
	messageTimeout = 90 * time.Second
	// defaultConnections suits Exchange Online, which lets a mailbox have three at once.
	defaultConnections = 3
	maxConnections     = 50
	// maxRecipients bounds to, cc and bcc each; many servers take 100 recipients a message.
	maxRecipients = 100
	// maxSummary bounds the events of one summary, each of which is a row of it.
	maxSummary = 200

	summaryWait  = 5 * time.Minute // connector.MaxBatchWait
	summaryBytes = 4 * form.MiB
)

// ports are the registered ones (RFC 8314, RFC 6409, RFC 5321) by security.
var ports = map[string]int{securitySTARTTLS: 587, securityTLS: 465, securityNone: 25}

// Settings are what an integration of this kind is configured with.
type Settings struct {
	Host, Security, Auth string
	Port                 int
	Username             string
	Password             form.Secret
	From, ReplyTo        string
	To, Cc, Bcc          []string
	SubjectPrefix        string
	Mode                 string
	Batch                connector.Batch
	Digest               Digest
	Connections          int
	Helo                 string
	httpkit.Connection
}

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	const group = "Server"
	f.Text("host", &s.Host, "Mail server", form.Required(), form.Max(253), form.Check(checkHost), form.Destination(),
		form.Group(group), form.Placeholder("smtp.example.com"), form.Help("The name or address of the SMTP server."))
	f.Int("port", &s.Port, "Port", form.Default(0), form.Min(0), form.Max(65535), form.Destination(), form.Group(group),
		form.Help("0: 587 with starttls, 465 with tls, 25 with none."))
	f.Choice("security", &s.Security, "Security", []string{securitySTARTTLS, securityTLS, securityNone},
		form.Default(securitySTARTTLS), form.Destination(), form.Group(group),
		form.Help("starttls: begins in clear text and must become TLS before anything is sent; tls: TLS from the first byte; "+
			"none: anybody on the way reads the mails, and the password."))
	f.Choice("auth", &s.Auth, "Authentication", []string{authAuto, authPlain, authLogin, authCRAMMD5, authXOAUTH2},
		form.Default(authAuto), form.Group(group),
		form.Help("auto takes the best that the server offers of plain, login and cram-md5. With xoauth2 the password is an "+
			"OAuth 2.0 access token. Without a user name there is none."))
	f.Text("username", &s.Username, "User name", form.Max(320), form.Group(group))
	f.Secret("password", &s.Password, "Password", form.Max(16<<10), form.Group(group),
		form.Help("The account's, an app password, or with xoauth2 an access token."))
	f.Text("from", &s.From, "From", form.Required(), form.Max(maxAddressText), form.Check(checkAddress),
		form.Placeholder("Tocsin <tocsin@example.com>"), form.Help("The sender, with or without a name."))
	f.Texts("to", &s.To, "To", form.Required(), form.Max(maxRecipients), form.Check(checkAddress),
		form.Placeholder("soc@example.com"), form.Help("Who gets the mails; each address with or without a name."))
	f.Texts("cc", &s.Cc, "Cc", form.Max(maxRecipients), form.Check(checkAddress), form.Advanced())
	f.Texts("bcc", &s.Bcc, "Bcc", form.Max(maxRecipients), form.Check(checkAddress), form.Advanced(),
		form.Help("Get the mails too, and no other recipient sees that."))
	f.Text("reply_to", &s.ReplyTo, "Reply to", form.Max(maxAddressText), form.Check(checkAddress), form.Advanced())
	f.Text("subject_prefix", &s.SubjectPrefix, "Subject prefix", form.Default("[Tocsin]"), form.Max(50),
		form.Help("What each subject begins with."))
	f.Choice("mode", &s.Mode, "Mode", []string{modeEach, modeSummary}, form.Default(modeEach),
		form.Help("each: a mail for each event; summary: one mail for the events of a time, see batch."))
	s.Batch = connector.Batch{MaxEvents: maxSummary, MaxBytes: summaryBytes, MaxWait: summaryWait}
	s.Batch.Fields(f)
	f.Object("digest", &s.Digest, "Digest", form.Group("Digest"),
		form.Help("A mail with counts, trends, open incidents and failing integrations, once a day or a week."))
	f.Int("connections", &s.Connections, "Connections", form.Default(defaultConnections), form.Min(1),
		form.Max(maxConnections), form.Advanced(), form.Group("Connection"),
		form.Help("The most connections to the server at once. Further mails wait."))
	f.Text("helo", &s.Helo, "HELO name", form.Max(253), form.Check(checkHost), form.Advanced(), form.Group("Connection"),
		form.Help("What the hub calls itself to the server. Left out, it is the domain of from."))
	s.Connection.Fields(f, connectTimeout, messageTimeout)
}

// Validate checks what spans several settings.
func (s *Settings) Validate() error {
	var errs form.Errors
	switch {
	case s.Username == "" && !s.Password.IsZero():
		errs.Add("username", "is required with password")
	case s.Username != "" && s.Password.IsZero():
		errs.Add("password", "is required with username")
	case s.Username == "" && s.Auth != authAuto && s.Auth != "":
		errs.Add("username", "is required with auth %s", s.Auth)
	}
	for _, list := range []struct {
		name      string
		addresses []string
	}{{"to", s.To}, {"cc", s.Cc}, {"bcc", s.Bcc}} {
		for i, first := range repeated(list.addresses) {
			if first != i {
				errs.Add(list.name+"."+strconv.Itoa(i), "is the same address as %s.%d", list.name, first)
			}
		}
	}
	if s.Mode == modeSummary && s.Batch.MaxEvents > maxSummary {
		errs.Add("batch.max_events", "must be at most %d", maxSummary)
	}
	s.Connection.Check(&errs)
	return errs.Err()
}

// port is the one that is connected to.
func (s *Settings) port() int {
	if s.Port != 0 {
		return s.Port
	}
	return ports[s.Security]
}
