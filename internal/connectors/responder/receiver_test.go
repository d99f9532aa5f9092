package responder

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// begin
type entry struct {
	Target string `json:"target"`
	ID     string `json:"id"`
	Owner  string `json:"owner"`
}

// Receiver keeps what is blocked in memory: drive your firewall where it says so.
type Receiver struct {
	Secret  string
	mu      sync.Mutex
	blocked map[string]entry // by target
}

func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !signed(rc.Secret, r.Header.Get("X-Tocsin-Signature"), raw) {
		http.Error(w, "this is not signed", http.StatusUnauthorized)
		return
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.blocked == nil {
		rc.blocked = map[string]entry{}
	}
	var in struct {
		Action, Owner string
		Blocks        []entry
	}
	items, results := []entry{}, []map[string]string{}
	switch path := r.URL.Path; {
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/blocks"):
		for _, e := range rc.blocked {
			items = append(items, e)
		}
		answerWith(w, map[string]any{"items": items})
		return
	case r.Method != http.MethodPost, json.Unmarshal(raw, &in) != nil, !strings.HasSuffix(path, "/"+in.Action+"s") && in.Action != "test":
		http.Error(w, "this is no such request", http.StatusBadRequest)
		return
	}
	for _, b := range in.Blocks {
		was, there := rc.blocked[b.Target]
		ours, status := was.ID == b.ID && was.Owner == in.Owner, "done"
		switch {
		case in.Action == "block" && there && !ours:
			status = "exists"
		case in.Action == "block":
			rc.blocked[b.Target] = entry{b.Target, b.ID, in.Owner} // here: block b.Target, and remember the other two
		case there && ours:
			delete(rc.blocked, b.Target) // here: let b.Target go
		}
		results = append(results, map[string]string{"id": b.ID, "status": status})
	}
	answerWith(w, map[string]any{"results": results})
}

func answerWith(w http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

// signed says whether one of the signatures is by the secret, and not older than five minutes.
func signed(secret, header string, body []byte) bool {
	parts := strings.Split(strings.TrimPrefix(header, "t="), ",v1=")
	at, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(parts[0] + "." + string(body)))
	for _, signature := range parts[1:] {
		if got, err := hex.DecodeString(signature); err == nil && hmac.Equal(got, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

// end
