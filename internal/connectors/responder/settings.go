package responder

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/hook"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Defaults of this connector.
const (
	connectTimeout = 10 * time.Second
	requestTimeout = 30 * time.Second
	maxBatch       = 1000
)

// Settings are what an integration of this kind is configured with.
type Settings struct {
	URL            string
	SigningSecret  form.Secret
	PreviousSecret form.Secret
	Headers        []hook.Header
	List           bool
	Marks          bool
	Batch          int
	Capacity       int
	WidestIPv4     int
	WidestIPv6     int
	httpkit.Connection
}

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.URL("url", &s.URL, "Endpoint", form.Required(), form.Placeholder("https://firewall.example.com/tocsin"),
		form.Help("Your endpoint: /blocks and /unblocks are called below it. Use https: with http, anyone on the way can read what is blocked."))
	f.Secret("signing_secret", &s.SigningSecret, "Signing secret", form.Required(), form.Check(hook.CheckSecret), form.Made(), form.Group("Signature"),
		form.Help("Signs every request with HMAC-SHA256: text of at least 24 bytes, or whsec_ and base64. The endpoint must check it: "+
			"who can call it can block anybody."))
	f.Secret("previous_signing_secret", &s.PreviousSecret, "Previous signing secret", form.Check(hook.CheckSecret), form.Group("Signature"),
		form.Advanced(), form.Help("While a secret is being changed: requests carry a signature by each of the two."))
	hook.Headers(f, &s.Headers)
	f.Bool("list", &s.List, "Can list", form.Default(true), form.Group("Endpoint"),
		form.Help("Whether the endpoint can say what is blocked (GET /blocks). Without, nothing is ever verified."))
	f.Bool("marks", &s.Marks, "Keeps ids", form.Default(true), form.Group("Endpoint"),
		form.Help("Whether the list gives back the id and the owner that came with each block. Without, what was there before a block "+
			"was asked for is taken for somebody else's, for good."))
	f.Int("batch", &s.Batch, "Blocks per request", form.Default(100), form.Min(1), form.Max(maxBatch), form.Group("Endpoint"),
		form.Help("1 for an endpoint that takes one at a time."))
	f.Int("capacity", &s.Capacity, "Capacity", form.Default(0), form.Min(0), form.Max(10_000_000), form.Group("Endpoint"),
		form.Help("How many entries the firewall can hold, those of others included; 0: not known. A list may say it, too."))
	f.Int("widest_ipv4", &s.WidestIPv4, "Widest IPv4 range", form.Default(8), form.Min(0), form.Max(32), form.Group("Endpoint"),
		form.Help("The length of the widest prefix that the endpoint takes; 32: single addresses alone, 0: no IPv4."))
	f.Int("widest_ipv6", &s.WidestIPv6, "Widest IPv6 range", form.Default(32), form.Min(0), form.Max(128), form.Group("Endpoint"),
		form.Help("The length of the widest prefix that the endpoint takes; 128: single addresses alone, 0: no IPv6."))
	s.Connection.Fields(f, connectTimeout, requestTimeout)
}

// Validate checks what spans several settings, and tidies.
func (s *Settings) Validate() error {
	var errs form.Errors
	if strings.ContainsAny(s.URL, "?#") {
		errs.Add("url", "must have no query and no fragment: paths are put behind it")
	}
	s.URL = strings.TrimRight(s.URL, "/")
	for i, h := range s.Headers {
		switch http.CanonicalHeaderKey(h.Name) {
		case hook.HeaderNative, headerKey, "Content-Type":
			errs.Add("headers."+strconv.Itoa(i)+".name", "is a header that Tocsin sets itself")
		}
	}
	if s.WidestIPv4 == 0 && s.WidestIPv6 == 0 {
		errs.Add("widest_ipv4", "and widest_ipv6 cannot both be 0: nothing could be blocked")
	}
	s.Connection.Check(&errs)
	return errs.Err()
}

// secrets are all values that nothing may show.
func (s *Settings) secrets() []string {
	return append(hook.SecretValues(s.Headers), s.SigningSecret.Reveal(), s.PreviousSecret.Reveal(), s.ClientKey.Reveal())
}
