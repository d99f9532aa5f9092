package canary

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// candidates are canaries for a field, from the one with the most awkward characters to the plainest.
func candidates(where string) func(string) []string {
	return func(path string) []string {
		name := where + "_" + regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(path, "_")
		plain := stem + strings.ReplaceAll(name, "_", "") + stem
		return []string{
			stem + "_" + name + `_"+/&<>%20\='` + stem,
			stem + "_" + name + "_+/=" + stem,
			plain,
			plain[len(plain)-2*len(stem):],
			stem,
			fmt.Sprintf("whsk_%s%.5x%sA=", stem, sha256.Sum256([]byte(name)), stem), // a signing key: 32 bytes in base64
		}
	}
}

// candidate gives the secrets of an integration, and lets its echo know them.
func (s *scene) candidate(kind, mode string) func(string) []string {
	return candidates(kind + "_" + mode)
}

// referring gives references in the place of secrets.
func (s *scene) referring(kind string) func(string) []string {
	file := filepath.Join(s.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(candidates(kind + "_file")("secret")[2]+"\n"), 0o600); err != nil {
		s.Fatal(err)
	}
	return func(path string) []string {
		if strings.HasSuffix(path, "signing_key") { // whose form wants a key, which a reference only becomes in the hub
			return candidates(kind + "_ref")(path)[5:]
		}
		if strings.HasSuffix(path, "token") || strings.HasSuffix(path, "value") {
			return []string{"env:CANARY_TOKEN"}
		}
		return []string{"file:" + file, "env:CANARY_SECRET"}
	}
}

// create makes an integration whose every secret field holds a canary. For a secret that goes only without another it makes
// a second one.
func (s *scene) create(kind, mode string, secret func(string) []string) {
	s.Helper()
	for _, alone := range s.createWithout(kind, mode, "", "", secret) {
		if strings.HasSuffix(mode, "-ref") {
			return // a reference is no URL and no key; the other modes have it
		}
		tried := len(s.ids)
		for _, other := range form.SecretFields(connectors.All()[kind].Settings()) {
			if other != alone && len(s.ids) == tried {
				s.createWithout(kind, mode, other, alone, secret)
			}
		}
		if len(s.ids) == tried {
			s.Fatalf("%s: nothing lets %s in", kind, alone)
		}
	}
}

// createWithout makes an integration without one of its secrets, and gives those that its form left out beside. One that
// would lack the secret needed is not made.
func (s *scene) createWithout(kind, mode, leave, needed string, secret func(string) []string) (left []string) {
	s.Helper()
	set := kind + "-" + mode
	if leave != "" {
		set += "-without-" + strings.ReplaceAll(leave, "_", "-")
	}
	definition := connectors.All()[kind]
	filler := Filler{URL: s.echo.URL(strings.TrimSuffix(mode, "-ref"), set), Pair: s.pair, Secret: secret, Leave: leave}
	settings, left, err := filler.Fill(definition.Settings)
	switch {
	case err != nil && needed == "":
		s.Fatalf("%s: %v", kind, err)
	case err != nil, slices.Contains(left, needed):
		return left
	}
	for _, text := range form.SecretTexts(definition.Settings(), settings) {
		switch {
		case strings.Contains(text, "PRIVATE KEY"): // no receiver ever sees it
		case strings.HasPrefix(text, "env:CANARY_SECRET"):
			s.echo.Learn(set, candidates("environment")("secret")[2])
		case strings.HasPrefix(text, "env:CANARY_TOKEN"):
			s.echo.Learn(set, candidates("environment")("token")[2])
		case strings.HasPrefix(text, "file:"):
			s.echo.Learn(set, candidates(kind + "_file")("secret")[2])
		default:
			s.echo.Learn(set, text)
		}
	}
	in := map[string]any{
		"kind": kind, "name": set, "settings": settings, "owner": "somebody",
		"delivery": map[string]any{"retry": map[string]any{"schedule": []string{"0s", "50ms"}}},
	}
	if definition.Sends() {
		in["subscription"] = map[string]any{"types": []string{"*"}}
	}
	status, body := s.driver.Do(s.Context(), http.MethodPost, "/api/v1/integrations", in)
	var made struct{ ID string }
	if err := json.Unmarshal(body, &made); err != nil || made.ID == "" {
		s.Fatalf("making %s: %d %s", set, status, body)
	}
	s.ids = append(s.ids, made.ID)
	if at := strings.TrimSuffix(mode, "-ref"); definition.Sends() && bytes.Contains(settings, []byte(s.echo.URL(at, set))) { // not over SMTP
		s.asked = append(s.asked, at+"/"+set)
	}
	// A ticket that may have been made is looked for before anything else is tried, and a batch whose answer says nothing of
	// its events is sent again and again: neither ends a delivery.
	endless := definition.Reconciles || mode == "ok" && !definition.Single && definition.Kind.ConfirmsDelivery
	if slices.Contains([]string{"ok", "bad", "redirect"}, mode) && slices.Contains(s.asked, mode+"/"+set) && !endless {
		s.judged = append(s.judged, made.ID)
	}
	return left
}
