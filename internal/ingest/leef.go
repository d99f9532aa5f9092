package ingest

import (
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// LEEF reads messages in IBM's Log Event Extended Format, one a line, with or without a syslog header.
//
//	severity  sev: 1-3 low, 4-6 medium, 7-8 high, 9-10 critical; else the syslog header's
//	time      devTime, by devTimeFormat if that is a pattern that can be read; else the syslog header's
//	title     eventName, else the event id unless it is a number, else name, desc, msg, else the product and the number
//	entities  src, dst, usrName, identSrc, identHostName, srcMAC, dstMAC, url and those of CEF, which many senders use
//
// Everything else is as in [CEF], with leef for cef. A line that is not LEEF is kept as log.message: see [Syslog].
type LEEF struct{}

// Name is the last part of the path.
func (LEEF) Name() string { return "leef" }

// Decode reads lines.
func (LEEF) Decode(body []byte, h http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return Syslog{}.Decode(body, h, lim)
}

// DecodeAt reads lines that were received at a time.
func (LEEF) DecodeAt(body []byte, h http.Header, lim event.Limits, received time.Time) iter.Seq2[Item, error] {
	return Syslog{}.DecodeAt(body, h, lim, received)
}

// javaFields are the letters of Java's SimpleDateFormat that devTimeFormat uses, in Go's layout.
var javaFields = map[string]string{
	"yyyy": "2006", "yy": "06", "MMMM": "January", "MMM": "Jan", "MM": "01", "M": "1", "dd": "2", "d": "2",
	"HH": "15", "H": "15", "hh": "03", "h": "3", "mm": "04", "m": "4", "ss": "05", "s": "5", "SSS": "000", "S": "0", "a": "PM",
	"EEE": "Mon", "EEEE": "Monday", "z": "MST", "zzz": "MST", "Z": "-0700", "X": "Z07", "XX": "Z0700", "XXX": "Z07:00",
}

// javaLayout turns a pattern of Java's SimpleDateFormat into Go's layout. It is false for an empty pattern and for one
// with fields that are not known, and for a zone by name ("z"), which Go would take for UTC.
func javaLayout(pattern string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(pattern); {
		c := pattern[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if c == '\'' {
			end := strings.IndexByte(pattern[i+1:], '\'')
			if end < 0 {
				return "", false
			}
			b.WriteString(pattern[i+1 : i+1+end])
			i += end + 2
			continue
		}
		if !letter {
			b.WriteByte(c)
			i++
			continue
		}
		n := i
		for n < len(pattern) && pattern[n] == c {
			n++
		}
		field, known := javaFields[pattern[i:n]]
		if !known || field == "MST" {
			return "", false
		}
		b.WriteString(field)
		i = n
	}
	return b.String(), b.Len() > 0
}
