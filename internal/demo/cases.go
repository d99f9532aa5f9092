package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// The demo's incident rule and silence: by these a second run finds those of the first.
const (
	ruleName      = "demo: related alerts"
	silenceReason = "demo: planned work"
	// plannedTag is on the sample of which the silence lets nobody be told at the webhook.
	plannedTag  = "planned-work"
	silenceTime = 2 * time.Hour
)

const (
	rulesPath    = "/api/v1/incident-rules"
	silencesPath = "/api/v1/silences"
)

// setupCases makes the rule that brings alerts together, and the silence for the webhook, where they are missing.
func setupCases(ctx context.Context, hub *client.Client, integrations []*Integration, now time.Time) error {
	rules, err := list[struct {
		Name string `json:"name"`
	}](ctx, hub, rulesPath, nil)
	if err != nil {
		return fmt.Errorf("looking for the demo's incident rule: %w", err)
	}
	missing := true
	for _, r := range rules {
		missing = missing && r.Name != ruleName
	}
	if missing {
		rule := map[string]any{"name": ruleName, "group_by": []string{"entity"}, "window": "5m", "threshold": 3}
		if err := hub.Do(ctx, http.MethodPost, rulesPath, rule, nil); err != nil {
			return fmt.Errorf("making the demo's incident rule: %w", err)
		}
	}
	for _, i := range integrations {
		if i.silenced = i.Name == webhookName; !i.silenced {
			continue
		}
		if err := silence(ctx, hub, i.ID, now); err != nil {
			return err
		}
	}
	return nil
}

// silence lets an integration not be told of planned work, unless there is a silence that still says so.
func silence(ctx context.Context, hub *client.Client, integration string, now time.Time) error {
	silences, err := list[struct {
		State  string `json:"state"`
		Reason string `json:"reason"`
	}](ctx, hub, silencesPath, nil)
	if err != nil {
		return fmt.Errorf("looking for the demo's silence: %w", err)
	}
	for _, s := range silences {
		if s.State == "active" && s.Reason == silenceReason {
			return nil
		}
	}
	wish := map[string]any{
		"matchers":     []map[string]string{{"field": "tag", "op": "=", "value": plannedTag}},
		"integrations": []string{integration}, "reason": silenceReason, "ends_at": now.Add(silenceTime).UTC().Format(time.RFC3339),
	}
	if err := hub.Do(ctx, http.MethodPost, silencesPath, wish, nil); err != nil {
		return fmt.Errorf("making the demo's silence: %w", err)
	}
	return nil
}

// queued is what the demo reads of an alert.
type queued struct {
	DedupKey string `json:"dedup_key"`
	Title    string `json:"title"`
	Status   string `json:"status"`
	Severity string `json:"severity"`
	Count    uint64 `json:"count"`
	Incident string `json:"incident"`
}

// WriteQueue prints the queue of alerts once the samples are in it and their incident is made.
func WriteQueue(ctx context.Context, w io.Writer, hub *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		alerts, err := list[queued](ctx, hub, "/api/v1/alerts", nil)
		if err != nil {
			return fmt.Errorf("reading the queue of alerts: %w", err)
		}
		if folded(alerts) {
			_, err := io.WriteString(w, "\n"+layout(queueTable(alerts)))
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the samples are not in the queue of alerts after %s: %w", patience, ctx.Err())
		case <-tick.C:
		}
	}
}

// folded says whether the last sample is in the queue, and so all are, and whether there is an incident.
func folded(alerts []queued) bool {
	last, incident := false, false
	for _, a := range alerts {
		last = last || strings.HasPrefix(a.DedupKey, "scan:")
		incident = incident || a.Incident != ""
	}
	return last && incident
}

// maxQueue is how many alerts are shown.
const maxQueue = 10

func queueTable(alerts []queued) [][]string {
	table := [][]string{{"ALERT", "STATUS", "SEVERITY", "EVENTS", "INCIDENT", "TITLE"}}
	for _, a := range alerts[:min(len(alerts), maxQueue)] {
		incident := a.Incident
		if incident == "" {
			incident = "–"
		}
		table = append(table, []string{a.DedupKey, a.Status, a.Severity, strconv.FormatUint(a.Count, 10), incident, a.Title})
	}
	return table
}
