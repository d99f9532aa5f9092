package ingest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Trial is a body that is to be read without being taken.
type Trial struct {
	Dialect  string // a decoder's name, or Native
	Account  event.Account
	MaySend  func(eventType string) bool // as Principal.MaySend
	Defaults Defaults
	Header   http.Header
	Body     []byte
}

// Tried is what would come of it.
type Tried struct {
	Records  []*event.Record // without ids
	Rejected []TriedRejection
	// RejectedTotal counts all that was rejected; Rejected lists at most Limits.Rejections.
	RejectedTotal int
}

// TriedRejection is an event that would not be taken.
type TriedRejection struct {
	Index int
	Error string
}

// Try reads a body as a source endpoint would, and journals nothing. Its error is a *Refusal.
func (h *Handler) Try(t Trial) (Tried, error) {
	q := &request{h: h, r: &http.Request{Method: http.MethodPost, Header: t.Header}}
	q.batch.lim, q.batch.received, q.batch.defaults = &h.lim, h.now(), t.Defaults
	q.batch.principal = Principal{Account: t.Account, MaySend: t.MaySend}
	if err := q.tryFormat(t.Dialect); err != nil {
		return Tried{}, asRefusal(err)
	}
	err := q.decode(t.Body)
	if p, ok := err.(*problem); ok && p.rejected == nil { //nolint:errorlint // decode gives it as it is
		return Tried{}, asRefusal(p)
	}
	tried := Tried{Records: q.batch.records, RejectedTotal: q.batch.rejectedTotal}
	for _, r := range q.batch.rejected {
		tried.Rejected = append(tried.Rejected, TriedRejection{r.index, r.err})
	}
	return tried, nil
}

func (q *request) tryFormat(dialect string) (err error) {
	if dialect == Native {
		q.format, err = eventsFormat(q.r.Header)
		if q.format == formatCloudEvents {
			q.decoder = cloudEvents{}
		}
		return err
	}
	if q.decoder = q.h.decoders[dialect]; q.decoder == nil {
		return refuse(http.StatusNotFound, fmt.Sprintf("there is no dialect %q: known are %s", event.Clip(dialect, 64), strings.Join(q.h.names, ", ")))
	}
	return sourceFormat(q.decoder, q.r.Header)
}

func asRefusal(err error) error {
	if p, ok := err.(*problem); ok { //nolint:errorlint // its callers make it
		return &Refusal{Status: p.status, Detail: p.detail, Code: p.code}
	}
	return err
}
