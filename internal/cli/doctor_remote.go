package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Bounds of what is well.
const (
	warnClock  = 5 * time.Second
	wrongClock = time.Minute // signatures are refused beyond 5 minutes
	// parallelTests is how many integrations are tested at once.
	parallelTests = 4
)

// remote looks at the hub over its API.
func (c *doctorCmd) remote(ctx context.Context, p *Process) []finding {
	t, err := c.target(p)
	if err != nil {
		return []finding{wrong("hub", err.Error(), "tocsin profiles --help")}
	}
	if t.key == "" {
		f := skipped("hub", "no API key: the hub was not asked", "set TOCSIN_KEY, or use a profile")
		if c.Remote {
			f.State = stateWrong
		}
		return []finding{f}
	}
	hub, err := client.New(t.server, form.NewSecret(t.key))
	if err != nil {
		return []finding{wrong("hub", err.Error(), "give --server https://tocsin.example.com")}
	}
	defer hub.Close()
	hub = hub.In(t.account)
	found, ok := reachHub(ctx, hub)
	if !ok {
		return found
	}
	me, scopes := keyScopes(ctx, hub)
	found = append(found, me)
	if me.State == stateWrong {
		return found
	}
	found = append(found, hubHealth(ctx, hub))
	if !scopes("integrations:read") {
		return append(found, skipped("integrations", "the key lacks the scope integrations:read", "use one that has it"))
	}
	found = append(found, c.integrations(ctx, hub, scopes("integrations:write"))...)
	if !scopes("blocks:read") {
		return found
	}
	return append(found, responders(ctx, hub)...)
}

// responders judges what blocks addresses.
func responders(ctx context.Context, hub *client.Client) []finding {
	rows, err := listRows[responderRow](ctx, hub, respondersPath)
	var no *client.Problem
	if errors.As(err, &no) && no.Status == http.StatusNotFound {
		return nil // a hub of an earlier version blocks nothing
	}
	if err != nil {
		return []finding{wrong("responders", err.Error(), "look at the hub's log")}
	}
	found := make([]finding, len(rows))
	for i := range rows {
		found[i] = judgeResponder(&rows[i])
	}
	if why := killed(ctx, hub); why != "" {
		found = append(found, warn("kill switch", why, "tocsin response unkill"))
	}
	counts, _, err := fetch[struct{ Blocks map[string]int }](ctx, hub, blocksPath+"/counts")
	if n := counts.Blocks["pending_approval"]; err == nil && n > 0 {
		found = append(found, warn("approvals", count(n, "block")+" waiting for approval", "tocsin blocks list --state pending_approval"))
	}
	return found
}

// fullShare is how full a responder may be before it is worth a word.
const fullShare = 0.9

// judgeResponder says what a responder's state means.
func judgeResponder(r *responderRow) finding {
	check := "responder " + r.Kind + "/" + r.Name
	switch {
	case !r.Enabled:
		return warn(check, "blocks are not brought there: it is off", "tocsin integrations show "+r.ID)
	case r.Error != "":
		return wrong(check, r.Error, "tocsin integrations test "+r.ID+" -v")
	case len(r.Warnings) > 0:
		return warn(check, r.Warnings[0], "what is blocked there has no effect until this is put right")
	case r.Capacity > 0 && float64(r.Used) > fullShare*float64(r.Capacity):
		return warn(check, "it holds "+r.room()+" entries", "tocsin blocks list --integration "+r.ID)
	case r.Placements["failed"] > 0:
		return warn(check, count(r.Placements["failed"], "block")+" failed there", "tocsin blocks list --placement failed")
	}
	return good(check, "%s entries, %d of ours, last read %s", r.room(), r.Ours, day(&r.LastCycle, "never"))
}

// reachHub asks for readiness, which needs no key, and compares clocks.
func reachHub(ctx context.Context, hub *client.Client) ([]finding, bool) {
	began := time.Now()
	date, err := hub.Date(ctx, "/readyz")
	took := time.Since(began)
	var no *client.Problem
	switch {
	case errors.As(err, &no):
		return []finding{wrong("hub", fmt.Sprintf("%s is not ready: %s", hub.URL(), no.Error()), "look at the hub's log")}, false
	case err != nil:
		return []finding{wrong("hub", err.Error(), "is it running, is the address right, and does a firewall let it pass?")}, false
	}
	found := []finding{good("hub", "%s is ready (%s)", hub.URL(), took.Round(time.Millisecond))}
	if strings.HasPrefix(hub.URL(), "http://") && !strings.Contains(hub.URL(), "//127.") && !strings.Contains(hub.URL(), "//localhost") && !strings.Contains(hub.URL(), "//[::1]") {
		found = append(found, warn("transport", "the key goes over the network in clear", "use TLS: docs/running.md says how"))
	}
	return append(found, judgeClock(date, began.Add(took/2))), true
}

// judgeClock compares the hub's clock, which tells full seconds, with this one.
func judgeClock(hub, here time.Time) finding {
	const check = "clock"
	if hub.IsZero() {
		return skipped(check, "the hub does not say what time it is", "")
	}
	apart := here.Sub(hub.Add(time.Second / 2)).Round(time.Second)
	what := fmt.Sprintf("the hub's clock and this one are %s apart", apart.Abs())
	const do = "synchronise both with NTP: signatures and expiry depend on it"
	switch {
	case apart.Abs() >= wrongClock:
		return wrong(check, what, do)
	case apart.Abs() >= warnClock:
		return warn(check, what, do)
	}
	return good(check, "%s", what)
}

