package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Receipt is the hub's answer to events: what it has made durable, and what it refused.
type Receipt struct {
	Accepted int      `json:"accepted"`
	IDs      []string `json:"ids"`
	// Rejected lists the first of the refused events; RejectedTotal counts them all.
	Rejected      []Rejection `json:"rejected"`
	RejectedTotal int         `json:"rejected_total"`
	// Dropped is how many mapping rules dropped: they are neither accepted nor rejected.
	Dropped int `json:"dropped"`
}

// Rejection is one event that was refused. Index counts the request's events from 0.
type Rejection struct {
	Index int    `json:"index"`
	Error string `json:"error"`
}

// Limits of waiting for a busy hub.
const (
	maxTries   = 6
	firstPause = 500 * time.Millisecond
	maxPause   = 30 * time.Second
)

// Batch is one body of events.
type Batch struct {
	Path        string // "/api/v1/events", or a dialect's "/api/v1/ingest/falco"
	ContentType string
	Body        []byte
	// Idempotency makes repeating safe: with it, a batch whose answer was lost is sent again. Empty: sent once, and
	// again only when the hub said that it took nothing.
	Idempotency string
}

// Ingest sends a batch. A hub that says "not now" (429, 503) is asked again after the pause it names, and so is one whose
// answer was lost when the batch has an idempotency key; at most maxTries times. When every event was refused
// (422) the receipt lists why and the error is nil.
func (c *Client) Ingest(ctx context.Context, b Batch) (Receipt, error) {
	pause := firstPause
	for try := 1; ; try++ {
		receipt, err := c.ingestOnce(ctx, b)
		wait, again := worthRepeating(err, b.Idempotency != "")
		if !again || try == maxTries {
			return receipt, err
		}
		if wait == 0 {
			wait, pause = pause, pause*2
		}
		select {
		case <-ctx.Done():
			return receipt, fmt.Errorf("waiting for the hub: %w", context.Cause(ctx))
		case <-c.after(min(wait, maxPause)):
		}
	}
}

func (c *Client) ingestOnce(ctx context.Context, b Batch) (Receipt, error) {
	header := http.Header{"Content-Type": {b.ContentType}}
	if b.Idempotency != "" {
		header.Set("Idempotency-Key", b.Idempotency)
	}
	var receipt Receipt
	answer, err := c.roundTrip(ctx, http.MethodPost, b.Path, header, b.Body)
	var p *Problem
	if errors.As(err, &p) && p.Status == http.StatusUnprocessableEntity && len(p.Rejected) > 0 {
		return Receipt{Rejected: p.Rejected, RejectedTotal: p.RejectedTotal}, nil
	}
	if err != nil {
		return receipt, err
	}
	if err := json.Unmarshal(answer, &receipt); err != nil {
		return receipt, fmt.Errorf("the answer of %s is not what a hub sends: %w", c.base, err)
	}
	return receipt, nil
}

// worthRepeating says whether the same request may succeed later, and after which pause (0: none was named).
func worthRepeating(err error, safe bool) (time.Duration, bool) {
	var p *Problem
	switch {
	case err == nil:
		return 0, false
	case errors.As(err, &p):
		return p.RetryAfter, p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), isDial(err):
		return 0, false
	}
	return 0, safe
}

// isDial says whether no connection was made at all: nobody listens there, which waiting seldom mends.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// retryAfter reads the header's number of seconds; its other form, a date, counts as not named.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(maxPause/time.Second))) * time.Second
}
