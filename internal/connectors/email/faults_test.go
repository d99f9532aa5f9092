package email

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// conversation is a server's side of a connection, for servers that do not keep to the rules.
type conversation struct {
	net.Conn
	r     *bufio.Reader
	mails chan string
}

// say writes a line.
func (c *conversation) say(text string) { io.WriteString(c.Conn, text+"\r\n") } //nolint:errcheck // the client may have gone

// expect reads lines until one begins with word; false if there is none.
func (c *conversation) expect(word string) bool {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || strings.HasPrefix(line, word) {
			return err == nil
		}
	}
}

// greet goes as far as the first mail.
func (c *conversation) greet() {
	c.say("220 ready")
	c.expect("EHLO")
	c.say("250-mail.example.com\r\n250 PIPELINING")
}

// readMail takes a message up to its end, without answering that.
func (c *conversation) readMail() {
	for _, word := range []string{"MAIL", "RCPT"} {
		c.expect(word)
		c.say("250 ok")
	}
	c.expect("DATA")
	c.say("354 go on")
	var text strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		text.WriteString(line)
	}
	c.mails <- text.String()
}

func (c *conversation) untilGone() { io.Copy(io.Discard, c.r) } //nolint:errcheck // as it says

// faulty is a connector without TLS or user against a server that does what talk says.
func faulty(t *testing.T, talk func(*conversation)) (*bench, chan string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mails := make(chan string, 8)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // a test that hangs ends
				talk(&conversation{Conn: conn, r: bufio.NewReader(conn), mails: mails})
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	settings := settingsOf(ln.Addr().String(), securityNone)
	settings["username"], settings["password"] = "", ""
	settings["request_timeout"] = "500ms"
	return openWith(t, settings), mails
}

// TestFaults: what the network and broken servers do is worth another try.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, talk := range map[string]func(*conversation){
		"hangs up":      func(*conversation) {},
		"garbage":       func(c *conversation) { c.say("\x00\x01HTTP/1.1 400 Bad Request") },
		"no end":        func(c *conversation) { io.Copy(c, endless{}) },                                             //nolint:errcheck // until the client has enough
		"no end of 220": func(c *conversation) { io.Copy(c, strings.NewReader(strings.Repeat("220-x\r\n", 1<<18))) }, //nolint:errcheck // as above
		"silence":       func(c *conversation) { c.untilGone() },
		"not welcome":   func(c *conversation) { c.say("554 go away"); c.untilGone() },
		"no EHLO":       func(c *conversation) { c.say("220 ready"); c.expect("HELO"); c.say("502 what?"); c.untilGone() },
		"silent MAIL":   func(c *conversation) { c.greet(); c.untilGone() },
		"hangs up in DATA": func(c *conversation) {
			c.greet()
			for _, word := range []string{"MAIL", "RCPT"} {
				c.expect(word)
				c.say("250 ok")
			}
			c.expect("DATA")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _ := faulty(t, talk)
			start := time.Now()
			err := b.Send(t.Context(), connectortest.Deliveries("hello")[0])
			if class(err) != "retryable" {
				t.Errorf("%s: %v", class(err), err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			b.quiet(t, err)
		})
	}
}

// endless is a line without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestNobodyListens and the guard.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	b := openWith(t, settingsOf(ln.Addr().String(), securitySTARTTLS))
	if err := b.Send(t.Context(), connectortest.Deliveries("hello")[0]); class(err) != "retryable" || !strings.Contains(err.Error(), "nothing accepts connections") {
		t.Error(err)
	}
	for _, security := range []string{securitySTARTTLS, securityTLS, securityNone} {
		b = openWith(t, settingsOf("10.255.255.1:25", security))
		if err := b.Send(t.Context(), connectortest.Deliveries("hello")[0]); !errors.Is(err, httpkit.ErrForbiddenAddress) {
			t.Errorf("%s: a private address is reached past the guard: %v", security, err)
		}
	}
}

// TestNeverInClear: with starttls, nothing of a mail or a password is sent without TLS, whatever the server does.
func TestNeverInClear(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		talk func(*conversation)
		want string
	}{
		"no offer": {func(c *conversation) { c.greet() }, "does not offer STARTTLS"},
		"refusal": {func(c *conversation) {
			c.say("220 ready")
			c.expect("EHLO")
			c.say("250-hi\r\n250 STARTTLS")
			c.expect("STARTTLS")
			c.say("454 not now")
		}, "454"},
		"consent and more": {func(c *conversation) {
			c.say("220 ready")
			c.expect("EHLO")
			c.say("250-hi\r\n250 STARTTLS")
			c.expect("STARTTLS")
			c.say("220 go on\r\n250-mail.example.com\r\n250 AUTH PLAIN")
		}, "more than its consent"},
		"no handshake": {func(c *conversation) {
			c.say("220 ready")
			c.expect("EHLO")
			c.say("250-hi\r\n250 STARTTLS")
			c.expect("STARTTLS")
			c.say("220 go on")
			c.r.ReadByte() //nolint:errcheck // the client's hello
			c.say("250 ok")
		}, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heard := make(chan string, 1)
			b, _ := faulty(t, func(c *conversation) {
				tt.talk(c)
				rest, _ := io.ReadAll(c.r) //nolint:errcheck // until the client is gone
				heard <- string(rest)
			})
			c := openWith(t, settingsOf(b.route.address, securitySTARTTLS))
			err := c.Send(t.Context(), connectortest.Deliveries("hello")[0])
			if class(err) != "retryable" || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("%s: %v", class(err), err)
			}
			if rest := <-heard; strings.Contains(rest, "AUTH") || strings.Contains(rest, "MAIL") {
				t.Errorf("in clear text: %q", rest)
			}
			c.quiet(t, err)
		})
	}
}

// TestCertificates: one that does not hold is never a reason to go on.
func TestCertificates(t *testing.T) {
	t.Parallel()
	other := connectortest.NewAuthority(t)
	for _, security := range []string{securitySTARTTLS, securityTLS} {
		p := newPost(t, security, nil)
		for _, tt := range []struct {
			ca     string
			verify bool
			want   string
		}{
			{p.authority.PEM, true, ""}, {other.PEM, false, ""}, {other.PEM, true, "ca_bundle"}, {"", true, "ca_bundle"},
		} {
			b := start(t, p, security, map[string]any{"ca_bundle": tt.ca, "verify_tls": tt.verify})
			err := b.Send(t.Context(), connectortest.Deliveries("hello")[0])
			if tt.want == "" && err != nil || tt.want != "" && (class(err) != "retryable" || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%s, %+v: %v", security, tt, err)
			}
			if taken := len(p.taken()); (taken == 0) != (tt.want != "") {
				t.Errorf("%s, %+v: %d mails", security, tt, taken)
			}
			b.quiet(t, err)
		}
	}
	// The server does not speak TLS on that port.
	p := newPost(t, securityNone, nil)
	b := start(t, p, securityTLS, nil)
	if err := b.Send(t.Context(), connectortest.Deliveries("hello")[0]); class(err) != "retryable" || !strings.Contains(err.Error(), "check port") {
		t.Error(err)
	}
	var _ tls.RecordHeaderError
}
