package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
)

// responseCmd groups the commands about the rules for blocks.
type responseCmd struct {
	Policy     responsePolicyCmd     `cmd:"" help:"Show or change the account's rules for blocks."`
	Kill       responseKillCmd       `cmd:"" help:"Turn the kill switch on: nothing is blocked or repaired any more."`
	Unkill     responseUnkillCmd     `cmd:"" help:"Turn the kill switch off."`
	Responders responseRespondersCmd `cmd:"" help:"List the integrations that can block, and how they are doing."`
	Reconcile  responseReconcileCmd  `cmd:"" help:"Compare a responder with what is wanted now, and repair it."`
	Rules      rulesCmd              `cmd:"" help:"Let events ask for blocks: rules, in shadow mode first."`
}

const (
	policyPath     = "/api/v1/response-policy"
	respondersPath = "/api/v1/responders"
)

// responsePolicyCmd shows or changes the policy.
type responsePolicyCmd struct {
	hubFlags
	viewFlags

	Set []string `arg:"" optional:"" help:"What to change: NAME=VALUE; NAME= gives back the default."`
}

// Help is the long help.
func (*responsePolicyCmd) Help() string {
	return `Without arguments it shows the rules: how long blocks last, how wide they may be, how many may be made in a minute and an hour,
how full a responder may become, and what needs somebody else's approval. They are explained in docs/response.md. Two lines cannot
be set: killed says whether a kill switch is on, here or in an account above, and killed_reason why.

Examples:

    tocsin response policy
    tocsin response policy per_hour=200 approve_all=true
    tocsin response policy default_ttl=7d max_ttl=`
}

// Run shows or changes it.
func (c *responsePolicyCmd) Run(ctx context.Context, p *Process) error {
	method, in := http.MethodGet, any(nil)
	if len(c.Set) > 0 {
		patch := map[string]any{}
		for _, pair := range c.Set {
			name, value, ok := strings.Cut(pair, "=")
			if !ok || name == "" {
				return usagef("%q is not NAME=VALUE", pair)
			}
			patch[name] = policyValue(name, value)
		}
		method, in = http.MethodPatch, patch
	}
	return c.with(p, func(hub *client.Client) error {
		policy, raw, err := request[map[string]json.RawMessage](ctx, hub, method, policyPath, in)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			names, err := memberNames(raw)
			if err != nil {
				return err
			}
			t := p.table()
			for _, name := range names {
				t.row(name, policyText(name, policy[name]))
			}
			return t.flush()
		})
	})
}

// policyValue is a value as JSON has it: a number or a truth as such, nothing as null, all else as a text.
// How long something takes may be given in days and weeks, as with --ttl.
func policyValue(name, text string) any {
	switch {
	case text == "":
		return nil
	case policyTime(name):
		if d, err := guard.ParseTTL(text); err == nil && d > 0 {
			return d.String()
		}
		return text
	case text == "true", text == "false":
		return text == "true"
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n
	}
	return text
}

// policyTime says whether a setting is how long something takes.
func policyTime(name string) bool {
	return strings.HasSuffix(name, "_ttl") || strings.HasSuffix(name, "_time")
}

// policyText shows a value.
func policyText(name string, value json.RawMessage) string {
	text := strings.Trim(string(value), `"`)
	if d, err := time.ParseDuration(text); err == nil && d > 0 && policyTime(name) {
		return guard.TTLWords(d)
	}
	return text
}

// memberNames are the names of an object's members, in its order.
func memberNames(raw json.RawMessage) ([]string, error) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	var names []string
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
		var skipped json.RawMessage
		if err := dec.Decode(&skipped); err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
		name, _ := token.(string)
		names = append(names, name)
	}
	return names, nil
}

// responseKillCmd turns the kill switch on.
type responseKillCmd struct {
	hubFlags

	Reason string `short:"m" required:"" placeholder:"TEXT" help:"Why, for people."`
}

// Help is the long help.
func (*responseKillCmd) Help() string {
	return `From now on no block of this account is made, approved or repaired, at no responder. What ends is still taken away. To end what
was blocked by mistake as well: tocsin blocks undo.

Example:

    tocsin response kill --reason "The new rule blocks customers."`
}

// Run turns it on.
func (c *responseKillCmd) Run(ctx context.Context, p *Process) error {
	return c.kill(ctx, p, true, c.Reason)
}

// responseUnkillCmd turns it off.
type responseUnkillCmd struct {
	hubFlags

	Reason string `short:"m" placeholder:"TEXT" help:"Why, for people."`
}

