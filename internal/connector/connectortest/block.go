package connectortest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// BlockVendor is a model of the vendor of a Blocker. Run makes a new one for each thing that it tries. What it answers must
// follow from the requests alone: ids are counted, not drawn. It must be safe for concurrent use.
type BlockVendor interface {
	http.Handler
	// Foreign puts an entry there as somebody else would, without any mark.
	Foreign(p netip.Prefix)
	// Entries are what is there now, each as a text that tells everything that the vendor keeps of it. The zero prefix may
	// stand for what must never change, whatever is blocked (the description of a list).
	Entries() map[netip.Prefix]string
}

// blockBench is a Blocker that is opened against a model.
type blockBench struct {
	*bench
	model   BlockVendor
	blocker connector.Blocker
	limits  connector.BlockLimits
	pool    []netip.Prefix // prefixes to block, of which the first are foreign
	server  *httptest.Server
}

// stop ends it before the test does.
func (b *blockBench) stop() {
	b.close()
	b.server.Close()
}

// foreigners is how many entries of others there are at the beginning.
const foreigners = 2

// startBlocks makes a model with foreign entries and opens the connector against it.
func startBlocks(t *testing.T, h Harness) *blockBench {
	t.Helper()
	v := &vendor{}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	v.url = s.URL
	model := h.Blocks()
	v.accept(model.ServeHTTP)
	b := &blockBench{bench: open(t, h, v, v.url, `{}`), model: model, server: s}
	blocker, ok := b.instance.(connector.Blocker)
	if !ok {
		t.Fatalf("%T is no Blocker", b.instance)
	}
	b.blocker, b.limits = blocker, blocker.BlockLimits()
	b.pool = prefixes(b.limits)
	for _, p := range b.pool[:foreigners] {
		model.Foreign(p)
	}
	return b
}

// prefixes are twelve that can be blocked, of both families where both can, as narrow as possible.
func prefixes(l connector.BlockLimits) []netip.Prefix {
	var list []netip.Prefix
	for i := byte(1); len(list) < 12 && len(l.IPv4)+len(l.IPv6) > 0; i++ {
		if n := len(l.IPv4); n > 0 {
			list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, i}), l.IPv4[n-1]).Masked())
		}
		if n := len(l.IPv6); n > 0 {
			list = append(list, netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, i}), l.IPv6[n-1]).Masked())
		}
	}
	return list
}

// fresh are prefixes that nobody has blocked.
func (b *blockBench) fresh(n int) []netip.Prefix { return b.pool[foreigners : foreigners+n] }

// until is when blocks of tests end.
var until = time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)

// adds are changes that block prefixes, for a block each. Their ids do not change between runs, nor do those of models.
func adds(list []netip.Prefix, reason string) []connector.BlockChange {
	changes := make([]connector.BlockChange, len(list))
	for i, p := range list {
		id := event.ID{0x01, 0x9a, 0, 0, 0, 0, 0x70, 0, 0x80, 15: byte(i + 1)}
		changes[i] = connector.BlockChange{Block: id.Text(event.PrefixBlock), Prefix: p, Until: until, Reason: reason}
	}
	return changes
}

// snapshot reads what is there, and fails unless it is all of it.
func (b *blockBench) snapshot(t *testing.T) *connector.BlockSnapshot {
	t.Helper()
	s, err := b.blocker.Blocked(t.Context())
	if err != nil {
		t.Fatalf("reading what is blocked: %v", err)
	}
	b.complete(t, s)
	return s
}

// complete holds a snapshot against what is there. Where that cannot be read, the snapshot must not seem to know.
func (b *blockBench) complete(t *testing.T, s *connector.BlockSnapshot) {
	t.Helper()
	there := b.model.Entries()
	if b.limits.Unverifiable {
		there = nil
	}
	for _, fault := range unlike(s, there) {
		t.Error(fault)
	}
}

// unlike says how a snapshot differs from what is there.
func unlike(s *connector.BlockSnapshot, entries map[netip.Prefix]string) []string {
	if s == nil {
		return []string{"there is no snapshot and no error"}
	}
	var faults []string
	seen := map[netip.Prefix]bool{}
	for _, e := range s.Entries {
		switch _, there := entries[e.Prefix]; {
		case !e.Prefix.IsValid() || e.Prefix != e.Prefix.Masked() || e.Prefix.Addr().Is4In6():
			faults = append(faults, fmt.Sprintf("the snapshot has %v, which is not masked or not unmapped", e.Prefix))
		case !there:
			faults = append(faults, fmt.Sprintf("the snapshot has %v, which is not there", e.Prefix))
		}
		seen[e.Prefix] = true
	}
	for _, p := range slices.SortedFunc(maps.Keys(entries), netip.Prefix.Compare) {
		if p.IsValid() && !seen[p] {
			faults = append(faults, fmt.Sprintf("the snapshot does not have %v, which is there", p))
		}
	}
	return faults
}

