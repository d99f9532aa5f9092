package ticketing

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Document is text with a little structure, for a vendor to write in its own markup. No text in it is markup.
type Document []Block

// BlockKind is what a Block is.
type BlockKind uint8

// The kinds.
const (
	Paragraph BlockKind = iota // Text
	Heading                    // Text
	Table                      // Rows: a name and its value
	List                       // Rows: one item each, Value alone
	Code                       // Text, as it stands
	Link                       // Text that leads to URL
)

// Block is one piece of a Document.
type Block struct {
	Kind BlockKind
	Text string
	URL  string // of a Link: http or https
	Rows []Row
}

// Row is a line of a Table or List.
type Row struct{ Name, Value string }

// Text is the document without markup, for vendors that have none.
func (d Document) Text() string {
	var b strings.Builder
	for i, block := range d {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(block.text())
	}
	return b.String()
}

func (b *Block) text() string {
	var lines []string
	for _, r := range b.Rows {
		if b.Kind == Table {
			lines = append(lines, r.Name+": "+r.Value)
		} else {
			lines = append(lines, "- "+r.Value)
		}
	}
	switch {
	case b.Kind == Link && b.Text != b.URL:
		return b.Text + ": " + b.URL
	case b.Kind == Link:
		return b.URL
	case len(lines) > 0:
		return strings.Join(lines, "\n")
	}
	return b.Text
}

// Cut gives the document with every text at most n bytes long, and says where something is missing.
func (d Document) Cut(n int) Document {
	out := make(Document, len(d))
	for i, b := range d {
		b.Text = Cut(b.Text, n)
		b.Rows = append([]Row(nil), b.Rows...)
		for j := range b.Rows {
			b.Rows[j].Value = Cut(b.Rows[j].Value, n)
		}
		out[i] = b
	}
	return out
}

// CutMark stands at the end of a text that was cut.
const CutMark = "… [cut by Tocsin]"

// Cut gives at most n bytes of a text, with CutMark at its end if something is missing, never half a character.
func Cut(text string, n int) string { return event.Shorten(text, n, event.Bytes, CutMark) }
