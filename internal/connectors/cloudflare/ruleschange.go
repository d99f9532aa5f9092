package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// newRule is the request that makes an access rule.
type newRule struct {
	Mode          string        `json:"mode"`
	Configuration configuration `json:"configuration"`
	Notes         string        `json:"notes"`
}

// change makes one change after the other. What is refused for itself alone does not stop the others; when there is no room,
// rules are still taken away.
func (d *rulesDriver) change(ctx context.Context, s *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error) {
	results := make([]connector.BlockResult, len(changes))
	var noRoom error
	for i, c := range changes {
		var err error
		switch {
		case c.Remove:
			results[i], err = d.remove(ctx, s, c)
		case noRoom == nil:
			results[i], err = d.add(ctx, c)
		}
		switch {
		case err == nil:
		case isFull(asAPI(err)):
			noRoom = err
		default:
			return results, err
		}
	}
	return results, fullError(noRoom)
}

// add makes a rule.
func (d *rulesDriver) add(ctx context.Context, c connector.BlockChange) (connector.BlockResult, error) {
	if why := d.limits().Takes(c.Prefix); why != "" {
		return connector.BlockResult{Err: connector.Permanent(errors.New(why))}, nil
	}
	var made accessRule
	_, err := d.api.do(ctx, call{
		method: http.MethodPost, path: d.path(), doing: "blocking " + c.Prefix.String(), needs: needRules,
		body: newRule{Mode: modeBlock, Configuration: configurationOf(c.Prefix), Notes: noteOf(d.settings.Tag, c.Block, c.Reason)},
	}, &made)
	switch e := asAPI(err); {
	case err == nil && made.ID == "":
		return connector.BlockResult{Unknown: true}, fmt.Errorf("blocking %s: Cloudflare's answer names no rule", c.Prefix)
	case err == nil:
		return connector.BlockResult{Done: true, Handle: made.ID}, nil
	case isUnknown(err):
		return connector.BlockResult{Unknown: true}, err
	case e != nil && e.has(codeDuplicate):
		return d.already(ctx, c)
	case aboutOne(err):
		return connector.BlockResult{Err: err}, nil
	}
	return connector.BlockResult{}, err
}

// already looks whose rule it is that was there: that of this very block, whose answer got lost, or another's. Rules can be
// searched by address for IPv4 alone, by their notes for all.
func (d *rulesDriver) already(ctx context.Context, c connector.BlockChange) (connector.BlockResult, error) {
	list, _, err := d.page(ctx, url.Values{"notes": {markText(d.settings.Tag, c.Block)}, "page": {"1"}, "per_page": {"20"}})
	if err != nil {
		return connector.BlockResult{Unknown: true}, err
	}
	for i := range list {
		e, ok := list[i].entry(d.settings.Tag)
		if !ok || e.Mark != c.Block || e.Prefix != c.Prefix {
			continue
		}
		if e.Allows {
			return connector.BlockResult{}, fmt.Errorf("blocking %s: its rule has become one that does not block: %w", c.Prefix, connector.ErrStale)
		}
		return connector.BlockResult{Done: true, Handle: e.Handle}, nil
	}
	return connector.BlockResult{Was: true}, nil
}

// remove takes a rule away, by its id.
func (d *rulesDriver) remove(ctx context.Context, s *connector.BlockSnapshot, c connector.BlockChange) (connector.BlockResult, error) {
	id, why := handleOf(s, c)
	switch {
	case why != "":
		return connector.BlockResult{Err: connector.Permanent(errors.New(why))}, nil
	case id == "":
		return connector.BlockResult{Done: true}, nil
	}
	unknown, err := d.delete(ctx, id)
	switch {
	case err == nil:
		return connector.BlockResult{Done: true}, nil
	case unknown:
		return connector.BlockResult{Unknown: true}, err
	case aboutOne(err):
		return connector.BlockResult{Err: err}, nil
	}
	return connector.BlockResult{}, err
}

// delete takes a rule of the zone away, and no like ones of other zones. One that is not there is gone: Cloudflare answers
// 404, or 200 with nothing in it.
func (d *rulesDriver) delete(ctx context.Context, id string) (unknown bool, err error) {
	_, err = d.api.do(ctx, call{
		method: http.MethodDelete, path: d.path() + "/" + url.PathEscape(id), doing: "taking an access rule away", needs: needRules,
		body: map[string]string{"cascade": "none"},
	}, nil)
	if e := asAPI(err); notThere(err) || e != nil && e.status < http.StatusInternalServerError && e.has(codeNoRule) && !refused(e) {
		return false, nil
	}
	return isUnknown(err), err
}

// handleOf is what the entry to be taken away is found by; empty: it is not there. Why says what is wrong with a handle that
// would hit another entry than the one that was meant.
func handleOf(s *connector.BlockSnapshot, c connector.BlockChange) (id, why string) {
	for _, e := range s.Entries {
		switch {
		case c.Handle == "" && e.Prefix == c.Prefix && e.Mark != "" && e.Mark == c.Block && e.Handle != "":
			return e.Handle, ""
		case c.Handle != "" && e.Handle == c.Handle && e.Prefix != c.Prefix:
			return "", fmt.Sprintf("what is to be taken away for %s is an entry for %s: it stays", c.Prefix, e.Prefix)
		}
	}
	return c.Handle, ""
}
