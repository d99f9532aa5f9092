package email

import (
	"errors"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// record shows what is sent: the envelope stands where a request has its header.
func (c *Connector) record(x *httpkit.Exchange, m *message) {
	if x == nil {
		return
	}
	x.Status, x.Header, x.Answer, x.Latency, x.Err = 0, nil, nil, 0, ""
	if !x.Full {
		return
	}
	scheme := "smtp"
	if c.settings.Security == securityTLS {
		scheme = "smtps"
	}
	x.Method, x.URL = "SMTP", scheme+"://"+c.route.address
	x.RequestHeader = http.Header{"Mail-From": {m.from}, "Rcpt-To": m.recipients}
	x.RequestBody = []byte(c.mask(string(m.bytes)))
}

// completed is the reply that means success (RFC 5321 §4.2.3).
const completed = 250

// answer records what came of it.
func (c *Connector) answer(x *httpkit.Exchange, err error, latency time.Duration) {
	if x == nil {
		return
	}
	x.Latency = latency
	if err == nil {
		x.Status = completed
		return
	}
	var s *step
	if errors.As(err, &s) && s.reply != nil {
		x.Status = s.reply.Code
		x.Answer = []byte(c.mask(inline(s.reply.Msg, httpkit.MaxAnswer)))
		return
	}
	x.Err = err.Error()
}
