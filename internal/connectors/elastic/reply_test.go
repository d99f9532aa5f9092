package elastic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

var now = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

func classOf(err error) string {
	_, throttled := connector.IsThrottled(err)
	_, rejected := connector.IsRejected(err)
	switch {
	case err == nil:
		return "taken"
	case rejected:
		return "rejected"
	case connector.IsPermanent(err):
		return "permanent"
	case throttled:
		return "throttled"
	}
	return "retryable"
}

func ids(n int) []event.ID {
	list := make([]event.ID, n)
	for i := range list {
		list[i] = event.NewID()
	}
	return list
}

// TestJudgeItems: every answer about one event has its class, and its neighbours are none the worse for it.
func TestJudgeItems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		item, want, text string
	}{
		{`"status":201,"result":"created"`, "taken", ""},
		{`"status":200,"result":"noop"`, "taken", ""},
		{`"status":201,"failure_store":"used"`, "taken", ""},
		{`"status":409,"error":{"type":"version_conflict_engine_exception","reason":"document already exists"}`, "taken", ""},
		{`"status":429,"error":{"type":"es_rejected_execution_exception","reason":"rejected execution of primary operation"}`, "throttled", "busy"},
		{`"status":503,"error":{"type":"es_rejected_execution_exception","reason":"x"}`, "throttled", "x"},
		{`"status":429,"error":{"type":"circuit_breaking_exception","reason":"[parent] Data too large"}`, "throttled", "too large"},
		{`"status":503,"error":{"type":"unavailable_shards_exception","reason":"primary shard is not active"}`, "retryable", "primary shard"},
		{`"status":500,"error":{"type":"exception","reason":"x"}`, "retryable", "x"},
		{`"status":0`, "retryable", ""},
		{`"status":400,"error":{"type":"document_parsing_exception","reason":"[1:20] failed to parse field [x]","caused_by":{"type":"illegal_argument_exception","reason":"not an IP string literal"}}`,
			"permanent", "failed to parse field [x] (illegal_argument_exception: not an IP string literal): the document does not fit"},
		{`"status":400,"error":{"type":"strict_dynamic_mapping_exception","reason":"mapping set to strict"}`, "permanent", "strict"},
		{`"status":404,"error":{"type":"index_not_found_exception","reason":"no such index [x]"}`, "permanent", "action.auto_create_index"},
		{`"status":403,"error":{"type":"security_exception","reason":"is unauthorized"}`, "permanent", "create_doc"},
		{`"status":403,"error":{"type":"cluster_block_exception","reason":"index [x] blocked by: [FORBIDDEN/12/index read-only"}`, "retryable", "full disk"},
		{`"status":429,"error":{"type":"cluster_block_exception","reason":"[TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark"}`, "throttled", "takes no writes"},
		{`"status":413,"error":{"type":"x","reason":"y"}`, "permanent", "y"},
		{`"status":400,"error":"only a text"`, "permanent", "only a text"},
		{`"status":400,"error":[1]`, "permanent", "[1]"},
		{`"status":400,"error":{"type":"x","reason":"line\nbreak\u001b[31m ` + strings.Repeat("long", 300) + `"}`, "permanent", "line break[31m longlong"},
	} {
		list := ids(3)
		var items []string
		for i, id := range list {
			item := fmt.Sprintf(`"_id":%q,"status":201`, id.Text(event.PrefixEvent))
			if i == 1 {
				item = fmt.Sprintf(`"_index":"x","_id":%q,%s`, id.Text(event.PrefixEvent), tt.item)
			}
			items = append(items, `{"create":{`+item+`}}`)
		}
		body := fmt.Sprintf(`{"took":1,"errors":true,"items":[%s]}`, strings.Join(items, ","))
		err := judge(&httpkit.Response{Status: 200, Body: []byte(body), Header: http.Header{}}, list, now)
		rejected, some := connector.IsRejected(err)
		if len(rejected) > 1 || some == (tt.want == "taken") {
			t.Errorf("%s: %v", tt.item, err)
		}
		got := rejected[1]
		if classOf(got) != tt.want || got != nil && (!strings.Contains(got.Error(), tt.text) || len(got.Error()) > 700 || strings.ContainsAny(got.Error(), "\n\x1b")) {
			t.Errorf("%s: %s (%v), want %s %q", tt.item, classOf(got), got, tt.want, tt.text)
		}
	}
}

