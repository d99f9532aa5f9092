package api

import (
	"net/http"
	"strings"
	"testing"
)

// What is open to everybody takes little; what is not takes no more than a bounded number of members.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	long := `{"email":"a@example.com","password":"` + strings.Repeat("x", MaxOpenBodyBytes) + `"}`
	for _, path := range []string{"/api/v1/session", "/api/v1/setup", "/api/v1/setup/inspect"} {
		h.want(http.StatusRequestEntityTooLarge, "POST", path, long)
	}
	many := `{"filter":{},"ids":[` + strings.Repeat(`"x",`, 2*MaxBodyMembers) + `"x"]}`
	r := h.want(http.StatusUnprocessableEntity, "POST", "/api/v1/mailbox/replay", many)
	if len(r.body) > 2048 {
		t.Errorf("the answer has %d bytes", len(r.body))
	}
	if held := h.server.bodies.held.Load(); held != 0 {
		t.Errorf("%d bytes of bodies are still held", held)
	}
}

// When the memory for bodies is used up, a request is told to come back.
func TestBodiesShareABudget(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.server.bodies.held.Store(maxBodiesBytes)
	r := h.want(http.StatusServiceUnavailable, "POST", "/api/v1/projects", `{"name":"x"}`)
	if r.get("error").Str != "BUSY" || r.Header.Get("Retry-After") == "" {
		t.Errorf("got %v %s", r.Header, r.body)
	}
	h.server.bodies.held.Store(0)
	h.want(http.StatusCreated, "POST", "/api/v1/projects", `{"name":"x"}`)
}
