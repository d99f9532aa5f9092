package connectortest

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
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Authority signs certificates for servers of tests.
type Authority struct {
	// PEM is its own certificate, for a ca_bundle.
	PEM  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority. All have the same name, so that only the key tells them apart.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "connectortest authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &Authority{key: newKey(t)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

// Certificate signs one for a server that is reached as host, which is a name or an address.
func (a *Authority) Certificate(t testing.TB, host string, from, to time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: from, NotAfter: to,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// testTLS: a certificate that does not hold, or no TLS at all, is never a reason to go on without. Somebody has to mend
// it, on one side or the other, and the events wait for that: the error says what it is, and is worth another try.
func testTLS(t *testing.T, h Harness) {
	a, other := NewAuthority(t), NewAuthority(t)
	hour := time.Hour
	now := time.Now()
	good := a.Certificate(t, "127.0.0.1", now.Add(-hour), now.Add(hour))
	for _, tt := range []struct {
		name   string
		server *tls.Config // nil: no TLS
		ca     string
		verify bool
		want   string // a part of the error; empty if it is delivered
	}{
		{"good", &tls.Config{Certificates: []tls.Certificate{good}}, a.PEM, true, ""},
		{"good, TLS 1.2", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, a.PEM, true, ""},
		{"expired", &tls.Config{Certificates: []tls.Certificate{a.Certificate(t, "127.0.0.1", now.Add(-2*hour), now.Add(-hour))}}, a.PEM, true, "has expired"},
		{"not valid yet", &tls.Config{Certificates: []tls.Certificate{a.Certificate(t, "127.0.0.1", now.Add(hour), now.Add(2*hour))}}, a.PEM, true, "not valid yet"},
		{"another host's", &tls.Config{Certificates: []tls.Certificate{a.Certificate(t, "siem.example.com", now.Add(-hour), now.Add(hour))}}, a.PEM, true, "another name"},
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{good}}, "", true, "ca_bundle"},
		{"changed authority", &tls.Config{Certificates: []tls.Certificate{good}}, other.PEM, true, "ca_bundle"},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, a.PEM, true, "TLS 1.2"},
		{"no TLS", nil, a.PEM, true, "does not speak TLS"},
		{"not to be verified", &tls.Config{Certificates: []tls.Certificate{good}}, other.PEM, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := &vendor{}
			v.accept(h.accepting())
			s := httptest.NewUnstartedServer(v)
			s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of handshakes that are meant to fail
			if s.TLS = tt.server; tt.server != nil {
				s.StartTLS()
			} else {
				s.Start()
			}
			t.Cleanup(s.Close)
			patch, err := json.Marshal(map[string]any{"ca_bundle": tt.ca, "verify_tls": tt.verify})
			if err != nil {
				t.Fatal(err)
			}
			b := open(t, h, v, "https://"+s.Listener.Addr().String(), string(patch))
			err = b.deliver(t, Deliveries("hello")...)
			b.quietError(t, err)
			seen := len(v.seen())
			if tt.want == "" {
				if err != nil || seen == 0 {
					t.Errorf("%d requests, %v", seen, err)
				}
				return
			}
			if class(err) != "retryable" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s (%v), want an error with %q", class(err), err, tt.want)
			}
			if seen > 0 {
				t.Errorf("%d requests were sent", seen)
			}
		})
	}
}
