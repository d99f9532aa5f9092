package app

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/config"
)

// BenchmarkSyslog is how many messages a second a whole hub makes durable, each way; the sender shares the machine. Of
// UDP's, what found no room is dropped.
func BenchmarkSyslog(b *testing.B) {
	for _, network := range []string{"udp", "tcp", "tls"} {
		for _, senders := range []int{1, 4} {
			b.Run(fmt.Sprintf("%s/senders=%d", network, senders), func(b *testing.B) { benchSyslog(b, network, senders) })
		}
	}
}

func benchSyslog(b *testing.B, network string, senders int) {
	cfg := config.Default()
	cfg.DataDir = b.TempDir()
	cfg.Syslog.Listen = []config.SyslogListener{{Network: network, Address: "127.0.0.1:0"}}
	cfg.Syslog.Cert, cfg.Syslog.Key = benchCertificate(b)
	h, err := open(b.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	if err := h.start(b.Context()); err != nil {
		b.Fatal(err)
	}
	var loops, sending sync.WaitGroup
	h.startSyslog(&loops, make(chan error, 1))
	l := h.syslog[0]
	const text = "<165>1 2026-02-28T10:00:00.123456Z web-1.example.com sshd 4123 - - Failed password for invalid user admin from 203.0.113.5 port 22 ssh2"
	b.SetBytes(int64(len(text)))
	b.ResetTimer()
	start := time.Now()
	for i := range senders {
		n := b.N / senders
		if i == 0 {
			n = b.N - n*(senders-1)
		}
		sending.Go(func() { benchSend(b, network, l.Addr().String(), text, n) })
	}
	sending.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for s := l.Stats(); network != "udp" && s.Messages < uint64(b.N) && ctx.Err() == nil; s = l.Stats() {
		time.Sleep(time.Millisecond) //nolint:forbidigo // waits for a state
	}
	took := time.Since(start)
	b.StopTimer()
	h.stopSyslog(ctx)
	loops.Wait()
	s := l.Stats()
	b.ReportMetric(float64(s.Messages)/took.Seconds(), "messages/s")
	b.ReportMetric(float64(b.N-int(s.Messages))/float64(b.N), "dropped/op")
	if network != "udp" && s.Messages != uint64(b.N) {
		b.Errorf("%d of %d messages: %+v", s.Messages, b.N, s)
	}
	if err := h.deliver.Stop(ctx); err != nil {
		b.Error(err)
	}
	if err := h.close(); err != nil {
		b.Error(err)
	}
}

func benchSend(b *testing.B, network, address, text string, n int) {
	var c net.Conn
	var err error
	switch network {
	case "tls":
		c, err = tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // the certificate is not what is measured
	default:
		c, err = net.Dial(network, address)
	}
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	var w io.Writer = c
	if network != "udp" {
		buffered := bufio.NewWriterSize(c, 16<<10)
		defer func() { _ = buffered.Flush() }()
		w, text = buffered, fmt.Sprintf("%d %s", len(text), text)
	}
	line := []byte(text)
	for range n {
		if _, err := w.Write(line); err != nil {
			b.Error(err)
			return
		}
	}
}

func benchCertificate(b *testing.B) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		b.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: raw}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return cert, key
}
