package connectortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// blockParts are what every Blocker must prove.
var blockParts = []part{
	{"block limits", testBlockLimits},
	{"blocking", testBlocking},
	{"block statuses", testBlockStatuses},
	{"block faults", testBlockFaults},
	{"block cancellation", testBlockCancel},
	{"foreign entries", testForeign},
	{"hostile reasons", testReasons},
	{"block dry run", testBlockDryRun},
	{"test blocks nothing", testBlockTester},
	{"two instances", testTwoInstances},
}

// testBlockLimits: they make sense, and are known without a request.
func testBlockLimits(t *testing.T, h Harness) {
	b := startBlocks(t, h)
	l := b.limits
	if n := len(b.vendor.seen()); n > 0 {
		t.Errorf("BlockLimits made %d requests", n)
	}
	if l.Batch < 1 || l.Batch > connector.MaxBlockBatch || l.Capacity < 0 || len(l.IPv4)+len(l.IPv6) == 0 {
		t.Errorf("limits %+v", l)
	}
	for most, list := range map[int][]int{32: l.IPv4, 128: l.IPv6} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || len(list) > 0 && (list[0] < 1 || list[len(list)-1] > most) {
			t.Errorf("lengths of prefixes %v: want the widest first, each once, from 1 to %d", list, most)
		}
	}
}

// testBlocking: what is asked for is done and nothing else, in as many calls as it takes; what was done is read back as done,
// with marks where there are any; and a second time changes nothing.
func testBlocking(t *testing.T, h Harness) {
	b := startBlocks(t, h)
	before := b.model.Entries()
	n := min(b.limits.Batch, 6)
	changes := adds(b.fresh(n), "brute force against the login")
	results, err := b.change(t.Context(), t, b.snapshot(t), changes, false)
	if err != nil || slices.ContainsFunc(results, func(r connector.BlockResult) bool { return !r.Done || r.Was || r.Err != nil }) {
		t.Fatalf("adding: %+v, %v", results, err)
	}
	s := b.snapshot(t)
	b.marked(t, s, changes, results)
	if used := max(s.Used, len(s.Entries)); used < len(before)-1+n && !b.limits.Unverifiable {
		t.Errorf("%d are used, with %d entries", used, len(s.Entries))
	}

	added := results
	results, err = b.blocker.Change(t.Context(), s, changes[:1])
	if err == nil && !results[0].Done && !results[0].Was && results[0].Err == nil {
		t.Errorf("adding what is there: %+v", results)
	}
	b.snapshot(t)

	removing := b.found(t, changes, added)
	for i := range 2 { // the second time there is nothing to remove any more
		results, err = b.change(t.Context(), t, b.snapshot(t), removing, false)
		if err != nil || slices.ContainsFunc(results, func(r connector.BlockResult) bool { return !r.Done || r.Err != nil }) {
			t.Errorf("removing, time %d: %+v, %v", i+1, results, err)
		}
	}
	if diff := cmp.Diff(before, b.model.Entries()); diff != "" {
		t.Errorf("what is there after all was removed (-before +after):\n%s", diff)
	}
	if results, err := b.blocker.Change(t.Context(), b.snapshot(t), nil); err != nil || len(results) > 0 {
		t.Errorf("no changes: %+v, %v", results, err)
	}
	for _, r := range b.vendor.seen() {
		b.quiet(t, "the address of a request", r.Path)
		b.quiet(t, "the body of a request", string(r.Body))
	}
}

// marked checks handles and marks of a snapshot.
func (b *blockBench) marked(t *testing.T, s *connector.BlockSnapshot, changes []connector.BlockChange, results []connector.BlockResult) {
	t.Helper()
	seen := map[netip.Prefix]bool{}
	want := map[netip.Prefix]connector.BlockEntry{}
	for i, c := range changes {
		e := connector.BlockEntry{Prefix: c.Prefix, Handle: results[i].Handle}
		if b.limits.Marks {
			e.Mark = c.Block
		}
		want[c.Prefix] = e
	}
	for _, e := range s.Entries {
		w, ours := want[e.Prefix]
		if ours && e != w {
			t.Errorf("the snapshot has %+v, want %+v", e, w)
		}
		if !ours && e.Mark != "" {
			t.Errorf("a foreign entry has a mark: %+v", e)
		}
		seen[e.Prefix] = true
	}
	for p := range want {
		if !seen[p] && !b.limits.Unverifiable {
			t.Errorf("the snapshot does not have %v", p)
		}
	}
}

