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

// stallTime is how long a streamed answer may stand still before it is given up. (A hub copies its databases before
// the first byte.)
const stallTime = 5 * time.Minute

// maxProblem bounds the body of an answer that is not a success, where a stream was asked for (1 MiB).
const maxProblem = 1 << 20

// Stream asks for an answer of any length and writes it to w. An answer that is not a success is a *Problem; one that
// ends before its end is an error, and what was written of it is of no use.
func (c *Client) Stream(ctx context.Context, path, accept string, w io.Writer) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallTime, func() {
		cancel(fmt.Errorf("nothing came from %s for %s", c.base, form.DurationText(stallTime)))
	})
	defer stall.Stop()
	req, err := c.request(ctx, http.MethodGet, path, http.Header{"Accept": {accept}}, nil)
	if err != nil {
		return err
	}
	whole := *c.http
	whole.Timeout = 0 // the stall time stands in for it
	resp, err := whole.Do(req)
	if err != nil {
		return reach(c.base, errors.Join(err, context.Cause(ctx)))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
		if err != nil {
			return fmt.Errorf("reading the answer of %s: %w", c.base, err)
		}
		return problemOf(resp, answer)
	}
	if _, err := io.Copy(w, &alive{resp.Body, stall}); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("reading the answer of %s: %w", c.base, err)
	}
	return nil
}

// alive puts the end of a stream's patience off with every piece that comes.
type alive struct {
	io.Reader
	stall *time.Timer
}

func (a *alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	a.stall.Reset(stallTime)
	return n, err
}
