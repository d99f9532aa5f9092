package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// noJournal is a journal that nobody reads.
type noJournal struct{}

func (noJournal) Next(ctx context.Context, _ uint64) (*journal.Frame, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (noJournal) Bounds() (first, last uint64)    { return 0, 0 }
func (noJournal) End() journal.Position           { return journal.Position{} }
func (noJournal) Accounts() []event.Account       { return nil }
func (noJournal) Journalled(event.Account) uint64 { return 0 }

// alert folds one event as the cursor would, and gives the alert's path.
func (h *hub) alert(account event.Account, body string) string {
	h.t.Helper()
	r, err := event.Parse([]byte(body), account, testTime, event.DefaultLimits())
	if err != nil {
		h.t.Fatal(err)
	}
	r.ID = event.NewID()
	e, err := r.Event()
	if err != nil {
		h.t.Fatal(err)
	}
	id := event.AlertID(account, r.AlertKey())
	var f store.Fold
	rows, err := h.store.GetAlerts(h.t.Context(), []event.ID{id})
	if err != nil {
		h.t.Fatal(err)
	}
	f.Alerts = append(rows, store.Alert{})[:1]
	f.Entries = alerting.Fold(&f.Alerts[0], r, &e)
	if err := h.store.SaveFold(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
	return alertsPath + "/" + id.Text(event.PrefixAlert)
}

// onAlert is a deed on an alert, to which others were done before.
func onAlert(verb, body string, before ...string) func(*testing.T, *hub) deed {
	return func(_ *testing.T, h *hub) deed {
		path := h.alert("acme", `{"type":"alert.created","dedup_key":"k","severity":"high"}`)
		for _, b := range before {
			h.want(200, "POST", path+b, "")
		}
		return deed{method: "POST", path: path + verb, body: body, target: tail(path)}
	}
}

// alertExercises are about the queue of alerts.
var alertExercises = map[string]func(*testing.T, *hub){
	"list-alerts": func(t *testing.T, h *hub) {
		for i, body := range []string{
			`{"type":"alert.created","dedup_key":"a","severity":"high","title":"Ten failed logins","alert_type":"brute_force","project":"p","risk_score":50,` +
				`"time":"2026-03-14T09:00:00Z","tags":["auth"],"rule":{"id":"auth-017"},"mitre":["T1110.001"],"geo":{"country":"The Netherlands"},"entities":[{"type":"ip","value":"203.0.113.7","observed":true}],"source":{"vendor":"v","product":"w"}}`,
			`{"type":"alert.created","dedup_key":"b","severity":"low","title":"A port scan","time":"2026-03-14T09:10:00Z","risk_score":90}`,
			`{"type":"alert.created","dedup_key":"c","severity":"critical","title":"Malware","time":"2026-03-14T09:05:00Z"}`,
		} {
			path := h.alert(event.DefaultAccount, body)
			if i == 1 {
				h.want(200, "POST", path+"/resolve", "")
			}
		}
		h.alert("elsewhere", `{"type":"alert.created","dedup_key":"a","title":"Ten failed logins"}`)
		reader := withKey(h.key(event.DefaultAccount, identity.AlertsRead))
		for query, want := range map[string]string{
			"":                                     "b c a",
			"?sort=severity":                       "c a b",
			"?sort=risk":                           "b a c",
			"?sort=first_seen":                     "b c a",
			"?status=open":                         "c a",
			"?status=open,resolved&severity=low":   "b",
			"?min_severity=high":                   "c a",
			"?min_severity=high&severity=low":      "",
			"?alert_type=brute_force":              "a",
			"?alert_type=none":                     "b c",
			"?project=p,q":                         "a",
			"?source=v/w":                          "a",
			"?assignee=none&status=resolved":       "b",
			"?assignee=dana@example.com":           "",
			"?incident=INC-7":                      "",
			"?entity=203.0.113.7":                  "a",
			"?entity=ip:203.0.113.7":               "a",
			"?entity=host:203.0.113.7":             "",
			"?tag=auth":                            "a",
			"?rule=auth-017":                       "a",
			"?country=nl":                          "a",
			"?country=none":                        "b c",
			"?country=NL,none&severity=low":        "b",
			"?country=NL&q=port":                   "",
			"?country=none&q=port":                 "b",
			"?mitre=t1110.001":                     "a",
			"?mitre=T1110":                         "a",
			"?mitre=T1110.002,T1078":               "",
			"?mitre=T1078,T1110.001&status=open":   "a",
			"?q=FAILED%20logins":                   "a",
			"?q=failed%20scan":                     "",
			"?q=%22%20OR%20NEAR(%20*%20-%20)%27--": "",
			"?since=2026-03-14T09:05:00Z":          "b c",
			"?until=2026-03-14T09:05:00Z":          "a",
			"?dedup_key=a":                         "a",
			"?dedup_key=nope":                      "",
		} {
			r := h.want(200, "GET", alertsPath+query, "", reader)
			var keys []string
			for _, k := range r.get("items.#.dedup_key").Array() {
				keys = append(keys, k.Str)
			}
			if strings.Join(keys, " ") != want {
				t.Errorf("%s gives %q, want %q", query, keys, want)
			}
		}
		r := h.want(200, "GET", alertsPath+"?facets=true&limit=1", "", reader)
		if r.get("facets.total").Int() != 3 || r.get("facets.status").Raw != `[{"value":"open","count":2},{"value":"resolved","count":1}]` ||
			r.get("facets.approximate").Bool() || r.get("facets.severity.#").Int() != 3 || r.get("facets.mitre").Raw != `[{"value":"T1110.001","count":1}]` ||
			r.get("facets.country").Raw != `[{"value":"","count":2},{"value":"NL","count":1}]` || r.get("facets.mitre_approximate").Bool() {
			t.Errorf("facets %s", r.get("facets"))
		}
		if next := h.want(200, "GET", alertsPath+"?limit=2&cursor="+r.get("next").Str, "", reader); next.get("items.#.dedup_key").Raw != `["c","a"]` || next.get("next").Exists() {
			t.Errorf("the next page is %s", next.body)
		}
		h.want(422, "GET", alertsPath+"?sort=risk&cursor="+r.get("next").Str, "", reader)
		h.want(422, "GET", alertsPath+"?cursor=nope", "", reader)
		h.want(422, "GET", alertsPath+"?incident=7", "", reader)
		h.want(422, "GET", alertsPath+"?status=closed", "", reader)
		h.want(403, "GET", alertsPath, "", withKey(h.key(event.DefaultAccount, identity.EventsRead)))
	},
	"get-alert": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a","title":"x","description":"more","labels":{"k":"v"},"geo":{"country":"NL"}}`)
		h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a","title":"x"}`)
		h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a","title":"x"}`)
		ticket := store.Ticket{Account: event.DefaultAccount, Integration: event.NewID(), Subject: tail(path), Ref: "42", Key: "SEC-42", URL: "https://x.example.com/42", SyncedAt: testTime, By: "jira: Dana Doe"}
		if err := h.store.SaveTicket(t.Context(), ticket); err != nil {
			t.Fatal(err)
		}
		r := h.want(200, "GET", path, "")
		if r.Header.Get("ETag") != `"3"` || r.get("count").Int() != 3 || r.get("description").Str != "more" || r.get("labels.k").Str != "v" || r.get("geo.country").Str != "NL" ||
			r.get("history.#.verb").Raw != `["repeat","create"]` || r.get("history.0.changed.count").Raw != `["1","3"]` || r.get("tickets.0.key").Str != "SEC-42" || r.get("tickets.0.by").Str != "jira: Dana Doe" {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "GET", r.get("links.deliveries").Str, "")
		h.want(404, "GET", alertsPath+"/"+event.NewID().Text(event.PrefixAlert), "")
		h.want(404, "GET", alertsPath+"/nope", "")
		h.account("acme", "")
		h.want(404, "GET", path, "", actIn("acme"))
	},
	"list-alert-history": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a"}`)
		for i := range 4 {
			h.want(200, "POST", path+"/note", fmt.Sprintf(`{"text":"note %d"}`, i))
		}
		first := h.want(200, "GET", path+"/history?limit=3", "")
		second := h.want(200, "GET", path+"/history?limit=3&cursor="+first.get("next").Str, "")
		if first.get("items.#.note").Raw != `["note 3","note 2","note 1"]` || second.get("items.#.verb").Raw != `["note","create"]` || second.get("next").Exists() {
			t.Errorf("pages %s and %s", first.body, second.body)
		}
		h.want(422, "GET", path+"/history?cursor=nope", "")
		h.want(404, "GET", alertsPath+"/"+event.NewID().Text(event.PrefixAlert)+"/history", "")
	},
	"acknowledge-alert": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a"}`)
		h.want(412, "POST", path+"/acknowledge", `{}`, withHeader("If-Match", `"9"`))
		r := h.want(200, "POST", path+"/acknowledge", `{"text":"mine"}`, withHeader("If-Match", `"1"`))
		if r.get("status").Str != "acknowledged" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		if again := h.want(200, "POST", path+"/acknowledge", ""); again.Header.Get("ETag") != `"2"` {
			t.Errorf("a second one gives %s", again.body)
		}
		said, err := h.store.ListOutbox(t.Context(), 10)
		if err != nil || len(said) != 1 || said[0].Type != "alert.acknowledged" || !strings.Contains(string(said[0].Event), `"note":"mine"`) {
			t.Errorf("said %+v, %v", said, err)
		}
		h.want(404, "POST", alertsPath+"/"+event.NewID().Text(event.PrefixAlert)+"/acknowledge", "")
		h.want(422, "POST", path+"/acknowledge", `{"text":"`+strings.Repeat("x", alerting.MaxNote+1)+`"}`)
		h.want(403, "POST", path+"/acknowledge", "", withKey(h.key(event.DefaultAccount, identity.AlertsRead)))
	},
	"resolve-alert": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a"}`)
		once := withHeader("Idempotency-Key", "one")
		if r := h.want(200, "POST", path+"/resolve", `{"text":"done"}`, once); r.get("status").Str != "resolved" {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "POST", path+"/reopen", "")
		if r := h.want(200, "POST", path+"/resolve", `{"text":"done"}`, once); r.get("status").Str != "open" {
			t.Errorf("the same change was made twice: %s", r.body)
		}
	},
	"reopen-alert": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.resolved","dedup_key":"a"}`)
		if r := h.want(200, "POST", path+"/reopen", `{"text":"no"}`); r.get("status").Str != "open" {
			t.Errorf("got %s", r.body)
		}
	},
	"assign-alert": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a"}`)
		if r := h.want(200, "POST", path+"/assign", `{"assignee":"dana@example.com"}`); r.get("assignee").Str != "dana@example.com" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", path+"/assign", `{"assignee":"da na"}`); fmt.Sprint(r.fields()) != "[assignee]" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "POST", path+"/assign", `{}`); r.get("assignee").Exists() {
			t.Errorf("got %s", r.body)
		}
	},
	"note-alert": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a"}`)
		h.want(200, "POST", path+"/note", `{"text":"<script>\u202e"}`)
		if r := h.want(200, "GET", path, ""); r.get("history.0.note").Str != "<script>\u202e" || r.get("history.0.by").Str != "test" || r.get("history.0.via").Str != "api" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", path+"/note", `{"text":" "}`)
		h.want(422, "POST", path+"/note", "")
	},
	"rate-alert": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a","severity":"high"}`)
		if r := h.want(200, "POST", path+"/severity", `{"severity":"low"}`); r.get("severity").Str != "low" {
			t.Errorf("got %s", r.body)
		}
		h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a","severity":"critical"}`)
		if r := h.want(200, "GET", path, ""); r.get("severity").Str != "low" {
			t.Errorf("an event undid what a person had said: %s", r.body)
		}
		h.want(422, "POST", path+"/severity", `{}`)
		h.want(422, "POST", path+"/severity", `{"severity":"loud"}`)
	},
	"change-alerts": func(t *testing.T, h *hub) {
		var ids []string
		for i := range 5 {
			ids = append(ids, tail(h.alert(event.DefaultAccount, fmt.Sprintf(`{"type":"alert.created","dedup_key":"k%d","alert_type":"t%d"}`, i, i%2))))
		}
		other := event.NewID().Text(event.PrefixAlert)
		r := h.want(200, "POST", alertsPath+"/bulk", `{"ids":["`+ids[0]+`","`+other+`","`+ids[0]+`"],"action":"resolve","text":"x"}`)
		if r.get("changed").Int() != 1 || r.get("failed").Int() != 1 || r.get("results.#").Int() != 2 || r.get("results.1.error").Str == "" {
			t.Errorf("got %s", r.body)
		}
		r = h.want(200, "POST", alertsPath+"/bulk", `{"filter":{"status":["open"],"alert_type":["t1"]},"action":"assign","assignee":"dana@example.com"}`)
		if r.get("changed").Int() != 2 || r.get("more").Bool() || r.get("failed").Int() != 0 {
			t.Errorf("got %s", r.body)
		}
		r = h.want(200, "POST", alertsPath+"/bulk", `{"filter":{"assignee":["dana@example.com"]},"action":"severity","severity":"critical"}`)
		if r.get("changed").Int() != 2 {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", alertsPath+"/bulk", `{"action":"resolve"}`)
		h.want(422, "POST", alertsPath+"/bulk", `{"ids":["nope"],"action":"resolve"}`)
		h.want(422, "POST", alertsPath+"/bulk", `{"filter":{},"action":"note"}`)
		h.want(422, "POST", alertsPath+"/bulk", `{"filter":{},"action":"delete"}`)
	},
}
