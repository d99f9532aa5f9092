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
		Ownership:        "The payload is HEC's envelope around Tocsin's own, or around a profile of your choice; the index is yours.",
		DocsURL:          "https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data",
		Readme:           readme,
		ConfirmsDelivery: false, // 200 comes before the event is in the index; see Connector.Grade
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
	acks     *acks // nil: what Splunk takes counts as delivered
}

var (
	_ connector.BatchSender = (*Connector)(nil)
	_ connector.Batcher     = (*Connector)(nil)
	_ connector.BatchWaiter = (*Connector)(nil)
	_ connector.Tester      = (*Connector)(nil)
	_ connector.Pipeliner   = (*Connector)(nil)
	_ connector.Grader      = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	client, err := s.Connection.Open(env.HTTP.Masking([]string{s.token(), s.Token.Reveal(), s.ClientKey.Reveal()}))
	if err != nil {
		return nil, err
	}
	format := newFormatter(s)
	if err := format.use(&s.Payload, env); err != nil {
		return nil, err
	}
	c := &Connector{settings: s, client: client, now: env.Now, format: format, version: env.Version}
	if s.Ack.Mode == ackOn {
		c.acks = newAcks(c, channelOf(env.Account, env.Integration), s.Ack.Interval, s.Ack.Timeout)
	}
	return c, nil
}

// BatchLimits are the settings' own.
func (c *Connector) BatchLimits() (events, bytes int) {
	return c.settings.Batch.MaxEvents, int(c.settings.Batch.MaxBytes)
}

// BatchWait is the settings' own.
func (c *Connector) BatchWait() time.Duration { return c.settings.Batch.MaxWait }

// BatchesInFlight lets several batches wait for their acknowledgement at once.
func (c *Connector) BatchesInFlight() int {
	if c.acks == nil {
		return 0
	}
	return maxUnacked
}

// Grade is confirmed when Splunk acknowledges what it has indexed.
func (c *Connector) Grade() connector.Grade {
	if c.acks == nil {
		return connector.Accepted
	}
	return connector.Confirmed
}

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// SendBatch posts events in one request, and waits until they are indexed if acknowledgement is on.
func (c *Connector) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	p := &post{c: c, ds: ds}
	var err error
	if c.acks != nil {
		err = c.acks.send(ctx, p)
	} else {
		err = p.send(ctx)
	}
	if len(p.refused) == len(ds) {
		return p.refused
	}
	return p.refused.Rest(len(ds), err)
}

// post is one batch on its way. What the profile cannot write of it is refused, and the rest is sent.
type post struct {
	c       *Connector
	ds      []connector.Delivery
	refused connector.Rejected
}

// sent is how many events the request holds, once it is made.
func (p *post) sent() int { return len(p.ds) - len(p.refused) }

// send posts the batch.
func (p *post) send(ctx context.Context) error {
	req, release, err := p.request()
	if err != nil {
		return err
	}
	resp, err := p.c.client.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("posting to Splunk: %w", err) // the buffers are left to the transport
	}
	release(resp)
	return judge(resp, p.sent(), p.c.now())
}

// request makes the request. Release gives its buffers back, as far as the answer says that nothing holds them.
func (p *post) request() (req *httpkit.Request, release func(*httpkit.Response), err error) {
	b := bodies.Get()
	if p.refused, err = p.c.format.write(b, p.ds); err != nil {
		return nil, nil, connector.Permanent(fmt.Errorf("compressing for Splunk: %w", err))
	}
	if p.sent() == 0 {
		return nil, nil, p.refused
	}
	req = p.c.request(http.MethodPost)
	req.Body, req.Plain = b.Bytes(), b.Plain
	if p.c.settings.Gzip {
		req.Header["Content-Encoding"] = []string{"gzip"}
	}
	return req, func(resp *httpkit.Response) {
		if resp.Released {
			b.Release()
		}
	}, nil
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
// token may write to the index shows only when an event is sent. With acknowledgement on it asks for one as well.
func (c *Connector) Test(ctx context.Context) error {
	req := c.request(http.MethodPost)
	if c.acks != nil {
		req.Header[channelHeader] = []string{c.acks.channel}
	}
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("reaching Splunk: %w", err)
	}
	if err := judgeTest(resp, c.now()); err != nil || c.acks == nil {
		return err
	}
	return c.acks.test(ctx)
}