// Help is the long help.
func (*responseUnkillCmd) Help() string {
	return `What is still wanted is put in force again. This wants the scope blocks:approve.

Example:

    tocsin response unkill`
}

// Run turns it off.
func (c *responseUnkillCmd) Run(ctx context.Context, p *Process) error {
	return c.kill(ctx, p, false, c.Reason)
}

func (f *hubFlags) kill(ctx context.Context, p *Process, on bool, reason string) error {
	return f.with(p, func(hub *client.Client) error {
		in := map[string]any{"on": on, "reason": reason}
		if err := hub.Do(ctx, http.MethodPost, policyPath+"/kill-switch", in, nil); err != nil {
			return err
		}
		p.say("the kill switch is %s\n", map[bool]string{true: "on", false: "off"}[on])
		return nil
	})
}

// responderRow is a responder as the API shows it.
type responderRow struct {
	ID, Name, Kind       string
	Enabled, Ready       bool
	Used, Ours, Capacity int
	Warnings             []string
	Placements           map[string]int
	LastCycle            time.Time `json:"last_cycle_at"`
	NextCycle            time.Time `json:"next_cycle_at"`
	Error                string
	ErrorSince           time.Time `json:"error_since"`
}

func (r *responderRow) state() string {
	switch {
	case !r.Enabled:
		return "off"
	case r.Error != "":
		return "failing"
	case !r.Ready:
		return "not read yet"
	case len(r.Warnings) > 0:
		return "warning"
	}
	return "ok"
}

func (r *responderRow) room() string {
	if r.Capacity == 0 {
		return strconv.Itoa(r.Used)
	}
	return fmt.Sprintf("%d of %d", r.Used, r.Capacity)
}

func (r *responderRow) detail() string {
	if r.Error != "" {
		return r.Error
	}
	return strings.Join(r.Warnings, "; ")
}

// responseRespondersCmd lists responders.
type responseRespondersCmd struct {
	hubFlags
	viewFlags
}

// Help is the long help.
func (*responseRespondersCmd) Help() string {
	return `USED counts every entry the vendor holds, OURS those that are there by Tocsin.

Example:

    tocsin response responders`
}

// Run prints a table.
func (c *responseRespondersCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		rows, raw, err := listAll[responderRow](ctx, hub, respondersPath, nil)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			if why := killed(ctx, hub); why != "" {
				p.note("%s\n", line(why))
			}
			return printResponders(p, rows)
		})
	})
}

// killed says that a kill switch is on, and why; empty: none is, or the key may not ask.
func killed(ctx context.Context, hub *client.Client) string {
	policy, _, err := fetch[struct {
		Killed bool
		Reason string `json:"killed_reason"`
	}](ctx, hub, policyPath)
	switch {
	case err != nil || !policy.Killed:
		return ""
	case policy.Reason == "":
		return "the kill switch is on: nothing is blocked or repaired"
	}
	return "the kill switch is on, nothing is blocked or repaired: " + policy.Reason
}

func printResponders(p *Process, rows []responderRow) error {
	t := p.table("NAME", "KIND", "STATE", "USED", "OURS", "VERIFIED", "FAILED", "LAST READ", "DETAIL")
	for i := range rows {
		r := &rows[i]
		t.row(r.Name, r.Kind, r.state(), r.room(), strconv.Itoa(r.Ours), strconv.Itoa(r.Placements["verified"]), strconv.Itoa(r.Placements["failed"]),
			day(&r.LastCycle, ""), r.detail())
	}
	return t.flush()
}

// responseReconcileCmd reconciles a responder.
type responseReconcileCmd struct {
	hubFlags
	viewFlags

	Name string `arg:"" help:"The responder: its id, its name, or kind/name."`
}

// Help is the long help.
func (*responseReconcileCmd) Help() string {
	return `Responders are looked at from time to time anyway, and at once when a block is made or ends.

Example:

    tocsin response reconcile edge`
}

// Run reconciles it.
func (c *responseReconcileCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		i, _, err := findIntegration(ctx, hub, c.Name)
		if err != nil {
			return err
		}
		r, raw, err := request[responderRow](ctx, hub, http.MethodPost, below(respondersPath, i.ID, "reconcile"), nil)
		if err != nil {
			return err
		}
		if err := c.show(p, raw, func() error { return printResponders(p, []responderRow{r}) }); err != nil {
			return err
		}
		if r.Error != "" {
			return fmt.Errorf("%s", line(r.Error))
		}
		return nil
	})
}
