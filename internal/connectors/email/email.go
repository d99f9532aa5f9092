// Package email sends events as mails over SMTP: a mail for each event, summaries of many, and digests. What a mail says is
// made by pure functions (compose), as are its bytes (writer); session is the thin shell that speaks SMTP.
package email

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/egress"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

//go:embed README.md
var readme string

// Definition is the catalogue entry.
func Definition() connector.Definition {
	return connector.Define(connector.Kind{
		Name:     "email",
		Title:    "E-mail",
		Summary:  "Sends events, summaries and digests by e-mail (SMTP).",
		Category: "email",
		Auth:     "A user name and password (PLAIN, LOGIN, CRAM-MD5) or an OAuth 2.0 access token (XOAUTH2), over TLS.",
		Retry: "4xx replies, 421 and network faults are tried again with the same Message-ID; 5xx end in the mailbox. " +
			"Recipients who have a mail do not get it again because of others who do not.",
		Ownership: "The mail holds the event's facts, for people; it is as confidential as the mailboxes that it goes to.",
		DocsURL:   "https://www.rfc-editor.org/rfc/rfc5321",
		Readme:    readme,
	}, open)
}

// Connector is one opened e-mail integration.
type Connector struct {
	settings  *Settings
	route     *route
	writer    *writer
	pool      *pool
	state     connector.State
	http      *httpkit.Maker // masks and explains
	publicURL string
	now       func() time.Time
	log       *slog.Logger
}

var (
	_ connector.Sender        = (*Connector)(nil)
	_ connector.BatchSender   = (*Connector)(nil)
	_ connector.EngineChooser = (*Connector)(nil)
	_ connector.Batcher       = (*Connector)(nil)
	_ connector.BatchWaiter   = (*Connector)(nil)
	_ connector.Tester        = (*Connector)(nil)
	_ connector.Noter         = (*Connector)(nil)
	_ connector.Digester      = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	conf, err := s.TLS()
	if err != nil {
		return nil, fmt.Errorf("reading the TLS settings: %w", err)
	}
	w, err := newWriter(s, string(env.Account), env.Integration, env.Version)
	if err != nil {
		return nil, err
	}
	helo := s.Helo
	if helo == "" {
		helo = domainOf(w.from.Address)
	}
	address := net.JoinHostPort(s.Host, strconv.Itoa(s.port()))
	return &Connector{
		settings: s, writer: w, pool: newPool(s.Connections), state: env.State, http: env.HTTP.Masking(s.secrets()),
		publicURL: env.PublicURL, now: env.Now, log: env.Log,
		route: &route{
			host: s.Host, address: address, security: s.Security, helo: helo, tls: egress.TLS(conf, s.Host),
			connect: s.ConnectTimeout, dial: env.Dial,
		},
	}, nil
}

// secrets are all texts that a server may repeat and nothing may show: the password, and what is said to the server to
// prove it.
func (s *Settings) secrets() []string {
	password := s.Password.Reveal()
	if password == "" {
		return []string{s.ClientKey.Reveal()}
	}
	return []string{
		password, s.ClientKey.Reveal(), "\x00" + s.Username + "\x00" + password,
		"user=" + s.Username + "\x01auth=Bearer " + password + "\x01\x01",
	}
}

func (c *Connector) mask(text string) string { return c.http.MaskText(text) }

// UsesBatch says whether one mail tells of many events.
func (c *Connector) UsesBatch() bool { return c.settings.Mode == modeSummary }

// BatchLimits are the settings' own.
func (c *Connector) BatchLimits() (events, bytes int) {
	return c.settings.Batch.MaxEvents, int(c.settings.Batch.MaxBytes)
}

// BatchWait is the settings' own.
func (c *Connector) BatchWait() time.Duration { return c.settings.Batch.MaxWait }

// Digests are the settings' own.
func (c *Connector) Digests() []connector.DigestSchedule { return c.settings.Digest.schedules() }

// Notes say what is not safe.
func (c *Connector) Notes() []string {
	if c.settings.Security != securityNone {
		return nil
	}
	if c.settings.Username != "" && c.settings.Auth != authCRAMMD5 {
		return []string{"Without TLS, mails and the password travel in clear text."}
	}
	return []string{"Without TLS, mails travel in clear text."}
}

// Close takes leave of the server.
func (c *Connector) Close() { c.pool.close() }

// Send sends one event as a mail.
func (c *Connector) Send(ctx context.Context, d connector.Delivery) error {
	e, err := d.Record.Event()
	if err != nil {
		return connector.Permanent(fmt.Errorf("reading the event: %w", err))
	}
	return c.mail(ctx, compose(d.Record, &e, c.publicURL), d.Key, []string{d.Key})
}

