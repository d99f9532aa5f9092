package email

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// TestDelivers: each way of security with each mechanism, against a real server.
func TestDelivers(t *testing.T) {
	t.Parallel()
	for _, security := range []string{securitySTARTTLS, securityTLS, securityNone} {
		for auth, want := range map[string]string{
			authPlain: "PLAIN", authLogin: "LOGIN", authCRAMMD5: "CRAM-MD5", authXOAUTH2: "XOAUTH2", authAuto: preferred(security != securityNone)[0],
		} {
			t.Run(security+"/"+auth, func(t *testing.T) {
				t.Parallel()
				p := newPost(t, security, nil)
				b := start(t, p, security, map[string]any{"auth": auth})
				d := connectortest.Deliveries("hello")[0]
				if err := b.Send(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				got := p.taken()
				if len(got) != 1 || got[0].From != "tocsin@example.com" || !slices.Equal(got[0].To, []string{"soc@example.com"}) {
					t.Fatalf("taken %+v", got)
				}
				if _, _, authed := p.count(); !slices.Equal(authed, []string{want}) {
					t.Errorf("authenticated by %v, want %s", authed, want)
				}
				b.quiet(t, nil)
			})
		}
	}
}

func TestWithoutAuthentication(t *testing.T) {
	t.Parallel()
	p := newPost(t, securityNone, nil)
	b := start(t, p, securityNone, map[string]any{"username": "", "password": ""})
	if err := b.Send(t.Context(), connectortest.Deliveries("hello")[0]); err != nil {
		t.Fatal(err)
	}
	if _, _, authed := p.count(); len(authed) > 0 || len(p.taken()) != 1 {
		t.Errorf("authenticated by %v", authed)
	}
}

// TestRefusedCredentials: a clear word, no secret, and no other try.
func TestRefusedCredentials(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{authPlain, authLogin, authCRAMMD5, authXOAUTH2} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			p := newPost(t, securitySTARTTLS, nil)
			b := start(t, p, securitySTARTTLS, map[string]any{"auth": auth, "password": "wrong-" + connectortest.Canary})
			err := b.Send(t.Context(), connectortest.Deliveries("hello")[0])
			if class(err) != "permanent" || !strings.Contains(err.Error(), "app password") {
				t.Errorf("%s: %v", class(err), err)
			}
			b.quiet(t, err)
			x := &httpkit.Exchange{Full: true}
			err = b.Test(httpkit.WithExchange(t.Context(), x))
			if class(err) != "permanent" || x.Status != 535 {
				t.Errorf("Test: %v, %+v", err, x)
			}
			b.quiet(t, errors.Join(err, fmt.Errorf("%+v %s %s", x, x.RequestBody, x.Answer)))
		})
	}
}

// TestReplies: what the server answers at each step gets its class.
func TestReplies(t *testing.T) {
	t.Parallel()
	reply := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: "because " + password}
	}
	for code, want := range map[int]string{
		421: "throttled", 432: "throttled", 450: "retryable", 451: "retryable", 452: "retryable", 454: "retryable",
		550: "permanent", 552: "permanent", 553: "permanent", 554: "permanent",
	} {
		for step, fault := range map[string]func(*post){
			"mail": func(p *post) { p.onMail = func(string) error { return reply(code) } },
			"rcpt": func(p *post) { p.onRcpt = func(string) error { return reply(code) } },
			"data": func(p *post) { p.onData = func() error { return reply(code) } },
		} {
			t.Run(fmt.Sprint(step, " ", code), func(t *testing.T) {
				t.Parallel()
				p := newPost(t, securityTLS, fault)
				b := start(t, p, securityTLS, nil)
				x := &httpkit.Exchange{}
				err := b.Send(httpkit.WithExchange(t.Context(), x), connectortest.Deliveries("hello")[0])
				if class(err) != want || !strings.Contains(fmt.Sprint(err), fmt.Sprint(code)) || len(p.taken()) > 0 {
					t.Errorf("%s: %v, want %s", class(err), err, want)
				}
				if x.Status != code {
					t.Errorf("the exchange has status %d", x.Status)
				}
				b.quiet(t, err)
			})
		}
	}
}

