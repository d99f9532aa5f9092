package ingest

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// The reply codes of Splunk's HTTP Event Collector that Tocsin gives ("Troubleshoot HTTP Event Collector"), each with
// its HTTP status and text.
var (
	hecSuccess        = hecReply{status: 200, code: 0, text: "Success"}
	hecDisabled       = hecReply{status: 403, code: 1, text: "Token disabled"}
	hecTokenRequired  = hecReply{status: 401, code: 2, text: "Token is required"}
	hecInvalidAuth    = hecReply{status: 401, code: 3, text: "Invalid authorization"}
	hecInvalidToken   = hecReply{status: 403, code: 4, text: "Invalid token"}
	hecNoData         = hecReply{status: 400, code: 5, text: "No data"}
	hecInvalidFormat  = hecReply{status: 400, code: 6, text: "Invalid data format"}
	hecInternal       = hecReply{status: 500, code: 8, text: "Internal server error"}
	hecBusy           = hecReply{status: 503, code: 9, text: "Server is busy"}
	hecNoChannel      = hecReply{status: 400, code: 10, text: "Data channel is missing"}
	hecInvalidChannel = hecReply{status: 400, code: 11, text: "Invalid data channel"}
	hecNoEvent        = hecReply{status: 400, code: 12, text: "Event field is required"}
	hecBlankEvent     = hecReply{status: 400, code: 13, text: "Event field cannot be blank"}
	hecBadFields      = hecReply{status: 400, code: 15, text: "Error in handling indexed fields"}
	hecQueryAuth      = hecReply{status: 400, code: 16, text: "Query string authorization is not enabled"}
	hecHealthy        = hecReply{status: 200, code: 17, text: "HEC is healthy"}
	hecUnhealthy      = hecReply{status: 503, code: 18, text: "HEC is unhealthy, queues are full"}
	hecTooLarge       = hecReply{status: 413, code: 6, text: "Invalid data format"}
	hecNotFound       = hecReply{status: 404, code: 404, text: "The requested URL was not found on this server."}
	hecNotPost        = hecReply{status: 405, code: 6, text: "Invalid data format"}
)

// hecReply is an answer in Splunk's form.
type hecReply struct {
	status, code int
	text         string
	invalid      int // 1 + the number of the first invalid event, counted from 0; 0: none
	ack          int64
	acked        bool // there is an ack
	retryAfter   time.Duration
}

func (r hecReply) Error() string { return r.text }

// at names the event that is wrong.
func (r hecReply) at(number int) hecReply {
	r.invalid = number + 1
	return r
}

// after asks the sender to wait.
func (r hecReply) after(d time.Duration) hecReply {
	r.retryAfter = d
	return r
}

func (r hecReply) write(w http.ResponseWriter) {
	b := event.AppendString([]byte(`{"text":`), r.text)
	b = strconv.AppendInt(append(b, `,"code":`...), int64(r.code), 10)
	if r.invalid > 0 {
		b = strconv.AppendInt(append(b, `,"invalid-event-number":`...), int64(r.invalid-1), 10)
	}
	if r.acked {
		b = strconv.AppendInt(append(b, `,"ackId":`...), r.ack, 10)
	}
	writeHEC(w, r.status, r.retryAfter, append(b, '}'))
}

func writeHEC(w http.ResponseWriter, status int, retryAfter time.Duration, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((retryAfter+time.Second-1)/time.Second), 10))
	}
	switch status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the sender is gone if this fails
}

// hecReplyOf puts an error into Splunk's words. Whatever passes by itself is "busy", which senders try again.
func (h *Handler) hecReplyOf(r *http.Request, err error) hecReply {
	if reply, ok := errors.AsType[hecReply](err); ok {
		return reply
	}
	if errors.Is(err, journal.ErrQuota) || errors.Is(err, journal.ErrFull) {
		return hecBusy.after(retryFull)
	}
	p := h.problemOf(r, err)
	switch {
	case p.status == http.StatusUnauthorized:
		return hecInvalidToken
	case p.code == "ACCOUNT_CLOSED":
		return hecDisabled
	case p.status == http.StatusForbidden:
		return hecInvalidToken
	case p.status == http.StatusTooManyRequests || p.status == http.StatusServiceUnavailable || p.status == http.StatusRequestTimeout:
		return hecBusy.after(p.retryAfter)
	case p.status == http.StatusRequestEntityTooLarge:
		return hecTooLarge
	case p.status < http.StatusInternalServerError:
		return hecInvalidFormat
	}
	return hecInternal
}
