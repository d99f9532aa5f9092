package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// storedAlert stores an alert.
func (h *hub) storedAlert(account event.Account, key string) event.ID {
	h.t.Helper()
	now := time.Now()
	a := store.Alert{
		ID: event.AlertID(account, key), Account: account, Key: key, Status: event.AlertOpen, Severity: event.High, Title: "Alert " + key, Count: 1,
		FirstSeen: now, LastSeen: now, Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7"}},
	}
	if err := h.store.SaveFold(h.t.Context(), store.Fold{Alerts: []store.Alert{a}}); err != nil {
		h.t.Fatal(err)
	}
	return a.ID
}

// incident makes one and gives its path.
func (h *hub) incident(title string, alerts ...event.ID) string {
	h.t.Helper()
	list := make([]string, len(alerts))
	for i, id := range alerts {
		list[i] = `"` + id.Text(event.PrefixAlert) + `"`
	}
	r := h.want(201, "POST", "/api/v1/incidents", `{"title":"`+title+`","alerts":[`+strings.Join(list, ",")+`]}`)
	return "/api/v1/incidents/" + r.get("id").Str
}

// incidentExercises are about incidents and their alerts.
var incidentExercises = map[string]func(*testing.T, *hub){
	"list-incidents": func(t *testing.T, h *hub) {
		h.incident("one")
		h.want(200, "PATCH", h.incident("two 100%"), `{"status":"closed","classification":"false_positive","severity":"high"}`)
		h.incident("three")
		reader := withKey(h.key(event.DefaultAccount, identity.IncidentsRead))
		for query, want := range map[string]string{
			"":                                      `[3,2,1]`,
			"?severity=HIGH&status=closed":          `[2]`,
			"?status=new,active&timespan=PT1H":      `[3,1]`,
			"?timespan=P7D&limit=20&offset=1":       `[2,1]`,
			"?severity=informational":               `[]`,
			"?since=2099-01-01T00:00:00Z":           `[]`,
			"?until=2099-01-01T00:00:00Z&q=TWO+100": `[2]`,
			"?updated_since=2020-01-01T00:00:00Z":   `[3,2,1]`,
			"?owner=a@example.com":                  `[]`,
			"?project=x":                            `[]`,
			"?rule=" + event.NewID().Text("rul"):    `[]`,
		} {
			if r := h.want(200, "GET", "/api/v1/incidents"+query, "", reader); r.get("items.#.incident_number").Raw != want {
				t.Errorf("%s gives %s", query, r.body)
			}
		}
		first := h.want(200, "GET", "/api/v1/incidents?limit=2", "")
		if second := h.want(200, "GET", "/api/v1/incidents?limit=2&cursor="+first.get("next").Str, ""); second.get("items.#.id").Raw != `["INC-1"]` || second.get("next").Exists() {
			t.Errorf("pages %s and %s", first.body, second.body)
		}
		for _, wrong := range []string{"severity=loud", "status=open", "timespan=P1M", "timespan=1", "timespan=PT", "cursor=x", "rule=x", "offset=-1"} {
			if r := h.want(422, "GET", "/api/v1/incidents?"+wrong, ""); fmt.Sprint(r.fields()) != "["+strings.SplitN(wrong, "=", 2)[0]+"]" {
				t.Errorf("%s answers %s", wrong, r.body)
			}
		}
		h.want(403, "POST", "/api/v1/incidents", `{"title":"x"}`, reader)
	},
	"create-incident": func(t *testing.T, h *hub) {
		id := h.storedAlert(event.DefaultAccount, "a")
		r := h.want(201, "POST", "/api/v1/incidents", `{"alerts":["`+id.Text(event.PrefixAlert)+`"],"owner":"dana@example.com","tags":["x"]}`)
		if r.Header.Get("Location") != "/api/v1/incidents/INC-1" || r.Header.Get("ETag") != `"1"` || r.get("title").Str != "Alert a" || r.get("severity").Str != "high" ||
			r.get("status").Str != "new" || r.get("alerts_count").Int() != 1 || r.get("url").Str != "http://example.com/incidents/INC-1" || r.get("entities.0.value").Str != "203.0.113.7" {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		if r := h.want(422, "POST", "/api/v1/incidents", `{"title":"x","severity":"loud","alerts":["`+event.NewID().Text("alr")+`","x"]}`); fmt.Sprint(r.fields()) != "[severity alerts.1]" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/incidents", `{"alerts":["`+event.NewID().Text("alr")+`"]}`); fmt.Sprint(r.fields()) != "[alerts.0]" {
			t.Errorf("got %s", r.body)
		}
	},
	"get-incident": func(t *testing.T, h *hub) {
		path := h.incident("x")
		integration := event.NewID()
		if err := h.store.SaveTicket(t.Context(), store.Ticket{
			Account: event.DefaultAccount, Integration: integration, Subject: "INC-1", Ref: "10023", Key: "SEC-12", URL: "https://jira.example.com/SEC-12",
			Status: "Done", Closed: true, SyncedAt: testTime, By: "jira: Dana Doe",
		}); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, "/api/v1/incidents/1", "/api/v1/incidents/inc-1"} {
			r := h.want(200, "GET", p, "")
			if r.get("tickets.0").Raw != `{"integration":"`+integration.Text("int")+`","key":"SEC-12","url":"https://jira.example.com/SEC-12","status":"Done","closed":true,"synced_at":"2026-03-14T09:26:53Z","by":"jira: Dana Doe"}` ||
				r.Header.Get("ETag") != `"1"` {
				t.Errorf("%s gives %s", p, r.body)
			}
		}
		for _, p := range []string{"INC-2", "2", "0", "-1", "INC-", "INC-01", "1e3", "99999999999999999999"} {
			if r := h.call("GET", "/api/v1/incidents/"+p, ""); r.StatusCode != 404 && r.StatusCode != 422 {
				t.Errorf("%s gives %d %s", p, r.StatusCode, r.body)
			}
		}
	},
	"update-incident": func(t *testing.T, h *hub) {
		path := h.incident("x")
		if r := h.want(422, "PATCH", path, `{"status":"closed"}`); fmt.Sprint(r.fields()) != "[classification]" || !strings.Contains(r.get("detail").Str, "benign_positive") {
			t.Errorf("got %s", r.body)
		}
		r := h.want(200, "PATCH", path, `{"status":"closed","classification":"true_positive"}`, withHeader("If-Match", `"1"`))
		if r.get("status").Str != "closed" || !r.get("closed_at").Exists() || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"owner":"a@example.com"}`, withHeader("If-Match", `"1"`))
		if r := h.want(200, "PATCH", path, r.body); r.Header.Get("ETag") != `"2"` {
			t.Errorf("sending the answer back gives %s", r.body)
		}
	},
	"note-incident": func(t *testing.T, h *hub) {
		path := h.incident("x")
		if r := h.want(200, "POST", path+"/notes", `{"text":"one\ntwo"}`); r.get("version").Int() != 2 {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", path+"/notes", `{"text":""}`)
		h.want(404, "POST", "/api/v1/incidents/9/notes", `{"text":"x"}`)
	},
	"get-incident-timeline": func(t *testing.T, h *hub) {
		path := h.incident("x", h.storedAlert(event.DefaultAccount, "a"))
		h.want(200, "POST", path+"/notes", `{"text":"a note"}`)
		first := h.want(200, "GET", path+"/timeline?limit=1", "")
		second := h.want(200, "GET", path+"/timeline?limit=1&cursor="+first.get("next").Str, "")
		if first.get("items.0.verb").Str != "create" || first.get("items.0.by").Str != "test" || first.get("items.0.via").Str != "api" ||
			!strings.HasPrefix(first.get("items.0.changed.alerts.1").Str, "alr_") || second.get("items.0.note").Str != "a note" || second.get("next").Exists() {
			t.Errorf("pages %s and %s", first.body, second.body)
		}
		h.want(404, "GET", "/api/v1/incidents/9/timeline", "")
	},
	"list-incident-alerts": func(t *testing.T, h *hub) {
		path := h.incident("x", h.storedAlert(event.DefaultAccount, "a"), h.storedAlert(event.DefaultAccount, "b"))
		if r := h.want(200, "GET", path+"/alerts?limit=1", ""); r.get("items.0.title").Str != "Alert b" || !r.get("next").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/incidents/9/alerts", "")
	},
	"link-incident-alerts": func(t *testing.T, h *hub) {
		path := h.incident("x")
		id := h.storedAlert(event.DefaultAccount, "a").Text(event.PrefixAlert)
		if r := h.want(200, "POST", path+"/alerts", `{"alerts":["`+id+`"]}`); r.get("alerts_count").Int() != 1 || r.get("severity").Str != "high" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", path+"/alerts", `{"alerts":[]}`)
		if r := h.want(422, "POST", path+"/alerts", `{"alerts":["`+event.NewID().Text("alr")+`"]}`); fmt.Sprint(r.fields()) != "[alerts.0]" {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "PATCH", path, `{"status":"closed","classification":"undetermined"}`)
		h.want(409, "POST", path+"/alerts", `{"alerts":["`+id+`"]}`)
	},
	"unlink-incident-alert": func(t *testing.T, h *hub) {
		id := h.storedAlert(event.DefaultAccount, "a")
		path := h.incident("x", id)
		h.want(204, "DELETE", path+"/alerts/"+id.Text(event.PrefixAlert), "")
		if r := h.want(200, "GET", path, ""); r.get("alerts_count").Int() != 0 {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "DELETE", path+"/alerts/x", "")
	},
}

// TestForeignIncidents: nothing of an incident shows in another account.
func TestForeignIncidents(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	id := h.storedAlert(event.DefaultAccount, "a")
	path := h.incident("x", id)
	h.account("other", "")
	stranger := withKey(h.key("other", identity.Admin))
	for _, tt := range []struct{ method, path, body string }{
		{"GET", path, ""}, {"PATCH", path, `{"title":"stolen"}`}, {"POST", path + "/notes", `{"text":"x"}`}, {"GET", path + "/timeline", ""},
		{"GET", path + "/alerts", ""}, {"GET", path + "/attachments", ""}, {"POST", path + "/attachments", "x"}, {"DELETE", path + "/alerts/" + id.Text("alr"), ""},
	} {
		h.want(404, tt.method, tt.path, tt.body, stranger)
	}
	if r := h.want(422, "POST", "/api/v1/incidents", `{"title":"y","alerts":["`+id.Text("alr")+`"]}`, stranger); fmt.Sprint(r.fields()) != "[alerts.0]" {
		t.Errorf("got %s", r.body)
	}
	h.want(201, "POST", "/api/v1/incidents", `{"title":"y"}`, stranger) // the other account's own number 1
	h.want(422, "POST", "/api/v1/incidents/1/alerts", `{"alerts":["`+id.Text("alr")+`"]}`, stranger)
	if r := h.want(200, "GET", path, ""); r.get("title").Str != "x" || r.get("alerts_count").Int() != 1 || r.get("version").Int() != 1 {
		t.Errorf("got %s", r.body)
	}
}

func TestTimespan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"PT1H": time.Hour, "pt1h": time.Hour, "P7D": 7 * 24 * time.Hour, "P1DT12H": 36 * time.Hour, "P2W": 14 * 24 * time.Hour,
		"PT1H30M5S": time.Hour + 30*time.Minute + 5*time.Second, "1h": time.Hour, "90s": 90 * time.Second,
		"": 0, "P": 0, "PT": 0, "P1": 0, "PT1": 0, "P1Y": 0, "P1M": 0, "PT1D": 0, "P1H": 0, "PTT1H": 0, "P-1D": 0, "-1h": 0, "P0D": 0,
		"P9999999999W": 0, "P99999999999D": 0, "P1D ": 0, "7": 0, "PT1H2": 0, "P3650DT1S": 0,
	} {
		got, err := parseTimespan(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}
