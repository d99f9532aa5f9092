package connectortest

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Unit is what a limit counts.
type Unit string

// The units.
const (
	Bytes      Unit = "bytes"
	Characters Unit = "characters"   // code points
	UTF16      Unit = "UTF-16 units" // what JavaScript and Java count
)

// Limit is the most that the vendor takes of a text.
type Limit struct {
	// Text is the name of a text in Reading.Texts or Reading.Raw, or WholeBody.
	Text string
	Max  int
	Unit Unit
	// Mark is what a text that was cut ends in, so that its reader sees it; "…" if empty.
	Mark string
}

// WholeBody, as the Text of a Limit, is a request's body, unpacked.
const WholeBody = "(body)"

// size counts a text.
func (u Unit) size(text string) int {
	switch u {
	case Characters:
		return utf8.RuneCountInString(text)
	case UTF16:
		return len(utf16.Encode([]rune(text)))
	}
	return len(text)
}

func (l Limit) mark() string {
	if l.Mark == "" {
		return "…"
	}
	return l.Mark
}

// rawSlack is how far below its limit a text that is counted with its escapes may end: an escape that did not fit any
// more, and the mark.
const rawSlack = 16

// held says what is wrong, by the limits of that name, with a text that stands for want; raw is the text as it is counted.
func held(limits []Limit, name, want, got, raw string, isRaw bool) string {
	var cut []Limit // by which it may have been cut
	for _, l := range limits {
		if l.Text != name {
			continue
		}
		n := l.Unit.size(raw)
		if n > l.Max {
			return fmt.Sprintf("%d %s, the limit is %d", n, l.Unit, l.Max)
		}
		if !isRaw && l.Unit.size(want) > l.Max || isRaw && n > l.Max-rawSlack {
			cut = append(cut, l)
		}
	}
	if got == want {
		return ""
	}
	fault := fmt.Sprintf("%q, want %q", brief(got), brief(want))
	for _, l := range cut {
		if fault = l.marked(want, got); fault == "" {
			return ""
		}
	}
	return fault
}

// marked says what is wrong with a text that was cut.
func (l Limit) marked(want, got string) string {
	before, marked := strings.CutSuffix(got, l.mark())
	if !marked {
		return fmt.Sprintf("cut to %d %s without %q at its end: %q", l.Unit.size(got), l.Unit, l.mark(), brief(got))
	}
	if !strings.HasPrefix(want, before) {
		return fmt.Sprintf("%q is not the beginning of %q", brief(before), brief(want))
	}
	return ""
}

// brief is a text as a message of a test can hold it.
func brief(text string) string {
	const most = 160
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2], "") + " [" + fmt.Sprint(len(text)) + " bytes] " + strings.ToValidUTF8(text[len(text)-most/2:], "")
}
