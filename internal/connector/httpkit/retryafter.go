package httpkit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter bounds the pause that a vendor may ask for (1 h): longer ones are shortened to it, so that a mistake
// or malice on the other side cannot silence an integration for ten years.
const MaxRetryAfter = time.Hour

// ParseRetryAfter reads a Retry-After header (RFC 9110 §10.2.3): seconds, also with a fraction as some vendors send
// them, or a date. It gives 0 for what is missing, unreadable or past, and at most MaxRetryAfter.
func ParseRetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		switch {
		case !(seconds > 0): // also not a number
			return 0
		case seconds >= MaxRetryAfter.Seconds():
			return MaxRetryAfter
		}
		return time.Duration(seconds * float64(time.Second))
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}
