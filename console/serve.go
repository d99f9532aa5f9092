package console

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

const (
	// nonceWord stands in the built page where each answer has a nonce of its own (vite.config.ts).
	nonceWord = "TOCSIN-NONCE"
	// nonceBytes is how long a nonce is; CSP level 3 §7.1 wants 128 bits.
	nonceBytes = 18
	// leastCompressed is the size in bytes from which a file is compressed.
	leastCompressed = 1024
)

// policy is the page's content security policy; %s is the nonce of style elements, which Mantine makes. Scripts come from
// files of the build only. Trusted Types refuse text as HTML or script but for the one policy of src/security/trusted.ts.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; " +
	"require-trusted-types-for 'script'; trusted-types default"

// policyFile is the policy of everything that is no page.
const policyFile = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// elsewhere are the first parts of paths that are never pages: what is not found there is answered as an API answers.
var elsewhere = []string{"api", "v1", "services", "healthz", "readyz", "metrics"}

// Built says whether this binary has a console.
func Built() bool {
	_, err := fs.Stat(build, "dist/index.html")
	return err == nil
}

// Handler serves the console's pages and files, and leaves everything else to rest. A page is what a browser asks for
// (Accept: text/html) with GET below none of the API's paths. Without a built console it explains itself at /.
func Handler(rest http.Handler) http.Handler {
	files, err := fs.Sub(build, "dist")
	if err != nil {
		panic("console: " + err.Error()) // the name is a constant
	}
	return handler(files, rest)
}

func handler(files fs.FS, rest http.Handler) http.Handler {
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return unbuilt(rest)
	}
	s := &server{files: files, page: string(page), rest: rest}
	return http.HandlerFunc(s.serve)
}

type server struct {
	files fs.FS
	page  string
	rest  http.Handler
	small sync.Map // name → compressed file
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		s.rest.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/console/"):
		s.file(w, r)
	case isPage(r):
		s.servePage(w, r)
	default:
		s.rest.ServeHTTP(w, r)
	}
}

// isPage says whether a browser wants to see a page.
func isPage(r *http.Request) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return !slices.Contains(elsewhere, first) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (s *server) servePage(w http.ResponseWriter, r *http.Request) {
	nonce := newNonce()
	secure(w.Header(), fmt.Sprintf(policy, nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // the nonce is for once
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write([]byte(strings.ReplaceAll(s.page, nonceWord, nonce))) // a caller that hung up needs no answer
}

func newNonce() string {
	b := make([]byte, nonceBytes)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return base64.StdEncoding.EncodeToString(b)
}

func secure(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
}

// file serves a file of the build. Names of assets hold a hash of what is in them, so that they may be kept for ever.
func (s *server) file(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	content, err := fs.ReadFile(s.files, name)
	if err != nil || !strings.HasPrefix(name, "console/") {
		s.rest.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	secure(h, policyFile)
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", "public, max-age=3600")
	if strings.HasPrefix(name, "console/assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if len(content) >= leastCompressed && compressible(name) {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			content = s.compressed(name, content)
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(content)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(content) // a caller that hung up needs no answer
}

// compressed is a file as gzip, made when it is first asked for and kept.
func (s *server) compressed(name string, content []byte) []byte {
	once, _ := s.small.LoadOrStore(name, sync.OnceValue(func() []byte {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one that there is
		_, _ = z.Write(content)                               // a buffer takes everything
		_ = z.Close()
		return b.Bytes()
	}))
	return once.(func() []byte)()
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func compressible(name string) bool {
	return slices.Contains([]string{".js", ".css", ".svg", ".json", ".txt"}, path.Ext(name))
}

func acceptsGzip(r *http.Request) bool {
	for each := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(each), ";")
		if coding == "gzip" && strings.ReplaceAll(quality, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// unbuiltPage explains a binary without a console.
const unbuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tocsin</title>
<h1>This build of Tocsin has no console</h1>
<p>The hub works: see <a href="/api/docs">the API</a>, or use the command line.</p>
<p>To have the console, build with <code>make build</code> (it needs Node 20).</p>
</html>
`

// unbuilt says at / that there is no console.
func unbuilt(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
			rest.ServeHTTP(w, r)
			return
		}
		secure(w.Header(), policyFile)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte(unbuiltPage)) // a caller that hung up needs no answer
	})
}
