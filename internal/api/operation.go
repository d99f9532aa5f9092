package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/source"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// op declares one operation; everything that the document says about it comes from here and from its types.
type op struct {
	id, method, path string
	tag              string
	summary, about   string
	scope            string // empty: open to everybody
	status           int    // of success; 200 if 0
	also             []int  // further statuses of success, with the same body
	body, answer     any    // examples
	problems         []int  // statuses beside those that every operation of its shape has
	ownBody          bool   // the handler checks the body itself
	download         string // the content type of a file that is answered; several with commas between
	upload           int64  // the most bytes of a body that is a file, of whatever type; 0: the body is JSON
	act              string // the audited action that a success leaves in the record
	browser          bool   // open to everybody, and called by browsers: refused when another site's page makes them
	operator         bool   // only the operator may
	person           bool   // only a person who is signed in may
	revalidates      bool   // it answers 304, without a body, to an If-None-Match that still holds
}

// register puts an operation on the router and into the document.
func register[I, O any](a *server, o op, handle func(context.Context, *I) (*O, error)) {
	status := o.status
	if status == 0 {
		status = http.StatusOK
	}
	h := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.tag}, Summary: o.summary, Description: o.about,
		DefaultStatus: status, MaxBodyBytes: max(MaxBodyBytes, o.upload) + 1, SkipValidateBody: o.ownBody,
		BodyReadTimeout:              -1, // checkBodies has read it, within the server's own deadline
		RejectUnknownQueryParameters: true,
		Errors:                       o.problemStatuses(),
		Responses:                    map[string]*huma.Response{},
		Security:                     []map[string][]string{},
	}
	h.Middlewares = append(h.Middlewares, a.meet(o))
	if o.scope != "" {
		scopes := []string{o.scope}
		if o.scope == scopeAny {
			scopes = []string{}
		}
		h.Security = []map[string][]string{{schemeKey: scopes}, {schemeBearer: scopes}, {schemeSession: scopes}}
		h.Middlewares = append(h.Middlewares, a.authorize(o))
		a.acts[o.id] = o.act
		h.Parameters = append(h.Parameters, actInParameter)
	}
	h.Middlewares = append(h.Middlewares, a.checkBodies(o))
	if o.body != nil {
		h.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: o.body}}}
	}
	if o.download != "" {
		h.Responses[strconv.Itoa(status)] = &huma.Response{Content: downloads(o.download)}
	}
	if o.revalidates {
		h.Responses[strconv.Itoa(http.StatusNotModified)] = &huma.Response{Description: http.StatusText(http.StatusNotModified)}
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
	for _, other := range o.also {
		r := *h.Responses[strconv.Itoa(status)]
		r.Description = http.StatusText(other)
		h.Responses[strconv.Itoa(other)] = &r
	}
}

// downloads are the content types of a file, with commas between.
func downloads(types string) map[string]*huma.MediaType {
	all := map[string]*huma.MediaType{}
	for name := range strings.SplitSeq(types, ",") {
		all[name] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		if name == "application/json" {
			all[name].Schema = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
		}
	}
	return all
}

