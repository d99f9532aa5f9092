package awswaf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/smithy-go/middleware"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// Limits of what goes through the door, in bytes.
const (
	// maxAnswer bounds an answer (8 MiB): a full set has half a megabyte, a web ACL with its rules may have more.
	maxAnswer = 8 << 20
	// maxRequest bounds a request (8 MiB).
	maxRequest = 8 << 20
)

var (
	errLongAnswer  = errors.New("the answer is too long to be read")
	errLongRequest = errors.New("the request is too long")
)

// door is the SDK's way out: its requests go through the hub's own client, so that the guard, the limits, the masking and
// the recording of exchanges are those of every connector.
type door struct {
	client *httpkit.Client
	agent  string
}

// call is what came of one request.
type call struct {
	resp *httpkit.Response
	err  error
}

type callKey struct{}

// withCall makes the request under the returned context tell what came of it. One call serves one goroutine.
func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// Do implements aws.HTTPClient.
func (d *door) Do(r *http.Request) (*http.Response, error) {
	resp, err := d.send(r)
	if c, ok := r.Context().Value(callKey{}).(*call); ok {
		c.resp, c.err = resp, err
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(resp.Status), StatusCode: resp.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: resp.Header.Clone(), Body: io.NopCloser(bytes.NewReader(resp.Body)), ContentLength: int64(len(resp.Body)), Request: r,
	}, nil
}

func (d *door) send(r *http.Request) (*httpkit.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxRequest+1)); err != nil {
			return nil, fmt.Errorf("reading the SDK's request: %w", err)
		}
		if len(body) > maxRequest {
			return nil, errLongRequest
		}
	}
	header := r.Header.Clone()
	header.Del("User-Agent") // it says much of the machine, and is not signed
	if d.agent != "" {
		header.Set("User-Agent", d.agent)
	}
	resp, err := d.client.Do(r.Context(), &httpkit.Request{
		Method: r.Method, URL: r.URL.String(), Header: header, Body: body, Secrets: passing(header),
	})
	if err != nil {
		return nil, err
	}
	if resp.Truncated {
		return nil, errLongAnswer
	}
	return resp, nil
}

// passing are the secrets of one request, which the settings do not hold: the token of a role, the signature.
func passing(h http.Header) []string {
	var list []string
	if token := h.Get("X-Amz-Security-Token"); token != "" {
		list = append(list, token)
	}
	if _, signature, ok := strings.Cut(h.Get("Authorization"), "Signature="); ok {
		list = append(list, signature)
	}
	return list
}

// bare takes out of the SDK's requests what nobody needs: an id of the call, and what it knows of the machine from the
// environment.
func bare(stack *middleware.Stack) error {
	for _, id := range []string{"ClientRequestID", "UserAgent", "RecursionDetection"} {
		if _, ok := stack.Build.Get(id); !ok {
			continue
		}
		if _, err := stack.Build.Remove(id); err != nil {
			return fmt.Errorf("taking out %s: %w", id, err)
		}
	}
	return nil
}

var _ wafv2.HTTPClient = (*door)(nil)
