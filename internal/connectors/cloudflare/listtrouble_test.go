package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
)

// TestListBusy: an account has one bulk operation at a time. That of somebody else is waited for by the hub, and the
// number of requests has nothing to do with it.
func TestListBusy(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	env := connectortest.Env(nil)
	env.Allowances = new(connector.Allowances)
	c := openedIn(t, m, byList, env)
	m.busy = true
	results, err := c.Change(t.Context(), snapshot(t, c), []connector.BlockChange{add("203.0.113.7/32", newBlock())})
	if classOf(err) != "throttled "+pendingPause.String() || !strings.Contains(err.Error(), "under way") || results[0] != (connector.BlockResult{}) {
		t.Errorf("%+v, %v", results, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), pendingPause-time.Second)
	defer cancel()
	if _, err := c.Blocked(ctx); err != nil {
		t.Errorf("reading meanwhile: %v", err)
	}
	m.with(func() { m.busy = false })
	if r := change(t, c, add("203.0.113.7/32", newBlock())); !r[0].Done || len(onList(m, l)) != 1 {
		t.Errorf("then: %+v", r)
	}
}

// TestListTogether: integrations of one process that share an account take turns, so that none is refused.
func TestListTogether(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	m.addList("another", kindIP)
	m.set.Rules = append(m.set.Rules, customRule{ID: m.id(), Ref: "x", Expression: "ip.src in $another", Action: "block", Enabled: true})
	env := connectortest.Env(nil)
	var wg sync.WaitGroup
	for n, settings := range []string{byList, strings.Replace(byList, testList, "another", 1)} {
		c := openedIn(t, m, settings, env)
		s := snapshot(t, c)
		wg.Go(func() {
			for i := range 3 {
				results, err := c.Change(t.Context(), s, []connector.BlockChange{add(fmt.Sprintf("192.0.%d.%d/32", n, i), newBlock())})
				if err != nil || !results[0].Done {
					t.Errorf("%+v, %v", results, err)
				}
			}
		})
	}
	wg.Wait()
	if len(onList(m, l)) != 3 {
		t.Errorf("%v", onList(m, l))
	}
}

// TestListLostAnswer: nobody knows whether the operation was begun; the next reading tells, or somebody is still at it.
func TestListLostAnswer(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	c := opened(t, m, byList)
	x := add("203.0.113.7/32", newBlock())
	m.hook(func(method, _ string) verdict { return verdict{lose: method == http.MethodPost} })
	s := snapshot(t, c)
	results, err := c.Change(t.Context(), s, []connector.BlockChange{x})
	if err == nil || !results[0].Unknown || results[0].Done {
		t.Fatalf("%+v, %v", results, err)
	}
	m.hook(nil)
	m.with(func() { m.polls = 5 })
	if results, err := c.Change(t.Context(), s, []connector.BlockChange{x}); classOf(err) != "throttled 5s" {
		t.Errorf("while it is still under way: %+v, %v", results, err)
	}
	m.with(m.finish)
	if _, err := c.Change(t.Context(), s, []connector.BlockChange{x}); !errors.Is(err, connector.ErrStale) {
		t.Errorf("once it is done: %v", err)
	}
	if e := find(t, snapshot(t, c), "203.0.113.7/32"); e.Mark != x.Block || len(onList(m, l)) != 1 {
		t.Errorf("the next reading: %+v", e)
	}
}

// TestListSlow: an operation that is not done in time is unknown, and one that cannot be asked for now and then is waited for.
func TestListSlow(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	c := opened(t, m, byList)
	x := add("203.0.113.7/32", newBlock())
	m.polls = 1000
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	results, err := c.Change(ctx, snapshot(t, c), []connector.BlockChange{x})
	if _, throttled := connector.IsThrottled(err); !errors.Is(err, context.DeadlineExceeded) || throttled || !results[0].Unknown {
		t.Errorf("%+v, %v", results, err)
	}
	m.with(func() { m.finish(); m.polls = 2 })
	n := 0
	m.hook(func(_, path string) verdict {
		if strings.Contains(path, "bulk_operations") {
			if n++; n%2 == 1 {
				return verdict{status: http.StatusBadGateway}
			}
		}
		return verdict{}
	})
	if r := change(t, c, add("203.0.113.8/32", newBlock())); !r[0].Done || len(onList(m, l)) != 2 {
		t.Errorf("with faults between: %+v", r)
	}
	// The budget runs out while it is waited for: it was begun all the same.
	m.hook(func(_, path string) verdict {
		if strings.Contains(path, "bulk_operations") {
			return verdict{status: 429, header: http.Header{"Retry-After": {"60"}}, body: `{"success":false,"errors":[{"code":971,"message":"slow"}]}`}
		}
		return verdict{}
	})
	results, err = c.Change(t.Context(), snapshot(t, c), []connector.BlockChange{add("203.0.113.9/32", newBlock())})
	if classOf(err) != "throttled 1m0s" || !results[0].Unknown {
		t.Errorf("throttled while waiting: %+v, %v", results, err)
	}
}

