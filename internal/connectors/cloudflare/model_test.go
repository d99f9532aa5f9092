package cloudflare

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
)

// The ids and the token of tests.
const (
	testZone    = "0123456789abcdef0123456789abcdef"
	testAccount = "fedcba9876543210fedcba9876543210"
	testList    = "tocsin_blocks"
	testToken   = connectortest.Canary + "-token"
)

// The permissions that the model knows; each is one that the real API asks for.
const (
	permRulesRead  = "Firewall Services Read"
	permRulesWrite = "Firewall Services Write"
	permListRead   = "Account Filter Lists Read"
	permListWrite  = "Account Filter Lists Edit"
	permWAFRead    = "Zone WAF Read"
	permWAFWrite   = "Zone WAF Write"
)

// permAll are all of them.
var permAll = []string{permRulesRead, permRulesWrite, permListRead, permListWrite, permWAFRead, permWAFWrite}

// model is a part of Cloudflare's API, as its specification and its documentation have it: IP access rules of a zone with
// those it inherits, lists with items and bulk operations, and the rulesets of custom rules. It keeps no clock: an operation is
// done when it was asked for often enough.
type model struct {
	url  string
	spec *connectortest.OpenAPI // nil: requests are checked elsewhere

	mu       sync.Mutex
	seq      int
	token    struct{ status, owner string } // owner: "user" or "account"
	perms    []string
	rules    []*accessRule
	maxRules int
	perPage  int // the most rules that a page has; 0: as many as are asked for
	lists    []*list
	items    map[string][]*item // by list
	maxItems int
	ops      map[string]*modelOp
	polls    int  // how often an operation is asked for until it is done
	busy     bool // somebody else's operation is under way
	set      *ruleset
	maxWAF   int

	// before is called with each request, without the lock: somebody may change something, or the request be answered
	// otherwise (see verdict).
	before func(method, path string) verdict
	log    []string // method and path of each request
	faults []error
}

// modelOp is a bulk operation.
type modelOp struct {
	operation
	left  int
	apply func() string // an error's text
}

// verdict is what becomes of a request.
type verdict struct {
	status int // answered with this, and not done; 0: it is done
	header http.Header
	body   string
	lose   bool // done, and the connection is closed without an answer
}

// emptyModel is a model of an account without anything.
func emptyModel() *model {
	m := &model{perms: permAll, maxRules: maxRules, maxItems: maxItems, maxWAF: 5, items: map[string][]*item{}, ops: map[string]*modelOp{}}
	m.token.status, m.token.owner = "active", "user"
	return m
}

// newModel starts a model of an account without anything.
func newModel(t *testing.T) *model {
	t.Helper()
	m := emptyModel()
	m.spec = loadSpec(t)
	s := httptest.NewServer(m)
	t.Cleanup(func() {
		s.Close()
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, err := range m.faults {
			t.Error(err)
		}
	})
	m.url = s.URL
	return m
}

var (
	specOnce sync.Once
	theSpec  *connectortest.OpenAPI
)

// loadSpec reads the specification, once for all tests.
func loadSpec(t *testing.T) *connectortest.OpenAPI {
	t.Helper()
	specOnce.Do(func() {
		theSpec = connectortest.LoadOpenAPI(t, "cloudflare/openapi.json")
		theSpec.Prefix = apiPath
	})
	return theSpec
}

// id makes an id that nothing has.
func (m *model) id() string {
	m.seq++
	return fmt.Sprintf("%032x", m.seq)
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	path := strings.TrimPrefix(r.URL.Path, apiPath)
	m.check(r, body)
	v := verdict{}
	m.mu.Lock()
	before := m.before
	m.mu.Unlock()
	if before != nil {
		v = before(r.Method, path)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, r.Method+" "+path)
	if v.status != 0 {
		for name := range v.header {
			w.Header()[name] = v.header[name]
		}
		w.WriteHeader(v.status)
		io.WriteString(w, v.body) //nolint:errcheck // the client may have gone
		return
	}
	a := m.answer(r, path, body)
	if v.lose {
		panic(http.ErrAbortHandler)
	}
	a.write(w)
}

// check holds a request against the specification.
func (m *model) check(r *http.Request, body []byte) {
	if m.spec == nil {
		return
	}
	err := checkSpec(m.spec, connectortest.Request{Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header, Body: body})
	if err != nil && !errors.Is(err, connectortest.ErrNoSchema) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.faults = append(m.faults, err)
	}
}

// checkSpec holds a request against the specification. What makes a ruleset has no id there, since that is read-only, but
// says so in a way (below allOf) that the checker does not see: it gets one.
func checkSpec(spec *connectortest.OpenAPI, r connectortest.Request) error {
	if strings.HasPrefix(r.Path, apiPath+"/accounts/") && strings.HasSuffix(r.Path, "/tokens/verify") {
		return nil // newer than the specification
	}
	if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/rulesets") {
		r.Body = append([]byte(`{"id":"`+nobody+`",`), r.Body[1:]...)
	}
	return spec.Check(r)
}

// reply is an answer in Cloudflare's envelope.
type reply struct {
	status int
	result any
	info   map[string]any
	faults []map[string]any
}

func good(result any) reply { return reply{status: http.StatusOK, result: result} }

func bad(status, code int, message string) reply {
	return reply{status: status, faults: []map[string]any{{"code": code, "message": message}}}
}

