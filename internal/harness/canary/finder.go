// Package canary proves that no secret gets out. It puts a canary, a text that stands nowhere else, into every secret
// field of every connector of a real hub, drives everything that the hub shows or writes, makes receivers echo the
// secrets back, crashes the hub, and then looks for canaries in all that came out: answers, logs, metrics, dumps, files,
// backups, in plain and in the usual encodings.
package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Finder looks for secrets in whatever came out of a hub.
type Finder struct {
	forms []searched
}

// searched is one way to write one secret.
type searched struct {
	secret, encoding string
	text             []byte
}

// Hit is a secret that was found.
type Hit struct {
	Where    string // what it was found in
	Secret   string // which it is
	Encoding string
	Context  string // what stands around it
}

func (h Hit) String() string {
	return fmt.Sprintf("%s: %s (%s): …%s…", h.Where, h.Secret, h.Encoding, h.Context)
}

// minForm is the shortest text that is looked for, in bytes: shorter ones would be found by chance.
const minForm = 12

// Add makes the finder look for a secret in plain and in the usual encodings, wherever in a longer text it stands.
func (f *Finder) Add(name, secret string) {
	add := func(encoding, text string) {
		if len(text) < minForm || slices.ContainsFunc(f.forms, func(s searched) bool { return string(s.text) == text }) {
			return
		}
		f.forms = append(f.forms, searched{name, encoding, []byte(text)})
	}
	add("plain", secret)
	add("lower case", strings.ToLower(secret))
	add("upper case", strings.ToUpper(secret))
	add("hex", hex.EncodeToString([]byte(secret)))
	add("HEX", strings.ToUpper(hex.EncodeToString([]byte(secret))))
	for _, text := range inBase64(secret) {
		add("base64", text)
	}
	add("query", url.QueryEscape(secret))
	add("path", url.PathEscape(secret))
	add("percent", escape(secret, "%%%02X"))
	add("percent, lower", escape(secret, "%%%02x"))
	add("JSON", jsonText(secret, true))
	add("JSON, plain HTML", jsonText(secret, false))
	add(`JSON \u`, escape(secret, `\u%04x`))
	add("Go", strings.Trim(fmt.Sprintf("%q", secret), `"`))
}

// inBase64 gives what of a secret can be seen in the base64 of a longer text, at each of the three alignments.
func inBase64(secret string) (list []string) {
	for shift := range 3 {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(append(make([]byte, shift), secret...))
			first := (shift*8 + 5) / 6 // the characters before depend on what stands before the secret
			last := len(text)
			if (len(secret)+shift)%3 > 0 {
				last-- // it depends on what stands behind
			}
			list = append(list, text[first:last])
		}
	}
	return list
}

func escape(text, format string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

func jsonText(text string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if enc.Encode(text) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String()[1:], "\"\n")
}

// contextBytes is how much is shown around a hit.
const contextBytes = 80

// Search gives the first hit of each secret and encoding.
func (f *Finder) Search(where string, data []byte) (hits []Hit) {
	for _, s := range f.forms {
		at := bytes.Index(data, s.text)
		if at < 0 {
			continue
		}
		around := data[max(0, at-contextBytes):min(len(data), at+len(s.text)+contextBytes)]
		hits = append(hits, Hit{Where: where, Secret: s.secret, Encoding: s.encoding, Context: fmt.Sprintf("%.300q", around)})
	}
	return hits
}
