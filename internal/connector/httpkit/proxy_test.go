package httpkit

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector/egress/egresstest"
)

// TestProxyEnvironmentIsIgnored: whatever the environment says, the target is dialled and the canary never.
func TestProxyEnvironmentIsIgnored(t *testing.T) {
	m, dns, canary := watched(t, Config{})
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "SOCKS_PROXY"} {
		for _, n := range []string{name, strings.ToLower(name)} {
			t.Setenv(n, "http://127.0.0.1:"+canary.Port)
		}
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	dns.Set("example.com", []netip.Addr{netip.MustParseAddr("93.184.216.34")})
	c := client(t, m)
	for i, u := range []string{"http://example.com./", "https://example.com./", "http://93.184.216.34:8080/"} {
		_, err := c.Do(t.Context(), &Request{Method: http.MethodGet, URL: u})
		if !errors.Is(err, egresstest.ErrStopped) || canary.Public() != i+1 {
			t.Errorf("%s: %v", u, err)
		}
	}
	canary.Check(t, "a proxy of the environment")
}

// fakeProxy is an HTTP proxy: it notes what it is asked for, and connects everything to one server.
type fakeProxy struct {
	server *httptest.Server
	to     string // host:port that tunnels lead to
	refuse int    // the status for every CONNECT; 0 lets it through

	mu    sync.Mutex
	asked []string
}

func newFakeProxy(t *testing.T, to string, overTLS bool) *fakeProxy {
	t.Helper()
	p := &fakeProxy{to: to}
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ErrorLog = quiet()
	if overTLS {
		p.server.StartTLS()
	} else {
		p.server.Start()
	}
	t.Cleanup(p.server.Close)
	return p
}

func (p *fakeProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization")))
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		io.WriteString(w, "from the proxy") //nolint:errcheck
		return
	}
	if p.refuse != 0 {
		w.Header().Set("X-Padding", strings.Repeat("x", 100))
		w.WriteHeader(p.refuse)
		return
	}
	target, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer target.Close()
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n") //nolint:errcheck
	var wg sync.WaitGroup
	wg.Go(func() { io.Copy(target, rw); target.Close() }) //nolint:errcheck
	io.Copy(conn, target)                                 //nolint:errcheck
	conn.Close()
	wg.Wait()
}

func (p *fakeProxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.asked
	p.asked = nil
	return list
}

// target is an HTTPS server that answers for example.com, and the PEM of its certificate.
func tlsTarget(t *testing.T) (address, ca string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "from the target, asked of "+r.Host) //nolint:errcheck
	}))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

func proxyURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := ParseProxy(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestProxy: the proxy is used for both schemes although its address is private, targets are checked before it is
// asked, and what is refused never gets to it.
func TestProxy(t *testing.T) {
	t.Parallel()
	address, ca := tlsTarget(t)
	for _, overTLS := range []bool{false, true} {
		p := newFakeProxy(t, address, overTLS)
		at := strings.Replace(p.server.URL, "://", "://hub:s3cret-of-the-proxy@", 1)
		m, dns, canary := watched(t, Config{Proxy: proxyURL(t, at)})
		canary.Spare = []netip.AddrPort{netip.MustParseAddrPort(p.server.Listener.Addr().String())}
		if overTLS {
			m.proxy.conf = &tls.Config{RootCAs: x509.NewCertPool()}
			m.proxy.conf.RootCAs.AddCert(p.server.Certificate())
		}
		dns.Set("example.com", []netip.Addr{netip.MustParseAddr("93.184.216.34")})
		c, err := m.Client(Options{CAPEM: ca})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.CloseIdle)
		if got := string(post(t, c, "https://example.com/x", "y").Body); got != "from the target, asked of example.com" {
			t.Errorf("https: %s", got)
		}
		if got := string(post(t, c, "http://example.com/x?y=z", "y").Body); got != "from the proxy" {
			t.Errorf("http: %s", got)
		}
		auth := " Basic " + base64.StdEncoding.EncodeToString([]byte("hub:s3cret-of-the-proxy"))
		if diff := cmp.Diff([]string{"CONNECT example.com:443" + auth, "POST http://example.com/x?y=z" + auth}, p.seen()); diff != "" {
			t.Error(diff)
		}
		for _, s := range corpus(t, dns, canary.Port) {
			if s.Public && s.Trick == "rebinding" {
				continue // what the first answer allows is the proxy's to look up
			}
			if _, err := c.Do(t.Context(), &Request{Method: "POST", URL: s.URL, Body: []byte("x")}); !errors.Is(err, ErrForbiddenAddress) && !errors.Is(err, ErrURL) {
				t.Errorf("%s (%s): %v", s.URL, s.Trick, err)
			}
		}
		if asked := p.seen(); len(asked) > 0 {
			t.Errorf("the proxy was asked for %q", asked)
		}
		canary.Check(t, "a proxy")
		// The proxy's own address is allowed for being the proxy only.
		if _, err := c.Do(t.Context(), &Request{Method: "GET", URL: p.server.URL}); !errors.Is(err, ErrForbiddenAddress) {
			t.Errorf("the proxy as a target: %v", err)
		}
	}
}

