package pagerduty

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// reply is what PagerDuty answers with.
type reply struct {
	Status  string   `json:"status"`
	Message string   `json:"message"`
	Errors  []string `json:"errors"`
}

// maxReply bounds what an error quotes, in bytes.
const maxReply = 300

// judge turns an answer into nil or a classified error. 202 means that PagerDuty has taken the event, and not that it is
// anybody's. 400 lists what is wrong with it.
func judge(resp *httpkit.Response, now time.Time, mask func(string) string) error {
	if resp.Status != http.StatusBadRequest {
		if err := connector.ClassifyStatus(resp, now); err != nil {
			return fmt.Errorf("PagerDuty %w", err)
		}
		return nil
	}
	var r reply
	if err := json.Unmarshal(resp.Body, &r); err != nil || r.Message == "" && len(r.Errors) == 0 {
		return connector.Permanent(fmt.Errorf("PagerDuty refused the event (400): %s", resp.Excerpt(maxReply)))
	}
	said := oneLine(mask(strings.Join(append([]string{r.Message}, r.Errors...), "; ")))
	err := fmt.Errorf("PagerDuty refused the event (400): %s", event.Clip(said, maxReply))
	if strings.Contains(said, "routing") {
		err = fmt.Errorf("%w: check routing_key, which is the Integration Key of an Events API v2 integration", err)
	}
	return connector.Permanent(err)
}