// keyScopes asks what the key may do.
func keyScopes(ctx context.Context, hub *client.Client) (finding, func(string) bool) {
	const check = "key"
	me, _, err := fetch[struct {
		Name      string     `json:"name"`
		Account   string     `json:"account"`
		Scopes    []string   `json:"scopes"`
		ExpiresAt *time.Time `json:"expires_at"`
	}](ctx, hub, "/api/v1/me")
	has := func(scope string) bool {
		return slices.Contains(me.Scopes, scope) || slices.Contains(me.Scopes, "admin")
	}
	if err != nil {
		return wrong(check, err.Error(), "make another: tocsin keys create, or on the hub's machine with --data-dir"), has
	}
	what := fmt.Sprintf("%s, account %s: %s", me.Name, me.Account, strings.Join(me.Scopes, ", "))
	if set(me.ExpiresAt) && time.Until(*me.ExpiresAt) < 14*24*time.Hour {
		return warn(check, what+"; it ends "+day(me.ExpiresAt, ""), "tocsin keys rotate ID"), has
	}
	return good(check, "%s", what), has
}

// hubHealth asks how the hub is doing.
func hubHealth(ctx context.Context, hub *client.Client) finding {
	const check = "health"
	h, _, err := fetch[struct {
		Status  string `json:"status"`
		Version string `json:"version"`
		Uptime  string `json:"uptime"`
		Journal struct {
			OK          bool   `json:"ok"`
			FreeBytes   int64  `json:"free_bytes"`
			Quarantined int    `json:"quarantined"`
			Error       string `json:"error"`
		} `json:"journal"`
		Store struct {
			OK    bool   `json:"ok"`
			Error string `json:"error"`
		} `json:"store"`
	}](ctx, hub, "/api/v1/health")
	if err != nil {
		return wrong(check, err.Error(), "look at the hub's log")
	}
	what := fmt.Sprintf("%s, version %s, up %s, %s free", h.Status, h.Version, h.Uptime, human(h.Journal.FreeBytes))
	switch {
	case h.Status != "ok":
		return wrong(check, strings.TrimSpace(what+" "+h.Journal.Error+" "+h.Store.Error), "look at the hub's log, and at its disk")
	case h.Journal.Quarantined > 0:
		return wrong(check, fmt.Sprintf("%s; %d damaged parts of the journal", what, h.Journal.Quarantined), "the disk loses data: look at it, and see docs/reliability.md")
	case h.Journal.FreeBytes < wrongFree:
		return warn(check, what, "free some, or lower journal.max_bytes")
	}
	return good(check, "%s", what)
}

// integrations judges every integration, and tests those that are not switched off.
func (c *doctorCmd) integrations(ctx context.Context, hub *client.Client, mayTest bool) []finding {
	rows, err := listRows[integrationRow](ctx, hub, integrationsPath)
	if err != nil {
		return []finding{wrong("integrations", err.Error(), "look at the hub's log")}
	}
	if len(rows) == 0 {
		return []finding{warn("integrations", "there are none: events go nowhere", "tocsin apply --help shows how to make some")}
	}
	stats := map[string]statsRow{}
	if all, _, err := fetch[struct{ Integrations []statsRow }](ctx, hub, "/api/v1/stats"); err == nil {
		for _, s := range all.Integrations {
			stats[s.Integration] = s
		}
	}
	found := make([]finding, len(rows))
	var wait sync.WaitGroup
	slots := make(chan struct{}, parallelTests)
	for i := range rows {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found[i] = judgeIntegration(&rows[i], stats[rows[i].ID])
			if rows[i].Enabled && len(rows[i].Voided) == 0 && mayTest && !c.NoTests {
				found[i] = tested(ctx, hub, &rows[i], found[i])
			}
		})
	}
	wait.Wait()
	if !mayTest && !c.NoTests {
		found = append(found, skipped("tests", "the key lacks the scope integrations:write: nothing was tested", "use one that has it"))
	}
	return found
}

// judgeIntegration says what its state and counts mean.
func judgeIntegration(r *integrationRow, s statsRow) finding {
	check := "integration " + r.Kind + "/" + r.Name
	failed := s.Counts["mailbox"]
	switch {
	case !r.Enabled:
		return warn(check, r.state()+": its events are skipped", "tocsin integrations enable "+r.ID)
	case len(r.Voided) > 0:
		return wrong(check, r.state()+"; its events wait", "enter the secret again: tocsin apply --secrets -f FILE")
	case r.Paused:
		return warn(check, "paused: its events wait", "tocsin integrations resume "+r.ID)
	case s.Breaker == "open":
		return wrong(check, "its receiver fails: "+s.LastError, "tocsin integrations test "+r.ID+" -v")
	case failed > 0:
		return warn(check, fmt.Sprintf("%d deliveries are in the mailbox; last error: %s", failed, orDash(s.LastError)), "tocsin mailbox list --integration "+r.ID)
	case len(r.Warnings) > 0:
		return warn(check, r.Warnings[0].Message, "tocsin integrations show "+r.ID)
	}
	return good(check, "%d delivered, last %s", s.Counts["delivered"], day(s.LastSuccess, "never"))
}

// tested proves the integration's credentials.
func tested(ctx context.Context, hub *client.Client, r *integrationRow, f finding) finding {
	t, _, err := testIntegration(ctx, hub, r.ID, "")
	var no *client.Problem
	switch {
	case errors.As(err, &no) && no.Status == http.StatusTooManyRequests:
		f.What += "; not tested: " + no.Error()
	case err != nil:
		return wrong(f.Check, "the test failed: "+err.Error(), "tocsin integrations test "+r.ID+" -v")
	case !t.OK:
		return wrong(f.Check, "the test failed: "+t.Error, "tocsin integrations test "+r.ID+" -v")
	default:
		f.What += fmt.Sprintf("; its test succeeds (%s, %.0f ms)", orDash(t.Grade), t.LatencyMS)
	}
	return f
}
