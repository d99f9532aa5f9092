package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// counts is what the demo reads of an integration's stats.
type counts struct {
	Counts struct {
		Journalled uint64 `json:"journalled"`
		Matched    uint64 `json:"matched"`
		Filtered   uint64 `json:"filtered"`
		Delivered  uint64 `json:"delivered"`
		Waiting    uint64 `json:"waiting"`
		Parked     uint64 `json:"parked"`
		Mailbox    uint64 `json:"mailbox"`
		Skipped    uint64 `json:"skipped"`
		Behind     uint64 `json:"behind"`
	} `json:"counts"`
	AddsUp bool `json:"adds_up"`
}

// settleTime is how long the counts may lag behind what the receivers have seen; normally it is a tenth of a second.
const settleTime = 3 * time.Second

// WriteCounts prints the hub's own counts for each integration, over all runs of the demo.
func WriteCounts(ctx context.Context, w io.Writer, hub *client.Client, integrations []*Integration) error {
	table := [][]string{{"INTEGRATION", "JOURNALLED", "MATCHED", "FILTERED", "DELIVERED", "WAITING", "PARKED", "MAILBOX", "SKIPPED", "ADDS UP"}}
	for _, i := range integrations {
		c, err := settled(ctx, hub, i)
		if err != nil {
			return fmt.Errorf("reading the counts of %s: %w", i.Name, err)
		}
		line := []string{i.Name}
		n := c.Counts
		for _, v := range []uint64{n.Journalled, n.Matched, n.Filtered, n.Delivered, n.Waiting, n.Parked, n.Mailbox, n.Skipped} {
			line = append(line, strconv.FormatUint(v, 10))
		}
		table = append(table, append(line, map[bool]string{true: "yes", false: "NO"}[c.AddsUp]))
	}
	_, err := io.WriteString(w, "\n"+layout(table))
	return err
}

// settled reads the counts once nothing is on its way any more, or as they are after settleTime.
func settled(ctx context.Context, hub *client.Client, i *Integration) (counts, error) {
	deadline := time.After(settleTime)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		var c counts
		if err := hub.Do(ctx, http.MethodGet, integrationsPath+"/"+url.PathEscape(i.ID)+"/stats", nil, &c); err != nil {
			return c, err
		}
		if c.Counts.Waiting+c.Counts.Parked+c.Counts.Behind == 0 && c.AddsUp {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-deadline:
			return c, nil
		case <-tick.C:
		}
	}
}
