package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Times of following a stream.
const (
	// followSilence is how long a stream may say nothing, not even that it is there (a hub does every 15 s).
	followSilence = 60 * time.Second
	// followPause and followMaxPause are the first and the longest pause before connecting again.
	followPause    = time.Second
	followMaxPause = 30 * time.Second
)

// ErrStop is what a handler of Follow returns to end it without an error.
var ErrStop = errors.New("enough")

// Following is what Follow does on the way.
type Following struct {
	// Path is that of the stream, with its query.
	Path string
	// Message gets every message. Its error ends Follow; ErrStop does so without one.
	Message func(Message) error
	// Again is told why the connection broke, and how long the pause is before the next one. It may be nil.
	Again func(err error, pause time.Duration)
}

// Follow reads a stream until ctx is done, a handler has enough, or the hub refuses. A connection that breaks is made
// again, and events go on where they were. A hub that cannot be reached at first is an error.
func (c *Client) Follow(ctx context.Context, f Following) error {
	id, pause, connected := "", followPause, false
	for {
		got, err := c.followOnce(ctx, f, &id)
		if got {
			connected, pause = true, followPause
		}
		var wait time.Duration
		var p *Problem
		var stop handlerError
		switch {
		case errors.As(err, &stop) && errors.Is(stop.error, ErrStop):
			return nil
		case errors.As(err, &stop):
			return stop.error
		case ctx.Err() != nil:
			return fmt.Errorf("following %s: %w", c.base, context.Cause(ctx))
		case errors.As(err, &p):
			again := p.Status == http.StatusTooManyRequests || p.Status >= http.StatusInternalServerError
			if !connected || !again {
				return err
			}
			wait = p.RetryAfter
		case !connected:
			return err
		}
		wait = max(wait, pause)
		pause = min(pause*2, followMaxPause)
		if f.Again != nil {
			f.Again(err, wait)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("following %s: %w", c.base, context.Cause(ctx))
		case <-c.after(wait):
		}
	}
}

// handlerError is an error of the handler, not of the connection.
type handlerError struct{ error }

// followOnce follows one connection until it ends, which is always an error. id is where to go on. got says whether
// anything came.
func (c *Client) followOnce(ctx context.Context, f Following, id *string) (got bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(followSilence, func() {
		cancel(fmt.Errorf("nothing came from %s for %s", c.base, form.DurationText(followSilence)))
	})
	defer silence.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if *id != "" {
		header.Set("Last-Event-ID", *id)
	}
	req, err := c.request(ctx, http.MethodGet, f.Path, header, nil)
	if err != nil {
		return false, err
	}
	endless := *c.http
	endless.Timeout = 0 // the silence stands in for it
	resp, err := endless.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return false, reach(c.base, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
		if err != nil {
			return false, fmt.Errorf("reading the answer of %s: %w", c.base, err)
		}
		return false, problemOf(resp, answer)
	}
	r := newSSEReader(&lively{resp.Body, silence})
	r.id = *id
	for {
		m, err := r.next()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			*id = r.id // also of what was no message: a place that nothing wanted stands before
			return true, fmt.Errorf("the stream of %s broke off: %w", c.base, err)
		}
		if err := f.Message(m); err != nil {
			return true, handlerError{err}
		}
		*id = r.id
	}
}

// lively puts the end of the silence off with every piece that comes.
type lively struct {
	io.Reader
	silence *time.Timer
}

func (l *lively) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	l.silence.Reset(followSilence)
	return n, err
}
