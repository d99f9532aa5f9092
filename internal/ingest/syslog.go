package ingest

import (
	"iter"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
)

// Syslog reads syslog messages, one a line: RFC 5424, RFC 3164 and what devices make of them, see package syslog. The
// hub's syslog listeners use it as well.
//
//	type      log.message; log.security for CEF and LEEF; that of the envelope for a native event
//	severity  of the priority: 0-2 critical, 3 high, 4 medium, 5 low, 6 and 7 info; a severity in the message wins
//	time      the header's; without a year, the last such time before it came, in the listener's zone; else the receipt's
//	title     the first line of the text; description: the text, if it has more
//	source    product the application's name, instance the host
//	entities  the host of the header; a name is observed, an address is only claimed
//	dedup_key none: two messages of one kind are two events
//	data      syslog: the header and structured data; json, fields or extension: what the text holds
//
// The text may be CEF ([CEF]), LEEF ([LEEF]), a JSON object (after "@cee:" as well) or key=value pairs. A JSON object that
// is a native envelope becomes that event. Nothing is refused: what cannot be read is text.
type Syslog struct{}

// Name is the last part of the path.
func (Syslog) Name() string { return "syslog" }

// clocked is a decoder of texts that leave out what the time of receipt tells: the year.
type clocked interface {
	DecodeAt(body []byte, h http.Header, lim event.Limits, received time.Time) iter.Seq2[Item, error]
}

var _ = []clocked{CEF{}, LEEF{}, Syslog{}}

// Decode reads lines without a time of receipt: a time without a year is not read.
func (s Syslog) Decode(body []byte, h http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return s.DecodeAt(body, h, lim, time.Time{})
}

// DecodeAt reads lines that were received at a time.
func (Syslog) DecodeAt(body []byte, _ http.Header, lim event.Limits, received time.Time) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for from, to := range eachLine(body) {
			line := syslog.Line{Bytes: body[from:to:to], At: received}
			if !yield(LogItem(line, LogOptions{}, lim), nil) {
				return
			}
		}
	}
}

// LogOptions say what a listener adds to its messages.
type LogOptions struct {
	Zone    *time.Location // of times without one; nil: UTC
	Project string         // of messages that name none
	Labels  map[string]string
}

// LogItem makes an item of a syslog message. It always does: see [Syslog].
func LogItem(line syslog.Line, o LogOptions, lim event.Limits) Item {
	item := readLog(line, o, lim)
	item.plain = func() Item { return plainLog(line, o, lim) }
	return item
}