// SendBatch sends one mail that has a row for each event. What is for this integration alone, such as a digest, is a mail
// of its own. With mode each there are no batches: then each event is a mail.
func (c *Connector) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	var many []int
	failed := connector.Rejected{}
	for i := range ds {
		if c.UsesBatch() && !event.Addressed(ds[i].Record.Type) {
			many = append(many, i)
			continue
		}
		if err := c.Send(ctx, ds[i]); err != nil {
			failed[i] = err
		}
	}
	if err := c.summary(ctx, ds, many); err != nil {
		if len(many) == len(ds) {
			return err
		}
		for _, i := range many {
			failed[i] = err
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(ds) == 1:
		return failed[0]
	}
	return failed
}

// summary sends one mail about the deliveries at the given places.
func (c *Connector) summary(ctx context.Context, all []connector.Delivery, at []int) error {
	switch len(at) {
	case 0:
		return nil
	case 1:
		return c.Send(ctx, all[at[0]])
	}
	ds := make([]connector.Delivery, len(at))
	events := make([]event.Event, len(at))
	keys := make([]string, len(at))
	h := sha256.New()
	for i, from := range at {
		ds[i], keys[i] = all[from], all[from].Key
		h.Write([]byte(keys[i] + "\x00"))
		var err error
		if events[i], err = ds[i].Record.Event(); err != nil {
			return connector.Permanent(fmt.Errorf("reading an event of the summary: %w", err))
		}
	}
	key := "sum_" + hex.EncodeToString(h.Sum(nil)[:16])
	return c.mail(ctx, composeSummary(ds, events, c.publicURL), key, keys)
}

// mail sends a letter to all recipients who have not got it yet. key is what the message is known by, keys are the
// deliveries that it is about.
func (c *Connector) mail(ctx context.Context, l *letter, key string, keys []string) error {
	m, err := c.writer.write(l, key, c.now())
	if err != nil {
		return connector.Permanent(err)
	}
	x := httpkit.ExchangeOf(ctx)
	if c.record(x, m); x != nil && x.DryRun {
		return httpkit.ErrDryRun
	}
	got, err := c.recall(ctx, keys)
	if err != nil {
		return fmt.Errorf("looking up who has got the mail: %w", err)
	}
	to := got.missing(m.recipients)
	if len(to) == 0 {
		return nil // an attempt that nobody heard the end of had reached them all
	}
	start := time.Now() // a duration is measured by the monotonic clock, not by the hub's
	list, err := c.transact(ctx, m, to)
	if err != nil && !errors.Is(err, errAborted) {
		err = classify(c.describe(err))
	} else {
		err = c.conclude(ctx, keys, got, to, list)
	}
	c.answer(x, err, time.Since(start))
	return err
}

// transact sends a message over a connection that is open already, or over a new one.
func (c *Connector) transact(ctx context.Context, m *message, to []string) ([]refusal, error) {
	s, err := c.pool.take(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.settings.RequestTimeout,
		&httpkit.TimeoutError{Phase: "request", After: c.settings.RequestTimeout})
	defer cancel()
	if s != nil && s.reset(ctx) != nil {
		s.close()
		s = nil
	}
	if s == nil {
		if s, err = c.begin(ctx); err != nil {
			c.pool.drop(nil)
			return nil, err
		}
	}
	list, err := s.send(ctx, m.from, to, m.bytes)
	if err != nil && !errors.Is(err, errAborted) {
		c.pool.drop(s)
		return nil, err
	}
	c.pool.give(s)
	return list, err
}

// conclude judges a transaction of which some recipients may have been refused, and remembers who got the mail if there is
// to be another one.
func (c *Connector) conclude(ctx context.Context, keys []string, got recipients, to []string, list []refusal) error {
	if len(list) == 0 {
		c.forget(ctx, keys, got)
		return nil
	}
	for i := range list {
		list[i].err = &masked{text: c.mask(list[i].err.Error()), err: list[i].err}
	}
	before := len(got)
	got.add(to, list)
	err := refused(list, len(got))
	if len(got) > before {
		c.remember(ctx, keys, got)
		c.log.Warn("some recipients did not get a mail", slog.Any("error", err))
	}
	return err
}

// Test connects, authenticates and names sender and recipients, and then takes it all back: nothing is sent.
func (c *Connector) Test(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.settings.RequestTimeout,
		&httpkit.TimeoutError{Phase: "request", After: c.settings.RequestTimeout})
	defer cancel()
	start := time.Now() // a duration is measured by the monotonic clock, not by the hub's
	x := httpkit.ExchangeOf(ctx)
	c.record(x, &message{from: c.writer.from.Address, recipients: c.writer.recipients()})
	err := c.try(ctx)
	c.answer(x, err, time.Since(start))
	return err
}

func (c *Connector) try(ctx context.Context) error {
	s, err := c.begin(ctx)
	if err != nil {
		return classify(c.describe(err))
	}
	defer s.close()
	to := c.writer.recipients()
	list, err := s.address(ctx, c.writer.from.Address, to)
	if err != nil {
		return classify(c.describe(err))
	}
	if err := s.reset(ctx); err != nil {
		return classify(c.describe(err))
	}
	s.quit(ctx)
	if len(list) == 0 {
		return nil
	}
	for i := range list {
		list[i].err = &masked{text: c.mask(list[i].err.Error()), err: list[i].err}
	}
	return refused(list, 0)
}
