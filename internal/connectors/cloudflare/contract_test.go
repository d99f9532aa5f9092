package cloudflare

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
)

// vendorOf is the model as the contract's tests look at it: what is there by the driver that is tested.
type vendorOf struct {
	*model
	list *list // nil: the driver is that of access rules
}

// Foreign implements connectortest.BlockVendor.
func (v *vendorOf) Foreign(p netip.Prefix) {
	v.with(func() {
		if v.list != nil {
			v.putItem(v.list.ID, valueOf(p), "by hand")
			return
		}
		c := configurationOf(p)
		v.addRule("block", c.Target, c.Value, "by hand", scopeZone)
	})
}

// Entries implements connectortest.BlockVendor.
func (v *vendorOf) Entries() map[netip.Prefix]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	entries := map[netip.Prefix]string{}
	for _, r := range v.rules {
		if p, ok := r.Configuration.prefix(); ok {
			entries[p] = fmt.Sprint(*r)
		}
	}
	if v.list != nil {
		for _, x := range v.items[v.list.ID] {
			if p, ok := prefixOf(x.IP); ok {
				entries[p] = fmt.Sprint(*x)
			}
		}
		entries[netip.Prefix{}] = fmt.Sprint(*v.set)
	}
	return entries
}

func TestContract(t *testing.T) {
	t.Parallel()
	spec := loadSpec(t)
	cert, key := connectortest.ClientCertificate(t)
	for name, tt := range map[string]struct {
		settings map[string]any
		blocks   func() connectortest.BlockVendor
	}{
		"access rules": {nil, func() connectortest.BlockVendor { return &vendorOf{model: emptyModel()} }},
		"list": {map[string]any{"driver": "list", "account_id": testAccount, "list": testList}, func() connectortest.BlockVendor {
			m := emptyModel()
			v := &vendorOf{model: m, list: m.addList(testList, kindIP)}
			rule := (&listDriver{settings: &Settings{Tag: defaultTag, List: testList}}).ourRule()
			m.set = &ruleset{ID: m.id(), Kind: "zone", Phase: phase, Rules: []customRule{rule}}
			return v
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, connectortest.Harness{
				Definition: Definition(),
				Settings: func(url string) string {
					all := map[string]any{"base_url": url, "api_token": testToken, "zone_id": testZone, "client_certificate": cert, "client_key": key}
					maps.Copy(all, tt.settings)
					raw, err := json.Marshal(all)
					if err != nil {
						t.Fatal(err)
					}
					return string(raw)
				},
				Check:  func(r connectortest.Request) error { return checkSpec(spec, r) },
				Blocks: tt.blocks,
			})
		})
	}
}
