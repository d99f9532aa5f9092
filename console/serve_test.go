package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	"index.html":                 {Data: []byte(`<meta nonce="TOCSIN-NONCE"><script src="/console/assets/a-1.js" nonce="TOCSIN-NONCE"></script>`)},
	"console/assets/a-1.js":      {Data: []byte(strings.Repeat("let a=1;", 500))},
	"console/assets/small-2.css": {Data: []byte("a{}")},
	"about.txt":                  {Data: []byte("not to be served")},
}

// rest answers what is not the console's.
var rest = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusTeapot)
})

func ask(t *testing.T, h http.Handler, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestWhoAnswers(t *testing.T) {
	t.Parallel()
	const page, file, theRest = "text/html; charset=utf-8", "text/javascript; charset=utf-8", ""
	for _, c := range []struct{ method, path, accept, want string }{
		{"GET", "/", "text/html,*/*", page},
		{"HEAD", "/", "text/html", page},
		{"GET", "/alerts/alr_1", "text/html", page},
		{"GET", "/setup", "text/html", page},
		{"GET", "/no/such/page", "text/html", page},
		{"GET", "/", "application/json", theRest},
		{"GET", "/", "", theRest},
		{"POST", "/", "text/html", theRest},
		{"GET", "/api/docs", "text/html", theRest},
		{"GET", "/api", "text/html", theRest},
		{"GET", "/v1/events", "text/html", theRest},
		{"GET", "/services/collector", "text/html", theRest},
		{"GET", "/metrics", "text/html", theRest},
		{"GET", "/console/assets/a-1.js", "", file},
		{"GET", "/console/assets/none.js", "text/html", theRest},
		{"GET", "/console/../index.html", "*/*", theRest},
		{"GET", "/console/../about.txt", "*/*", theRest},
		{"GET", "/console/assets", "", theRest},
	} {
		t.Run(c.method+" "+c.path+" "+c.accept, func(t *testing.T) {
			t.Parallel()
			res := ask(t, handler(built, rest), c.method, c.path, "Accept", c.accept)
			if got := res.Header.Get("Content-Type"); c.want != got {
				t.Errorf("answered %d as %q, want %q", res.StatusCode, got, c.want)
			}
		})
	}
}

func TestPagePolicy(t *testing.T) {
	t.Parallel()
	h := handler(built, rest)
	seen := map[string]bool{}
	for range 3 {
		res := ask(t, h, "GET", "/", "Accept", "text/html")
		body, _ := io.ReadAll(res.Body)
		csp := res.Header.Get("Content-Security-Policy")
		_, nonce, _ := strings.Cut(csp, "'nonce-")
		nonce, _, _ = strings.Cut(nonce, "'")
		if len(nonce) < 22 || seen[nonce] {
			t.Fatalf("the nonce %q is short or was used before", nonce)
		}
		seen[nonce] = true
		if n := strings.Count(string(body), `nonce="`+nonce+`"`); n != 2 || strings.Contains(string(body), nonceWord) {
			t.Errorf("the page does not carry its nonce: %s", body)
		}
		for _, want := range []string{
			"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types default",
		} {
			if !strings.Contains(csp, want) {
				t.Errorf("the policy %q lacks %q", csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("the policy %q allows too much", csp)
		}
		if res.Header.Get("X-Frame-Options") != "DENY" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the page's headers are %v", res.Header)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	h := handler(built, rest)
	res := ask(t, h, "GET", "/console/assets/a-1.js", "Accept-Encoding", "br, gzip")
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if err != nil || string(got) != string(built["console/assets/a-1.js"].Data) {
		t.Errorf("the compressed file is another: %v", err)
	}
	if cc := res.Header.Get("Cache-Control"); !strings.Contains(cc, "immutable") {
		t.Errorf("Cache-Control is %q", cc)
	}
	for _, encoding := range []string{"", "identity", "gzip;q=0", "gzip; q=0"} {
		res := ask(t, h, "GET", "/console/assets/a-1.js", "Accept-Encoding", encoding)
		if e := res.Header.Get("Content-Encoding"); e != "" {
			t.Errorf("Accept-Encoding %q is answered with %q", encoding, e)
		}
	}
	if e := ask(t, h, "GET", "/console/assets/small-2.css", "Accept-Encoding", "gzip").Header.Get("Content-Encoding"); e != "" {
		t.Errorf("a small file is answered with %q", e)
	}
}

func TestUnbuilt(t *testing.T) {
	t.Parallel()
	h := handler(fstest.MapFS{}, rest)
	res := ask(t, h, "GET", "/", "Accept", "text/html")
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK || !strings.Contains(string(body), "has no console") {
		t.Errorf("/ answers %d %s", res.StatusCode, body)
	}
	if res := ask(t, h, "GET", "/setup", "Accept", "text/html"); res.StatusCode != http.StatusTeapot {
		t.Errorf("/setup is not left to the API: %d", res.StatusCode)
	}
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	res := ask(t, Handler(rest), "GET", "/", "Accept", "text/html")
	body, _ := io.ReadAll(res.Body)
	if says := strings.Contains(string(body), "has no console"); says == Built() {
		t.Errorf("with Built() = %v, / answers %s", Built(), body)
	}
}
