package responder

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// Limits of what is read, in bytes.
const (
	maxHandle = 200
	maxCursor = 1024
	maxError  = 300 // of what an error quotes
)

// What may have become of one change.
const (
	statusDone    = "done"    // it is so now
	statusExists  = "exists"  // somebody else's entry is there
	statusFailed  = "failed"  // it may work later
	statusRefused = "refused" // it never will
)

// page is an answer to a list.
type page struct {
	Items *[]struct {
		Target string `json:"target"`
		ID     string `json:"id"`
		Owner  string `json:"owner"`
		Handle string `json:"handle"`
	} `json:"items"`
	Next     string `json:"next"`
	Used     int    `json:"used"`
	Capacity int    `json:"capacity"`
}

// listing is a list as far as it was read.
type listing struct {
	snapshot *connector.BlockSnapshot
	owner    string
	marks    bool
	odd      int // how many targets of others are neither addresses nor ranges
}

// add takes in one page and gives the cursor of the next; empty at the end.
func (l *listing) add(raw []byte) (next string, err error) {
	var p page
	if err := json.Unmarshal(raw, &p); err != nil || p.Items == nil {
		return "", fmt.Errorf("the answer is not what a list is: an object with items is wanted (%w)", jsonError(err))
	}
	if len(p.Next) > maxCursor {
		return "", connector.Permanent(fmt.Errorf("the cursor has %d bytes; at most %d are taken", len(p.Next), maxCursor))
	}
	for _, item := range *p.Items {
		e := connector.BlockEntry{Handle: item.Handle}
		if l.marks && l.owner != "" && item.Owner == l.owner {
			if id, err := event.ParseID(event.PrefixBlock, item.ID); err == nil {
				e.Mark = id.Text(event.PrefixBlock)
			}
		}
		prefix, ok := parseTarget(item.Target)
		switch {
		case !ok && e.Mark != "", len(item.Handle) > maxHandle:
			return "", connector.Permanent(fmt.Errorf("an entry cannot be read: its target is %.64q, its handle has %d bytes (at most %d)", item.Target, len(item.Handle), maxHandle))
		case !ok:
			l.odd++
			continue
		}
		e.Prefix = prefix
		l.snapshot.Entries = append(l.snapshot.Entries, e)
	}
	if n := len(l.snapshot.Entries) + l.odd; n > connector.MaxBlockEntries {
		return "", connector.Permanent(fmt.Errorf("the list is too long: at most %d entries are read", connector.MaxBlockEntries))
	}
	l.snapshot.Used, l.snapshot.Capacity = max(l.snapshot.Used, p.Used), max(l.snapshot.Capacity, p.Capacity)
	return p.Next, nil
}

// finish adds what is only known at the end.
func (l *listing) finish() {
	if l.odd == 0 {
		return
	}
	l.snapshot.Used = max(l.snapshot.Used, len(l.snapshot.Entries)+l.odd)
	l.snapshot.Warnings = append(l.snapshot.Warnings, fmt.Sprintf("%d entries that the endpoint lists are neither addresses nor ranges; they are left alone", l.odd))
}

// parseTarget reads an address or a range. An IPv4 address in its IPv6 form is an IPv4 address.
func parseTarget(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return p, false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p, p == p.Masked()
}

// order is the changes of one request, and where their results go.
type order struct {
	action  string
	places  []int // of the results
	changes []*connector.BlockChange
	results []connector.BlockResult
}

func (o *order) add(place int, c *connector.BlockChange) {
	o.places, o.changes = append(o.places, place), append(o.changes, c)
}

func (o *order) blocks() []block {
	list := make([]block, len(o.changes))
	for i, c := range o.changes {
		list[i] = newBlock(c)
	}
	return list
}

// unknown says of all changes that nobody knows what became of them.
func (o *order) unknown() {
	for _, place := range o.places {
		o.results[place] = connector.BlockResult{Unknown: true}
	}
}

// answer is what the endpoint says of one change.
type answer struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

// read takes in the answer to a request for changes. Its error says that it cannot be read; what was done is not known then.
func (o *order) read(raw []byte, mask func(string) string) error {
	var reply struct {
		Results *[]answer `json:"results"`
	}
	if err := json.Unmarshal(raw, &reply); err != nil || reply.Results == nil {
		return fmt.Errorf("the endpoint's answer is not understood: an object with results is wanted (%w)", jsonError(err))
	}
	said := make(map[string][]answer, len(*reply.Results))
	for _, a := range *reply.Results {
		said[a.ID] = append(said[a.ID], a)
	}
	for i, place := range o.places {
		list := said[o.changes[i].Block]
		if len(list) != 1 {
			o.results[place] = connector.BlockResult{
				Unknown: true, Err: fmt.Errorf("the endpoint says %d times what became of it; once is wanted", len(list)),
			}
			continue
		}
		o.results[place] = o.result(list[0], mask)
	}
	return nil
}

// result reads what the endpoint says of one change.
func (o *order) result(a answer, mask func(string) string) connector.BlockResult {
	switch {
	case len(a.Handle) > maxHandle:
		return connector.BlockResult{Unknown: true, Err: connector.Permanent(fmt.Errorf("the endpoint's handle has %d bytes; at most %d are taken", len(a.Handle), maxHandle))}
	case a.Status == statusDone && o.action == actionBlock:
		return connector.BlockResult{Done: true, Handle: a.Handle}
	case a.Status == statusDone:
		return connector.BlockResult{Done: true}
	case a.Status == statusExists && o.action == actionBlock:
		return connector.BlockResult{Was: true}
	case a.Status == statusFailed, a.Status == statusRefused:
		err := fmt.Errorf("the endpoint says: %s", mask(event.Clip(card.Line(a.Error), maxError)))
		if a.Status == statusRefused {
			err = connector.Permanent(err)
		}
		return connector.BlockResult{Err: err}
	}
	return connector.BlockResult{Unknown: true, Err: fmt.Errorf("the endpoint says %.20q, which means nothing", a.Status)}
}

// errNoMember is why JSON that can be read is still not what was wanted.
var errNoMember = errors.New("it is missing")

// jsonError is why an answer is not understood. What it says of the answer is no more than a place.
func jsonError(err error) error {
	if err == nil {
		return errNoMember
	}
	return err
}
