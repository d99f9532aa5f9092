package httpkit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func (c *Client) roundTrip(ctx context.Context, r *Request) (*Response, error) {
	t, err := c.parse(r.URL)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p := startPhases(ctx, c.connect, c.request)
	resp, err := c.exchange(p, t, r)
	if err != nil {
		err = p.cause(err)
	}
	p.stop(err == nil)
	return resp, err
}

// exchange sends the request and reads the answer, within the phases.
func (c *Client) exchange(p *phases, t *target, r *Request) (*Response, error) {
	if err := c.clear(p.ctx, t.blank.URL.Hostname()); err != nil {
		return nil, err
	}
	answer, err := c.transport.RoundTrip(newRequest(p, t, r))
	if err != nil {
		return nil, err
	}
	resp, err := c.read(answer)
	if err != nil {
		return nil, err
	}
	resp.Released = p.released()
	return resp, nil
}

// parse checks the URL, or knows it from the last request.
func (c *Client) parse(raw string) (*target, error) {
	if t := c.target.Load(); t != nil && t.raw == raw {
		return t, nil
	}
	u, err := form.CheckURL(raw, "https", "http")
	if err != nil {
		return nil, fmt.Errorf("%w: it %w", ErrURL, err)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	t := &target{raw: raw, blank: &http.Request{URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}}
	c.target.Store(t)
	return t, nil
}

// newRequest fills an http.Request by hand: http.NewRequest would parse the URL once more. The body is a type that the
// transport knows to be in memory, so that it writes the header and the body together.
func newRequest(p *phases, t *target, r *Request) *http.Request {
	req := t.blank.WithContext(p.ctx)
	req.Method, req.Header = r.Method, r.Header
	if len(r.Body) > 0 {
		p.reader.Reset(r.Body)
		req.Body, req.ContentLength = p.body, int64(len(r.Body))
		// The transport sends again, on a new connection, what a connection that was just being closed did not take.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.Body)), nil }
	}
	return req
}

// readBuffers hold an answer's body while its length is not known.
var readBuffers = sync.Pool{New: func() any { return new([4 << 10]byte) }}

// read takes the answer in: up to maxBody bytes are kept, up to maxDrain more are thrown away so that the connection
// can be used again, and a longer answer costs its connection.
func (c *Client) read(answer *http.Response) (*Response, error) {
	defer answer.Body.Close() //nolint:errcheck // nothing is left to be lost
	resp := &Response{Status: answer.StatusCode, Header: answer.Header}
	if answer.Body == http.NoBody || answer.ContentLength == 0 {
		return resp, nil
	}
	buf := readBuffers.Get().(*[4 << 10]byte)
	defer readBuffers.Put(buf)
	for drained := 0; drained <= maxDrain; {
		n, err := answer.Body.Read(buf[:])
		keep := min(n, c.maxBody-len(resp.Body))
		resp.Body = append(resp.Body, buf[:keep]...)
		if drained += n - keep; n > keep {
			resp.Truncated = true
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
	}
	return resp, nil
}