// TestPartlyRefused: the others get the mail, once, whatever becomes of the refused ones.
func TestPartlyRefused(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{450: "retryable", 550: "permanent"} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			refuse := true
			p := newPost(t, securityTLS, func(p *post) {
				p.onRcpt = func(to string) error {
					mu.Lock()
					defer mu.Unlock()
					if refuse && to == "bad@example.com" {
						return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: "not now"}
					}
					return nil
				}
			})
			b := start(t, p, securityTLS, map[string]any{
				"to": []string{"soc@example.com", "Bad <bad@example.com>"}, "cc": []string{"boss@example.com"}, "bcc": []string{"audit@example.com", "SOC@example.com"},
			})
			d := connectortest.Deliveries("hello")[0]
			err := b.Send(t.Context(), d)
			if class(err) != want || !strings.Contains(err.Error(), "bad@example.com") || !strings.Contains(err.Error(), "3 recipients have it") {
				t.Errorf("%s: %v", class(err), err)
			}
			got := p.taken()
			if len(got) != 1 || !slices.Equal(got[0].To, []string{"soc@example.com", "boss@example.com", "audit@example.com"}) {
				t.Fatalf("taken %+v", got)
			}
			if text := string(got[0].Raw); strings.Contains(strings.ToLower(text), "audit@") || !strings.Contains(text, "boss@example.com") {
				t.Errorf("bcc shows, or cc does not: %.600s", text)
			}
			d.Attempt = 2
			if err := b.Send(t.Context(), d); class(err) != want || len(p.taken()) != 0 {
				t.Errorf("again: %v", err)
			}
			mu.Lock()
			refuse = false
			mu.Unlock()
			if err := b.Send(t.Context(), d); err != nil {
				t.Error(err)
			}
			again := p.taken()
			if len(again) != 1 || !slices.Equal(again[0].To, []string{"bad@example.com"}) {
				t.Errorf("the last attempt went to %+v", again)
			}
			if cmp.Diff(idOf(t, got[0]), idOf(t, again[0])) != "" {
				t.Error("the two have different Message-IDs")
			}
		})
	}
}

func idOf(t *testing.T, d delivered) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(d.Raw)))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header.Get("Message-ID")
}

// TestReuse: mails share connections, within the bound, and a server that hung up in between is no fault.
func TestReuse(t *testing.T) {
	t.Parallel()
	p := newPost(t, securityTLS, nil)
	b := start(t, p, securityTLS, map[string]any{"connections": 2})
	var wg sync.WaitGroup
	titles := map[string]int{}
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				if err := b.Send(t.Context(), connectortest.Deliveries(fmt.Sprintf("event %d %d", i, j))[0]); err != nil {
					t.Error(err)
				}
			}
		})
		for j := range 5 {
			titles[fmt.Sprintf("event %d %d", i, j)]++
		}
	}
	wg.Wait()
	got := map[string]int{}
	for _, d := range p.taken() {
		got[read(t, d.Raw).titles(t)[0]]++
	}
	if diff := cmp.Diff(titles, got); diff != "" {
		t.Errorf("(-sent +received)\n%s", diff)
	}
	if n, _, _ := p.count(); n > 2 {
		t.Errorf("%d connections, at most 2 are allowed", n)
	}
}

func TestServerHungUpInBetween(t *testing.T) {
	t.Parallel()
	p := newPost(t, securityTLS, nil)
	b := start(t, p, securityTLS, nil)
	for range 3 {
		if err := b.Send(t.Context(), connectortest.Deliveries("hello")[0]); err != nil {
			t.Fatal(err)
		}
		b.pool.mu.Lock()
		for _, s := range b.pool.idle {
			s.wire.Close()
		}
		b.pool.mu.Unlock()
	}
	if n := len(p.taken()); n != 3 {
		t.Errorf("%d mails", n)
	}
}

