package httpkit

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// MaxAnswer bounds the piece of an answer that an Exchange keeps (1 KiB).
const MaxAnswer = 1 << 10

// ErrDryRun says that a request was recorded and, as asked, not sent.
var ErrDryRun = errors.New("dry run: the request was not sent")

// Exchange records the last request made under a context, with secrets masked. One Exchange serves one goroutine.
type Exchange struct {
	// Full asks for the whole request and the answer's header and body; without it only Status, Latency, Err and, of a
	// failure, Answer are kept.
	Full bool
	// DryRun asks to record the request and not to send it; Do then returns ErrDryRun.
	DryRun bool

	Method        string
	URL           string
	RequestHeader http.Header
	RequestBody   []byte // before any content encoding

	Status  int
	Header  http.Header
	Answer  []byte // at most MaxAnswer
	Latency time.Duration
	Err     string
}

type exchangeKey struct{}

// WithExchange makes requests under the returned context record themselves in e.
func WithExchange(ctx context.Context, e *Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

// ExchangeOf is the Exchange that ctx asks to fill, nil if it asks for none.
func ExchangeOf(ctx context.Context) *Exchange {
	e, _ := ctx.Value(exchangeKey{}).(*Exchange)
	return e
}

// request records what is about to be sent.
func (e *Exchange) request(r *Request, m *masker) {
	e.Status, e.Header, e.Answer, e.Latency, e.Err = 0, nil, nil, 0, ""
	if !e.Full {
		return
	}
	e.Method, e.URL = r.Method, m.text(r.URL)
	e.RequestHeader = m.header(r.Header, r.Signatures...)
	body := r.Plain
	if body == nil {
		body = r.Body
	}
	e.RequestBody = m.bytes(body)
}

// answer records what came back. The answer's text is the vendor's: it is masked, as a vendor may echo what it got.
func (e *Exchange) answer(r *Response, err error, latency time.Duration) {
	e.Latency = latency
	if err != nil {
		e.Err = err.Error()
		return
	}
	e.Status = r.Status
	if e.Full {
		e.Header = r.masker.header(r.Header)
	}
	if e.Full || r.Status < 200 || r.Status > 299 {
		e.Answer = []byte(r.Excerpt(MaxAnswer))
	}
}
