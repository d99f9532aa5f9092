package httpkit

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// minMasked is the shortest secret that is masked by its value, in bytes: shorter ones would mask ordinary text.
const minMasked = 4

// masker replaces secret values, also where they are escaped for a URL, JSON or basic authentication.
type masker struct {
	values   []string
	replacer *strings.Replacer
}

func newMasker(values []string) *masker {
	m := &masker{values: values}
	var forms []string
	for _, v := range values {
		if len(v) < minMasked {
			continue
		}
		forms = append(forms, v, url.QueryEscape(v), url.PathEscape(v), jsonEscape(v, true), jsonEscape(v, false),
			base64.StdEncoding.EncodeToString([]byte(v)))
		if trimmed := strings.TrimSpace(v); len(trimmed) >= minMasked {
			forms = append(forms, trimmed)
		}
	}
	// The longest first: one secret may be part of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, form.Mask)
	}
	if len(pairs) > 0 {
		m.replacer = strings.NewReplacer(pairs...)
	}
	return m
}

// jsonEscape is v as it stands between the quotes of a JSON text, with or without the escapes for HTML.
func jsonEscape(v string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if err := enc.Encode(v); err != nil {
		return v // a text always encodes
	}
	return strings.TrimSuffix(b.String()[1:], "\"\n")
}

func (m *masker) text(s string) string {
	if m.replacer == nil {
		return s
	}
	return m.replacer.Replace(s)
}

func (m *masker) bytes(b []byte) []byte {
	if m.replacer == nil || len(b) == 0 {
		return slices.Clone(b)
	}
	return []byte(m.replacer.Replace(string(b)))
}

// header is a copy of h with secrets masked by value and, in headers that carry credentials, by name.
func (m *masker) header(h http.Header) http.Header {
	c := make(http.Header, len(h))
	for name, values := range h {
		list := make([]string, len(values))
		for i, v := range values {
			if list[i] = m.text(v); carriesCredentials(name) && v != "" {
				list[i] = form.Mask
			}
		}
		c[name] = list
	}
	return c
}

// credentialHeaders always carry credentials.
var credentialHeaders = []string{
	"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "Api-Key", "Apikey", "X-Auth-Token",
	"Dd-Api-Key", "X-Amz-Security-Token", "Private-Token",
}

func carriesCredentials(name string) bool {
	return slices.Contains(credentialHeaders, http.CanonicalHeaderKey(name))
}

// CarriesCredentials says whether a header of that name holds credentials as a rule, so that it is never shown.
func CarriesCredentials(name string) bool { return carriesCredentials(name) }
