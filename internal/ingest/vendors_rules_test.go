package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// marked puts a member that no tool knows into every object of a value.
func marked(v any, count *int) any {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			v[name] = marked(e, count)
		}
		*count++
		v["zz_unknown"] = fmt.Sprintf("kept-%d", *count)
	case []any:
		for i, e := range v {
			v[i] = marked(e, count)
		}
	}
	return v
}

// TestUnknownMembersAreKept: a member that no tool knows stays in data, whichever object it stands in.
func TestUnknownMembersAreKept(t *testing.T) {
	t.Parallel()
	for _, d := range vendors {
		for _, file := range fixtures(t, d) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			decoder := json.NewDecoder(strings.NewReader(string(body)))
			for decoder.More() {
				var v any
				if err := decoder.Decode(&v); err != nil {
					t.Fatal(err)
				}
				items := []any{v}
				if list, ok := v.([]any); ok {
					items = list
				}
				for _, item := range items {
					unknownKept(t, d, file, item)
				}
			}
		}
	}
}

func unknownKept(t *testing.T, d Decoder, file string, item any) {
	t.Helper()
	count := 0
	body, err := json.Marshal(marked(item, &count))
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for item, err := range d.Decode(body, headersOf(d, file), event.Limits{}) {
		if err != nil {
			return // not one of the tool's
		}
		var data any
		if err := json.Unmarshal(item.Event.Data, &data); err != nil {
			t.Fatal(err)
		}
		have = leaves(data, have)
		for name, value := range item.Event.Labels {
			have = append(have, name, value)
		}
	}
	for i := 1; i <= count; i++ {
		if want := fmt.Sprintf("kept-%d", i); !slices.Contains(have, want) {
			t.Errorf("%s of %s was lost from %s", want, filepath.Base(file), body)
		}
	}
}

func TestVendorSeverities(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d    Decoder
		body string // %s is the value
		want map[string]string
	}{
		{Suricata{}, `{"event_type":"alert","alert":{"severity":%s}}`, map[string]string{`1`: "high", `"2"`: "medium", `3`: "low", `4`: "info", `255`: "info", `null`: "info"}},
		{Wazuh{}, `{"rule":{"id":"1","level":%s}}`, map[string]string{
			`0`: "info", `3`: "info", `4`: "low", `6`: "low", `7`: "medium", `11`: "medium", `"12"`: "high", `14`: "high", `15`: "critical", `16`: "critical", `null`: "medium",
		}},
		{GuardDuty{}, `{"type":"A:B/C","severity":%s}`, map[string]string{
			`0.1`: "low", `1.0`: "low", `3.9`: "low", `4`: "medium", `6.9`: "medium", `7`: "high", `8.9`: "high", `9.0`: "critical", `10`: "critical", `0`: "info", `"5"`: "medium", `"NaN"`: "medium",
		}},
		{OCSF{}, `{"class_uid":6003,"severity_id":%s}`, map[string]string{`0`: "info", `1`: "info", `2`: "low", `3`: "medium", `4`: "high", `5`: "critical", `6`: "critical", `99`: "info"}},
		{OCSF{}, `{"class_uid":6003,"time":17723607130000,"severity":%s}`, map[string]string{`"High"`: "high", `"weird"`: "info"}},
		{Okta{}, `{"eventType":"x","severity":%s}`, map[string]string{`"DEBUG"`: "info", `"INFO"`: "info", `"WARN"`: "medium", `"ERROR"`: "high", `"?"`: "info"}},
		{Okta{}, `{"eventType":"x","outcome":{"result":"FAILURE"},"severity":%s}`, map[string]string{`"INFO"`: "low", `"ERROR"`: "high"}},
		{Alertmanager{}, `{"labels":{"severity":%s}}`, map[string]string{
			`"critical"`: "critical", `"page"`: "critical", `"error"`: "high", `"HIGH"`: "high", `"warning"`: "medium", `"low"`: "low", `"info"`: "info", `"none"`: "info", `"?"`: "medium", `null`: "medium",
		}},
		{Grafana{}, `{"labels":{"priority":%s}}`, map[string]string{`"P1"`: "critical", `" minor "`: "low"}},
		{GitHub{}, `{"action":"created","alert":{"rule":{"severity":"note","security_severity_level":%s},"tool":{}}}`, map[string]string{`"critical"`: "critical", `"low"`: "low", `null`: "info"}},
	} {
		for value, want := range c.want {
			for item, err := range c.d.Decode(fmt.Appendf(nil, c.body, value), http.Header{}, event.Limits{}) {
				if err != nil || item.Event.Severity.String() != want {
					t.Errorf("%s %s: %v (%v), want %s", c.d.Name(), value, item.Event.Severity, err, want)
				}
			}
		}
	}
}

func TestOktaTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   string
		failed bool
		want   string
	}{
		{"user.session.start", false, "auth.login.success"},
		{"user.session.start", true, "auth.login.failure"},
		{"user.session.end", false, "auth.logout"},
		{"user.session.access_admin_app", false, "identity.event"},
		{"user.authentication.auth_via_mfa", true, "auth.mfa.failure"},
		{"user.authentication.auth_via_mfa", false, "auth.mfa.challenge"},
		{"user.authentication.auth_via_radius", true, "auth.login.failure"},
		{"user.account.update_password", false, "auth.password.changed"},
		{"user.account.update_profile", false, "account.updated"},
		{"user.account.lock", false, "account.locked"},
		{"user.account.unlock_by_admin", false, "account.unlocked"},
		{"user.account.privilege.grant", false, "account.role.changed"},
		{"user.account.privilege.grant", true, "identity.event"},
		{"user.lifecycle.delete.initiated", false, "account.deleted"},
		{"policy.evaluate_sign_on", false, "identity.event"},
		{"policy.lifecycle.update", false, "admin.policy.changed"},
		{"application.lifecycle.deactivate", false, "admin.app.changed"},
		{"system.api_token.revoke", false, "admin.api_key.revoked"},
		{"app.oauth2.as.token.grant.access_token", false, "auth.token.created"},
		{"security.threat.detected", true, "detection.suspicious_login"},
		{"", false, "identity.event"},
	} {
		if got := oktaType(c.kind, c.failed); got != c.want {
			t.Errorf("%s (failed %v): %s, want %s", c.kind, c.failed, got, c.want)
		}
	}
	for prefix, types := range oktaTypes {
		if !event.ValidType(types[0]) || types[1] != "" && !event.ValidType(types[1]) {
			t.Errorf("%s: %v", prefix, types)
		}
	}
}

