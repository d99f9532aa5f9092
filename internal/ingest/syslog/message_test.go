package syslog

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	upstream "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

var now = time.Date(2026, 3, 1, 10, 15, 30, 0, time.UTC)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// TestParse: the examples of the RFCs (5424 §6.5, 3164 §5.4), and what devices make of them.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		want       Message
	}{
		{"5424 example 1", "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8", Message{
			Format: RFC5424, Priority: 34, Version: 1, Time: at("2003-10-11T22:14:15.003Z"), Host: "mymachine.example.com", App: "su", MsgID: "ID47",
			Text: "'su root' failed for lonvick on /dev/pts/8"}},
		{"5424 example 2", "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.", Message{
			Format: RFC5424, Priority: 165, Version: 1, Time: at("2003-08-24T12:14:15.000003Z"), Host: "192.0.2.1", App: "myproc", ProcID: "8710",
			Text: "%% It's time to make the do-nuts."}},
		{"5424 example 3", `<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] ` + "\ufeffAn application event log entry...", Message{
			Format: RFC5424, Priority: 165, Version: 1, Time: at("2003-10-11T22:14:15.003Z"), Host: "mymachine.example.com", App: "evntslog", MsgID: "ID47",
			Data: []Element{{"exampleSDID@32473", []Param{{"iut", "3"}, {"eventSource", "Application"}, {"eventID", "1011"}}}}, Text: "An application event log entry..."}},
		{"5424 example 4", `<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3"][examplePriority@32473 class="high"]`, Message{
			Format: RFC5424, Priority: 165, Version: 1, Time: at("2003-10-11T22:14:15.003Z"), Host: "mymachine.example.com", App: "evntslog", MsgID: "ID47",
			Data: []Element{{"exampleSDID@32473", []Param{{"iut", "3"}}}, {"examplePriority@32473", []Param{{"class", "high"}}}}}},
		{"escapes, twice the same id", `<13>1 - h a - - [x k="\]\"\\\n"][x] t`, Message{
			Format: RFC5424, Priority: 13, Version: 1, Host: "h", App: "a", Data: []Element{{"x", []Param{{"k", `]"\\n`}}}, {"x", nil}}, Text: "t"}},
		{"broken structured data is text", `<13>1 - h a - - [x k="]"] t`, Message{Format: RFC5424, Priority: 13, Version: 1, Host: "h", App: "a", Text: `[x k="]"] t`}},
		{"no structured data", "<13>1 - h a p m text", Message{Format: RFC5424, Priority: 13, Version: 1, Host: "h", App: "a", ProcID: "p", MsgID: "m", Text: "text"}},
		{"a header that ends early", "<13>1 2019-01-18T11:07:53.520+07:00 myhostname LEEF:1.0|a|b|c|d|", Message{
			Format: RFC5424, Priority: 13, Version: 1, Time: at("2019-01-18T04:07:53.520Z"), Host: "myhostname", Text: "LEEF:1.0|a|b|c|d|"}},
		{"a day that does not exist", "<101>123 2018-02-32 h a - - - t", Message{Format: RFC5424, Priority: 101, Version: 123, Stamp: "2018-02-32", Host: "h", App: "a", Text: "t"}},
		{"only a version", "<1>1 -", Message{Format: RFC5424, Priority: 1, Version: 1}},

		{"3164 example 1", "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8", Message{
			Format: RFC3164, Priority: 34, Time: at("2025-10-11T22:14:15Z"), Host: "mymachine", App: "su", Text: "'su root' failed for lonvick on /dev/pts/8"}},
		{"3164 example 2", "Use the BFG!", Message{Priority: NoPriority, Text: "Use the BFG!"}},
		{"3164 example 3", "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time", Message{
			Format: RFC3164, Priority: 165, Time: at("2025-08-24T05:34:00Z"), Host: "CST", Text: "1987 mymachine myproc[10]: %% It's time"}},
		{"3164 example 4", "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!", Message{
			Priority: 0, Text: "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!"}},
		{"address for a host, no tag", "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", Message{Format: RFC3164, Priority: 13, Time: at("2026-02-05T17:32:18Z"), Host: "10.0.0.99", Text: "Use the BFG!"}},
		{"a day ahead at most", "<13>Mar  2 10:15:29 h a: t", Message{Format: RFC3164, Priority: 13, Time: at("2026-03-02T10:15:29Z"), Host: "h", App: "a", Text: "t"}},
		{"else last year", "<13>Mar  2 10:15:31 h a: t", Message{Format: RFC3164, Priority: 13, Time: at("2025-03-02T10:15:31Z"), Host: "h", App: "a", Text: "t"}},
		{"the last leap day", "<13>Feb 29 10:00:00 h a: t", Message{Format: RFC3164, Priority: 13, Time: at("2024-02-29T10:00:00Z"), Host: "h", App: "a", Text: "t"}},
		{"RFC 3339 time", "<28>2019-12-02T16:49:23+02:00 host app[23410]: Test", Message{
			Format: RFC3164, Priority: 28, Time: at("2019-12-02T14:49:23Z"), Host: "host", App: "app", ProcID: "23410", Text: "Test"}},
		{"time without T", "<28>2019-12-02 16:49:23,123 host postfix/smtpd[1]: Test", Message{
			Format: RFC3164, Priority: 28, Time: at("2019-12-02T16:49:23.123Z"), Host: "host", App: "postfix/smtpd", ProcID: "1", Text: "Test"}},
		{"no host", "<13>Dec  2 16:31:03 app[1]: t", Message{Format: RFC3164, Priority: 13, Time: at("2025-12-02T16:31:03Z"), App: "app", ProcID: "1", Text: "t"}},
		{"no time", "<13>su: text", Message{Format: RFC3164, Priority: 13, App: "su", Text: "text"}},
		{"no priority", "Sep 19 08:26:10 host CEF:0|a|b|c|d|e|5|", Message{Format: RFC3164, Priority: NoPriority, Time: at("2025-09-19T08:26:10Z"), Host: "host", Text: "CEF:0|a|b|c|d|e|5|"}},
		{"neither time nor host", "<13>CEF:0|a|b|c|d|e|5|", Message{Priority: 13, Text: "CEF:0|a|b|c|d|e|5|"}},
		{"Cisco ASA", "<166>Jul 06 2020 20:33:28: %ASA-6-302013: Built inbound", Message{
			Format: RFC3164, Priority: 166, Time: at("2020-07-06T20:33:28Z"), MsgID: "%ASA-6-302013", Text: "Built inbound"}},
		{"Cisco ASA with a host", "<166>Jul 06 2020 20:33:28 fw1 : %ASA-6-302013: Built inbound", Message{
			Format: RFC3164, Priority: 166, Time: at("2020-07-06T20:33:28Z"), Host: "fw1", MsgID: "%ASA-6-302013", Text: "Built inbound"}},
		{"Cisco IOS", "<189>237: 000485: router1: *Jan  8 19:46:03.295: %SYS-5-CONFIG_I: Configured", Message{
			Format: RFC3164, Priority: 189, Time: at("2026-01-08T19:46:03.295Z"), Counter: "237", Sequence: "000485", Host: "router1", MsgID: "%SYS-5-CONFIG_I", Text: "Configured"}},
		{"Cisco IOS with a zone", "<189>29: Jan  8 2026 19:46:03.295 EST: %SYS-5-CONFIG_I: Configured", Message{
			Format: RFC3164, Priority: 189, Time: at("2026-01-09T00:46:03.295Z"), Counter: "29", MsgID: "%SYS-5-CONFIG_I", Text: "Configured"}},

		{"192 is no priority", "<192>1 - - - - - - x", Message{Priority: NoPriority, Text: "<192>1 - - - - - - x"}},
		{"nothing", "\n", Message{Priority: NoPriority}},
		{"repaired", "<13>1 - - - - - - a\x00b\x1bc\xffd\tz\x7f\x00\r\n", Message{Format: RFC5424, Priority: 13, Version: 1, Text: "a␀b␛c\ufffdd\tz␡"}},
	} {
		if diff := cmp.Diff(c.want, Parse([]byte(c.line), Options{Now: now})); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestZoneOfTheSender(t *testing.T) {
	t.Parallel()
	berlin, ok := Zone("Europe/Berlin")
	if !ok {
		t.Skip("no time zone database here")
	}
	m := Parse([]byte("<13>Jan  5 17:32:18 h a: t"), Options{Zone: berlin, Now: now})
	if want := at("2026-01-05T16:32:18Z"); !m.Time.Equal(want) {
		t.Errorf("got %v, want %v", m.Time, want)
	}
	m = Parse([]byte("<13>Jan  5 17:32:18 h a: t"), Options{})
	if !m.Time.IsZero() || m.Stamp != "Jan  5 17:32:18" || m.Host != "h" {
		t.Errorf("a year was made up: %+v", m)
	}
}

// corpus gives the lines of the shared corpus.
func corpus(t testing.TB) []string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(root, "corpora", "syslog-lines.txt"))
	if err != nil {
		t.Skip("corpora/syslog-lines.txt is not here: set TOCSIN_SHARED")
	}
	lines := strings.Split(string(text), "\n")
	control, err := os.ReadFile(filepath.Join(root, "corpora", "syslog-lines-control.json"))
	if err != nil {
		t.Fatal(err)
	}
	var more []string
	if err := json.Unmarshal(control, &more); err != nil {
		t.Fatal(err)
	}
	for _, s := range more { // each code point is a byte
		var b []byte
		for _, r := range s {
			b = append(b, byte(r))
		}
		lines = append(lines, string(b))
	}
	return lines
}

