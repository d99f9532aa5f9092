package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// etag is the ETag of a version.
func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// exchange is a request or an answer as a test shows it.
type exchange struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// print writes it as it was on the wire, about.
func (x *exchange) print(p *Process) {
	if x.Method != "" {
		p.say("%s %s\n", line(x.Method), line(x.URL))
	} else {
		p.say("%d %s\n", x.Status, http.StatusText(x.Status))
	}
	for _, name := range slices.Sorted(maps.Keys(x.Headers)) {
		p.say("%s: %s\n", line(name), line(x.Headers[name]))
	}
	if x.Body != "" {
		p.say("\n%s\n", lines(x.Body))
	}
}

// lines is line for a text of several lines.
func lines(text string) string {
	parts := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	for i := range parts {
		parts[i] = line(strings.TrimSuffix(parts[i], "\r"))
	}
	return strings.Join(parts, "\n")
}

// testRow is what a test found.
type testRow struct {
	OK        bool      `json:"ok"`
	Request   *exchange `json:"request"`
	Response  *exchange `json:"response"`
	Error     string    `json:"error"`
	LatencyMS float64   `json:"latency_ms"`
	Grade     string    `json:"grade"`
	Notes     []string  `json:"notes"`
}

// integrationsTestCmd tests an integration.
type integrationsTestCmd struct {
	hubFlags
	viewFlags

	Which   string `arg:"" name:"integration" help:"Its id, its name, or kind/name."`
	Send    string `placeholder:"TYPE" help:"Send a sample of this type, marked as a test, instead of only proving the credentials."`
	Verbose bool   `short:"v" help:"Show the request and the answer, too; secrets are masked."`
}

// Help is the long help.
func (*integrationsTestCmd) Help() string {
	return `Without --send nobody is alerted: the connector only proves that its credentials work. Exit code 1 means that the test
failed.

Examples:

    tocsin integrations test "SOC webhook"

    # A message that people will see, and what was said about it
    tocsin integrations test "SOC webhook" --send alert.created -v`
}

// Run tests it.
func (c *integrationsTestCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, _, err := findIntegration(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		result, raw, err := testIntegration(ctx, hub, r.ID, c.Send)
		if err != nil {
			return err
		}
		if err := c.show(p, raw, func() error { c.print(p, &r, &result); return nil }); err != nil {
			return err
		}
		if !result.OK {
			return errors.New("the test failed: " + result.Error)
		}
		return nil
	})
}

func testIntegration(ctx context.Context, hub *client.Client, id, kind string) (testRow, []byte, error) {
	in := map[string]string{}
	if kind != "" {
		in["event_type"] = kind
	}
	return request[testRow](ctx, hub, http.MethodPost, below(integrationsPath, id, "test"), in)
}

func (c *integrationsTestCmd) print(p *Process, r *integrationRow, t *testRow) {
	if c.Verbose {
		for _, x := range []*exchange{t.Request, t.Response} {
			if x != nil {
				x.print(p)
				p.say("\n")
			}
		}
	}
	if t.OK {
		p.say("%s works (%s, %.0f ms)\n", shown(r.Name), t.Grade, t.LatencyMS)
	}
	for _, n := range t.Notes {
		p.say("%s\n", line(n))
	}
}

// integrationsPreviewCmd previews a request.
type integrationsPreviewCmd struct {
	hubFlags
	viewFlags

	Which string `arg:"" name:"integration" help:"Its id, its name, or kind/name."`
	Type  string `placeholder:"TYPE" default:"alert.created" help:"The catalogue's sample of this type."`
	Event string `placeholder:"ID|FILE" help:"Instead: an event that the hub has (evt_…), a file with one, or - for standard input."`
}

// Help is the long help.
func (*integrationsPreviewCmd) Help() string {
	return `Nothing is sent. It says, too, whether the subscription wants the event.

Examples:

    tocsin integrations preview "SOC webhook" --type incident.created
    tocsin integrations preview "SOC webhook" --event evt_01kmb7a2v4e9zr6x3q8w5t0ysd
    tocsin events sample alert.created | tocsin integrations preview "SOC webhook" --event -`
}

// Run previews it.
func (c *integrationsPreviewCmd) Run(ctx context.Context, p *Process) error {
	in, err := c.input(p)
	if err != nil {
		return err
	}
	return c.with(p, func(hub *client.Client) error {
		r, _, err := findIntegration(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		preview, raw, err := request[struct {
			Request *exchange `json:"request"`
			Wanted  bool      `json:"wanted"`
			Why     string    `json:"why"`
			Notes   []string  `json:"notes"`
		}](ctx, hub, http.MethodPost, below(integrationsPath, r.ID, "preview"), in)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			if preview.Request != nil {
				preview.Request.print(p)
			}
			for _, n := range preview.Notes {
				p.note("%s\n", line(n))
			}
			if !preview.Wanted {
				p.note("%s would not get this event: %s\n", shown(r.Name), line(preview.Why))
			}
			return nil
		})
	})
}

func (c *integrationsPreviewCmd) input(p *Process) (map[string]any, error) {
	switch {
	case c.Event == "":
		return map[string]any{"event_type": c.Type}, nil
	case strings.HasPrefix(c.Event, "evt_"):
		return map[string]any{"event_id": c.Event}, nil
	}
	text, err := p.readAll(c.Event)
	if err != nil {
		return nil, usageError{err}
	}
	if !json.Valid(text) {
		return nil, usagef("%s is not one event as JSON", c.Event)
	}
	return map[string]any{"event": json.RawMessage(text)}, nil
}

// milliseconds writes a time for people.
func milliseconds(ms float64) string {
	switch {
	case ms <= 0:
		return ""
	case ms < 10:
		return fmt.Sprintf("%.1fms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.0fms", ms)
	}
	return fmt.Sprintf("%.1fs", ms/1000)
}