// TestListFull: an operation that fails because there is no room does nothing, and what ends still goes.
func TestListFull(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	c := opened(t, m, byList)
	ends := newBlock()
	change(t, c, add("203.0.113.1/32", ends), add("203.0.113.2/32", newBlock()))
	m.with(func() { m.maxItems = 2 })
	results, err := c.Change(t.Context(), snapshot(t, c), []connector.BlockChange{
		add("203.0.113.3/32", newBlock()), {Remove: true, Block: ends, Prefix: prefix("203.0.113.1/32")},
	})
	if classOf(err) != "permanent" || !errors.Is(err, connector.ErrFull) || !strings.Contains(err.Error(), "maximum number of items") || results[0].Done || !results[1].Done {
		t.Errorf("%+v, %v", results, err)
	}
	if r := change(t, c, add("203.0.113.3/32", newBlock())); !r[0].Done || len(onList(m, l)) != 2 {
		t.Errorf("once there is room: %+v", r)
	}
	if limits := opened(t, m, strings.Replace(byList, "{", `{"capacity":500,`, 1)).BlockLimits(); limits.Capacity != 500 {
		t.Errorf("capacity %d", limits.Capacity)
	}
}

// TestListRefusesItems: an item that Cloudflare does not take is the fault of that one alone.
func TestListRefusesItems(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	c := opened(t, m, byList)
	results := change(t, c, add("203.0.113.1/32", newBlock()), add("2001:db8:bad::/48", newBlock()), add("203.0.0.0/7", newBlock()), add("203.0.113.2/32", newBlock()))
	if !results[0].Done || !connector.IsPermanent(results[1].Err) || !connector.IsPermanent(results[2].Err) || !results[3].Done || len(onList(m, l)) != 2 {
		t.Errorf("%+v", results)
	}
	if r := change(t, c, add("2001:db8:bad::/48", newBlock())); !connector.IsPermanent(r[0].Err) {
		t.Errorf("alone: %+v", r)
	}
}

// TestListNoRule: without the permission for the rule, or room for it, no item is put on the list: it would seem blocked.
func TestListNoRule(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trouble func(m *model)
		class   string
		text    string
	}{
		"no permission": {func(m *model) { m.perms = []string{permListWrite, permWAFRead} }, "permanent", needWAF},
		"no room":       {func(m *model) { m.maxWAF = 1 }, "retryable", "no more custom rules"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, l := withList(t)
			m.set.Rules = m.set.Rules[:1]
			tt.trouble(m)
			c := opened(t, m, byList)
			results, err := c.Change(t.Context(), snapshot(t, c), []connector.BlockChange{add("203.0.113.7/32", newBlock())})
			if classOf(err) != tt.class || !strings.Contains(err.Error(), tt.text) || results[0] != (connector.BlockResult{}) || len(onList(m, l)) != 0 {
				t.Errorf("%+v, %v", results, err)
			}
		})
	}
}

// TestListOfAnotherKind: a list of that name that holds no addresses is not touched.
func TestListOfAnotherKind(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.addList(testList, "hostname")
	if _, err := opened(t, m, byList).Blocked(t.Context()); classOf(err) != "permanent" || !strings.Contains(err.Error(), "another kind") {
		t.Errorf("%v", err)
	}
}

// TestListMany: as many as one call takes are put on the list with one operation.
func TestListMany(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	c := opened(t, m, byList)
	var changes []connector.BlockChange
	for i := range itemsBatch {
		changes = append(changes, add(fmt.Sprintf("10.0.%d.%d/32", i/256, i%256), newBlock()))
	}
	for _, r := range change(t, c, changes...) {
		if !r.Done {
			t.Fatalf("%+v", r)
		}
	}
	if len(onList(m, l)) != itemsBatch || len(m.ops) != 1 {
		t.Errorf("%d items, %d operations", len(onList(m, l)), len(m.ops))
	}
}