// found are the removals of what was added, with the handles that the vendor has for them now, or gave then.
func (b *blockBench) found(t *testing.T, added []connector.BlockChange, results []connector.BlockResult) []connector.BlockChange {
	t.Helper()
	changes := slices.Clone(added)
	now := b.snapshot(t).Entries
	for i := range changes {
		changes[i].Remove, changes[i].Handle = true, results[i].Handle
		for _, e := range now {
			if e.Prefix == changes[i].Prefix {
				changes[i].Handle = e.Handle
			}
		}
	}
	return changes
}

// blockOp is something that is done while a request fails.
type blockOp struct {
	name    string
	removes bool
	// do is done with what ready made.
	ready func(*testing.T, *blockBench) (*connector.BlockSnapshot, []connector.BlockChange)
	do    func(context.Context, *testing.T, *blockBench, *connector.BlockSnapshot, []connector.BlockChange) error
}

// opSize is how many changes an operation of the tests makes, where the vendor takes as many.
const opSize = 2

func blockOps(lenient bool) []blockOp {
	nothing := func(*testing.T, *blockBench) (*connector.BlockSnapshot, []connector.BlockChange) { return nil, nil }
	change := func(ctx context.Context, t *testing.T, b *blockBench, s *connector.BlockSnapshot, changes []connector.BlockChange) error {
		t.Helper()
		return failed(b.change(ctx, t, s, changes, lenient))
	}
	return []blockOp{
		{"reading", false, nothing, func(ctx context.Context, t *testing.T, b *blockBench, _ *connector.BlockSnapshot, _ []connector.BlockChange) error {
			t.Helper()
			s, err := b.blocker.Blocked(ctx)
			if err == nil {
				b.complete(t, s)
			}
			return err
		}},
		{"adding", false, func(t *testing.T, b *blockBench) (*connector.BlockSnapshot, []connector.BlockChange) {
			t.Helper()
			return b.snapshot(t), adds(b.fresh(min(opSize, b.limits.Batch)), "why")
		}, change},
		{"removing", true, func(t *testing.T, b *blockBench) (*connector.BlockSnapshot, []connector.BlockChange) {
			t.Helper()
			changes := adds(b.fresh(min(opSize, b.limits.Batch)), "why")
			results, err := b.change(t.Context(), t, b.snapshot(t), changes, false)
			if err := failed(results, err); err != nil {
				t.Fatalf("adding: %v", err)
			}
			return b.snapshot(t), b.found(t, changes, results)
		}, change},
		{"testing", false, nothing, func(ctx context.Context, t *testing.T, b *blockBench, _ *connector.BlockSnapshot, _ []connector.BlockChange) error {
			t.Helper()
			before := b.model.Entries()
			err := b.instance.(connector.Tester).Test(ctx)
			for _, fault := range untrue(before, b.model.Entries(), nil, nil, err, false) {
				t.Error(fault)
			}
			return err
		}},
	}
}

// requests is how many requests an operation makes when all goes well.
func (op *blockOp) requests(t *testing.T, h Harness) int {
	t.Helper()
	b := startBlocks(t, h)
	s, changes := op.ready(t, b)
	b.vendor.seen()
	if err := op.do(t.Context(), t, b, s, changes); err != nil {
		t.Fatalf("%s: %v", op.name, err)
	}
	n := len(b.vendor.seen())
	if n == 0 {
		t.Fatalf("%s makes no request", op.name)
	}
	return n
}

// each does the operation once for each of its requests, which meets a fault.
func (op *blockOp) each(t *testing.T, h Harness, what string, f blockFault, judge func(*testing.T, *blockBench, int, error)) {
	t.Helper()
	for at := range op.requests(t, h) {
		b := startBlocks(t, h)
		s, changes := op.ready(t, b)
		b.strike(at, f)
		err := op.do(t.Context(), t, b, s, changes)
		b.quietError(t, err)
		judge(t, b, at, err)
		if t.Failed() {
			t.Fatalf("that was %s, with %s instead of the answer to request %d (%v)", op.name, what, at, err)
		}
	}
}

