package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// phase is where custom rules run.
const phase = "http_request_firewall_custom"

// customRule is a rule of a ruleset.
type customRule struct {
	ID          string `json:"id,omitempty"`
	Ref         string `json:"ref"`
	Description string `json:"description"`
	Expression  string `json:"expression"`
	Action      string `json:"action"`
	Enabled     bool   `json:"enabled"`
}

// ruleset is the entry point of the phase: the zone's custom rules.
type ruleset struct {
	ID          string       `json:"id,omitempty"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Kind        string       `json:"kind"`
	Phase       string       `json:"phase"`
	Rules       []customRule `json:"rules"`
}

// ruleState is what the zone has for the list.
type ruleState struct {
	ruleset string      // the id of the entry point; empty: there is none yet
	ours    *customRule // the rule that bears our mark
	blocks  bool        // a rule, whoever's, blocks what is on the list
}

// blocks says whether a rule blocks all that is on the list.
func (r *customRule) blocks(list string) bool { return r.fault(list) == "" }

// fault is why it does not.
func (r *customRule) fault(list string) string {
	switch {
	case !r.Enabled:
		return "is disabled"
	case r.Action != modeBlock:
		return "does not block (its action is another one)"
	case plain(r.Expression) != plain(expressionOf(list)):
		return "has another expression"
	}
	return ""
}

func expressionOf(list string) string { return "(ip.src in $" + list + ")" }

// plain is an expression without what does not matter: blanks at its ends and repeated ones, and parentheses around all of it.
func plain(expression string) string {
	text := strings.Join(strings.Fields(expression), " ")
	for strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") && strings.Count(text, "(") == 1 {
		text = strings.TrimSpace(text[1 : len(text)-1])
	}
	return text
}

// ourRule is the rule as it is made. Its reference has only characters that names in expressions may have.
func (d *listDriver) ourRule() customRule {
	return customRule{
		Ref:         strings.NewReplacer("-", "_", ".", "_").Replace(d.settings.Tag) + "_" + d.settings.List,
		Description: d.settings.Tag + ": blocks the addresses on the list " + d.settings.List,
		Expression:  expressionOf(d.settings.List), Action: modeBlock, Enabled: true,
	}
}

// rule looks at the zone's custom rules.
func (d *listDriver) rule(ctx context.Context) (ruleState, error) {
	var set ruleset
	_, err := d.api.do(ctx, call{
		method: http.MethodGet, path: "/zones/" + d.settings.ZoneID + "/rulesets/phases/" + phase + "/entrypoint",
		doing: "reading the zone's custom rules", needs: needWAF,
	}, &set)
	if notThere(err) {
		return ruleState{}, nil // a zone that never had a custom rule has no entry point
	}
	if err != nil {
		return ruleState{}, err
	}
	return d.stateOf(&set), nil
}

func (d *listDriver) stateOf(set *ruleset) ruleState {
	state, ours := ruleState{ruleset: set.ID}, d.ourRule()
	for i := range set.Rules {
		r := &set.Rules[i]
		if r.Ref == ours.Ref || r.Description == ours.Description {
			state.ours = r
		}
		state.blocks = state.blocks || r.blocks(d.settings.List)
	}
	return state
}

// ensureRule makes the rule, if there is none. A rule of ours that somebody has changed or switched off stays so. A
// ruleset is never written as a whole: that would undo what others do meanwhile.
func (d *listDriver) ensureRule(ctx context.Context, v *listVersion) error {
	if v.rule.blocks || v.rule.ours != nil {
		return nil
	}
	c := call{
		method: http.MethodPost, path: "/zones/" + d.settings.ZoneID + "/rulesets", doing: "making the custom rule for the list", needs: needWAF,
		body: ruleset{Name: "default", Kind: "zone", Phase: phase, Rules: []customRule{d.ourRule()}},
	}
	if v.rule.ruleset != "" {
		c.path += "/" + url.PathEscape(v.rule.ruleset) + "/rules"
		c.body = d.ourRule()
	}
	var set ruleset
	_, err := d.api.do(ctx, c, &set)
	switch e := asAPI(err); {
	case err == nil:
		v.rule = d.stateOf(&set)
		return nil
	case e != nil && isFull(e):
		return fmt.Errorf("%w: the plan allows no more custom rules; free one, and this goes on by itself", err)
	case e != nil && !refused(e) && (e.status == http.StatusConflict || e.status == http.StatusNotFound || v.rule.ruleset == "" && e.status == http.StatusBadRequest):
		return d.reconsider(ctx, v, err)
	}
	return err
}

// reconsider looks why the rule could not be made: if the zone's rules are not as they were, the snapshot is out of date.
func (d *listDriver) reconsider(ctx context.Context, v *listVersion, why error) error {
	now, err := d.rule(ctx)
	if err != nil {
		return err
	}
	if now.ruleset != v.rule.ruleset || now.blocks || now.ours != nil {
		return fmt.Errorf("%w (%w)", connector.ErrStale, errors.New(why.Error()))
	}
	return why
}
