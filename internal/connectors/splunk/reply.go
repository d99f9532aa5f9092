package splunk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// HEC's reply codes ("Troubleshoot HTTP Event Collector"). They say more than the HTTP status.
const (
	codeSuccess          = 0
	codeTokenDisabled    = 1
	codeTokenRequired    = 2
	codeInvalidAuth      = 3
	codeInvalidToken     = 4
	codeNoData           = 5
	codeInvalidFormat    = 6
	codeIncorrectIndex   = 7
	codeInternalError    = 8
	codeBusy             = 9
	codeChannelMissing   = 10
	codeInvalidChannel   = 11
	codeEventRequired    = 12
	codeEventBlank       = 13
	codeAckDisabled      = 14
	codeIndexedFields    = 15
	codeQueryAuthOff     = 16
	codeHealthy          = 17
	codeQueuesFull       = 18
	codeAckUnavailable   = 19
	codeQueuesAndAckFull = 20
	codeHealthToken      = 21
	codeHealthDisabled   = 22
)

// verdict is what a reply code means for a delivery.
type verdict uint8

const (
	success verdict = iota
	refused         // for good, whatever is sent: the token, the index, the channel
	invalid         // the event that invalid-event-number names is wrong; without a number, the whole request
	busy            // nothing was taken; wait
	faulty          // trouble at Splunk; try again
)

// codes gives each reply code its meaning, and what people can do.
var codes = map[int]struct {
	verdict verdict
	advice  string
}{
	codeSuccess:          {success, ""},
	codeHealthy:          {success, ""},
	codeTokenDisabled:    {refused, "enable the token in Splunk (Settings, Data inputs, HTTP Event Collector)"},
	codeTokenRequired:    {refused, "the token did not arrive: a proxy in between may drop the Authorization header"},
	codeInvalidAuth:      {refused, "check the token"},
	codeInvalidToken:     {refused, "check the token"},
	codeHealthToken:      {refused, "check the token"},
	codeHealthDisabled:   {refused, "enable the token in Splunk (Settings, Data inputs, HTTP Event Collector)"},
	codeIncorrectIndex:   {refused, "check that the index exists and that the token may write to it"},
	codeChannelMissing:   {refused, "the token wants indexer acknowledgement: set ack to on, or switch it off for the token in Splunk"},
	codeInvalidChannel:   {refused, "the token wants indexer acknowledgement: set ack to on, or switch it off for the token in Splunk"},
	codeAckDisabled:      {refused, "indexer acknowledgement is off for this token: use the event endpoint, or switch it on in Splunk"},
	codeQueryAuthOff:     {refused, "remove the token from the URL: it belongs in the setting token"},
	codeNoData:           {invalid, ""},
	codeInvalidFormat:    {invalid, ""},
	codeEventRequired:    {invalid, ""},
	codeEventBlank:       {invalid, ""},
	codeIndexedFields:    {invalid, ""},
	codeBusy:             {busy, "Splunk is busy: the hub waits"},
	codeQueuesFull:       {busy, "Splunk's queues are full: the hub waits"},
	codeAckUnavailable:   {busy, "Splunk's acknowledgement service is not available: the hub waits"},
	codeQueuesAndAckFull: {busy, "Splunk's queues are full: the hub waits"},
	codeInternalError:    {faulty, "trouble in Splunk: the hub tries again"},
}

// reply is the body of HEC's answers.
type reply struct {
	Text    string `json:"text"`
	Code    *int   `json:"code"`
	Invalid *int   `json:"invalid-event-number"` // counts from 0
}

// judge turns the answer to a batch of n events into nil or a classified error.
func judge(resp *httpkit.Response, n int, now time.Time) error {
	r, known := parseReply(resp)
	if !known {
		return wrap(connector.ClassifyStatus(resp, now))
	}
	meaning := codes[*r.Code]
	err := fmt.Errorf("HEC answered %d with code %d (%s)", resp.Status, *r.Code, resp.Excerpt(200))
	if meaning.advice != "" {
		err = fmt.Errorf("%w: %s", err, meaning.advice)
	}
	switch meaning.verdict {
	case success:
		return wrap(connector.ClassifyStatus(resp, now))
	case refused:
		return connector.Permanent(err)
	case invalid:
		return judgeInvalid(err, r.Invalid, n)
	case busy:
		return connector.Throttled(err, httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now))
	}
	return err
}

// judgeInvalid puts the named event aside and has the others sent again. Splunk's documentation does not say that the
// events before the wrong one were taken, so they are sent again too: rather twice than never.
func judgeInvalid(err error, number *int, n int) error {
	if number == nil || *number < 0 || *number >= n || n == 1 {
		return connector.Permanent(err)
	}
	rejected := connector.Rejected{}
	for i := range n {
		rejected[i] = fmt.Errorf("not taken, because Splunk refused another event of the batch: %w", err)
	}
	rejected[*number] = connector.Permanent(err)
	return rejected
}

// parseReply reads the body; known is false if it is not HEC's, or has a code that is not listed.
func parseReply(resp *httpkit.Response) (r reply, known bool) {
	if len(resp.Body) == 0 || json.Unmarshal(resp.Body, &r) != nil || r.Code == nil {
		return r, false
	}
	_, known = codes[*r.Code]
	return r, known
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("HEC %w", err)
}

// judgeTest reads the answer to an empty body: a complaint about the missing data means that the token was accepted.
func judgeTest(resp *httpkit.Response, now time.Time) error {
	r, known := parseReply(resp)
	if known && resp.Status == http.StatusBadRequest {
		switch *r.Code {
		case codeNoData, codeInvalidFormat, codeEventRequired, codeEventBlank:
			return nil
		}
	}
	return judge(resp, 1, now)
}
