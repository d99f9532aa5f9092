package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits of a request body of this API (ingest has its own).
const (
	// MaxBodyBytes bounds a body (1 MiB).
	MaxBodyBytes = 1 << 20
	// MaxOpenBodyBytes bounds the body of an operation that is open to everybody (8 KiB).
	MaxOpenBodyBytes = 8 << 10
	// MaxBodyDepth bounds how deep objects and arrays may nest.
	MaxBodyDepth = 64
	// MaxBodyMembers bounds the members of all objects of a body together.
	MaxBodyMembers = 10_000
	// maxBodiesBytes bounds all bodies that are in memory at a time (32 MiB).
	maxBodiesBytes = 32 << 20
)

// bodies is the memory that bodies take at the moment.
type bodies struct{ held atomic.Int64 }

// hold takes room for a body of at most most bytes; it says how much it took, or that there is none.
func (b *bodies) hold(r *http.Request, most int64) (taken int64, ok bool) {
	taken = most
	if r.ContentLength >= 0 {
		taken = min(r.ContentLength, most)
	}
	if b.held.Add(taken) > maxBodiesBytes {
		b.held.Add(-taken)
		return 0, false
	}
	return taken, true
}

func (b *bodies) release(taken int64) { b.held.Add(-taken) }

// errNoRoom: as many bytes as may be are in memory.
var errNoRoom = errors.New("there is no room for the body")

// holding is the room that one body takes while it comes in.
type holding struct {
	of    *bodies
	taken int64
}

func (b *bodies) begin() *holding { return &holding{of: b} }

// end gives the room back.
func (h *holding) end() { h.of.release(h.taken) }

// reader takes room for what is read from r. Its error is errNoRoom when there is none.
func (h *holding) reader(r io.Reader) io.Reader { return &holdingReader{h, r} }

type holdingReader struct {
	*holding
	r io.Reader
}

// Read implements io.Reader.
func (h *holdingReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.taken += int64(n)
	if h.of.held.Add(int64(n)) > maxBodiesBytes {
		return n, errNoRoom
	}
	return n, err
}

// checkBody reads the request's body, refuses what is too large, too deep, not JSON or ambiguous (a name twice in one
// object), and puts the bytes back for the handler.
func checkBody(w http.ResponseWriter, r *http.Request, most int64) *Problem {
	if p := readBody(w, r, most); p != nil {
		return p
	}
	body, err := io.ReadAll(r.Body) // from memory
	if err != nil {
		return problem(http.StatusBadRequest, "the body could not be read to its end")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		return nil
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return problem(http.StatusUnsupportedMediaType, "the body must be JSON: send Content-Type: application/json")
	}
	return checkJSON(body)
}

// readBody reads a body, refuses one that is too large, and puts the bytes back for the handler.
func readBody(w http.ResponseWriter, r *http.Request, most int64) *Problem {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", most))
	case err != nil:
		return problem(http.StatusBadRequest, "the body could not be read to its end")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// isJSON says whether the content type names JSON. None is taken for JSON; merge patches are JSON too.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/json" || mediaType == "application/merge-patch+json")
}

// checkJSON walks over the tokens without building anything.
func checkJSON(body []byte) *Problem {
	dec := jsontext.NewDecoder(bytes.NewReader(body)) // refuses duplicate names and invalid UTF-8
	for values := 0; ; values++ {
		if values > 2*MaxBodyMembers { // a member is two tokens; an element of an array is one
			return problem(http.StatusUnprocessableEntity, fmt.Sprintf("the body has more than %d members", MaxBodyMembers),
				fieldError("body", "has too many members"))
		}
		if dec.StackDepth() > MaxBodyDepth {
			return problem(http.StatusUnprocessableEntity, fmt.Sprintf("the body nests deeper than %d levels", MaxBodyDepth),
				fieldError(locationOf(dec.StackPointer()), "nests too deep"))
		}
		_, err := dec.ReadToken()
		if err == io.EOF {
			return problem(http.StatusBadRequest, "the body is not JSON: it is empty")
		}
		if err != nil {
			return jsonProblem(err)
		}
		if dec.StackDepth() == 0 {
			break
		}
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return problem(http.StatusBadRequest, "the body must be one JSON value; something follows it")
	}
	return nil
}

func jsonProblem(err error) *Problem {
	var syntactic *jsontext.SyntacticError
	if !errors.As(err, &syntactic) {
		return problem(http.StatusBadRequest, "the body is not valid JSON")
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		at := fieldError(locationOf(syntactic.JSONPointer), "stands twice")
		return problem(http.StatusBadRequest, summary([]FieldError{at}), at)
	}
	reason := "it ends too early"
	if !errors.Is(err, io.ErrUnexpectedEOF) && syntactic.Err != nil {
		reason = syntactic.Err.Error()
	}
	return problem(http.StatusBadRequest, fmt.Sprintf("the body is not valid JSON: %s (byte %d)", reason, syntactic.ByteOffset))
}

// locationOf turns a JSON pointer into the dotted location of a field error, or its beginning if it is long.
func locationOf(p jsontext.Pointer) string {
	var b strings.Builder
	b.WriteString("body")
	for token := range p.Tokens() {
		b.WriteByte('.')
		b.WriteString(token)
		if b.Len() > maxLocation {
			break
		}
	}
	return b.String()
}
