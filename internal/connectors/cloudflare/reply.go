package cloudflare

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// maxReason bounds what is quoted of Cloudflare's messages, in bytes.
const maxReason = 300

// Codes of Cloudflare's errors. They are each API's own: 10001 of one means another thing in another one.
const (
	codeAuth        = 10000 // authentication error: a token that is not known, or may not
	codeNoRule      = 10001 // access rules: firewallaccessrules.api.not_found; lists: there is no such list or item
	codeDuplicate   = 10009 // access rules: firewallaccessrules.api.duplicate_of_existing
	codeNoEntry     = 10003 // rulesets: could not find the entry point of the phase
	codeNotAllowed  = 9109  // unauthorized to access the requested resource
	codeBadHeaders  = 6003  // invalid request headers: the token has not the form of one
	codeTokenFormat = 1000  // tokens/verify: invalid API token
	codeNoRoute     = 7000  // no route for that URI
	codeBadID       = 7003  // could not route: an id in the path is none
	codeSlowDown    = 971   // please wait and consider throttling your request speed
	codeLimited     = 10040 // lists: you have been rate limited
)

// envelope is what every answer is in.
type envelope struct {
	Success *bool           `json:"success"`
	Errors  []fault         `json:"errors"`
	Result  json.RawMessage `json:"result"`
	Info    resultInfo      `json:"result_info"`
}

// fault is one of the errors of an answer.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Source  struct {
		// Index is which of the values of the request it is about, from 0.
		Index *int `json:"parameter_value_index"`
	} `json:"source"`
	Chain []fault `json:"error_chain"`
}

// resultInfo says where in a longer result an answer is: by pages, or by cursors.
type resultInfo struct {
	PerPage    int `json:"per_page"`
	TotalCount int `json:"total_count"`
	Cursors    struct {
		After string `json:"after"`
	} `json:"cursors"`
}

// apiError is an answer that is no success.
type apiError struct {
	status int
	faults []fault
	text   string
}

func (e *apiError) Error() string { return e.text }

// has says whether one of the errors has one of the codes.
func (e *apiError) has(codes ...int) bool {
	return slices.ContainsFunc(e.faults, func(f fault) bool { return slices.Contains(codes, f.Code) })
}

// asAPI is the answer that an error comes from, nil if it comes from none.
func asAPI(err error) *apiError {
	var e *apiError
	errors.As(err, &e)
	return e
}

// unknownError says that a request to change something was made, and that nobody knows whether it was done.
type unknownError struct{ err error }

func (e *unknownError) Error() string { return e.err.Error() }
func (e *unknownError) Unwrap() error { return e.err }

func isUnknown(err error) bool {
	var u *unknownError
	return errors.As(err, &u)
}

// judge turns an answer into its envelope, or into a classified error. It is pure.
func judge(resp *httpkit.Response, now time.Time) (*envelope, error) {
	var e envelope
	err := json.Unmarshal(resp.Body, &e)
	good := resp.Status >= 200 && resp.Status <= 299
	switch {
	case resp.Truncated:
		return nil, errors.New("the answer of Cloudflare is too long to be read")
	case err != nil && good && len(resp.Body) == 0 && resp.Status == http.StatusNoContent:
		return &e, nil
	case (err != nil || e.Success == nil) && good:
		return nil, fmt.Errorf("what answered (%d) does not speak as Cloudflare's API does; the answer begins: %s", resp.Status, resp.Excerpt(maxReason))
	case err != nil || len(e.Errors) == 0 && !good:
		return nil, classify(connector.ClassifyStatus(resp, now), &apiError{status: resp.Status}, resp, now)
	case good && *e.Success:
		return &e, nil
	}
	x := &apiError{status: resp.Status, faults: e.Errors, text: fmt.Sprintf("Cloudflare answered %d: %s", resp.Status, quote(resp, messages(e.Errors)))}
	return nil, classify(x, x, resp, now)
}

// classify marks the error of an answer. Text is what people read of it.
func classify(text error, e *apiError, resp *httpkit.Response, now time.Time) error {
	if e.text == "" {
		e.text = "Cloudflare " + text.Error()
	}
	switch {
	case e.status == http.StatusTooManyRequests, e.status == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "",
		e.has(codeSlowDown, codeLimited):
		return connector.Throttled(e, pauseOf(resp, now))
	case e.status == http.StatusRequestTimeout, e.status == http.StatusTooEarly, e.status >= 500:
		return e
	case e.status == http.StatusGone:
		return connector.Gone(e)
	case isFull(e):
		return e // there may be room again
	}
	return connector.Permanent(e)
}

