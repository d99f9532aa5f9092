// Package responder blocks addresses by signed calls to an endpoint of one's own, which can drive any firewall.
package responder

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/hook"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

//go:embed README.md
var readme string

// Definition is the catalogue entry.
func Definition() connector.Definition {
	return connector.Define(connector.Kind{
		Name:     "responder",
		Title:    "Generic responder",
		Summary:  "Blocks addresses by signed calls to an endpoint of yours, which can drive any firewall.",
		Category: connector.CategoryResponse,
		Auth:     "HMAC-SHA256 signatures with two live secrets, also as Standard Webhooks; any headers, secret or not; mutual TLS.",
		Retry: "What the endpoint holds is read before and after each change, so nothing is asked for twice. 408, 425, 429, 5xx and " +
			"network faults are tried again; the same request has the same Idempotency-Key.",
		Ownership:        "A request holds the addresses, the blocks' ids, when they end and why; the endpoint is yours.",
		DocsURL:          "https://www.standardwebhooks.com/",
		Readme:           readme,
		ConfirmsDelivery: true,
	}, open)
}

// Limits of answers.
const (
	// maxAnswer bounds one answer, in bytes (4 MiB); a longer list goes in pages.
	maxAnswer = 4 << 20
	// maxPages bounds the pages of one list.
	maxPages = 2000
)

// Connector is one opened integration.
type Connector struct {
	settings    *Settings
	client      *httpkit.Client
	sign        *hook.Signer
	now         func() time.Time
	integration string
}

var (
	_ connector.Blocker = (*Connector)(nil)
	_ connector.Tester  = (*Connector)(nil)
	_ connector.Noter   = (*Connector)(nil)
	_ connector.Grader  = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	client, err := env.HTTP.Masking(s.secrets()).Client(httpkit.Options{
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, InsecureSkipVerify: !s.VerifyTLS,
		CAPEM: s.CABundle, ClientCertPEM: s.ClientCert, ClientKeyPEM: s.ClientKey, MaxBody: maxAnswer,
	})
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	sign, err := hook.NewSigner(s.SigningSecret, s.PreviousSecret)
	if err != nil {
		return nil, err
	}
	return &Connector{settings: s, client: client, sign: sign, now: env.Now, integration: env.Integration}, nil
}

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// BlockLimits are the settings' own.
func (c *Connector) BlockLimits() connector.BlockLimits {
	return connector.BlockLimits{
		IPv4: lengths(c.settings.WidestIPv4, 32), IPv6: lengths(c.settings.WidestIPv6, 128), Capacity: c.settings.Capacity,
		Batch: c.settings.Batch, Marks: c.settings.List && c.settings.Marks, Unverifiable: !c.settings.List,
	}
}

// lengths are those of all prefixes from the widest on; none for 0.
func lengths(widest, narrowest int) []int {
	var list []int
	for n := widest; n > 0 && n <= narrowest; n++ {
		list = append(list, n)
	}
	return list
}

// Grade: what can be read back is confirmed.
func (c *Connector) Grade() connector.Grade {
	if c.settings.List {
		return connector.Confirmed
	}
	return connector.Unverifiable
}

// Notes say what the endpoint is to check.
func (c *Connector) Notes() []string {
	notes := []string{c.sign.Note(hook.HeaderNative)}
	if !c.settings.List {
		notes = append(notes, "With list off nobody checks what is really blocked: blocks are never verified, and what is changed over there is not noticed.")
	}
	return notes
}

// Blocked reads the endpoint's list, all pages of it. With list off it proves that the endpoint is there, and gives nothing.
func (c *Connector) Blocked(ctx context.Context) (*connector.BlockSnapshot, error) {
	s := &connector.BlockSnapshot{Version: taken(c.now().UnixNano())}
	if !c.settings.List {
		return s, c.ask(ctx)
	}
	l := listing{snapshot: s, owner: c.integration, marks: c.settings.Marks}
	for cursor, page := "", 1; ; page++ {
		next, err := c.page(ctx, &l, cursor)
		switch {
		case err != nil:
			return nil, err
		case next == "":
			l.finish()
			return s, nil
		case next == cursor || page == maxPages:
			return nil, connector.Permanent(fmt.Errorf("the endpoint's list has no end: page %d leads on, at most %d are read", page, maxPages))
		}
		cursor = next
	}
}

// taken says when a snapshot was taken, in unix nanoseconds. It makes requests that were decided by it different from those
// that were decided by another one: the same block may have to be made again.
type taken int64

