package responder

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// TestContract proves the contract with each kind of endpoint: one that keeps ids, one that does not, one that takes a block
// at a time, and one that cannot list.
func TestContract(t *testing.T) {
	t.Parallel()
	cert, key := connectortest.ClientCertificate(t)
	for name, tt := range map[string]struct {
		settings string
		model    func() connectortest.BlockVendor
	}{
		"the README's":  {`{}`, newPlain},
		"pages":         {`{"batch":3,"capacity":5000,"widest_ipv4":32}`, newFirewall},
		"no marks":      {`{"marks":false}`, newBare},
		"one at a time": {`{"batch":1,"widest_ipv6":0}`, newFirewall},
		"no list":       {`{"list":false}`, newPlain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, connectortest.Harness{
				Definition: Definition(),
				Settings: func(url string) string {
					s := map[string]any{
						"url": url, "signing_secret": secretText, "previous_signing_secret": connectortest.Canary + "-previous-secret",
						"headers":            []map[string]any{{"name": "Authorization", "value": "Bearer " + connectortest.Canary}},
						"client_certificate": cert, "client_key": key,
					}
					if err := json.Unmarshal([]byte(tt.settings), &s); err != nil {
						t.Fatal(err)
					}
					raw, err := json.Marshal(s)
					if err != nil {
						t.Fatal(err)
					}
					return string(raw)
				},
				Blocks: tt.model,
			})
		})
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
	connectortest.Snippet(t, "receiver_test.go")
}

// now is the clock of tests with golden files.
var now = time.Date(2026, 11, 20, 12, 0, 0, 5, time.UTC)

// opened is a responder at an endpoint that answers as it is told, or a model.
func opened(t *testing.T, h http.Handler, patch string) *Connector {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return openedAt(t, s.URL, patch)
}

func openedAt(t *testing.T, url, patch string) *Connector {
	t.Helper()
	raw := form.Merge(new(Settings), json.RawMessage(fmt.Sprintf(`{"url":%q,"signing_secret":%q}`, url, secretText)), json.RawMessage(patch))
	env := connectortest.Env(nil)
	env.Now = func() time.Time { return now }
	instance, err := Definition().Open(raw, env)
	if err != nil {
		t.Fatal(err)
	}
	c := instance.(*Connector)
	t.Cleanup(c.Close)
	return c
}

var (
	prefix4 = netip.MustParsePrefix("203.0.113.7/32")
	prefix6 = netip.MustParsePrefix("2001:db8:7::/48")
)

const (
	block1 = "blk_01kmb7a2v4e9zr6x3q8w5t0ysd"
	block2 = "blk_01kmb7a2v4e9zr6x3q8w5t0yse"
)

func someChanges() []connector.BlockChange {
	return []connector.BlockChange{
		{Block: block1, Prefix: prefix4, Until: now.Add(24 * time.Hour), Reason: "Brute force <b>against</b>\nthe \"login\"\x07"},
		{Block: block2, Prefix: prefix6, Remove: true, Handle: "rule-17"},
	}
}

// TestGolden: the requests, as they are shown to people. Nothing is sent.
func TestGolden(t *testing.T) {
	t.Parallel()
	c := openedAt(t, "http://127.0.0.1:9/tocsin/", `{"headers":[{"name":"X-Zone","value":"dmz"}]}`)
	all := someChanges()
	for name, do := range map[string]func(*testing.T, *httpkit.Exchange) error{
		"list": func(t *testing.T, e *httpkit.Exchange) error {
			t.Helper()
			_, err := c.Blocked(httpkit.WithExchange(t.Context(), e))
			return err
		},
		"test": func(t *testing.T, e *httpkit.Exchange) error {
			t.Helper()
			return c.ask(httpkit.WithExchange(t.Context(), e))
		},
		"block": func(t *testing.T, e *httpkit.Exchange) error {
			t.Helper()
			_, err := c.Change(httpkit.WithExchange(t.Context(), e), &connector.BlockSnapshot{Version: taken(1)}, all[:1])
			return err
		},
		"unblock": func(t *testing.T, e *httpkit.Exchange) error {
			t.Helper()
			_, err := c.Change(httpkit.WithExchange(t.Context(), e), &connector.BlockSnapshot{Version: taken(1)}, all[1:])
			return err
		},
	} {
		e := &httpkit.Exchange{Full: true, DryRun: true}
		if err := do(t, e); !errors.Is(err, httpkit.ErrDryRun) {
			t.Errorf("%s: %v", name, err)
		}
		connectortest.Golden(t, name+".http", connectortest.Text(e))
	}
}

