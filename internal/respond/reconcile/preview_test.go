package reconcile

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.put("198.51.100.1/32", foreign, false)
		w.vendor.put("198.51.100.2/32", foreign, true)
		w.vendor.capacity = 5
		w.vendor.warnings = []string{"no web ACL uses the IP set"}
		w.blockMany(0, "203.0.113.0/24", "203.0.112.7/32")
		w.tick()
		reads := w.vendor.opened
		for target, want := range map[string]Effect{
			"203.0.113.7/32":  {Action: effectCovered, Detail: "covered by the block of 203.0.113.0/24"},
			"203.0.112.7/32":  {Action: effectNone, Detail: "it holds it already"},
			"198.51.100.1/32": {Action: effectNone, Detail: causeBefore},
			"198.51.100.2/32": {Action: effectUnsupported, Detail: causeAllows},
			"203.0.112.0/20":  {Action: effectUnsupported, Detail: "it cannot block a /20: of IPv4 it takes /16, /24, /32"},
			"203.0.112.8/32": {Action: effectAdd, Call: &Call{
				Method: "PUT", URL: "https://vendor.test/set", Headers: map[string]string{"Authorization": "***"}, Body: "203.0.112.8/32",
			}},
		} {
			got, err := w.Preview(t.Context(), w.account, w.row.ID, connector.BlockChange{Prefix: netip.MustParsePrefix(target)})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Effect{}, "Integration", "Name", "Kind", "Used", "Capacity", "Warnings")); d != "" {
				t.Errorf("%s: %s", target, d)
			}
			if got.Capacity != 5 || got.Name != "edge" || got.Kind != "wall" || target != "203.0.112.0/20" && (got.Used != 4 || len(got.Warnings) != 1) {
				t.Errorf("%s: %+v", target, got)
			}
		}
		if w.vendor.changes != 1 || len(w.vendor.things) != 4 {
			t.Error("a preview changed something")
		}
		if w.vendor.opened-reads != 6 || w.vendor.closed != 6 {
			t.Errorf("%d instances were opened, and %d closed", w.vendor.opened-reads, w.vendor.closed)
		}
		w.vendor.readErr = errVendor
		got, err := w.Preview(t.Context(), w.account, w.row.ID, connector.BlockChange{Prefix: netip.MustParsePrefix("203.0.112.8/32")})
		if err != nil || got.Action != effectUnknown || got.Detail != "reading what the vendor holds: the vendor does not answer" {
			t.Errorf("%+v, %v", got, err)
		}
		w.row.Paused, w.row.Version = true, 2
		w.Apply(w.row)
		got, err = w.Preview(t.Context(), w.account, w.row.ID, connector.BlockChange{})
		if err != nil || got.Action != effectUnknown || got.Detail != "the responder is paused" {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := w.Preview(t.Context(), "other", w.row.ID, connector.BlockChange{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("of another account: %v", err)
		}
	})
}

func TestRoster(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{}, newMemory())
	w.Load([]store.Integration{
		{ID: event.NewID(), Account: w.account, Kind: "deaf", Name: "chat", Enabled: true},
		{ID: event.NewID(), Account: w.account, Kind: "wall", Name: "a", Enabled: true, Voided: []string{"token"}},
		{ID: event.NewID(), Account: "other", Kind: "wall", Name: "b", Enabled: true},
	})
	list := w.States(w.account)
	if len(list) != 2 || list[0].Name != "a" || list[0].Enabled || list[1].Name != "edge" || !list[1].Enabled {
		t.Errorf("%+v", list)
	}
	gone := w.row
	gone.DeletedAt = w.clock()
	w.Apply(gone)
	if len(w.States(w.account)) != 1 {
		t.Error("a deleted one is still there")
	}
	if err := w.Remove(t.Context(), w.account, event.NewID()); err != nil {
		t.Errorf("removing what is no responder: %v", err)
	}
	if n, err := w.Held(t.Context(), w.account, event.NewID()); n != 0 || err != nil {
		t.Errorf("holds %d, %v", n, err)
	}
	if err := w.Remove(t.Context(), "stranger", list[0].Integration); !errors.Is(err, ErrNotFound) {
		t.Errorf("removing somebody else's: %v", err)
	}
}
