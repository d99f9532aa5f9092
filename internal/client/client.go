// Package client speaks to a hub's REST API: it is what the commands use, and what a script in Go would.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

const (
	// requestTimeout bounds one request with its answer.
	requestTimeout = 60 * time.Second
	// maxAnswer bounds an answer (32 MiB).
	maxAnswer = 32 << 20
)

// Client calls one hub. It is safe for concurrent use.
type Client struct {
	base string
	key  form.Secret
	// account is the child account to act in; empty: the key's own.
	account string
	http    *http.Client
	// after is time.After, the clock of Ingest's pauses.
	after func(time.Duration) <-chan time.Time
}

// New makes a client of the hub at base, such as http://127.0.0.1:8080, with an API key.
func New(base string, key form.Secret) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is not the URL of a hub: it looks like http://127.0.0.1:8080", base)
	}
	return &Client{
		base:  strings.TrimRight(base, "/"),
		key:   key,
		http:  &http.Client{Timeout: requestTimeout, CheckRedirect: noRedirect},
		after: time.After,
	}, nil
}

// noRedirect keeps the key from travelling to wherever a redirect points.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// In is a client that acts in an account below the key's own; "" is the key's own account. Both share connections.
func (c *Client) In(account string) *Client {
	in := *c
	in.account = account
	return &in
}

// URL is the hub's base URL without a trailing slash.
func (c *Client) URL() string { return c.base }

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Problem is an answer that is not a success (RFC 9457).
type Problem struct {
	Status int          `json:"status"`
	Title  string       `json:"title"`
	Detail string       `json:"detail"`
	Errors []FieldError `json:"errors"`
	// Rejected and RejectedTotal come with the refusal of a whole batch of events.
	Rejected      []Rejection `json:"rejected"`
	RejectedTotal int         `json:"rejected_total"`
	// Findings come with the refusal of a block by the guard.
	Findings []Finding `json:"findings"`

	// RetryAfter is the pause that the hub asks for; 0 when it named none.
	RetryAfter time.Duration `json:"-"`
}

// Finding is one reason of the guard.
type Finding struct {
	Code     string `json:"code"`
	Decision string `json:"decision"`
	Text     string `json:"text"`
}

// FieldError is what is wrong with one field of the request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is the hub's own sentence with the status.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if text == "" {
		text = http.StatusText(p.Status)
	}
	return fmt.Sprintf("the hub answered %d: %s", p.Status, text)
}

// Do sends in as JSON (nil: no body) and decodes the answer into out (nil: ignored). An answer that is not a success is
// a *Problem.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	return c.DoIf(ctx, "", method, path, in, out)
}

// DoIf is Do on the condition that the thing still has the version that tag names; empty: in any case. If it has
// another, the *Problem has the status 412.
func (c *Client) DoIf(ctx context.Context, tag, method, path string, in, out any) error {
	var body []byte
	header := http.Header{}
	if tag != "" {
		header.Set("If-Match", tag)
	}
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
		header.Set("Content-Type", "application/json")
	}
	answer, err := c.roundTrip(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer of %s is not what a hub sends: %w", c.base, err)
	}
	return nil
}

// Send sends a body of some content type and decodes the answer into out, as Do does.
func (c *Client) Send(ctx context.Context, method, path, contentType string, body []byte, out any) error {
	answer, err := c.roundTrip(ctx, method, path, http.Header{"Content-Type": {contentType}}, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer of %s is not what a hub sends: %w", c.base, err)
	}
	return nil
}

// roundTrip makes one request and gives the body of a successful answer.
func (c *Client) roundTrip(ctx context.Context, method, path string, header http.Header, body []byte) ([]byte, error) {
	req, err := c.request(ctx, method, path, header, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, reach(c.base, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer of %s: %w", c.base, err)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("the answer of %s is larger than %s", c.base, form.Size(maxAnswer))
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return answer, nil
	}
	return nil, problemOf(resp, answer)
}

// accountHeader names the child account that a request acts in.
const accountHeader = "X-Tocsin-Account"

// request makes a request with everything that all of them carry.
func (c *Client) request(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	req.Header = header
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if !c.key.IsZero() {
		req.Header.Set("X-API-Key", c.key.Reveal())
	}
	if c.account != "" {
		req.Header.Set(accountHeader, c.account)
	}
	return req, nil
}

// problemOf reads an answer that is not a success.
func problemOf(resp *http.Response, answer []byte) *Problem {
	p := &Problem{}
	if json.Unmarshal(answer, p) != nil {
		p = &Problem{}
	}
	p.Status = resp.StatusCode
	p.RetryAfter = retryAfter(resp.Header.Get("Retry-After"))
	return p
}

// reach turns a failure to connect into a sentence for people; the URL stands in it once.
func reach(base string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("cannot reach the hub at %s: %w", base, err)
}

// Date asks for a path that needs no key, and gives the time that the hub says it is; zero if it does not say.
func (c *Client) Date(ctx context.Context, path string) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return time.Time{}, fmt.Errorf("making the request: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return time.Time{}, reach(c.base, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the answer of %s: %w", c.base, err)
	}
	if resp.StatusCode != http.StatusOK {
		return time.Time{}, problemOf(resp, answer)
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // a proxy may leave it out
	}
	return date, nil
}
