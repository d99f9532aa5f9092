package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// Limits of IP access rules (https://developers.cloudflare.com/waf/tools/ip-access-rules/).
const (
	maxRules     = 50_000 // of an account, in all its zones
	rulesPerPage = 1000
	rulesBatch   = 20 // changes of one call: some seconds, so that what is stopped, or wanted at once, does not wait long
	// rereads is how often a reading by pages begins anew because rules came or went meanwhile, which moves them between pages.
	rereads = 3
)

// Words of access rules.
const (
	modeBlock = "block" // others let through ("whitelist") or ask first
	scopeZone = "zone"  // others come from the account or the user, and are not the zone's to change
)

// accessRule is an IP access rule.
type accessRule struct {
	ID            string        `json:"id"`
	Mode          string        `json:"mode"`
	Notes         string        `json:"notes"`
	Configuration configuration `json:"configuration"`
	Scope         struct {
		Type string `json:"type"`
	} `json:"scope"`
}

// inherited says that the rule belongs to all zones of an account or a user.
func (r *accessRule) inherited() bool { return r.Scope.Type != "" && r.Scope.Type != scopeZone }

// entry is the rule as an entry, if it is about addresses. One that is inherited is there, and is nobody's to take away: it
// has neither handle nor mark.
func (r *accessRule) entry(tag string) (connector.BlockEntry, bool) {
	p, ok := r.Configuration.prefix()
	if !ok {
		return connector.BlockEntry{}, false
	}
	e := connector.BlockEntry{Prefix: p, Allows: r.Mode != modeBlock}
	if !r.inherited() {
		e.Handle, e.Mark = r.ID, markOf(tag, r.Notes)
	}
	return e, true
}

// rulesDriver blocks by an IP access rule of the zone for each address.
type rulesDriver struct {
	api      *api
	settings *Settings
}

func (d *rulesDriver) path() string {
	return "/zones/" + d.settings.ZoneID + "/firewall/access_rules/rules"
}

func (d *rulesDriver) limits() connector.BlockLimits {
	return connector.BlockLimits{
		IPv4: []int{16, 24, 32}, IPv6: []int{32, 48, 64, 128}, Capacity: maxRules, Batch: rulesBatch, Marks: true,
	}
}

// blocked reads all rules of the zone, inherited ones too. Those for countries and networks count against the capacity.
func (d *rulesDriver) blocked(ctx context.Context) (*connector.BlockSnapshot, error) {
	rules, err := d.all(ctx)
	if err != nil {
		return nil, err
	}
	s := &connector.BlockSnapshot{Used: len(rules)}
	for i := range rules {
		if e, ok := rules[i].entry(d.settings.Tag); ok {
			s.Entries = append(s.Entries, e)
		}
	}
	return s, nil
}

// all reads the rules. When there are not as many as Cloudflare counts, some have moved between pages while they were
// read, unless it counts otherwise, which shows by there being as many again. What is missed all the same does no harm: a
// rule that is there is not made twice, and one of ours is found next time.
func (d *rulesDriver) all(ctx context.Context) (rules []accessRule, err error) {
	before := -1
	for range rereads {
		var whole bool
		if rules, whole, err = d.pages(ctx); err != nil || whole || len(rules) == before {
			break
		}
		before = len(rules)
	}
	return rules, err
}

func (d *rulesDriver) pages(ctx context.Context) (rules []accessRule, whole bool, err error) {
	seen := map[string]bool{}
	for page := 1; ; page++ {
		list, info, err := d.page(ctx, url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(rulesPerPage)}})
		if err != nil {
			return nil, false, err
		}
		fresh := false
		for _, r := range list {
			if !seen[r.ID] {
				seen[r.ID], fresh = true, true
				rules = append(rules, r)
			}
		}
		perPage := rulesPerPage
		if info.PerPage > 0 {
			perPage = info.PerPage // it may give fewer than it was asked for
		}
		switch {
		case len(rules) > connector.MaxBlockEntries:
			return nil, false, connector.Permanent(fmt.Errorf("the zone has more than %d access rules", connector.MaxBlockEntries))
		case info.TotalCount > 0 && page*perPage >= info.TotalCount, info.TotalCount <= 0 && len(list) < perPage, !fresh:
			return rules, len(rules) >= info.TotalCount, nil
		}
	}
}

func (d *rulesDriver) page(ctx context.Context, query url.Values) ([]accessRule, resultInfo, error) {
	var list []accessRule
	info, err := d.api.do(ctx, call{
		method: http.MethodGet, path: d.path(), query: query, doing: "listing the access rules", needs: needRules,
	}, &list)
	return list, info, err
}

// read reads a page.
func (d *rulesDriver) read(ctx context.Context) error {
	_, _, err := d.page(ctx, url.Values{"page": {"1"}, "per_page": {"20"}})
	return err
}

// prove takes away a rule that cannot be there: no id is all zeros. Cloudflare looks at the token's permission before it
// looks for the rule: without it the answer is 403, with it 404, or 200 with nothing in it.
func (d *rulesDriver) prove(ctx context.Context) (string, error) {
	if _, err := d.delete(ctx, nobody); !proven(err) {
		return "", err
	}
	return "", nil
}

// nobody is an id that nothing has.
const nobody = "00000000000000000000000000000000"