// page reads one page of the list.
func (c *Connector) page(ctx context.Context, l *listing, cursor string) (next string, err error) {
	resp, err := c.client.Do(ctx, c.request(call{action: actionList, cursor: cursor, taken: taken(c.now().UnixNano())}))
	if err != nil {
		return "", fmt.Errorf("reading the endpoint's list: %w", err)
	}
	if err := c.judge(resp); err != nil {
		return "", fmt.Errorf("reading the endpoint's list: %w", err)
	}
	if next, err = l.add(resp.Body); err != nil {
		return "", fmt.Errorf("reading the endpoint's list: %w", err)
	}
	return next, nil
}

// judge says what is wrong with an answer but for its body.
func (c *Connector) judge(resp *httpkit.Response) error {
	switch err := connector.ClassifyStatus(resp, c.now()); {
	case err != nil && cannotList(resp.Status) && c.settings.List:
		return fmt.Errorf("the endpoint %w; if it cannot list, switch list off", err)
	case err != nil:
		return fmt.Errorf("the endpoint %w", err)
	case resp.Truncated:
		return fmt.Errorf("the endpoint's answer is longer than %d bytes: give lists in pages", maxAnswer)
	}
	return nil
}

// cannotList says whether a status means that there is no such method or path.
func cannotList(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

// Change asks for what is to be blocked in one request, and then for what is to be let go in another.
func (c *Connector) Change(ctx context.Context, s *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error) {
	results := make([]connector.BlockResult, len(changes))
	if len(changes) > c.settings.Batch {
		return results, connector.Permanent(fmt.Errorf("%d changes at once; the endpoint takes %d", len(changes), c.settings.Batch))
	}
	at := taken(c.now().UnixNano())
	if s != nil {
		if v, ok := s.Version.(taken); ok {
			at = v
		}
	}
	for _, action := range []string{actionBlock, actionUnblock} {
		o := order{action: action, results: results}
		for i := range changes {
			if changes[i].Remove == (action == actionUnblock) {
				o.add(i, &changes[i])
			}
		}
		if len(o.changes) == 0 {
			continue
		}
		if err := c.place(ctx, &o, at); err != nil {
			return results, err
		}
	}
	return results, nil
}

// place sends one request for changes and takes in what became of them.
func (c *Connector) place(ctx context.Context, o *order, at taken) error {
	resp, err := c.client.Do(ctx, c.request(call{action: o.action, blocks: o.blocks(), taken: at}))
	if err != nil {
		if !errors.Is(err, httpkit.ErrDryRun) && !errors.Is(err, httpkit.ErrForbiddenAddress) {
			o.unknown()
		}
		return fmt.Errorf("asking the endpoint to %s: %w", o.action, err)
	}
	if err := connector.ClassifyStatus(resp, c.now()); err != nil {
		if mayBeDone(resp.Status, err) {
			o.unknown()
		}
		return fmt.Errorf("asked to %s, the endpoint %w", o.action, err)
	}
	if err := cmp.Or(c.judge(resp), o.read(resp.Body, c.client.MaskText)); err != nil {
		o.unknown()
		return fmt.Errorf("asked to %s: %w", o.action, err)
	}
	return nil
}

// mayBeDone says whether a request that got the status may have had an effect: trouble over there may come in the middle.
func mayBeDone(status int, err error) bool {
	_, throttled := connector.IsThrottled(err)
	return !throttled && (status >= 500 || status == http.StatusRequestTimeout)
}

// Test reads the first page of the list, and sends a request to block nothing, which proves that the endpoint takes such
// requests of ours.
func (c *Connector) Test(ctx context.Context) error {
	if c.settings.List {
		l := listing{snapshot: new(connector.BlockSnapshot), owner: c.integration, marks: c.settings.Marks}
		if _, err := c.page(ctx, &l, ""); err != nil {
			return err
		}
	}
	return c.ask(ctx)
}

// ask sends a request to block nothing.
func (c *Connector) ask(ctx context.Context) error {
	resp, err := c.client.Do(ctx, c.request(call{action: actionTest, blocks: []block{}, taken: taken(c.now().UnixNano())}))
	if err != nil {
		return fmt.Errorf("asking the endpoint for nothing: %w", err)
	}
	if err := connector.ClassifyStatus(resp, c.now()); err != nil {
		return fmt.Errorf("asked for nothing, the endpoint %w", err)
	}
	o := order{action: actionTest}
	if err := cmp.Or(c.judge(resp), o.read(resp.Body, c.client.MaskText)); err != nil {
		return fmt.Errorf("asked for nothing: %w", err)
	}
	return nil
}