// messages are the errors in one line, each with its code.
func messages(faults []fault) string {
	var list []string
	for _, f := range faults {
		text := f.Message
		if f.Code != 0 {
			text += " (" + strconv.Itoa(f.Code) + ")"
		}
		for _, c := range f.Chain {
			text += ", " + c.Message + " (" + strconv.Itoa(c.Code) + ")"
		}
		list = append(list, strings.TrimSpace(text))
	}
	if len(list) == 0 {
		return "it says no reason"
	}
	return strings.Join(list, "; ")
}

// quote is a text of the answer as an error may hold it: one line, not long, with secrets masked. It may quote what was
// sent, which is hostile.
func quote(resp *httpkit.Response, text string) string {
	part := *resp
	part.Body = []byte(text)
	return part.Excerpt(maxReason)
}

// full is how Cloudflare says that there is no room. No code is published for it; this is what its messages have in common.
var full = regexp.MustCompile(`(?i)maximum number|max(imum)?[ _]\w*[ _]?(exceeded|reached)|quota|limit[ _](exceeded|reached)|exceed(s|ed)?[ _]\w*[ _]?(limit|maximum)|too many (rules|items)`)

// isFull says whether an answer means that the plan allows no more entries.
func isFull(e *apiError) bool {
	return e != nil && e.status != http.StatusTooManyRequests &&
		(full.MatchString(e.text) || slices.ContainsFunc(e.faults, func(f fault) bool { return full.MatchString(f.Message) }))
}

// fullError is an answer that there is no room for more entries, as those who can make room know it; nil stays nil.
func fullError(err error) error {
	if err == nil {
		return nil
	}
	return connector.Permanent(fmt.Errorf("%w: %w", connector.ErrFull, err))
}

// refused says whether the token is not known, or may not do what it was used for.
func refused(e *apiError) bool {
	return e != nil && (e.status == http.StatusUnauthorized || e.status == http.StatusForbidden && !isFull(e) ||
		e.has(codeAuth, codeNotAllowed, codeBadHeaders) && e.status < 500)
}

// notThere says whether Cloudflare answered that what was asked for does not exist. That an id in the path is none is
// another thing, and so is a 404 that is not of the API.
func notThere(err error) bool {
	e := asAPI(err)
	return e != nil && e.status == http.StatusNotFound && len(e.faults) > 0 && !e.has(codeNoRoute, codeBadID) && !refused(e)
}

// aboutOne says whether an answer is about what was asked alone: the next request may well go through.
func aboutOne(err error) bool {
	e := asAPI(err)
	return e != nil && e.status == http.StatusBadRequest && !refused(e) && !isFull(e) && !e.has(codeNoRoute, codeBadID)
}

// pauseOf is how long Cloudflare asks to wait: by Retry-After, by the quota that is used up, and otherwise the five minutes
// for which it refuses everything (https://developers.cloudflare.com/fundamentals/api/reference/limits/).
func pauseOf(resp *httpkit.Response, now time.Time) time.Duration {
	if d := httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now); d > 0 {
		return d
	}
	if d := usedUp(resp.Header.Get("Ratelimit")); d > 0 {
		return d
	}
	return blockedFor
}

// usedUp reads the header Ratelimit (`"default";r=50;t=30`, several with commas between): of the quotas of which nothing
// remains, how long until the last one is there again; 0: something remains of all, or nothing is said.
func usedUp(header string) time.Duration {
	var longest time.Duration
	for item := range strings.SplitSeq(header, ",") {
		remaining, seconds := -1.0, 0.0
		for part := range strings.SplitSeq(item, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			n, err := strconv.ParseFloat(value, 64)
			switch {
			case err != nil || !(n >= 0): // also not a number
			case name == "r":
				remaining = n
			case name == "t":
				seconds = n
			}
		}
		if remaining == 0 {
			longest = max(longest, httpkit.ParseRetryAfter(strconv.FormatFloat(seconds, 'f', -1, 64), time.Time{}))
		}
	}
	return longest
}
