package cloudflare

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

// comparePrefixes lets go-cmp compare entries.
var comparePrefixes = cmp.Options{cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmpopts.EquateErrors()}

// newBlock is an id of a block.
func newBlock() string { return event.NewID().Text(event.PrefixBlock) }

// opened opens the connector against a model, with settings changed by patch.
func opened(t *testing.T, m *model, patch string) *Connector {
	t.Helper()
	return openedIn(t, m, patch, connectortest.Env(nil))
}

func openedIn(t *testing.T, m *model, patch string, env connector.Env) *Connector {
	t.Helper()
	settings := map[string]any{"api_token": testToken, "zone_id": testZone, "base_url": m.url}
	if err := json.Unmarshal([]byte(patch), &settings); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	i, err := Definition().Open(raw, env)
	if err != nil {
		t.Fatal(err)
	}
	c := i.(*Connector)
	t.Cleanup(c.Close)
	return c
}

// snapshot reads what there is.
func snapshot(t *testing.T, c *Connector) *connector.BlockSnapshot {
	t.Helper()
	s, err := c.Blocked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// change makes changes that must go well.
func change(t *testing.T, c *Connector, changes ...connector.BlockChange) []connector.BlockResult {
	t.Helper()
	results, err := c.Change(t.Context(), snapshot(t, c), changes)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(changes) {
		t.Fatalf("%d results of %d changes", len(results), len(changes))
	}
	return results
}

// add is the wish to block something.
func add(p, block string) connector.BlockChange {
	return connector.BlockChange{Block: block, Prefix: prefix(p), Reason: "57 failed logins"}
}

// find is the entry for something.
func find(t *testing.T, s *connector.BlockSnapshot, p string) connector.BlockEntry {
	t.Helper()
	for _, e := range s.Entries {
		if e.Prefix == prefix(p) {
			return e
		}
	}
	t.Fatalf("there is no entry for %s", p)
	return connector.BlockEntry{}
}
