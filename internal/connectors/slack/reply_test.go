package slack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

func class(err error) string {
	_, throttled := connector.IsThrottled(err)
	switch {
	case err == nil:
		return "taken"
	case connector.IsGone(err):
		return "gone"
	case connector.IsPermanent(err):
		return "permanent"
	case throttled:
		return "throttled"
	}
	return "again"
}

// TestReplies: what each answer of the Web API means.
func TestReplies(t *testing.T) {
	t.Parallel()
	codes := map[string][]string{
		"throttled": {"ratelimited", "rate_limited", "message_limit_exceeded"},
		"again": {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org",
			"something_new_since_this_was_written"},
		"permanent": {
			"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission", "missing_scope",
			"not_allowed_token_type", "ekm_access_denied", "enterprise_is_restricted", "access_denied", "accesslimited",
			"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel",
			"restricted_action_thread_only_channel", "restricted_action_non_threadable_channel", "msg_too_long", "msg_blocks_too_long",
			"invalid_blocks", "invalid_blocks_format", "no_text", "too_many_attachments", "too_many_contact_cards", "invalid_arguments",
			"invalid_arg_name", "invalid_charset", "invalid_form_data", "invalid_post_type", "missing_post_type", "message_not_found",
			"cant_update_message", "edit_window_closed", "user_not_found", "cannot_dm_bot", "two_factor_setup_required",
			"deprecated_endpoint", "method_deprecated", "team_access_not_granted", "cannot_reply_to_message",
		},
	}
	for want, list := range codes {
		for _, code := range list {
			resp := &httpkit.Response{Status: 200, Body: fmt.Appendf(nil, `{"ok":false,"error":%q}`, code)}
			_, err := judge(resp, testTime)
			if got := class(err); got != want || !strings.Contains(err.Error(), code) {
				t.Errorf("%s: %s, want %s (%v)", code, got, want, err)
			}
			resp.Status = 500 // Slack sends some of them so
			if _, err := judge(resp, testTime); err == nil {
				t.Errorf("%s in a 500 is taken", code)
			}
		}
	}
	for _, tt := range []struct {
		status int
		header http.Header
		body   string
		want   string
		says   string
	}{
		{200, nil, `{"ok":true,"ts":"1.2"}`, "taken", ""},
		{200, nil, `{"ok":true,"warning":"missing_charset"}`, "taken", ""},
		{200, nil, ``, "again", "what Slack does not"},
		{200, nil, `<html>welcome</html>`, "again", "what Slack does not"},
		{200, nil, `{"ok":"true"}`, "again", "what Slack does not"},
		{200, nil, `{"ok":true`, "again", "what Slack does not"},
		{200, nil, `{}`, "again", "what Slack does not"},
		{200, nil, `{"ok":false}`, "again", "the error"},
		{200, http.Header{"Retry-After": {"12"}}, `{"ok":false,"error":"ratelimited"}`, "throttled", "the hub waits"},
		{429, http.Header{"Retry-After": {"12"}}, `{"ok":false,"error":"ratelimited"}`, "throttled", ""},
		{429, http.Header{"Retry-After": {"12"}}, ``, "throttled", ""},
		{503, nil, `{"ok":false,"error":"service_unavailable"}`, "again", ""},
		{502, nil, `bad gateway`, "again", ""},
		{403, nil, `{"ok":false,"error":"invalid_auth"}`, "permanent", "install the app again"},
		{404, nil, `{"ok":false,"error":"new_code"}`, "permanent", ""},
		{302, nil, ``, "permanent", ""},
		{410, nil, `{"ok":false,"error":"is_archived"}`, "gone", ""},
		{200, nil, `{"ok":false,"error":"missing_scope","needed":"im:write","provided":"chat:write"}`, "permanent", "im:write"},
		{200, nil, `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] no more than 50 items"]}}`, "permanent", "50 items"},
	} {
		_, err := judge(&httpkit.Response{Status: tt.status, Header: tt.header, Body: []byte(tt.body)}, testTime)
		if got := class(err); got != tt.want || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%d %s: %s, want %s (%v)", tt.status, tt.body, got, tt.want, err)
		}
		if after, ok := connector.IsThrottled(err); ok && after != 12*time.Second {
			t.Errorf("%d %s: waits %v", tt.status, tt.body, after)
		}
	}
}

// TestHookReplies: what each answer of an incoming webhook means.
func TestHookReplies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		want   string
	}{
		{200, "ok", "taken"}, {200, "ok\n", "taken"}, {200, `{"ok":true}`, "taken"},
		{200, "", "again"}, {200, "<html>", "again"}, {200, `{"ok":false,"error":"channel_not_found"}`, "permanent"},
		{200, "invalid_payload", "permanent"},
		{400, "invalid_payload", "permanent"}, {400, "no_text", "permanent"}, {400, "too_many_attachments", "permanent"},
		{400, "user_not_found", "permanent"}, {400, "invalid_blocks", "permanent"},
		{403, "invalid_token", "permanent"}, {403, "action_prohibited", "permanent"}, {403, "posting_to_general_channel_denied", "permanent"},
		{404, "no_service", "permanent"}, {404, "no_team", "permanent"}, {404, "channel_not_found", "permanent"}, {404, "no_active_hooks", "permanent"},
		{403, "team_disabled", "permanent"}, {404, "no_service_id", "permanent"},
		{410, "channel_is_archived", "gone"}, {410, "", "gone"},
		{500, "rollup_error", "again"}, {500, "", "again"}, {502, "bad", "again"}, {408, "", "again"},
		{429, "rate_limited", "throttled"}, {429, "", "throttled"}, {301, "", "permanent"},
	} {
		err := judgeHook(&httpkit.Response{Status: tt.status, Body: []byte(tt.body)}, testTime)
		if got := class(err); got != tt.want {
			t.Errorf("%d %q: %s, want %s (%v)", tt.status, tt.body, got, tt.want, err)
		}
	}
}

