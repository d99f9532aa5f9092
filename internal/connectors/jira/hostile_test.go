package jira

import (
	"encoding/json"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// nasty are texts that act in Jira, beside those of the contract.
var nasty = append([]string{
	"[~admin] [^file.txt] !http://evil.example/x.png! {macro:x} h1. big\n* item\n|| head || ", "{color:red}x{color} ---- bq. {quote}", "[tocsin:123456789012]", "&#42;&amp;&lt;",
	strings.Repeat("𝔘", 300), strings.Repeat("line\n", 3000), "\ufffe\uffff\u2066", "a\u0085b",
}, connectortest.Hostile...)

// Whatever text is in an event: the document holds against its schema, has the structure that a harmless text has, and the
// text is read back as it was.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	s := published(t)
	shape := func(text string) (string, string) {
		d := ticketing.Document{{Text: "before"}, {Kind: ticketing.Heading, Text: text}, {Kind: ticketing.Table, Rows: []ticketing.Row{{Name: "n", Value: text}}},
			{Kind: ticketing.List, Rows: []ticketing.Row{{Value: text}}}, {Kind: ticketing.Code, Text: text}, {Kind: ticketing.Link, Text: text, URL: "https://x.example/"}, {Text: text}}
		raw, err := encode(document(d))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.document(raw); err != nil {
			t.Errorf("%.60q: %v", text, err)
		}
		return skeleton(t, raw), string(raw)
	}
	want, _ := shape("harmless")
	for _, text := range nasty {
		got, raw := shape(text)
		if clean(text) != "" && strings.Trim(clean(text), "\n") != "" && got != want {
			t.Errorf("%.60q changes the structure: %s", text, got)
		}
		if read := readText(json.RawMessage(raw)); len(text) < 500 && !strings.Contains(strings.Join(strings.Fields(read), " "), strings.Join(strings.Fields(clean(text)), " ")) {
			t.Errorf("%q is read back as %q", text, read)
		}
	}
}

// skeleton are the types of a document's nodes, without breaks and what is between them.
func skeleton(t testing.TB, raw json.RawMessage) string {
	t.Helper()
	var n struct {
		Type    string
		Content []json.RawMessage
		Marks   []struct{ Type string }
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		t.Fatal(err)
	}
	out := n.Type
	for _, m := range n.Marks {
		out += "+" + m.Type
	}
	last := ""
	for _, c := range n.Content {
		inner := skeleton(t, c)
		if inner == "hardBreak" || inner == last && (inner == "text" || strings.HasPrefix(inner, "paragraph")) {
			continue
		}
		last = inner
		out += "(" + inner + ")"
	}
	return out
}

// No wiki renderer finds anything in a text of ours, and a reader sees the text.
func TestHostileMarkup(t *testing.T) {
	t.Parallel()
	for _, text := range nasty {
		got := escape(text)
		rest := got
		for {
			before, after, found := strings.Cut(rest, "&#")
			if strings.ContainsAny(before, `*_-+^~?!|\{}[]():;@#&<>"'`+"`") {
				t.Errorf("%.60q: %.60q is not escaped", text, before)
			}
			if !found {
				break
			}
			_, rest, _ = strings.Cut(after, ";")
		}
		if html.UnescapeString(got) != clean(text) {
			t.Errorf("%.60q is read as %.60q", text, html.UnescapeString(got))
		}
	}
}

// Any event becomes an issue that Jira takes, of both editions.
func TestHostileEvents(t *testing.T) {
	editions(t, func(t *testing.T, cloud bool) {
		f := newFixture(t, cloud, map[string]any{"fields": []any{map[string]any{"name": "Source system", "value": "event.title"}, map[string]any{"name": "Analysis", "value": "event.description"}}})
		for n, text := range append(slices.Clip(nasty), strings.Repeat("x", 300<<10)) {
			e := event.Event{Type: "alert.created", DedupKey: strings.Repeat("k", n+1), Title: text, Description: text, Tags: []string{text}, Severity: event.High,
				Entities: []event.Entity{{Type: "user", Value: text}}, URL: "https://x.example/" + text, Rule: &event.Rule{Name: text}}
			body, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			r := &event.Record{ID: event.NewID(), Account: event.DefaultAccount, Type: e.Type, DedupKey: e.DedupKey, Severity: e.Severity, Body: body}
			if err := f.Send(t.Context(), connector.Delivery{Key: "d", Record: r, Attempt: 1}); err != nil {
				t.Errorf("%.60q: %v", text, err)
				continue
			}
			i := f.m.issues[len(f.m.issues)-1]
			if i.Summary != cutSummary(text) && i.Summary != "alert.created" {
				t.Errorf("%.60q: the summary is %q", text, i.Summary)
			}
			if len(text) > maxText && !strings.Contains(readText(i.Description), "[cut by Tocsin]") {
				t.Errorf("%.60q: nothing says that it was cut", text)
			}
		}
	})
}

// What people write in Jira is text, whatever nodes it has, and reading it is bounded.
func TestReadsDocuments(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"Hi "},{"type":"mention","attrs":{"id":"1","text":"@Dana"}},{"type":"hardBreak"},{"type":"emoji","attrs":{"shortName":":fire:"}}]},{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"one"}]}]}]}]}`: "Hi @Dana\n:fire:\n- one",
		`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"inlineCard","attrs":{"url":"https://x"}},{"type":"date","attrs":{"timestamp":"1763596800000"}}]}]}`:                                                                                                                                                                                            "https://x2025-11-20",
		`"h1. wiki &#42;text&#42;"`: "h1. wiki *text*",
		`null`:                      "", `7`: "", `[]`: "", `{"content":7}`: "", `{"type":"text","text":7}`: "",
		strings.Repeat(`{"type":"x","content":[`, 500) + strings.Repeat(`]}`, 500): "",
	} {
		if got := readText(json.RawMessage(raw)); got != want {
			t.Errorf("%.80s: %q, want %q", raw, got, want)
		}
	}
}

func FuzzReadText(f *testing.F) {
	f.Add([]byte(`{"type":"doc","content":[{"type":"text","text":"x"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got := readText(raw); len(got) > 2*maxRead {
			t.Errorf("%d bytes", len(got))
		}
	})
}
