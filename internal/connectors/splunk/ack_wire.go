package splunk

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// What indexer acknowledgement looks like on the wire ("About HTTP Event Collector Indexer Acknowledgment"). A request
// names a channel; its answer has an ackId that is counted per channel; and whether the ids of a channel are indexed is
// asked of ackPath. An id that was told to be true is forgotten, and so is a channel that nobody uses for ten minutes
// (inputs.conf, maxIdleTime). False is all that is told of everything else: not yet, never, unknown.
const (
	channelHeader = "X-Splunk-Request-Channel"
	ackPath       = "/services/collector/ack"
	// noAckID is an id that no batch has: asking for it proves that the token takes the question, and takes no answer
	// from anybody.
	noAckID = 1<<53 - 1
)

// channelOf is the channel of an integration: a GUID that is the same for ever, and another one for every integration.
func channelOf(account event.Account, integration string) string {
	sum := sha256.Sum256([]byte("splunk channel\x00" + string(account) + "\x00" + integration))
	id := event.ID(sum[:16])
	id[6] = id[6]&0x0f | 0x80 // RFC 9562, version 8: made by a rule of one's own
	id[8] = id[8]&0x3f | 0x80
	return id.UUID()
}

// ackEndpoint is where acknowledgements are asked for, beside the endpoint that events are posted to.
func ackEndpoint(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint // the form has refused it
	}
	before, _, found := strings.Cut(u.Path, "/services/collector")
	if !found {
		before = "" // behind a proxy that maps a path of its own; only events are mapped then
	}
	u.Path, u.RawPath = before+ackPath, ""
	return u.String()
}

// ackQuestion is the body that asks for ids.
func ackQuestion(ids []int64) []byte {
	b := []byte(`{"acks":[`)
	for i, id := range slices.Sorted(slices.Values(ids)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return append(b, "]}"...)
}

// ackAnswer reads which ids are indexed. An id that is not in it, or is no number, is as good as false.
func ackAnswer(body []byte) (indexed map[int64]bool, ok bool) {
	var reply struct {
		Acks map[string]bool `json:"acks"`
	}
	if json.Unmarshal(body, &reply) != nil || reply.Acks == nil {
		return nil, false
	}
	indexed = make(map[int64]bool, len(reply.Acks))
	for text, is := range reply.Acks {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && is {
			indexed[id] = true
		}
	}
	return indexed, true
}

// ackIDOf reads the id of a batch that was taken; false if there is none.
func ackIDOf(body []byte) (int64, bool) {
	var reply struct {
		ID *int64 `json:"ackId"`
	}
	if json.Unmarshal(body, &reply) != nil || reply.ID == nil || *reply.ID < 0 {
		return 0, false
	}
	return *reply.ID, true
}

// ackAdvice is what people can do about replies that mean something else when acknowledgement is on.
var ackAdvice = map[int]string{
	codeChannelMissing:   "something on the way drops the header " + channelHeader,
	codeInvalidChannel:   "Splunk does not take the channel: something on the way changes the header " + channelHeader,
	codeAckDisabled:      "switch indexer acknowledgement on for this token in Splunk, or ack off for this integration; events wait meanwhile",
	codeAckUnavailable:   "Splunk's acknowledgement service is not available: the hub waits",
	codeQueuesAndAckFull: "Splunk's queues are full and its acknowledgement service is not available: the hub waits",
}

// judgeAck turns the answer to a question into nil or a classified error. What is wrong with the token's or the proxy's
// settings is no reason to give events up: they wait until it is put right.
func judgeAck(resp *httpkit.Response, now time.Time) error {
	r, known := parseReply(resp)
	if !known {
		return wrap(connector.ClassifyStatus(resp, now))
	}
	switch *r.Code {
	case codeChannelMissing, codeInvalidChannel, codeAckDisabled:
		return fmt.Errorf("HEC answered %d with code %d (%s): %s", resp.Status, *r.Code, resp.Excerpt(200), ackAdvice[*r.Code])
	case codeAckUnavailable, codeQueuesAndAckFull:
		err := fmt.Errorf("HEC answered %d with code %d (%s): %s", resp.Status, *r.Code, resp.Excerpt(200), ackAdvice[*r.Code])
		return connector.Throttled(err, httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now))
	}
	return judge(resp, 1, now)
}

// judgeAcked is judge for a batch whose request names a channel.
func judgeAcked(resp *httpkit.Response, n int, now time.Time) error {
	if r, known := parseReply(resp); known {
		switch *r.Code {
		case codeChannelMissing, codeInvalidChannel, codeAckDisabled:
			return judgeAck(resp, now)
		}
	}
	return judge(resp, n, now)
}

// definite says whether the answer is Splunk's own, so that it is known whether the request was taken.
func definite(resp *httpkit.Response) bool {
	if resp.Status < 500 {
		return true
	}
	r, known := parseReply(resp)
	return known && *r.Code != codeInternalError
}

// Limits of the cookies that a load balancer keeps a session together with.
const (
	maxCookies     = 8
	maxCookieBytes = 2 << 10
)

// keepCookies takes over what an answer sets: behind a load balancer, only the Splunk that gave an ackId knows it.
func keepCookies(kept []*http.Cookie, h http.Header) []*http.Cookie {
	for _, c := range (&http.Response{Header: h}).Cookies() {
		kept = slices.DeleteFunc(kept, func(old *http.Cookie) bool { return old.Name == c.Name })
		if c.MaxAge < 0 || len(c.Name)+len(c.Value) > maxCookieBytes || len(kept) >= maxCookies {
			continue
		}
		kept = append(kept, &http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted})
	}
	return kept
}

func cookieHeader(kept []*http.Cookie) string {
	parts := make([]string, len(kept))
	for i, c := range kept {
		parts[i] = c.String()
	}
	return strings.Join(parts, "; ")
}

// Why a batch is sent again although Splunk took it.
var (
	errNoAckID = errors.New("no ackId from Splunk, which took the batch: indexer acknowledgement is off for this token (switch " +
		"it on in Splunk, or ack off here); the batch is sent again once that is put right, and may then be found twice")
	errForgotten = errors.New("acknowledgements are counted anew: Splunk was restarted, or a load balancer without sticky " +
		"sessions spreads the requests; what it had not acknowledged is sent again and may be found twice")
	errDoubtful = errors.New("a request to Splunk ended without an answer: what it had not acknowledged is sent again and may " +
		"be found twice")
)