// TestHook: an incoming webhook gets messages that hold no argument of the Web API, and its URL shows nowhere.
func TestHook(t *testing.T) {
	t.Parallel()
	s := schema(t)
	const secret = "/services/T00000000/B00000000/verysecret24characters00"
	status := http.StatusOK
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(strings.Builder)
		if _, err := fmt.Fprint(body, readAll(r)); err != nil || r.URL.Path != secret {
			t.Errorf("%s %v", r.URL.Path, err)
		}
		bodies = append(bodies, body.String())
		if status != http.StatusOK {
			http.Error(w, r.URL.Path+" "+r.Host, status)
			return
		}
		fmt.Fprint(w, "ok") //nolint:errcheck
	}))
	t.Cleanup(server.Close)
	c := openWith(t, map[string]any{"webhook_url": server.URL + secret, "signing_secret": testSecret}, connectortest.Env(nil))
	send(t, c, record(t, 0, created))
	send(t, c, record(t, 0, created))
	if len(bodies) != 2 {
		t.Fatalf("%d messages", len(bodies))
	}
	for _, body := range bodies {
		if err := valid(s, []byte(body)); err != nil {
			t.Error(err)
		}
		got, err := readMessage([]byte(body))
		if err != nil || got.Channel != "" || got.Parse != "" || len(got.buttons()) != 1 || *got.UnfurlLinks || *got.UnfurlMedia || *got.LinkNames {
			t.Errorf("%v %s", err, body)
		}
	}
	status = http.StatusForbidden
	e := &httpkit.Exchange{Full: true}
	err := c.Send(httpkit.WithExchange(t.Context(), e), connector.Delivery{Record: record(t, 0, created)})
	if all := fmt.Sprint(err, e.URL, string(e.Answer), e.Header); err == nil || strings.Contains(all, "verysecret") || strings.Contains(all, "T00000000") {
		t.Errorf("the URL shows: %s", all)
	}
}

// TestProbe: a test alerts nobody and says what is wrong.
func TestProbe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		channel string
		info    string
		scopes  string
		calls   []string
		says    string
	}{
		"good":                  {testChannel, `{"ok":true,"channel":{"is_member":true}}`, "", []string{"auth.test", "conversations.info"}, ""},
		"may not look":          {testChannel, `{"ok":false,"error":"missing_scope","needed":"channels:read"}`, "", []string{"auth.test", "conversations.info"}, ""},
		"not a member":          {testChannel, `{"ok":true,"channel":{"is_member":false}}`, "chat:write", []string{"auth.test", "conversations.info"}, "invite the app"},
		"not a member, allowed": {testChannel, `{"ok":true,"channel":{"is_member":false}}`, "chat:write,chat:write.public", []string{"auth.test", "conversations.info"}, ""},
		"archived":              {testChannel, `{"ok":true,"channel":{"is_archived":true}}`, "", []string{"auth.test", "conversations.info"}, "archived"},
		"no such channel":       {testChannel, `{"ok":false,"error":"channel_not_found"}`, "", []string{"auth.test", "conversations.info"}, "channel_not_found"},
		"a name":                {"#alerts", "", "", []string{"auth.test"}, ""},
		"a person":              {"U0123456789", "", "", []string{"auth.test"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls []string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls = append(calls, strings.TrimPrefix(r.URL.Path, "/api/"))
				w.Header().Set("X-OAuth-Scopes", tt.scopes)
				if strings.HasSuffix(r.URL.Path, "conversations.info") {
					fmt.Fprint(w, tt.info) //nolint:errcheck
					return
				}
				fmt.Fprint(w, `{"ok":true}`) //nolint:errcheck
			}))
			t.Cleanup(s.Close)
			c := openWith(t, map[string]any{"base_url": s.URL + "/api", "bot_token": testToken, "channel": tt.channel}, connectortest.Env(nil))
			err := c.Test(t.Context())
			if (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) || !slices.Equal(calls, tt.calls) {
				t.Errorf("%v after %q", err, calls)
			}
		})
	}
}

// TestProbeHook: a webhook is asked with no message at all.
func TestProbeHook(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		good   bool
	}{
		{400, "invalid_payload", true}, {400, "no_text", true}, {500, "missing_text_or_fallback_or_attachments", true},
		{404, "no_service", false}, {403, "invalid_token", false}, {200, "ok", false}, {410, "channel_is_archived", false}, {500, "", false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body := readAll(r); body != "" {
				t.Errorf("a test has sent %q", body)
			}
			w.WriteHeader(tt.status)
			fmt.Fprint(w, tt.body) //nolint:errcheck
		}))
		c := openWith(t, map[string]any{"webhook_url": s.URL + "/services/T/B/x"}, connectortest.Env(nil))
		if err := c.Test(t.Context()); (err == nil) != tt.good {
			t.Errorf("%d %s: %v", tt.status, tt.body, err)
		}
		s.Close()
	}
}
