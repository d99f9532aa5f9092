package slack

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	cert, key := connectortest.ClientCertificate(t)
	connectortest.Run(t, connectortest.Harness{
		Definition: Definition(),
		Settings: func(url string) string {
			raw, _ := json.Marshal(map[string]any{
				"base_url": url + "/api", "bot_token": "xoxb-" + connectortest.Canary, "channel": "C0123456789",
				"signing_secret": "s" + connectortest.Canary, "webhook_url": url + "/services/T0/B0/" + connectortest.Canary,
				"client_certificate": cert, "client_key": key,
			})
			return string(raw)
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"ok":true,"channel":"C0123456789","ts":"1700000000.000100"}`)) //nolint:errcheck // the client may have gone
		},
		Titles: func(r connectortest.Request) ([]string, error) {
			m, err := readMessage(r.Body)
			if err != nil {
				return nil, err
			}
			return []string{m.title()}, nil
		},
		Shown: shownTitle,
		Alerts: func(r connectortest.Request) bool {
			return strings.HasPrefix(r.Path, "/services/") || strings.HasSuffix(r.Path, "/chat.postMessage") || strings.HasSuffix(r.Path, "/chat.update")
		},
	})
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}