// TestLostAnswer: the server has the message and cannot say so. It gets it again, under the same Message-ID.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	b, mails := faulty(t, func(c *conversation) {
		c.greet()
		c.readMail()
		c.Close()
	})
	d := connectortest.Deliveries("hello")[0]
	var ids []string
	for range 2 {
		err := b.Send(t.Context(), d)
		if class(err) != "retryable" || !strings.Contains(err.Error(), "Message-ID") {
			t.Errorf("%s: %v", class(err), err)
		}
		ids = append(ids, idOf(t, delivered{Raw: []byte(<-mails)}))
	}
	if ids[0] == "" || ids[0] != ids[1] {
		t.Errorf("Message-IDs %q", ids)
	}
}

// TestTestSendsNothing: it goes as far as the recipients and takes it all back.
func TestTestSendsNothing(t *testing.T) {
	t.Parallel()
	p := newPost(t, securitySTARTTLS, func(p *post) {
		p.onRcpt = func(to string) error {
			if to == "gone@example.com" {
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
			}
			return nil
		}
	})
	b := start(t, p, securitySTARTTLS, nil)
	x := &httpkit.Exchange{Full: true}
	if err := b.Test(httpkit.WithExchange(t.Context(), x)); err != nil || x.Status != 250 || x.Method != "SMTP" {
		t.Errorf("%v, %+v", err, x)
	}
	bad := start(t, p, securitySTARTTLS, map[string]any{"to": []string{"soc@example.com", "gone@example.com"}})
	if err := bad.Test(t.Context()); err == nil || !strings.Contains(err.Error(), "gone@example.com") || !strings.Contains(err.Error(), "no such user") {
		t.Errorf("a refused recipient: %v", err)
	}
	if n := len(p.taken()); n > 0 {
		t.Errorf("Test sent %d mails", n)
	}
	if _, resets, authed := p.count(); resets == 0 || len(authed) != 2 {
		t.Errorf("%d resets, authenticated by %v", resets, authed)
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	b := openWith(t, settingsOf("127.0.0.1:1", securitySTARTTLS))
	x := &httpkit.Exchange{Full: true, DryRun: true}
	err := b.Send(httpkit.WithExchange(t.Context(), x), connectortest.Deliveries("hello")[0])
	if !errors.Is(err, httpkit.ErrDryRun) || x.URL != "smtp://127.0.0.1:1" || x.RequestHeader.Get("Rcpt-To") != "soc@example.com" {
		t.Errorf("%v, %+v", err, x)
	}
	if got := read(t, x.RequestBody).titles(t); got[0] != "hello" {
		t.Errorf("the recorded message is about %q", got)
	}
}

// TestCancel: a send returns soon after its context is done, wherever it is.
func TestCancel(t *testing.T) {
	t.Parallel()
	for step, talk := range map[string]func(*conversation, chan struct{}){
		"greeting": func(_ *conversation, reached chan struct{}) { close(reached) },
		"mail":     func(c *conversation, reached chan struct{}) { c.greet(); c.expect("MAIL"); close(reached) },
		"end":      func(c *conversation, reached chan struct{}) { c.greet(); c.readMail(); close(reached) },
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{})
			b, _ := faulty(t, func(c *conversation) {
				talk(c, reached)
				c.untilGone()
			})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- b.Send(ctx, connectortest.Deliveries("hello")[0]) }()
			<-reached
			cancel()
			select {
			case err := <-done:
				if !errors.Is(err, context.Canceled) || class(err) != "retryable" {
					t.Errorf("%s: %v", class(err), err)
				}
				b.quiet(t, err)
			case <-time.After(2 * time.Second):
				t.Error("a cancelled send did not return")
			}
		})
	}
}

// TestWaitsForAConnection: who waits for a slot can be cancelled too.
func TestWaitsForAConnection(t *testing.T) {
	t.Parallel()
	b, _ := faulty(t, func(c *conversation) { c.untilGone() })
	b.pool = newPool(1)
	b.pool.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Send(ctx, connectortest.Deliveries("hello")[0]); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var _ connector.Sender = b
}
