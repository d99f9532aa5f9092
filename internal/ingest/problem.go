package ingest

import (
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
//	{"type":"about:blank","title":"Content Too Large","status":413,"detail":"…","errors":[{"field":"…","location":"body.…","message":"…"}]}
type problem struct {
	status     int
	detail     string
	retryAfter time.Duration
	errors     []fieldProblem
	// rejected, when not nil, is the list of the 202 answer: nothing of the request was valid.
	rejected *batch
}

func (p *problem) Error() string { return p.detail }

func refuse(status int, detail string) *problem { return &problem{status: status, detail: detail} }

// write sends the problem.
func (p *problem) write(w http.ResponseWriter) {
	b := append(make([]byte, 0, 512), `{"type":"about:blank","title":`...)
	b = event.AppendString(b, http.StatusText(p.status))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(p.status), 10)
	b = event.AppendString(append(b, `,"detail":`...), p.detail)
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
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="tocsin"`)
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(b) // the sender is gone if this fails
}
