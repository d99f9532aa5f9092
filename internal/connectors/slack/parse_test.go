package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// readBlock and readText read a message with a model of their own, in which nothing is unknown.
type readBlock struct {
	Type     string
	Text     *readText
	Fields   []readText
	Elements []readElement
}

type readText struct {
	Type, Text string
	Emoji      *bool
	Verbatim   bool
}

type readElement struct {
	Type     string
	Text     json.RawMessage
	ActionID string `json:"action_id"`
	Value    string
	URL      string
	Style    string
	Emoji    *bool
	Confirm  *readConfirm
}

type readConfirm struct {
	Title, Text, Confirm, Deny readText
	Style                      string
}

// read is a message as Slack gets it, by whichever way.
type read struct {
	Channel     string
	TS          string
	ThreadTS    string `json:"thread_ts"`
	Text        string
	Blocks      []readBlock
	Parse       string
	LinkNames   *bool `json:"link_names"`
	UnfurlLinks *bool `json:"unfurl_links"`
	UnfurlMedia *bool `json:"unfurl_media"`
}

func readMessage(body []byte) (read, error) {
	var m read
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, err
	}
	if d.More() {
		return m, fmt.Errorf("more than one value")
	}
	return m, nil
}

// title is the whole title: the header's, or the section below it if the header is cut.
func (m read) title() string {
	if len(m.Blocks) == 0 || m.Blocks[0].Type != "header" {
		return ""
	}
	_, title, _ := strings.Cut(m.Blocks[0].Text.Text, " ") // the emoji
	if strings.HasSuffix(title, "…") {
		return m.Blocks[1].Text.Text
	}
	return title
}

// shows says whether one of the message's texts without markup is, or has the line, that one.
func (m read) shows(line string) bool {
	for _, t := range m.plain() {
		for l := range strings.SplitSeq(t, "\n") {
			if l == line {
				return true
			}
		}
	}
	return false
}

// plain are all texts without markup.
func (m read) plain() []string {
	var list []string
	for _, b := range m.Blocks {
		for _, f := range append(b.Fields, element(b.Text)...) {
			if f.Type == "plain_text" {
				list = append(list, f.Text)
			}
		}
		for _, e := range b.Elements {
			var text string
			if e.Type == "plain_text" && json.Unmarshal(e.Text, &text) == nil {
				list = append(list, text)
			}
		}
	}
	return list
}

func element(t *readText) []readText {
	if t == nil {
		return nil
	}
	return []readText{*t}
}

// markup are all texts with markup.
func (m read) markup() []string {
	var list []string
	for _, b := range m.Blocks {
		for _, f := range append(b.Fields, element(b.Text)...) {
			if f.Type == "mrkdwn" {
				list = append(list, f.Text)
			}
		}
	}
	return list
}

// buttons are the actions of the message's buttons, with what they carry.
func (m read) buttons() map[string]string {
	list := map[string]string{}
	for _, b := range m.Blocks {
		for _, e := range b.Elements {
			if e.Type == "button" {
				list[e.ActionID] = e.Value + e.URL
			}
		}
	}
	return list
}

// field is the value beside a name; empty if there is no such name.
func (m read) field(name string) string {
	for _, b := range m.Blocks {
		for i := 0; i+1 < len(b.Fields); i += 2 {
			if b.Fields[i].Text == "*"+name+"*" {
				return b.Fields[i+1].Text
			}
		}
	}
	return ""
}

// shownTitle is what the README says of titles: one line, without what reorders or hides text, at most 1 KiB.
func shownTitle(title string) string {
	title = strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028' || r == '\u2029' || unicode.IsSpace(r):
			return ' '
		case r == '\u200c' || r == '\u200d':
			return r
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Noncharacter_Code_Point):
			return '\ufffd'
		}
		return r
	}, strings.ReplaceAll(string([]rune(title)), "\r\n", "\n"))
	title = strings.TrimSpace(title)
	if len(title) > 1024 {
		cut := 1024 - len("…")
		for !utf8.RuneStart(title[cut]) {
			cut--
		}
		title = title[:cut] + "…"
	}
	if title == "" {
		return "alert.created"
	}
	return title
}

// shared is a path among the material that tests use and that is not part of the repository; empty if it is not here.
func shared(parts ...string) string {
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// wanted is shared for a test that makes no sense without.
func wanted(t testing.TB, parts ...string) string {
	t.Helper()
	path := shared(parts...)
	if path == "" {
		t.Skipf("%s is not here: set TOCSIN_SHARED", filepath.Join(parts...))
	}
	return path
}

// schema compiles the published form of a webhook's message; nil if it is not here.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	path := shared("specs", "slack", "incoming-webhook.schema.json")
	if path == "" {
		return nil
	}
	s, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid holds a message's text and blocks against the published schema, if it is here.
func valid(s *jsonschema.Schema, body []byte) error {
	if s == nil {
		return nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return err
	}
	for name := range m {
		switch name {
		case "text", "blocks", "unfurl_links", "unfurl_media", "link_names":
		default:
			delete(m, name)
		}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.Validate(v)
}
