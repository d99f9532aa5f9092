package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tocsin": func() { os.Exit(Main()) },
	})
}

// TestScripts runs the command line against a fake hub, whose URL and key are in the scripts' environment.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			archive, err := sampleArchive(env)
			if err != nil {
				return err
			}
			hub := &fakeHub{archive: archive, things: newFakeThings()}
			server := httptest.NewServer(hub)
			env.Defer(server.Close)
			env.Setenv("TOCSIN_URL", server.URL)
			env.Setenv("TOCSIN_KEY", fakeKey)
			env.Values[fakeHubKey{}] = hub
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"requests": writeRequests,
		},
	})
}

const fakeKey = "tsk_test_key"

type fakeHubKey struct{}

// writeRequests writes what the fake hub was sent to a file: method, path, type of the content, then the body.
func writeRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: requests FILE")
	}
	hub := ts.Value(fakeHubKey{}).(*fakeHub)
	hub.mu.Lock()
	defer hub.mu.Unlock()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), hub.log.Bytes(), 0o600))
}

// fakeHub answers as a hub does, as far as the commands look.
type fakeHub struct {
	mu   sync.Mutex
	log  bytes.Buffer
	busy int // how many times 503 is answered yet
	ids  int
	seen map[string]bool // idempotency keys

	archive []byte // the backup that it gives
	things  fakeThings
}

func (h *fakeHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(&h.log, "%s %s %s\n%s", r.Method, r.URL.Path, r.Header.Get("Content-Type"), body)
	if n := h.log.Len(); n > 0 && h.log.Bytes()[n-1] != '\n' {
		h.log.WriteByte('\n')
	}
	switch {
	case r.URL.Path == "/readyz":
		fmt.Fprint(w, "ready")
	case r.Header.Get("X-API-Key") != fakeKey:
		problem(w, http.StatusUnauthorized, "the key is not valid", "")
	case r.Method == http.MethodPost && (r.URL.Path == nativePath || r.URL.Path == "/api/v1/ingest/falco"):
		h.ingest(w, r, body)
	case strings.HasPrefix(r.URL.Path, "/api/v1/ingest/"):
		problem(w, http.StatusNotFound, "no decoder of that name; there are falco, wallarm", "")
	case strings.HasPrefix(r.URL.Path, accountsPath), strings.HasPrefix(r.URL.Path, usersPath):
		fmt.Fprintf(&h.log, "account %q query %q\n", r.Header.Get("X-Tocsin-Account"), r.URL.RawQuery)
		servePeople(w, r)
	case strings.HasPrefix(r.URL.Path, auditPath):
		fmt.Fprintf(&h.log, "query %q\n", r.URL.RawQuery)
		serveAudit(w, r)
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, backupPath):
		h.serveBackup(w, r)
	case r.Method == http.MethodPost && r.URL.Path == keysPath:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"key_1","name":"ci","prefix":"tsk_live_abc","scopes":["events:write"],"key":"tsk_live_abc_secret"}`)
	case r.Method == http.MethodGet && r.URL.Path == keysPath && r.URL.Query().Get("cursor") == "":
		fmt.Fprint(w, `{"items":[{"id":"key_2","name":"node","prefix":"tsk_live_x","scopes":["events:write","events:read"]}],"next":"p2"}`)
	case r.Method == http.MethodGet && r.URL.Path == keysPath:
		fmt.Fprint(w, `{"items":[{"id":"key_1","name":"old","prefix":"tsk_live_y","scopes":["admin"],"revoked_at":"2026-01-02T03:04:05Z"}],"next":""}`)
	case r.Method == http.MethodDelete && r.URL.Path == keysPath+"/key_1":
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet && r.URL.Path == secretsPath:
		fmt.Fprint(w, `{"keys":[{"id":"672a6664","current":true,"source":"secret.key","secrets":3},{"id":"af7347bb","secrets":1,"missing":true}],
			"unreadable":[{"account":"acme","holder":"0197","field":"token","key":"af7347bb"}],
			"references":[{"reference":"env:SPLUNK_TOKEN","integration":"int_1","setting":"token","error":""}],
			"voided":[{"account":"acme","integration":"int_2","settings":["token","headers.0.value"]}],
			"expiring":[{"rotate_by":"2027-01-31","integration":"int_3","name":"Splunk","owner":"dana","account":"default"}]}`)
	case r.Method == http.MethodPost && r.URL.Path == secretsPath+"/rotate":
		fmt.Fprint(w, `{"key":"11112222","earlier":["672a6664"],"resumed":true,"resealed":2,"secrets":3,"unreadable":[{}],"next":"unset it"}`)
	case h.things.serve(w, r, body):
	default:
		problem(w, http.StatusNotFound, "there is no such thing", "")
	}
}

func (h *fakeHub) ingest(w http.ResponseWriter, r *http.Request, body []byte) {
	key := r.Header.Get("Idempotency-Key")
	if h.seen[key] || key == "" {
		problem(w, http.StatusConflict, "the key was used before", "")
		return
	}
	if strings.Contains(string(body), "busy") && h.busy < 1 {
		h.busy++
		w.Header().Set("Retry-After", "0")
		problem(w, http.StatusServiceUnavailable, "not now", "")
		return
	}
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	h.seen[key] = true
	var ids, rejected []string
	dec := json.NewDecoder(bytes.NewReader(body))
	for i := 0; ; i++ {
		var e struct{ Type, Rule string }
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			break
		}
		if e.Type+e.Rule == "" {
			rejected = append(rejected, fmt.Sprintf(`{"index":%d,"error":"type: is required"}`, i))
			continue
		}
		h.ids++
		ids = append(ids, fmt.Sprintf(`"evt_%d"`, h.ids))
	}
	list := `"rejected":[` + strings.Join(rejected, ",") + fmt.Sprintf(`],"rejected_total":%d`, len(rejected))
	if len(ids) == 0 {
		problem(w, http.StatusUnprocessableEntity, "no event in the body was valid", ","+list)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"accepted":%d,"ids":[%s],%s}`, len(ids), strings.Join(ids, ","), list)
}

