package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// How a bulk operation is waited for: it is asked for at once, and then at growing intervals. A small one takes less than a
// second, one of a thousand items some seconds.
const (
	pollFirst  = 150 * time.Millisecond
	pollMax    = 3 * time.Second
	patience   = 2 * time.Minute
	pollFaults = 3 // in a row, after which it is given up
	// maxRefusals is how many items of one request may be refused, each with a request of its own.
	maxRefusals = 10
)

// The states of a bulk operation. Others are pending and running.
const (
	opCompleted = "completed"
	opFailed    = "failed"
)

// operation is a bulk operation.
type operation struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

// started is the answer to a request that begins one.
type started struct {
	Operation string `json:"operation_id"`
}

// addItems puts items on the list with one operation. Items that Cloudflare refuses by their place in the request are left
// out of the next one.
func (d *listDriver) addItems(ctx context.Context, list string, work *listWork, results []connector.BlockResult) error {
	add := work.add
	for refusals := 0; len(add) > 0; refusals++ {
		items := make([]newItem, len(add))
		for n, i := range add {
			c := work.changes[i]
			items[n] = newItem{IP: valueOf(c.Prefix), Comment: noteOf(d.settings.Tag, c.Block, c.Reason)}
		}
		err := d.bulk(ctx, call{method: http.MethodPost, path: d.itemsPath(list), body: items, doing: "putting addresses on the list"}, add, results)
		if bad, ok := refusedItem(err, len(add)); ok && refusals < maxRefusals {
			results[add[bad]].Err = err
			add = slices.Delete(slices.Clone(add), bad, bad+1)
			continue
		}
		if aboutOne(err) && len(add) == 1 {
			results[add[0]].Err = err
			return nil
		}
		return err
	}
	return nil
}

// refusedItem is which of n items a request was refused for.
func refusedItem(err error, n int) (index int, ok bool) {
	e := asAPI(err)
	if e == nil || !aboutOne(err) {
		return 0, false
	}
	for _, f := range e.faults {
		if i := f.Source.Index; i != nil && *i >= 0 && *i < n {
			return *i, true
		}
	}
	return 0, false
}

// removeItems takes items off the list with one operation.
func (d *listDriver) removeItems(ctx context.Context, list string, work *listWork, results []connector.BlockResult) error {
	if len(work.remove) == 0 {
		return nil
	}
	var body itemIDs
	for _, i := range work.remove {
		body.Items = append(body.Items, itemID{ID: work.ids[i]})
	}
	return d.bulk(ctx, call{method: http.MethodDelete, path: d.itemsPath(list), body: body, doing: "taking addresses off the list"}, work.remove, results)
}

// bulk makes a request that begins a bulk operation, waits for its end, and notes it for the changes that it is about. Once
// it was begun, whatever keeps it from being asked for leaves them unknown; that may be a pause that Cloudflare asks for.
func (d *listDriver) bulk(ctx context.Context, c call, about []int, results []connector.BlockResult) error {
	c.needs, c.bulk = needList, true
	note := func(r connector.BlockResult) {
		for _, i := range about {
			results[i] = r
		}
	}
	var begun started
	_, err := d.api.do(ctx, c, &begun)
	switch {
	case isUnknown(err):
		note(connector.BlockResult{Unknown: true})
		return err
	case err != nil:
		return err
	case begun.Operation == "":
		note(connector.BlockResult{Unknown: true})
		return fmt.Errorf("%s: Cloudflare's answer names no operation", c.doing)
	}
	op, err := d.await(ctx, begun.Operation)
	switch {
	case err != nil:
		note(connector.BlockResult{Unknown: true})
		return fmt.Errorf("%s: waiting for it to be done: %w", c.doing, err)
	case op.Status == opFailed:
		return d.failed(c, op)
	}
	note(connector.BlockResult{Done: true})
	return nil
}

// failed is the error of an operation that was begun and not done.
func (d *listDriver) failed(c call, op operation) error {
	reason := quote(&httpkit.Response{}, d.api.client.MaskText(op.Error))
	e := &apiError{status: http.StatusOK, faults: []fault{{Message: reason}}}
	e.text = fmt.Sprintf("%s: Cloudflare began, and did not do it: %s", c.doing, messages(e.faults))
	return e
}

// await asks for an operation until it has ended, each time a little later.
func (d *listDriver) await(ctx context.Context, id string) (operation, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it was not done within %v", patience))
	defer cancel()
	faults := 0
	for pause := time.Duration(0); ; pause = min(max(pollFirst, pause*3/2), pollMax) {
		if err := rest(ctx, pause); err != nil {
			return operation{}, err
		}
		var op operation
		_, err := d.api.do(ctx, call{
			method: http.MethodGet, path: d.listsPath() + "/bulk_operations/" + id, doing: "asking for the operation", needs: needList,
		}, &op)
		if err == nil {
			faults = 0
			if op.Status == opCompleted || op.Status == opFailed {
				return op, nil
			}
			continue
		}
		_, throttled := connector.IsThrottled(err)
		if faults++; faults >= pollFaults || throttled || connector.IsPermanent(err) || ctx.Err() != nil {
			return operation{}, err
		}
	}
}

// rest waits, or for the end of ctx.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
