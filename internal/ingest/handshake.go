package ingest

import (
	"net/http"
	"strconv"
	"strings"
)

// Handshaker is a Decoder whose sender asks with a GET whether the address is ours before it sends anything.
type Handshaker interface {
	// Handshake gives the answer, a JSON document; ok is false when the request is no such question. The answer may
	// hold nothing but what the request itself brought.
	Handshake(r *http.Request) (answer []byte, ok bool)
}

// maxChallenge is the longest question that is answered, in bytes.
const maxChallenge = 1 << 10

// echoable says whether a text of a request may stand in an answer: 1 to maxChallenge visible ASCII characters.
func echoable(text string) bool {
	return text != "" && len(text) <= maxChallenge && strings.Trim(text, visibleASCII) == ""
}

var visibleASCII = func() string {
	b := make([]byte, 0, '~'-'!'+1)
	for c := byte('!'); c <= '~'; c++ {
		b = append(b, c)
	}
	return string(b)
}()

// asked says whether a request is a GET at a source's path that some dialect has an answer to. Which dialect the path
// speaks, and so whether there is an answer, is greet's to find out.
func (h *Handler) asked(r *http.Request) bool {
	if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, SourcePath) {
		return false
	}
	for _, d := range h.decoders {
		if shaker, ok := d.(Handshaker); ok {
			if _, ok := shaker.Handshake(r); ok {
				return true
			}
		}
	}
	return false
}

// greet answers the question with what its sender wants to hear. It says nothing about accounts, keys or events, takes
// nothing in, and is the same for everybody.
func (q *request) greet(w http.ResponseWriter) {
	if err := q.route(); err != nil && q.seen.Source == "unknown" {
		q.h.problemOf(q.r, err).write(w)
		return
	}
	if shaker, ok := q.decoder.(Handshaker); ok {
		if answer, ok := shaker.Handshake(q.r); ok {
			writeAnswer(w, answer)
			return
		}
	}
	p := refuse(http.StatusMethodNotAllowed, "events are sent with POST")
	q.headers(w, p)
	p.write(w)
}

func writeAnswer(w http.ResponseWriter, answer []byte) {
	h := w.Header()
	h["Content-Type"], h["X-Content-Type-Options"], h["Cache-Control"] = jsonHeader, nosniffHeader, noStoreHeader
	h["Content-Length"] = []string{strconv.Itoa(len(answer))}
	_, _ = w.Write(answer) // the sender is gone if this fails
}
