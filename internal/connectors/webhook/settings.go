package webhook

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/hook"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// The values of the setting "format".
const (
	formatObject = "object"
	formatArray  = "array"
	formatNDJSON = "ndjson"
)

// Defaults of this connector.
const (
	connectTimeout         = 20 * time.Second
	requestTimeout         = 15 * time.Second
	defaultSignatureHeader = hook.HeaderNative
	socwardenHeader        = "X-SOCWarden-Signature"
)

// Settings are what an integration of this kind is configured with.
type Settings struct {
	URL             string
	Method          string
	Headers         []hook.Header
	SigningSecret   form.Secret
	PreviousSecret  form.Secret
	SignatureHeader string
	BodyHeader      string
	SigningKey      form.Secret
	PreviousKey     form.Secret
	Format          string
	connector.Payload
	Batch connector.Batch
	httpkit.Connection
}

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.URL("url", &s.URL, "Target URL", form.Required(), form.Placeholder("https://example.com/hooks/tocsin"),
		form.Help("Where events are sent. Use https: with http, anyone on the way can read the events."))
	f.Choice("method", &s.Method, "Method", []string{http.MethodPost, http.MethodPut}, form.Default(http.MethodPost))
	hook.Headers(f, &s.Headers)
	f.Secret("signing_secret", &s.SigningSecret, "Signing secret", form.Check(hook.CheckSecret), form.Made(), form.Group("Signature"),
		form.Help("Signs every request with HMAC-SHA256: text of at least 24 bytes, or whsec_ and base64. "+
			"Without it (or a signing key) requests are not signed, and the receiver cannot tell who sent them."))
	f.Secret("previous_signing_secret", &s.PreviousSecret, "Previous signing secret", form.Check(hook.CheckSecret),
		form.Group("Signature"), form.Advanced(),
		form.Help("While a secret is being changed: requests carry a signature by each of the two."))
	f.Text("signature_header", &s.SignatureHeader, "Signature header", form.Default(defaultSignatureHeader),
		form.Check(checkSignatureHeader), form.Group("Signature"), form.Advanced(),
		form.Help("Carries t=<unix seconds>,v1=<hex>. The Standard Webhooks headers always go along."))
	f.Text("body_signature_header", &s.BodyHeader, "Body signature header", form.Placeholder(socwardenHeader),
		form.Check(checkSignatureHeader), form.Group("Signature"), form.Advanced(),
		form.Help("Carries the HMAC-SHA256 of the body alone by signing_secret, as hex. Left out, only the profile "+
			"socwarden has one, in "+socwardenHeader+"."))
	f.Secret("signing_key", &s.SigningKey, "Signing key", form.Check(hook.CheckKey), form.Group("Signature"),
		form.Help("Signs every request with Ed25519 (Standard Webhooks v1a): whsk_ and the base64 of the key. The receiver "+
			"needs only the public key, which a test or a preview of the integration shows. May go along with signing_secret."))
	f.Secret("previous_signing_key", &s.PreviousKey, "Previous signing key", form.Check(hook.CheckKey), form.Group("Signature"),
		form.Advanced(), form.Help("While a key is being changed: requests carry a signature by each of the two."))
	f.Choice("format", &s.Format, "Format", []string{formatObject, formatArray, formatNDJSON},
		form.Default(formatObject), form.Group("Payload"),
		form.Help("One event a request, or many as a JSON array or as one a line."))
	s.Payload.Fields(f)
	s.Batch = connector.Batch{MaxEvents: 100, MaxBytes: form.MiB, MaxWait: 200 * time.Millisecond}
	s.Batch.Fields(f)
	s.Connection.Fields(f, connectTimeout, requestTimeout)
}

// Validate checks what spans several settings.
func (s *Settings) Validate() error {
	var errs form.Errors
	for i, h := range s.Headers {
		if s.signs(h.Name) {
			errs.Add("headers."+strconv.Itoa(i)+".name", "is the signature header, which Tocsin sets itself")
		}
	}
	if s.SigningSecret.IsZero() && !s.PreviousSecret.IsZero() {
		errs.Add("signing_secret", "is required with previous_signing_secret")
	}
	if s.PreviousKey.Reveal() != "" && s.SigningKey.IsZero() {
		errs.Add("signing_key", "is required with previous_signing_key")
	}
	if s.BodyHeader != "" && strings.EqualFold(s.BodyHeader, s.SignatureHeader) {
		errs.Add("body_signature_header", "is the signature header already")
	}
	if profile, ok := payload.Lookup(s.Profile); ok && profile.Text && s.Format == formatArray {
		errs.Add("format", "cannot be array with the profile %s, which writes lines of text", s.Profile)
	}
	s.Payload.Check(&errs)
	s.Connection.Check(&errs)
	return errs.Err()
}

// signs says whether a header is one of those that carry signatures of ours.
func (s *Settings) signs(name string) bool {
	for _, own := range []string{s.SignatureHeader, defaultSignatureHeader, s.bodyHeader()} {
		if own != "" && strings.EqualFold(name, own) {
			return true
		}
	}
	return false
}

// bodyHeader is the header of the signature over the body alone; empty: none.
func (s *Settings) bodyHeader() string {
	if s.BodyHeader == "" && s.Profile == payload.SOCWarden {
		return socwardenHeader
	}
	return s.BodyHeader
}

// secrets are all values that nothing may show.
func (s *Settings) secrets() []string {
	list := []string{
		s.SigningSecret.Reveal(), s.PreviousSecret.Reveal(), s.SigningKey.Reveal(), s.PreviousKey.Reveal(), s.ClientKey.Reveal(),
	}
	return append(list, hook.SecretValues(s.Headers)...)
}

// checkSignatureHeader refuses, besides, the two headers that a user may set but the signature must not replace.
func checkSignatureHeader(name string) error {
	switch http.CanonicalHeaderKey(name) {
	case "Content-Type", "User-Agent":
		return errors.New("is a header with another meaning")
	}
	return hook.CheckHeaderName(name)
}
