package jira

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// refusal is an answer that is none of success, with what Jira says about it.
type refusal struct {
	status int
	// fields says what is wrong with each field, by its id.
	fields map[string]string
	text   string
}

func (r *refusal) Error() string { return r.text }

// maxSaid bounds what is quoted of Jira's words, in bytes.
const maxSaid = 1000

// judge says what an answer means; nil is a success.
func (c *Connector) judge(resp *httpkit.Response) error {
	return judge(resp, c.env.Now(), c.client.MaskText)
}

func judge(resp *httpkit.Response, now time.Time, mask func(string) string) error {
	err := connector.ClassifyStatus(resp, now)
	if err == nil {
		return nil
	}
	said, fields := errorsOf(resp.Body)
	r := &refusal{status: resp.Status, fields: fields}
	r.text = fmt.Sprintf("Jira %s", err)
	if said = mask(said); said != "" {
		r.text = fmt.Sprintf("Jira answered %d: %s", resp.Status, said)
		if advice := advise(resp); advice != "" {
			r.text += " (" + advice + ")"
		}
	}
	after, throttled := connector.IsThrottled(err)
	switch {
	case throttled && after == 0:
		return connector.Throttled(r, untilReset(resp.Header, now))
	case throttled:
		return connector.Throttled(r, after)
	case connector.IsGone(err):
		return connector.Gone(r)
	case resp.Status == http.StatusConflict: // two changes of one issue at once
		return r
	case connector.IsPermanent(err):
		return connector.Permanent(r)
	}
	return r
}

// untilReset reads when a spent allowance is new again (X-RateLimit-Reset is a time); 0 if Jira does not say.
func untilReset(h http.Header, now time.Time) time.Duration {
	text := h.Get("X-RateLimit-Reset")
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return min(max(at.Sub(now), 0), httpkit.MaxRetryAfter)
		}
	}
	return 0
}

// errorsOf reads the ErrorCollection of an answer: what Jira says, field by field.
func errorsOf(body []byte) (said string, fields map[string]string) {
	var e struct {
		ErrorMessages []string          `json:"errorMessages"`
		Errors        map[string]string `json:"errors"`
		Message       string            `json:"message"`
	}
	if json.Unmarshal(body, &e) != nil {
		return "", nil
	}
	list := e.ErrorMessages
	if e.Message != "" {
		list = append(list, e.Message)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Errors)) {
		list = append(list, name+": "+e.Errors[name])
	}
	for i, text := range list {
		list[i] = strings.Join(strings.Fields(clean(text)), " ")
	}
	return event.Clip(strings.Join(list, "; "), maxSaid), e.Errors
}

func advise(resp *httpkit.Response) string {
	switch resp.Status {
	case http.StatusUnauthorized:
		return "check the e-mail address and the API token: it may have expired"
	case http.StatusForbidden:
		if resp.Header.Get("X-Authentication-Denied-Reason") != "" {
			return "Jira wants a CAPTCHA from this account: log in once with a browser"
		}
		return "the account may not do this: see the permissions in the guide"
	case http.StatusNotFound:
		return "it is not there, or the account may not see it"
	}
	return ""
}
