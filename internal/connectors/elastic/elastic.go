// Package elastic delivers events to Elasticsearch 8 and 9 and to OpenSearch 2 and 3, through the bulk API, which both
// have: documents in the Elastic Common Schema, each under its event's id, so that an event that is sent twice is there
// once.
package elastic

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

//go:embed README.md
var readme string

// maxAnswer bounds what is read of an answer (16 MiB): it has some 250 bytes for each event of a batch, and more for those
// that were refused.
const maxAnswer = 16 << 20

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:     "elastic",
		Title:    "Elasticsearch, OpenSearch",
		Summary:  "Writes events to a data stream or an index of Elasticsearch or OpenSearch, in compressed batches.",
		Category: "siem",
		Auth:     "An API key, or a user name and a password.",
		Retry: "Each event of a batch has its own answer: one that is not taken for now is tried again alone, one that never will be is " +
			"put aside with the reason. The document's id is the event's, so that an event is there once however often it is sent.",
		Ownership:        "The document is the event in the Elastic Common Schema, or in another profile of your choice; the index is yours.",
		DocsURL:          "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk",
		Readme:           readme,
		ConfirmsDelivery: true, // the answer comes when the operation is in the translog of the primary and its replicas
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// Connector is one opened integration.
type Connector struct {
	settings *Settings
	client   *httpkit.Client
	now      func() time.Time
	format   *formatter
	base     string // the URL that paths are put behind
	bulk     string // the URL that batches are posted to
	auth     string // the header Authorization; empty: none
	version  string
	// fits is the size of a body that the other side took for too large, in bytes before compression; 0: none was.
	fits atomic.Int64

	mu        sync.Mutex
	installed bool     // the index template is there
	about     []string // what Test has found out
}

var (
	_ connector.BatchSender = (*Connector)(nil)
	_ connector.Batcher     = (*Connector)(nil)
	_ connector.BatchWaiter = (*Connector)(nil)
	_ connector.Tester      = (*Connector)(nil)
	_ connector.Noter       = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	maker := env.HTTP.Masking(s.secrets())
	client, err := maker.Client(httpkit.Options{
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, InsecureSkipVerify: !s.VerifyTLS,
		CAPEM: s.CABundle, ClientCertPEM: s.ClientCert, ClientKeyPEM: s.ClientKey, MaxBody: maxAnswer,
	})
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	base, err := s.base()
	if err != nil {
		return nil, err
	}
	index, err := parseIndex(s.Index)
	if err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	write, profile, err := s.Payload.Open(env)
	if err != nil {
		return nil, fmt.Errorf("opening the payload profile: %w", err)
	}
	c := &Connector{
		settings: s, client: client, now: env.Now, base: base, bulk: base + "/_bulk", auth: s.authorization(), version: env.Version,
		format: &formatter{index: index, gzip: s.Gzip, profile: profile, write: write},
	}
	if s.Pipeline != "" {
		c.bulk += "?pipeline=" + url.QueryEscape(s.Pipeline)
	}
	return c, nil
}

// BatchLimits are the settings' own.
func (c *Connector) BatchLimits() (events, bytes int) {
	return c.settings.Batch.MaxEvents, int(c.settings.Batch.MaxBytes)
}

// BatchWait is the settings' own.
func (c *Connector) BatchWait() time.Duration { return c.settings.Batch.MaxWait }

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// SendBatch writes events with one request, or with several if one is too large for the other side.
func (c *Connector) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	if err := c.install(ctx); err != nil {
		return err
	}
	return c.send(ctx, ds)
}

// send writes events with one request. What the profile cannot write of them is refused, and the rest is sent.
func (c *Connector) send(ctx context.Context, ds []connector.Delivery) error {
	b := bodies.Get()
	refused, err := c.format.fill(b, ds)
	if err != nil {
		return connector.Permanent(fmt.Errorf("compressing for the bulk API: %w", err))
	}
	size := int64(len(b.Plain))
	switch fits := c.fits.Load(); {
	case len(refused) == len(ds):
		b.Release()
		return refused
	case len(ds) > 1 && fits > 0 && size >= fits:
		b.Release()
		return c.halve(ctx, ds)
	}
	req := c.request(http.MethodPost, c.bulk)
	req.Body, req.Plain = b.Bytes(), b.Plain
	req.Header["Content-Type"] = []string{"application/x-ndjson"}
	if c.settings.Gzip {
		req.Header["Content-Encoding"] = []string{"gzip"}
	}
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("posting to the bulk API: %w", err) // the buffers are left to the transport
	}
	if resp.Released {
		b.Release()
	}
	if resp.Status == http.StatusRequestEntityTooLarge {
		if len(ds) == 1 { // it is the event's own fault, and not that of its neighbours in a batch that was halved
			return connector.Rejected{0: judgeWhole(resp, c.now())}
		}
		c.fits.Store(size)
		return c.halve(ctx, ds)
	}
	return refused.Rest(len(ds), judge(resp, idsOf(ds, refused), c.now()))
}

// halve sends a batch as two. What comes of the second half never undoes what was taken of the first.
func (c *Connector) halve(ctx context.Context, ds []connector.Delivery) error {
	failed := connector.Rejected{}
	middle := len(ds) / 2
	whole := c.half(ctx, ds[:middle], 0, failed)
	if whole == nil {
		whole = c.half(ctx, ds[middle:], middle, failed)
	} else {
		for i := middle; i < len(ds); i++ {
			failed[i] = whole // not tried: it would meet the same
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(failed) == len(ds) && whole != nil:
		return whole // nothing was taken
	}
	return failed
}

// half sends a part of a batch that begins at from, and notes what failed of it. Its error is one about all of the part.
func (c *Connector) half(ctx context.Context, ds []connector.Delivery, from int, failed connector.Rejected) error {
	err := c.send(ctx, ds)
	if err == nil {
		return nil
	}
	if rejected, some := connector.IsRejected(err); some {
		for i, why := range rejected {
			failed[from+i] = why
		}
		return nil
	}
	for i := range ds {
		failed[from+i] = err
	}
	return err
}

// request is a request with what all have in common.
func (c *Connector) request(method, target string) *httpkit.Request {
	h := http.Header{"Accept": {"application/json"}}
	if c.auth != "" {
		h["Authorization"] = []string{c.auth}
	}
	if c.version != "" {
		h["User-Agent"] = []string{"Tocsin/" + c.version}
	}
	return &httpkit.Request{Method: method, URL: target, Header: h}
}