// TestCorpus: whatever a strict parser accepts is read in the same way, and of the rest nothing is lost.
func TestCorpus(t *testing.T) {
	t.Parallel()
	agreed := 0
	for _, line := range corpus(t) {
		check(t, []byte(line))
		if agree(t, []byte(line)) {
			agreed++
		}
	}
	if agreed < 50 {
		t.Errorf("the strict parser accepted only %d lines", agreed)
	}
}

// check is what holds for every line.
func check(t testing.TB, line []byte) {
	t.Helper()
	m := Parse(line, Options{Now: now})
	rest := Repair(trimEnd(line))
	if m.Priority != NoPriority {
		_, rest, _ = cutPriority(rest)
	}
	parts := []string{m.Host, m.App, m.ProcID, m.MsgID, m.Counter, m.Sequence, m.Text}
	if m.Stamp != "" {
		parts = append(parts, m.Stamp)
	}
	for _, p := range parts {
		if !utf8.ValidString(p) || !strings.Contains(rest, p) {
			t.Fatalf("%q: %q is not a part of it", line, p)
		}
	}
	if m.Format == Bare && m.Text != strings.TrimPrefix(rest, bom) {
		t.Fatalf("%q: text was lost: %q", line, m.Text)
	}
	if m.Stamp != "" && !m.Time.IsZero() || !m.Time.IsZero() && (m.Time.Year() < 1970 || m.Time.Year() > 2261) {
		t.Fatalf("%q: time %v", line, m.Time)
	}
}