func TestOktaHandshake(t *testing.T) {
	t.Parallel()
	ask := func(method, path, challenge string) (*httptest.ResponseRecorder, bool) {
		b := newBench(Limits{})
		r := httptest.NewRequest(method, path, nil)
		if challenge != "" {
			r.Header.Set(oktaChallenge, challenge)
		}
		served := b.Serves(r)
		return b.serve(r), served
	}
	for _, challenge := range []string{"Me_rShK8JHsTnbyYrWXCEoMGbM_zsZ6k0hLPZ_Pg", `a"}</script>\`, strings.Repeat("x", maxChallenge)} {
		w, served := ask(http.MethodGet, SourcePath+"okta", challenge)
		var answer map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || !served || w.Code != http.StatusOK {
			t.Fatalf("%d %s (%v)", w.Code, w.Body, err)
		}
		if len(answer) != 1 || answer["verification"] != challenge || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %v", w.Body, w.Header())
		}
	}
	for _, c := range []struct{ method, path, challenge string }{
		{http.MethodGet, SourcePath + "okta", ""},
		{http.MethodGet, SourcePath + "okta", strings.Repeat("x", maxChallenge+1)},
		{http.MethodGet, SourcePath + "okta", "two words"},
		{http.MethodGet, SourcePath + "okta", "caf\u00e9"},
		{http.MethodGet, SourcePath + "okta", "a\x00b"},
		{http.MethodGet, SourcePath + "falco", "c"},
		{http.MethodGet, SourcePath + "nobody", "c"},
		{http.MethodGet, EventsPath, "c"},
		{http.MethodHead, SourcePath + "okta", "c"},
	} {
		w, _ := ask(c.method, c.path, c.challenge)
		if w.Code == http.StatusOK || strings.Contains(w.Body.String(), "verification") {
			t.Errorf("%s %s %.20q: %d %s", c.method, c.path, c.challenge, w.Code, w.Body)
		}
	}
	if w, served := ask(http.MethodPost, SourcePath+"okta", "c"); !served || w.Code == http.StatusOK {
		t.Errorf("a POST with the header: %d", w.Code)
	}
}

func TestGitHubForm(t *testing.T) {
	t.Parallel()
	payload, err := os.ReadFile(filepath.Join("testdata", "github", "code_scanning_alert.created.json"))
	if err != nil {
		t.Fatal(err)
	}
	form := "payload=" + url.QueryEscape(string(payload))
	headers := []string{"Content-Type", formType, "X-GitHub-Event", "code_scanning_alert", "X-GitHub-Delivery", "d-1", "X-GitHub-Enterprise-Host", "github.example.com"}
	b := newBench(Limits{})
	if w := b.post(SourcePath+"github", form, headers...); w.Code != http.StatusAccepted {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	r := b.journal.all()[0]
	e, err := r.Event()
	if err != nil {
		t.Fatal(err)
	}
	if string(r.SenderBytes()) != form || e.Type != "vulnerability.detected" || e.Source.ID != "d-1" || e.Source.Instance != "github.example.com" {
		t.Errorf("%s %+v", e.Type, e.Source)
	}
	for _, bad := range []string{"a=b", "payload=", "payload=%7B%zz", "payload=x"} {
		if w := newBench(Limits{}).post(SourcePath+"github", bad, headers...); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", bad, w.Code, w.Body)
		}
	}
	if w := newBench(Limits{}).post(SourcePath+"falco", form, headers...); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a form for another dialect: %d", w.Code)
	}
}

// TestGitHubWithoutHeader: files of payloads are read by what stands in them.
func TestGitHubWithoutHeader(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t, GitHub{}) {
		kind, _, _ := strings.Cut(filepath.Base(file), ".")
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for item, err := range (GitHub{}).Decode(body, http.Header{}, event.Limits{}) {
			if strings.HasPrefix(kind, "branch_") {
				if err == nil {
					t.Errorf("%s: read as %s", kind, item.Event.Type)
				}
				continue
			}
			if err != nil || !strings.Contains(string(item.Event.Data), `"github_event":"`+kind+`"`) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}

// TestLargeGroup: a group may be larger than an event; what it says about all of its events does not multiply.
func TestLargeGroup(t *testing.T) {
	t.Parallel()
	alert := func(i int) string {
		return fmt.Sprintf(`{"labels":{"alertname":"a","n":"%d","x":%q},"startsAt":"2026-03-01T10:00:00Z","fingerprint":"f%d"}`, i, strings.Repeat("x", 300), i)
	}
	var alerts []string
	for i := range 3000 {
		alerts = append(alerts, alert(i))
	}
	body := `{"commonAnnotations":{"note":` + fmt.Sprintf("%q", strings.Repeat("n", groupContext)) + `},"externalURL":"http://am","alerts":[` + strings.Join(alerts, ",") + `]}`
	if len(body) < event.MaxEventBytes {
		t.Fatal("the test's group is too small")
	}
	b := newBench(Limits{})
	if w := b.post(SourcePath+"alertmanager", body); w.Code != http.StatusAccepted {
		t.Fatalf("%d %.300s", w.Code, w.Body)
	}
	records := b.journal.all()
	if len(records) != len(alerts) {
		t.Fatalf("%d events", len(records))
	}
	for i, r := range records {
		if has := strings.Contains(string(r.Body), "commonAnnotations"); has != (i == 0) || string(r.Raw) != alerts[i] {
			t.Fatalf("event %d: context %v, raw %.80s", i, has, r.Raw)
		}
	}
}

// TestGroupErrors: a bad member of a group spoils only itself; a broken group is refused.
func TestGroupErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"alerts":[{"labels":{"alertname":"a"}},7,{"labels":null}]}`: {
			`{"type":"alert.created","severity":"medium","title":"a","alert_type":"a","dedup_key":"alertmanager/alertname=a","rule":{"name":"a"},"labels":{"alertname":"a"},"source":{"vendor":"prometheus","product":"alertmanager"}}`,
			"error: want a JSON object", "error: labels: is missing: not an alert of alertmanager",
		},
		`{"alerts":[],"alerts":[]}`: {`error: at byte 13: duplicate member name "alerts"`},
		`{"alerts":[]}`:             nil,
		`7`:                         {"error: want a JSON object"},
		`{"alerts":[{]}`:            {`error: at byte 12: unexpected ']': want a member name in '"'`},
	} {
		if got := decoded(Alertmanager{}, body); !slices.Equal(got, want) {
			t.Errorf("%s became %q", body, got)
		}
	}
}

