package httpkit

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

const (
	// minMasked is the shortest secret that is masked by its value, in bytes: shorter ones would mask ordinary text.
	minMasked = 4
	// minPart is the shortest part of a secret that is masked by itself, in bytes: "Bearer" is an ordinary word.
	minPart = 8
	// maxParts bounds the parts of one secret that are masked by themselves: a private key has a few dozen lines.
	maxParts = 128
)

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
		forms = append(forms, spellings(v)...)
		if trimmed := strings.TrimSpace(v); len(trimmed) >= minMasked {
			forms = append(forms, trimmed)
		}
		for _, part := range parts(v) {
			forms = append(forms, spellings(part)...)
		}
	}
	// The longest first: one secret may be part of another.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, form.Mask)
	}
	if len(pairs) > 0 {
		m.replacer = strings.NewReplacer(pairs...)
	}
	return m
}

// parts are the pieces of a secret that are secret by themselves, and that a receiver may repeat alone: the token without
// the word "Bearer", the user and password of basic authentication and the password, what a cookie's name stands for.
func parts(v string) []string {
	var list []string
	add := func(part string, least int) {
		if len(part) >= least && part != v && len(list) < maxParts && !strings.Contains(part, "-----") { // no line of a PEM frame
			list = append(list, part)
		}
	}
	words := strings.Fields(v)
	if len(words) == 2 && strings.EqualFold(words[0], "Basic") {
		if pair, ok := decodeBasic(words[1]); ok {
			add(pair, minMasked)
			_, password, _ := strings.Cut(pair, ":")
			add(password, minMasked)
		}
	}
	for _, word := range words {
		add(word, minPart)
		for pair := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == ';' || r == ',' || r == '&' }) {
			_, value, _ := strings.Cut(pair, "=")
			add(strings.Trim(value, `"'`), minPart)
		}
		add(strings.Trim(word, `;,"'`), minPart)
	}
	return list
}

// decodeBasic is user:password as basic authentication has it (RFC 7617 §2), padded or not.
func decodeBasic(text string) (string, bool) {
	text = strings.TrimRight(text, "=")
	for _, encoding := range [...]*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := encoding.DecodeString(text); err == nil {
			return string(raw), true
		}
	}
	return "", false
}

// spellings are the ways in which an answer may repeat a secret: as it is, escaped for a URL, each of these as it stands
// in a JSON text, and in base64.
func spellings(v string) []string {
	var list []string
	for _, s := range [...]string{v, url.QueryEscape(v), url.PathEscape(v)} {
		list = append(list, s, jsonEscape(s, true), jsonEscape(s, false))
	}
	raw := []byte(v)
	return append(list, base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
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

// header is a copy of h with secrets masked by value and, in headers that carry credentials or signatures, by name.
// signatures are names of headers that carry signatures although they are not called so.
func (m *masker) header(h http.Header, signatures ...string) http.Header {
	c := make(http.Header, len(h))
	for name, values := range h {
		hide := carriesCredentials(name) || isSignature(name) ||
			slices.ContainsFunc(signatures, func(s string) bool { return strings.EqualFold(s, name) })
		list := make([]string, len(values))
		for i, v := range values {
			if list[i] = m.text(v); hide && v != "" {
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

// isSignature says whether a header is a signature by its name. Nobody who may only look at requests is to have one:
// with a preview, that would sign a body of their choosing.
func isSignature(name string) bool { return strings.Contains(strings.ToLower(name), "signature") }

// CarriesCredentials says whether a header of that name holds credentials as a rule, so that it is never shown.
func CarriesCredentials(name string) bool { return carriesCredentials(name) }
