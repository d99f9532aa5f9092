package connectortest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSharedSchemas: every document that a connector may want is read.
func TestSharedSchemas(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"abuseipdb/openapi.json", "cloudflare/openapi.json", "datadog/logs-v2.openapi.json", "discord/openapi-webhooks.json",
		"elasticsearch/bulk.openapi.json", "github/openapi-issues.json", "jira/openapi.json", "misp/openapi.json", "opensearch/bulk.openapi.json",
		"pagerduty/events-v2.openapi.json", "pagerduty/rest.openapi.json", "servicenow/table-api.openapi.json", "virustotal/openapi.json",
		"opsgenie/alerts.swagger.json", "slack/web-api-chat.swagger.json", "microsoft-sentinel/incidents-2025-09-01.swagger.json",
	} {
		if s := LoadOpenAPI(t, file); s.doc != nil && s.doc.Paths.Len() == 0 {
			t.Errorf("%s has no paths", file)
		}
	}
	for _, file := range []string{
		"slack/incoming-webhook.schema.json", "teams/webhook-message.schema.json", "teams/adaptive-card-1.5.0.json", "jira/adf-full.json",
		"jira/adf-full.json#/definitions/doc_node", "telegram/bot-api-requests.schema.json", "pagerduty/webhook-v3.schema.json", "splunk-hec/hec.schema.json",
	} {
		Schema(t, file)
	}
}

func TestOpenAPICheck(t *testing.T) {
	t.Parallel()
	s := LoadOpenAPI(t, "pagerduty/events-v2.openapi.json")
	s.Prefix = "/v2"
	good := `{"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger","payload":{"summary":"s","source":"x","severity":"error"}}`
	for _, tt := range []struct{ method, path, body, want string }{
		{"POST", "/v2/enqueue", good, ""},
		{"POST", "/v2/enqueue", strings.Replace(good, `"error"`, `"high"`, 1), "severity"},
		{"POST", "/v2/enqueue", `{`, "enqueue"},
		{"POST", "/v2/enqueue?x=1", good, `no query parameter "x"`},
		{"GET", "/v2/enqueue", "", "has no GET /enqueue"},
		{"POST", "/enqueue", good, "does not begin with /v2"},
	} {
		err := s.Check(Request{Method: tt.method, Path: tt.path, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(tt.body)})
		switch {
		case errors.Is(err, ErrNoSchema):
			t.Skip(err)
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s %s: %v, want %q", tt.method, tt.path, err, tt.want)
		}
	}
}

func TestMatchPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		template, path string
		want           map[string]string
	}{
		{"/issue/{id}", "/issue/SEC-1", map[string]string{"id": "SEC-1"}},
		{"/issue/{id}", "/issue/a%2Fb", map[string]string{"id": "a/b"}},
		{"/issue/{id}", "/issue/a/b", nil},
		{"/{index}/_create/{id}", "/logs/_create/7", map[string]string{"index": "logs", "id": "7"}},
		{"/bot{token}/send.x", "/bot1/sendax", nil},
		{"/", "/", map[string]string{}},
	} {
		got, _ := matchPath(tt.template, tt.path)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %s: %s", tt.template, tt.path, diff)
		}
	}
}
