package jira

import (
	"encoding/json"
	"html"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

// Limits of reading what people wrote in Jira.
const (
	maxDepth = 40                        // of nodes within nodes
	maxRead  = 2 * ticketing.MaxNote * 4 // bytes of text
)

// readText makes text of a description or a comment: a document, or, in version 2 and in webhooks, a string of wiki
// markup. What cannot be read is an empty text.
func readText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return clean(html.UnescapeString(ticketing.Cut(text, maxRead)))
	}
	var n inNode
	if json.Unmarshal(raw, &n) != nil {
		return ""
	}
	r := reader{}
	r.node(&n, 0)
	return strings.TrimSpace(clean(r.b.String()))
}

// inNode is a node as it comes: anything may be in it.
type inNode struct {
	Type    string            `json:"type"`
	Text    string            `json:"text"`
	Attrs   map[string]any    `json:"attrs"`
	Content []json.RawMessage `json:"content"`
}

type reader struct{ b strings.Builder }

// node writes what a person would read of it.
func (r *reader) node(n *inNode, depth int) {
	if depth > maxDepth || r.b.Len() > maxRead {
		return
	}
	switch n.Type {
	case "text":
		r.b.WriteString(n.Text)
	case "hardBreak":
		r.b.WriteByte('\n')
	case "rule":
		r.b.WriteString("---\n")
	case "mention", "status":
		r.b.WriteString(attr(n, "text"))
	case "emoji":
		if text := attr(n, "text"); text != "" {
			r.b.WriteString(text)
		} else {
			r.b.WriteString(attr(n, "shortName"))
		}
	case "inlineCard", "blockCard", "embedCard":
		r.b.WriteString(attr(n, "url"))
	case "date":
		r.b.WriteString(date(n))
	case "media", "mediaInline":
		r.b.WriteString("[file]")
	case "listItem", "taskItem", "decisionItem":
		r.b.WriteString("- ")
	}
	for _, raw := range n.Content {
		var child inNode
		if json.Unmarshal(raw, &child) == nil {
			r.node(&child, depth+1)
		}
	}
	switch n.Type {
	case "paragraph", "heading", "codeBlock", "taskItem", "decisionItem", "tableRow", "mediaSingle", "blockCard", "embedCard":
		r.b.WriteByte('\n')
	}
}

func attr(n *inNode, name string) string {
	text, _ := n.Attrs[name].(string)
	return text
}

// date reads the attribute timestamp: milliseconds as text.
func date(n *inNode) string {
	var ms int64
	if json.Unmarshal([]byte(attr(n, "timestamp")), &ms) != nil {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(time.DateOnly)
}
