package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// clickTime is how long it may take from the click to the vendor, when that answers at once.
const clickTime = 2 * time.Second

// TestBlockFromClickToProof follows a block through everything that can happen to it, at a firewall that answers.
func TestBlockFromClickToProof(t *testing.T) {
	t.Parallel()
	h, f := newHub(t), newFirewall(t)
	f.blocked["198.51.100.200/32"] = fence{Target: "198.51.100.200/32", ID: "somebody's"}
	fw := h.responder("edge", f)
	h.runResponders()

	// A click, and it is in force and read back.
	began := time.Now()
	path := h.block("203.0.113.7")
	r := h.stands(path, "verified")
	if took := r.get("placements.0.applied_at").Time().Sub(began); took > clickTime {
		t.Errorf("it was applied after %s", took)
	}
	if got := fmt.Sprint(f.holds()); got != "[198.51.100.200/32 203.0.113.7/32]" {
		t.Fatalf("the firewall holds %s", got)
	}
	if id := f.blocked["203.0.113.7/32"].ID; id != tail(path) {
		t.Errorf("it bears the mark %s", id)
	}

	// One that waits changes nothing before somebody else approves it.
	waiting := h.pending("203.0.113.8")
	if r := h.want(200, "GET", waiting, ""); r.get("placements.#").Int() != 0 || len(f.holds()) != 2 {
		t.Errorf("before approval: %s", r.body)
	}
	h.want(200, "POST", waiting+"/approve", "", withKey(h.key(event.DefaultAccount, identity.BlocksApprove)))
	h.stands(waiting, "verified")

	// A responder that holds entries is not deleted by mistake.
	no := h.want(409, "DELETE", "/api/v1/integrations/"+fw, "")
	if !strings.Contains(no.get("detail").Str, "2 entries") || !strings.Contains(no.get("detail").Str, "force=true") {
		t.Errorf("deleting it answers %s", no.body)
	}

	// What is unblocked goes; what is somebody else's stays.
	h.want(200, "DELETE", path, "")
	h.stands(path, "removed")
	h.want(200, "POST", blocksBase+"/undo", `{"last":1}`)
	h.stands(waiting, "removed")
	if got := fmt.Sprint(f.holds()); got != "[198.51.100.200/32]" {
		t.Errorf("in the end the firewall holds %s", got)
	}
	var steps []string
	for _, s := range h.want(200, "GET", path+"/history", "").get("items.#.state").Array() {
		steps = append(steps, s.Str)
	}
	if got := strings.Join(steps, " "); !strings.HasPrefix(got, "active") || !strings.Contains(got, "applied") || !strings.Contains(got, "verified") || !strings.HasSuffix(got, "removed") {
		t.Errorf("the history is %s", got)
	}
	h.want(204, "DELETE", "/api/v1/integrations/"+fw, "")
	if r := h.want(200, "GET", path, ""); r.get("placements.0.name").Exists() || r.get("placements.0.state").Str != "removed" {
		t.Errorf("without its responder it is %s", r.body)
	}
}

// TestExemptingUnblocks: what becomes exempt is unblocked at the vendor, too.
func TestExemptingUnblocks(t *testing.T) {
	t.Parallel()
	h, f := newHub(t), newFirewall(t)
	h.responder("edge", f)
	h.runResponders()
	path := h.block("203.0.113.7")
	h.stands(path, "verified")
	h.neverBlock("203.0.113.0/24")
	h.stands(path, "removed")
	if got := f.holds(); len(got) != 0 {
		t.Errorf("the firewall holds %v", got)
	}
}

// TestKillSwitchHolds: nothing is added while it is on, what ends goes, and what is wanted comes back after it.
func TestKillSwitchHolds(t *testing.T) {
	t.Parallel()
	h, f := newHub(t), newFirewall(t)
	fw := h.responder("edge", f)
	h.runResponders()
	first, second := h.block("203.0.113.7"), h.block("203.0.113.8")
	h.stands(first, "verified")
	h.stands(second, "verified")
	h.want(200, "POST", policyBase+"/kill-switch", `{"on":true,"reason":"a storm"}`)
	f.set(func(f *firewall) { delete(f.blocked, "203.0.113.8/32") }) // somebody takes it away over there
	h.want(200, "DELETE", first, "")
	h.stands(first, "removed")
	h.reconciled(fw)
	if got := f.holds(); len(got) != 0 {
		t.Errorf("with the kill switch on the firewall holds %v", got)
	}
	h.want(200, "POST", policyBase+"/kill-switch", `{"on":false}`)
	h.reconciled(fw)
	h.stands(second, "verified")
	if got := fmt.Sprint(f.holds()); got != "[203.0.113.8/32]" {
		t.Errorf("after it the firewall holds %s", got)
	}
}

// reconciled lets a responder be reconciled now.
func (h *hub) reconciled(fw string) {
	h.t.Helper()
	h.eventually("the responder is free", func() bool {
		return h.call("POST", respondersBase+"/"+fw+"/reconcile", "").StatusCode == 200
	})
}

// TestHostileReasons: whatever a reason holds, what reaches the firewall is one line of text, and the target is the target.
func TestHostileReasons(t *testing.T) {
	t.Parallel()
	h, f := newHub(t), newFirewall(t)
	h.responder("edge", f)
	h.runResponders()
	n := 0
	for name, text := range hostileTexts {
		r := h.call("POST", blocksBase, `{"target":"203.0.113.`+fmt.Sprint(n)+`","reason":`+quoted(t, text)+`}`)
		if r.StatusCode != 201 {
			if r.StatusCode != 422 {
				t.Errorf("%s answers %d %s", name, r.StatusCode, r.body)
			}
			continue
		}
		n++
		h.stands(r.Header.Get("Location"), "verified")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.blocked) != n || n == 0 {
		t.Errorf("%d blocks made %d entries", n, len(f.blocked))
	}
	for target, e := range f.blocked {
		if !strings.HasPrefix(target, "203.0.113.") || strings.ContainsAny(e.Reason, "\r\n\x00\x1b\u202e") || len(e.Reason) > 200 {
			t.Errorf("the firewall was told %s %q", target, e.Reason)
		}
	}
}
