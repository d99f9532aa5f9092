package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/respond/rule"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// followers hear of changed integrations.
type followers struct {
	*fakeEngine
	h *hub
}

func (f followers) Apply(_ context.Context, i store.Integration) error {
	f.h.responders.Apply(i)
	return nil
}

func (f followers) Remove(ctx context.Context, account event.Account, id event.ID) error {
	return f.h.responders.Remove(ctx, account, id)
}

// opener opens integrations for the reconcilers.
type opener struct{ *integration.Service }

// openBlocks opens the rooms of blocks. Reconcilers run once a test asks for it.
func (h *hub) openBlocks(accounts *account.Service, integrations *integration.Service, catalogue connector.Catalogue, log *slog.Logger) {
	h.t.Helper()
	h.responders = reconcile.New(reconcile.Deps{
		Store: h.store, Opener: opener{integrations}, Catalogue: catalogue, AccountOpen: accounts.IsOpen, Log: log,
		Policy: func(account event.Account) guard.Policy { return h.blocks.PolicyOf(account) },
	})
	var err error
	h.blocks, err = respond.Open(h.t.Context(), respond.Deps{
		Store: h.store, Responders: h.responders, Evidences: evidences{h}, Recorder: h.record, Parents: accounts.Parents, Principals: h.principals, Log: log,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.rules, err = rule.Open(h.t.Context(), rule.Deps{
		Store: h.store, Journal: noJournal{}, Blocks: h.blocks, Recorder: h.record, AccountOpen: accounts.IsOpen, Log: log,
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// principals are those of a key: itself, and who made it.
func (h *hub) principals(ctx context.Context, a act.Actor) []string {
	list := []string{a.ID}
	if id, err := event.ParseID(event.PrefixKey, a.ID); err == nil {
		if k, err := h.store.GetKey(ctx, a.Account, id); err == nil && k.CreatedBy != "" {
			list = append(list, k.CreatedBy)
		}
	}
	return list
}

type evidences struct{ h *hub }

func (e evidences) Alert(ctx context.Context, account event.Account, id event.ID) (store.Alert, error) {
	return e.h.store.GetAlert(ctx, account, id)
}

func (e evidences) Incident(ctx context.Context, account event.Account, number int64) error {
	_, err := e.h.store.GetIncident(ctx, account, number)
	if errors.Is(err, incident.ErrNotFound) {
		return store.ErrNotFound
	}
	return err
}

func (e evidences) Event(ctx context.Context, account event.Account, id event.ID) (*event.Record, error) {
	return e.h.engine.Event(ctx, account, id)
}

// runResponders lets reconcilers run until the test ends.
func (h *hub) runResponders() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.responders.Run(ctx)
	}()
	h.t.Cleanup(func() { cancel(); <-done })
}

// firewall is an endpoint of the generic responder: it keeps what is blocked, and checks who asks.
type firewall struct {
	t      *testing.T
	url    string
	secret string

	mu      sync.Mutex
	broken  bool
	blocked map[string]fence // by target
	changes int
}

type fence struct {
	Target string `json:"target"`
	ID     string `json:"id"`
	Owner  string `json:"owner"`
	Reason string `json:"reason,omitempty"`
}

func newFirewall(t *testing.T) *firewall {
	t.Helper()
	f := &firewall{t: t, secret: canarySecret, blocked: map[string]fence{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

func (f *firewall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil || !f.signed(r.Header.Get("X-Tocsin-Signature"), raw) {
		http.Error(w, "not signed", http.StatusUnauthorized)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	}
	var in struct {
		Action, Owner string
		Blocks        []fence
	}
	if r.Method == http.MethodGet {
		items := slices.AppendSeq([]fence{}, maps.Values(f.blocked))
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items, "capacity": 1000})
		return
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	results := []map[string]string{}
	for _, b := range in.Blocks {
		was, there := f.blocked[b.Target]
		ours, status := was.ID == b.ID && was.Owner == in.Owner, "done"
		switch {
		case in.Action == "block" && there && !ours:
			status = "exists"
		case in.Action == "block":
			b.Owner = in.Owner
			f.blocked[b.Target], f.changes = b, f.changes+1
		case in.Action == "unblock" && there && ours:
			delete(f.blocked, b.Target)
			f.changes++
		}
		results = append(results, map[string]string{"id": b.ID, "status": status})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

func (f *firewall) signed(header string, body []byte) bool {
	stamp, signature, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(f.secret))
	mac.Write([]byte(stamp + "." + string(body)))
	return hex.EncodeToString(mac.Sum(nil)) == signature
}

// holds says which targets are blocked, in order.
func (f *firewall) holds() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.blocked))
}

func (f *firewall) set(change func(*firewall)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// responder makes an integration with a firewall, and gives its id.
func (h *hub) responder(name string, f *firewall, options ...option) string {
	h.t.Helper()
	body := fmt.Sprintf(`{"kind":"responder","name":%q,"settings":{"url":%q,"signing_secret":%q}}`, name, f.url, f.secret)
	return h.want(http.StatusCreated, "POST", "/api/v1/integrations", body, options...).get("id").Str
}

// block asks for a block and gives its path.
func (h *hub) block(target string, options ...option) string {
	h.t.Helper()
	r := h.want(http.StatusCreated, "POST", blocksBase, `{"target":"`+target+`","reason":"a test"}`, options...)
	return r.Header.Get("Location")
}

// eventually waits until something is so.
func (h *hub) eventually(what string, is func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // responders do it when they do: this waits for a state
	}
	h.t.Fatalf("not so in time: %s\n%s", what, h.log)
}

// stands waits until a block stands somewhere at its only responder.
func (h *hub) stands(path, state string) reply {
	h.t.Helper()
	var r reply
	h.eventually(path+" is "+state, func() bool {
		r = h.want(http.StatusOK, "GET", path, "")
		return r.get("placements.#").Int() > 0 && r.get("placements.0.state").Str == state
	})
	return r
}
