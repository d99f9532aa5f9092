package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Integration is what is sent to make one, and the part of the answer that the harness reads.
type Integration struct {
	ID           string         `json:"id,omitempty"`
	Kind         string         `json:"kind"`
	Name         string         `json:"name"`
	Enabled      bool           `json:"enabled"`
	Settings     map[string]any `json:"settings"`
	Subscription map[string]any `json:"subscription"`
	Delivery     map[string]any `json:"delivery,omitempty"`
}

// Counts are an integration's sums, as api.md names them. Behind is what the hub has journalled beyond them.
type Counts struct {
	Journalled, Matched, Filtered, Delivered, Waiting, Parked, Mailbox, Discarded, Expired, Skipped, Lost, Behind uint64
}

// Pending counts what is still on its way.
func (c Counts) Pending() uint64 { return c.Waiting + c.Parked + c.Behind }

// AddUp says whether the sums of api.md hold.
func (c Counts) AddUp() bool {
	return c.Journalled == c.Matched+c.Filtered &&
		c.Matched == c.Delivered+c.Waiting+c.Parked+c.Mailbox+c.Discarded+c.Expired+c.Skipped+c.Lost
}

// Stats are the counts of GET /api/v1/stats by integration id, and of the account.
type Stats struct {
	Journalled   uint64
	AddUp        bool
	Integrations map[string]Counts
}

// API speaks to a hub's REST API with the admin key.
type API struct {
	addr   string
	client *client.Client
}

// NewAPI makes one for the hub at addr (host:port).
func NewAPI(addr string) (*API, error) {
	c, err := client.New("http://"+addr, form.NewSecret(AdminKey))
	if err != nil {
		return nil, fmt.Errorf("making the API's client: %w", err)
	}
	return &API{addr: addr, client: c}, nil
}

// Close lets go of connections.
func (a *API) Close() { a.client.Close() }

// Create makes an integration and gives its id.
func (a *API) Create(ctx context.Context, i Integration) (string, error) {
	var out Integration
	if err := a.client.Do(ctx, http.MethodPost, "/api/v1/integrations", i, &out); err != nil {
		return "", fmt.Errorf("making the integration %s: %w", i.Name, err)
	}
	if out.ID == "" {
		return "", fmt.Errorf("making the integration %s: the answer has no id", i.Name)
	}
	return out.ID, nil
}

// Change patches an integration (a JSON merge patch).
func (a *API) Change(ctx context.Context, id string, patch any) error {
	if err := a.client.Do(ctx, http.MethodPatch, "/api/v1/integrations/"+id, patch, nil); err != nil {
		return fmt.Errorf("changing the integration %s: %w", id, err)
	}
	return nil
}

// Tell has an integration do one of enable, disable, pause and resume.
func (a *API) Tell(ctx context.Context, id, verb string) error {
	if err := a.client.Do(ctx, http.MethodPost, "/api/v1/integrations/"+id+"/"+verb, nil, nil); err != nil {
		return fmt.Errorf("integration %s, %s: %w", id, verb, err)
	}
	return nil
}

// Delete removes an integration with all that waits for it.
func (a *API) Delete(ctx context.Context, id string) error {
	if err := a.client.Do(ctx, http.MethodDelete, "/api/v1/integrations/"+id+"?force=true", nil, nil); err != nil {
		return fmt.Errorf("deleting the integration %s: %w", id, err)
	}
	return nil
}

// Stats reads the counts.
func (a *API) Stats(ctx context.Context) (Stats, error) {
	var raw struct {
		Journalled   uint64            `json:"journalled"`
		AddUp        *bool             `json:"adds_up"`
		Integrations []json.RawMessage `json:"integrations"`
	}
	if err := a.client.Do(ctx, http.MethodGet, "/api/v1/stats", nil, &raw); err != nil {
		return Stats{}, fmt.Errorf("reading the stats: %w", err)
	}
	s := Stats{Journalled: raw.Journalled, AddUp: raw.AddUp == nil || *raw.AddUp, Integrations: map[string]Counts{}}
	for _, r := range raw.Integrations {
		id, c, err := parseCounts(r)
		if err != nil {
			return Stats{}, err
		}
		s.Integrations[id] = c
	}
	return s, nil
}