func problem(w http.ResponseWriter, status int, detail, more string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"about:blank","title":%q,"status":%d,"detail":%q%s}`, http.StatusText(status), status, detail, more)
}

// Every command explains itself: by a first sentence, and if it takes anything, by examples that parse.
func TestHelp(t *testing.T) {
	t.Parallel()
	parser := newParser()
	root := parser.Model.Node
	for _, n := range allCommands(root) {
		command := strings.TrimSpace(strings.TrimPrefix(n.FullPath(), "tocsin"))
		var out, errs bytes.Buffer
		p := &Process{Args: append(strings.Fields(command), "--help"), Stdout: &out, Stderr: &errs}
		if code := Run(t.Context(), p); code != ExitOK || errs.Len() > 0 {
			t.Errorf("tocsin %s --help: code %d, %s", command, code, errs.String())
		}
		if !strings.Contains(out.String(), "Usage: tocsin") {
			t.Errorf("tocsin %s --help says:\n%s", command, out.String())
		}
		if n != root && !strings.HasSuffix(n.Help, ".") {
			t.Errorf("the help of tocsin %s is no sentence: %s", command, n.Help)
		}
		if n.Type == kong.CommandNode && len(n.Children) == 0 && len(n.Flags)+len(n.Positional) > 0 && !plainCommands[command] && !strings.Contains(n.Detail, "Example") {
			t.Errorf("tocsin %s --help has no example", command)
		}
		for l := range strings.Lines(n.Detail) {
			if strings.HasPrefix(l, "    ") && strings.Contains(l, "tocsin ") && !strings.HasPrefix(l, "    #") {
				checkExample(t, parser, command, l)
			}
		}
	}
}

// plainCommands are so plain, or so old, that an example would say nothing.
var plainCommands = map[string]bool{
	"accounts list": true, "accounts show": true, "users list": true, "users role": true, "users disable": true, "users enable": true,
	"users remove": true, "users reset": true, "secrets status": true,
}

func allCommands(n *kong.Node) []*kong.Node {
	list := []*kong.Node{n}
	for _, child := range n.Children {
		if child.Type == kong.CommandNode {
			list = append(list, allCommands(child)...)
		}
	}
	return list
}

var exampleCall = regexp.MustCompile(`(?:^|[|&(] *|sudo -u tocsin )tocsin ([^|&)<>#]*)`)

// checkExample parses an example as the command line would.
func checkExample(t *testing.T, parser *kong.Kong, command, example string) {
	t.Helper()
	for _, call := range exampleCall.FindAllStringSubmatch(strings.TrimSpace(example), -1) {
		var args []string
		for _, w := range exampleWord.FindAllString(call[1], -1) {
			args = append(args, strings.Trim(w, `"'`))
		}
		if _, err := parser.Parse(args); err != nil {
			t.Errorf("tocsin %s --help has an example that does not parse: %s: %v", command, strings.TrimSpace(example), err)
		}
	}
}

var exampleWord = regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`)
