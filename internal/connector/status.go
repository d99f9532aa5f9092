package connector

import (
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// maxReason bounds the piece of an answer that an error quotes, in bytes.
const maxReason = 300

// ClassifyStatus judges an answer by its HTTP status alone, the way most vendors mean it:
//
//   - 2xx: nil.
//   - 429, and 503 with Retry-After: Throttled by as long as the vendor asks (at most httpkit.MaxRetryAfter).
//   - 408, 425 and other 5xx: an unmarked error, so it is tried again.
//   - 410: Gone.
//   - 3xx and other 4xx: Permanent.
//
// A connector whose vendor says more in the body judges that first. The text says what people can do, and quotes the
// beginning of the answer with secrets masked.
func ClassifyStatus(resp *httpkit.Response, now time.Time) error {
	if resp.Status >= 200 && resp.Status <= 299 {
		return nil
	}
	err := statusError(resp)
	switch {
	case resp.Status == http.StatusTooManyRequests, resp.Status == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		return Throttled(err, httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now))
	case resp.Status == http.StatusRequestTimeout, resp.Status == http.StatusTooEarly, resp.Status >= 500 && resp.Status <= 599:
		return err
	case resp.Status == http.StatusGone:
		return Gone(err)
	}
	return Permanent(err)
}

func statusError(resp *httpkit.Response) error {
	text := fmt.Sprintf("answered %d %s", resp.Status, http.StatusText(resp.Status))
	if advice := advise(resp.Status); advice != "" {
		text += ": " + advice
	}
	if reason := resp.Excerpt(maxReason); reason != "" {
		return fmt.Errorf("%s; the answer begins: %s", text, reason)
	}
	return fmt.Errorf("%s", text)
}

// advise says what people can do about a status.
func advise(status int) string {
	switch {
	case status >= 300 && status <= 399:
		return "redirects are not followed: set the URL to where it leads"
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return "the credentials were refused: check them, and what they are allowed to do"
	case status == http.StatusNotFound:
		return "nothing is there: check the URL"
	case status == http.StatusMethodNotAllowed:
		return "the method is not allowed there: check the URL and the method"
	case status == http.StatusGone:
		return "the receiver asks for no more events"
	case status == http.StatusRequestEntityTooLarge:
		return "the request is too large for it: send smaller batches"
	case status == http.StatusUnsupportedMediaType:
		return "it does not take this format"
	case status == http.StatusTooManyRequests:
		return "too many requests: the hub waits"
	case status >= 500 && status <= 599:
		return "trouble on the other side: the hub tries again"
	}
	return ""
}
