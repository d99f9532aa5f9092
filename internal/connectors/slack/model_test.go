package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// model is Slack as far as this connector knows it: it keeps messages, and refuses requests that Slack would refuse or that
// the published descriptions do not know.
type model struct {
	t         *testing.T
	url       string
	schema    *jsonschema.Schema
	arguments map[string]argument // of the published methods

	mu       sync.Mutex
	messages []*message
	calls    []string // methods, in order
	replies  []string // bodies of what was posted to the response URL
	scripted []answer // what the next calls of chat.* are answered with, once each
	lost     bool     // the next answer of chat.* is done and never arrives
	users    map[string]string
	stuck    bool // users.info does not answer
	next     int
}

type argument struct{ all, required []string }

type answer struct {
	status int
	header http.Header
	body   string
}

// message is one that stands in a channel.
type message struct {
	read
	deleted bool
	edits   int
}

const (
	testToken   = "xoxb-1-abc"
	testSecret  = "8f742231b10e8888abcd99yyyzzz85a5"
	testChannel = "C0123456789"
)

func newModel(t *testing.T) *model {
	t.Helper()
	m := &model{t: t, schema: schema(t), arguments: published(t), users: map[string]string{}}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// published reads which arguments the methods have; nil if that is not here.
func published(t *testing.T) map[string]argument {
	t.Helper()
	path := shared("specs", "slack", "web-api-chat.swagger.json")
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path) //nolint:gosec // a path in a test
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Required bool
			}
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	list := map[string]argument{}
	for path, methods := range doc.Paths {
		var a argument
		for _, p := range methods["post"].Parameters {
			if p.In == "formData" {
				a.all = append(a.all, p.Name)
				if p.Required {
					a.required = append(a.required, p.Name)
				}
			}
		}
		list[strings.TrimPrefix(path, "/")] = a
	}
	if len(list["chat.postMessage"].all) < 10 || len(list["chat.update"].required) != 2 {
		t.Fatalf("the published methods are not understood: %v", list)
	}
	return list
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/response/") {
		m.replies = append(m.replies, string(body))
		fmt.Fprint(w, "ok") //nolint:errcheck // the client may have gone
		return
	}
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	m.calls = append(m.calls, method)
	if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer "+testToken {
		fmt.Fprint(w, `{"ok":false,"error":"invalid_auth"}`) //nolint:errcheck
		return
	}
	if strings.HasPrefix(method, "chat.") {
		if len(m.scripted) > 0 {
			m.scripted[0].write(w)
			m.scripted = m.scripted[1:]
			return
		}
		m.chat(w, r, method, body)
		return
	}
	m.look(w, r, method, body)
}

func (a answer) write(w http.ResponseWriter) {
	for name, v := range a.header {
		w.Header()[name] = v
	}
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body) //nolint:errcheck
}

// chat serves the methods that take JSON.
func (m *model) chat(w http.ResponseWriter, r *http.Request, method string, body []byte) {
	if r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		m.t.Errorf("%s: content type %q", method, r.Header.Get("Content-Type"))
	}
	if err := m.check(method, body); err != nil {
		m.t.Errorf("%s: %v\n%s", method, err, body)
		fmt.Fprint(w, `{"ok":false,"error":"invalid_arguments"}`) //nolint:errcheck
		return
	}
	got, err := readMessage(body)
	if err != nil {
		m.t.Error(err)
	}
	old := m.at(got.Channel, got.TS)
	switch {
	case method == "chat.update" && old == nil:
		fmt.Fprint(w, `{"ok":false,"error":"message_not_found"}`) //nolint:errcheck
		return
	case method == "chat.update":
		thread := old.ThreadTS
		old.read, old.edits = got, old.edits+1
		old.ThreadTS = thread
	case got.ThreadTS != "" && m.at(got.Channel, got.ThreadTS) == nil:
		fmt.Fprint(w, `{"ok":false,"error":"thread_not_found"}`) //nolint:errcheck
		return
	default:
		m.next++
		got.TS = fmt.Sprintf("1700000000.%06d", m.next)
		m.messages = append(m.messages, &message{read: got})
	}
	if m.lost {
		m.lost = false
		panic(http.ErrAbortHandler)
	}
	raw, _ := json.Marshal(map[string]any{"ok": true, "channel": got.Channel, "ts": got.TS, "message": json.RawMessage(body)})
	w.Write(raw) //nolint:errcheck
}

