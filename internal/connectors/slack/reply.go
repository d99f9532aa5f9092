package slack

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// verdict is what an error of Slack's means for the delivery.
type verdict uint8

const (
	again  verdict = iota // worth another try
	wait                  // not now, nothing was done
	never                 // will not work until people change something
	absent                // the message that was to be changed cannot be changed: a new one can be posted
)

// What people can do about an error.
const (
	adviceToken   = "the token was refused: install the app again and enter its bot token"
	adviceScope   = "the app lacks a right: add the scope and install it again"
	adviceChannel = "check the channel, and invite the app to it (/invite)"
	adviceAdmin   = "the workspace's settings do not allow it: ask its administrator"
	adviceMessage = "Slack does not take the message: please report this"
	adviceHook    = "make a new webhook in the app's settings, and enter its URL"
	adviceTrouble = "trouble at Slack: the hub tries again"
	adviceRate    = "too many messages: the hub waits"
)

// Codes with which a webhook refuses no message at all.
const (
	codeNoText         = "no_text"
	codeInvalidPayload = "invalid_payload"
	codeNothing        = "missing_text_or_fallback_or_attachments" // of older webhooks
)

// known are the error codes that Slack documents for the methods in use and for incoming webhooks. fatal_error may have
// done a part of what was asked. A code that is not listed is tried again: Slack says that others come up in trouble.
var known = table(map[verdict]map[string][]string{
	wait: {adviceRate: {"rate_limited", "ratelimited", "message_limit_exceeded"}},
	again: {adviceTrouble: {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org",
		"org_login_required", "rollup_error", "external_channel_migrating"}},
	absent: {"the message is gone, or may not be changed any more": {"message_not_found", "cant_update_message", "edit_window_closed",
		"thread_not_found", "cannot_reply_to_message", "is_inactive"}},
	never: {
		adviceToken: {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type",
			"team_access_not_granted", "two_factor_setup_required"},
		adviceScope: {"missing_scope", "no_permission", "access_denied", "accesslimited", "as_user_not_supported"},
		adviceChannel: {"channel_not_found", "not_in_channel", "is_archived", "channel_is_archived", "user_not_found",
			"user_not_visible", "user_disabled", "users_not_found", "users_list_not_supplied", "cannot_dm_bot", "channel_type_not_supported",
			"invalid_user_combination", "invalid_users", "method_not_supported_for_channel_type", "messages_tab_disabled"},
		adviceAdmin: {"restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
			"restricted_action_non_threadable_channel", "restricted_action_thread_locked", "ekm_access_denied", "enterprise_is_restricted",
			"action_prohibited", "posting_to_general_channel_denied", "slack_connect_file_link_sharing_blocked", "team_not_found",
			"slack_connect_blocked_file_type", "slack_connect_canvas_sharing_blocked", "block_mismatch", "update_failed"},
		adviceMessage: {"msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "invalid_block_id", codeNoText,
			"too_many_attachments", "too_many_contact_cards", "attachment_payload_limit_exceeded", "invalid_attachments", "invalid_arguments",
			"invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_form_data", "invalid_post_type", "missing_post_type",
			"invalid_json", "json_not_object", "invalid_metadata_format", "invalid_metadata_schema", "metadata_must_be_sent_from_app",
			"metadata_too_large", "markdown_text_conflict", "duplicate_channel_not_found", "duplicate_message_not_found",
			codeInvalidPayload, codeNothing, "deprecated_endpoint", "method_deprecated", "unknown_method",
			"missing_charset", "superfluous_charset"},
		adviceHook: {"no_service", "no_service_id", "no_team", "team_disabled", "invalid_token", "no_active_hooks"},
	},
})

// meaning is what is known of an error code.
type meaning struct {
	verdict verdict
	advice  string
}

func table(by map[verdict]map[string][]string) map[string]meaning {
	list := map[string]meaning{}
	for v, advice := range by {
		for words, codes := range advice {
			for _, code := range codes {
				list[code] = meaning{v, words}
			}
		}
	}
	return list
}

// Error is an error that Slack has named.
type Error struct {
	Code string // "channel_not_found"
	text string
}

func (e *Error) Error() string { return e.text }

// maxReason bounds what an error quotes of an answer, in bytes.
const maxReason = 300

// judge reads the answer of a method of the Web API: what it says, or an error. Slack answers 200 also where it has done
// nothing; "ok" in the body decides.
func judge(resp *httpkit.Response, now time.Time) (gjson.Result, error) {
	answer := gjson.ParseBytes(resp.Body)
	if resp.Status != http.StatusOK {
		code := ""
		if answer.IsObject() {
			code = answer.Get("error").Str
		}
		return gjson.Result{}, refused(resp, code, "", now)
	}
	// An answer repeats the whole message: what is cut off at its end is not asked for.
	if whole := resp.Truncated || gjson.ValidBytes(resp.Body); !whole || !answer.IsObject() || !answer.Get("ok").IsBool() {
		return gjson.Result{}, fmt.Errorf("answered what Slack does not; it begins: %s", resp.Excerpt(maxReason))
	}
	if answer.Get("ok").Bool() {
		return answer, nil
	}
	return gjson.Result{}, refused(resp, answer.Get("error").Str, addition(resp, answer), now)
}

// judgeHook reads the answer of an incoming webhook, which is one word of plain text.
func judgeHook(resp *httpkit.Response, now time.Time) error {
	word := strings.TrimSpace(string(resp.Body))
	if answer := gjson.Parse(word); answer.IsObject() && gjson.Valid(word) { // a gateway may speak as the Web API does
		if answer.Get("ok").Bool() {
			word = "ok"
		} else if code := answer.Get("error").Str; code != "" {
			word = code
		}
	}
	switch {
	case resp.Status == http.StatusOK && word == "ok":
		return nil
	case resp.Status == http.StatusOK && known[word] == meaning{}:
		return fmt.Errorf("did not answer ok, but: %s", resp.Excerpt(maxReason))
	}
	return refused(resp, word, "", now)
}

// addition is what Slack adds to an error, for people.
func addition(resp *httpkit.Response, answer gjson.Result) string {
	var list []string
	if needed := answer.Get("needed").Str; needed != "" {
		list = append(list, "needed: "+needed)
	}
	if answer.Get("response_metadata.messages").IsArray() {
		list = append(list, resp.Excerpt(maxReason))
	}
	return strings.Join(list, "; ")
}

// refused is the error for a code, marked for the delivery. What an HTTP status says for itself goes first: 429 and 410
// mean the same whatever the body says.
func refused(resp *httpkit.Response, code, more string, now time.Time) error {
	m, ok := known[code]
	plain := resp.Status == http.StatusOK
	if !ok && !plain {
		return connector.ClassifyStatus(resp, now)
	}
	words := "answered " + code
	switch {
	case !ok:
		words = "answered the error " + resp.Excerpt(maxReason)
	case m.advice != "":
		words += ": " + m.advice
	}
	if more != "" {
		words += " (" + more + ")"
	}
	err := &Error{Code: code, text: words}
	switch {
	case resp.Status == http.StatusGone:
		return connector.Gone(err)
	case m.verdict == wait, resp.Status == http.StatusTooManyRequests:
		return connector.Throttled(err, httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now))
	case !ok, m.verdict == again:
		return err
	}
	return connector.Permanent(err)
}

// codeOf is the error code that Slack gave; empty if it gave none.
func codeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// lost says of an update's error that the message is not there to be changed.
func lost(err error) bool { return known[codeOf(err)].verdict == absent && codeOf(err) != "" }
