package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits of a request body of this API (ingest has its own).
const (
	// MaxBodyBytes bounds a body (1 MiB).
	MaxBodyBytes = 1 << 20
	// MaxBodyDepth bounds how deep objects and arrays may nest.
	MaxBodyDepth = 64
)

// checkBody reads the request's body, refuses what is too large, too deep, not JSON or ambiguous (a name twice in one
// object), and puts the bytes back for the handler.
func checkBody(w http.ResponseWriter, r *http.Request) *Problem {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", MaxBodyBytes))
	case err != nil:
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
	for {
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

// locationOf turns a JSON pointer into the dotted location of a field error. Names of the body are shortened: they are
// the caller's text.
func locationOf(p jsontext.Pointer) string {
	const maxLocation = 200 // bytes
	var b strings.Builder
	b.WriteString("body")
	for token := range p.Tokens() {
		b.WriteByte('.')
		b.WriteString(token)
		if b.Len() > maxLocation {
			return strings.ToValidUTF8(b.String()[:maxLocation], "") + "…"
		}
	}
	return b.String()
}
