package jira

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

// node is a node of the Atlassian Document Format.
type node struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"` // of a doc
	Attrs   map[string]any `json:"attrs,omitempty"`
	Content []node         `json:"content,omitempty"`
	Text    string         `json:"text,omitempty"` // of a text, never empty
	Marks   []mark         `json:"marks,omitempty"`
}

type mark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

// headingLevel is that of a document's headings: above them are those of the page.
const headingLevel = 3

// document writes a document. Every text becomes text and nothing else: a mention, an emoji or a macro is a node, which no
// text can make.
func document(d ticketing.Document) node {
	doc := node{Type: "doc", Version: 1, Content: []node{}}
	for _, b := range d {
		doc.Content = append(doc.Content, block(&b)...)
	}
	if len(doc.Content) == 0 {
		doc.Content = []node{paragraph("")}
	}
	return doc
}

func block(b *ticketing.Block) []node {
	switch b.Kind {
	case ticketing.Heading:
		return []node{{Type: "heading", Attrs: map[string]any{"level": headingLevel}, Content: inline(b.Text, false)}}
	case ticketing.Table:
		return table(b.Rows)
	case ticketing.List:
		return bullets(b.Rows)
	case ticketing.Code:
		n := node{Type: "codeBlock"}
		if text := clean(b.Text); text != "" {
			n.Content = []node{{Type: "text", Text: text}}
		}
		return []node{n}
	case ticketing.Link:
		text := clean(b.Text)
		if text == "" {
			text = b.URL
		}
		return []node{{Type: "paragraph", Content: []node{{Type: "text", Text: text, Marks: []mark{{"link", map[string]any{"href": b.URL}}}}}}}
	}
	var list []node
	for _, part := range strings.Split(clean(b.Text), "\n\n") {
		list = append(list, paragraph(part))
	}
	return list
}

func table(rows []ticketing.Row) []node {
	if len(rows) == 0 {
		return nil
	}
	t := node{Type: "table"}
	for _, r := range rows {
		t.Content = append(t.Content, node{Type: "tableRow", Content: []node{
			{Type: "tableHeader", Content: []node{paragraph(r.Name)}}, {Type: "tableCell", Content: []node{paragraph(r.Value)}},
		}})
	}
	return []node{t}
}

func bullets(rows []ticketing.Row) []node {
	if len(rows) == 0 {
		return nil
	}
	l := node{Type: "bulletList"}
	for _, r := range rows {
		l.Content = append(l.Content, node{Type: "listItem", Content: []node{paragraph(r.Value)}})
	}
	return []node{l}
}

func paragraph(text string) node { return node{Type: "paragraph", Content: inline(text, true)} }

// inline writes text; a line break is a node of its own.
func inline(text string, breaks bool) []node {
	text = clean(text)
	if !breaks {
		text = strings.ReplaceAll(text, "\n", " ")
	}
	var list []node
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			list = append(list, node{Type: "hardBreak"})
		}
		if line != "" {
			list = append(list, node{Type: "text", Text: line})
		}
	}
	return list
}
