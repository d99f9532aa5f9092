package email

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// corpus is hostile text: the contract's own, and the shared one where it is there.
func corpus(t *testing.T) []string {
	t.Helper()
	list := append(slices.Clone(connectortest.Hostile),
		"=?utf-8?q?evil?=", "=?utf-8?b?ZXZpbA==?= x", "a\r\n\r\n<h1>body</h1>", "\r\nBcc: evil@example.com", ".\r\nQUIT\r\n", "\n.\n",
		"--boundary", "{{.Title}}", "</style><script>x</script>", "<!--", "]]>", " leading  and   double ", "\u2066x\u2069", "Severity: low\nStatus: resolved",
		"Content-Type: multipart/x;\r\n boundary="+strings.Repeat("a", 60)+"\r\n", "cid:trend@tocsin", "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
		strings.Repeat("ü", 1<<19), // a MiB
	)
	dir := os.Getenv("TOCSIN_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "corpora", "naughty-strings.json"))
	if err != nil {
		t.Logf("without the shared corpus: %v", err)
		return list
	}
	var naughty []string
	if err := json.Unmarshal(raw, &naughty); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(filepath.Join(dir, "corpora", "crlf-injection.txt"))
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, naughty...)
	return append(list, strings.Split(string(lines), "\n")...)
}

// everywhere is a record with a text in each field that may hold any.
func everywhere(t *testing.T, text string) *event.Record {
	t.Helper()
	risk := 75.0
	object := func(members map[string]any) json.RawMessage {
		raw, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	e := event.Event{
		Type: "alert.updated", Time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Severity: event.High, Title: text, Description: text,
		Project: text, AlertType: text, DedupKey: "dedup-1", Endpoint: text, Rule: &event.Rule{ID: text, Name: text}, Mitre: []string{text},
		RiskScore: &risk, Status: text, Actor: text, Entities: []event.Entity{{Type: text, Value: text, Role: text, Observed: true}},
		Geo: object(map[string]any{"city": text}), Network: object(map[string]any{"transport": text}), Tags: []string{text},
		Labels: map[string]string{"env": text}, TLP: text, URL: "https://console.example.com/alerts/1",
		Source: &event.Source{Vendor: text, Product: text, Instance: text, ID: text},
		Data: object(map[string]any{
			"agent": text, "nested": map[string]any{"value": text},
			"alert":  event.AlertState{ID: "alr_x", Status: text, Count: 3, Assignee: text, Incident: text},
			"change": event.CaseChange{Verb: "note", By: text, Via: text, Note: text, Changed: map[string][2]string{"title": {text, text}}},
			"group": map[string]any{"count": 2, "severities": map[string]int{"high": 2}, "entities": []any{map[string]any{"type": text, "value": text}},
				"events": []string{text}},
		}),
	}
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return &event.Record{
		ID: event.BlockFrom(event.ID{1}, 1).At(0), Account: event.DefaultAccount, Type: e.Type, Severity: e.Severity, DedupKey: e.DedupKey,
		Time: e.Time, Received: e.Time, Body: body, Flags: event.Internal,
	}
}

func testWriter(t testing.TB) *writer {
	t.Helper()
	w, err := newWriter(&Settings{
		From: "Tocsin <tocsin@example.com>", To: []string{"SOC <soc@example.com>"}, SubjectPrefix: "[Tocsin]", ReplyTo: "soc@example.com",
	}, "default", "int_test", "0.0.0-test")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func write(t testing.TB, r *event.Record) ([]byte, *letter) {
	t.Helper()
	e, err := r.Event()
	if err != nil {
		t.Fatal(err)
	}
	l := compose(r, &e, "https://tocsin.example.com")
	m, err := testWriter(t).write(l, "dlv_1", noon)
	if err != nil {
		t.Fatal(err)
	}
	return m.bytes, l
}

// TestHostile: no text changes the structure of a mail, and each is shown as it is.
func TestHostile(t *testing.T) {
	t.Parallel()
	raw, _ := write(t, everywhere(t, "benign"))
	benign := read(t, raw)
	benignTags, _ := benign.tokens(t)
	names := slices.Sorted(maps.Keys(benign.header))
	for n := range chunks {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			for i, text := range corpus(t) {
				if i%chunks == n {
					checkHostile(t, text, benign, names, benignTags)
				}
			}
		})
	}
}

// chunks is in how many parts the corpus is tested at once.
const chunks = 4

