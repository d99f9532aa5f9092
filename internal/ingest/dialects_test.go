package ingest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// decoded gives what a dialect makes of a body: the canonical event of each item, or "error: …".
func decoded(d Decoder, body string) []string {
	var list []string
	for item, err := range d.Decode([]byte(body), nil, event.Limits{}) {
		if err == nil {
			var r *event.Record
			r, err = event.FromEvent(&item.Event, event.Origin{Account: event.DefaultAccount, Received: testNow, Raw: item.Raw}, event.Limits{})
			if err == nil {
				list = append(list, string(r.Body))
				continue
			}
		}
		list = append(list, "error: "+err.Error())
	}
	return list
}

func TestFalco(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{
			name: "everything",
			body: `{"uuid":"u-1","output":"x","priority":"Alert","rule":"R 1!","source":"syscall","hostname":"n1","time":"2026-03-01T10:00:00.000000001Z",` +
				`"tags":["T1059.004","mitre_execution","t1611","TA0002","T99"],"output_fields":{"container.id":"host","fd.name":"::1:5000->2001:db8::1:443","user.name":"<NA>","proc.name":null,"proc.cmdline":"sh -c x"},"extra":{"a":1}}`,
			want: []string{`{"type":"detection.falco_rule","time":"2026-03-01T10:00:00.000000001Z","severity":"critical","title":"R 1!","description":"x","alert_type":"r_1","dedup_key":"falco/n1/R 1!",` +
				`"rule":{"name":"R 1!"},"mitre":["T1059.004","T1611"],"entities":[{"type":"host","value":"n1","role":"source","observed":true},{"type":"process","value":"sh -c x","role":"actor","observed":true},` +
				`{"type":"ip","value":"::1","role":"source","observed":true},{"type":"ip","value":"2001:db8::1","role":"target","observed":true}],"tags":["T1059.004","mitre_execution","t1611","TA0002","T99"],` +
				`"source":{"vendor":"falcosecurity","product":"falco","instance":"n1","id":"u-1"},"data":{"extra":{"a":1},"output_fields":{"container.id":"host","fd.name":"::1:5000->2001:db8::1:443","user.name":"<NA>","proc.name":null,"proc.cmdline":"sh -c x"},"priority":"Alert","source":"syscall"}}`},
		},
		{
			name: "time of the fields, unknown priority",
			body: `{"rule":"r","priority":"Loud","output_fields":{"evt.time":1772359200000000001}}`,
			want: []string{`{"type":"detection.falco_rule","time":"2026-03-01T10:00:00.000000001Z","severity":"medium","title":"r","alert_type":"r","dedup_key":"falco/r","rule":{"name":"r"},"source":{"vendor":"falcosecurity","product":"falco"},"data":{"output_fields":{"evt.time":1772359200000000001},"priority":"Loud"}}`},
		},
		{
			name: "plugin for CloudTrail",
			body: `{"rule":"r","priority":"info","output_fields":{"ct.srcip":"203.0.113.9","ct.user":"bob"}}`,
			want: []string{`{"type":"detection.falco_rule","severity":"info","title":"r","alert_type":"r","dedup_key":"falco/r/bob","rule":{"name":"r"},"entities":[{"type":"user","value":"bob","role":"actor","observed":true},{"type":"ip","value":"203.0.113.9","role":"source","observed":true}],"source":{"vendor":"falcosecurity","product":"falco"},"data":{"output_fields":{"ct.srcip":"203.0.113.9","ct.user":"bob"},"priority":"info"}}`},
		},
		{
			name: "other internal messages",
			body: `[{"rule":"Falco internal: hot restart failure","priority":"Critical"},{"rule":"anything","source":"internal","priority":"Debug"}]`,
			want: []string{
				`{"type":"system.notice","severity":"critical","title":"Falco internal: hot restart failure","dedup_key":"falco/Falco internal: hot restart failure","rule":{"name":"Falco internal: hot restart failure"},"source":{"vendor":"falcosecurity","product":"falco"},"data":{"priority":"Critical"}}`,
				`{"type":"system.notice","severity":"info","title":"anything","dedup_key":"falco/anything","rule":{"name":"anything"},"source":{"vendor":"falcosecurity","product":"falco"},"data":{"priority":"Debug","source":"internal"}}`,
			},
		},
		{
			name: "an address in the text is no entity",
			body: `{"rule":"r","priority":"info","output":"connection from 203.0.113.9 by user=eve"}`,
			want: []string{`{"type":"detection.falco_rule","severity":"info","title":"r","description":"connection from 203.0.113.9 by user=eve","alert_type":"r","dedup_key":"falco/r","rule":{"name":"r"},"source":{"vendor":"falcosecurity","product":"falco"},"data":{"priority":"info"}}`},
		},
		{
			name: "lines, one of them of something else",
			body: "{\"rule\":\"a\"}\n{\"msg\":\"x\"}\n{x\n7\n",
			want: []string{
				`{"type":"detection.falco_rule","severity":"medium","title":"a","alert_type":"a","dedup_key":"falco/a","rule":{"name":"a"},"source":{"vendor":"falcosecurity","product":"falco"}}`,
				"error: rule: is missing: not an event of Falco (json_output must be on)",
				`error: at byte 26: unexpected 'x': want a member name in '"'`,
				"error: want a JSON object",
			},
		},
		{name: "text instead of JSON", body: "16:31:56.7: Error File below a known binary directory", want: []string{"error: at byte 2: unexpected ':' after the value"}},
		{name: "array cut short", body: `[{"rule":""}`, want: []string{"error: rule: is missing: not an event of Falco (json_output must be on)", `error: at byte 12: want "," or "]" after an object; the rest of the body was not read`}},
		{name: "array with a syntax error", body: `[{rule:"x"}]`, want: []string{`error: at byte 2: unexpected 'r': want a member name in '"'; the rest of the body was not read`}},
		{name: "text after an array", body: `[] x`, want: []string{`error: at byte 3: unexpected text after the array; the rest of the body was not read`}},
		{name: "nothing", body: " ", want: nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, decoded(Falco{}, c.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWallarm(t *testing.T) {
	t.Parallel()
	notice := func(kind, more string) string {
		return `{"summary":"[Wallarm] S","description":"from 203.0.113.99","details":{"client_name":"C","cloud":"US","notification_type":"` + kind + `"` + more + `}}`
	}
	const tail = `"labels":{"client_name":"C","cloud":"US"},"source":{"vendor":"wallarm","product":"waf","instance":"US"}`
	data := func(kind, before, after string) string {
		return `"data":{` + before + `"client_name":"C","cloud":"US",` + `"notification_type":"` + kind + `","summary":"[Wallarm] S"` + after + `}}`
	}
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{
			name: "attacks exceeded", body: notice("attacks_exceeded", `,"trigger_name":"Many","threshold":5`),
			want: []string{`{"type":"attack.threshold_exceeded","severity":"high","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"attacks_exceeded","dedup_key":"wallarm/attacks_exceeded/C/Many","rule":{"name":"Many"},` + tail + `,` +
				data("attacks_exceeded", "", `,"threshold":5,"trigger_name":"Many"`)},
		},
		{
			name: "incidents exceeded", body: "[" + notice("incidents_exceeded", "") + "]",
			want: []string{`{"type":"incident.threshold_exceeded","severity":"high","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"incidents_exceeded","dedup_key":"wallarm/incidents_exceeded/C",` + tail + `,` + data("incidents_exceeded", "", "")},
		},
		{
			name: "user", body: notice("create_user", `,"user":{"email":"a@example.com","role":"admin"}`),
			want: []string{`{"type":"system.user_created","severity":"info","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"create_user","dedup_key":"wallarm/create_user/C/a@example.com","entities":[{"type":"user","value":"a@example.com","role":"target"}],` + tail + `,` +
				data("create_user", "", `,"user":{"email":"a@example.com","role":"admin"}`)},
		},
		{
			name: "scope", body: notice("new_scope_object_ips", `,"ips":["203.0.113.4","nonsense"],"domains":"example.com","hosts":["h1"]`),
			want: []string{`{"type":"scope.changed","severity":"info","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"new_scope_object_ips","dedup_key":"wallarm/new_scope_object_ips/C","entities":[{"type":"domain","value":"example.com","role":"target"},{"type":"host","value":"h1","role":"target"},{"type":"ip","value":"203.0.113.4","role":"target"}],` + tail + `,` +
				`"data":{"client_name":"C","cloud":"US","domains":"example.com","hosts":["h1"],"ips":["203.0.113.4","nonsense"],"notification_type":"new_scope_object_ips","summary":"[Wallarm] S"}}`},
		},
		{
			name: "unknown kinds are kept", body: notice("rogue_api_detected", `,"n":1`) + "\n" + notice("Ünknown kind that goes on and on and on and on", "") + "\n" + notice("123", ""),
			want: []string{
				`{"type":"custom.wallarm.rogue_api_detected","severity":"info","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"rogue_api_detected","dedup_key":"wallarm/rogue_api_detected/C",` + tail + `,"data":{"client_name":"C","cloud":"US","n":1,"notification_type":"rogue_api_detected","summary":"[Wallarm] S"}}`,
				`{"type":"custom.wallarm.nknown_kind_that_goes_on_and_o","severity":"info","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"Ünknown kind that goes on and on and on and on","dedup_key":"wallarm/Ünknown kind that goes on and on and on and on/C",` + tail + `,` + data("Ünknown kind that goes on and on and on and on", "", ""),
				`{"type":"custom.wallarm","severity":"info","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"123","dedup_key":"wallarm/123/C",` + tail + `,` + data("123", "", ""),
			},
		},
		{
			name: "rules and integrations", body: notice("delete_rule", "") + "\n" + notice("disable_integration", ""),
			want: []string{
				`{"type":"system.rule_changed","severity":"info","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"delete_rule","dedup_key":"wallarm/delete_rule/C",` + tail + `,` + data("delete_rule", "", ""),
				`{"type":"system.integration_disabled","severity":"medium","title":"[Wallarm] S","description":"from 203.0.113.99","alert_type":"disable_integration","dedup_key":"wallarm/disable_integration/C",` + tail + `,` + data("disable_integration", "", ""),
			},
		},
		{
			name: "hit through Tor from IPv6", body: `{"object_type":"hit","type":"XSS","remote_addr4":"","remote_addr6":"2001:DB8::5","tor":"exit","datacenter":"aws","proxy_type":"VPN","host":"h","domain":"older","anomality":1,"create_time":1772359200,"id":["a","b"],"headers":{"x":"y"}}`,
			want: []string{`{"type":"hit.detected","time":"2026-03-01T10:00:00Z","severity":"medium","title":"New hit detected: XSS in h","alert_type":"xss","dedup_key":"wallarm/hit/XSS/h/2001:DB8::5","entities":[{"type":"ip","value":"2001:db8::5","role":"source","observed":true},{"type":"host","value":"h","role":"target","observed":true}],` +
				`"network":{"datacenter":"aws","is_datacenter":true,"is_proxy":true,"is_tor":true,"proxy_type":"VPN"},"source":{"vendor":"wallarm","product":"waf","id":"a/b"},` +
				`"data":{"hit":{"anomaly":1,"create_time":1772359200,"datacenter":"aws","domain":"older","headers":{"x":"y"},"host":"h","id":["a","b"],"object_type":"hit","proxy_type":"VPN","remote_addr4":"","remote_addr6":"2001:DB8::5","tor":"exit","type":"XSS"}}}`},
		},
		{name: "not Wallarm", body: `{"a":1}`, want: []string{"error: not a notification of Wallarm: want details with a notification_type, a hit or a vulnerability"}},
		{
			name: "the broken JSON of the older documentation", body: `[{summary:"[Wallarm] New hit detected",details:{client_name:"TestCompany"}}]`,
			want: []string{`error: at byte 2: unexpected 's': want a member name in '"'; the rest of the body was not read`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, decoded(Wallarm{}, c.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWallarmTestMessage(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	b.post(SourcePath+"wallarm", `[{"summary":"[Test message] x","details":{"notification_type":"create_user"}},{"summary":"x","details":{"notification_type":"create_user"}}]`)
	for i, r := range b.journal.all() {
		if test := r.Flags&event.Test != 0; test != (i == 0) {
			t.Errorf("item %d: flags %b", i, r.Flags)
		}
	}
}

func TestLongVendorTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 35_000)
	for _, body := range []string{
		fmt.Sprintf(`{"rule":%q,"output":%q,"hostname":%q,"tags":[%q],"uuid":%q,"output_fields":{"proc.name":%q}}`, long, long, long, long[:300], long[:9000], long[:9000]),
		fmt.Sprintf(`{"rule":"r","tags":[%s"x"]}`, strings.Repeat(`"t",`, 1000)),
	} {
		if got := decoded(Falco{}, body); len(got) != 1 || strings.HasPrefix(got[0], "error") {
			t.Errorf("%.200s", got)
		}
	}
}

func TestDedupKey(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 2000)
	a, b := dedupKey("x", long), dedupKey("x", long+"!")
	if a == b || len(a) > event.MaxKey || len(b) > event.MaxKey || dedupKey("a", "", "b") != "a/b" {
		t.Errorf("%d and %d bytes", len(a), len(b))
	}
}

func fuzzDecoder(f *testing.F, d Decoder) {
	f.Fuzz(func(t *testing.T, body []byte) { checkDecoded(t, d, body) })
}

// checkDecoded checks what holds for whatever a decoder makes of a body.
func checkDecoded(t *testing.T, d Decoder, body []byte) {
	for item, err := range d.Decode(body, nil, event.Limits{}) {
		if err != nil {
			if err.Error() == "" {
				t.Fatalf("%q: an error without a text", body)
			}
			continue
		}
		r, err := event.FromEvent(&item.Event, event.Origin{Account: event.DefaultAccount, Received: testNow, Raw: item.Raw}, event.Limits{})
		if err != nil {
			continue
		}
		if !json.Valid(r.AppendJSON(nil)) || strings.ContainsAny(string(r.Body), "\n\r") {
			t.Fatalf("%q became %s", body, r.Body)
		}
		for _, e := range item.Event.Entities {
			if e.Observed && e.Value == "" {
				t.Fatalf("%q: an observed entity without a value", body)
			}
		}
	}
}

func FuzzDecodeFalco(f *testing.F) {
	f.Add([]byte(`{"rule":"r","priority":"Error","time":"2026-03-01T10:00:00Z+2","tags":["T1059"],"output_fields":{"fd.name":"1.2.3.4:5->::1:6","evt.time":1}}`))
	f.Add([]byte("[{\"rule\":\"a\"},{\"rule\":\"b\"}]"))
	f.Add([]byte("{\"rule\":\"a\"}\n{\"rule\":\"b\"}\n"))
	fuzzDecoder(f, Falco{})
}

func FuzzDecodeWallarm(f *testing.F) {
	f.Add([]byte(`[{"summary":"s","details":{"notification_type":"new_hits","hit":{"type":"sqli","remote_addr4":"1.2.3.4","id":["a","b"],"request_time":1}}}]`))
	f.Add([]byte(`[{"title":"t","threat":"Low","source":"1.2.3.4:443","domain":"d","link":"https://x/1"}]`))
	f.Add([]byte(`{"details":{"notification_type":"ip_blocked","ip":"1.1.1.1"}}`))
	f.Add([]byte(`{"details":{"hit":{}}}`))
	f.Add([]byte(`{"details":{"vuln":{},"client_name":5}}`))
	fuzzDecoder(f, Wallarm{})
}
