package ingest

import (
	"cmp"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// problemType is the media type of RFC 9457.
const problemType = "application/problem+json"

// fieldProblem is one entry of a problem's errors.
type fieldProblem struct{ field, detail string }

// location is the field with the part of the request in front.
func (f fieldProblem) location() string {
	if f.field == "" || f.field[0] == '[' {
		return "body" + f.field
	}
	return "body." + f.field
}

// problem is an answer by RFC 9457, in the shape that the whole API uses:
//
//	{"type":"about:blank","title":"Content Too Large","status":413,"detail":"…","error":"PAYLOAD_TOO_LARGE","message":"…",
//	 "errors":[{"field":"…","location":"body.…","message":"…"}]}
//
// The members error, message (which is the detail again) and, on a 429, retry_after (seconds) are what senders of other
// systems look for.
type problem struct {
	status     int
	detail     string
	code       string // empty: the status's own
	retryAfter time.Duration
	rate       Rate
	challenge  string // of a 401; empty: a bearer token
	errors     []fieldProblem
	// rejected, when not nil, is the list of the 202 answer: nothing of the request was valid.
	rejected *batch
}

func (p *problem) Error() string { return p.detail }

func refuse(status int, detail string) *problem { return &problem{status: status, detail: detail} }

// The codes that problems carry for programs. A problem without one has that of its status.
const (
	codeEventType = "EVENT_TYPE_NOT_ALLOWED" // the key may not send events of the type
	codePlan      = "PLAN_LIMIT"             // the account's plan does not allow it
	codeQuota     = "JOURNAL_QUOTA"          // the account's share of the journal is full
)

var statusCodes = map[int]string{
	http.StatusBadRequest:            "BAD_REQUEST",
	http.StatusUnauthorized:          "UNAUTHORIZED",
	http.StatusForbidden:             "FORBIDDEN",
	http.StatusNotFound:              "NOT_FOUND",
	http.StatusMethodNotAllowed:      "METHOD_NOT_ALLOWED",
	http.StatusRequestTimeout:        "REQUEST_TIMEOUT",
	http.StatusConflict:              "CONFLICT",
	http.StatusRequestEntityTooLarge: "PAYLOAD_TOO_LARGE",
	http.StatusUnsupportedMediaType:  "UNSUPPORTED_MEDIA_TYPE",
	http.StatusUnprocessableEntity:   "INVALID_EVENTS",
	http.StatusTooManyRequests:       "RATE_LIMITED",
	http.StatusServiceUnavailable:    "UNAVAILABLE",
}

func (p *problem) codeText() string {
	if p.code != "" {
		return p.code
	}
	if code := statusCodes[p.status]; code != "" {
		return code
	}
	return "ERROR"
}

// write sends the problem.
func (p *problem) write(w http.ResponseWriter) {
	b := append(make([]byte, 0, 512), `{"type":"about:blank","title":`...)
	b = event.AppendString(b, http.StatusText(p.status))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(p.status), 10)
	b = event.AppendString(append(b, `,"detail":`...), p.detail)
	b = event.AppendString(append(b, `,"error":`...), p.codeText())
	b = event.AppendString(append(b, `,"message":`...), p.detail)
	retryAfter := strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds())))
	if p.status == http.StatusTooManyRequests && p.retryAfter > 0 {
		b = append(append(b, `,"retry_after":`...), retryAfter...)
	}
	if len(p.errors) > 0 {
		b = append(b, `,"errors":[`...)
		for i, e := range p.errors {
			if i > 0 {
				b = append(b, ',')
			}
			b = event.AppendString(append(b, `{"field":`...), e.field)
			b = event.AppendString(append(b, `,"location":`...), e.location())
			b = event.AppendString(append(b, `,"message":`...), e.detail)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	if p.rejected != nil {
		b = p.rejected.appendRejected(append(b, ','))
	}
	b = append(b, "}\n"...)

	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if p.retryAfter > 0 {
		h.Set("Retry-After", retryAfter)
	}
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", cmp.Or(p.challenge, `Bearer realm="tocsin"`))
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(b) // the sender is gone if this fails
}
