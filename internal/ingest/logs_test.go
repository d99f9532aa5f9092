package ingest

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
)

// logEvent is what a line becomes.
func logEvent(t testing.TB, line syslog.Line, lim event.Limits) *event.Record {
	t.Helper()
	lim0 := Limits{Event: lim}.orDefaults()
	b := batch{lim: &lim0, received: testNow, principal: Principal{Account: event.DefaultAccount}}
	item := LogItem(line, LogOptions{}, lim)
	r, err := b.record(&item)
	if err != nil {
		t.Fatalf("%q: %v", event.Clip(string(line.Bytes), 200), err)
	}
	return r
}

// TestLogs: testdata/logs.json has what each line of testdata/logs.txt becomes.
func TestLogs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/logs.txt")
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		Line  string
		Event json.RawMessage
	}
	var got []outcome
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		r := logEvent(t, syslog.Line{Bytes: []byte(line), At: testNow, From: netip.MustParseAddr("192.0.2.200")}, event.Limits{})
		if string(r.Raw) != line {
			t.Errorf("%q was kept as %q", line, r.Raw)
		}
		got = append(got, outcome{line, r.Body})
	}
	if *update {
		writeGolden(t, "testdata/logs.json", got)
	}
	golden, err := os.ReadFile("testdata/logs.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []outcome
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	plain := cmp.Transformer("JSON", func(raw json.RawMessage) (v any) { _ = json.Unmarshal(raw, &v); return v })
	if diff := cmp.Diff(want, got, plain); diff != "" {
		t.Error(diff)
	}
}

// TestWardexLine: the line of Wardex's page gives its fields.
func TestWardexLine(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(sharedFile(t, "samples", "seed-systems", "wardex-syslog-rfc5424.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		Line   string
		Parsed struct{ Fields map[string]string }
	}
	if err := json.Unmarshal(raw, &sample); err != nil {
		t.Fatal(err)
	}
	e, err := logEvent(t, syslog.Line{Bytes: []byte(sample.Line), At: testNow}, event.Limits{}).Event()
	if err != nil {
		t.Fatal(err)
	}
	var data struct{ Fields map[string]string }
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample.Parsed.Fields, data.Fields); diff != "" {
		t.Error(diff)
	}
	if e.Severity != event.High || e.Source.ID != "CASE-1042" || e.Type != "alert.created" || !e.Time.Equal(time.Date(2026, 4, 21, 14, 22, 9, 0, time.UTC)) {
		t.Errorf("%+v", e)
	}
}

