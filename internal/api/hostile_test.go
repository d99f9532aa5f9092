package api

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
)

// hostileTexts are what attackers and accidents put where a name is asked for.
var hostileTexts = map[string]string{
	"script":       `<script>alert(1)</script>`,
	"attribute":    `" onmouseover="alert(1)`,
	"CRLF":         "a\r\nSet-Cookie: tocsin_session=stolen\r\n\r\n<html>",
	"line feed":    "a\nb",
	"NUL":          "a\x00b",
	"escape":       "\x1b[2J\x1b[31mred",
	"bidi":         "user\u202egpj.exe",
	"isolate":      "a\u2066b\u2069",
	"line":         "a\u2028b",
	"long":         strings.Repeat("long", 20_000),
	"long, quoted": strings.Repeat(`"\`, 5_000),
	"formula":      `=HYPERLINK("http://evil.example")`,
	"template":     `{{.}}${7*7}<%= 1 %>`,
	"path":         "../../etc/passwd",
	"encoded":      "%0d%0aSet-Cookie:%20x=y",
	"emoji":        "👩‍🚀 ok",
	"replacement":  "a\ufffdb",
	"noncharacter": "a\uffffb",
}

// maxRefusal is how long the answer to one bad text may be, in bytes: what was sent is not sent back.
const maxRefusal = 2000

// TestHostileTexts puts them into every text field of accounts, projects, people, keys and integrations. They are
// refused, or come back as what they are, in JSON, and never in a header.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.account("acme", "")
	p := h.person(event.DefaultAccount, identity.RoleViewer)
	project, hook, incident := h.project("web"), h.webhook("x", "https://x.example.com"), h.incident("x")
	alert := h.alert(event.DefaultAccount, `{"type":"alert.created"}`)
	h.responder("edge", newFirewall(t))
	block, never := h.block("203.0.113.7"), h.neverBlock("198.51.100.0/24")
	for _, field := range []struct{ method, path, body, shown string }{ // TEXT stands for the text, UNIQUE for a name
		{"POST", "/api/v1/accounts", `{"name":TEXT}`, "name"},
		{"POST", "/api/v1/accounts", `{"name":UNIQUE,"title":TEXT}`, "title"},
		{"POST", "/api/v1/accounts", `{"name":UNIQUE,"parent":TEXT}`, "parent"},
		{"POST", "/api/v1/accounts", `{"name":UNIQUE,"plan":TEXT}`, "plan"},
		{"POST", "/api/v1/accounts", `{"name":UNIQUE,TEXT:1}`, ""},
		{"PATCH", "/api/v1/accounts/acme", `{"title":TEXT}`, "title"},
		{"PATCH", "/api/v1/accounts/acme", `{"parent":TEXT}`, "parent"},
		{"PATCH", "/api/v1/accounts/acme", `{"plan":TEXT}`, "plan"},
		{"POST", "/api/v1/projects", `{"name":TEXT}`, "name"},
		{"POST", "/api/v1/projects", `{"name":UNIQUE,"title":TEXT}`, "title"},
		{"POST", "/api/v1/projects", `{"name":UNIQUE,"environment":TEXT}`, "environment"},
		{"PATCH", project, `{"title":TEXT}`, "title"},
		{"POST", "/api/v1/mapping-rules", `{"name":TEXT,"drop":true}`, "name"},
		{"POST", "/api/v1/mapping-rules", `{"name":UNIQUE,"set":{"project":TEXT}}`, "set.project"},
		{"POST", "/api/v1/mapping-rules", `{"name":UNIQUE,"drop":true,"when":TEXT}`, "when"},
		{"POST", alert + "/note", `{"text":TEXT}`, ""},
		{"POST", alert + "/resolve", `{"text":TEXT}`, ""},
		{"POST", alert + "/assign", `{"assignee":TEXT}`, "assignee"},
		{"POST", alert + "/severity", `{"severity":TEXT}`, "severity"},
		{"POST", "/api/v1/alerts/bulk", `{"filter":{"q":TEXT,"entity":TEXT,"tag":TEXT,"rule":TEXT,"assignee":[TEXT]},"action":"resolve"}`, ""},
		{"POST", "/api/v1/alerts/bulk", `{"ids":[TEXT],"action":"resolve"}`, ""},
		{"POST", "/api/v1/silences", `{"reason":TEXT,"where":"true","ends_at":"` + soon() + `"}`, "reason"},
		{"POST", "/api/v1/silences", `{"matchers":[{"field":"type","value":TEXT}],"ends_at":"` + soon() + `"}`, "matchers.0.value"},
		{"POST", "/api/v1/silences", `{"matchers":[{"field":TEXT,"value":"x"}],"ends_at":"` + soon() + `"}`, "matchers.0.field"},
		{"POST", "/api/v1/silences", `{"where":TEXT,"ends_at":"` + soon() + `"}`, "where"},
		{"POST", "/api/v1/silences", `{"where":"true","ends_at":TEXT}`, "ends_at"},
		{"POST", blocksBase, `{"target":TEXT}`, ""},
		{"POST", blocksBase, `{"target":"203.0.113.8","ttl":TEXT}`, ""},
		{"POST", blocksBase, `{"target":"203.0.113.8","integrations":[TEXT]}`, ""},
		{"POST", blocksBase, `{"target":"203.0.113.8","evidence":{"alert":TEXT,"event":TEXT,"incident":TEXT}}`, ""},
		{"POST", blocksBase + "/import", `{"items":[{"target":TEXT,"reason":TEXT}]}`, ""},
		{"POST", blocksBase + "/import", `{"items":[{TEXT:1}]}`, ""},
		{"PATCH", block, `{"reason":TEXT}`, "reason"},
		{"POST", alert + "/block", `{"target":TEXT}`, ""},
		{"PATCH", never, `{"reason":TEXT}`, "reason"},
		{"POST", neverBlockBase, `{"target":TEXT,"reason":"x"}`, ""},
		{"PATCH", policyBase, `{"kill_reason":TEXT}`, "kill_reason"},
		{"PATCH", policyBase, `{TEXT:1}`, ""},
		{"POST", responseRulesBase, `{"name":TEXT,"subscription":{"types":["*"]}}`, "name"},
		{"POST", responseRulesBase, `{"name":UNIQUE,"subscription":{"types":["*"]},"block":{"reason":TEXT,"entity_role":TEXT}}`, "block.reason"},
		{"POST", responseRulesBase, `{"name":UNIQUE,"subscription":{"types":[TEXT]}}`, ""},
		{"PATCH", project, `{"environment":TEXT}`, "environment"},
		{"POST", "/api/v1/incidents", `{"title":TEXT}`, "title"},
		{"POST", "/api/v1/incidents", `{"title":"x","owner":TEXT}`, "owner"},
		{"POST", "/api/v1/incidents", `{"title":"x","tags":[TEXT]}`, "tags.0"},
		{"PATCH", incident, `{"project":TEXT}`, "project"},
		{"PATCH", incident, `{"status":TEXT}`, "status"},
		{"PATCH", incident, `{"status":"closed","classification":TEXT}`, "classification"},
		{"POST", incident + "/alerts", `{"alerts":[TEXT]}`, ""},
		{"POST", "/api/v1/incident-rules", `{"name":TEXT}`, "name"},
		{"POST", "/api/v1/incident-rules", `{"name":UNIQUE,"title":TEXT}`, ""},
		{"POST", "/api/v1/incident-rules", `{"name":UNIQUE,"match":{"where":TEXT}}`, "match.where"},
		{"POST", "/api/v1/users", `{"email":TEXT,"role":"viewer"}`, "user.email"},
		{"POST", "/api/v1/users", `{"email":MAIL,"name":TEXT,"role":"viewer"}`, "user.name"},
		{"POST", "/api/v1/users", `{"email":MAIL,"role":TEXT}`, "user.role"},
		{"PATCH", "/api/v1/users/" + p.id, `{"name":TEXT}`, "name"},
		{"PATCH", "/api/v1/users/" + p.id, `{"role":TEXT}`, "role"},
		{"POST", "/api/v1/api-keys", `{"name":TEXT,"scopes":["events:read"]}`, "name"},
		{"POST", "/api/v1/api-keys", `{"name":"k","scopes":[TEXT]}`, "scopes.0"},
		{"POST", "/api/v1/api-keys", `{"name":"k","scopes":["events:write"],"event_types":[TEXT]}`, "event_types.0"},
		{"POST", "/api/v1/api-keys/" + event.NewID().Text(event.PrefixKey) + "/rotate", `{"overlap":TEXT}`, ""},
		{"POST", "/api/v1/integrations", `{"kind":TEXT,"name":UNIQUE,"settings":{}}`, "kind"},
		{"POST", "/api/v1/sources", `{"name":TEXT,"dialect":"native"}`, "name"},
		{"POST", "/api/v1/sources", `{"name":UNIQUE,"dialect":TEXT}`, "dialect"},
		{"POST", "/api/v1/sources", `{"name":UNIQUE,"dialect":"native","project":TEXT}`, "project"},
		{"POST", "/api/v1/integrations", `{"kind":"capture","name":TEXT,"settings":{}}`, "name"},
		{"PATCH", hook, `{"owner":TEXT}`, "owner"},
		{"PATCH", hook, `{"rotate_by":TEXT}`, "rotate_by"},
		{"POST", "/api/v1/mailbox/discard", `{"filter":{},"reason":TEXT}`, ""},
		{"POST", "/api/v1/session", `{"account":TEXT,"email":MAIL,"password":"x"}`, ""},
		{"POST", "/api/v1/setup", `{"token":TEXT,"password":"x"}`, ""},
		{"POST", "/api/v1/setup/inspect", `{"token":TEXT}`, ""},
	} {
		for name, text := range hostileTexts {
			id := event.NewID().Text("x")
			body := strings.NewReplacer("TEXT", quoted(t, text), "UNIQUE", `"`+id+`"`, "MAIL", `"`+id+`@example.com"`).Replace(field.body)
			address := from("203.0.113." + string(rune('1'+len(name)%9))) // not slowed down as one guesser
			r := h.call(field.method, field.path, body, address)
			holdHarmless(t, field.method+" "+field.path+" "+field.body+" with "+name, r, text)
			if r.StatusCode >= 300 || field.shown == "" {
				continue
			}
			if got := r.get(field.shown).Str; got != text {
				t.Errorf("%s %s took %s and gives %q", field.method, field.body, name, got)
			}
			if strings.ContainsFunc(text, unicode.IsControl) || strings.ContainsFunc(text, func(c rune) bool { return unicode.Is(unicode.Bidi_Control, c) }) || len(text) > 4000 {
				t.Errorf("%s %s took %s", field.method, field.body, name)
			}
		}
	}
}

// quoted is a text as JSON.
func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// holdHarmless holds an answer to a hostile text to being JSON that holds it as a text or not at all.
func holdHarmless(t *testing.T, what string, r reply, text string) {
	t.Helper()
	if r.StatusCode >= 500 {
		t.Errorf("%s answers %d %s", what, r.StatusCode, r.body)
	}
	if c := r.Header.Get("Content-Type"); r.body != "" && (!strings.HasPrefix(c, "application/") || !strings.HasSuffix(c, "json")) || !gjson.Valid(r.body) && r.body != "" {
		t.Errorf("%s answers with %s: %.500s", what, c, r.body)
	}
	if r.StatusCode >= 400 && len(r.body) > maxRefusal {
		t.Errorf("%s is refused with %d bytes: %.500s", what, len(r.body), r.body)
	}
	for name, values := range r.Header {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") || len(v) > 500 || len(text) > 3 && strings.Contains(v, text) {
				t.Errorf("%s answers with the header %s: %.300q", what, name, v)
			}
		}
	}
	if r.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s sets a cookie", what)
	}
}

// TestHostileAddresses puts them into paths, parameters and headers.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	for name, text := range hostileTexts {
		if len(text) > 1000 {
			text = text[:1000]
		}
		for _, path := range []string{
			"/api/v1/accounts/TEXT", "/api/v1/accounts/TEXT/usage", "/api/v1/projects/TEXT", "/api/v1/users/TEXT", "/api/v1/integrations/TEXT",
			"/api/v1/connectors/TEXT", "/api/v1/events/TEXT", "/api/v1/jobs/TEXT", "/api/v1/TEXT", "/TEXT", "/api/v1/users?search=TEXT",
			"/api/v1/users?cursor=TEXT", "/api/v1/users?limit=TEXT", "/api/v1/users?TEXT=1", "/api/v1/audit?action=TEXT", "/api/v1/audit?target=TEXT",
			"/api/v1/audit?actor=TEXT", "/api/v1/audit?since=TEXT", "/api/v1/audit?cursor=TEXT", "/api/v1/events?type=TEXT", "/api/v1/deliveries?status=TEXT",
			"/api/v1/accounts?cursor=TEXT", "/api/v1/projects?cursor=TEXT", "/api/v1/api-keys?cursor=TEXT", "/api/v1/mailbox?cause_class=TEXT",
			"/api/v1/incidents/TEXT", "/api/v1/incidents?q=TEXT", "/api/v1/incidents?timespan=TEXT", "/api/v1/incidents?severity=TEXT", "/api/v1/incidents?cursor=TEXT",
			"/api/v1/incidents?owner=TEXT", "/api/v1/incident-rules/TEXT",
			"/api/v1/blocks/TEXT", "/api/v1/blocks?target=TEXT", "/api/v1/blocks?q=TEXT", "/api/v1/blocks?by=TEXT", "/api/v1/never-block/check?target=TEXT", "/api/v1/never-block?cursor=TEXT",
		} {
			escaped := url.PathEscape(text)
			if strings.Contains(path, "?") {
				escaped = url.QueryEscape(text)
			}
			r := h.call("GET", strings.Replace(path, "TEXT", escaped, 1), "")
			holdHarmless(t, path+" with "+name, r, text)
		}
		for _, header := range []string{gate.HeaderAccount, "X-API-Key", "Authorization", headerCSRF, "User-Agent", "Origin", "Cookie", "X-Forwarded-For"} {
			r := h.call("GET", "/api/v1/me", "", withHeader(header, strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(text)))
			holdHarmless(t, header+" with "+name, r, text)
		}
		r := h.call("PATCH", "/api/v1/accounts/default", `{"title":"x"}`, withHeader("If-Match", text))
		holdHarmless(t, "If-Match with "+name, r, text)
	}
}

// TestAnswersDoNotGrow: many wrong things in a small body do not make a large answer.
func TestAnswersDoNotGrow(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	many := func(item string) string { return strings.Repeat(item+",", 50_000) + item }
	for path, body := range map[string]string{
		"/api/v1/api-keys":          `{"name":"k","scopes":[` + many(`"x"`) + `]}`,
		"/api/admin/api-keys":       `{"name":"k","scopes":["events:write"],"event_types":[` + many(`"X"`) + `]}`,
		"/api/v1/mailbox/replay":    `{"ids":[` + many(`"x"`) + `]}`,
		"/api/v1/mailbox/discard":   `{"reason":"x","ids":[` + many(`7`) + `]}`,
		"/api/v1/integrations":      `{"kind":"webhook","name":"x","settings":{"url":"https://x.example.com","headers":[` + many(`{}`) + `]}}`,
		"/api/v1/users":             `{"email":"x","role":"x","name":["` + strings.Repeat("x", 500_000) + `"]}`,
		"/api/v1/projects":          `{"name":"x","title":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`,
		"/api/v1/session":           `{"email":"` + strings.Repeat("x", 900_000) + `","password":"x"}`,
		"/api/v1/accounts":          `{"name":"x",` + unknownMembers(20_000) + `}`,
		"/api/v1/sources":           `{"name":"x","dialect":"native","labels":{` + unknownMembers(20_000) + `},"types":[` + many(`"X"`) + `]}`,
		"/api/v1/integrations/test": `{"kind":"webhook","settings":{` + unknownMembers(20_000) + `}}`,
	} {
		r := h.call("POST", path, body)
		if r.StatusCode < 400 || r.StatusCode >= 500 || len(r.body) > 20_000 {
			t.Errorf("%s answers %d with %d bytes: %.300s", path, r.StatusCode, len(r.body), r.body)
		}
	}
}

func unknownMembers(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + event.NewID().Text("x") + `":1`)
	}
	return b.String()
}
