package webhook

import (
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// judgeTest reads the answer to OPTIONS. Anything that an HTTP server says about the method or the path of a request
// without a body proves nothing against it; refused credentials, redirects, a wish for silence and trouble do.
func judgeTest(resp *httpkit.Response, now time.Time) error {
	switch resp.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
		http.StatusLengthRequired, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
		http.StatusNotImplemented:
		return nil
	}
	if err := connector.ClassifyStatus(resp, now); err != nil {
		return fmt.Errorf("the webhook was reached, but its receiver %w", err)
	}
	return nil
}