// change makes changes and holds what it says of them against what the model has then. With lenient a removal that the
// vendor said was of nothing may count as done.
func (b *blockBench) change(ctx context.Context, t *testing.T, s *connector.BlockSnapshot, changes []connector.BlockChange, lenient bool) ([]connector.BlockResult, error) {
	t.Helper()
	before := b.model.Entries()
	results, err := b.blocker.Change(ctx, s, changes)
	for _, fault := range untrue(before, b.model.Entries(), changes, results, err, lenient) {
		t.Error(fault)
	}
	b.quietError(t, err)
	for _, r := range results {
		b.quietError(t, r.Err)
	}
	return results, err
}

// untrue says what of results does not follow from what was there before and is there after a call of Change.
func untrue(before, after map[netip.Prefix]string, changes []connector.BlockChange, results []connector.BlockResult, err error, lenient bool) []string {
	if len(results) != len(changes) {
		return []string{fmt.Sprintf("%d results of %d changes (%v)", len(results), len(changes), err)}
	}
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	asked := map[netip.Prefix]bool{}
	for i, c := range changes {
		asked[c.Prefix] = true
		r := results[i]
		was, wasThere := before[c.Prefix]
		is, isThere := after[c.Prefix]
		verb := map[bool]string{false: "adding", true: "removing"}[c.Remove]
		switch {
		case r.Done && r.Unknown:
			fault("%s %v is both done and unknown", verb, c.Prefix)
		case r.Done && !r.Was && !c.Remove && !isThere, r.Done && c.Remove && isThere && !lenient:
			fault("%s %v is said to be done and is not", verb, c.Prefix)
		case !r.Done && !r.Unknown && isThere != wasThere:
			fault("%s %v was done and is said not to be (%v)", verb, c.Prefix, cmpErr(r.Err, err))
		case !c.Remove && wasThere && was != is:
			fault("the entry of %v, which was there, has become %q; it was %q", c.Prefix, is, was)
		case !c.Remove && wasThere && r.Done && !r.Was:
			fault("adding %v is said to be done, though somebody else had added it", c.Prefix)
		case r.Was && (c.Remove || !wasThere):
			fault("%s %v: it is said to have been there already", verb, c.Prefix)
		case !r.Done && !r.Was && cmpErr(r.Err, err) == nil:
			fault("%s %v is not done, and nobody says why", verb, c.Prefix)
		case errors.Is(err, connector.ErrStale) && isThere != wasThere:
			fault("%s %v was done although the snapshot is said to be stale", verb, c.Prefix)
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(before), netip.Prefix.Compare) {
		if is, there := after[p]; !asked[p] && (!there || is != before[p]) {
			fault("the entry of %v, which was not named, was %q and is %q", p, before[p], is)
		}
	}
	for p := range after {
		if _, there := before[p]; !asked[p] && !there {
			fault("an entry of %v is there, which nobody asked for", p)
		}
	}
	return faults
}

// cmpErr is the error about one change: its own, or that of the call.
func cmpErr(own, call error) error {
	if own != nil {
		return own
	}
	return call
}

// failed is the first error of a call of Change.
func failed(results []connector.BlockResult, err error) error {
	for _, r := range results {
		if err == nil {
			err = r.Err
		}
	}
	return err
}

// blockFault is what happens to one request instead of its answer.
type blockFault func(model http.Handler, w http.ResponseWriter, r *http.Request, req Request)

// strike lets the request of a number (from 0, from now on) meet a fault.
func (b *blockBench) strike(at int, f blockFault) {
	var mu sync.Mutex
	n := -1
	b.vendor.set(func(w http.ResponseWriter, r *http.Request, req Request) {
		mu.Lock()
		n++
		hit := n == at
		mu.Unlock()
		if hit {
			f(b.model, w, r, req)
			return
		}
		b.model.ServeHTTP(w, r)
	})
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close() //nolint:errcheck // that is the fault
	}
}
