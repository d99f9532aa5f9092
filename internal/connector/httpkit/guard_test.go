package httpkit

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/egress/egresstest"
)

// watched is a maker whose names and dials a test looks at.
func watched(t testing.TB, cfg Config) (*Maker, *egresstest.DNS, *egresstest.Canary) {
	t.Helper()
	dns, canary := &egresstest.DNS{}, egresstest.Listen(t)
	cfg.Resolver, cfg.OnConnect = dns.Resolver(), canary.OnConnect
	return NewMaker(cfg), dns, canary
}

func client(t testing.TB, m *Maker) *Client {
	t.Helper()
	c, err := m.Client(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return c
}

// corpus is everything that must not be reached.
func corpus(t testing.TB, dns *egresstest.DNS, port string) []egresstest.Spelling {
	all := egresstest.Spellings(dns, port)
	for _, line := range egresstest.Corpus(t, "ssrf-spellings.txt") {
		all = append(all, egresstest.Spelling{URL: line, Trick: "the shared corpus"})
	}
	return all
}

func TestSSRFSpellings(t *testing.T) {
	t.Parallel()
	m, dns, canary := watched(t, Config{})
	c := client(t, m)
	for _, s := range corpus(t, dns, canary.Port) {
		before := canary.Public()
		for range 2 { // the second time after a name may have changed
			_, err := c.Do(t.Context(), &Request{Method: "POST", URL: s.URL, Body: []byte("x")})
			known := errors.Is(err, ErrForbiddenAddress) || errors.Is(err, ErrURL) || s.Public && errors.Is(err, egresstest.ErrStopped)
			if !known || !s.Public && canary.Public() > before {
				t.Errorf("%s (%s): %v", s.URL, s.Trick, err)
			}
		}
		canary.Check(t, s.URL+" ("+s.Trick+")")
	}
}

func TestSSRFLookalikes(t *testing.T) {
	t.Parallel()
	lines := append(egresstest.Corpus(t, "ssrf-lookalikes.txt"), "http://127.0.0.1.example.com")
	for _, tt := range []struct {
		answer  string
		refused bool
	}{{"93.184.216.34", false}, {"127.0.0.1", true}, {"10.0.0.7", true}} {
		m, dns, canary := watched(t, Config{})
		dns.Default = []netip.Addr{netip.MustParseAddr(tt.answer)}
		c := client(t, m)
		for _, line := range lines {
			if !strings.Contains(line, "://") {
				line = "http://" + line
			}
			before := canary.Public()
			_, err := c.Do(t.Context(), &Request{Method: "GET", URL: line})
			if got := errors.Is(err, ErrForbiddenAddress); got != tt.refused || canary.Public() > before == tt.refused {
				t.Errorf("%s at %s: %v", line, tt.answer, err)
			}
		}
		canary.Check(t, tt.answer)
	}
}

// TestRedirectsToPrivate: a server that may be reached sends to ones that may not, and to itself.
func TestRedirectsToPrivate(t *testing.T) {
	t.Parallel()
	m, dns, canary := watched(t, Config{Allow: loopback})
	location := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", location)
		w.Header().Set("Refresh", "0; url="+location)
		w.Header().Set("Alt-Svc", `h2="`+strings.TrimPrefix(location, "http://")+`"; ma=3600`)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	t.Cleanup(s.Close)
	canary.Spare = []netip.AddrPort{netip.MustParseAddrPort(s.Listener.Addr().String())}
	c := client(t, m)
	for i, sp := range egresstest.Spellings(dns, canary.Port) {
		if i%40 > 0 || strings.ContainsAny(sp.URL, "\r\n\x00") {
			continue
		}
		location = sp.URL
		resp, err := c.Do(t.Context(), &Request{Method: "POST", URL: s.URL, Body: []byte("x")})
		if err != nil || resp.Status != http.StatusTemporaryRedirect {
			t.Fatalf("to %s: %+v, %v", sp.URL, resp, err)
		}
		canary.Check(t, "a redirect to "+sp.URL)
	}
}