func (a reply) write(w http.ResponseWriter) {
	e := map[string]any{"success": len(a.faults) == 0, "errors": a.faults, "messages": []any{}, "result": a.result}
	if a.faults == nil {
		e["errors"] = []any{}
	}
	if a.info != nil {
		e["result_info"] = a.info
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Ratelimit", `"default";r=900;t=60`)
	w.WriteHeader(a.status)
	json.NewEncoder(w).Encode(e) //nolint:errcheck // the client may have gone
}

var (
	errAuth    = bad(http.StatusForbidden, codeAuth, "Authentication error")
	errNoToken = bad(http.StatusUnauthorized, codeTokenFormat, "Invalid API Token")
	errNoRoute = bad(http.StatusNotFound, codeBadID, "Could not route, perhaps your object identifier is invalid?")
)

// route is one operation of the API and the permissions of which it wants one.
type route struct {
	method  string
	pattern *regexp.Regexp
	perms   []string
	do      func(m *model, r *http.Request, args []string, body []byte) reply
}

func path(pattern string) *regexp.Regexp { return regexp.MustCompile("^" + pattern + "$") }

var routes = []route{
	{"GET", path(`/zones/(\w+)/firewall/access_rules/rules`), []string{permRulesRead, permRulesWrite}, (*model).listRules},
	{"POST", path(`/zones/(\w+)/firewall/access_rules/rules`), []string{permRulesWrite}, (*model).createRule},
	{"DELETE", path(`/zones/(\w+)/firewall/access_rules/rules/(\w+)`), []string{permRulesWrite}, (*model).deleteRule},
	{"GET", path(`/accounts/(\w+)/rules/lists`), []string{permListRead, permListWrite}, (*model).getLists},
	{"POST", path(`/accounts/(\w+)/rules/lists`), []string{permListWrite}, (*model).createList},
	{"PUT", path(`/accounts/(\w+)/rules/lists/(\w+)`), []string{permListWrite}, (*model).updateList},
	{"GET", path(`/accounts/(\w+)/rules/lists/bulk_operations/(\w+)`), []string{permListRead, permListWrite}, (*model).getOperation},
	{"GET", path(`/accounts/(\w+)/rules/lists/(\w+)/items`), []string{permListRead, permListWrite}, (*model).getItems},
	{"GET", path(`/accounts/(\w+)/rules/lists/(\w+)/items/(\w+)`), []string{permListRead, permListWrite}, (*model).getItem},
	{"POST", path(`/accounts/(\w+)/rules/lists/(\w+)/items`), []string{permListWrite}, (*model).createItems},
	{"DELETE", path(`/accounts/(\w+)/rules/lists/(\w+)/items`), []string{permListWrite}, (*model).deleteItems},
	{"GET", path(`/zones/(\w+)/rulesets/phases/http_request_firewall_custom/entrypoint`), []string{permWAFRead, permWAFWrite}, (*model).getEntry},
	{"POST", path(`/zones/(\w+)/rulesets`), []string{permWAFWrite}, (*model).createRuleset},
	{"POST", path(`/zones/(\w+)/rulesets/(\w+)/rules`), []string{permWAFWrite}, (*model).createCustomRule},
	{"DELETE", path(`/zones/(\w+)/rulesets/(\w+)/rules/(\w+)`), []string{permWAFWrite}, (*model).deleteCustomRule},
}

// answer looks at the token first, then at its permission, and only then at what is asked for.
func (m *model) answer(r *http.Request, path string, body []byte) reply {
	if strings.HasSuffix(path, "/tokens/verify") {
		return m.verify(r, path)
	}
	if r.Header.Get("Authorization") != "Bearer "+testToken || m.token.status != "active" {
		return bad(http.StatusBadRequest, codeBadHeaders, "Invalid request headers")
	}
	for _, x := range routes {
		args := x.pattern.FindStringSubmatch(path)
		if args == nil || x.method != r.Method {
			continue
		}
		if args[1] != testZone && args[1] != testAccount {
			return errNoRoute
		}
		if !slices.ContainsFunc(x.perms, func(p string) bool { return slices.Contains(m.perms, p) }) {
			return errAuth
		}
		return x.do(m, r, args[2:], body)
	}
	return bad(http.StatusBadRequest, codeNoRoute, "No route for that URI")
}

func (m *model) verify(r *http.Request, path string) reply {
	owner := "user"
	if strings.HasPrefix(path, "/accounts/"+testAccount+"/") {
		owner = "account"
	}
	if r.Header.Get("Authorization") != "Bearer "+testToken || owner != m.token.owner {
		return errNoToken
	}
	return good(map[string]any{"id": "ed17574386854bf78a67040be0a770b0", "status": m.token.status, "expires_on": "2026-12-01T00:00:00Z"})
}

// requests gives what was asked so far and forgets it.
func (m *model) requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.log
	m.log = nil
	return log
}

// hook lets something happen before each request from now on.
func (m *model) hook(before func(method, path string) verdict) { m.with(func() { m.before = before }) }

// with changes the model.
func (m *model) with(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// decode reads a request's body.
func decode(body []byte, v any) (reply, bool) {
	if err := json.Unmarshal(body, v); err != nil {
		return bad(http.StatusBadRequest, 10026, "invalid_json"), false
	}
	return reply{}, true
}
