package email

import (
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// letter is what a mail says, before it is written as HTML and as text. All texts are as people see them: see shown.
type letter struct {
	Subject  string // one line, without prefix
	Reply    bool   // it says what became of something that an earlier mail told of
	Severity event.Severity
	Kicker   string // what kind of mail it is, above the title
	Title    string
	Lead     []string // sentences under the title; the first is what mail programs show beside the subject
	Facts    []fact
	Sections []section
	Button   link // empty without a public URL
	Links    []link
	Footer   []string
	// Thread is what mails that belong together have in common; empty: the mail stands alone.
	Thread string
	// Picture is a PNG that a section shows.
	Picture []byte
	// Event and Type go into the header.
	Event, Type string
}

type link struct{ Text, URL string }

// fact is a name and a value; the value is a link if Link is not empty.
type fact struct{ Name, Value, Link string }

// section is a part of a mail with a heading. It has one of the things below it.
type section struct {
	Title string
	Text  string
	Facts []fact
	Table *table
	// Picture says that the letter's picture stands here; Alt says what it shows.
	Picture bool
	Alt     string
	Bars    []bar
	// Note is a remark below: that something was left out.
	Note string
}

// First and Last are the labels of the ends of a chart.
func (s section) First() string { return s.Bars[0].Label }
func (s section) Last() string  { return s.Bars[len(s.Bars)-1].Label }

type table struct {
	Head []string
	Rows [][]cell
}

// Align is how the heading of a column stands: as its cells do.
func (t *table) Align(column int) string {
	if len(t.Rows) > 0 && column < len(t.Rows[0]) && t.Rows[0][column].Number {
		return "right"
	}
	return "left"
}

type cell struct {
	Text, Link string
	Severity   string // the cell is a badge of that severity
	Number     bool
}

// bar is a line of a chart: its length in HTML is Percent, in text Blocks.
type bar struct {
	Label   string
	Count   int
	Percent int
	Blocks  string
	Colour  string
}

// Preview is what mail programs show beside the subject.
func (l *letter) Preview() string {
	if len(l.Lead) == 0 {
		return ""
	}
	return inline(l.Lead[0], maxValue)
}

// fact adds a fact with a value.
func (l *letter) fact(name, value string) {
	if value != "" {
		l.Facts = append(l.Facts, fact{Name: name, Value: block(value, maxValue)})
	}
}

// Colours of the severities: dark enough for white letters on them, in light and dark mode (WCAG AA).
var colours = [...]string{event.Info: "#52606d", event.Low: "#1565c0", event.Medium: "#8a6100", event.High: "#c2410c", event.Critical: "#b3123d"}

// Colour is the severity's.
func (l *letter) Colour() string { return colours[min(l.Severity, event.Critical)] }

func colourOf(severity string) string {
	s, _ := event.ParseSeverity(severity)
	return colours[min(s, event.Critical)]
}

// Badge is the severity for people; a digest has none.
func (l *letter) Badge() string {
	if l.Type == event.TypeDigest {
		return ""
	}
	return strings.ToUpper(l.Severity.String())
}

// more says that a list is longer than what is shown; empty if it is not.
func more(shown, all int) string {
	if all <= shown {
		return ""
	}
	return fmt.Sprintf("… and %d more, which this mail leaves out.", all-shown)
}

// plural is a count with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
