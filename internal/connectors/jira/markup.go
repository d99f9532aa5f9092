package jira

import (
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of Jira, in characters as it counts them (UTF-16).
const (
	maxSummary = 255
	maxText    = 32767
)

// cutSummary makes a summary: one line, and at most maxSummary characters.
func cutSummary(text string) string {
	text = clean(ticketing.OneLine(text))
	if text == "" {
		text = "(no title)"
	}
	return event.Shorten(text, maxSummary, event.UTF16, "…")
}

// write gives a document in the form that the site takes: as Jira counts, the whole of it is at most maxText characters,
// its structure included. The longest texts are cut for that, visibly.
func (c *Connector) write(s *site, d ticketing.Document) (any, error) {
	for _, n := range []int{maxText, 24 << 10, 16 << 10, 8 << 10, 4 << 10, 2 << 10, 1 << 10, 512, 256, 64} {
		cut := d.Cut(n)
		if !s.cloud {
			if text := markup(cut, c.settings.Text); event.UTF16.Count(text) <= maxText {
				return text, nil
			}
			continue
		}
		doc := document(cut)
		raw, err := encode(doc)
		if err != nil {
			return nil, err
		}
		if event.UTF16.Count(string(raw)) <= maxText {
			return doc, nil
		}
	}
	return nil, fmt.Errorf("the text is too long for Jira, even cut")
}

// markup writes a document for Data Center.
func markup(d ticketing.Document, kind string) string {
	if kind == plain {
		return clean(d.Text())
	}
	var parts []string
	for _, b := range d {
		parts = append(parts, wikiBlock(&b))
	}
	return strings.Join(parts, "\n\n")
}

func wikiBlock(b *ticketing.Block) string {
	var lines []string
	for _, r := range b.Rows {
		if b.Kind == ticketing.Table {
			lines = append(lines, "||"+cell(r.Name)+"|"+cell(r.Value)+"|")
		} else {
			lines = append(lines, "* "+escape(ticketing.OneLine(r.Value)))
		}
	}
	switch b.Kind {
	case ticketing.Heading:
		return "h3. " + escape(ticketing.OneLine(b.Text))
	case ticketing.Link:
		return "[" + escape(ticketing.OneLine(b.Text)) + "|" + strings.NewReplacer("|", "%7C", "]", "%5D", "[", "%5B", "{", "%7B", "}", "%7D").Replace(b.URL) + "]"
	}
	if len(lines) > 0 {
		return strings.Join(lines, "\n")
	}
	return escape(b.Text)
}

// cell is text in a table; an empty one would join its neighbours.
func cell(text string) string {
	if text = escape(ticketing.OneLine(text)); text != "" {
		return text
	}
	return " "
}

// escape writes text so that no wiki renderer takes any of it for markup: whatever is neither a letter, a digit nor
// harmless stands as a character reference.
func escape(text string) string {
	var b strings.Builder
	for _, r := range clean(text) {
		switch {
		case r >= 0x80, r == ' ', r == '\n', r == '.', r == ',', r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}