// TestSignatures: every request is signed by both secrets, as somebody else's library verifies, over what it asks for.
func TestSignatures(t *testing.T) {
	t.Parallel()
	const previous = "another-secret-of-24-bytes"
	var got []connectortest.Request
	c := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var raw json.RawMessage
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
				t.Error(err)
			}
		}
		got = append(got, connectortest.Request{Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone(), Body: raw})
		if raw != nil {
			fmt.Fprint(w, `{"results":[]}`) //nolint:errcheck // the client may have gone
			return
		}
		fmt.Fprint(w, `{"items":[]}`) //nolint:errcheck
	}), `{"previous_signing_secret":"`+previous+`"}`)
	c.now = time.Now
	if err := c.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Change(t.Context(), nil, someChanges()); err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, r := range got {
		asked = append(asked, r.Method+" "+r.Path+" "+r.Header.Get("X-Tocsin-Event"))
		for _, secret := range []string{secretText, previous} {
			wh, err := standardwebhooks.NewWebhookRaw([]byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			if err := wh.Verify(r.Body, r.Header); err != nil {
				t.Errorf("%s %s: %v", r.Method, r.Path, err)
			}
			if !signed(secret, r.Header.Get("X-Tocsin-Signature"), r.Body) || signed(secret, r.Header.Get("X-Tocsin-Signature"), append(r.Body, ' ')) {
				t.Errorf("%s %s: X-Tocsin-Signature %s", r.Method, r.Path, r.Header.Get("X-Tocsin-Signature"))
			}
		}
	}
	want := []string{"GET /blocks blocks.list", "POST /blocks blocks.test", "POST /blocks blocks.block", "POST /unblocks blocks.unblock"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

// TestIdempotencyKey: the same changes of the same reading have the same key, which is in the Standard Webhooks id, too.
// Changes that were decided by another reading have another: the same block may have to be made again.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	c := openedAt(t, "http://127.0.0.1:9", `{}`)
	key := func(at taken, changes ...connector.BlockChange) string {
		e := &httpkit.Exchange{Full: true, DryRun: true}
		if _, err := c.Change(httpkit.WithExchange(t.Context(), e), &connector.BlockSnapshot{Version: at}, changes); !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatal(err)
		}
		k := e.RequestHeader.Get("Idempotency-Key")
		if k == "" || e.RequestHeader.Get("Webhook-Id") != k || e.RequestHeader.Get("X-Tocsin-Delivery") != k {
			t.Errorf("headers %v", e.RequestHeader)
		}
		return k
	}
	all := someChanges()
	first := key(1, all[0])
	if again := key(1, all[0]); again != first {
		t.Errorf("%s, and then %s", first, again)
	}
	// What keeps no ids, or cannot list, must not get the same request twice without our knowing of both.
	for _, settings := range []string{`{"marks":false}`, `{"list":false}`} {
		e := &httpkit.Exchange{Full: true, DryRun: true}
		bare := openedAt(t, "http://127.0.0.1:9", settings)
		if _, err := bare.Change(httpkit.WithExchange(t.Context(), e), nil, all[:1]); !errors.Is(err, httpkit.ErrDryRun) || e.RequestHeader["Idempotency-Key"] != nil {
			t.Errorf("with %s: %v, %v", settings, e.RequestHeader, err)
		}
	}
	for what, other := range map[string]string{
		"another reading": key(2, all[0]), "another block": key(1, connector.BlockChange{Block: block2, Prefix: prefix4}), "letting go": key(1, all[1]),
	} {
		if other == first {
			t.Errorf("%s has the same key", what)
		}
	}
}

