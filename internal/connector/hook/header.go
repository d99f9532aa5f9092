package hook

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// maxHeaders bounds the headers of people's own.
const maxHeaders = 50

// Headers declares the setting "headers".
func Headers(f *form.Set, list *[]Header) {
	form.List(f, "headers", list, "Headers", form.Key("name"), form.Max(maxHeaders),
		form.Help("Sent with every request: tokens, tenant ids, whatever the receiver wants."))
}

// Header is one header of every request.
type Header struct {
	Name   string
	Value  form.Secret // shown unless it is a secret
	Secret bool
}

// Form declares one header.
func (h *Header) Form(f *form.Set) {
	f.Text("name", &h.Name, "Name", form.Required(), form.Max(200), form.Check(CheckHeaderName))
	f.Secret("value", &h.Value, "Value", form.Required(), form.SecretWhen(secretHeader),
		form.Check(checkHeaderValue))
	f.Bool("secret", &h.Secret, "Secret", form.Default(false),
		form.Help("Keeps the value from being shown again. Headers such as Authorization are always secret."))
}

// secretHeader says whether the header in this JSON object is a secret.
func secretHeader(object map[string]any) bool {
	name, _ := object["name"].(string)
	return object["secret"] == true || httpkit.CarriesCredentials(name)
}

// SecretValues are the values of those headers that nothing may show.
func SecretValues(list []Header) []string {
	var secrets []string
	for _, h := range list {
		if h.Secret || httpkit.CarriesCredentials(h.Name) {
			secrets = append(secrets, h.Value.Reveal())
		}
	}
	return secrets
}

// Set puts headers of people's own into h, where they take the places of what is there.
func Set(h http.Header, list []Header) {
	seen := map[string]bool{}
	for _, own := range list {
		name := http.CanonicalHeaderKey(own.Name)
		if !seen[name] {
			h.Del(name)
		}
		seen[name] = true
		h.Add(name, own.Value.Reveal())
	}
}

// reservedHeaders belong to HTTP itself or to Tocsin.
var reservedHeaders = []string{
	"Host", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Te",
	"Trailer", "Expect", "Proxy-Connection", "Http2-Settings",
	HeaderEvent, HeaderDelivery, HeaderID, HeaderTimestamp, HeaderSignature,
}

// CheckHeaderName says what is wrong with the name of a header of people's own; see [form.Check].
func CheckHeaderName(name string) error {
	for i := range len(name) {
		if !isToken(name[i]) {
			return errors.New("must be a header name: letters, digits and hyphens")
		}
	}
	if slices.Contains(reservedHeaders, http.CanonicalHeaderKey(name)) {
		return errors.New("is a header that HTTP or Tocsin sets itself")
	}
	return nil
}

// isToken is the character set of RFC 9110 §5.6.2.
func isToken(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// checkHeaderValue refuses blanks around a value, which HTTP drops; the form has refused control characters.
func checkHeaderValue(value string) error {
	if strings.TrimSpace(value) != value {
		return errors.New("must not begin or end with a blank")
	}
	return nil
}
