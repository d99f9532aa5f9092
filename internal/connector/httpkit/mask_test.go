package httpkit

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector/egress/egresstest"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// TestMaskedParts: what a receiver may repeat of a secret without the rest of it is masked, and ordinary words are not.
func TestMaskedParts(t *testing.T) {
	t.Parallel()
	basic := base64.StdEncoding.EncodeToString([]byte("hubuser:pa:ss"))
	for _, tt := range []struct{ name, secret, text, want string }{
		{"bearer", "Bearer OLDSECRET-auth", "bad token OLDSECRET-auth", "bad token ********"},
		{"bearer, whole", "Bearer OLDSECRET-auth", "bad Bearer OLDSECRET-auth", "bad ********"},
		{"bearer, the word", "Bearer OLDSECRET-auth", "use Bearer tokens", "use Bearer tokens"},
		{"bearer, for a URL", "Bearer OLD/SECRET+auth", "?t=OLD%2FSECRET%2Bauth", "?t=********"},
		{"bearer, base64", "Bearer OLDSECRET-auth", base64.StdEncoding.EncodeToString([]byte("OLDSECRET-auth")), "********"},
		{"a short part", "Bearer 1234567", "1234567", "1234567"},
		{"words", "correct horse battery!", "correct horse, battery!", "correct horse, ********"},
		{"basic, pair", "Basic " + basic, "who is hubuser:pa:ss?", "who is ********?"},
		{"basic, password", "basic " + basic, "hubuser has not pa:ss", "hubuser has not ********"},
		{"basic, encoded", "Basic " + basic, "got " + basic, "got ********"},
		{"basic, not padded", "Basic " + strings.TrimRight(base64.StdEncoding.EncodeToString([]byte("u:pass1")), "="), "pass1", "********"},
		{"basic, short password", "Basic " + base64.StdEncoding.EncodeToString([]byte("hubuser:abc")), "abc", "abc"},
		{"basic, not base64", "Basic !!!", "Basic", "Basic"},
		{"cookie", `lang=en; session=OLDSECRET1; csrf="OLDSECRET2"`, "en OLDSECRET1 OLDSECRET2 session", "en ******** ******** session"},
		{"cookie without blanks", "lang=en;session=OLDSECRET1", "OLDSECRET1", "********"},
		{"query", "https://a.example/hook?id=7&sig=OLDSECRET1", "sig OLDSECRET1 of a.example", "sig ******** of a.example"},
		{"key", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----", "-----BEGIN X----- MIIEvQIBADANBg", "-----BEGIN X----- ********"},
	} {
		if got := newMasker([]string{tt.secret}).text(tt.text); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestPartsAreBounded: a secret of very many words does not make a masker of any size.
func TestPartsAreBounded(t *testing.T) {
	t.Parallel()
	if n := len(parts(strings.Repeat("abcdefgh ", 10*maxParts))); n != maxParts {
		t.Errorf("%d parts", n)
	}
}

// TestSignaturesAreNotShown: whoever previews a body of their own must not get it signed.
func TestSignaturesAreNotShown(t *testing.T) {
	t.Parallel()
	c := newClient(t, Options{})
	e := &Exchange{Full: true, DryRun: true}
	h := http.Header{
		"X-Tocsin-Signature": {"t=1,v1=abc"}, "Webhook-Signature": {"v1,abc"}, "X-SOCWarden-Signature": {"abc", ""},
		"X-Sig": {"t=1,v1=abc"}, "X-Other": {"seen"}, "User-Agent": {"x"},
	}
	sent := h.Clone()
	c.Do(WithExchange(t.Context(), e), &Request{Method: "POST", URL: "https://a.example", Header: sent, Signatures: []string{"x-sig"}}) //nolint:errcheck // a dry run
	want := http.Header{
		"X-Tocsin-Signature": {form.Mask}, "Webhook-Signature": {form.Mask}, "X-SOCWarden-Signature": {form.Mask, ""},
		"X-Sig": {form.Mask}, "X-Other": {"seen"}, "User-Agent": {"x"},
	}
	if diff := cmp.Diff(want, e.RequestHeader); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(h, sent); diff != "" {
		t.Errorf("what is sent was changed: %s", diff)
	}
}

// TestRefusalsTellNoAddress: a refusal names the host as it was configured and reads the same for every address.
func TestRefusalsTellNoAddress(t *testing.T) {
	t.Parallel()
	dns := &egresstest.DNS{}
	m := NewMaker(Config{Resolver: dns.Resolver()})
	c, err := m.Client(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"10.1.2.3", "127.0.0.1", "169.254.169.254", "fd00::7"} {
		dns.Set("siem.example.com", []netip.Addr{netip.MustParseAddr(address)})
		_, err := c.Do(t.Context(), &Request{Method: "POST", URL: "http://siem.example.com./"})
		if want := "siem.example.com.: " + ErrForbiddenAddress.Error(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", address, err, want)
		}
	}
}

// TestSecretsOfARequest: what is secret of one request alone is kept out of all that is said of it, and of nothing else.
func TestSecretsOfARequest(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, "got "+r.Header.Get("X-Session")+" and OF-THE-MAKER") //nolint:errcheck
	}))
	t.Cleanup(server.Close)
	maker := NewMaker(Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}).Masking([]string{"OF-THE-MAKER"})
	c, err := maker.Client(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	for _, secrets := range [][]string{{"SESSION-1"}, nil} {
		e := &Exchange{Full: true}
		resp, err := c.Do(WithExchange(t.Context(), e), &Request{
			Method: "POST", URL: server.URL, Header: http.Header{"X-Session": {"SESSION-1"}}, Body: []byte("SESSION-1"), Secrets: secrets,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := "SESSION-1"
		if secrets != nil {
			want = form.Mask
		}
		got := []string{e.RequestHeader.Get("X-Session"), string(e.RequestBody), string(e.Answer), resp.Excerpt(100)}
		if diff := cmp.Diff([]string{want, want, "got " + want + " and " + form.Mask, "got " + want + " and " + form.Mask}, got); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := c.Do(t.Context(), &Request{Method: "GET", URL: "http://of.session-2.invalid/", Secrets: []string{"session-2"}}); err == nil || strings.Contains(err.Error(), "session-2") {
		t.Error(err)
	}
}
