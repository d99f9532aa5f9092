package awswaf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
)

const (
	keyID  = "AKIAIOSFODNN7EXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG/" + connectortest.Canary + "+EXAMPLEKEY"
)

// bench is a connector opened against the model, with two sets.
type bench struct {
	*awswaftest.Service
	*Connector
	url      string
	v4, v6   string // the ARNs
	log      *logBuffer
	settings map[string]any
	env      connector.Env
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// What others have in the sets at the beginning.
var (
	foreign4 = []string{"198.51.100.0/24", "192.0.2.44/32"}
	foreign6 = []string{"2001:0db8:00ff:0000:0000:0000:0000:0000/48"}
)

// newBench makes a model and a connector; patch changes the settings, nil values take them away.
func newBench(t testing.TB, patch map[string]any) *bench {
	t.Helper()
	b := &bench{Service: &awswaftest.Service{}, log: &logBuffer{}}
	b.AddKey(keyID, secret)
	b.v4 = b.AddSet(awswaftest.Set{Name: "tocsin", Description: "kept by tocsin, and others", Addresses: foreign4})
	b.v6 = b.AddSet(awswaftest.Set{Name: "tocsin-v6", IPv6: true, Addresses: foreign6})
	b.Check = published(t)
	server := httptest.NewServer(b.Service)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		for _, err := range b.Faults() {
			t.Errorf("against the published model: %v", err)
		}
		if strings.Contains(b.log.String(), connectortest.Canary) {
			t.Errorf("the log shows a secret: %s", b.log)
		}
	})
	b.url = server.URL
	b.env = connectortest.Env(slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	b.settings = map[string]any{
		"ip_set_arn": b.v4, "ip_set_arn_v6": b.v6, "access_key_id": keyID, "secret_access_key": secret, "base_url": b.url,
	}
	maps.Copy(b.settings, patch)
	maps.DeleteFunc(b.settings, func(_ string, v any) bool { return v == nil })
	b.open(t)
	return b
}

func (b *bench) open(t testing.TB) {
	t.Helper()
	raw, err := json.Marshal(b.settings)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := Definition().Open(raw, b.env)
	if err != nil {
		t.Fatal(err)
	}
	b.Connector = instance.(*Connector)
	t.Cleanup(b.Close)
}

func (b *bench) snapshot(t testing.TB) *connector.BlockSnapshot {
	t.Helper()
	s, err := b.Blocked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// change makes changes by a new snapshot, and fails unless it can.
func (b *bench) change(t testing.TB, changes ...connector.BlockChange) []connector.BlockResult {
	t.Helper()
	results, err := b.Change(t.Context(), b.snapshot(t), changes)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func add(prefix string) connector.BlockChange {
	return connector.BlockChange{Block: "blk_01kmb7a2v4e9zr6x3q8w5t0ysd", Prefix: netip.MustParsePrefix(prefix), Reason: "a reason"}
}

func remove(prefix string) connector.BlockChange {
	c := add(prefix)
	c.Remove = true
	return c
}

// outcome is a result in short: "done", "was", "unknown", an error's class, or "not".
func outcome(r connector.BlockResult) string {
	switch {
	case r.Err != nil:
		return class(r.Err)
	case r.Done:
		return "done"
	case r.Was:
		return "was"
	case r.Unknown:
		return "unknown"
	}
	return "not"
}

func outcomes(list []connector.BlockResult) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = outcome(r)
	}
	return strings.Join(words, " ")
}

// class is how an error is marked.
func class(err error) string {
	_, throttled := connector.IsThrottled(err)
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, connector.ErrStale):
		return "stale"
	case errors.Is(err, connector.ErrFull) && connector.IsPermanent(err):
		return "full"
	case connector.IsPermanent(err):
		return "permanent"
	case throttled:
		return "throttled"
	}
	return "retryable"
}

// quiet fails the test if a text shows a secret: of the settings, or of a role's session.
func quiet(t testing.TB, what string, text string) {
	t.Helper()
	for _, s := range []string{connectortest.Canary, awswaftest.SessionSecret, awswaftest.SessionToken} {
		if strings.Contains(text, s) {
			t.Errorf("%s shows a secret: %.400s", what, text)
		}
	}
}

func quietError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		quiet(t, "an error", fmt.Sprintf("%v %+v %#v", err, err, err))
		for e := err; e != nil; e = errors.Unwrap(e) {
			quiet(t, "an error within", e.Error())
		}
	}
}
