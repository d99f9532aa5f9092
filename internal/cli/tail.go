package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// tailCmd watches what happens.
type tailCmd struct {
	hubFlags

	Events     bool `help:"Show events, too, when --deliveries or --mailbox is given; otherwise they are shown anyway."`
	Deliveries bool `help:"Show attempts of deliveries: to where, what came of it, how long it took."`
	Mailbox    bool `help:"Show what fails for good."`

	Type        []string `placeholder:"TYPE" help:"Only these event types, such as alert.*; may be repeated."`
	MinSeverity string   `placeholder:"SEVERITY" values:"info,low,medium,high,critical" help:"Only what is at least this severe: info, low, medium, high or critical."`
	Project     string   `placeholder:"NAME" help:"Only this project."`
	Where       string   `placeholder:"CEL" help:"Only events of which this expression is true: docs/expressions.md."`
	Integration string   `placeholder:"NAME" help:"Only deliveries and failures of this integration: its id, its name, or kind/name. Without a topic it chooses --deliveries and --mailbox."`
	Since       string   `placeholder:"TIME" help:"Begin with the events since then: 15m or 24h (ago), or 2026-11-21T09:30:00Z."`
	Limit       int      `short:"n" placeholder:"N" help:"End after so many."`
	For         string   `placeholder:"DURATION" help:"End after this time, such as 30s."`
	Output      string   `short:"o" enum:"text,json" default:"text" placeholder:"FORM" help:"text, or json: one object a line."`
}

// Help is the long help.
func (*tailCmd) Help() string {
	return `Goes on until it is interrupted, --limit or --for. A connection that breaks is made again; events go on where they were,
without a gap, as long as the journal has them. What was missed because this side was too slow is said on standard error.

With -o json a line is the event, or the delivery with its latest attempt in "history", as the API gives it; with more
than one topic it is {"topic": …, "data": …}.

Examples:

    # What comes in that is serious
    tocsin tail --min-severity high

    tocsin tail --where 'event.source.vendor == "falco"'

    # Why does it not arrive?
    tocsin tail --integration "SOC webhook"

    # In a script: wait for one event of a type, at most a minute, and take its id
    tocsin tail --type incident.created -n 1 --for 60s -o json | jq -r .id

    # The last hour and what follows, in another account
    tocsin tail --since 1h --account acme`
}

// query says what the stream is to tell.
func (c *tailCmd) query(ctx context.Context, hub *client.Client) (url.Values, error) {
	if c.Integration != "" && !c.Events && !c.Deliveries && !c.Mailbox {
		c.Deliveries, c.Mailbox = true, true // of events it says nothing
	}
	if c.Where != "" && !c.Events && (c.Deliveries || c.Mailbox) {
		return nil, usagef("--where is about events: add --events, or leave it out")
	}
	var topics []string
	for _, t := range []struct {
		name string
		on   bool
	}{{"events", c.Events || !c.Deliveries && !c.Mailbox}, {"deliveries", c.Deliveries}, {"mailbox", c.Mailbox}} {
		if t.on {
			topics = append(topics, t.name)
		}
	}
	q := url.Values{"topics": {strings.Join(topics, ",")}}
	for _, t := range c.Type {
		if err := event.TypeFilter(t).Check(); err != nil {
			return nil, usagef("--type: %w", err)
		}
	}
	if _, ok := event.ParseSeverity(c.MinSeverity); c.MinSeverity != "" && !ok {
		return nil, usagef("--min-severity %q is none of info, low, medium, high and critical", c.MinSeverity)
	}
	setAll(q, "types", strings.Join(c.Type, ","), "min_severity", strings.ToLower(c.MinSeverity), "project", c.Project, "where", c.Where)
	if err := setTime(q, "since", "since", c.Since); err != nil {
		return nil, err
	}
	if c.Integration != "" {
		r, _, err := findIntegration(ctx, hub, c.Integration)
		if err != nil {
			return nil, err
		}
		q.Set("integration", r.ID)
	}
	return q, nil
}