// TestProxyChecksAgain: a name is looked up anew once its clearance has run out.
func TestProxyChecksAgain(t *testing.T) {
	t.Parallel()
	p := newFakeProxy(t, "", false)
	m, dns, _ := watched(t, Config{Proxy: proxyURL(t, p.server.URL)})
	dns.Set("flip.example.com", []netip.Addr{netip.MustParseAddr("93.184.216.34")}, []netip.Addr{netip.MustParseAddr("10.0.0.1")})
	c := client(t, m)
	post(t, c, "http://flip.example.com./", "x")
	post(t, c, "http://flip.example.com./", "x") // still cleared
	k := *c.cleared.Load()
	k.until = time.Now()
	c.cleared.Store(&k)
	if _, err := c.Do(t.Context(), &Request{Method: "POST", URL: "http://flip.example.com./"}); !errors.Is(err, ErrForbiddenAddress) {
		t.Errorf("after the name changed: %v", err)
	}
	if n := len(p.seen()); n != 2 {
		t.Errorf("the proxy was asked %d times", n)
	}
}

// TestProxyErrors: what goes wrong with the proxy says so, shows no password, and never goes around it.
func TestProxyErrors(t *testing.T) {
	t.Parallel()
	p := newFakeProxy(t, "127.0.0.1:1", false)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := ln.Addr().String()
	ln.Close()
	silent := stuck(t, func(net.Conn) {})
	for _, tt := range []struct {
		proxy  string
		refuse int
		want   string
	}{
		{p.server.URL, 407, "it wants a name and a password"},
		{p.server.URL, 403, "its rules do not allow this target"},
		{p.server.URL, 0, "answered 502"},
		{"http://hub:s3cret-of-the-proxy@" + closed, 0, "the hub's proxy (egress.proxy): nothing accepts connections"},
		{strings.Replace(p.server.URL, "http:", "https:", 1), 0, "the hub's proxy (egress.proxy): it does not speak TLS"},
		{"http://" + silent, 0, "no connection within"},
	} {
		p.refuse = tt.refuse
		m, dns, canary := watched(t, Config{Proxy: proxyURL(t, tt.proxy)})
		dns.Set("example.com", []netip.Addr{netip.MustParseAddr("93.184.216.34")})
		o := Options{ConnectTimeout: 10 * time.Second}
		if strings.HasPrefix(tt.want, "no connection") {
			o.ConnectTimeout = 300 * time.Millisecond
		}
		c, err := m.Client(o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Do(t.Context(), &Request{Method: "POST", URL: "https://example.com/secret-path", Body: []byte("x")})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("%s: %v", tt.want, err)
		}
		if canary.Public() > 0 {
			t.Errorf("%s: the target was dialled past the proxy", tt.want)
		}
		c.CloseIdle()
	}
}

// TestProxyLies: a proxy that answers CONNECT with an endless header or with the target's plain text gets nothing.
func TestProxyLies(t *testing.T) {
	t.Parallel()
	const plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, answer := range map[string][2]string{ // to CONNECT, and to what follows
		"endless header": {"HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("x", 2*maxAnswerHeader) + "\r\n\r\n", ""},
		"plain text":     {"HTTP/1.1 200 OK\r\n\r\n", plain},
		"no HTTP":        {"SSH-2.0-x\r\n", plain},
	} {
		var after []byte
		var mu sync.Mutex
		at := stuck(t, func(c net.Conn) {
			io.WriteString(c, answer[0]) //nolint:errcheck
			first, _ := bufio.NewReader(c).Peek(1)
			io.WriteString(c, answer[1]) //nolint:errcheck
			mu.Lock()
			defer mu.Unlock()
			after = first
		})
		m, dns, _ := watched(t, Config{Proxy: proxyURL(t, "http://"+at)})
		dns.Set("example.com", []netip.Addr{netip.MustParseAddr("93.184.216.34")})
		c := client(t, m)
		resp, err := c.Do(t.Context(), &Request{Method: "POST", URL: "https://example.com/", Body: []byte("event")})
		var timeout *TimeoutError
		if err == nil || errors.As(err, &timeout) {
			t.Errorf("%s: answer %+v, %v", name, resp, err)
		}
		mu.Lock()
		if len(after) > 0 && after[0] != 0x16 { // a TLS handshake
			t.Errorf("%s: the proxy was sent %q", name, after)
		}
		mu.Unlock()
	}
}

func TestParseProxy(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://proxy.example.com": "proxy.example.com:80", "https://proxy.example.com/": "proxy.example.com:443",
		"http://10.0.0.1:3128": "10.0.0.1:3128", "http://user:pw@[::1]:8080": "[::1]:8080",
	} {
		u, err := ParseProxy(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if p, err := newProxy(u); err != nil || p.address != want || p.url.Scheme != "http" {
			t.Errorf("%s: %+v, %v", in, p, err)
		}
	}
	for _, in := range []string{
		"proxy.example.com:3128", "socks5://proxy.example.com", "http://", "http://:80", "http://p:0", "http://p:70000", "http://p/path",
		"http://p?q", "http://p#f", "http://s3cret\x7f@p", "://s3cret",
	} {
		u, err := ParseProxy(in)
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", in, err)
		}
		if u == nil {
			continue
		}
		if _, err := NewMaker(Config{Proxy: u}).Client(Options{}); err == nil {
			t.Errorf("%q made a client", in)
		}
	}
	if u, err := ParseProxy(""); u != nil || err != nil {
		t.Errorf("no proxy: %v, %v", u, err)
	}
}

// TestDialerIsExposed: protocols other than HTTP get the same guard.
func TestDialerIsExposed(t *testing.T) {
	t.Parallel()
	m, _, canary := watched(t, Config{Allow: loopback})
	if _, err := m.Dialer().DialContext(context.Background(), "tcp", "10.0.0.1:25"); !errors.Is(err, ErrForbiddenAddress) {
		t.Errorf("error %v", err)
	}
	canary.Spare = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:" + canary.Port)}
	conn, err := m.Masking([]string{"secret"}).Dialer().DialContext(t.Context(), "tcp", "127.0.0.1:"+canary.Port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
