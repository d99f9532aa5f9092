package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// The owners of entries, as only the fake vendor knows them.
const (
	us      = "us"
	foreign = "foreign"
	// shared: nobody could tell whose it is, as the answer to a request about it was lost at a vendor without marks.
	shared = "shared"
)

type thing struct {
	connector.BlockEntry
	owner string
}

// fault is what becomes of one call of Change.
type fault int

const (
	fine       fault = iota
	lostUndone       // the request never arrived
	lostDone         // it was done, and the answer was lost
	throttled
	refusedStale
	broken500
	halfDone // one half is done, then the vendor asks for a pause
)

// vendor is a fake vendor: a set that is replaced as a whole, under an optimistic lock and without marks, or single rules
// with handles and marks that refuse duplicates.
type vendor struct {
	mu       sync.Mutex
	marks    bool
	things   []thing
	token    int
	handles  int
	capacity int
	batch    int

	reads, changes int
	most           int // entries at once
	wrong          []string
	opened, closed int
	readErr        error
	fail           func(n int) fault          // of the n-th change
	refuse         func(p netip.Prefix) error // of one addition or removal
	before         func(changes int)          // called before each change is looked at
	seen           []connector.BlockChange
	warnings       []string
	hideNew        bool // what was just added is not shown
	blind          bool // nothing can be read
	ids            bool // though it is blind, it knows whose an entry is, by the block's id
	v4, v6         int  // capacities by family
	loud           bool // it says that it is full of a call as a whole
	secret         int  // how much fits, which nobody says beforehand
	panics         bool
}

func (v *vendor) index(p netip.Prefix, handle string) int {
	return slices.IndexFunc(v.things, func(t thing) bool { return t.Prefix == p && (handle == "" || t.Handle == handle) })
}

// put adds an entry as somebody else would.
func (v *vendor) put(p, owner string, allows bool) {
	v.putPrefix(netip.MustParsePrefix(p), owner, allows)
}

func (v *vendor) putPrefix(p netip.Prefix, owner string, allows bool) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.index(p, "") >= 0 || v.capacity > 0 && len(v.things) >= v.capacity {
		return false
	}
	v.token++
	v.handles++
	t := thing{connector.BlockEntry{Prefix: p, Allows: allows}, owner}
	if v.marks {
		t.Handle = fmt.Sprint("h", v.handles)
	}
	v.things = append(v.things, t)
	v.most = max(v.most, len(v.things))
	return true
}

// take removes an entry as somebody else would.
func (v *vendor) take(p netip.Prefix) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.token++
	v.things = slices.DeleteFunc(v.things, func(t thing) bool { return t.Prefix == p })
}

// answer has reads end with an error.
func (v *vendor) answer(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.readErr = err
}

func (v *vendor) owners(p netip.Prefix) (list []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, t := range v.things {
		if t.Prefix == p {
			list = append(list, t.owner)
		}
	}
	return list
}

func (v *vendor) list() (list []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, t := range v.things {
		list = append(list, t.Prefix.String()+" "+t.owner)
	}
	slices.Sort(list)
	return list
}

// blocker is an instance over the vendor. It does nothing any more when its process is dead.
type blocker struct {
	*vendor
	dead func() bool
}

var errDead = errors.New("the process is dead")

func (b *blocker) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed++
}

func (b *blocker) BlockLimits() connector.BlockLimits {
	return connector.BlockLimits{IPv4: []int{16, 24, 32}, IPv6: []int{64, 128}, Capacity: b.capacity, Batch: b.batch, Marks: b.marks,
		CapacityIPv4: b.v4, CapacityIPv6: b.v6, Unverifiable: b.blind}
}

func (b *blocker) Blocked(ctx context.Context) (*connector.BlockSnapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead() {
		return nil, errDead
	}
	b.reads++
	if b.panics {
		panic("a fault of the connector")
	}
	if b.readErr != nil {
		return nil, b.readErr
	}
	s := &connector.BlockSnapshot{Version: b.token, Warnings: b.warnings}
	for _, t := range b.things {
		if b.blind || b.hideNew && t.owner == us {
			continue
		}
		s.Entries = append(s.Entries, t.BlockEntry)
	}
	return s, ctx.Err()
}