// parseCounts reads one integration's counts, which stand in "counts" or beside the id.
func parseCounts(raw json.RawMessage) (string, Counts, error) {
	var i struct {
		ID          string          `json:"id"`
		Integration string          `json:"integration"`
		Counts      json.RawMessage `json:"counts"`
	}
	if err := json.Unmarshal(raw, &i); err != nil {
		return "", Counts{}, fmt.Errorf("reading the stats: %w", err)
	}
	if len(i.Counts) > 0 {
		raw = i.Counts
	}
	var c Counts
	if err := json.Unmarshal(raw, &c); err != nil {
		return "", Counts{}, fmt.Errorf("reading the stats: %w", err)
	}
	if i.ID == "" {
		i.ID = i.Integration
	}
	if i.ID == "" {
		return "", Counts{}, errors.New("reading the stats: an integration without id")
	}
	return i.ID, c, nil
}

// RunCounts are the sums of what came by fallback, or in backfills.
type RunCounts struct {
	Matched, Delivered, Parked, Mailbox, Discarded, Expired, Skipped uint64
}

// AddUp says whether the sums hold.
func (c RunCounts) AddUp() bool {
	return c.Matched == c.Delivered+c.Parked+c.Mailbox+c.Discarded+c.Expired+c.Skipped
}

// Fallback reads what an integration was given by fallback.
func (a *API) Fallback(ctx context.Context, id string) (RunCounts, error) {
	var out struct{ Fallback RunCounts }
	if err := a.client.Do(ctx, http.MethodGet, "/api/v1/integrations/"+id+"/stats", nil, &out); err != nil {
		return RunCounts{}, fmt.Errorf("reading what %s was given by fallback: %w", id, err)
	}
	return out.Fallback, nil
}

// MailboxItem is a delivery in the mailbox.
type MailboxItem struct {
	ID          string `json:"id"`
	Integration string `json:"integration"`
	Event       string `json:"event"`
	Cause       string `json:"cause"`
}

// mailboxPage is how many items one request lists.
const mailboxPage = 500

// Mailbox lists an integration's mailbox.
func (a *API) Mailbox(ctx context.Context, integration string) ([]MailboxItem, error) {
	var all []MailboxItem
	for cursor := ""; ; {
		var page struct {
			Items []MailboxItem `json:"items"`
			Next  string        `json:"next"`
		}
		q := url.Values{"integration": {integration}, "limit": {strconv.Itoa(mailboxPage)}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if err := a.client.Do(ctx, http.MethodGet, "/api/v1/mailbox?"+q.Encode(), nil, &page); err != nil {
			return nil, fmt.Errorf("listing the mailbox: %w", err)
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		if page.Next == cursor {
			return nil, errors.New("listing the mailbox: the same page comes again")
		}
		cursor = page.Next
	}
}

// jobPoll is how often a job is looked at.
const jobPoll = 20 * time.Millisecond

// Replay replays all of an integration's mailbox and waits until the job has ended. It gives how many items it took and
// how many it could not.
func (a *API) Replay(ctx context.Context, integration string) (done, failed int, err error) {
	type job struct {
		ID     string `json:"id"`
		State  string `json:"state"`
		Error  string `json:"error"`
		Done   int    `json:"done"`
		Failed int    `json:"failed"`
	}
	var j job
	in := map[string]any{"filter": map[string]any{"integration": integration}, "force": true}
	if err := a.client.Do(ctx, http.MethodPost, "/api/v1/mailbox/replay", in, &j); err != nil {
		return 0, 0, fmt.Errorf("replaying the mailbox: %w", err)
	}
	ticker := time.NewTicker(jobPoll)
	defer ticker.Stop()
	for {
		switch j.State {
		case "done":
			return j.Done, j.Failed, nil
		case "failed", "cancelled":
			return j.Done, j.Failed, fmt.Errorf("the replay job %s %s: %s", j.ID, j.State, j.Error)
		}
		select {
		case <-ctx.Done():
			return 0, 0, fmt.Errorf("waiting for the replay job: %w", context.Cause(ctx))
		case <-ticker.C:
		}
		id := j.ID
		j = job{}
		if err := a.client.Do(ctx, http.MethodGet, "/api/v1/jobs/"+id, nil, &j); err != nil {
			return 0, 0, fmt.Errorf("looking at the replay job: %w", err)
		}
		j.ID = id
	}
}

// Metrics reads /metrics: each sample by its name with labels, as it stands there.
func (a *API) Metrics(ctx context.Context) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.addr+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	req.Header.Set("X-API-Key", AdminKey)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read to its end
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading metrics: status %d", resp.StatusCode)
	}
	return parseMetrics(resp.Body)
}

// parseMetrics reads Prometheus' text format.
func parseMetrics(r io.Reader) (map[string]float64, error) {
	out := map[string]float64{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		if at < 0 {
			continue
		}
		if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			out[line[:at]] = v
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	return out, nil
}
