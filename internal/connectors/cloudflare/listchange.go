package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// newList is the request that makes a list.
type newList struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`
	Description string `json:"description"`
}

// newItem is an item to be put on a list.
type newItem struct {
	IP      string `json:"ip"`
	Comment string `json:"comment"`
}

// itemIDs are the items to be taken off a list.
type itemIDs struct {
	Items []itemID `json:"items"`
}

type itemID struct {
	ID string `json:"id"`
}

// change puts items on the list and then takes others off it, with one bulk operation each. An account has one at a
// time: those of this process wait for each other, and somebody else's is Throttled.
func (d *listDriver) change(ctx context.Context, s *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error) {
	results := make([]connector.BlockResult, len(changes))
	v, ok := s.Version.(*listVersion)
	if !ok {
		return results, connector.Permanent(errors.New("the snapshot is not one of a list"))
	}
	work := d.sort(s, v, changes, results)
	if len(work.add) == 0 && len(work.remove) == 0 {
		return results, nil
	}
	leave, err := d.api.env.Turns.Take(ctx, string(d.api.env.Account)+"\x00cloudflare bulk operation\x00"+d.settings.AccountID)
	if err != nil {
		return results, fmt.Errorf("waiting for another bulk operation of the account: %w", err)
	}
	defer leave()
	if len(work.add) > 0 {
		if err := d.prepare(ctx, v); err != nil {
			return results, err
		}
	}
	if err := d.recheck(ctx, s, v, work); err != nil {
		return results, err
	}
	noRoom := d.addItems(ctx, v.list, work, results)
	if err := d.handles(ctx, v.list, work, results); err != nil && ctx.Err() != nil {
		return results, err // what was done is done all the same
	}
	if noRoom != nil && !isFull(asAPI(noRoom)) {
		return results, noRoom
	}
	if err := d.removeItems(ctx, v.list, work, results); err != nil {
		return results, err
	}
	return results, fullError(noRoom)
}

// listWork is what there is to do: indexes of changes, and what removals are found by.
type listWork struct {
	changes     []connector.BlockChange
	add, remove []int
	ids         map[int]string
}

// sort says what is to be done, and settles what is not.
func (d *listDriver) sort(s *connector.BlockSnapshot, v *listVersion, changes []connector.BlockChange, results []connector.BlockResult) *listWork {
	work := &listWork{changes: changes, ids: map[int]string{}}
	limits := d.limits()
	there, taken := map[string]bool{}, map[netip.Prefix]connector.BlockEntry{}
	for _, e := range s.Entries {
		there[e.Handle], taken[e.Prefix] = true, e
	}
	for i, c := range changes {
		if !c.Remove {
			why := limits.Takes(c.Prefix)
			switch e, is := taken[c.Prefix]; {
			case why != "":
				results[i].Err = connector.Permanent(errors.New(why))
			case is && e.Mark == c.Block:
				results[i] = connector.BlockResult{Done: true, Handle: e.Handle}
			case is:
				results[i].Was = true
			default:
				work.add = append(work.add, i)
			}
			continue
		}
		id, why := handleOf(s, c)
		switch {
		case why != "":
			results[i].Err = connector.Permanent(errors.New(why))
		case id == "" || v.list == "" || !there[id]: // the snapshot has all items of the list
			results[i].Done = true
		default:
			work.remove, work.ids[i] = append(work.remove, i), id
		}
	}
	return work
}

// prepare makes the list and the rule, if they are not there. The rule comes before the items: what is done is in force.
func (d *listDriver) prepare(ctx context.Context, v *listVersion) error {
	if v.list == "" {
		var made list
		_, err := d.api.do(ctx, call{
			method: http.MethodPost, path: d.listsPath(), doing: "making the list", needs: needList,
			body: newList{Name: d.settings.List, Kind: kindIP, Description: "Addresses that Tocsin blocks (" + d.settings.Tag + ")"},
		}, &made)
		switch e := asAPI(err); {
		case e != nil && (e.status == http.StatusConflict || e.status == http.StatusBadRequest) && !refused(e) && !isFull(e):
			return d.otherwiseMade(ctx, err)
		case err != nil:
			return err
		case made.ID == "":
			return errors.New("making the list: Cloudflare's answer names no list")
		}
		v.list = made.ID
	}
	if dryRun(ctx) {
		return nil
	}
	return d.ensureRule(ctx, v)
}

// otherwiseMade looks whether somebody else has made the list meanwhile.
func (d *listDriver) otherwiseMade(ctx context.Context, why error) error {
	ours, _, err := d.find(ctx)
	if err != nil {
		return err
	}
	if ours != nil {
		return fmt.Errorf("making the list: somebody else did: %w", connector.ErrStale)
	}
	return why
}

// handles finds what was put on the list: the answer does not name it. If that cannot be read, it is there all the same,
// and the next reading of the list names it.
func (d *listDriver) handles(ctx context.Context, list string, work *listWork, results []connector.BlockResult) error {
	var done []int
	for _, i := range work.add {
		if results[i].Done {
			done = append(done, i)
		}
	}
	if len(done) == 0 {
		return nil
	}
	items, err := d.current(ctx, list, &listWork{changes: work.changes, add: done})
	if err != nil {
		return err
	}
	now := map[netip.Prefix]connector.BlockEntry{}
	for i := range items {
		if e, ok := items[i].entry(d.settings.Tag); ok {
			now[e.Prefix] = e
		}
	}
	for _, i := range done {
		if e := now[work.changes[i].Prefix]; e.Mark == work.changes[i].Block {
			results[i].Handle = e.Handle
		}
	}
	return nil
}

// maxLookups is how many changes are checked one by one; for more the whole list is read.
const maxLookups = 8

// recheck looks once more at what is about to be changed. An item that is put on a list where the address is already takes
// the place of that one, whosever it is: so it must not be there. And what is taken off must still be what it was. If
// anything of it has changed, nothing is done.
func (d *listDriver) recheck(ctx context.Context, s *connector.BlockSnapshot, v *listVersion, work *listWork) error {
	if dryRun(ctx) {
		return nil
	}
	items, err := d.current(ctx, v.list, work)
	if notThere(err) {
		return fmt.Errorf("the list is not there any more: %w", connector.ErrStale)
	}
	if err != nil {
		return err
	}
	now := map[string]connector.BlockEntry{}
	taken := map[netip.Prefix]bool{}
	for i := range items {
		if e, ok := items[i].entry(d.settings.Tag); ok {
			now[e.Handle], taken[e.Prefix] = e, true
		}
	}
	was := map[string]connector.BlockEntry{}
	for _, e := range s.Entries {
		was[e.Handle] = e
	}
	for _, i := range work.add {
		if taken[work.changes[i].Prefix] {
			return fmt.Errorf("%s came onto the list meanwhile: %w", work.changes[i].Prefix, connector.ErrStale)
		}
	}
	for _, i := range work.remove {
		if id := work.ids[i]; now[id] != was[id] {
			return fmt.Errorf("what is on the list for %s has changed meanwhile: %w", work.changes[i].Prefix, connector.ErrStale)
		}
	}
	return nil
}

// current reads the items that the work is about, or all.
func (d *listDriver) current(ctx context.Context, list string, work *listWork) ([]item, error) {
	if len(work.add)+len(work.remove) > maxLookups {
		return d.items(ctx, list, "")
	}
	var all []item
	for _, i := range work.add {
		found, err := d.items(ctx, list, work.changes[i].Prefix.Addr().String())
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	for _, i := range work.remove {
		var one item
		_, err := d.api.do(ctx, call{
			method: http.MethodGet, path: d.itemsPath(list) + "/" + work.ids[i], doing: "reading an item of the list", needs: needList,
		}, &one)
		if notThere(err) {
			continue // it is gone, which shows
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
