package demo

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Firewall is a local model of what a generic responder drives: it keeps the addresses that it is told to block.
type Firewall struct {
	Receiver

	mu      sync.Mutex
	blocked map[string]fence // by target
}

// fence is one entry of the firewall.
type fence struct {
	Target string `json:"target"`
	ID     string `json:"id"`
	Owner  string `json:"owner"`
}

// firewallRoom is how many entries the firewall can hold.
const firewallRoom = 1000

// StartFirewall starts a firewall that takes signed requests alone.
func StartFirewall(port int, secret string) (*Firewall, error) {
	f := &Firewall{Receiver: Receiver{now: time.Now}, blocked: map[string]fence{}}
	return f, f.start(port, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { f.serve(w, req, secret) }))
}

// Blocked lists what it keeps out, in order.
func (f *Firewall) Blocked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.blocked))
}

func (f *Firewall) serve(w http.ResponseWriter, req *http.Request, secret string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		http.Error(w, "the body is too large or incomplete", http.StatusBadRequest)
		return
	}
	if err := verifyBoth(secret, req.Header, body, f.now()); err != nil {
		f.fault(err.Error())
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	var answer any
	if req.Method == http.MethodGet {
		answer = f.list()
	} else if answer, err = f.change(body); err != nil {
		f.fault(err.Error())
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		f.fault("an answer could not be sent: " + err.Error())
	}
}

func (f *Firewall) list() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return map[string]any{"items": slices.AppendSeq([]fence{}, maps.Values(f.blocked)), "used": len(f.blocked), "capacity": firewallRoom}
}

// result is what became of one change.
type result struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// change blocks or lets go. What somebody else has blocked is left alone.
func (f *Firewall) change(body []byte) (any, error) {
	var in struct {
		Action string  `json:"action"`
		Owner  string  `json:"owner"`
		Blocks []fence `json:"blocks"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	results := make([]result, len(in.Blocks))
	for i, b := range in.Blocks {
		results[i] = result{b.ID, "done"}
		b.Owner = in.Owner
		was, there := f.blocked[b.Target]
		switch {
		case there && was != b && in.Action == "block":
			results[i].Status = "exists"
		case in.Action == "block":
			f.blocked[b.Target] = b
		case in.Action == "unblock" && was == b:
			delete(f.blocked, b.Target)
		}
	}
	return map[string]any{"results": results}, nil
}
