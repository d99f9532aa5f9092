package egress_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
)

// tlsServer is a server with a certificate for example.com and 127.0.0.1, and the pool that knows it.
func tlsServer(t *testing.T, conf *tls.Config) (address string, pool *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = conf
	s.StartTLS()
	t.Cleanup(s.Close)
	pool = x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.Listener.Addr().String(), pool
}

func TestDialTLS(t *testing.T) {
	t.Parallel()
	d := egress.NewDialer(egress.Config{Allow: loopback})
	addr, pool := tlsServer(t, nil)
	conn, err := d.DialTLS(t.Context(), "tcp", addr, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10})
	if err != nil {
		t.Fatal(err)
	}
	if s := conn.ConnectionState(); s.Version < tls.VersionTLS12 || s.ServerName != "" && s.ServerName != "127.0.0.1" || len(s.VerifiedChains) == 0 {
		t.Errorf("state %+v", s)
	}
	conn.Close()

	var authority x509.UnknownAuthorityError
	if _, err := d.DialTLS(t.Context(), "tcp", addr, nil); !errors.As(err, &authority) {
		t.Errorf("an unknown authority: %v", err)
	}
	var name x509.HostnameError
	if _, err := d.DialTLS(t.Context(), "tcp", addr, &tls.Config{RootCAs: pool, ServerName: "siem.test"}); !errors.As(err, &name) {
		t.Errorf("another name: %v", err)
	}
	old, oldPool := tlsServer(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if _, err := d.DialTLS(t.Context(), "tcp", old, &tls.Config{RootCAs: oldPool, MinVersion: tls.VersionTLS10}); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("TLS 1.1: %v", err)
	}
	var record tls.RecordHeaderError
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	if _, err := d.DialTLS(t.Context(), "tcp", plain.Listener.Addr().String(), nil); !errors.As(err, &record) {
		t.Errorf("a server in plain text: %v", err)
	}
	if _, err := d.DialTLS(t.Context(), "tcp", "10.0.0.1:443", nil); !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("a private address: %v", err)
	}
	if _, err := d.DialTLS(t.Context(), "tcp", "no port", nil); err == nil {
		t.Error("an address without a port was taken")
	}
}

// TestHandshakeTime: a server that accepts and says nothing is given up.
func TestHandshakeTime(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var timeout *egress.TimeoutError
	d := egress.NewDialer(egress.Config{Allow: loopback, Timeout: 50 * time.Millisecond})
	if _, err := d.DialTLS(t.Context(), "tcp", ln.Addr().String(), nil); !errors.As(err, &timeout) {
		t.Errorf("error %v", err)
	}
}

// TestUpgradeCloses: after a failed handshake the connection is not there to go on with in plain text.
func TestUpgradeCloses(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	go func() {
		server.Read(make([]byte, 4096))             //nolint:errcheck
		io.WriteString(server, "502 no such thing") //nolint:errcheck
		server.Close()
	}()
	if _, err := egress.Upgrade(t.Context(), client, egress.TLS(nil, "example.com")); err == nil {
		t.Error("a handshake without an answer succeeded")
	}
	if _, err := client.Write([]byte("MAIL FROM")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the connection still takes plain text: %v", err)
	}
}
