package elastic

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxReason bounds what is quoted of a reason, in bytes.
const maxReason = 300

// answer is what the bulk API answers: an item for each operation, in the order of the request.
type answer struct {
	Errors bool              `json:"errors"`
	Items  []map[string]item `json:"items"`
}

// item is what came of one operation.
type item struct {
	ID     string          `json:"_id"`
	Status int             `json:"status"`
	Error  json.RawMessage `json:"error"` // an object; a text from what only looks like Elasticsearch
}

// cause is why an operation failed.
type cause struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
	Cause  *cause `json:"caused_by"`
}

// judge turns the answer to a bulk request of events with those ids into nil or a classified error. It is pure.
func judge(resp *httpkit.Response, ids []event.ID, now time.Time) error {
	if resp.Status < 200 || resp.Status > 299 {
		return judgeWhole(resp, now)
	}
	var a answer
	switch err := json.Unmarshal(resp.Body, &a); {
	case resp.Truncated:
		return errors.New("the bulk API's answer is too long to be read: the batch is sent again, and what was taken of it stays as it is")
	case err != nil || a.Items == nil:
		return fmt.Errorf("the bulk API answered %d without saying what came of the events, so that they are sent again; the answer begins: %s",
			resp.Status, resp.Excerpt(maxReason))
	case len(a.Items) != len(ids):
		return fmt.Errorf("the bulk API answered for %d of %d events, so that all are sent again", len(a.Items), len(ids))
	}
	rejected := connector.Rejected{}
	var id []byte
	throttled := 0
	for i := range a.Items {
		one, ok := theOnly(a.Items[i])
		if id = ids[i].AppendText(id[:0], event.PrefixEvent); !ok || one.ID != string(id) {
			return fmt.Errorf("the bulk API's answer is not in the order of the request (event %d), so that the batch is sent again", i)
		}
		if err := judgeItem(resp, one); err != nil {
			rejected[i] = err
			if _, wait := connector.IsThrottled(err); wait {
				throttled++
			}
		}
	}
	switch {
	case len(rejected) == 0:
		return nil
	case throttled == len(ids): // nothing at all was taken: that is about the cluster, and not about events
		return connector.Throttled(fmt.Errorf("of %d events none was taken: %w", len(ids), rejected[0]),
			httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now))
	}
	return rejected
}

// theOnly is the one member of an item, whatever the operation is called.
func theOnly(members map[string]item) (item, bool) {
	for _, one := range members {
		return one, len(members) == 1
	}
	return item{}, false
}

// judgeWhole judges an answer about the whole request.
func judgeWhole(resp *httpkit.Response, now time.Time) error {
	err := connector.ClassifyStatus(resp, now)
	switch {
	case resp.Status == http.StatusServiceUnavailable: // no master, shutting down, too busy: nothing was done
		err = connector.Throttled(err, httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now))
	case resp.Status == http.StatusRequestEntityTooLarge:
		err = fmt.Errorf("%w (this is one event alone: http.max_content_length, or the limit of a proxy, is too small for it)", err)
	}
	return fmt.Errorf("the bulk API %w", err)
}

// judgeItem judges what came of one event.
func judgeItem(resp *httpkit.Response, one item) error {
	switch {
	case one.Status >= 200 && one.Status <= 299:
		return nil
	case one.Status == http.StatusConflict: // an event of that id is there: it was sent before, and the answer got lost
		return nil
	}
	why := causeOf(one.Error)
	err := fmt.Errorf("not taken, status %d: %s", one.Status, quote(resp, why.text()))
	if advice := adviceOn(one.Status, why); advice != "" {
		err = fmt.Errorf("%w: %s", err, advice)
	}
	switch {
	case one.Status == http.StatusTooManyRequests || why.Type == "es_rejected_execution_exception" || why.Type == "rejected_execution_exception":
		return connector.Throttled(err, 0)
	case why.Type == "cluster_block_exception", one.Status == http.StatusRequestTimeout, one.Status < 300 || one.Status >= 500:
		return err
	}
	return connector.Permanent(err)
}

// adviceOn says what people can do.
func adviceOn(status int, why cause) string {
	switch {
	case why.Type == "cluster_block_exception":
		return "the index takes no writes for now (a full disk?): the hub tries again"
	case status == http.StatusTooManyRequests:
		return "the cluster is busy: the hub waits"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "the credentials need the privilege create_doc on the index, and auto_configure where it does not exist yet"
	case status == http.StatusNotFound:
		return "the index does not exist and is not created by itself: create it, or allow it in action.auto_create_index"
	case status == http.StatusBadRequest:
		return "the document does not fit the index's mapping or rules"
	}
	return ""
}

// causeOf reads an error, whatever its form.
func causeOf(raw json.RawMessage) cause {
	var c cause
	if json.Unmarshal(raw, &c) == nil {
		return c
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return cause{Reason: text}
	}
	return cause{Reason: string(raw)}
}

// text is the type and the reason, and those of what lies at the bottom.
func (c *cause) text() string {
	text := strings.TrimPrefix(c.Type+": "+c.Reason, ": ")
	deepest := c
	for range 10 { // deep enough for anybody
		if deepest.Cause == nil {
			break
		}
		deepest = deepest.Cause
	}
	if deepest != c && deepest.Reason != c.Reason {
		text += " (" + deepest.Type + ": " + deepest.Reason + ")"
	}
	return text
}

// quote is a text of the answer as an error may hold it: one line, not long, with secrets masked. The text may quote the
// event, which is hostile.
func quote(resp *httpkit.Response, text string) string {
	part := *resp
	part.Body = []byte(text)
	return part.Excerpt(maxReason)
}
