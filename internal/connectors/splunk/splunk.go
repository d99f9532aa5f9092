// Package splunk delivers events to the HTTP Event Collector (HEC) of Splunk Enterprise and Splunk Cloud.
package splunk

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

//go:embed README.md
var readme string

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:     "splunk",
		Title:    "Splunk",
		Summary:  "Sends events to Splunk's HTTP Event Collector, in compressed batches.",
		Category: "siem",
		Auth:     "A HEC token, in the header Authorization: Splunk <token>.",
		Retry: "408, 429, 5xx and network faults are tried again, in order; an event that Splunk calls invalid is put " +
			"aside and the rest of its batch goes again. HEC does not deduplicate: search with dedup id.",
		Ownership:        "The payload is HEC's envelope around Tocsin's own; the index is yours.",
		DocsURL:          "https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data",
		Readme:           readme,
		ConfirmsDelivery: false, // 200 comes before the event is in the index
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// Connector is one opened Splunk integration.
type Connector struct {
	settings *Settings
	client   *httpkit.Client
	now      func() time.Time
	format   *formatter
	version  string
}

var (
	_ connector.BatchSender = (*Connector)(nil)
	_ connector.Batcher     = (*Connector)(nil)
	_ connector.BatchWaiter = (*Connector)(nil)
	_ connector.Tester      = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	client, err := s.Connection.Open(env.HTTP.Masking([]string{s.token(), s.Token.Reveal(), s.ClientKey.Reveal()}))
	if err != nil {
		return nil, err
	}
	return &Connector{settings: s, client: client, now: env.Now, format: newFormatter(s), version: env.Version}, nil
}

// BatchLimits are the settings' own.
func (c *Connector) BatchLimits() (events, bytes int) {
	return c.settings.Batch.MaxEvents, int(c.settings.Batch.MaxBytes)
}

// BatchWait is the settings' own.
func (c *Connector) BatchWait() time.Duration { return c.settings.Batch.MaxWait }

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// SendBatch posts events in one request.
func (c *Connector) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	b := getBuffers()
	if err := c.format.write(b, ds); err != nil {
		return connector.Permanent(fmt.Errorf("compressing for Splunk: %w", err))
	}
	req := c.request(http.MethodPost)
	req.Body, req.Plain = b.body(), b.plain
	if c.settings.Gzip {
		req.Header["Content-Encoding"] = []string{"gzip"}
	}
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("posting to Splunk: %w", err) // the buffers are left to the transport
	}
	if resp.Released {
		putBuffers(b)
	}
	return judge(resp, len(ds), c.now())
}

func (c *Connector) request(method string) *httpkit.Request {
	h := http.Header{
		"Authorization": {"Splunk " + c.settings.token()},
		"Content-Type":  {"application/json"},
	}
	if c.version != "" {
		h["User-Agent"] = []string{"Tocsin/" + c.version}
	}
	return &httpkit.Request{Method: method, URL: c.settings.endpoint(), Header: h}
}

// Test posts an empty body to the event endpoint: HEC checks the token first and then answers "No data" (code 5), so
// that the token is proven and nothing is indexed. (The health endpoint does not need a valid token.) Whether the
// token may write to the index shows only when an event is sent.
func (c *Connector) Test(ctx context.Context) error {
	resp, err := c.client.Do(ctx, c.request(http.MethodPost))
	if err != nil {
		return fmt.Errorf("reaching Splunk: %w", err)
	}
	return judgeTest(resp, c.now())
}
