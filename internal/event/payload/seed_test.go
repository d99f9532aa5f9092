package payload

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

var testReceived = time.Date(2026, 3, 1, 10, 15, 30, 500, time.UTC)

// vendorProfiles are the forms of other products that this file tests.
var vendorProfiles = []Profile{socwarden, wardex, socmate, wallarm1, wallarm2, wallarm3, wallarm4, sourceDefense, falco, alertmanager}

// recordOf makes a record of a native event.
func recordOf(t testing.TB, text string) *event.Record {
	t.Helper()
	r, err := event.Parse([]byte(text), event.DefaultAccount, testReceived, event.Limits{})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if r.ID, err = event.ParseID(event.PrefixEvent, "evt_01h455vb4pex5vsknk084sn02q"); err != nil {
		t.Fatal(err)
	}
	return r
}

// written gives what a profile makes of a record, and checks what holds for all.
func written(t testing.TB, p Profile, r *event.Record) []byte {
	t.Helper()
	write, err := p.Open(Options{PublicURL: "https://tocsin.example.com", Organisation: "Example Org"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := write([]byte("x"), r)
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	b = b[1:]
	if !json.Valid(b) || b[0] != '{' || bytes.ContainsAny(b, "\n\r") {
		t.Fatalf("%s: not one JSON object on one line: %s", p.Name, b)
	}
	return b
}

// goldenEvents are events whose payloads stand in testdata, one file for each profile.
var goldenEvents = []struct{ name, event string }{
	{"least", `{"type":"custom.event","time":"2026-03-01T10:00:00Z"}`},
	{"alert", `{"type":"alert.created","time":"2026-03-01T10:00:00.25Z","severity":"high","title":"57 failed logins for alice@example.com","description":"Then one that worked.",
		"project":"production-api","alert_type":"brute_force","dedup_key":"brute_force/203.0.113.7","rule":{"id":"auth-017","name":"Failed logins"},"mitre":["T1110.001","T1078"],
		"risk_score":84,"status":"open","actor":"alice@example.com","entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},{"type":"user","value":"alice@example.com","role":"target"},{"type":"host","value":"web-1","role":"target"}],
		"geo":{"country":"Netherlands","country_code":"NL","city":"Amsterdam","latitude":52.37,"extra":{"a":1}},"network":{"asn":64500,"isp":"Example Hosting","is_tor":false,"is_vpn":true},
		"tags":["auth"],"labels":{"team":"blue","a-b":"no name of a label"},"url":"https://siem.example.com/a/1"}`},
	{"resolved", `{"type":"alert.resolved","time":"2026-03-01T11:00:00Z","title":"Failed logins: resolved","dedup_key":"brute_force/203.0.113.7","alert_type":"brute_force"}`},
	{"incident", `{"type":"incident.updated","time":"2026-03-01T10:00:00Z","severity":"critical","title":"INC-1042: contained","incident":"INC-1042","status":"contained"}`},
	{"block", `{"type":"ip.blocked","time":"2026-03-01T10:00:00Z","title":"2001:db8::5 blocked","actor":"dana@example.com","entities":[{"type":"ip","value":"2001:db8::5","role":"target","observed":true}],"data":{"reason":"scans","expires_at":"2026-03-02T10:00:00Z"}}`},
	{"hit", `{"type":"hit.detected","time":"2023-12-25T15:57:03Z","severity":"medium","title":"[Wallarm] New hit detected: sqli in GET example.com/","project":"default","alert_type":"sqli","endpoint":"/","status":"monitored",
		"entities":[{"type":"ip","value":"8.8.8.8","role":"source","observed":true},{"type":"host","value":"example.com","role":"target","observed":true}],"source":{"vendor":"wallarm","product":"waf","instance":"EU","id":"hits_1/x"},
		"data":{"client_name":"C","cloud":"EU","notification_type":"new_hits","summary":"[Wallarm] New hit detected","hit":{"host":"example.com","heur_distance":20.714285714285715,"method":"GET","path":"/","payloads":["1' select version();"],
		"point":["get","id"],"remote_port":41253,"remote_addr4":"8.8.8.8","request_time":1703519823,"create_time":1703519826,"stamps":[7965],"stamps_hash":271168947,"type":"sqli","id":["hits_1","x"],"anomaly":1.0357142857142858,"lom_id":932,"surprise":{"a":1}}}}`},
	{"attack", `{"type":"detection.path_traversal","time":"2026-03-01T10:00:00Z","severity":"high","title":"../../etc/passwd asked for","endpoint":"/files","entities":[{"type":"ip","value":"2001:db8::7","role":"source","observed":true}]}`},
	{"vulnerability", `{"type":"vulnerability.detected","time":"2026-03-01T10:00:00Z","severity":"critical","title":"Old library","alert_type":"cve","endpoint":"/a","entities":[{"type":"host","value":"www.example.com","role":"target"}],"source":{"vendor":"example","id":"282157"}}`},
	{"investigation", `{"type":"investigation.completed","time":"2026-03-01T10:00:00Z","title":"Four accounts tried","risk_score":62.5,"source":{"vendor":"socmate","product":"sentinel","id":"sess_1"},"data":{"session_id":"sess_1","schedule_id":"sched_1","schedule_name":"Daily","entity_count":5,"finding_count":3}}`},
	{"schedule", `{"type":"schedule.disabled","time":"2026-03-01T10:00:00Z","title":"Schedule disabled: Daily","description":"timed out","data":{"schedule_id":"of another product"}}`},
	{"header", `{"type":"site.header_changed","time":"2026-03-01T10:00:00Z","title":"Security header changed","project":"shop","source":{"vendor":"source-defense"},"data":{"event_name":"site.header_change","event_type":4,"account_id":"7","site_id":"9","payment_page_id":1909,"payment_page_name":"Pay","header_id":null,"header_name":"csp","header_baseline_value":"base","header_new_value":"now"}}`},
	{"falco", `{"type":"detection.falco_rule","time":"2026-03-01T10:00:00.000000001Z","severity":"medium","title":"Shell","description":"A shell was spawned","rule":{"name":"Shell"},"tags":["T1059"],"mitre":["T1059"],"source":{"vendor":"falcosecurity","product":"falco","instance":"n1","id":"u-1"},"data":{"priority":"Warning","source":"syscall","output_fields":{"proc.name":"sh","evt.time":1,"fd.name":null,"nested":{"a":1}}}}`},
	{"prometheus", `{"type":"alert.resolved","time":"2026-03-01T10:00:00Z","severity":"medium","title":"Probe failed","rule":{"name":"ProbeFailure"},"labels":{"alertname":"ProbeFailure","severity":"warning","instance":"a:1","bad name":"x"},"url":"http://prom/graph",
		"source":{"vendor":"prometheus","product":"alertmanager","instance":"http://am:9093","id":"1a30ba71cca2921f"},"data":{"annotations":{"summary":"Probe failed","n":{}},"startsAt":"2026-03-01T09:00:00Z","group":{"receiver":"sms","groupKey":"{}:{alertname=\"ProbeFailure\"}","groupLabels":{"alertname":"ProbeFailure"}}}}`},
	{"hostile", `{"type":"alert.created","time":"2026-03-01T10:00:00Z","title":"\"},{\"a\":1}\r\n<script>\u0000\u2028","incident":"INC-\"\\","project":"{{.}}","actor":"\"","rule":{"name":"a\"b\\"},"labels":{"severity":"critical","alertname\"":"x","__name__":"y"},
		"source":{"vendor":"wallarm"},"data":{"notification_type":"\",\"x\":{","hit":"no object","vuln":[],"summary":{"a":1},"user":{"email":{}},"expire_at":5}}`},
}

func TestVendorGolden(t *testing.T) {
	t.Parallel()
	for _, p := range vendorProfiles {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			for _, g := range goldenEvents {
				var pretty bytes.Buffer
				if err := json.Indent(&pretty, written(t, p, recordOf(t, g.event)), "", "  "); err != nil {
					t.Fatal(err)
				}
				got.WriteString("# " + g.name + "\n" + pretty.String() + "\n\n")
			}
			file := filepath.Join("testdata", p.Name+".txt")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// shape lists the paths of all members of a value, without the texts.
func shape(prefix string, v any, into map[string]bool) map[string]bool {
	switch v := v.(type) {
	case map[string]any:
		for name, m := range v {
			into[prefix+"."+name] = true
			shape(prefix+"."+name, m, into)
		}
	case []any:
		for _, m := range v {
			shape(prefix+"[]", m, into)
		}
	}
	return into
}

func shapeOf(t testing.TB, b []byte) map[string]bool {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return shape("", v, map[string]bool{})
}

func TestEverySampleInEveryForm(t *testing.T) {
	t.Parallel()
	for _, info := range event.Types() {
		r := recordOf(t, string(info.Sample))
		for _, p := range vendorProfiles {
			b := written(t, p, r)
			if title := r.Body; len(title) == 0 || len(b) < 40 {
				t.Errorf("%s of %s: %s", p.Name, info.Name, b)
			}
		}
	}
}

// TestHostileTexts: whatever the texts of an event say, the payload has the same members.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("TOCSIN_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(shared, "corpora", "naughty-strings.json"))
	if err != nil {
		t.Skip("the corpora are not here: set TOCSIN_SHARED")
	}
	var texts []string
	if err := json.Unmarshal(b, &texts); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"crlf-injection.txt", "csv-injection.txt"} {
		b, err := os.ReadFile(filepath.Join(shared, "corpora", file))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.Split(strings.TrimSpace(string(b)), "\n")...)
	}
	kinds := []string{"alert.created", "hit.detected", "vulnerability.detected", "ip.blocked", "investigation.failed", "site.header_changed"}
	want := map[string]map[string]bool{} // by profile and kind
	for _, p := range vendorProfiles {
		for _, kind := range kinds {
			want[p.Name+kind] = shapeOf(t, written(t, p, recordOf(t, filled(kind, "plain"))))
		}
	}
	for i, text := range texts {
		text, kind := strings.ToValidUTF8(strings.TrimSpace(text), "?"), kinds[i%len(kinds)]
		if text == "" || strings.Trim(text, "0123456789") == "" {
			continue // numbers are numbers
		}
		r := recordOf(t, filled(kind, text))
		for _, p := range vendorProfiles {
			if diff := cmp.Diff(want[p.Name+kind], shapeOf(t, written(t, p, r))); diff != "" {
				t.Fatalf("%s of %s with %q: %s", p.Name, kind, text, diff)
			}
		}
	}
}

// filled is an event whose every text is the given one, as far as it is free.
func filled(kind, text string) string {
	q := string(event.AppendString(nil, event.Clip(text, event.MaxName)))
	return `{"type":"` + kind + `","time":"2026-03-01T10:00:00Z","title":` + q + `,"description":` + q + `,"project":` + q + `,"alert_type":` + q + `,"dedup_key":` + q + `,"incident":` + q +
		`,"endpoint":` + q + `,"rule":{"name":` + q + `},"mitre":[` + q + `],"status":` + q + `,"actor":` + q + `,"tags":[` + q + `],"url":` + q +
		`,"entities":[{"type":"ip","value":` + q + `,"role":"source"},{"type":"host","value":` + q + `,"role":"target"},{"type":"user","value":` + q + `}],"geo":{"city":` + q + `},"network":{"isp":` + q + `}` +
		`,"source":{"vendor":` + q + `,"product":` + q + `,"instance":` + q + `,"id":` + q + `},"data":{"a":` + q + `,` + q + `:1}}`
}

func TestAnyEvent(t *testing.T) {
	t.Parallel()
	vendors := []string{"wallarm", "socwarden", "wardex", "socmate", "source-defense", "falcosecurity", "prometheus", "example"}
	types := []string{"hit.detected", "vulnerability.detected", "vulnerability.resolved", "ip.blocked", "ip.unblocked", "scope.changed", "system.user_created", "investigation.completed", "schedule.disabled", "script.behavior_changed", "site.data_missing", "detection.falco_rule", "custom.event"}
	value := rapid.SampledFrom([]string{`"t"`, `"\"}"`, `1`, `-1.5e300`, `null`, `true`, `{}`, `{"a":[1]}`, `[]`, `["a",1,null,{}]`, `"2021-06-10 02:27:15 +0300"`})
	names := []string{"hit", "vuln", "security_issue", "user", "ip", "expire_at", "event_name", "event_type", "alert_id", "output_fields", "session_id", "incident_number", "notification_type", "stamps", "id", "payloads", "header_id", "severity", "summary", "fingerprint", "startsAt"}
	rapid.Check(t, func(rt *rapid.T) {
		members := map[string]json.RawMessage{}
		for range rapid.IntRange(0, 12).Draw(rt, "members") {
			members[rapid.SampledFrom(names).Draw(rt, "name")] = json.RawMessage(value.Draw(rt, "value"))
		}
		nested := map[string]json.RawMessage{}
		for name, v := range members {
			nested[name] = v
		}
		for _, name := range []string{"hit", "vuln", "user", "output_fields"} {
			if rapid.Bool().Draw(rt, name) {
				b, _ := json.Marshal(members)
				nested[name] = b
			}
		}
		data, _ := json.Marshal(nested)
		r := recordOf(t, `{"type":"`+rapid.SampledFrom(types).Draw(rt, "type")+`","title":`+string(event.AppendString(nil, rapid.StringN(0, 50, 200).Draw(rt, "title")))+
			`,"source":{"vendor":"`+rapid.SampledFrom(vendors).Draw(rt, "vendor")+`"},"data":`+string(data)+`}`)
		for _, p := range vendorProfiles {
			written(t, p, r)
		}
	})
}

func FuzzVendorProfiles(f *testing.F) {
	for _, g := range goldenEvents {
		f.Add([]byte(g.event))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := event.Parse(body, event.DefaultAccount, testReceived, event.Limits{})
		if err != nil {
			return
		}
		for _, p := range vendorProfiles {
			written(t, p, r)
		}
	})
}

func BenchmarkVendorProfiles(b *testing.B) {
	r := recordOf(b, goldenEvents[1].event)
	for _, p := range vendorProfiles {
		b.Run(p.Name, func(b *testing.B) {
			write, err := p.Open(Options{})
			if err != nil {
				b.Fatal(err)
			}
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				if buf, err = write(buf[:0], r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
