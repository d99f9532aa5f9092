package slack

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Slack's limits (https://docs.slack.dev/reference/block-kit), in characters where nothing else is said. Slack does not
// say what a character is: these are counted in UTF-16 units, of which a text never has fewer than code points.
const (
	maxBlocks     = 50   // blocks of a message
	maxHeader     = 150  // of a header
	maxSection    = 3000 // of a section's text
	maxFields     = 10   // fields of a section
	maxButtonText = 75   // of a button
	maxButtonURL  = 3000 // of a button's address
	// maxBlockBytes bounds all blocks of a message together, as JSON. Slack refuses a message beyond some 13,000 and says
	// so nowhere (slackapi/bolt-js#2509, #2867).
	maxBlockBytes = 12_000
	// maxText bounds the text that notifications show. Slack recommends at most 4,000.
	maxText = 1000
)

// block is one block of a message. Which members it has depends on its type.
type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text,omitempty"`
	Fields   []text `json:"fields,omitempty"`
	Elements []any  `json:"elements,omitempty"` // text or button
}

// text is a text object. What an event says stands in plain_text, which has no markup, no links and no mentions; mrkdwn
// is for words of our own.
type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji,omitempty"`    // of plain_text: false leaves :names: alone
	Verbatim bool   `json:"verbatim,omitempty"` // of mrkdwn: names and addresses in it do not become links
}

// confirm asks whoever clicked once more (https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object).
type confirm struct {
	Title   text   `json:"title"`
	Text    text   `json:"text"`
	Confirm text   `json:"confirm"`
	Deny    text   `json:"deny"`
	Style   string `json:"style,omitempty"`
}

// Limits of a confirm, in characters.
const (
	maxConfirmTitle  = 100
	maxConfirmText   = 300
	maxConfirmButton = 30
)

// button is an element of an actions block. Its value (2,000 characters at most) is an alert's id, with the address behind a
// slash where it blocks one, an incident's number or a block's id.
type button struct {
	Type     string `json:"type"`
	Text     text   `json:"text"`
	ActionID string `json:"action_id"`
	Value    string `json:"value,omitempty"`
	URL      string `json:"url,omitempty"`
	Style    string `json:"style,omitempty"`

	Confirm *confirm `json:"confirm,omitempty"`
}

var noEmoji = new(bool)

// plain is a text without markup.
func plain(s string, limit int) text {
	return text{Type: "plain_text", Text: clip(s, limit), Emoji: noEmoji}
}

// markup is a text of our own words, with markup.
func markup(s string) text { return text{Type: "mrkdwn", Text: s, Verbatim: true} }

func section(t text) block { return block{Type: "section", Text: &t} }

// escape makes mrkdwn of a text: the three characters that begin links, mentions and entities lose their meaning
// (https://docs.slack.dev/messaging/formatting-message-text#escaping).
func escape(s string) string { return escaper.Replace(s) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// clip cuts a text to limit UTF-16 units without splitting a character; what was cut ends in "…".
func clip(s string, limit int) string { return event.Shorten(s, limit, event.UTF16, "…") }