// TestClaimedAddresses: an address that one side of a connection only claims is never observed.
func TestClaimedAddresses(t *testing.T) {
	t.Parallel()
	const victim = "192.0.2.200"
	for _, body := range []string{
		`"event_type":"http","http":{"hostname":"192.0.2.200","url":"/"}`,
		`"event_type":"http","http":{"hostname":"192.0.2.200:8080","url":"/"}`,
		`"event_type":"http","http":{"xff":"192.0.2.200","true_client_ip":"192.0.2.200"}`,
		`"event_type":"alert","alert":{"xff":"192.0.2.200"}`,
		`"event_type":"tls","tls":{"sni":"192.0.2.200."}`,
		`"event_type":"dns","dns":{"rrname":"192.0.2.200","answers":[{"rrtype":"A","rdata":"192.0.2.200"}]}`,
	} {
		found := false
		for item, err := range (Suricata{}).Decode([]byte(`{"src_ip":"10.0.0.1","dest_ip":"10.0.0.2",`+body+`}`), nil, event.Limits{}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range item.Event.Entities {
				found = found || e.Value == victim
				if e.Type == "ip" && e.Value == victim && e.Observed {
					t.Errorf("%s: observed", body)
				}
			}
		}
		if !found {
			t.Errorf("%s: not found", body)
		}
	}
}

// TestSNSAddress: only an address of Amazon's becomes a link.
func TestSNSAddress(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription": true, "https://sns.cn-north-1.amazonaws.com.cn/?x": true,
		"http://sns.us-east-1.amazonaws.com/": false, "https://sns.us-east-1.amazonaws.com.evil.example/": false,
		"https://sns.us-east-1.amazonaws.com@evil.example/": false, "javascript:alert(1)": false, "": false,
	} {
		for item, err := range (GuardDuty{}).Decode(fmt.Appendf(nil, `{"Type":"SubscriptionConfirmation","SubscribeURL":%q}`, address), nil, event.Limits{}) {
			if err != nil || (item.Event.URL != "") != ok {
				t.Errorf("%q: %q (%v)", address, item.Event.URL, err)
			}
		}
	}
}

// fuzzVendor fuzzes a decoder, beginning with its fixtures: beside what holds for all of them, what it yields has no field
// that an event may not have.
func fuzzVendor(f *testing.F, d Decoder) {
	for _, file := range fixtures(f, d) {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		for line := range bytes.Lines(body) {
			f.Add(bytes.Clone(line))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkDecoded(t, d, body)
		for item, err := range d.Decode(body, nil, event.Limits{}) {
			if err != nil {
				continue
			}
			_, err := event.FromEvent(&item.Event, event.Origin{Account: event.DefaultAccount, Received: testNow}, event.Limits{})
			if fields, ok := errors.AsType[event.FieldErrors](err); ok {
				t.Fatalf("%q: %v", body, fields)
			}
		}
	})
}

func FuzzDecodeSuricata(f *testing.F)     { fuzzVendor(f, Suricata{}) }
func FuzzDecodeWazuh(f *testing.F)        { fuzzVendor(f, Wazuh{}) }
func FuzzDecodeCrowdSec(f *testing.F)     { fuzzVendor(f, CrowdSec{}) }
func FuzzDecodeGrafana(f *testing.F)      { fuzzVendor(f, Grafana{}) }
func FuzzDecodeAlertmanager(f *testing.F) { fuzzVendor(f, Alertmanager{}) }
func FuzzDecodeGuardDuty(f *testing.F)    { fuzzVendor(f, GuardDuty{}) }
func FuzzDecodeOkta(f *testing.F)         { fuzzVendor(f, Okta{}) }
func FuzzDecodeGitHub(f *testing.F)       { fuzzVendor(f, GitHub{}) }
func FuzzDecodeOCSF(f *testing.F)         { fuzzVendor(f, OCSF{}) }
