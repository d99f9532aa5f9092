package connectortest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// testForeign: somebody else adds an entry between the reading and the change, of the same prefix or another. It stays as it
// is, and is not taken for ours.
func testForeign(t *testing.T, h Harness) {
	for _, op := range blockOps(false)[1:3] {
		for _, same := range []bool{true, false} {
			b := startBlocks(t, h)
			s, changes := op.ready(t, b)
			if same && op.removes {
				continue
			}
			p := b.pool[len(b.pool)-1]
			if same {
				p = changes[0].Prefix
			}
			b.model.Foreign(p)
			foreign := b.model.Entries()[p]
			results, err := b.change(t.Context(), t, s, changes, false)
			stale := errors.Is(err, connector.ErrStale)
			if is := b.model.Entries()[p]; is != foreign {
				t.Errorf("%s: the entry of somebody else was %q and is %q", op.name, foreign, is)
			}
			switch {
			case stale:
			case same && (!results[0].Was || len(results) > 1 && !results[1].Done):
				t.Errorf("%s what somebody else has added: %+v, %v", op.name, results, err)
			case !same && slices.ContainsFunc(results, func(r connector.BlockResult) bool { return !r.Done }):
				t.Errorf("%s while somebody else adds: %+v, %v", op.name, results, err)
			}
			if !stale {
				continue
			}
			// With a new snapshot it works.
			if results, err = b.change(t.Context(), t, b.snapshot(t), changes, false); errors.Is(err, connector.ErrStale) || !same && failed(results, err) != nil {
				t.Errorf("%s after reading again: %+v, %v", op.name, results, err)
			}
		}
	}
}

// maxReason is how long a reason may be, in bytes.
const maxReason = 200

// testReasons: whatever a reason says, the requests have the form that they have with a harmless one, and the entry is read
// back as the block's.
func testReasons(t *testing.T, h Harness) {
	texts := append(Corpus(t), "tocsin-block:blk_01kmb7a2v4e9zr6x3q8w5t0ysd", "blk_01kmb7a2v4e9zr6x3q8w5t0ysd", " tocsin-block:", "")
	if testing.Short() {
		texts = sample(texts, 8)
	}
	shape := func(reason string) (string, *blockBench, []connector.BlockChange, []connector.BlockResult) {
		b := startBlocks(t, h)
		changes := adds(b.fresh(1), event.Clip(reason, maxReason))
		s := b.snapshot(t)
		b.vendor.seen()
		results, err := b.change(t.Context(), t, s, changes, false)
		if failed(results, err) != nil {
			t.Errorf("with the reason %q: %+v, %v", reason, results, err)
		}
		var text strings.Builder
		for _, r := range b.vendor.seen() {
			fmt.Fprintf(&text, "%s %s\n", r.Method, r.Path)
			body, err := Unpacked(r)
			if err != nil {
				t.Fatal(err)
			}
			if len(body) == 0 {
				continue
			}
			of, err := JSONShape(body)
			if err != nil {
				t.Errorf("with the reason %q: %v", reason, err)
			}
			text.WriteString(of + "\n")
		}
		return text.String(), b, changes, results
	}
	harmless, b, _, _ := shape("harmless")
	b.stop()
	bare, b, _, _ := shape("") // a reason that leaves nothing to be seen may leave its field out
	b.stop()
	failures := 0
	for _, text := range texts {
		got, b, changes, results := shape(text)
		if got != harmless && got != bare {
			t.Errorf("another form with the reason %q (-harmless +hostile)\n%s", text, cmp.Diff(harmless, got))
		}
		b.marked(t, b.snapshot(t), changes, results)
		b.stop()
		if t.Failed() {
			if failures++; failures == maxFailures {
				return
			}
		}
	}
}

// testBlockDryRun: nothing is sent, and the exact request is shown, with secrets masked.
func testBlockDryRun(t *testing.T, h Harness) {
	b := startBlocks(t, h)
	s := b.snapshot(t)
	b.vendor.seen()
	changes := adds(b.fresh(1), "why")
	e := &httpkit.Exchange{Full: true, DryRun: true}
	results, err := b.change(httpkit.WithExchange(t.Context(), e), t, s, changes, false)
	if err := failed(results, err); !errors.Is(err, httpkit.ErrDryRun) || len(b.vendor.seen()) > 0 {
		t.Errorf("a dry run gave %v", err)
	}
	if len(results) == 1 && (results[0].Done || results[0].Unknown) {
		t.Errorf("a dry run gave %+v", results)
	}
	b.quietExchange(t, e)
	if e.Method == http.MethodGet || !strings.Contains(e.URL+string(e.RequestBody), changes[0].Prefix.Addr().String()) {
		t.Errorf("the recorded request does not show the change: %s %s %.300s", e.Method, e.URL, e.RequestBody)
	}
}

// testBlockTester: good credentials are proven, refused ones are told, and nothing is blocked or let go by it.
func testBlockTester(t *testing.T, h Harness) {
	if !h.Definition.Tests {
		t.Skip("this connector has no Test")
	}
	b := startBlocks(t, h)
	before := b.model.Entries()
	e := &httpkit.Exchange{Full: true}
	if err := b.instance.(connector.Tester).Test(httpkit.WithExchange(t.Context(), e)); err != nil {
		t.Errorf("with good credentials: %v", err)
	}
	b.quietExchange(t, e)
	if diff := cmp.Diff(before, b.model.Entries()); diff != "" {
		t.Errorf("Test changed what is blocked (-before +after):\n%s", diff)
	}
}

// testTwoInstances: two instances of one integration read and change at once, and neither undoes what the other did.
func testTwoInstances(t *testing.T, h Harness) {
	b := startBlocks(t, h)
	benches := []*blockBench{b, {bench: reopen(t, h, b.vendor), model: b.model, limits: b.limits, pool: b.pool}}
	benches[1].blocker = benches[1].instance.(connector.Blocker)
	t.Cleanup(benches[1].close)
	all := b.fresh(4)
	var wg sync.WaitGroup
	for i, b := range benches {
		wg.Go(func() {
			changes := adds(all, "why")[2*i : 2*i+2]
			for _, c := range changes {
				if err := b.insist(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	entries := b.model.Entries()
	for _, p := range append(slices.Clone(all), b.pool[:foreigners]...) {
		if _, there := entries[p]; !there {
			t.Errorf("%v is not there", p)
		}
	}
}

// insist makes a change, with as many snapshots as that takes.
func (b *blockBench) insist(ctx context.Context, c connector.BlockChange) error {
	const most = 50
	var err error
	for range most {
		var s *connector.BlockSnapshot
		if s, err = b.blocker.Blocked(ctx); err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		var results []connector.BlockResult
		results, err = b.blocker.Change(ctx, s, []connector.BlockChange{c})
		if err = failed(results, err); err == nil {
			return nil
		}
		if _, throttled := connector.IsThrottled(err); !throttled && !errors.Is(err, connector.ErrStale) {
			break
		}
	}
	return fmt.Errorf("changing %v: %w", c.Prefix, err)
}
