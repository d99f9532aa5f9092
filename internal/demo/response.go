package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// The demo's responder, exemption and response rule: by these a second run finds those of the first.
const (
	firewallName     = "edge-firewall"
	exemptTarget     = "198.51.100.0/24"
	exemptReason     = "demo: the office's way out"
	responseRuleName = "demo: password spraying"
	blockTTL         = "1h"
	blockReason      = "demo: seen in the alert"
)

const (
	blocksPath        = "/api/v1/blocks"
	neverBlockPath    = "/api/v1/never-block"
	responseRulesPath = "/api/v1/response-rules"
)

// blockedAlerts are the alerts whose observed source addresses the demo blocks.
var blockedAlerts = []string{"spray:203.0.113.80", "scan:192.0.2.10"}

// setupResponse makes the responder, an entry of the never-block list and a rule in shadow mode, or brings the responder of an
// earlier run up to date.
func (w *World) setupResponse(ctx context.Context, hub *client.Client, existing []identified) error {
	wish := map[string]any{
		"name": firewallName, "enabled": true, "settings": map[string]any{"url": w.Firewall.URL(), "signing_secret": w.state.SigningSecret},
	}
	method, path := http.MethodPost, integrationsPath
	for _, have := range existing {
		if have.Kind == "responder" && have.Name == firewallName {
			method, path = http.MethodPatch, integrationsPath+"/"+url.PathEscape(have.ID)
		}
	}
	if method == http.MethodPost {
		wish["kind"] = "responder"
	}
	var made identified
	if err := hub.Do(ctx, method, path, wish, &made); err != nil {
		return fmt.Errorf("setting up %s: %w", firewallName, err)
	}
	w.firewallID = made.ID
	if err := ensure(ctx, hub, neverBlockPath, func(e *entry) bool { return e.Target == exemptTarget },
		map[string]any{"target": exemptTarget, "reason": exemptReason}); err != nil {
		return fmt.Errorf("exempting %s from blocks: %w", exemptTarget, err)
	}
	rule := map[string]any{
		"name": responseRuleName, "subscription": map[string]any{"types": []event.TypeFilter{"alert.created"}, "alert_types": []string{"brute_force"}},
		"block": map[string]any{"ttl": "4h"},
	}
	if err := ensure(ctx, hub, responseRulesPath, func(e *entry) bool { return e.Name == responseRuleName }, rule); err != nil {
		return fmt.Errorf("making the demo's response rule: %w", err)
	}
	return nil
}

// entry is what the demo reads of exemptions and rules.
type entry struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Target string `json:"target"`
}

// ensure makes something unless it is there.
func ensure(ctx context.Context, hub *client.Client, path string, is func(*entry) bool, wish any) error {
	entries, err := list[entry](ctx, hub, path, nil)
	if err != nil {
		return err
	}
	for i := range entries {
		if is(&entries[i]) {
			return nil
		}
	}
	return hub.Do(ctx, http.MethodPost, path, wish, nil)
}

// blocked is what the demo reads of a block.
type blocked struct {
	ID         string    `json:"id"`
	Target     string    `json:"target"`
	State      string    `json:"state"`
	Reason     string    `json:"reason"`
	ExpiresAt  time.Time `json:"expires_at"`
	Placements []struct {
		Name  string `json:"name"`
		State string `json:"state"`
	} `json:"placements"`
}

// settled says whether the demo's responder has been asked, and holds it; or that it waits for approval. Other responders of
// the workspace are somebody's own, and none of the demo's business.
func (b *blocked) settled() bool {
	if b.State != "active" {
		return true
	}
	for _, p := range b.Placements {
		if p.Name == firewallName {
			return p.State == "verified" || p.State == "covered"
		}
	}
	return false
}

