package splunk

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Defaults of this connector.
const (
	eventPath         = "/services/collector/event"
	defaultSource     = "tocsin"
	defaultSourceType = "tocsin:event"
)

// Settings are what an integration of this kind is configured with. URL and Token alone are enough.
type Settings struct {
	URL        string
	Token      form.Secret
	Index      string
	Source     string
	SourceType string
	Host       string
	Gzip       bool
	connector.Payload
	Batch connector.Batch
	Ack   ackSettings
	httpkit.Connection
}

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.URL("url", &s.URL, "Target URL", form.Required(), form.Check(checkEndpoint),
		form.Placeholder("https://splunk.example.com:8088/services/collector/event"),
		form.Help("The HEC event endpoint; without a path, "+eventPath+" is added."))
	f.Secret("token", &s.Token, "Secret key (HEC token)", form.Required(), form.Max(200), form.Check(checkToken),
		form.Help("Sent as Authorization: Splunk <token>."))
	f.Text("index", &s.Index, "Index", form.Max(80), form.Group("Event"),
		form.Pattern(`^[a-z0-9_][a-z0-9_-]*$`, "an index name: lower-case letters, digits, hyphens and underscores"),
		form.Help("Left out, the token's default index is used. The token must be allowed to write to it."))
	f.Text("source", &s.Source, "Source", form.Default(defaultSource), form.Max(256), form.Group("Event"))
	f.Text("sourcetype", &s.SourceType, "Source type", form.Default(defaultSourceType), form.Max(256),
		form.Group("Event"))
	f.Text("host", &s.Host, "Host", form.Max(256), form.Group("Event"), form.Advanced(),
		form.Help("Left out, Splunk uses the address it was called from."))
	f.Bool("gzip", &s.Gzip, "Compress", form.Default(true), form.Group("Connection"), form.Advanced(),
		form.Help("Sends gzip: about a fifth of the bytes."))
	s.Payload.Fields(f)
	s.Batch = connector.Batch{MaxEvents: 2000, MaxBytes: form.MiB, MaxWait: 200 * time.Millisecond}
	s.Batch.Fields(f)
	s.Ack.fields(f)
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, httpkit.DefaultRequestTimeout)
}

// Validate checks what spans several settings.
func (s *Settings) Validate() error {
	var errs form.Errors
	s.Payload.Check(&errs)
	s.Connection.Check(&errs)
	s.Ack.check(&errs)
	return errs.Err()
}

// token is the bare token: people paste it with its scheme word as often as without.
func (s *Settings) token() string {
	t := strings.TrimSpace(s.Token.Reveal())
	if scheme, rest, ok := strings.Cut(t, " "); ok && strings.EqualFold(scheme, "splunk") {
		return strings.TrimSpace(rest)
	}
	return t
}

func checkToken(text string) error {
	bare := (&Settings{Token: form.NewSecret(text)}).token()
	if bare == "" || strings.EqualFold(bare, "splunk") || strings.ContainsAny(bare, " \t,;") {
		return errors.New("is not a HEC token: paste the token value alone")
	}
	for i := range len(bare) {
		if bare[i] > '~' {
			return errors.New("is not a HEC token: it has characters other than ASCII")
		}
	}
	return nil
}

// endpoint is the URL that is posted to.
func (s *Settings) endpoint() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.URL // the form has refused it
	}
	switch strings.TrimSuffix(u.Path, "/") {
	case "":
		u.Path = eventPath
	case "/services/collector":
		u.Path = eventPath
	}
	return u.String()
}

// checkEndpoint refuses the endpoints of HEC that take something else.
func checkEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("is not a valid URL")
	}
	for _, other := range []string{"/raw", "/ack", "/health"} {
		if strings.HasPrefix(u.Path, "/services/collector"+other) {
			return errors.New("is another endpoint of HEC: use " + eventPath)
		}
	}
	return nil
}
