package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/event"
)

const (
	// patience is how long everything may take to arrive; normally it is milliseconds.
	patience = 30 * time.Second
	// pollEvery is how often it is looked whether everything has.
	pollEvery = 50 * time.Millisecond
)

// Row is one event and what became of it.
type Row struct {
	ID       string
	Source   string
	Type     string
	Severity event.Severity
	Title    string
	Planned  bool   // it is about planned work, see plannedTag
	Cells    []Cell // as the integrations are ordered

	sent time.Time
}

// Cell is one event at one integration.
type Cell struct {
	Wanted   bool
	Silenced bool // it would be wanted, but for the silence
	Arrived  bool
	Took     time.Duration // from the request's start to the arrival; 0 where nobody measured
}

// Run sends the samples and follows each to where it belongs. It gives the rows also when not all arrived; then the
// error says so.
func (w *World) Run(ctx context.Context, hub *client.Client, integrations []*Integration, now func() time.Time) ([]*Row, error) {
	rows, err := send(ctx, hub, now)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		done, err := follow(ctx, hub, integrations, rows)
		if done || err != nil {
			return rows, err
		}
		select {
		case <-ctx.Done():
			return rows, w.missing(ctx)
		case <-tick.C:
		}
	}
}

// missing explains why not everything arrived.
func (w *World) missing(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	err := fmt.Errorf("not everything arrived within %s", patience)
	for _, fault := range slices.Concat(w.Webhook.Faults(), w.HEC.Faults(), w.Firewall.Faults()) {
		err = fmt.Errorf("%w; a receiver refused: %s", err, fault)
	}
	return err
}

// send posts the last day, which the table does not show, then every sample, and notes the ids that the hub gave.
func send(ctx context.Context, hub *client.Client, now func() time.Time) ([]*Row, error) {
	samples, err := Samples(now())
	if err != nil {
		return nil, err
	}
	day, err := LastDay(now())
	if err != nil {
		return nil, err
	}
	if _, err := hand(ctx, hub, day); err != nil {
		return nil, err
	}
	var rows []*Row
	for _, s := range samples {
		sent := now()
		ids, err := hand(ctx, hub, s)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			rows = append(rows, &Row{ID: id, Source: s.Source, sent: sent})
		}
	}
	return rows, nil
}

// hand sends one request body, all of which must be taken, and gives the ids of its events.
func hand(ctx context.Context, hub *client.Client, s Sample) ([]string, error) {
	receipt, err := hub.Ingest(ctx, client.Batch{Path: s.Path, ContentType: s.ContentType, Body: s.Body})
	if err != nil {
		return nil, fmt.Errorf("sending %s: %w", s.Name, err)
	}
	for _, r := range receipt.Rejected {
		return nil, fmt.Errorf("sending %s: the hub refused event %d: %s", s.Name, r.Index+1, r.Error)
	}
	return receipt.IDs, nil
}

// captured is what the demo reads of a payload in the inbox.
type captured struct {
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload"`
}

// follow fills in what is known by now. It is done when everything that is wanted has arrived.
func follow(ctx context.Context, hub *client.Client, integrations []*Integration, rows []*Row) (done bool, err error) {
	inbox := map[string]json.RawMessage{}
	for _, i := range integrations {
		if i.Kind != "capture" {
			continue
		}
		payloads, err := list[captured](ctx, hub, "/api/v1/captures", url.Values{"integration": {i.ID}})
		if err != nil {
			return false, fmt.Errorf("reading the inbox: %w", err)
		}
		for _, c := range payloads {
			inbox[c.Event] = c.Payload
		}
	}
	done = true
	for _, row := range rows {
		payload, arrived := inbox[row.ID]
		if arrived {
			if err := row.read(payload); err != nil {
				return false, err
			}
		}
		row.Cells = row.Cells[:0]
		for _, i := range integrations {
			cell := row.at(i, arrived)
			row.Cells = append(row.Cells, cell)
			done = done && arrived && cell.Wanted == cell.Arrived
		}
	}
	return done, nil
}

// read takes the event's own fields from its payload.
func (r *Row) read(payload []byte) error {
	var e struct {
		Type     string         `json:"type"`
		Severity event.Severity `json:"severity"`
		Title    string         `json:"title"`
		Tags     []string       `json:"tags"`
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return fmt.Errorf("reading a payload of the inbox: %w", err)
	}
	r.Type, r.Severity, r.Title, r.Planned = e.Type, e.Severity, e.Title, slices.Contains(e.Tags, plannedTag)
	return nil
}

// at says what became of the row at an integration.
func (r *Row) at(i *Integration, inInbox bool) Cell {
	if i.receiver == nil {
		return Cell{Wanted: true, Arrived: inInbox}
	}
	cell := Cell{Wanted: i.Subscription.wants(r.Type, r.Severity)}
	if cell.Silenced = cell.Wanted && i.silenced && r.Planned; cell.Silenced {
		cell.Wanted = false
	}
	var at time.Time
	if at, cell.Arrived = i.receiver.Arrived(r.ID); cell.Arrived {
		cell.Took = at.Sub(r.sent)
	}
	return cell
}
