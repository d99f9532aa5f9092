package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// Limits of lists (https://developers.cloudflare.com/waf/tools/lists/custom-lists/).
const (
	maxItems     = 10_000 // in all lists of an account, but for those of redirects; Enterprise has more
	itemsPerPage = 500
	itemsBatch   = 1000 // changes of one call, and items of one bulk operation
)

// Kinds of lists. Those of redirects do not count against maxItems.
const (
	kindIP       = "ip"
	kindRedirect = "redirect"
)

// list is a list of the account.
type list struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Items int    `json:"num_items"`
}

// item is an item of a list of addresses.
type item struct {
	ID      string `json:"id"`
	IP      string `json:"ip"`
	Comment string `json:"comment"`
}

// entry is the item as an entry.
func (x *item) entry(tag string) (connector.BlockEntry, bool) {
	p, ok := prefixOf(x.IP)
	return connector.BlockEntry{Prefix: p, Handle: x.ID, Mark: markOf(tag, x.Comment)}, ok
}

// listVersion is what a snapshot was made of, besides the entries.
type listVersion struct {
	list string // its id; empty: it does not exist
	rule ruleState
}

// listDriver blocks by a list of the account and one custom rule of the zone.
type listDriver struct {
	api      *api
	settings *Settings
}

func (d *listDriver) listsPath() string { return "/accounts/" + d.settings.AccountID + "/rules/lists" }

func (d *listDriver) itemsPath(list string) string {
	return d.listsPath() + "/" + url.PathEscape(list) + "/items"
}

// limits: ranges of IPv4 from /8, of IPv6 from /12. Cloudflare's documentation once named /64 as the longest of IPv6;
// an account for which that still holds refuses the item, and the block says so.
func (d *listDriver) limits() connector.BlockLimits {
	l := connector.BlockLimits{Capacity: maxItems, Batch: itemsBatch, Marks: true}
	for n := 8; n <= 32; n++ {
		l.IPv4 = append(l.IPv4, n)
	}
	for n := 12; n <= 128; n++ {
		l.IPv6 = append(l.IPv6, n)
	}
	return l
}

// blocked reads the list and the rule that makes it block.
func (d *listDriver) blocked(ctx context.Context) (*connector.BlockSnapshot, error) {
	ours, others, err := d.find(ctx)
	if err != nil {
		return nil, err
	}
	v := &listVersion{}
	s := &connector.BlockSnapshot{Version: v, Used: others}
	if ours != nil {
		v.list = ours.ID
		items, err := d.items(ctx, v.list, "")
		if err != nil {
			return nil, err
		}
		for i := range items {
			if e, ok := items[i].entry(d.settings.Tag); ok {
				s.Entries = append(s.Entries, e)
			}
		}
		s.Used += len(items)
	}
	if v.rule, err = d.rule(ctx); err != nil {
		return nil, err
	}
	s.Warnings = d.warnings(v)
	return s, nil
}

// warnings say what keeps the list from blocking.
func (d *listDriver) warnings(v *listVersion) []string {
	switch {
	case v.list == "":
		return []string{"The list " + d.settings.List + " does not exist yet: it is made with the first block."}
	case v.rule.blocks:
		return nil
	case v.rule.ours != nil:
		return []string{"The custom rule for the list " + d.settings.List + " " + v.rule.ours.fault(d.settings.List) +
			", so that blocks have no effect. Somebody has changed it: it is left as it is. Put it right, or delete it, and it is made anew with the next block."}
	}
	return []string{"No custom rule of the zone blocks what is on the list " + d.settings.List + ", so that blocks have no effect. It is made with the next block."}
}

// find looks for the list by its name, and counts what all others hold.
func (d *listDriver) find(ctx context.Context) (ours *list, others int, err error) {
	var lists []list
	if _, err := d.api.do(ctx, call{
		method: http.MethodGet, path: d.listsPath(), doing: "looking for the list", needs: needList,
	}, &lists); err != nil {
		return nil, 0, err
	}
	for i := range lists {
		switch l := &lists[i]; {
		case l.Name == d.settings.List && l.Kind != kindIP:
			return nil, 0, connector.Permanent(fmt.Errorf("the list %s is one of another kind than addresses: choose another name", l.Name))
		case l.Name == d.settings.List:
			ours = l
		case l.Kind != kindRedirect:
			others += l.Items
		}
	}
	return ours, others, nil
}

// items reads the items of a list whose address begins with a text; empty: all.
func (d *listDriver) items(ctx context.Context, list, search string) ([]item, error) {
	var all []item
	query := url.Values{"per_page": {fmt.Sprint(itemsPerPage)}}
	if search != "" {
		query.Set("search", search)
	}
	seen := map[string]bool{"": true}
	for {
		var page []item
		info, err := d.api.do(ctx, call{
			method: http.MethodGet, path: d.itemsPath(list), query: query, doing: "reading the list", needs: needList,
		}, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		switch next := info.Cursors.After; {
		case len(all) > connector.MaxBlockEntries:
			return nil, connector.Permanent(fmt.Errorf("the list has more than %d items", connector.MaxBlockEntries))
		case next == "":
			return all, nil
		case seen[next]:
			return nil, fmt.Errorf("reading the list: Cloudflare's pages go round in circles")
		default:
			seen[next] = true
			query.Set("cursor", next)
		}
	}
}

// read makes the reads that blocking needs.
func (d *listDriver) read(ctx context.Context) error {
	if _, err := d.rule(ctx); err != nil {
		return err
	}
	_, _, err := d.find(ctx)
	return err
}