// WriteBlocks blocks what sensors observed in two of the sample alerts, waits until the firewall proves it, shows that what is
// exempt is refused, and what the rule in shadow mode would have done.
func (w *World) WriteBlocks(ctx context.Context, out io.Writer, hub *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	table := [][]string{{"BLOCKED", "STATE", "WHERE", "FOR", "ENDS"}}
	for _, key := range blockedAlerts {
		b, err := w.blockAlert(ctx, hub, key)
		var no *client.Problem
		if errors.As(err, &no) && len(no.Findings) > 0 { // a kill switch, or a policy, of an earlier run
			table = append(table, []string{"–", "refused", no.Findings[0].Text, key, "–"})
			continue
		}
		if err != nil {
			return fmt.Errorf("blocking what is observed in %s: %w", key, err)
		}
		var where []string
		for _, p := range b.Placements {
			where = append(where, p.Name+" "+p.State)
		}
		ends := "–"
		if !b.ExpiresAt.IsZero() {
			ends = b.ExpiresAt.Local().Format("2006-01-02 15:04")
		}
		table = append(table, []string{b.Target, b.State, strings.Join(where, ", "), key, ends})
	}
	refusal, err := refused(ctx, hub)
	if err != nil {
		return err
	}
	report, err := shadowReport(ctx, hub)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n%s\n  The firewall holds   %s\n  Never blocked        %s\n  In shadow mode       %s\n",
		layout(table), strings.Join(w.Firewall.Blocked(), ", "), refusal, report)
	return err
}

// blockAlert asks for a block at the demo's responder, and waits until it is verified.
func (w *World) blockAlert(ctx context.Context, hub *client.Client, key string) (blocked, error) {
	alerts, err := list[struct {
		ID string `json:"id"`
	}](ctx, hub, "/api/v1/alerts", url.Values{"dedup_key": {key}})
	if err != nil {
		return blocked{}, err
	}
	if len(alerts) == 0 {
		return blocked{}, errors.New("there is no such alert")
	}
	var b blocked
	wish := map[string]any{"ttl": blockTTL, "reason": blockReason, "integrations": []string{w.firewallID}}
	if err := hub.Do(ctx, http.MethodPost, "/api/v1/alerts/"+url.PathEscape(alerts[0].ID)+"/block", wish, &b); err != nil {
		return b, err
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !b.settled() {
		select {
		case <-ctx.Done():
			return b, fmt.Errorf("it is not verified after %s: %+v", patience, b.Placements)
		case <-tick.C:
		}
		if err := hub.Do(ctx, http.MethodGet, blocksPath+"/"+url.PathEscape(b.ID), nil, &b); err != nil {
			return b, err
		}
	}
	return b, nil
}

// refused shows that the guard refuses what is exempt.
func refused(ctx context.Context, hub *client.Client) (string, error) {
	var no *client.Problem
	err := hub.Do(ctx, http.MethodPost, blocksPath, map[string]string{"target": "198.51.100.7"}, nil)
	switch {
	case err == nil:
		return "", fmt.Errorf("a block of 198.51.100.7, which is exempt, was not refused")
	case errors.As(err, &no) && len(no.Findings) > 0:
		return no.Findings[0].Text, nil
	}
	return "", fmt.Errorf("asking for a block of what is exempt: %w", err)
}

// shadowReport waits until the rule has looked at the sample, and says what it would have done.
func shadowReport(ctx context.Context, hub *client.Client) (string, error) {
	rules, err := list[entry](ctx, hub, responseRulesPath, nil)
	if err != nil {
		return "", fmt.Errorf("looking for the demo's response rule: %w", err)
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for _, r := range rules {
		for r.Name == responseRuleName {
			var report struct {
				Mode   string `json:"mode"`
				Hits   int    `json:"hits"`
				Shadow struct {
					WouldBlock int `json:"would_block"`
				} `json:"shadow"`
			}
			if err := hub.Do(ctx, http.MethodGet, responseRulesPath+"/"+url.PathEscape(r.ID)+"/report", nil, &report); err != nil {
				return "", fmt.Errorf("reading the report of the demo's response rule: %w", err)
			}
			switch {
			case report.Mode != "shadow":
				return fmt.Sprintf("nothing: the rule %q is in mode %s now", r.Name, report.Mode), nil
			case report.Shadow.WouldBlock == 1:
				return fmt.Sprintf("the rule %q would have blocked 1 address, and did nothing", r.Name), nil
			case report.Hits > 0:
				return fmt.Sprintf("the rule %q would have blocked %d addresses, and did nothing", r.Name, report.Shadow.WouldBlock), nil
			}
			select {
			case <-ctx.Done():
				return "", fmt.Errorf("the demo's response rule has looked at nothing after %s", patience)
			case <-tick.C:
			}
		}
	}
	return "", errors.New("the demo's response rule is gone")
}