// TestGrade: what cannot be read back is never said to be certain.
func TestGrade(t *testing.T) {
	t.Parallel()
	for patch, want := range map[string]connector.Grade{`{}`: connector.Confirmed, `{"list":false}`: connector.Unverifiable} {
		c := openedAt(t, "http://127.0.0.1:9", patch)
		if got := connector.GradeOf(Definition().Kind, c); got != want {
			t.Errorf("%s: %s", patch, got)
		}
		if warned := strings.Contains(strings.Join(c.Notes(), "\n"), "never verified"); warned != (want == connector.Unverifiable) {
			t.Errorf("%s: %q", patch, c.Notes())
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	l := openedAt(t, "http://127.0.0.1:9", `{"widest_ipv4":24,"widest_ipv6":0,"batch":7,"capacity":99}`).BlockLimits()
	for text, ok := range map[string]bool{"203.0.113.7/32": true, "203.0.113.0/24": true, "203.0.112.0/23": false, "2001:db8::1/128": false} {
		if why := l.Takes(netip.MustParsePrefix(text)); (why == "") != ok {
			t.Errorf("%s: %q", text, why)
		}
	}
	if l.Batch != 7 || l.Capacity != 99 || !l.Marks || l.Unverifiable {
		t.Errorf("%+v", l)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	const secret = `"signing_secret":"a-secret-of-at-least-24-bytes"`
	for raw, want := range map[string][]string{
		`{"url":"https://firewall.example.com/x/",` + secret + `}`:                                                   nil,
		`{"url":"https://firewall.example.com"}`:                                                                     {"signing_secret"},
		`{"url":"https://firewall.example.com?a=b",` + secret + `}`:                                                  {"url"},
		`{"url":"https://firewall.example.com","signing_secret":"short"}`:                                            {"signing_secret"},
		`{"url":"https://firewall.example.com",` + secret + `,"batch":0}`:                                            {"batch"},
		`{"url":"https://firewall.example.com",` + secret + `,"widest_ipv4":0,"widest_ipv6":0}`:                      {"widest_ipv4"},
		`{"url":"https://firewall.example.com",` + secret + `,"headers":[{"name":"idempotency-key","value":"x"}]}`:   {"headers.0.name"},
		`{"url":"https://firewall.example.com",` + secret + `,"headers":[{"name":"webhook-id","value":"x"}]}`:        {"headers.0.name"},
		`{"url":"https://firewall.example.com",` + secret + `,"headers":[{"name":"x-tocsin-signature","value":""}]}`: {"headers.0.name", "headers.0.value"},
	} {
		s := new(Settings)
		err := form.Decode(json.RawMessage(raw), s)
		var got []string
		if fields, ok := form.AsErrors(err); ok {
			for _, f := range fields {
				got = append(got, f.Path)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", raw, err)
		}
		if want == nil && s.URL != "https://firewall.example.com/x" {
			t.Errorf("the URL is %s", s.URL)
		}
	}
}

// TestEndpointQuotesSecrets: what an endpoint says is told with secrets masked.
func TestEndpointQuotesSecrets(t *testing.T) {
	t.Parallel()
	c := opened(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"results":[{"id":%q,"status":"failed","error":"bad secret %s"}]}`, block1, secretText) //nolint:errcheck // the client may have gone
	}), `{}`)
	results, err := c.Change(t.Context(), nil, someChanges()[:1])
	if err != nil || results[0].Err == nil || strings.Contains(results[0].Err.Error(), secretText) || !strings.Contains(results[0].Err.Error(), "bad secret") {
		t.Errorf("%+v, %v", results, err)
	}
}