// testBlockStatuses: every status gets its class, whatever request gets it, and an answer that echoes the whole request leaks
// nothing. What may be done without (a warning, a later part of a test) may go on; what was said of changes is true.
func testBlockStatuses(t *testing.T, h Harness) {
	for _, tt := range []struct {
		status      int
		after, want string
	}{
		{302, "", "permanent"}, {307, "", "permanent"}, {400, "", "permanent"}, {401, "", "permanent"}, {403, "", "permanent"},
		{404, "", "permanent"}, {422, "", "permanent"}, {408, "", "retryable"}, {425, "", "retryable"}, {429, "", "throttled"},
		{429, "7", "throttled"}, {503, "7", "throttled"}, {500, "", "retryable"}, {502, "", "retryable"}, {504, "", "retryable"},
	} {
		t.Run(fmt.Sprint(tt.status, tt.after), func(t *testing.T) {
			t.Parallel()
			for _, op := range blockOps(tt.status == http.StatusNotFound) {
				if op.name == "testing" && !h.Definition.Tests {
					continue
				}
				op.each(t, h, fmt.Sprint(tt.status), func(_ http.Handler, w http.ResponseWriter, _ *http.Request, r Request) {
					w.Header().Set("Location", "/elsewhere")
					if tt.after != "" {
						w.Header().Set("Retry-After", tt.after)
					}
					w.WriteHeader(tt.status)
					fmt.Fprintf(w, "%s %s %v %s", r.Method, r.Path, r.Header, r.Body) //nolint:errcheck // the client may have gone
				}, func(t *testing.T, _ *blockBench, at int, err error) {
					t.Helper()
					gone := op.removes && tt.status == http.StatusNotFound // what is to be removed is not there
					if got := class(err); got != tt.want && (err != nil || at == 0 && !gone) {
						t.Errorf("%d: %s, want %s (%v)", tt.status, got, tt.want, err)
					}
					if after, ok := connector.IsThrottled(err); ok && tt.after != "" && after != 7*time.Second {
						t.Errorf("%d: asks to wait %v, want 7s", tt.status, after)
					}
				})
			}
		})
	}
}

// testBlockFaults: connections break before the vendor has done something and after. What was done is never said not to be.
func testBlockFaults(t *testing.T, h Harness) {
	for name, tt := range map[string]struct {
		fault blockFault
		want  string // the class of the error, where the first request fails; empty: any
	}{
		"no answer": {func(_ http.Handler, w http.ResponseWriter, _ *http.Request, _ Request) { cut(w) }, "retryable"},
		"a lost answer": {func(model http.Handler, w http.ResponseWriter, r *http.Request, _ Request) {
			model.ServeHTTP(httptest.NewRecorder(), r)
			cut(w)
		}, ""},
		"another page": {func(_ http.Handler, w http.ResponseWriter, _ *http.Request, _ Request) {
			io.WriteString(w, "<html>Please sign in to the network</html>") //nolint:errcheck // the client may have gone
		}, ""},
		"another page after all": {func(model http.Handler, w http.ResponseWriter, r *http.Request, _ Request) {
			model.ServeHTTP(httptest.NewRecorder(), r)
			io.WriteString(w, `{"half":`) //nolint:errcheck
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, op := range blockOps(false) {
				if op.name == "testing" && !h.Definition.Tests {
					continue
				}
				op.each(t, h, name, tt.fault, func(t *testing.T, _ *blockBench, at int, err error) {
					t.Helper()
					// A request that is repeatable may have been repeated by the transport, and then all is well.
					if got := class(err); err != nil && tt.want != "" && got != tt.want {
						t.Errorf("%s: %s, want %s (%v)", name, got, tt.want, err)
					}
					if strings.HasPrefix(name, "another") && at == 0 && err == nil {
						t.Error("an answer that is not the vendor's is taken for one")
					}
				})
			}
		})
	}
}

// testBlockCancel: what is cancelled returns soon, and what was done by then is not said not to be.
func testBlockCancel(t *testing.T, h Harness) {
	for _, applied := range []bool{false, true} {
		for _, op := range blockOps(false) {
			if op.name == "testing" && !h.Definition.Tests {
				continue
			}
			for at := range op.requests(t, h) {
				b := startBlocks(t, h)
				s, changes := op.ready(t, b)
				ctx, cancel := context.WithCancel(t.Context())
				b.strike(at, func(model http.Handler, _ http.ResponseWriter, r *http.Request, _ Request) {
					if applied {
						model.ServeHTTP(httptest.NewRecorder(), r)
					}
					cancel()
					<-r.Context().Done() // the client has hung up
				})
				start := time.Now()
				err := op.do(ctx, t, b, s, changes)
				if took := time.Since(start); took > promptly {
					t.Errorf("%s, cancelled at request %d, returned after %v", op.name, at, took)
				}
				if err == nil || !errors.Is(err, context.Canceled) || class(err) != "retryable" {
					t.Errorf("%s, cancelled at request %d: %s (%v)", op.name, at, class(err), err)
				}
				b.quietError(t, err)
				cancel()
			}
		}
	}
}
