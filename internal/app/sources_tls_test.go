package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// authority is a certificate authority of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = a.newKey()
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

// issue makes a certificate that change may change.
func (a *authority) issue(change func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	change(template)
	key := a.newKey()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serveTLS makes the house listen on a loopback address, and gives its address and the authority of its certificate.
func serveTLS(t *testing.T) (o *house, url string, roots *x509.CertPool) {
	t.Helper()
	ca := newAuthority(t, "the server's")
	pair := ca.issue(func(c *x509.Certificate) {
		c.IPAddresses, c.ExtKeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var cfg config.Config
	o = newHouseWith(t, func(c *config.Config) {
		c.TLS.Cert, c.TLS.Key = certFile, keyFile
		cfg = *c
	})
	srv, err := newServer(cfg, o.hub, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.serve(listener) }()
	t.Cleanup(func() {
		if err := srv.http.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	roots = x509.NewCertPool()
	roots.AddCert(ca.cert)
	return o, srv.url(listener), roots
}

// TestSourceByCertificate: client certificates are asked for while a source wants them, and looked at by the source's own
// authorities.
func TestSourceByCertificate(t *testing.T) {
	t.Parallel()
	o, url, roots := serveTLS(t)
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	named := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Subject.CommonName = name }
	}
	// Every client has connections of its own: a certificate is shown when a connection begins.
	send := func(id string, pairs ...tls.Certificate) (int, string) {
		t.Helper()
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: pairs}, ForceAttemptHTTP2: true,
		}}
		defer client.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/ingest/"+id, strings.NewReader(sourceEvent))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.ProtoMajor != 2 {
			t.Errorf("it speaks %s", resp.Proto)
		}
		return resp.StatusCode, string(body)
	}
	if o.hub.sources.WantsCertificates() {
		t.Error("certificates are asked for although no source wants them")
	}
	bundle, err := json.Marshal(ours.pem)
	if err != nil {
		t.Fatal(err)
	}
	anyOf := o.source("parent", "any", `"dialect":"native","auth":{"method":"mtls","ca_bundle":`+string(bundle)+`}`)
	one := o.source("parent", "one", `"dialect":"native","auth":{"method":"mtls","subject":"falco.example","ca_bundle":`+string(bundle)+`}`)
	open := o.source("parent", "open", `"dialect":"native","auth":{"method":"none"}`)
	for _, c := range []struct {
		name   string
		id     string
		pairs  []tls.Certificate
		status int
	}{
		{"ours", anyOf, []tls.Certificate{ours.issue(named("x"))}, 202},
		{"theirs", anyOf, []tls.Certificate{theirs.issue(named("x"))}, 401},
		{"none", anyOf, nil, 401},
		{"ours, expired", anyOf, []tls.Certificate{ours.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}, 401},
		{"ours, for servers", anyOf, []tls.Certificate{ours.issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })}, 401},
		{"the subject", one, []tls.Certificate{ours.issue(named("falco.example"))}, 202},
		{"the subject as an alternative name", one, []tls.Certificate{ours.issue(func(c *x509.Certificate) { c.DNSNames = []string{"FALCO.example"} })}, 202},
		{"another subject", one, []tls.Certificate{ours.issue(named("wazuh.example"))}, 401},
		{"a wildcard", one, []tls.Certificate{ours.issue(func(c *x509.Certificate) { c.DNSNames = []string{"*.example"} })}, 401},
		{"the subject, of theirs", one, []tls.Certificate{theirs.issue(named("falco.example"))}, 401},
		{"theirs, where none is wanted", open, []tls.Certificate{theirs.issue(named("x"))}, 202},
	} {
		if status, body := send(c.id, c.pairs...); status != c.status {
			t.Errorf("%s: answered %d, want %d: %s", c.name, status, c.status, body)
		}
	}
	for _, id := range []string{anyOf, one} {
		o.must("parent", "PATCH", "/api/v1/sources/"+id, `{"enabled":false}`)
	}
	if o.hub.sources.WantsCertificates() {
		t.Error("certificates are asked for although no source wants them any more")
	}
	o.must("parent", "PATCH", "/api/v1/sources/"+one, `{"enabled":true}`)
	if !o.hub.sources.WantsCertificates() {
		t.Error("certificates are not asked for")
	}
	// Over plain HTTP nobody shows a certificate, whatever the headers say.
	a := o.send(one, sourceEvent, "X-Client-Cert", ours.pem, "X-Forwarded-Client-Cert", "Subject=falco.example")
	o.wantStatus("headers instead of a certificate", a, 401)
	if n := o.must("parent", "GET", "/api/v1/sources/"+one, "").Get("counts.accepted").Int(); n != 2 {
		t.Errorf("%d events were taken", n)
	}
	if e := o.hub.sources.Find(event.NewID().Text(event.PrefixSource)); e != nil {
		t.Error("a source that never was is found")
	}
}
