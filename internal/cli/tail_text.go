package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// tailEvent is what a line of text shows of an event.
type tailEvent struct {
	ReceivedAt time.Time `json:"received_at"`
	Type       string    `json:"type"`
	Severity   string    `json:"severity"`
	Project    string    `json:"project"`
	Title      string    `json:"title"`
	Source     struct {
		Vendor  string `json:"vendor"`
		Product string `json:"product"`
	} `json:"source"`
	Entities []struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"entities"`
}

// Widths of the columns, in characters. A longer text moves what follows.
const (
	widthSeverity    = 8
	widthType        = 26
	widthOrigin      = 24
	widthIntegration = 20
	widthOutcome     = 9
	widthTook        = 7
	// maxEntities bounds the things that a line names.
	maxEntities = 3
)

// severityColours are what severities are painted with.
var severityColours = map[string]string{"critical": purple, "high": red, "medium": yellow, "low": green, "info": dim}

// clock is a time of today's watching: to the millisecond, in local time.
func clock(t time.Time) string { return t.Local().Format("15:04:05.000") }

// column pads a text to a width, and paints it.
func column(text string, width int, colour string, on bool) string {
	text = orDash(shown(text))
	pad := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
	return paint(on, colour, text) + pad
}

// text is the event as one line.
func (e *tailEvent) text(colour bool) string {
	origin := e.Source.Product
	if origin == "" {
		origin = e.Source.Vendor
	}
	if e.Project != "" {
		origin = strings.TrimPrefix(origin+"/"+e.Project, "/")
	}
	var things []string
	for _, x := range e.Entities[:min(len(e.Entities), maxEntities)] {
		things = append(things, shown(x.Value))
	}
	parts := []string{
		paint(colour, dim, clock(e.ReceivedAt)), column(e.Severity, widthSeverity, severityColours[e.Severity], colour),
		column(e.Type, widthType, "", false), column(origin, widthOrigin, dim, colour), paint(colour, bold, orDash(shown(e.Title))),
	}
	if len(things) > 0 {
		parts = append(parts, paint(colour, dim, "["+strings.Join(things, " ")+"]"))
	}
	return strings.TrimRight(strings.Join(parts, "  "), " ")
}

// outcomeColours are what outcomes of attempts are painted with.
var outcomeColours = map[string]string{"delivered": green, "retry": yellow, "throttled": yellow, "mailbox": red, "cancelled": dim}

// deliveryLine is an attempt of a delivery as one line.
func deliveryLine(d *deliveryRow, names nameList, colour bool) string {
	var a attemptRow
	if len(d.History) > 0 {
		a = d.History[len(d.History)-1]
	}
	what := fmt.Sprintf("attempt %d", a.Number)
	if a.Batched > 1 {
		what += fmt.Sprintf(" (batch of %d)", a.Batched)
	}
	status := ""
	if a.Status > 0 {
		status = strconv.Itoa(a.Status)
	}
	parts := []string{
		paint(colour, dim, clock(a.At)), column(a.Outcome, widthOutcome, outcomeColours[a.Outcome], colour),
		column(names.of(d.Integration), widthIntegration, bold, colour), column(d.Type, widthType, "", false),
		column(status, 3, "", false), column(milliseconds(a.LatencyMS), widthTook, dim, colour), paint(colour, dim, what),
	}
	if a.Error != "" {
		parts = append(parts, shown(a.Error))
	}
	return strings.TrimRight(strings.Join(parts, "  "), " ")
}

// mailboxLine is a delivery that failed for good as one line.
func mailboxLine(d *deliveryRow, names nameList, colour bool) string {
	at := "-"
	if set(d.Since) {
		at = clock(*d.Since)
	}
	parts := []string{
		paint(colour, dim, at), column("MAILBOX", widthOutcome, red, colour), column(names.of(d.Integration), widthIntegration, bold, colour),
		column(d.Type, widthType, "", false), column(d.CauseClass, widthSeverity, "", false), orDash(shown(d.Cause)), paint(colour, dim, shown(d.ID)),
	}
	return strings.TrimRight(strings.Join(parts, "  "), " ")
}
