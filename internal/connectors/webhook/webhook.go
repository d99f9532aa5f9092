// Package webhook delivers events to any HTTP receiver: one event a request or many, signed in two ways, with the
// receiver's own headers.
package webhook

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/hook"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
)

//go:embed README.md
var readme string

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:     "webhook",
		Title:    "Webhook",
		Summary:  "Posts events to any HTTP endpoint, signed, one at a time or in batches.",
		Category: "webhook",
		Auth: "Any headers, secret or not; HMAC-SHA256 and Ed25519 signatures with two live secrets and keys, also as " +
			"Standard Webhooks; mutual TLS.",
		Retry: "408, 425, 429, 5xx and network faults are tried again; 410 disables the integration; every attempt " +
			"has the same webhook-id, so that a receiver can drop duplicates.",
		Ownership:        "The payload is Tocsin's own envelope, or a profile of your choice; the receiver is yours.",
		DocsURL:          "https://www.standardwebhooks.com/",
		Readme:           readme,
		ConfirmsDelivery: true,
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// Connector is one opened webhook integration.
type Connector struct {
	settings *Settings
	client   *httpkit.Client
	now      func() time.Time
	body     body
	profile  payload.Profile
	sign     *hook.Signer
	requests sync.Pool // of *outgoing
}

var (
	_ connector.Sender        = (*Connector)(nil)
	_ connector.BatchSender   = (*Connector)(nil)
	_ connector.EngineChooser = (*Connector)(nil)
	_ connector.Batcher       = (*Connector)(nil)
	_ connector.BatchWaiter   = (*Connector)(nil)
	_ connector.Tester        = (*Connector)(nil)
	_ connector.Noter         = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	client, err := s.Connection.Open(env.HTTP.Masking(s.secrets()))
	if err != nil {
		return nil, err
	}
	sign, err := hook.NewSigner(s.SigningSecret, s.PreviousSecret)
	if err != nil {
		return nil, err
	}
	if err := sign.AddKeys(s.SigningKey, s.PreviousKey); err != nil {
		return nil, err
	}
	write, profile, err := s.Payload.Open(env)
	if err != nil {
		return nil, fmt.Errorf("opening the payload profile: %w", err)
	}
	c := &Connector{settings: s, client: client, now: env.Now, profile: profile, sign: sign}
	c.body = body{format: s.Format, array: profile.AlwaysArray, write: write}
	c.requests.New = func() any { return newOutgoing(s, profile, env.Version) }
	return c, nil
}

// UsesBatch says whether several events go in one request.
func (c *Connector) UsesBatch() bool { return c.settings.Format != formatObject }

// BatchLimits are the settings' own.
func (c *Connector) BatchLimits() (events, bytes int) {
	return c.settings.Batch.MaxEvents, int(c.settings.Batch.MaxBytes)
}

// BatchWait is the settings' own.
func (c *Connector) BatchWait() time.Duration { return c.settings.Batch.MaxWait }

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// Send posts one event.
func (c *Connector) Send(ctx context.Context, d connector.Delivery) error {
	o := c.requests.Get().(*outgoing)
	if err := o.one(&c.body, d); err != nil {
		c.requests.Put(o)
		return connector.Unwritable(c.profile.Name, err)
	}
	return c.post(ctx, o, d.Key, d.Record.Type)
}

// SendBatch posts many events in one request, which fails or succeeds as a whole; events that the payload profile cannot
// hold are left out of it. With format object there is no such request: then each event is posted by itself.
func (c *Connector) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	if !c.UsesBatch() {
		return c.sendEach(ctx, ds)
	}
	o := c.requests.Get().(*outgoing)
	refused := connector.Rejected(o.many(&c.body, ds))
	for i, err := range refused {
		refused[i] = connector.Unwritable(c.profile.Name, err)
	}
	if len(refused) == len(ds) {
		c.requests.Put(o)
		return refused
	}
	return refused.Rest(len(ds), c.post(ctx, o, batchID(ds), batchType(ds)))
}

func (c *Connector) sendEach(ctx context.Context, ds []connector.Delivery) error {
	failed := connector.Rejected{}
	for i := range ds {
		err := c.Send(ctx, ds[i])
		switch {
		case err == nil:
		case len(ds) == 1:
			return err
		default:
			failed[i] = err
		}
	}
	if len(failed) > 0 {
		return failed
	}
	return nil
}

// post signs and sends what o holds.
func (c *Connector) post(ctx context.Context, o *outgoing, id, eventType string) error {
	o.address(id, eventType, c.now().Unix())
	o.signed(c.sign)
	resp, err := c.client.Do(ctx, &o.request)
	if err != nil {
		return fmt.Errorf("posting to the webhook: %w", err) // o is left to the transport, which may still read it
	}
	if resp.Released {
		c.requests.Put(o)
	}
	if err := connector.ClassifyStatus(resp, c.now()); err != nil {
		return fmt.Errorf("the webhook's receiver %w", err)
	}
	return nil
}

// Test sends OPTIONS with the headers of a delivery, the signature included, and no event. OPTIONS is safe (RFC 9110
// §9.2.1), so that it alerts nobody, and still proves the way there, TLS and, where the receiver checks them for this
// method too, the credentials. Most receivers do not implement OPTIONS: an answer that says so is a success.
func (c *Connector) Test(ctx context.Context) error {
	o := newOutgoing(c.settings, c.profile, "")
	o.request.Method = http.MethodOptions
	delete(o.request.Header, "User-Agent")
	delete(o.request.Header, "Content-Type")
	o.address("test", "test", c.now().Unix())
	o.signed(c.sign)
	resp, err := c.client.Do(ctx, &o.request)
	if err != nil {
		return fmt.Errorf("reaching the webhook: %w", err)
	}
	return judgeTest(resp, c.now())
}

// Notes say which signatures a request carries, and the public keys to give to the receiver.
func (c *Connector) Notes() []string {
	if c.sign.Off() {
		return []string{"Requests are not signed: the receiver cannot tell who sent them. A secret can be set at any time; a receiver that does not check signatures yet is not disturbed."}
	}
	var notes []string
	if c.sign.Secrets() > 0 {
		notes = append(notes, c.sign.Note(c.settings.SignatureHeader))
	}
	if header := c.settings.bodyHeader(); header != "" && c.sign.Secrets() > 0 {
		notes = append(notes, "The signature over the body alone is in "+header+".")
	}
	for _, key := range c.sign.PublicKeys() {
		notes = append(notes, "Requests carry an Ed25519 signature, as v1a in webhook-signature, that this public key verifies: "+key)
	}
	return notes
}
