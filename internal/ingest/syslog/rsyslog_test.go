package syslog

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rsyslog sends a file's lines to a listener with a real rsyslogd, until the test ends. action is what is special about
// the way they go.
func rsyslog(t *testing.T, l *Listener, lines int, global, action string) {
	t.Helper()
	dir := t.TempDir()
	var text bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&text, "message %06d of a burst that rsyslog sends\n", i)
	}
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	input := write("input.log", text.String())
	_, port, _ := net.SplitHostPort(l.Addr().String())
	conf := write("rsyslog.conf", fmt.Sprintf(`
global(workDirectory="%s" maxMessageSize="64k" %s)
module(load="imfile")
input(type="imfile" file="%s" tag="burst[7]:" severity="notice" facility="local0")
action(type="omfwd" target="127.0.0.1" port="%s" %s action.resumeRetryCount="-1" action.resumeInterval="1"
       queue.type="linkedList" queue.size="100000")
`, dir, global, input, port, action))
	program, err := exec.LookPath("rsyslogd")
	if err != nil {
		if program = "/usr/sbin/rsyslogd"; !exists(program) {
			t.Skip("rsyslogd is not here: the Debian package rsyslog has it")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestRsyslog: a real rsyslog sends in each way there is, and every message arrives, in order, and is read right.
func TestRsyslog(t *testing.T) {
	t.Parallel()
	const burst = 20_000
	driver := ""
	for _, d := range []string{"gtls", "ossl"} {
		if found, _ := filepath.Glob("/usr/lib/*/rsyslog/lmnsd_" + d + ".so"); len(found) > 0 {
			driver = d
		}
	}
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	caFile, certFile, keyFile := ca.files(t.TempDir(), ca.issue("localhost"))
	secure := &tls.Config{
		Certificates: []tls.Certificate{ca.issue("localhost")}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}
	for _, c := range []struct {
		name, network  string
		lines          int
		global, action string
		format         Format
	}{
		{"udp", "udp", 200, "", `protocol="udp" template="RSYSLOG_SyslogProtocol23Format"`, RFC5424},
		{"tcp newline", "tcp", burst, "", `protocol="tcp" template="RSYSLOG_TraditionalForwardFormat"`, RFC3164},
		{"tcp octet-counted", "tcp", burst, "", `protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"`, RFC5424},
		{"tls", "tls", burst,
			fmt.Sprintf(`defaultNetstreamDriver="%s" defaultNetstreamDriverCAFile="%s" defaultNetstreamDriverCertFile="%s" defaultNetstreamDriverKeyFile="%s"`,
				driver, caFile, certFile, keyFile),
			fmt.Sprintf(`protocol="tcp" TCP_Framing="octet-counted" StreamDriver="%s" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" template="RSYSLOG_SyslogProtocol23Format"`, driver),
			RFC5424},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.network == "tls" && driver == "" {
				t.Skip("rsyslog cannot do TLS here: the Debian packages rsyslog-gnutls and rsyslog-openssl add it")
			}
			s := newSink(t)
			l := start(t, Config{Network: c.network, Take: s.take, TLS: secure})
			rsyslog(t, l, c.lines, c.global, c.action)
			for i, line := range s.wait(c.lines) {
				m := Parse([]byte(line), Options{Now: time.Now()})
				want := fmt.Sprintf("message %06d of a burst that rsyslog sends", i)
				if strings.TrimSpace(m.Text) != want || m.Format != c.format || m.App != "burst" || m.ProcID != "7" || m.Priority != 16*8+5 ||
					m.Host == "" || time.Since(m.Time).Abs() > time.Hour {
					t.Fatalf("message %d is %q, read as %+v", i, line, m)
				}
			}
			if st := l.Stats(); st.Messages != uint64(c.lines) || st.DroppedQueue+st.DroppedKernel+st.DroppedStop+st.Cut > 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}