func checkHostile(t *testing.T, text string, benign *letterRead, names, benignTags []string) {
	t.Helper()
	if strings.TrimSpace(shown(strings.ToValidUTF8(text, "\ufffd"))) == "" {
		return // a field that holds nothing is left out, as it should be
	}
	raw, l := write(t, everywhere(t, text))
	got := read(t, raw)
	text = strings.ToValidUTF8(text, "\ufffd") // as JSON has it
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(got.header))); diff != "" {
		t.Errorf("%.60q changes the header (-benign +hostile)\n%s", text, diff)
	}
	if diff := cmp.Diff(benign.shape, got.shape); diff != "" {
		t.Errorf("%.60q changes the parts (-benign +hostile)\n%s", text, diff)
	}
	tags, texts := got.tokens(t)
	if diff := cmp.Diff(benignTags, tags); diff != "" {
		t.Errorf("%.60q changes the HTML (-benign +hostile)\n%s", text, diff)
	}
	if want := []string{block(text, maxTitle)}; !slices.Equal(got.titles(t), want) {
		t.Errorf("the title is %q, want %q", got.titles(t), want)
	}
	if want := "Re: [Tocsin] " + clip("HIGH: "+inline(block(text, maxTitle), maxTitle), maxSubject); got.subject != want {
		t.Errorf("the subject is %q, want %q", got.subject, want)
	}
	value := block(text, maxValue)
	count := 0
	for _, shownText := range texts {
		if shownText == value {
			count++
		}
	}
	if want := 20; count < want && len(text) <= maxValue {
		t.Errorf("%.60q is shown exactly %d times, want at least %d", text, count, want)
	}
	if len(text) > maxDescription && !strings.Contains(got.text, "[cut: ") {
		t.Errorf("%.60q was cut without a mark", text)
	}
	if strings.ContainsFunc(got.text+strings.Join(texts, ""), func(r rune) bool { return r != '\n' && r != '\t' && event.Hidden(r) }) {
		t.Errorf("%.60q hides something", text)
	}
	if !strings.Contains(got.text, hang(value)) {
		t.Errorf("the text does not show %.60q", value)
	}
	if labelCount(got.text) > labelCount(benign.text) {
		t.Errorf("%.60q forges a line of the text", text)
	}
	if len(raw) > 256<<10 || l.Thread != "alert\x00dedup-1" {
		t.Errorf("%.60q makes a mail of %d bytes in the thread %q", text, len(raw), l.Thread)
	}
}

// labelCount is how many lines a text has that are no continuation of a value: forged ones would be more.
func labelCount(text string) int {
	n := 0
	for _, l := range strings.Split(text, "\n") {
		if l != "" && !strings.HasPrefix(l, "    ") {
			n++
		}
	}
	return n
}

// TestLinks: what is not a web address is shown and no link.
func TestLinks(t *testing.T) {
	t.Parallel()
	for url, link := range map[string]bool{
		"https://siem.example.com/a?b=c&d=%20#e": true, "http://10.0.0.1:8080/": true, "javascript:alert(1)": false, "data:text/html,x": false,
		"HTTPS://EXAMPLE.COM": true, "//example.com": false, "https://": false, "https://a b": false, "file:///etc/passwd": false,
		"https://user:pass@example.com/": false, "https://example.com/\u202egpj.exe": false, "vbscript:x": false,
		"https://example.com/" + strings.Repeat("x", event.MaxWebURL): false,
	} {
		r := connectortest.Record(event.NewID(), "hello")
		body, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		body.URL = url
		l := compose(r, &body, "")
		linked := slices.ContainsFunc(l.Links, func(k anchor) bool { return k.URL == url })
		if linked != link {
			t.Errorf("%q: a link: %v, want %v", url, linked, link)
		}
		m, err := testWriter(t).write(l, "dlv_1", noon)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, m.bytes); strings.Contains(got.html, "ZgotmplZ") || !link && strings.Contains(got.html, `href="`+url) {
			t.Errorf("%q: %s", url, got.html)
		}
	}
}

type anchor = link

// TestSummaryHostile: rows stay rows.
func TestSummaryHostile(t *testing.T) {
	t.Parallel()
	shape := func(title string) (tags []string, raw []byte) {
		ds := connectortest.Deliveries(title, "neighbour", title)
		events := make([]event.Event, len(ds))
		for i := range ds {
			var err error
			if events[i], err = ds[i].Record.Event(); err != nil {
				t.Fatal(err)
			}
		}
		m, err := testWriter(t).write(composeSummary(ds, events, "https://tocsin.example.com"), "sum_1", noon)
		if err != nil {
			t.Fatal(err)
		}
		tags, texts := read(t, m.bytes).tokens(t)
		if n := len(slices.DeleteFunc(texts, func(s string) bool { return s != block(title, maxValue) })); n != 2 {
			t.Errorf("%.60q is shown %d times", title, n)
		}
		return tags, m.bytes
	}
	benign, _ := shape("benign")
	for _, title := range connectortest.Hostile {
		if tags, _ := shape(title); cmp.Diff(benign, tags) != "" {
			t.Errorf("%.60q changes the HTML", title)
		}
	}
	var _ connector.BatchSender = (*Connector)(nil)
}
