package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/demo"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// TestHub runs whole hubs: serve, the commands against it, and the demo.
func TestHub(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts whole hubs")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/hub",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"starthub": startTestHub,
			"stophub":  stopTestHub,
			"metrics":  checkMetrics,
			"api":      callAPI,
			"freeport": freePort,
			"ready":    waitReady,

			"waitmailbox": waitMailbox,
			"waitalerts":  waitAlerts,
			"waitfor":     waitFor,
			"firewall":    startFirewall,
		},
	})
}

// waitForHub bounds how long a hub may take to start or to stop.
const waitForHub = 30 * time.Second

// testHub is a running "tocsin serve".
type testHub struct {
	cmd   *exec.Cmd
	ended chan error
	out   *lockedBuffer
	errs  *lockedBuffer
}

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{}
}

func newLockedBuffer() *lockedBuffer { return &lockedBuffer{wrote: make(chan struct{}, 1)} }

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.wrote <- struct{}{}:
	default:
	}
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var (
	announcedURL = regexp.MustCompile(`(?m)^  URL +(\S+)$`)
	announcedKey = regexp.MustCompile(`(?m)^  admin key +(\S+)$`)
)

// startTestHub starts a hub with the arguments, waits until it is ready, and sets TOCSIN_URL, and TOCSIN_KEY if it made
// one.
func startTestHub(ts *testscript.TestScript, _ bool, args []string) {
	h := &testHub{ended: make(chan error, 1), out: newLockedBuffer(), errs: newLockedBuffer()}
	program := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "tocsin")
	h.cmd = exec.CommandContext(context.Background(), program, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	h.cmd.Dir, h.cmd.Stdout, h.cmd.Stderr = ts.MkAbs("."), h.out, h.errs
	ts.Check(h.cmd.Start())
	go func() { h.ended <- h.cmd.Wait() }()
	ts.Defer(func() { _ = h.stop() })
	timeout := time.After(waitForHub)
	for announcedURL.FindString(h.out.String()) == "" {
		select {
		case <-h.out.wrote:
		case err := <-h.ended:
			h.ended <- err
			ts.Fatalf("the hub ended: %v: %s", err, h.errs.String())
		case <-timeout:
			ts.Fatalf("the hub is not ready after %v: %s", waitForHub, h.errs.String())
		}
	}
	ts.Setenv("TOCSIN_URL", announcedURL.FindStringSubmatch(h.out.String())[1])
	if key := announcedKey.FindStringSubmatch(h.out.String()); key != nil {
		ts.Setenv("TOCSIN_KEY", key[1])
	}
	hubs.Store(ts, h)
}

// startFirewall starts a firewall for a responder: firewall SECRET FILE. The file is the integration that drives it.
func startFirewall(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: firewall SECRET FILE")
	}
	f, err := demo.StartFirewall(0, args[0])
	ts.Check(err)
	ts.Defer(func() { ts.Check(f.Close()) })
	text, err := json.Marshal(map[string]any{"kind": "responder", "name": "edge", "settings": map[string]string{"url": f.URL(), "signing_secret": args[0]}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// callAPI makes a request: api METHOD PATH [FILE OF THE BODY]. The answer is in api.json, its id, if it has one, in ID.
func callAPI(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: api METHOD PATH [BODY]")
	}
	hub, err := client.New(ts.Getenv("TOCSIN_URL"), form.NewSecret(ts.Getenv("TOCSIN_KEY")))
	ts.Check(err)
	defer hub.Close()
	var body any
	if len(args) == 3 {
		body = json.RawMessage(ts.ReadFile(args[2]))
	}
	var answer json.RawMessage
	err = hub.Do(context.Background(), args[0], args[1], body, &answer)
	if neg != (err != nil) {
		ts.Fatalf("%s %s: %v", args[0], args[1], err)
	}
	var made struct{ ID string }
	if json.Unmarshal(answer, &made) == nil && made.ID != "" {
		ts.Setenv("ID", made.ID)
	}
	ts.Check(os.WriteFile(ts.MkAbs("api.json"), answer, 0o600))
}

// checkMetrics checks that the hub has every metric that docs/running.md promises. Those of deliveries come with the
// first delivery, which may take a moment.
func checkMetrics(ts *testscript.TestScript, _ bool, _ []string) {
	page, err := os.ReadFile(runningPage)
	ts.Check(err)
	missing := ""
	reached := poll(func() bool {
		got := get(ts.Getenv("TOCSIN_URL") + "/metrics")
		for _, match := range promised.FindAllSubmatch(page, -1) {
			if missing = string(match[1]); !strings.Contains(got, "# TYPE "+missing+" ") {
				return false
			}
		}
		return true
	})
	if !reached {
		ts.Fatalf("docs/running.md promises the metric %s, which the hub does not have", missing)
	}
}

var promised = regexp.MustCompile("(?m)^\\| `(tocsin_[a-z_]+)` \\|")

// poll asks until the answer is yes; it gives up after waitForHub.
func poll(yes func() bool) bool {
	timeout, tick := time.After(waitForHub), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-timeout:
			return false
		case <-tick.C:
		}
	}
	return true
}