// agree compares with a strict parser; false when that refuses the line.
func agree(t testing.TB, line []byte) bool {
	t.Helper()
	if len(line) == 0 || strings.ContainsAny(string(line), "\n\r\x00") {
		return false // it takes those for ends
	}
	parsed, err := rfc5424.NewMachine().Parse(line)
	if err != nil || parsed == nil {
		return false
	}
	want := parsed.(*rfc5424.SyslogMessage)
	m := Parse(line, Options{Now: now})
	got := &rfc5424.SyslogMessage{Version: uint16(m.Version)}
	got.ComputeFromPriority(uint8(m.Priority))
	for p, s := range map[**string]string{&got.Hostname: m.Host, &got.Appname: m.App, &got.ProcID: m.ProcID, &got.MsgID: m.MsgID, &got.Message: m.Text} {
		if s != "" {
			*p = &s
		}
	}
	if !m.Time.IsZero() {
		got.Timestamp = &m.Time
	}
	if len(m.Data) > 0 {
		sd := map[string]map[string]string{}
		for _, e := range m.Data {
			sd[e.ID] = map[string]string{}
			for _, p := range e.Params {
				sd[e.ID][p.Name] = p.Value
			}
		}
		got.StructuredData = &sd
	}
	if want.Message != nil {
		s := strings.TrimPrefix(Repair([]byte(*want.Message)), bom)
		want.Message = &s
		if s == "" {
			want.Message = nil
		}
	}
	if want.StructuredData != nil {
		for _, e := range *want.StructuredData {
			for k, v := range e {
				e[k] = Repair([]byte(v))
			}
		}
	}
	sameTime := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	if diff := cmp.Diff(upstreamView(want), upstreamView(got), sameTime); diff != "" {
		t.Fatalf("%q: %s", line, diff)
	}
	return true
}

// view is what the two parsers are compared by.
type view struct {
	Base upstream.Base
	Ver  uint16
	Data map[string]map[string]string
}

func upstreamView(m *rfc5424.SyslogMessage) view {
	v := view{Base: m.Base, Ver: m.Version}
	if m.StructuredData != nil {
		v.Data = *m.StructuredData
	}
	return v
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"<34>1 2003-10-11T22:14:15.003Z h su - ID47 - \xef\xbb\xbftext", `<165>1 - h e - ID47 [x@1 a="3\]" b="c"][y z="1"] t`,
		"<34>Oct 11 22:14:15 h su[1]: t", "<189>237: 000485: r1: *Jan  8 19:46:03.295: %SYS-5-CONFIG_I: t", "<13>Feb 29 1:2:3 h \x00\xff",
		"<166>Jul 06 2020 20:33:28 fw1 : %ASA-6-302013: t", "<28>2019-12-02 16:49:23,1 host a: t",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) { check(t, line) })
}

func BenchmarkParse(b *testing.B) {
	line := []byte("<134>1 2026-04-21T14:22:09Z wardex control-plane 12 ID7 [meta sequenceId=\"29\" x=\"foo\"] event.kind=alert event.id=CASE-1042 severity=high")
	b.ReportAllocs()
	for b.Loop() {
		Parse(line, Options{Now: now})
	}
}
