package integration

import (
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Request is a request as it was sent, or would be, with secrets masked.
type Request struct {
	Method  string            `json:"method" doc:"The HTTP method; CAPTURE for a payload that a capture inbox keeps." example:"POST"`
	URL     string            `json:"url" doc:"The whole URL." example:"https://soc.example.com/hooks/tocsin"`
	Headers map[string]string `json:"headers" doc:"The headers; credentials are masked." example:"{\"Content-Type\":\"application/json\",\"Authorization\":\"********\"}"`
	Body    string            `json:"body" doc:"The body, before any compression." example:"{\"type\":\"alert.created\"}"`
}

// Response is what came back.
type Response struct {
	Status  int               `json:"status" doc:"The HTTP status." example:"200"`
	Headers map[string]string `json:"headers" doc:"The headers; cookies are masked." example:"{\"Content-Type\":\"text/plain\"}"`
	Body    string            `json:"body" doc:"The first 1 KiB of the body." example:"ok"`
}

// maxShownBody bounds the request body that a test or preview answers with (1 MiB: an event is at most half of it).
const maxShownBody = 1 << 20

// exchanged turns what httpkit recorded into what callers see; nil where there is nothing. A connector that keeps a
// payload instead of sending it records a body without a method.
func exchanged(e *httpkit.Exchange) (*Request, *Response) {
	if e.Method == "" && e.RequestBody == nil {
		return nil, nil
	}
	req := &Request{Method: e.Method, URL: e.URL, Headers: flat(e.RequestHeader), Body: event.Clip(string(e.RequestBody), maxShownBody)}
	if e.Method == "" {
		req.Method = "CAPTURE"
	}
	if e.Status == 0 {
		return req, nil
	}
	return req, &Response{Status: e.Status, Headers: flat(e.Header), Body: event.Clip(string(e.Answer), httpkit.MaxAnswer)}
}

func flat(h http.Header) map[string]string {
	m := make(map[string]string, len(h))
	for name, values := range h {
		m[name] = strings.Join(values, ", ")
	}
	return m
}