// get gives the body of a successful answer, else nothing.
func get(url string) string {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return ""
	}
	plain := &http.Client{Transport: &http.Transport{}}
	defer plain.CloseIdleConnections()
	resp, err := plain.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// freePort sets ADDR to an address that is free.
func freePort(ts *testscript.TestScript, _ bool, _ []string) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("ADDR", listener.Addr().String())
	ts.Check(listener.Close())
}

// waitReady waits until the hub at ADDR is ready.
func waitReady(ts *testscript.TestScript, _ bool, _ []string) {
	if !poll(func() bool { return get("http://"+ts.Getenv("ADDR")+"/readyz") != "" }) {
		ts.Fatalf("the hub is not ready after %v", waitForHub)
	}
}

// waitMailbox waits until the mailbox holds that many deliveries; waitAlerts until there are that many alerts.
func waitMailbox(ts *testscript.TestScript, _ bool, args []string) {
	waitList(ts, "/api/v1/mailbox", args[0])
}

func waitAlerts(ts *testscript.TestScript, _ bool, args []string) {
	waitList(ts, alertsPath, args[0])
}

func waitList(ts *testscript.TestScript, path, want string) {
	hub, err := client.New(ts.Getenv("TOCSIN_URL"), form.NewSecret(ts.Getenv("TOCSIN_KEY")))
	ts.Check(err)
	defer hub.Close()
	reached := poll(func() bool {
		var page struct{ Items []json.RawMessage }
		return hub.Do(context.Background(), "GET", path, nil, &page) == nil && strconv.Itoa(len(page.Items)) == want
	})
	if !reached {
		ts.Fatalf("%s does not hold %s", path, want)
	}
}

// waitFor waits until the API's answer at a path fits a pattern.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	hub, err := client.New(ts.Getenv("TOCSIN_URL"), form.NewSecret(ts.Getenv("TOCSIN_KEY")))
	ts.Check(err)
	defer hub.Close()
	want := regexp.MustCompile(args[1])
	var answer json.RawMessage
	if !poll(func() bool {
		return hub.Do(context.Background(), "GET", args[0], nil, &answer) == nil && want.Match(answer)
	}) {
		ts.Fatalf("%s never fits %s: %s", args[0], args[1], answer)
	}
}

// runningPage is absolute, because scripts run elsewhere.
var runningPage = func() string {
	path, err := filepath.Abs(filepath.Join("..", "..", "docs", "running.md"))
	if err != nil {
		panic(err)
	}
	return path
}()

// hubs is the hub of each script.
var hubs sync.Map

// stopTestHub ends the script's hub and writes what it printed to hub.out and hub.err.
func stopTestHub(ts *testscript.TestScript, _ bool, _ []string) {
	h, ok := hubs.LoadAndDelete(ts)
	if !ok {
		ts.Fatalf("no hub runs")
	}
	hub := h.(*testHub)
	if err := hub.stop(); err != nil {
		ts.Fatalf("the hub ended: %v: %s", err, hub.errs.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("hub.out"), []byte(hub.out.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("hub.err"), []byte(hub.errs.String()), 0o600))
}

// stop asks the hub to end and waits for it. It may be called again.
func (h *testHub) stop() error {
	_ = h.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case err := <-h.ended:
		h.ended <- err
		return err
	case <-time.After(waitForHub):
		return errors.Join(errors.New("it did not end in time"), h.cmd.Process.Kill())
	}
}