// problemStatuses lists what an operation of this shape may answer beside success.
func (o op) problemStatuses() []int {
	list := append([]int{http.StatusServiceUnavailable}, o.problems...) // what the caller brings may not be checkable
	if o.scope != "" {
		list = append(list, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	}
	if o.browser {
		list = append(list, http.StatusForbidden)
	}
	if o.method != http.MethodGet && o.method != http.MethodDelete && o.body != nil {
		list = append(list, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusUnprocessableEntity)
	}
	return list
}

// checkBodies puts checkBody before the framework reads the body.
func (a *server) checkBodies(o op) func(huma.Context, func(huma.Context)) {
	most, check := int64(MaxBodyBytes), checkBody
	switch {
	case o.upload > 0:
		most, check = o.upload, readBody
	case o.scope == "":
		most = MaxOpenBodyBytes
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		if r.Body != nil && r.Body != http.NoBody {
			taken, ok := a.bodies.hold(r, most)
			if !ok {
				problem(http.StatusServiceUnavailable, "too many requests are being read at the moment: try again").coded("BUSY").retry(time.Second).write(w)
				return
			}
			defer a.bodies.release(taken)
			if p := check(w, r, most); p != nil {
				p.write(w)
				return
			}
		}
		// The body is here. The deadline for reading it would otherwise end the request's context while a test waits for a
		// slow receiver. (A recorder of tests has no deadlines.)
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		next(ctx)
	}
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
	if errors.Is(err, audit.ErrUnavailable) {
		a.log.ErrorContext(ctx, "an act was refused because it could not be written down", slog.String("operation", operation), slog.String("error", err.Error()))
		return problem(http.StatusServiceUnavailable, "nothing was done: the audit record cannot be written at the moment").coded("AUDIT_UNAVAILABLE").retry(auditRetry)
	}
	if ctx.Err() != nil {
		return problem(http.StatusServiceUnavailable, "the request ended before it was answered")
	}
	a.log.ErrorContext(ctx, "an operation failed", slog.String("operation", operation), slog.String("error", err.Error()))
	return problem(http.StatusInternalServerError, "something went wrong inside; the log says what")
}

// auditRetry is how long to wait when the audit record cannot be written.
const auditRetry = 5 * time.Second

// actInParameter is the header of every operation with which an administrator acts in an account below.
var actInParameter = &huma.Param{
	Name: gate.HeaderAccount, In: "header", Example: "acme", Schema: &huma.Schema{Type: "string"},
	Description: "Act in this account, which is below the caller's own (any, for the operator). Administrators only.",
}

// known gives the problem that stands for err, or nil.
func known(err error) *Problem {
	if fields, ok := form.AsErrors(err); ok {
		return fieldProblem(fields)
	}
	var kind *integration.UnknownKindError
	var taken *integration.NameTakenError
	var backlog *integration.BacklogError
	var others *integration.FallbackError
	var held *integration.HeldError
	if p := knownToIdentity(err); p != nil {
		return p
	}
	if p := knownToRespond(err); p != nil {
		return p
	}
	switch {
	case errors.As(err, &kind):
		return fieldProblem(form.Errors{{Path: "kind", Message: err.Error()}})
	case errors.As(err, &taken):
		return problem(http.StatusConflict, taken.Error(), fieldError("body.name", taken.Error()))
	case errors.Is(err, source.ErrNameTaken):
		return problem(http.StatusConflict, err.Error(), fieldError("body.name", "is taken: another source has this name"))
	case errors.As(err, &backlog):
		p := problem(http.StatusConflict, fmt.Sprintf("%s; delete with ?force=true to give them up", backlog))
		p.Waiting, p.Parked = &backlog.Waiting, &backlog.Parked
		return p
	case errors.As(err, &held):
		return problem(http.StatusConflict, fmt.Sprintf("%s; end its blocks first, or delete with ?force=true to leave them there for good", held))
	case errors.As(err, &others):
		return problem(http.StatusConflict, fmt.Sprintf("%s; delete with ?force=true to leave them without one", others))
	case errors.Is(err, integration.ErrVersion):
		return problem(http.StatusPreconditionFailed, "the integration has changed since it was read: read it again")
	case errors.Is(err, integration.ErrNotFound), errors.Is(err, integration.ErrEvent):
		return problem(http.StatusNotFound, err.Error())
	case errors.Is(err, alerting.ErrVersion):
		return problem(http.StatusPreconditionFailed, alerting.ErrVersion.Error())
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
	return locatedProblem(fields, "body")
}

// locatedProblem lists what is wrong in a part of the request.
func locatedProblem(fields form.Errors, part string) *Problem {
	list := make([]FieldError, 0, min(len(fields), maxFieldErrors))
	for _, f := range fields[:min(len(fields), maxFieldErrors)] {
		location := part
		if f.Path != "" {
			location += "." + f.Path
		}
		list = append(list, fieldError(location, f.Message))
	}
	return problem(http.StatusUnprocessableEntity, summary(list), list...)
}

// renamed is err with what it says of one field said of another: the one that the caller has sent.
func renamed(err error, from, to string) error {
	fields, ok := form.AsErrors(err)
	if !ok {
		return err
	}
	fields = slices.Clone(fields)
	for i := range fields {
		if fields[i].Path == from {
			fields[i].Path = to
		}
	}
	return fields
}

// inQuery is err with what it says of fields said of parameters.
func inQuery(err error) error {
	fields, ok := form.AsErrors(err)
	if !ok {
		return err
	}
	return locatedProblem(fields, "query")
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
