package cloudflare

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// maxNote bounds notes of access rules and comments of list items, in bytes. For comments Cloudflare's limit is 500
// characters; for notes it names none. A mark and a reason have at most 64 + 31 + 1 + 200 bytes.
const maxNote = 300

// noteOf is the note of an entry: whose it is, and why, in one line.
func noteOf(tag, block, reason string) string {
	text := markText(tag, block)
	if reason = strings.TrimSpace(card.Line(reason)); reason != "" {
		text += " " + reason
	}
	return event.Clip(text, maxNote)
}

// markText is what a note begins with.
func markText(tag, block string) string { return tag + ":" + block }

// markOf is the id of the block that a note is the mark of; empty: it is none. A note is anybody's text: the mark stands at
// its very beginning, is a block's id in its one spelling, and ends there or before a blank.
func markOf(tag, note string) string {
	rest, ok := strings.CutPrefix(note, tag+":")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, " ")
	if _, err := event.ParseID(event.PrefixBlock, id); err != nil {
		return ""
	}
	return id
}
