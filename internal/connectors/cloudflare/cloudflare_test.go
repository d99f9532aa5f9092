package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}

// fixedBlock is the id of the block of golden files.
const fixedBlock = "blk_01kmb7a2v4e9zr6x3q8w5t0ysd"

// TestGolden: the requests that change something, as they are shown before they are made. None is made.
func TestGolden(t *testing.T) {
	t.Parallel()
	spec := loadSpec(t)
	h := connectortest.Harness{Definition: Definition(), Check: func(r connectortest.Request) error { return checkSpec(spec, r) }}
	rules := &connector.BlockSnapshot{Entries: []connector.BlockEntry{{Prefix: prefix("203.0.113.7/32"), Handle: "92f17202ed8bd63d69a66b86a49a8f6b", Mark: fixedBlock}}}
	items := &connector.BlockSnapshot{Entries: rules.Entries, Version: &listVersion{list: "2c0fc9fa937b11eaa1b71c4d701ab86e", rule: ruleState{blocks: true}}}
	nothing := &connector.BlockSnapshot{Version: &listVersion{}}
	ask := func(p string) connector.BlockChange {
		return connector.BlockChange{Block: fixedBlock, Prefix: prefix(p), Reason: "57 failed logins for <alice>"}
	}
	gone := connector.BlockChange{Block: fixedBlock, Prefix: prefix("203.0.113.7/32"), Remove: true}
	for name, tt := range map[string]struct {
		settings string
		s        *connector.BlockSnapshot
		changes  []connector.BlockChange
	}{
		"rule-ipv4.http":    {`{}`, rules, []connector.BlockChange{ask("198.51.100.9/32")}},
		"rule-ipv6.http":    {`{"tag":"edge.1"}`, rules, []connector.BlockChange{ask("2001:db8::9/128")}},
		"rule-range.http":   {`{}`, rules, []connector.BlockChange{ask("2001:db8:1::/48")}},
		"rule-gone.http":    {`{}`, rules, []connector.BlockChange{gone}},
		"list-add.http":     {byList, items, []connector.BlockChange{ask("198.51.100.9/32"), ask("2001:db8::/44")}},
		"list-gone.http":    {byList, items, []connector.BlockChange{gone}},
		"list-created.http": {byList, nothing, []connector.BlockChange{ask("198.51.100.9/32")}},
	} {
		i, err := Definition().Open(merged(t, `{"api_token":"`+testToken+`","zone_id":"`+testZone+`"}`, tt.settings), connectortest.Env(nil))
		if err != nil {
			t.Fatal(err)
		}
		c := i.(*Connector)
		t.Cleanup(c.Close)
		e := &httpkit.Exchange{Full: true, DryRun: true}
		results, err := c.Change(httpkit.WithExchange(t.Context(), e), tt.s, tt.changes)
		if !errors.Is(err, httpkit.ErrDryRun) || results[0] != (connector.BlockResult{}) {
			t.Fatalf("%s: %+v, %v", name, results, err)
		}
		h.Golden(t, name, e)
	}
}

