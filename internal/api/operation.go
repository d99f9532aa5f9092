package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// op declares one operation; everything that the document says about it comes from here and from its types.
type op struct {
	id, method, path string
	tag              string
	summary, about   string
	scope            string // empty: open to everybody
	status           int    // of success; 200 if 0
	body, answer     any    // examples
	problems         []int  // statuses beside those that every operation of its shape has
	ownBody          bool   // the handler checks the body itself
}

// register puts an operation on the router and into the document.
func register[I, O any](a *server, o op, handle func(context.Context, *I) (*O, error)) {
	status := o.status
	if status == 0 {
		status = http.StatusOK
	}
	h := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.tag}, Summary: o.summary, Description: o.about,
		DefaultStatus: status, MaxBodyBytes: MaxBodyBytes + 1, SkipValidateBody: o.ownBody,
		RejectUnknownQueryParameters: true,
		Errors:                       o.problemStatuses(),
		Responses:                    map[string]*huma.Response{},
		Security:                     []map[string][]string{},
	}
	if o.scope != "" {
		scopes := []string{o.scope}
		if o.scope == scopeAny {
			scopes = []string{}
		}
		h.Security = []map[string][]string{{schemeKey: scopes}, {schemeBearer: scopes}}
		h.Middlewares = append(h.Middlewares, a.authorize(o.scope))
	}
	h.Middlewares = append(h.Middlewares, checkBodies)
	if o.body != nil {
		h.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: o.body}}}
	}
	if o.answer != nil {
		h.Responses[strconv.Itoa(status)] = &huma.Response{Content: map[string]*huma.MediaType{"application/json": {Example: o.answer}}}
	}
	huma.Register(a.api, h, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.fail(ctx, o.id, err)
		}
		return out, nil
	})
}

// problemStatuses lists what an operation of this shape may answer beside success.
func (o op) problemStatuses() []int {
	list := append([]int{}, o.problems...)
	if o.scope != "" {
		list = append(list, http.StatusUnauthorized, http.StatusForbidden)
	}
	if o.method != http.MethodGet && o.method != http.MethodDelete && o.body != nil {
		list = append(list, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusUnprocessableEntity)
	}
	return list
}

// checkBodies puts checkBody before the framework reads the body.
func checkBodies(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	if p := checkBody(w, r); p != nil {
		p.write(w)
		return
	}
	next(ctx)
}

// fail turns an error of the rooms below into a problem. What it does not know is logged and not shown.
func (a *server) fail(ctx context.Context, operation string, err error) error {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if p := known(err); p != nil {
		return p
	}
	if ctx.Err() != nil {
		return problem(http.StatusServiceUnavailable, "the request ended before it was answered")
	}
	a.log.ErrorContext(ctx, "an operation failed", slog.String("operation", operation), slog.String("error", err.Error()))
	return problem(http.StatusInternalServerError, "something went wrong inside; the log says what")
}

// known gives the problem that stands for err, or nil.
func known(err error) *Problem {
	if fields, ok := form.AsErrors(err); ok {
		return fieldProblem(fields)
	}
	var kind *integration.UnknownKindError
	var taken *integration.NameTakenError
	var backlog *integration.BacklogError
	switch {
	case errors.As(err, &kind):
		return fieldProblem(form.Errors{{Path: "kind", Message: err.Error()}})
	case errors.As(err, &taken):
		return problem(http.StatusConflict, taken.Error(), fieldError("body.name", taken.Error()))
	case errors.As(err, &backlog):
		p := problem(http.StatusConflict, fmt.Sprintf("%s; delete with ?force=true to give them up", backlog))
		p.Waiting, p.Parked = &backlog.Waiting, &backlog.Parked
		return p
	case errors.Is(err, integration.ErrVersion):
		return problem(http.StatusPreconditionFailed, "the integration has changed since it was read: read it again")
	case errors.Is(err, integration.ErrNotFound), errors.Is(err, integration.ErrEvent):
		return problem(http.StatusNotFound, err.Error())
	case errors.Is(err, store.ErrCursor):
		return problem(http.StatusUnprocessableEntity, "cursor: is not one that this list gave",
			fieldError("query.cursor", "is not one that this list gave"))
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, "there is no such thing in this account")
	case errors.Is(err, store.ErrConflict):
		return problem(http.StatusConflict, "it has changed meanwhile: read it again")
	}
	return nil
}

// fieldProblem lists the wrong fields of a body.
func fieldProblem(fields form.Errors) *Problem {
	p := problem(http.StatusUnprocessableEntity, "")
	for _, f := range fields {
		location := "body"
		if f.Path != "" {
			location += "." + f.Path
		}
		p.Errors = append(p.Errors, fieldError(location, f.Message))
	}
	p.Detail = summary(p.Errors)
	return p
}

// raw is a body that its handler reads by itself; the document describes it as a T.
type raw[T any] struct{ json.RawMessage }

// UnmarshalJSON keeps the bytes.
func (b *raw[T]) UnmarshalJSON(data []byte) error {
	b.RawMessage = append(b.RawMessage[:0], data...)
	return nil
}

// Schema is that of T.
func (raw[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// list is a page of an answer.
type list[T any] struct {
	Items []T    `json:"items" doc:"The entries of this page."`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one." example:"bmV4dA"`
}

// Paging are the parameters of every list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"The most entries to answer with."`
	Cursor string `query:"cursor" maxLength:"1024" doc:"Where to go on: next of the page before."`
}

func (p Paging) page() store.Page { return store.Page{After: p.Cursor, Limit: p.Limit} }

// body wraps a value as the framework wants answers.
type body[T any] struct{ Body T }

func answer[T any](v T) *body[T] { return &body[T]{Body: v} }