// TestJudgeWhole: what is said of the whole request, and answers that say nothing.
func TestJudgeWhole(t *testing.T) {
	t.Parallel()
	list := ids(2)
	item := func(id event.ID, status int) string {
		return fmt.Sprintf(`{"create":{"_id":%q,"status":%d}}`, id.Text(event.PrefixEvent), status)
	}
	items := func(items ...string) string { return `{"errors":true,"items":[` + strings.Join(items, ",") + `]}` }
	good := items(item(list[0], 201), item(list[1], 201))
	for _, tt := range []struct {
		status      int
		after, body string
		truncated   bool
		want, text  string
	}{
		{status: 200, body: good, want: "taken"},
		{status: 200, body: good, truncated: true, want: "retryable", text: "too long"},
		{status: 200, body: good[:len(good)/2], want: "retryable", text: "without saying"},
		{status: 200, body: ``, want: "retryable", text: "without saying"},
		{status: 200, body: `<html>`, want: "retryable", text: "<html>"},
		{status: 200, body: `{}`, want: "retryable", text: "without saying"},
		{status: 200, body: `{"errors":false,"items":null}`, want: "retryable", text: "without saying"},
		{status: 200, body: items(item(list[0], 201)), want: "retryable", text: "1 of 2"},
		{status: 200, body: items(), want: "retryable", text: "0 of 2"},
		{status: 200, body: items(item(list[0], 201), item(list[1], 201), item(list[0], 201)), want: "retryable", text: "3 of 2"},
		{status: 200, body: items(item(list[1], 201), item(list[0], 201)), want: "retryable", text: "order"},
		{status: 200, body: items(item(list[0], 201), `{}`), want: "retryable", text: "order"},
		{status: 200, body: items(item(list[0], 429), item(list[1], 429)), want: "throttled", text: "none was taken"},
		{status: 200, body: items(item(list[0], 429), item(list[1], 201)), want: "rejected"},
		{status: 200, body: items(item(list[0], 429), item(list[1], 400)), want: "rejected"},
		{status: 400, body: `{"error":{"type":"illegal_argument_exception","reason":"must be terminated by a newline"}}`, want: "permanent", text: "newline"},
		{status: 401, body: `{}`, want: "permanent", text: "credentials"},
		{status: 403, body: `{}`, want: "permanent", text: "credentials"},
		{status: 404, want: "permanent", text: "check the URL"},
		{status: 413, want: "permanent", text: "http.max_content_length"},
		{status: 429, after: "7", want: "throttled"},
		{status: 503, want: "throttled"},
		{status: 503, after: "7", want: "throttled"},
		{status: 500, want: "retryable"},
		{status: 502, want: "retryable"},
		{status: 302, want: "permanent", text: "redirects"},
	} {
		resp := &httpkit.Response{Status: tt.status, Body: []byte(tt.body), Header: http.Header{}, Truncated: tt.truncated}
		if tt.after != "" {
			resp.Header.Set("Retry-After", tt.after)
		}
		err := judge(resp, list, now)
		if classOf(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%d %s: %s (%v), want %s %q", tt.status, tt.body, classOf(err), err, tt.want, tt.text)
		}
		if after, _ := connector.IsThrottled(err); tt.after != "" && after != 7*time.Second {
			t.Errorf("%d: wait %v", tt.status, after)
		}
	}
}

func FuzzJudge(f *testing.F) {
	list := ids(2)
	f.Add([]byte(`{"errors":true,"items":[{"create":{"_id":"x","status":429,"error":{"type":"t","reason":"r","caused_by":{"type":"u"}}}}]}`))
	f.Add([]byte(`{"items":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		err := judge(&httpkit.Response{Status: 200, Body: body, Header: http.Header{}}, list, now)
		if err == nil && !json.Valid(body) {
			t.Error("taken")
		}
	})
}

// TestReadServer: what answers GET / is told apart.
func TestReadServer(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"cluster_name":"soc","version":{"number":"9.1.2"}}`:                                     "Elasticsearch 9.1.2, cluster soc",
		`{"cluster_name":"soc\n\u202e","version":{"number":"3.2.0","distribution":"opensearch"}}`: "OpenSearch 3.2.0, cluster soc",
		`{"version":{"number":"7.10.2"}}`:                                                         "Elasticsearch 7.10.2",
		`{"version":{}}`:                                                                          "",
		`{}`:                                                                                      "",
		`<html>`:                                                                                  "",
	} {
		s, err := readServer(&httpkit.Response{Status: 200, Body: []byte(body)}, func() time.Time { return now })
		if s.text != want || (err == nil) != (want != "") {
			t.Errorf("%s: %+v, %v", body, s, err)
		}
	}
	if diff := cmp.Diff("tocsin-logs-tocsin-alerts-default", templateName("logs-tocsin.alerts-default")); diff != "" {
		t.Error(diff)
	}
}
