package httpkit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func (c *Client) roundTrip(ctx context.Context, r *Request) (*Response, error) {
	u, err := c.parse(r.URL)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p := startPhases(ctx, c.connect, c.request)
	defer p.stop()
	answer, err := c.transport.RoundTrip(newRequest(p.ctx, r, u))
	if err != nil {
		return nil, p.cause(err)
	}
	resp, err := c.read(answer)
	if err != nil {
		return nil, p.cause(err)
	}
	resp.Released = p.released()
	return resp, nil
}

// parse checks the URL, or knows it from the last request.
func (c *Client) parse(raw string) (*url.URL, error) {
	if t := c.target.Load(); t != nil && t.raw == raw {
		return t.url, nil
	}
	u, err := form.CheckURL(raw, "https", "http")
	if err != nil {
		return nil, fmt.Errorf("%w: it %w", ErrURL, err)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	c.target.Store(&target{raw: raw, url: u})
	return u, nil
}

// newRequest fills an http.Request by hand: http.NewRequest would parse the URL once more. The body is a type that the
// transport knows to be in memory, so that it writes the header and the body together.
func newRequest(ctx context.Context, r *Request, u *url.URL) *http.Request {
	req := &http.Request{
		Method: r.Method, URL: u, Host: u.Host, Header: r.Header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(r.Body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.Body)), int64(len(r.Body))
		// The transport sends again, on a new connection, what a connection that was just being closed did not take.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.Body)), nil }
	}
	return req.WithContext(ctx)
}

// readBuffers hold an answer's body while its length is not known.
var readBuffers = sync.Pool{New: func() any { return new([4 << 10]byte) }}

// read takes the answer in: up to maxBody bytes are kept, up to maxDrain more are thrown away so that the connection
// can be used again, and a longer answer costs its connection.
func (c *Client) read(answer *http.Response) (*Response, error) {
	defer answer.Body.Close() //nolint:errcheck // nothing is left to be lost
	resp := &Response{Status: answer.StatusCode, Header: answer.Header, masker: c.maker.masker}
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
