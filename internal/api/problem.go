package api

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
)

// Problem is the body of every answer that is not a success (RFC 9457). It never repeats what the caller sent: a body
// may hold secrets.
type Problem struct {
	Type   string       `json:"type" doc:"Always about:blank: the status says what kind of problem this is." example:"about:blank"`
	Title  string       `json:"title" doc:"The status in words." example:"Unprocessable Entity"`
	Status int          `json:"status" doc:"The HTTP status." example:"422"`
	Detail string       `json:"detail" doc:"What went wrong with this request, in one sentence." example:"settings.url: is required"`
	Errors []FieldError `json:"errors,omitempty" doc:"One entry per wrong field."`
	// What programs look at: the words that other products' clients know.
	Code       string `json:"error,omitempty" doc:"What kind of refusal it is, for programs: RATE_LIMITED, PLAN_LIMIT, EVENT_TYPE_NOT_ALLOWED, SCOPE_MISSING, BLOCK_REFUSED, …" example:"RATE_LIMITED"`
	Message    string `json:"message,omitempty" doc:"With error: the detail once more." example:"this key may make 600 requests a minute"`
	RetryAfter int    `json:"retry_after,omitempty" doc:"With 429 and 503: seconds to wait, as in the header Retry-After." example:"12"`
	// Problems of particular kinds carry more.
	Waiting *uint64 `json:"waiting,omitempty" doc:"With 409 on a delete: deliveries that still wait in the journal."`
	Parked  *uint64 `json:"parked,omitempty" doc:"With 409 on a delete: deliveries that are parked for another attempt."`
	// Findings are why the guard refuses a block.
	Findings []guard.Finding `json:"findings,omitempty" doc:"With 409 and BLOCK_REFUSED: why the guard refuses, one entry for each rule."`

	headers http.Header
}

// FieldError says what is wrong with one field.
type FieldError struct {
	Field    string `json:"field" doc:"Path of the field inside the body, or the name of the parameter." example:"settings.url"`
	Location string `json:"location" doc:"The same with the part of the request in front." example:"body.settings.url"`
	Message  string `json:"message" doc:"What is wrong." example:"is required"`
}

var (
	_ huma.StatusError       = (*Problem)(nil)
	_ huma.HeadersError      = (*Problem)(nil)
	_ huma.ContentTypeFilter = (*Problem)(nil)
)

// The framework's settings are package variables of its own; nothing else in the hub uses it.
func init() {
	huma.NewError = newProblem
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders gives the headers that go with the problem, such as WWW-Authenticate.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType marks the body as a problem.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// Limits of what a problem says of a body, so that a small one that is wrong everywhere gets no large answer.
const (
	maxFieldErrors = 100  // entries
	maxLocation    = 200  // bytes: names in a body are the caller's text
	maxMessage     = 1000 // bytes
)

func problem(status int, detail string, fields ...FieldError) *Problem {
	fields = fields[:min(len(fields), maxFieldErrors)]
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: fields}
}

func (p *Problem) with(header, value string) *Problem {
	if p.headers == nil {
		p.headers = http.Header{}
	}
	p.headers.Set(header, value)
	return p
}

// coded adds the word for programs; none for a refusal that the status says enough about.
func (p *Problem) coded(code string) *Problem {
	if code == "" {
		return p
	}
	p.Code, p.Message = code, p.Detail
	return p
}

// retry says how long to wait; a part of a second counts as a whole one.
func (p *Problem) retry(after time.Duration) *Problem {
	if after <= 0 {
		return p
	}
	p.RetryAfter = int(math.Ceil(after.Seconds()))
	return p.with("Retry-After", strconv.Itoa(p.RetryAfter))
}

// newProblem is what the framework calls for the errors it finds by itself: parameters and bodies that do not fit
// their schema.
func newProblem(status int, detail string, errs ...error) huma.StatusError {
	p := problem(status, detail)
	for _, err := range errs[:min(len(errs), maxFieldErrors)] {
		if err == nil {
			continue
		}
		if d, ok := err.(huma.ErrorDetailer); ok {
			e := d.ErrorDetail()
			p.Errors = append(p.Errors, schemaError(e.Location, e.Message))
			continue
		}
		p.Errors = append(p.Errors, FieldError{Message: event.Clip(err.Error(), maxMessage)})
	}
	if detail == "validation failed" && len(p.Errors) > 0 {
		p.Detail = summary(p.Errors)
	}
	return p
}

// schemaError turns the framework's wording into ours, and makes a missing property point at the property.
func schemaError(location, message string) FieldError {
	if name, ok := strings.CutPrefix(message, "expected required property "); ok {
		if name, ok = strings.CutSuffix(name, " to be present"); ok {
			location, message = location+"."+name, "is required"
		}
	}
	switch message {
	case "unexpected property":
		message = "is not a known field"
	case "unknown query parameter":
		message = "is not a known parameter"
	}
	return fieldError(location, message)
}

// fieldError makes an entry of a location such as "body.items[3].name".
func fieldError(location, message string) FieldError {
	location = event.Clip(strings.NewReplacer("[", ".", "]", "").Replace(location), maxLocation)
	_, field, ok := strings.Cut(location, ".")
	if !ok {
		field = ""
	}
	return FieldError{Field: field, Location: location, Message: event.Clip(message, maxMessage)}
}

// summary puts the field errors into one sentence for people who look at the detail only.
func summary(errs []FieldError) string {
	const most = 3
	var b strings.Builder
	for i, e := range errs {
		if i == most {
			b.WriteString(" …")
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		if e.Field != "" {
			b.WriteString(e.Field)
			b.WriteString(": ")
		}
		b.WriteString(e.Message)
	}
	return b.String()
}

// write answers with the problem outside of the framework.
func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the status is out already; a broken connection has nobody to tell
}