// check holds arguments against the published descriptions and limits.
func (m *model) check(method string, body []byte) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil {
		return err
	}
	for name := range given {
		if m.arguments != nil && !slices.Contains(m.arguments[method].all, name) {
			return fmt.Errorf("it has no argument %s", name)
		}
	}
	for _, name := range m.arguments[method].required {
		if len(given[name]) == 0 {
			return fmt.Errorf("the argument %s is missing", name)
		}
	}
	if len(given["blocks"]) > 13_000 {
		return fmt.Errorf("%d bytes of blocks", len(given["blocks"]))
	}
	return valid(m.schema, body)
}

func (m *model) at(channel, ts string) *message {
	for _, x := range m.messages {
		if x.Channel == channel && x.TS == ts && !x.deleted {
			return x
		}
	}
	return nil
}

// look serves the methods that take a form.
func (m *model) look(w http.ResponseWriter, r *http.Request, method string, body []byte) {
	if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		m.t.Errorf("%s: content type %q", method, r.Header.Get("Content-Type"))
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		m.t.Error(err)
	}
	switch method {
	case "auth.test":
		fmt.Fprint(w, `{"ok":true,"team_id":"T1","user_id":"UBOT","bot_id":"B1"}`) //nolint:errcheck
	case "conversations.open":
		fmt.Fprintf(w, `{"ok":true,"channel":{"id":"D%s"}}`, form.Get("users")) //nolint:errcheck
	case "users.info":
		if m.stuck {
			m.mu.Unlock()
			<-r.Context().Done()
			m.mu.Lock()
			return
		}
		user := m.users[form.Get("user")]
		if user == "" {
			user = `{"ok":false,"error":"user_not_found"}`
		}
		fmt.Fprint(w, user) //nolint:errcheck
	default:
		m.t.Errorf("a method that is not used: %s", method)
	}
}

// shown gives the messages that stand in channels, replies in threads left out.
func (m *model) shown() []*message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.messages), func(x *message) bool { return x.deleted || x.ThreadTS != "" })
}

// said gives the texts of the replies in threads.
func (m *model) said() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	for _, x := range m.messages {
		if x.ThreadTS != "" {
			list = append(list, x.Blocks[0].Text.Text)
		}
	}
	return list
}

func (m *model) script(a ...answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scripted = append(m.scripted, a...)
}

// seen gives the methods that were called so far, and forgets them.
func (m *model) seen() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.calls
	m.calls = nil
	return list
}

// open opens a bot against the model; more are further settings.
func (m *model) open(t *testing.T, more map[string]any) *Connector {
	t.Helper()
	return m.openIn(t, connectortest.Env(nil), more)
}

func (m *model) openIn(t *testing.T, env connector.Env, more map[string]any) *Connector {
	t.Helper()
	settings := map[string]any{
		"base_url": m.url + "/api", "bot_token": testToken, "channel": testChannel, "signing_secret": testSecret,
	}
	for name, v := range more {
		settings[name] = v
	}
	return openWith(t, settings, env)
}

func openWith(t *testing.T, settings map[string]any, env connector.Env) *Connector {
	t.Helper()
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	inst, err := Definition().Open(raw, env)
	if err != nil {
		t.Fatal(err)
	}
	c := inst.(*Connector)
	t.Cleanup(c.Close)
	return c
}

// send delivers an event as the hub would.
func send(t *testing.T, c *Connector, r *event.Record) {
	t.Helper()
	if err := c.Send(t.Context(), connector.Delivery{Key: "dlv_1", Record: r, Attempt: 1}); err != nil {
		t.Fatalf("%s: %v", r.Type, err)
	}
}

// record makes an event of a body.
func record(t testing.TB, flags event.Flags, body string) *event.Record {
	t.Helper()
	var e event.Event
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	at := e.Time
	if at.IsZero() {
		at = testTime
	}
	return &event.Record{
		ID: event.NewID(), Account: event.DefaultAccount, Type: e.Type, Severity: e.Severity, Flags: flags, Time: at, Received: at,
		DedupKey: e.DedupKey, OrderingKey: e.DedupKey, Project: e.Project, AlertType: e.AlertType, Body: []byte(body),
	}
}
