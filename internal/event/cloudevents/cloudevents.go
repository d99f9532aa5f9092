// Package cloudevents projects a record to CloudEvents 1.0 in structured JSON mode
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md). It is pure and parses nothing.
//
//	id               the event's id, "evt_…"
//	source           "/accounts/<account>", and "/projects/<project>" below it when the event has one
//	type             the event's type
//	time             the event's time
//	subject          the dedup key, when there is one
//	partitionkey     the ordering key, when there is one (the documented Partitioning extension)
//	severity         the event's severity (an extension of ours)
//	datacontenttype  "application/json"
//	data             the event's canonical JSON, with "link", which leads back to Tocsin
package cloudevents

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// ContentType is the media type of one projected event.
const ContentType = "application/cloudevents+json"

// BatchContentType is the media type of a JSON array of projected events.
const BatchContentType = "application/cloudevents-batch+json"

// Append appends the CloudEvent of r, one JSON object on one line. An empty link is left out.
func Append(dst []byte, r *event.Record, link string) []byte {
	dst = append(dst, `{"specversion":"1.0","id":"`...)
	dst = r.ID.AppendText(dst, event.PrefixEvent)
	dst = append(dst, `","source":"/accounts/`...)
	dst = append(dst, r.Account...) // account names are [a-z0-9_-]: nothing to escape
	if r.Project != "" {
		dst = appendPathSegment(append(dst, `/projects/`...), r.Project)
	}
	dst = append(dst, `","type":"`...)
	dst = append(dst, r.Type...) // types are [a-z0-9_.]
	dst = append(dst, `","time":"`...)
	dst = r.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	if r.DedupKey != "" {
		dst = event.AppendString(append(dst, `,"subject":`...), r.DedupKey)
	}
	if r.OrderingKey != "" {
		dst = event.AppendString(append(dst, `,"partitionkey":`...), r.OrderingKey)
	}
	dst = append(dst, `,"severity":"`...)
	dst = append(dst, r.Severity.String()...)
	dst = append(dst, `","datacontenttype":"application/json","data":`...)
	dst = r.AppendLinked(dst, link)
	return append(dst, '}')
}

const upperHex = "0123456789ABCDEF"

// appendPathSegment percent-encodes text as one segment of a URI's path (RFC 3986 §3.3, unreserved characters only),
// which leaves nothing that JSON would have to escape.
func appendPathSegment(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}