// Run follows the stream.
func (c *tailCmd) Run(ctx context.Context, p *Process) error {
	var timeout time.Duration
	if c.For != "" {
		var err error
		if timeout, err = time.ParseDuration(c.For); err != nil || timeout <= 0 {
			return usagef("--for %q is no time: it looks like 30s or 5m", c.For)
		}
	}
	if c.Limit < 0 {
		return usagef("--limit must not be negative")
	}
	return c.with(p, func(hub *client.Client) error {
		q, err := c.query(ctx, hub)
		if err != nil {
			return err
		}
		w := &tailWriter{p: p, limit: c.Limit, wrapped: strings.Contains(q.Get("topics"), ","), colour: p.colours(), names: nameList{}}
		w.json = c.Output == "json"
		if !w.json && (c.Deliveries || c.Mailbox) {
			w.names = integrationNames(ctx, hub)
		}
		return c.follow(ctx, p, hub, timeout, client.Following{
			Path: "/api/v1/stream?" + q.Encode(), Message: w.message,
			Again: func(err error, pause time.Duration) {
				p.note("tocsin: %s; connecting again in %s\n", line(err.Error()), pause.Round(time.Second))
			},
		})
	})
}

// errTime ends a tail whose time is over.
var errTime = errors.New("the time is over")

// follow ends without an error where somebody asked for the end.
func (c *tailCmd) follow(ctx context.Context, p *Process, hub *client.Client, timeout time.Duration, f client.Following) error {
	whole := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errTime)
		defer cancel()
	}
	err := hub.Follow(ctx, f)
	switch {
	case errors.Is(err, errTime) && c.Limit > 0:
		return fmt.Errorf("after %s there were fewer than %d", c.For, c.Limit)
	case errors.Is(err, errTime), whole.Err() != nil, errors.Is(err, errClosedOutput):
		return nil
	}
	return err
}

// errClosedOutput: nobody reads what is printed any more.
var errClosedOutput = errors.New("the output was closed")

// tailWriter prints messages.
type tailWriter struct {
	p       *Process
	json    bool
	wrapped bool // more than one topic: lines of JSON say which
	colour  bool
	limit   int // 0 is none
	printed int
	names   nameList
}

// message prints one.
func (w *tailWriter) message(m client.Message) error {
	var text []byte
	switch m.Name {
	case "event", "delivery", "mailbox":
		var err error
		if text, err = w.line(m); err != nil {
			return err
		}
	case "lost":
		w.lost(m.Data)
		return nil
	case "end":
		var end struct{ Reason string }
		if json.Unmarshal(m.Data, &end) == nil {
			w.p.note("tocsin: the hub ends the stream: %s\n", line(end.Reason))
		}
		return nil
	default:
		return nil // of a newer hub
	}
	if _, err := w.p.Stdout.Write(append(text, '\n')); err != nil {
		return errClosedOutput
	}
	if w.printed++; w.limit > 0 && w.printed >= w.limit {
		return client.ErrStop
	}
	return nil
}

func (w *tailWriter) lost(data []byte) {
	var gap struct {
		Topic string
		Count uint64
	}
	if json.Unmarshal(data, &gap) != nil {
		return
	}
	if gap.Count == 0 {
		w.p.note("tocsin: some %s are missing here: the journal does not have them any more\n", shown(gap.Topic))
		return
	}
	w.p.note("tocsin: up to %d %s are missing here: this side was too slow\n", gap.Count, shown(gap.Topic))
}

// line is a message as one line.
func (w *tailWriter) line(m client.Message) ([]byte, error) {
	if w.json {
		var out bytes.Buffer
		if err := json.Compact(&out, m.Data); err != nil {
			return nil, fmt.Errorf("a message of the stream is no JSON: %w", err)
		}
		text := visibleJSON(out.Bytes())
		if w.wrapped {
			text = fmt.Appendf(nil, `{"topic":%q,"data":%s}`, m.Name, text)
		}
		return text, nil
	}
	if m.Name == "event" {
		var e tailEvent
		if err := json.Unmarshal(m.Data, &e); err != nil {
			return nil, fmt.Errorf("a message of the stream is no event: %w", err)
		}
		return []byte(e.text(w.colour)), nil
	}
	var d deliveryRow
	if err := json.Unmarshal(m.Data, &d); err != nil {
		return nil, fmt.Errorf("a message of the stream is no delivery: %w", err)
	}
	if m.Name == "mailbox" {
		return []byte(mailboxLine(&d, w.names, w.colour)), nil
	}
	return []byte(deliveryLine(&d, w.names, w.colour)), nil
}
