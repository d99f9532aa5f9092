package awswaf

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
)

// model is the model of the service as the contract's tests want it: with a set for each family, and a web ACL that uses
// them.
type model struct {
	*awswaftest.Service
	arns []string // of the set for IPv4, and of that for IPv6
}

func newModel(t *testing.T) *model {
	t.Helper()
	m := &model{Service: &awswaftest.Service{}}
	m.Check = published(t)
	m.AddKey(keyID, secret)
	m.arns = []string{m.AddSet(awswaftest.Set{Name: "tocsin", Description: "kept by others, too"}), m.AddSet(awswaftest.Set{Name: "tocsin-v6", IPv6: true})}
	m.AddWebACL("REGIONAL", "edge", "["+ruleOf("a", usesSet(m.arns[0]), blocks)+","+ruleOf("b", usesSet(m.arns[1]), blocks)+"]")
	t.Cleanup(func() {
		for _, err := range m.Faults() {
			t.Errorf("against the published model: %v", err)
		}
	})
	return m
}

// Foreign implements connectortest.BlockVendor.
func (m *model) Foreign(p netip.Prefix) {
	arn := m.arns[0]
	if p.Addr().Is6() {
		arn = m.arns[1]
	}
	m.Edit(arn, func(s *awswaftest.Set) {
		for _, text := range s.Addresses {
			if netip.MustParsePrefix(text) == p {
				return
			}
		}
		s.Addresses = append(s.Addresses, p.String())
	})
}

// Entries implements connectortest.BlockVendor. An entry is its text: what others have spelled stays so.
func (m *model) Entries() map[netip.Prefix]string {
	all := map[netip.Prefix]string{{}: m.Set(m.arns[0]).Description + m.Set(m.arns[1]).Description}
	for _, arn := range m.arns {
		for _, text := range m.Set(arn).Addresses {
			all[netip.MustParsePrefix(text)] = text
		}
	}
	return all
}

func TestContract(t *testing.T) {
	t.Parallel()
	cert, key := connectortest.ClientCertificate(t)
	arns := newModel(t).arns
	connectortest.Run(t, connectortest.Harness{
		Definition: Definition(),
		Settings: func(url string) string {
			raw, err := json.Marshal(map[string]any{
				"base_url": url, "ip_set_arn": arns[0], "ip_set_arn_v6": arns[1], "access_key_id": keyID, "secret_access_key": secret,
				"prove_write": true, "client_certificate": cert, "client_key": key,
			})
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		},
		Blocks: func() connectortest.BlockVendor { return newModel(t) },
		Check: func(r connectortest.Request) error {
			if r.Method != http.MethodPost || r.Path != "/" {
				return fmt.Errorf("%s %s", r.Method, r.Path)
			}
			return nil
		},
	})
}
