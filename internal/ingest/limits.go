package ingest

import "github.com/tocsin-hub/tocsin/internal/event"

// Limits bound what requests may cost. A zero field stands for its default.
type Limits struct {
	// WireBytes bounds a body as it is sent (default 10 MiB); beyond it 413.
	WireBytes int64
	// InflatedBytes bounds a body after decompression (default 32 MiB); beyond it 413.
	InflatedBytes int64
	// Ratio bounds how many bytes one compressed byte may become, once more than 64 KiB have come out (default 200);
	// beyond it 413.
	Ratio int64
	// Events bounds the events of one request (default 10,000); beyond it 413.
	Events int
	// InFlightBytes bounds the bodies of all requests that are being served, together (default 64 MiB); beyond it 503.
	InFlightBytes int64
	// UnprovenBytes bounds those of them that came to source endpoints from senders who are known only once the whole body
	// is there (default a quarter of InFlightBytes): who can prove nothing must not take all the room. Beyond it 503.
	UnprovenBytes int64
	// Rejections is how many rejected events an answer lists (default 100); all are counted.
	Rejections int
	// Event bounds one event.
	Event event.Limits
}

// DefaultLimits are the limits of an installation that has not set others.
func DefaultLimits() Limits {
	return Limits{
		WireBytes: 10 << 20, InflatedBytes: 32 << 20, Ratio: 200, Events: 10_000, InFlightBytes: 64 << 20, Rejections: 100,
		Event: event.DefaultLimits(),
	}
}

// ratioFree is how many bytes may come out of a compressed body before Ratio is looked at: small bodies of repetitive
// events compress very well.
const ratioFree = 64 << 10

// maxIdempotencyKey is the longest Idempotency-Key, in bytes.
const maxIdempotencyKey = 255

// maxErrorBytes bounds the text of one error in an answer.
const maxErrorBytes = 1 << 10

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	if l.WireBytes <= 0 {
		l.WireBytes = d.WireBytes
	}
	if l.InflatedBytes <= 0 {
		l.InflatedBytes = d.InflatedBytes
	}
	l.InflatedBytes = min(l.InflatedBytes, event.MaxInputBytes)
	if l.Ratio <= 0 {
		l.Ratio = d.Ratio
	}
	if l.Events <= 0 {
		l.Events = d.Events
	}
	if l.InFlightBytes <= 0 {
		l.InFlightBytes = d.InFlightBytes
	}
	if l.UnprovenBytes <= 0 {
		l.UnprovenBytes = max(l.InFlightBytes/4, 1)
	}
	if l.Rejections <= 0 {
		l.Rejections = d.Rejections
	}
	return l
}
