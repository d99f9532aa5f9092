package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// AlertsChange is one change of many alerts.
type AlertsChange struct {
	AlertChange

	IDs    []string     `json:"ids,omitempty" maxItems:"1000" doc:"These alerts." example:"[\"alr_01kmb7a2v4e9zr6x3q8w5t0ysd\"]"`
	Filter *AlertFilter `json:"filter,omitempty" doc:"Those that it lets through; {} is all alerts."`
	Action string       `json:"action" enum:"acknowledge,resolve,reopen,assign,note,severity" doc:"What is done." example:"resolve"`
}

// AlertResult is what became of one alert.
type AlertResult struct {
	ID      string `json:"id" doc:"The alert." example:"alr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Changed bool   `json:"changed" doc:"Whether anything changed."`
	Error   string `json:"error,omitempty" doc:"Why it was not done." example:"there is no such alert in this account"`
}

// AlertResults are the results of a change of many alerts.
type AlertResults struct {
	Changed int           `json:"changed" doc:"How many alerts changed." example:"1"`
	Failed  int           `json:"failed" doc:"For how many it was not done." example:"0"`
	More    bool          `json:"more" doc:"The filter lets others through, too: send it again."`
	Results []AlertResult `json:"results" doc:"One for each alert."`
}

func (a *server) changeAlerts(ctx context.Context, in *struct {
	Once
	Body AlertsChange
}) (*body[AlertResults], error) {
	sel, err := in.Body.selection(accountOf(ctx))
	if err != nil {
		return nil, err
	}
	verb := connector.Verb(in.Body.Action)
	if in.Body.Action == "severity" {
		verb = connector.Rate
	}
	c, err := in.Body.change(ctx, verb, in.Key)
	if err != nil {
		return nil, err
	}
	results, more, err := a.Alerts.Bulk(ctx, accountOf(ctx), sel, c)
	if err != nil {
		return nil, err
	}
	out := AlertResults{More: more, Results: make([]AlertResult, len(results))}
	for i, r := range results {
		out.Results[i] = AlertResult{ID: r.ID.Text(event.PrefixAlert), Changed: r.Changed}
		switch {
		case isNotFound(r.Err):
			out.Results[i].Error = "there is no such alert in this account"
		case r.Err != nil:
			out.Results[i].Error = "it could not be stored"
		}
		if r.Changed {
			out.Changed++
		}
		if r.Err != nil {
			out.Failed++
		}
	}
	return answer(out), nil
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// selection reads which alerts are meant.
func (c *AlertsChange) selection(account event.Account) (out alerting.Selection, err error) {
	if (len(c.IDs) == 0) == (c.Filter == nil) {
		f := fieldError("body", "give exactly one of ids and filter")
		return out, problem(http.StatusUnprocessableEntity, f.Message, f)
	}
	if c.Filter != nil {
		f, err := c.Filter.read(account, "body.filter")
		out.Filter = &f
		return out, err
	}
	var errs []FieldError
	for i, text := range c.IDs {
		id, err := event.ParseID(event.PrefixAlert, text)
		if err != nil {
			errs = append(errs, fieldError(fmt.Sprintf("body.ids.%d", i), err.Error()))
		}
		out.IDs = append(out.IDs, id)
	}
	if len(errs) > 0 {
		return out, problem(http.StatusUnprocessableEntity, summary(errs), errs...)
	}
	return out, nil
}
