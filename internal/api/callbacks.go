package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Callbacks takes the calls of vendors; *callback.Service is one.
type Callbacks interface {
	Receive(ctx context.Context, kind, id string, c connector.Call) callback.Answer
	View(account event.Account, id event.ID) (callback.CallView, error)
	SyncNow(ctx context.Context, account event.Account, id event.ID) (callback.SyncResult, error)
}

// callbackPath is where vendors call.
const callbackPath = "/api/v1/callbacks/{kind}/{integration}"

func (a *server) callbackOperations(r chi.Router) {
	const base = "/api/v1/integrations/{id}"
	r.Post(callbackPath, a.receiveCall)
	describeCallbacks(a.api.OpenAPI())
	register(a, op{
		id: "list-callbacks", method: http.MethodGet, path: base + "/callbacks", tag: tagIntegrations, scope: scopeIntegrations,
		summary: "Show a vendor's calls", problems: []int{http.StatusNotFound},
		about: "The last calls that came for the integration, with what they asked for and what became of it, and how many came since the hub began. " +
			"What the last look at the vendor's side brought is here too, for kinds that are looked at.",
	}, a.listCallbacks)
	register(a, op{
		id: "sync-integration", method: http.MethodPost, path: base + "/sync", tag: tagIntegrations, scope: scopeDeliveriesWrite, act: "integration.sync",
		summary: "Look at the vendor's side now", problems: []int{http.StatusNotFound, http.StatusConflict},
		about: "Brings over what was changed on the vendor's side and is not known here, without waiting for the next look. The answer comes when that is done, and says what was found. " +
			"While the integration is being looked at, and for one that brings nothing over, it is 409.",
	}, a.syncIntegration)
}

// describeCallbacks adds the operation that vendors call. It takes any body, so the framework does not serve it.
func describeCallbacks(doc *huma.OpenAPI) {
	problems := doc.Components.Schemas.Schema(typeOf[Problem](), true, "")
	responses := map[string]*huma.Response{"200": {
		Description: "Taken; what the vendor wants to read, if anything",
		Content:     map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{}}},
	}}
	for _, status := range []string{"400", "401", "404", "413", "429", "503"} {
		responses[status] = &huma.Response{
			Description: statusText(status), Content: map[string]*huma.MediaType{problemType: {Schema: problems}},
		}
	}
	text := &huma.Schema{Type: huma.TypeString}
	doc.AddOperation(&huma.Operation{
		OperationID: "receive-callback", Method: http.MethodPost, Path: callbackPath, Tags: []string{tagIntegrations},
		Security: []map[string][]string{}, Summary: "Where vendors call",
		Description: "Buttons of a chat, webhooks of a pager or of a ticket system: callback_url of an integration is where its vendor is told to call. " +
			"The vendor proves itself by its signature, not by a key; what it sends is the vendor's own, at most 1 MiB. " +
			"The answer comes within 2.5 s; 503 and 429 ask the vendor to call again.",
		Parameters: []*huma.Param{
			{Name: "kind", In: "path", Required: true, Description: "The integration's kind.", Example: "pagerduty", Schema: text},
			{Name: "integration", In: "path", Required: true, Description: "The integration's id.", Example: "int_01kmb7a2v4e9zr6x3q8w5t0ysd", Schema: text},
		},
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{}}}},
		Responses:   responses,
		Extensions:  map[string]any{servedElsewhere: "callback"},
	})
}

// receiveCall takes a call byte for byte: its signature is about the bytes. The body is read whatever stands in the path, so
// that the time tells nothing of which integrations there are.
func (a *server) receiveCall(w http.ResponseWriter, r *http.Request) {
	address := a.ClientIP(r)
	rate, err := a.Gate.Arrive(address)
	rateHeaders(w.Header(), rate)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	held := a.callBodies.begin()
	defer held.end()
	body, p := callBody(w, r, held)
	if p != nil {
		p.write(w)
		return
	}
	answer := a.Callbacks.Receive(r.Context(), chi.URLParam(r, "kind"), chi.URLParam(r, "integration"), connector.Call{
		Header: r.Header, Query: r.URL.Query(), Body: body, At: time.Now(),
	})
	defer answer.After()
	switch {
	case answer.Unproven:
		a.refuse(w, r, a.Gate.Refuse(address, answer.Detail, "callback", true))
	case answer.Detail != "":
		p := problem(answer.Status, answer.Detail).retry(answer.RetryAfter)
		if answer.Status == http.StatusTooManyRequests {
			p = p.coded("RATE_LIMITED")
		}
		p.write(w)
	default:
		if answer.ContentType != "" {
			w.Header().Set("Content-Type", answer.ContentType)
		}
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body) // a vendor that hung up calls again
		_ = http.NewResponseController(w).Flush()
	}
}

// callReadTime is how long the body of a call may take to come: vendors send it at once.
const callReadTime = 5 * time.Second

// callBody reads the body of a call. Nobody has proven anything yet: it takes room for what has come, not for what was
// announced, and not for long.
func callBody(w http.ResponseWriter, r *http.Request, held *holding) ([]byte, *Problem) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(callReadTime)) // where there is none to set, the server's own holds
	body, err := io.ReadAll(held.reader(http.MaxBytesReader(w, r.Body, connector.MaxCallBytes)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errNoRoom):
		return nil, problem(http.StatusServiceUnavailable, "too many requests are being read at the moment: try again").coded("BUSY").retry(time.Second)
	case errors.As(err, &tooLarge):
		return nil, problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", connector.MaxCallBytes))
	case err != nil:
		return nil, problem(http.StatusBadRequest, "the body could not be read to its end, or not in time")
	}
	_ = control.SetReadDeadline(time.Time{}) // else the request would be broken off while it is being answered
	return body, nil
}

func (a *server) listCallbacks(ctx context.Context, in *IntegrationPath) (*body[callback.CallView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	i, err := a.Integrations.Get(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	v, err := a.Callbacks.View(i.Account, id)
	if err != nil && !errors.Is(err, callback.ErrNotFound) { // a kind that nobody calls has none
		return nil, err
	}
	v.URL = callback.URL(a.Catalogue, a.PublicURL, i)
	return answer(v), nil
}

func (a *server) syncIntegration(ctx context.Context, in *IntegrationPath) (*body[callback.SyncResult], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	i, err := a.Integrations.Get(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	var r callback.SyncResult
	err = act.Do(ctx, a.Recorder, act.Act{Account: i.Account, Action: "integration.sync", Target: in.ID}, func(ctx context.Context) error {
		r, err = a.Callbacks.SyncNow(ctx, i.Account, id)
		return err
	})
	switch {
	case errors.Is(err, callback.ErrNoSync), errors.Is(err, callback.ErrNotFound):
		return nil, problem(http.StatusConflict, callback.ErrNoSync.Error())
	case errors.Is(err, callback.ErrSyncing):
		return nil, problem(http.StatusConflict, callback.ErrSyncing.Error()).coded("SYNCING")
	}
	return result(r, err)
}
