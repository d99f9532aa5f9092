package ingest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// gist is what the tables of this file look at: type, severity, alert type, dedup key and title.
func gist(t *testing.T, d Decoder, body string) []string {
	t.Helper()
	var list []string
	for _, text := range decoded(d, body) {
		var e event.Event
		if strings.HasPrefix(text, "error: ") {
			list = append(list, text)
			continue
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.Join([]string{e.Type, e.Severity.String(), e.AlertType, e.DedupKey, e.Title}, " | "))
	}
	return list
}

func TestSeedDialects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		d    Decoder
		body string
		want []string
	}{
		{
			name: "Source Defense by name", d: SourceDefense{},
			body: `{"event_name":"site_script.new_policy_rec","event_type":2,"timestamp":"2025-02-25T10:05:18","site_name":"Shop","script_name":"Maps","site_script_id":"x"}` + "\n" +
				`{"event_name":"site.data_missing","event_type":5,"timestamp":"2025-02-25T10:05:18","site_name":"Shop","payment_page_name":"Pay"}` + "\n" +
				`{"event_name":"site.unknown_domain","event_type":3,"timestamp":"2025-02-25T10:05:18","site_name":"Shop","domain":"evil.example"}`,
			want: []string{
				"script.policy_recommended | info | new_policy_rec | source-defense/site_script.new_policy_rec/2/x/2025-02-25T10:05:18 | New policy recommended for a script: Maps on Shop",
				"site.data_missing | medium | data_missing | source-defense/site.data_missing/5/2025-02-25T10:05:18 | Data missing: Pay on Shop",
				"site.unknown_domain | medium | unknown_domain | source-defense/site.unknown_domain/3/evil.example/2025-02-25T10:05:18 | Unknown domain: evil.example on Shop",
			},
		},
		{
			name: "Source Defense by code", d: SourceDefense{},
			body: `[{"event_type":1,"script_name":"Maps"},{"event_type":"6","script_name":"Maps"},{"event_type":4,"header_name":"csp"}]`,
			want: []string{
				"script.detected | low | new_script | source-defense/1 | New script: Maps",
				"script.behavior_changed | high | new_behavior | source-defense/6 | New behaviour of a script: Maps",
				"site.header_changed | high | header_change | source-defense/4/csp | Security header changed: csp",
			},
		},
		{
			name: "Source Defense unknown", d: SourceDefense{},
			body: `[{"event_name":"site_script.moved_house","event_type":77,"site_name":"Shop"},{"event_type":99},{"event_name":"Ünï","summary":"s"},{"site_name":"x"}]`,
			want: []string{
				"custom.source_defense.moved_house | info | other | source-defense/site_script.moved_house/77 | Source Defense site_script.moved_house on Shop",
				"custom.source_defense.event_99 | info | other | source-defense/99 | Source Defense event 99",
				"custom.source_defense.n | info | other | source-defense/Ünï | Source Defense Ünï: s",
				"error: event_name: is missing, and so is event_type: not an event of Source Defense",
			},
		},
		{
			name: "Source Defense for Splunk", d: SourceDefense{},
			body: `{"time":1,"sourcetype":"_json","event":{"event_name":"site_script.new_script","script_name":"Maps"}}`,
			want: []string{"script.detected | low | new_script | source-defense/site_script.new_script | New script: Maps"},
		},
		{
			name: "SOCWarden IP actions", d: SOCWarden{},
			body: `[{"alert_type":"ip_unblocked","ip":"203.0.113.0/24","severity":"low","summary":"s"},{"alert_type":"ip_whitelisted","ip":"2001:DB8::1","summary":"s"},{"alert_type":"ip_unheard_of","summary":"s","severity":"odd"}]`,
			want: []string{
				"ip.unblocked | low | ip_unblocked | socwarden/ip/203.0.113.0/24 | s",
				"ip.allowed | info | ip_whitelisted | socwarden/ip/2001:DB8::1 | s",
				"alert.created | high | ip_unheard_of | socwarden/ip_unheard_of | s",
			},
		},
		{
			name: "neither alert nor event of SOCWarden", d: SOCWarden{}, body: `{"source":"socwarden"}`,
			want: []string{"error: alert_type: is missing: not an alert of SOCWarden"},
		},
		{
			name: "Wardex cases", d: Wardex{},
			body: `[{"case_id":7,"status":"escalated","severity":"severe","title":"a"},{"case_id":"C","status":"Resolved","severity":"odd"},{"a":1}]`,
			want: []string{
				"incident.updated | high |  | wardex/case/7 | a",
				"incident.closed | info |  | wardex/case/C | ",
				"error: not of Wardex: want a case (case_id), an alert (hostname, score, reasons) or a new case (title, priority)",
			},
		},
		{
			name: "Wardex alerts", d: Wardex{},
			body: `[{"hostname":"h","score":9.5,"reasons":["b","a"]},{"hostname":"h","score":9.5,"level":"Elevated","reasons":["a","b"]},{"hostname":"192.0.2.1","score":4},{"hostname":"h","score":1e9,"reasons":[]}]`,
			want: []string{
				"alert.created | critical | b | wardex/alert/h/a/b | b, a on h",
				"alert.created | medium | a | wardex/alert/h/Elevated/a/b | a, b on h",
				"alert.created | medium |  | wardex/alert/192.0.2.1 | 192.0.2.1",
				"alert.created | critical |  | wardex/alert/h | h",
			},
		},
		{
			name: "SoCMate", d: SoCMate{},
			body: `[{"event_type":"schedule-disabled","timestamp":"2026-03-27T10:35:00Z","data":{"schedule_id":"s","schedule_name":"Daily","consecutive_failures":5,"last_error":"e"}},` +
				`{"event_type":"sync-failed","data":{}},{"event_type":"incident-alert"},{"data":{}}]`,
			want: []string{
				"schedule.disabled | " + event.DefaultSeverity("schedule.disabled").String() + " | schedule_disabled | socmate/schedule/s | Schedule disabled: Daily",
				"custom.socmate.sync_failed | info | sync_failed | socmate/sync-failed | SoCMate: sync-failed",
				"error: data: is missing: want an object",
				"error: event_type: is missing: not a notification of SoCMate",
			},
		},
		{
			name: "Wallarm system messages", d: Wallarm{},
			body: `[{"summary":"s","details":{"notification_type":"rule_create"}},{"summary":"s","details":{"notification_type":"integration_broken"}},{"summary":"s","details":{"notification_type":"api_structure_changed"}},` +
				`{"summary":"s","details":{"notification_type":"create_application"}},{"summary":"s","details":{"notification_type":"vuln_high"}}]`,
			want: []string{
				"system.rule_changed | info | rule_create | wallarm/rule_create | s",
				"system.integration_disabled | medium | integration_broken | wallarm/integration_broken | s",
				"scope.api_changed | low | api_structure_changed | wallarm/api_structure_changed | s",
				"scope.application_created | info | create_application | wallarm/create_application | s",
				"vulnerability.detected | high | vuln_high | wallarm/vuln_high | s",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, gist(t, c.d, c.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWallarmExpiry(t *testing.T) {
	t.Parallel()
	got := decoded(Wallarm{}, `{"summary":"s","details":{"notification_type":"ip_blocked","ip":"1.1.1.1","expire_at":"2021-06-10 02:27:15 +0300"}}`)
	if len(got) != 1 || !strings.Contains(got[0], `"expire_at":"2021-06-09T23:27:15Z"`) || !strings.Contains(got[0], `{"type":"ip","value":"1.1.1.1","role":"source","observed":true}`) {
		t.Error(got)
	}
}

func TestSOCWardenContextIsNotObserved(t *testing.T) {
	t.Parallel()
	for source, observed := range map[string]bool{"sdk": true, "agent": true, "browser": false} {
		got := decoded(SOCWarden{}, `{"event":"auth.login.failure","source":"`+source+`","actor_id":"u","ip":"203.0.113.9","context":{"request":{"ip":"198.51.100.1","path":"/login"},"browser":{"ip":"198.51.100.2"}}}`)
		var e event.Event
		if len(got) != 1 || json.Unmarshal([]byte(got[0]), &e) != nil {
			t.Fatal(got)
		}
		want := []event.Entity{{Type: "ip", Value: "203.0.113.9", Role: "source", Observed: observed}, {Type: "user", Value: "u", Role: "actor"}}
		if diff := cmp.Diff(want, e.Entities); diff != "" || e.Endpoint != "/login" {
			t.Errorf("%s: %s %q", source, diff, e.Endpoint)
		}
	}
}

func TestIntake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		status     int
		want       []string // field: message
	}{
		{"least", `{"event":"auth.login.success"}`, 202, nil},
		{"nulls", `{"event":"auth.login.success","ip":null,"metadata":null}`, 202, nil},
		{"unknown prefix", `{"event":"weather.changed"}`, 202, nil},
		{"a native event", `{"event":"auth.login.success","type":"alert.created","severity":"high"}`, 422, []string{
			"severity: is not a field of an event: known are event, source, actor_id, actor_email, user_agent, ip, timestamp, metadata and context",
			"type: is not a field of an event: known are event, source, actor_id, actor_email, user_agent, ip, timestamp, metadata and context",
		}},
		{"no name", `{}`, 422, []string{"event: is missing"}},
		{"upper case", `{"event":"Auth.Login"}`, 422, []string{`event: "Auth.Login" is not the name of an event such as "auth.login.failure": want ` + event.TypePattern}},
		{"underscore first", `{"event":"my_app.x"}`, 422, []string{`event: "my_app.x" is not the name of an event such as "auth.login.failure": want ` + event.TypePattern}},
		{"too long", `{"event":"` + strings.Repeat("a", 29) + "." + strings.Repeat("b", 29) + "." + strings.Repeat("c", 29) + "." + strings.Repeat("d", 29) + `"}`, 422, []string{"event: 119 bytes are more than 100"}},
		{"everything wrong", `{"event":"a.b","source":"x","ip":"300.1.1.1","timestamp":"yesterday","metadata":[],"context":"c","user_agent":5}`, 422, []string{
			"context: want an object", "metadata: want an object", "user_agent: want a string", `source: "x" is none of sdk, agent and browser`,
			`ip: "300.1.1.1" is not an address`, `timestamp: "yesterday" is not a time such as "2026-03-27T10:29:58Z"`,
		}},
		{"an alert is none", `{"event":"alert.created","source":"socwarden","alert_type":"x"}`, 422, nil},
		{"not JSON", `{"event"`, 422, nil},
		{"nothing", ``, 422, nil},
		{"reserved", `{"event":"audit.other"}`, 403, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(Limits{})
			w := b.post(IntakePath, c.body, "Content-Type", "application/json")
			if w.Code != c.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if c.status == http.StatusAccepted {
				if w.Body.String() != `{"status":"accepted"}` || len(b.journal.all()) != 1 {
					t.Errorf("%s", w.Body)
				}
				return
			}
			var problem struct {
				Error, Message string
				Errors         []struct{ Field, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || problem.Message == "" || problem.Error == "" || strings.ToUpper(problem.Error) != problem.Error {
				t.Errorf("%v: %s", err, w.Body)
			}
			var got []string
			for _, e := range problem.Errors {
				got = append(got, e.Field+": "+e.Message)
			}
			if diff := cmp.Diff(c.want, got); c.want != nil && diff != "" {
				t.Error(diff)
			}
			if len(b.journal.all()) != 0 {
				t.Error("something was journalled")
			}
		})
	}
}

func TestIntakeBatchAndKeys(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	w := b.post(IntakePath, `[{"event":"a.b"},{"event":"B"},{"event":"c.d"}]`)
	var a struct {
		Status   string
		Accepted int
		IDs      []string
		Rejected []struct{ Index int }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 202 || a.Status != "accepted" || a.Accepted != 2 || len(a.IDs) != 2 || len(a.Rejected) != 1 || a.Rejected[0].Index != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := b.serve(mustRequest(http.MethodGet, IntakePath)); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
	if w := b.post(IntakePath, `{"event":"a.b"}`, "X-API-Key", "-"); w.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d", w.Code)
	}
	if w := b.post(IntakePath, `{"event":"a.b"}`, "X-API-Key", "alerts-only"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `"error":"EVENT_TYPE_NOT_ALLOWED"`) {
		t.Errorf("another type: %d %s", w.Code, w.Body)
	}
	before := len(b.journal.all())
	for i := range 2 {
		w := b.post(IntakePath, `{"event":"a.b"}`, "Idempotency-Key", "once")
		if w.Code != 202 || w.Body.String() != `{"status":"accepted"}` || (w.Header().Get("Idempotency-Replayed") == "true") != (i == 1) {
			t.Errorf("%d: %d %s", i, w.Code, w.Body)
		}
	}
	if n := len(b.journal.all()) - before; n != 1 {
		t.Errorf("%d events of one key", n)
	}
}

// TestLongSeedTexts: texts that are longer than the envelope's fields are cut, and the event is taken.
func TestLongSeedTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 9000)
	for d, body := range map[Decoder]string{
		SourceDefense{}: `{"event_name":"L","script_name":"L","site_name":"L","account_name":"L","account_id":"L","site_id":"L","site_script_id":"L","domain":"L"}`,
		SOCWarden{}:     `{"alert_type":"L","summary":"L","actor":"L","ip":"L","project":"L","mitre":"L","tags":["L","L"],"org_name":"L","alert_id":"L"}`,
		Wardex{}:        `{"case_id":"L","severity":"L","status":"L","title":"L","endpoint_id":"L","rule":"L","mitre":["L"],"wardex_url":"L"}`,
		SoCMate{}:       `{"event_type":"L","id":"L","data":{"title":"L","error":"L","provider":"L","url":"L","status":"L","session_id":"L","incident_number":"L","schedule_name":"L"}}`,
		Wallarm{}:       `{"summary":"L","details":{"notification_type":"L","client_name":"L","trigger_name":"L","application":"L","ip":"L"}}`,
	} {
		if got := decoded(d, strings.ReplaceAll(body, `"L"`, `"`+long+`"`)); len(got) != 1 || strings.HasPrefix(got[0], "error") {
			t.Errorf("%s: %.300s", d.Name(), got)
		}
	}
}

func TestCorpusInSeedDialects(t *testing.T) {
	t.Parallel()
	var texts []string
	if err := json.Unmarshal(readShared(t, "corpora", "naughty-strings.json"), &texts); err != nil {
		t.Fatal(err)
	}
	bodies := []string{
		`{"event_name":"site_script.new_script","script_name":T,"site_name":T,"domain":T}`, `{"alert_type":T,"summary":T,"actor":T,"ip":T,"tags":[T],"severity":T}`,
		`{"case_id":"1","title":T,"endpoint_id":T,"rule":T,"mitre":[T],"status":T,"severity":T}`, `{"hostname":T,"score":1,"reasons":[T],"mitre":[{"technique_id":T}]}`,
		`{"event_type":T,"data":{"title":T,"status":T}}`, `{"event":"a.b","actor_id":T,"user_agent":T,"metadata":{"a":T}}`, `{"summary":T,"details":{"notification_type":T,"ip":T,"expire_at":T}}`,
	}
	for _, text := range texts {
		quoted := string(event.AppendString(nil, text))
		for _, d := range []Decoder{SourceDefense{}, SOCWarden{}, Wardex{}, SoCMate{}, Wallarm{}} {
			for _, body := range bodies {
				for _, got := range decoded(d, strings.ReplaceAll(body, "T", quoted)) {
					if strings.HasPrefix(got, "error: ") {
						continue
					}
					var e event.Event
					if err := json.Unmarshal([]byte(got), &e); err != nil || !event.ValidType(e.Type) {
						t.Fatalf("%s with %q: %v %s", d.Name(), text, err, got)
					}
				}
			}
		}
	}
}

func fuzzSeed(f *testing.F, d Decoder, bodies ...string) {
	for _, b := range bodies {
		f.Add([]byte(b))
	}
	fuzzDecoder(f, d)
}

func FuzzDecodeSourceDefense(f *testing.F) {
	fuzzSeed(f, SourceDefense{}, `{"event_name":"site.header_change","event_type":4,"timestamp":"2025-02-25T08:56:50","header_id":null}`, `[{"event_type":1},{"event_type":"99"}]`, `{"time":1,"event":{"event_name":"site_script.new_script"}}`)
}

func FuzzDecodeSOCWarden(f *testing.F) {
	fuzzSeed(f, SOCWarden{}, `{"event":"alert.created","source":"socwarden","alert_type":"ip_blocked","ip":"203.0.113.42/32","risk_score":0,"tags":[]}`, `{"event":"data.exported","source":"sdk","ip":"::1","context":{"request":{}}}`)
}

func FuzzDecodeWardex(f *testing.F) {
	fuzzSeed(f, Wardex{}, `{"case_id":"C","severity":"elevated","mitre":["T1"]}`, `{"event":{"hostname":"h","score":6.2,"reasons":["a"],"mitre":[{"technique_id":"T1"}]},"source":"x"}`, `{"title":"t","priority":"high","event_ids":[1]}`)
}

func FuzzDecodeSoCMate(f *testing.F) {
	fuzzSeed(f, SoCMate{}, `{"event_type":"investigation-completed","timestamp":"2026-03-27T10:35:00Z","data":{"session_id":"s","risk_score":7.5}}`, `{"event_type":"x","data":{"risk_score":"1e400"}}`)
}

func TestDecodersAreListedOnce(t *testing.T) {
	t.Parallel()
	var names []string
	for _, d := range Decoders() {
		if slices.Contains(names, d.Name()) {
			t.Errorf("%s twice", d.Name())
		}
		names = append(names, d.Name())
	}
}
