package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// deliveriesCmd groups the commands about deliveries.
type deliveriesCmd struct {
	List  deliveriesListCmd  `cmd:"" help:"List deliveries and where they stand."`
	Show  deliveriesShowCmd  `cmd:"" help:"Show a delivery with its attempts."`
	Retry deliveriesRetryCmd `cmd:"" help:"Try a delivery again at once."`
}

const deliveriesPath = "/api/v1/deliveries"

// deliveryRow is a delivery as the API shows it.
type deliveryRow struct {
	ID          string       `json:"id"`
	Integration string       `json:"integration"`
	Event       string       `json:"event"`
	Account     string       `json:"account"`
	Type        string       `json:"type"`
	Severity    string       `json:"severity"`
	Status      string       `json:"status"`
	Attempts    int          `json:"attempts"`
	Due         *time.Time   `json:"due"`
	Cause       string       `json:"cause"`
	CauseClass  string       `json:"cause_class"`
	Since       *time.Time   `json:"since"`
	OrderingKey string       `json:"ordering_key"`
	History     []attemptRow `json:"history"`
}

// attemptRow is one attempt of a delivery.
type attemptRow struct {
	Number    int       `json:"number"`
	At        time.Time `json:"at"`
	LatencyMS float64   `json:"latency_ms"`
	Outcome   string    `json:"outcome"`
	Status    int       `json:"status"`
	Error     string    `json:"error"`
	Answer    string    `json:"answer"`
	Batched   int       `json:"batched"`
}

// listSome reads the first rows of a list, at most limit; raw is all of it as one JSON list.
func listSome[T any](ctx context.Context, hub *client.Client, path string, query url.Values, limit int) (rows []T, raw json.RawMessage, err error) {
	const most = 500 // of one page
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	all := []json.RawMessage{}
	for limit > len(all) {
		q.Set("limit", strconv.Itoa(min(limit-len(all), most)))
		page, _, err := fetch[struct {
			Items []json.RawMessage `json:"items"`
			Next  string            `json:"next"`
		}](ctx, hub, path+"?"+q.Encode())
		if err != nil {
			return nil, nil, err
		}
		for _, item := range page.Items {
			var row T
			if err := json.Unmarshal(item, &row); err != nil {
				return nil, nil, fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
			}
			rows, all = append(rows, row), append(all, item)
		}
		if page.Next == "" || page.Next == q.Get("cursor") {
			break
		}
		q.Set("cursor", page.Next)
	}
	raw, err = json.Marshal(all)
	return rows, raw, err
}

// listDeliveries prints a list of deliveries.
func listDeliveries(ctx context.Context, p *Process, hub *client.Client, view *viewFlags, path string, query url.Values, limit int) error {
	if limit < 1 {
		return usagef("--limit must be at least 1")
	}
	rows, raw, err := listSome[deliveryRow](ctx, hub, path, query, limit)
	if err != nil {
		return err
	}
	return view.show(p, raw, func() error {
		names := integrationNames(ctx, hub)
		t := p.table("ID", "SINCE", "STATUS", "INTEGRATION", "TYPE", "SEVERITY", "ATTEMPTS", "CAUSE")
		for _, d := range rows {
			t.row(d.ID, day(d.Since, ""), d.Status, names.of(d.Integration), d.Type, d.Severity, strconv.Itoa(d.Attempts), d.Cause)
		}
		return t.flush()
	})
}

// nameList is the names of integrations by their ids.
type nameList map[string]string

// of is the name, or the id where the name is not known.
func (l nameList) of(id string) string {
	if name, ok := l[id]; ok {
		return name
	}
	return id
}

// integrationNames reads them; a key that may not gets ids instead.
func integrationNames(ctx context.Context, hub *client.Client) nameList {
	names := nameList{}
	rows, err := listRows[integrationRow](ctx, hub, integrationsPath)
	if err != nil {
		return names
	}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names
}

// deliveriesListCmd lists deliveries.
type deliveriesListCmd struct {
	hubFlags
	viewFlags

	Integration string `placeholder:"NAME" help:"Only those of this integration: its id, its name, or kind/name."`
	Status      string `placeholder:"STATUS" values:"delivered,waiting,parked,behind,held,mailbox,discarded,expired" help:"Only those that stand there: delivered, waiting, parked, behind, held, mailbox, discarded, expired."`
	Event       string `placeholder:"ID" help:"Only those of this event."`
	Limit       int    `default:"50" placeholder:"N" help:"How many."`
}

// Help is the long help.
func (*deliveriesListCmd) Help() string {
	return `The newest first; without --status, those that failed or wait come before those that were delivered.

Examples:

    tocsin deliveries list --status parked

    # Where one event went
    tocsin deliveries list --event evt_01kmb7a2v4e9zr6x3q8w5t0ysd`
}

// Run prints a table.
func (c *deliveriesListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		query := url.Values{}
		setAll(query, "status", c.Status, "event", c.Event)
		if c.Integration != "" {
			r, _, err := findIntegration(ctx, hub, c.Integration)
			if err != nil {
				return err
			}
			query.Set("integration", r.ID)
		}
		return listDeliveries(ctx, p, hub, &c.viewFlags, deliveriesPath, query, c.Limit)
	})
}

// deliveriesShowCmd shows a delivery.
type deliveriesShowCmd struct {
	hubFlags
	viewFlags

	ID string `arg:"" help:"The delivery's id: dlv_…"`
}

// Help is the long help.
func (*deliveriesShowCmd) Help() string {
	return `Every attempt says when it was made, how long it took, what the receiver answered and what came of it.

Example:

    tocsin deliveries show dlv_01kmb7a2v4e9zr6x3q8w5t0ysd`
}

// Run prints it.
func (c *deliveriesShowCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		d, raw, err := fetch[deliveryRow](ctx, hub, below(deliveriesPath, c.ID))
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			if err := p.fields("id", d.ID, "integration", integrationNames(ctx, hub).of(d.Integration), "event", d.Event, "account", d.Account,
				"type", d.Type, "severity", d.Severity, "status", d.Status, "since", day(d.Since, ""), "due", day(d.Due, ""),
				"ordering key", d.OrderingKey, "cause", d.Cause); err != nil {
				return err
			}
			p.say("\n")
			t := p.table("ATTEMPT", "AT", "TOOK", "OUTCOME", "STATUS", "BATCH", "ERROR", "ANSWER")
			for _, a := range d.History {
				status := ""
				if a.Status > 0 {
					status = strconv.Itoa(a.Status)
				}
				t.row(strconv.Itoa(a.Number), a.At.Local().Format("2006-01-02 15:04:05"), milliseconds(a.LatencyMS), a.Outcome, status,
					strconv.Itoa(a.Batched), a.Error, a.Answer)
			}
			return t.flush()
		})
	})
}

// deliveriesRetryCmd retries a delivery.
type deliveriesRetryCmd struct {
	hubFlags
	viewFlags

	ID    string `arg:"" help:"The delivery's id: dlv_…"`
	Force bool   `help:"Retry although something newer of the same ordering key was delivered since."`
}

// Help is the long help.
func (*deliveriesRetryCmd) Help() string {
	return `Works for what is parked, failed or discarded.

Example:

    tocsin deliveries retry dlv_01kmb7a2v4e9zr6x3q8w5t0ysd`
}

// Run retries it.
func (c *deliveriesRetryCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		d, raw, err := request[deliveryRow](ctx, hub, http.MethodPost, below(deliveriesPath, c.ID, "retry"), map[string]bool{"force": c.Force})
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			p.say("%s is %s\n", shown(d.ID), shown(d.Status))
			return nil
		})
	})
}