func (b *blocker) Change(ctx context.Context, s *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error) {
	if x := httpkit.ExchangeOf(ctx); x != nil && x.DryRun {
		x.Method, x.URL, x.RequestBody = "PUT", "https://vendor.test/set", []byte(changes[0].Prefix.String())
		x.RequestHeader = http.Header{"Authorization": {"***"}}
		return make([]connector.BlockResult, len(changes)), httpkit.ErrDryRun
	}
	if b.before != nil {
		b.before(b.changes)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	results := make([]connector.BlockResult, len(changes))
	if b.dead() {
		return results, errDead
	}
	b.changes++
	b.seen = append(b.seen, changes...)
	f := fine
	if b.fail != nil {
		f = b.fail(b.changes)
	}
	switch f {
	case lostUndone:
		return unknown(results), errors.New("no answer")
	case throttled:
		return results, connector.Throttled(errors.New("slow down"), 0)
	case refusedStale:
		return results, fmt.Errorf("updating: %w", connector.ErrStale)
	case broken500:
		return results, errors.New("the vendor is broken (500)")
	}
	if !b.marks && !b.blind {
		return b.replace(s, changes, results, f)
	}
	for i, c := range changes {
		if f == halfDone && i >= (len(changes)+1)/2 {
			return results, connector.Throttled(errors.New("slow down"), 0)
		}
		results[i] = b.rule(c)
		if err := results[i].Err; b.loud && errors.Is(err, connector.ErrFull) {
			results[i].Err = nil
			return results, err
		}
	}
	if f == lostDone {
		return unknown(results), errors.New("no answer")
	}
	return results, nil
}

func unknown(results []connector.BlockResult) []connector.BlockResult {
	for i := range results {
		results[i] = connector.BlockResult{Unknown: true}
	}
	return results
}

// replace is a set that is replaced as a whole.
func (b *blocker) replace(s *connector.BlockSnapshot, changes []connector.BlockChange, results []connector.BlockResult, f fault) ([]connector.BlockResult, error) {
	if s.Version.(int) != b.token {
		return results, fmt.Errorf("updating: %w", connector.ErrStale)
	}
	next := slices.Clone(b.things)
	for i, c := range changes {
		at := slices.IndexFunc(next, func(t thing) bool { return t.Prefix == c.Prefix })
		if b.refuse != nil && b.refuse(c.Prefix) != nil {
			results[i].Err = b.refuse(c.Prefix)
			continue
		}
		switch {
		case c.Remove && at >= 0:
			b.checkOwner(next[at])
			next = slices.Delete(next, at, at+1)
			results[i].Done = true
		case c.Remove:
			results[i].Done = true
		case at >= 0:
			results[i].Was = true
		default:
			next = append(next, thing{connector.BlockEntry{Prefix: c.Prefix}, us})
			results[i].Done = true
		}
	}
	if b.capacity > 0 && len(next) > b.capacity {
		b.wrong = append(b.wrong, "more was asked for than fits")
		return make([]connector.BlockResult, len(changes)), connector.Permanent(errors.New("the set is full"))
	}
	b.things = next
	b.token++
	s.Version = b.token
	b.most = max(b.most, len(b.things))
	if f == lostDone {
		return unknown(results), errors.New("no answer")
	}
	return results, nil
}

// rule is one rule of a vendor with marks.
func (b *blocker) rule(c connector.BlockChange) connector.BlockResult {
	at := b.index(c.Prefix, c.Handle)
	if b.refuse != nil {
		if err := b.refuse(c.Prefix); err != nil {
			return connector.BlockResult{Err: err}
		}
	}
	switch {
	case c.Remove && at >= 0:
		b.checkOwner(b.things[at])
		b.things = slices.Delete(b.things, at, at+1)
	case c.Remove:
	case at >= 0 && b.blind && (!b.ids || b.things[at].Mark == c.Block):
		return connector.BlockResult{Done: true}
	case at >= 0:
		return connector.BlockResult{Was: true}
	case b.secret > 0 && len(b.things) >= b.secret:
		return connector.BlockResult{Err: connector.Permanent(fmt.Errorf("adding: %w", connector.ErrFull))}
	case b.capacity > 0 && len(b.things) >= b.capacity:
		return connector.BlockResult{Err: errors.New("the account is full")}
	default:
		b.handles++
		e := connector.BlockEntry{Prefix: c.Prefix}
		if b.marks {
			e.Handle, e.Mark = fmt.Sprint("h", b.handles), c.Block
		}
		if b.ids {
			e.Mark = c.Block
		}
		b.things = append(b.things, thing{e, us})
		b.most = max(b.most, len(b.things))
		return connector.BlockResult{Done: true, Handle: e.Handle}
	}
	return connector.BlockResult{Done: true}
}

func (b *blocker) checkOwner(t thing) {
	if t.owner == foreign {
		b.wrong = append(b.wrong, "an entry of somebody else's was removed: "+t.Prefix.String())
	}
}