// merged puts two JSON objects together.
func merged(t *testing.T, objects ...string) json.RawMessage {
	t.Helper()
	all := map[string]any{}
	for _, o := range objects {
		if err := json.Unmarshal([]byte(o), &all); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// hostile are reasons that mean to be something else.
var hostile = []string{
	"", "  ", "57 failed logins", "a\nb", "a\r\nX-Evil: 1", "\x00\x07\x1b[31mred", "\u202egnirts\u2066", "\ufeffstart", "\xff\xfe invalid",
	`","mode":"whitelist","x":"`, `"}]},{"ip":"0.0.0.0/0"`, "tocsin-block:" + fixedBlock, "x tocsin-block:" + fixedBlock, "\ntocsin-block:" + fixedBlock,
	":blk_", "</script><script>alert(1)</script>", "=cmd|' /C calc'!A0", "${jndi:ldap://x}", "{{.}}", "%0d%0a", strings.Repeat("é", 100), strings.Repeat("👨‍👩‍👧", 16), strings.Repeat("x", 5000),
}

// TestHostileReasons: whatever a reason says, the entry is the block's, for the address that was meant, and the note is one
// printable line of which the mark is the first word.
func TestHostileReasons(t *testing.T) {
	t.Parallel()
	for driver, settings := range map[string]string{"rules": `{}`, "list": byList} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			m, l := withList(t)
			c := opened(t, m, settings)
			var changes []connector.BlockChange
			for i, reason := range hostile {
				changes = append(changes, connector.BlockChange{Block: newBlock(), Prefix: prefix(fmt.Sprintf("203.0.113.%d/32", i)), Reason: reason})
			}
			change(t, c, changes...)
			s := snapshot(t, c)
			if len(s.Entries) != len(hostile) {
				t.Fatalf("%d entries", len(s.Entries))
			}
			notes := onList(m, l)
			for _, r := range m.rules {
				notes[r.Configuration.Value] = r.Notes
			}
			for i, x := range changes {
				if e := find(t, s, x.Prefix.String()); e.Mark != x.Block || e.Allows {
					t.Errorf("%q: %+v", x.Reason, e)
				}
				note := notes[x.Prefix.Addr().String()]
				if len(note) > maxNote || strings.ContainsFunc(note, event.Hidden) || !strings.HasPrefix(note+" ", "tocsin-block:"+x.Block+" ") {
					t.Errorf("%q: the note is %q", x.Reason, note)
				}
				if simple := strings.HasPrefix(x.Reason, "57") || strings.HasPrefix(x.Reason, "<") || strings.HasPrefix(x.Reason, `"`) || strings.HasPrefix(x.Reason, "é"); simple && note != "tocsin-block:"+x.Block+" "+x.Reason {
					t.Errorf("%d: %q is not read back exactly: %q", i, x.Reason, note)
				}
			}
		})
	}
}

// FuzzMark: of what anybody writes, only a text that begins as our marks do is one, and it is the one that was written.
func FuzzMark(f *testing.F) {
	for _, reason := range hostile {
		f.Add("tocsin-block", reason)
	}
	f.Add("t", "t:"+fixedBlock+" ")
	f.Fuzz(func(t *testing.T, tag, text string) {
		if id := markOf(tag, text); id != "" && !strings.HasPrefix(text+" ", tag+":"+id+" ") {
			t.Errorf("%q is taken for the mark of %s", text, id)
		}
		if len(tag) > connector.MaxBlockTag {
			return
		}
		if note := noteOf(tag, fixedBlock, text); markOf(tag, note) != fixedBlock || len(note) > maxNote {
			t.Errorf("the note %q is not its block's", note)
		}
	})
}

// uses are all that the hub does with a connector.
func uses(c *Connector) map[string]func(ctx context.Context) error {
	s := &connector.BlockSnapshot{}
	if c.settings.Driver == driverList {
		s.Version = &listVersion{list: nobody, rule: ruleState{blocks: true}}
	}
	return map[string]func(ctx context.Context) error{
		"Test":    c.Test,
		"Blocked": func(ctx context.Context) error { _, err := c.Blocked(ctx); return err },
		"Change": func(ctx context.Context) error {
			_, err := c.Change(ctx, s, []connector.BlockChange{{Block: fixedBlock, Prefix: prefix("203.0.113.7/32"), Reason: "x"}})
			return err
		},
	}
}

// TestSecretsStayInside: a vendor that repeats all that it is sent, in every way there is, makes nothing of the token seen in
// errors, notes and the log.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	var log strings.Builder
	env := connectortest.Env(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, settings := range []string{`{}`, byList} {
		c := openedIn(t, m, settings, env)
		for _, status := range []int{200, 302, 400, 401, 403, 404, 409, 410, 429, 500, 503} {
			for _, body := range []string{
				`Authorization: Bearer ` + testToken, `{"success":false,"errors":[{"code":10000,"message":"Bearer ` + testToken + ` is bad"}]}`,
				`{"success":true,"errors":[],"result":{"status":"` + testToken + `","id":"` + testToken + `","operation_id":"` + testToken + `"}}`,
			} {
				m.hook(func(string, string) verdict { return verdict{status: status, body: body} })
				for what, use := range uses(c) {
					x := &httpkit.Exchange{Full: true}
					err := use(httpkit.WithExchange(t.Context(), x))
					said := fmt.Sprintf("%v %+v %v %s %s %v %s", err, err, x.RequestHeader, x.RequestBody, x.Answer, c.Notes(), x.URL)
					if strings.Contains(said, connectortest.Canary) {
						t.Errorf("%s, %d: %s", what, status, said)
					}
				}
			}
		}
	}
	if strings.Contains(log.String(), connectortest.Canary) {
		t.Errorf("the log: %s", log.String())
	}
}

