package responder

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
)

// secretText signs the requests of tests.
const secretText = connectortest.Canary + "-signing-secret"

// plain is the receiver of the README as a model.
type plain struct{ *Receiver }

func newPlain() connectortest.BlockVendor { return plain{&Receiver{Secret: secretText}} }

func (m plain) Foreign(p netip.Prefix) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blocked == nil {
		m.blocked = map[string]entry{}
	}
	m.blocked[p.String()] = entry{Target: p.String()}
}

func (m plain) Entries() map[netip.Prefix]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries := map[netip.Prefix]string{}
	for target, e := range m.blocked {
		entries[netip.MustParsePrefix(target)] = fmt.Sprint(e)
	}
	return entries
}

// firewall is a model with all that the contract allows: pages of two, handles by which it finds things, several owners,
// and a capacity. With bare it keeps neither ids nor owners.
type firewall struct {
	bare     bool
	capacity int

	mu    sync.Mutex
	last  int
	rules map[int]rule // by handle
}

type rule struct{ target, id, owner, expires, reason string }

func newFirewall() connectortest.BlockVendor { return &firewall{rules: map[int]rule{}} }

func newBare() connectortest.BlockVendor { return &firewall{bare: true, rules: map[int]rule{}} }

func (m *firewall) Foreign(p netip.Prefix) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(rule{target: p.String(), reason: "by hand"})
}

func (m *firewall) put(r rule) int {
	m.last++
	m.rules[m.last] = r
	return m.last
}

func (m *firewall) Entries() map[netip.Prefix]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries := map[netip.Prefix]string{}
	for handle, r := range m.rules {
		p := netip.MustParsePrefix(r.target)
		entries[p] += fmt.Sprintf("%d: %+v;", handle, r)
	}
	return entries
}

func (m *firewall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil || !signed(secretText, r.Header.Get("X-Tocsin-Signature"), raw) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var answer any
	if r.Method == http.MethodGet {
		answer = m.page(r.URL.Query().Get("cursor"))
	} else if answer, err = m.change(strings.TrimPrefix(r.URL.Path, "/"), raw); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	json.NewEncoder(w).Encode(answer) //nolint:errcheck // the client may have gone
}

func (m *firewall) page(cursor string) any {
	const size = 2
	after, _ := strconv.Atoi(strings.TrimPrefix(cursor, "after &?#"))
	items, next := []map[string]string{}, ""
	for _, handle := range slices.Sorted(maps.Keys(m.rules)) {
		if handle <= after {
			continue
		}
		if len(items) == size {
			next = fmt.Sprintf("after &?#%d", after)
			break
		}
		r := m.rules[handle]
		item := map[string]string{"target": r.target, "handle": strconv.Itoa(handle)}
		if !m.bare {
			item["id"], item["owner"] = r.id, r.owner
		}
		items, after = append(items, item), handle
	}
	return map[string]any{"items": items, "next": next, "used": len(m.rules), "capacity": m.capacity}
}

func (m *firewall) change(path string, raw []byte) (any, error) {
	var in struct {
		Action string
		Owner  string
		Blocks []struct{ ID, Target, Handle, Reason, Expires_at string } //nolint:revive,staticcheck // the name on the wire
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	if want := map[string]string{"block": "blocks", "test": "blocks", "unblock": "unblocks"}[in.Action]; path != want {
		return nil, fmt.Errorf("%s at %s", in.Action, path)
	}
	results := []map[string]string{}
	for _, b := range in.Blocks {
		result := map[string]string{"id": b.ID, "status": "done"}
		switch handle := m.find(b.Target); {
		case in.Action == "unblock":
			handle, _ := strconv.Atoi(cmp.Or(b.Handle, strconv.Itoa(handle)))
			delete(m.rules, handle)
		case handle == 0:
			result["handle"] = strconv.Itoa(m.put(rule{b.Target, b.ID, in.Owner, b.Expires_at, b.Reason}))
		case !m.bare && m.rules[handle].id == b.ID && m.rules[handle].owner == in.Owner:
			result["handle"] = strconv.Itoa(handle)
		default:
			result["status"] = "exists"
		}
		results = append(results, result)
	}
	return map[string]any{"results": results}, nil
}

func (m *firewall) find(target string) int {
	for handle, r := range m.rules {
		if r.target == target {
			return handle
		}
	}
	return 0
}