// TestLogDecoders: the three dialects take text bodies, one message a line, and refuse nothing.
func TestLogDecoders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"cef", "leef", "syslog"} {
		b := newBench(Limits{})
		w := b.post(SourcePath+name, "<13>Feb 28 10:00:00 h a: one\r\n\nCEF:0|v|p|1|id|two|3|\nLEEF:1.0|v|p|1|three|\n", "Content-Type", "text/plain; charset=utf-8")
		if a := read(t, w); w.Code != 202 || a.Accepted != 3 {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		var got []string
		for _, r := range b.journal.all() {
			e, _ := r.Event()
			got = append(got, r.Type+" "+e.Title)
		}
		if diff := cmp.Diff([]string{"log.message one", "log.security two", "log.security three"}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if first := b.journal.all()[0]; !first.Time.Equal(time.Date(2026, 2, 28, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: the year was not told from the receipt: %v", name, first.Time)
		}
	}
}

// TestLogLimits: however large or strange a message is, it becomes an event.
//
// Everybody who reaches a listener for UDP can send them, so none may take long: those with "twice" in their names took
// seconds while their time grew with the square of their length.
func TestLogLimits(t *testing.T) {
	t.Parallel()
	const (
		size    = 128 << 10
		longest = 5 * time.Second // tens of milliseconds without the race detector and its like
	)
	for name, line := range map[string]string{
		"control characters": strings.Repeat("\x01", size),
		"not UTF-8":          strings.Repeat("\xff", size),
		"many keys":          "CEF:0|v|p|1|id|n|5|" + strings.Repeat("a=b ", size/4),
		"many pairs":         strings.Repeat("a=b ", size/4),
		"many LEEF keys":     "LEEF:2.0|v|p|1|id|^|" + strings.Repeat("a=b^", size/4),
		"many elements":      "<13>1 - - - - - " + strings.Repeat("[a]", size/3),
		"many parameters":    "<13>1 - - - - - [a" + strings.Repeat(` b="c"`, size/6) + "]",
		"deep JSON":          "<13>1 - - - - - {\"a\":" + strings.Repeat("[", 62) + strings.Repeat("]", 62) + "}",
		"large label":        "CEF:0|v|p|1|id|n|5|cs1Label=l cs1=" + strings.Repeat("\x01", size),
		"long key":           strings.Repeat("k", size) + "=b c=d",
		"twice equals":       "CEF:0|v|p|1|id|n|5|a=" + strings.Repeat("=", size),
		"twice no key":       "CEF:0|v|p|1|id|n|5|a= " + strings.Repeat("!=", size/2),
		"twice LEEF parts":   "LEEF:1.0|v|p|1|id|" + strings.Repeat("a=b c\t", size/6),
		"twice LEEF value":   "LEEF:1.0|v|p|1|id|a=" + strings.Repeat("b\t", size/2),
		"twice elements":     "<13>1 - - - - - " + strings.Repeat(`[a b="c"]`, 499),
		"long name":          "CEF:0|" + strings.Repeat("v", size) + "|p|1|id|n|5|src=1.1.1.1",
	} {
		start := time.Now()
		r := logEvent(t, syslog.Line{Bytes: []byte(line), At: testNow}, event.Limits{})
		if took := time.Since(start); took > longest {
			t.Errorf("%s: %v", name, took)
		}
		if string(r.Raw) != line {
			t.Errorf("%s: the message was not kept", name)
		}
		logEvent(t, syslog.Line{Bytes: []byte(line), At: testNow}, event.Limits{Depth: 4, Keys: 16, StringBytes: 1 << 10})
	}
}

func TestCutMessage(t *testing.T) {
	t.Parallel()
	e, err := logEvent(t, syslog.Line{Bytes: []byte("<13>Feb 28 10:00:00 h a: the beginning"), At: testNow, Cut: true}, event.Limits{}).Event()
	if err != nil || e.Title != "the beginning… [cut]" || len(e.Tags) != 1 || e.Tags[0] != "truncated" {
		t.Errorf("%+v %v", e, err)
	}
}

func FuzzLogs(f *testing.F) {
	text, err := os.ReadFile("testdata/logs.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		f.Add(bytes.TrimSpace(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r := logEvent(t, syslog.Line{Bytes: line, At: testNow}, event.Limits{})
		if !utf8.Valid(r.Body) || !json.Valid(r.Body) {
			t.Fatalf("not JSON: %q", r.Body)
		}
		logEvent(t, syslog.Line{Bytes: line, At: testNow}, event.Limits{Depth: 4, Keys: 16, StringBytes: 1 << 10})
	})
}

func BenchmarkLogs(b *testing.B) {
	for name, line := range map[string]string{
		"plain": "<86>Feb 28 10:00:00 web-1 sshd[4123]: Failed password for invalid user admin from 203.0.113.5 port 22 ssh2",
		"5424":  `<165>1 2003-10-11T22:14:15.003Z 192.0.2.1 evntslog - ID47 [exampleSDID@32473 iut="3"] An entry`,
		"cef":   "<134>Feb 18 10:31:26 fw-1 CEF:0|Example|Wall|7.2|deny|Denied|3|src=192.0.2.9 dst=198.51.100.3 suser=bob act=deny cs1=x cs1Label=Rule",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				logEvent(b, syslog.Line{Bytes: []byte(line), At: testNow}, event.Limits{})
			}
		})
	}
}