// TestNetworkFaults: what the network does is worth another try, and what was sent is unknown.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	faults := map[string]func(net.Conn){
		"reset":   func(c net.Conn) { c.Close() },                                                                      //nolint:errcheck
		"garbage": func(c net.Conn) { io.WriteString(c, "\x00\x01garbage\r\n\r\n"); c.Close() },                        //nolint:errcheck
		"cut off": func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"); c.Close() }, //nolint:errcheck
		"silence": func(net.Conn) {},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &model{url: "http://" + listen(t, fault)}
			c := opened(t, m, `{"request_timeout":"200ms"}`)
			for what, use := range uses(c) {
				if err := use(t.Context()); classOf(err) != "retryable" {
					t.Errorf("%s: %v", what, err)
				}
			}
			results, err := c.Change(t.Context(), &connector.BlockSnapshot{}, []connector.BlockChange{add("203.0.113.7/32", newBlock())})
			if err == nil || !results[0].Unknown {
				t.Errorf("%+v, %v", results, err)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ln.Close() //nolint:errcheck
		for _, url := range []string{"http://" + ln.Addr().String(), "http://10.255.255.1"} {
			c := opened(t, &model{url: url}, `{}`)
			results, err := c.Change(t.Context(), &connector.BlockSnapshot{}, []connector.BlockChange{add("203.0.113.7/32", newBlock())})
			if classOf(err) != "retryable" || results[0].Unknown {
				t.Errorf("%s: what was never sent is known: %+v, %v", url, results, err)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		reached := make(chan struct{}, 8)
		c := opened(t, &model{url: "http://" + listen(t, func(net.Conn) { reached <- struct{}{} })}, `{}`)
		for what, use := range uses(c) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- use(ctx) }()
			<-reached
			cancel()
			select {
			case err := <-done:
				if !errors.Is(err, context.Canceled) || classOf(err) != "retryable" {
					t.Errorf("%s: %v", what, err)
				}
			case <-time.After(2 * time.Second):
				t.Errorf("%s did not return", what)
			}
		}
	})
}

// listen accepts connections, reads the beginning of a request and does something to it.
func listen(t *testing.T, fault func(net.Conn)) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()                                 //nolint:errcheck
				c.SetDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // a test that hangs ends
				if _, err := c.Read(make([]byte, 4<<10)); err != nil {
					return
				}
				fault(c)
				io.Copy(io.Discard, c) //nolint:errcheck // until the client closes
			}()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done }) //nolint:errcheck
	return ln.Addr().String()
}

// TestBudget: however much there is to do, no five minutes see more than 1,000 of the 1,200 requests that Cloudflare allows,
// and no twelve hours more than 30,000 that change items of lists.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		env := connector.Env{Account: event.DefaultAccount, Allowances: new(connector.Allowances)}
		a := &api{settings: &Settings{APIToken: testSecret(), AccountID: testAccount}, env: env}
		var at []time.Time
		for range 4000 {
			if err := a.allow(t.Context(), call{method: http.MethodGet}); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Now())
		}
		if n := most(at, 5*time.Minute); n > 1000 || n < 900 {
			t.Errorf("%d requests in five minutes", n)
		}
		at = nil
		for range 40_000 {
			if err := a.allow(t.Context(), call{method: http.MethodPost, bulk: true}); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Now())
		}
		if n := most(at, 12*time.Hour); n > 28_000 || n < 25_000 {
			t.Errorf("%d requests that change items in twelve hours", n)
		}
	})
}

// most is how many of the times lie in any window.
func most(at []time.Time, window time.Duration) int {
	n, from := 0, 0
	for to := range at {
		for at[to].Sub(at[from]) >= window {
			from++
		}
		n = max(n, to-from+1)
	}
	return n
}
