// Package eventtest has what tests of the projections share: events of every kind, and readers of the other schemas that
// know nothing of how the projections write them. The published schemas are found by TOCSIN_SHARED; a test that needs one
// is skipped without it.
package eventtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Received is when the events of this package were received.
var Received = time.Date(2026, 3, 1, 10, 15, 30, 500, time.UTC)

// Record makes a record, always with the same id, of an event as a sender writes it.
func Record(t testing.TB, text string) *event.Record {
	t.Helper()
	r, err := event.Parse([]byte(text), event.DefaultAccount, Received, event.Limits{})
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	r.ID, err = event.ParseID(event.PrefixEvent, "evt_01h455vb4pex5vsknk084sn02q")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Of makes a record of a parsed event.
func Of(t testing.TB, e event.Event) *event.Record {
	t.Helper()
	r, err := Try(e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Try is Of for an event that may be refused.
func Try(e event.Event) (*event.Record, error) {
	r, err := event.FromEvent(&e, event.Origin{Account: event.DefaultAccount, Received: Received}, event.Limits{})
	if err != nil {
		return nil, err
	}
	r.ID, err = event.ParseID(event.PrefixEvent, "evt_01h455vb4pex5vsknk084sn02q")
	return r, err
}

// Catalogue gives the sample of every type, by type.
func Catalogue(t testing.TB) map[string]*event.Record {
	t.Helper()
	list := map[string]*event.Record{}
	for _, info := range event.Types() {
		list[info.Name] = Record(t, string(info.Sample))
	}
	return list
}

// FullText is an event with every field, as a reader of golden files likes it.
const FullText = `{"type":"alert.created","time":"2026-03-01T11:15:30.123456789+01:00","severity":"high","title":"Brute force against login",` +
	`"description":"57 failed logins in 5 minutes, then one that worked.","project":"production-api","alert_type":"brute_force",` +
	`"dedup_key":"bf/203.0.113.7/alice","incident":"INC-1042","endpoint":"/v1/login","rule":{"id":"r-17","name":"Failed logins"},` +
	`"mitre":["T1110.001","TA0006","T1078","credential access"],"risk_score":80.5,"status":"open","actor":"mallory",` +
	`"entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},{"type":"user","value":"alice@example.com","role":"target"},` +
	`{"type":"host","value":"login-1.example.com","role":"target","observed":true},{"type":"ip","value":"2001:db8::17","role":"target"},` +
	`{"type":"file","value":"/var/www/shell.php","role":"target"},{"type":"hash","value":"44d88612fea8a8f36de82e1278abb02f"},` +
	`{"type":"hash","value":"sha256:275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"},{"type":"process","value":"php-fpm","role":"actor"},` +
	`{"type":"url","value":"https://login.example.com/v1/login?next=%2F"},{"type":"container","value":"3ad7b26ded6d"},{"type":"wallet","value":"x"}],` +
	`"geo":{"country":"Netherlands","country_code":"NL","city":"Amsterdam"},"network":{"asn":64500,"isp":"Example Hosting","is_tor":false},` +
	`"tags":["auth","brute_force"],"labels":{"env":"prod","team.name":"iam"},"tlp":"amber","url":"https://siem.example.com/alerts/1",` +
	`"source":{"vendor":"Example","product":"IdP","instance":"eu-1","id":"9f2c"},"data":{"attempts":57,"window":"5m","usernames":["alice","bob"]}}`

// Full is the record of FullText.
func Full(t testing.TB) *event.Record { t.Helper(); return Record(t, FullText) }

// Filled puts one text into every text of an event that takes any.
func Filled(text string) event.Event {
	risk := 99.5
	quoted, _ := json.Marshal(map[string]string{text: text, "city": text, "country_code": text, "asn": text})
	e := event.Event{
		Type: "alert.created", Severity: event.High, Title: text, Description: text, Project: text, AlertType: text, DedupKey: text, OrderingKey: text,
		Incident: text, Endpoint: text, Rule: &event.Rule{ID: text, Name: text}, RiskScore: &risk, Status: text, Actor: text, TLP: text, URL: text,
		Geo: quoted, Network: quoted, Data: quoted, Source: &event.Source{Vendor: text, Product: text, Instance: text, ID: text},
	}
	if text == "" {
		return e
	}
	e.Mitre, e.Tags, e.Labels = []string{text}, []string{text}, map[string]string{text: text}
	for _, kind := range []string{"ip", "user", "host", "domain", "email", "url", "file", "process", "hash", "container", "pod", "resource", "x-y.z_1"} {
		for _, role := range []string{"source", "target", ""} {
			e.Entities = append(e.Entities, event.Entity{Type: kind, Value: text, Role: role})
		}
	}
	return e
}

// Hostile are texts that break out of careless formats. Each may stand in every field.
var Hostile = []string{
	`"}],"x":[{"`, "line\nbreak\r\nHeader: x", "nul\x00bell\x07esc\x1b[31m", "<script>alert(1)</script>&amp;", "=cmd|' /C calc'!A0",
	"a|b\\|c\\\\|d", "key=value other=x\\=y cs1=evil", "tab\tsep\tsrc=6.6.6.6", "CEF:0|x|y|z|1|2|3|src=1.2.3.4", "LEEF:2.0|x|y|z|1|x09|src=1.2.3.4",
	"\u2028\u2029\u0085\u202e\u200b\ufeff", `{{.}} ${jndi:ldap://x} %s %n %d`, "\\", `\"`, "\\n", "😀\U0010ffff", "'; DROP TABLE x; --", " ", "...", "a.b", "*",
	"{\"event\":\"x\"}{\"event\":\"y\"}", "203.0.113.7", "::ffff:203.0.113.7", "fe80::1%eth0", "a@b@c", "alice@example.com", "T1110.001", "TA0001",
	strings.Repeat("a|=\\\n", 40), strings.Repeat("é", 120),
}

// Corpus gives the naughty strings of the shared corpora that fit every field; it skips the test without them.
func Corpus(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(Shared(t, "corpora", "naughty-strings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all, fit []string
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if len(s) <= event.MaxName {
			fit = append(fit, s)
		}
	}
	return fit
}

// Shared finds a file or folder of the shared reference material; it skips the test without it.
func Shared(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../../shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here: set TOCSIN_SHARED", filepath.Join(parts...))
	}
	return path
}

// Draw makes any event that the hub would take.
func Draw(t *rapid.T) *event.Record {
	types := event.Types()
	text := rapid.OneOf(rapid.StringN(0, 60, 200), rapid.SampledFrom(Hostile), rapid.Just(""))
	some := text.Filter(func(s string) bool { return s != "" })
	word := rapid.OneOf(rapid.SampledFrom([]string{"open", "resolved", "closed", "failed", "success", "on_hold", "false_positive", "Acknowledged"}), text)
	name := rapid.OneOf(rapid.Map(rapid.IntRange(0, len(types)-1), func(i int) string { return types[i].Name }),
		rapid.SampledFrom([]string{"auth.login.failure", "auth.login.success", "network.flow", "account.created", "api.call", "custom.x.y", "data.accessed", "secret.leaked", "log.message"}))
	entity := rapid.Custom(func(t *rapid.T) event.Entity {
		return event.Entity{
			Type:  rapid.SampledFrom([]string{"ip", "user", "host", "domain", "email", "url", "file", "process", "hash", "container", "pod", "mac", "zz"}).Draw(t, "type"),
			Value: rapid.OneOf(some, rapid.SampledFrom([]string{"10.0.0.1", "2001:db8::1", "fe80::1%x", "44d88612fea8a8f36de82e1278abb02f", "a@b.example", "0.0.0.0/0"})).Draw(t, "value"),
			Role:  rapid.SampledFrom([]string{"source", "target", "actor", "", "related"}).Draw(t, "role"), Observed: rapid.Bool().Draw(t, "observed"),
		}
	})
	object := rapid.Map(rapid.MapOfN(text, text, 0, 4), func(m map[string]string) json.RawMessage {
		b, _ := json.Marshal(m) // texts always encode
		return b
	})
	e := event.Event{
		Type: name.Draw(t, "event type"), Severity: event.Severity(rapid.IntRange(0, 4).Draw(t, "severity")),
		Time:  time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "time"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(),
		Title: text.Draw(t, "title"), Description: text.Draw(t, "description"), Project: text.Draw(t, "project"), AlertType: text.Draw(t, "alert type"),
		DedupKey: text.Draw(t, "dedup key"), Incident: text.Draw(t, "incident"), Endpoint: text.Draw(t, "endpoint"), Status: word.Draw(t, "status"),
		Actor: text.Draw(t, "actor"), Mitre: rapid.SliceOfN(some, 0, 3).Draw(t, "mitre"), Tags: rapid.SliceOfN(some, 0, 3).Draw(t, "tags"),
		Labels: rapid.MapOfN(text, text, 0, 3).Draw(t, "labels"), Entities: rapid.SliceOfN(entity, 0, 6).Draw(t, "entities"), TLP: text.Draw(t, "tlp"),
		URL: text.Draw(t, "url"), Geo: object.Draw(t, "geo"), Network: object.Draw(t, "network"), Data: object.Draw(t, "data"),
	}
	if rapid.Bool().Draw(t, "has rule") {
		e.Rule = &event.Rule{ID: text.Draw(t, "rule id"), Name: text.Draw(t, "rule name")}
	}
	if rapid.Bool().Draw(t, "has source") {
		e.Source = &event.Source{Vendor: text.Draw(t, "vendor"), Product: text.Draw(t, "product"), Instance: text.Draw(t, "instance"), ID: text.Draw(t, "source id")}
	}
	if rapid.Bool().Draw(t, "has risk") {
		risk := rapid.Float64Range(0, 100).Draw(t, "risk")
		e.RiskScore = &risk
	}
	r, err := Try(e)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	return r
}
