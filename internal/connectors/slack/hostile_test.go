package slack

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// full is an event whose every text is the given one.
func full(t testing.TB, text string) *event.Record {
	t.Helper()
	risk := 75.0
	data, err := json.Marshal(map[string]any{
		"recommended_action": text, "kill_chain_phase": text,
		"runbook": map[string]any{"name": text, "owner": text, "url": "https://runbooks.example.com/1", "steps": []string{text, text}},
	})
	if err != nil {
		t.Fatal(err)
	}
	geo, err := json.Marshal(map[string]any{"city": text, "country": text})
	if err != nil {
		t.Fatal(err)
	}
	e := event.Event{
		Type: "alert.created", Time: testTime, Severity: event.High, Title: text, Description: text, Project: text, AlertType: text,
		DedupKey: "k1", Incident: text, Endpoint: text, Rule: &event.Rule{ID: text, Name: text}, Mitre: []string{text},
		RiskScore: &risk, Actor: text, Entities: []event.Entity{{Type: text, Value: text, Role: text, Observed: true}, {Type: "host", Value: text}},
		Geo: geo, Network: json.RawMessage(`{"asn":64500}`), Tags: []string{text}, Labels: map[string]string{"a": text}, TLP: text, URL: text,
		Source: &event.Source{Vendor: text, Product: text, Instance: text, ID: text}, Data: data,
	}
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return record(t, 0, string(body))
}

// corpus are texts that break out of careless formats.
func corpus(t *testing.T) []string {
	t.Helper()
	list := append(slices.Clone(connectortest.Hostile),
		"<!channel> <!here> <!everyone> <@U0123456789> <!subteam^S1|x>", "@channel @here @everyone #general", "<https://evil.example|https://bank.example>",
		"&lt;!channel&gt; &amp;lt;", ":rotating_light: :smile:", "*b* _i_ ~s~ `c` ```\ncode\n``` > q", "<!date^1392734382^{date}|x>",
		"\u202egnp.exe\u202c", "\u2066a\u2069 \u061c", "a\u200bb\ufeffc", "\U000e0041\U000e007f", "👩‍👩‍👧‍👦 🇳🇱", "\xff\xfe", strings.Repeat("é", 75), strings.Repeat("😀", 75),
		strings.Repeat("<", 3000), strings.Repeat("\"\\", 3000), strings.Repeat("x", 1<<20), " ", "\n", strings.Repeat(" ", 5000)+"end")
	path := wanted(t, "corpora", "naughty-strings.json")
	raw, err := os.ReadFile(path) //nolint:gosec // a path in a test
	if err != nil {
		t.Fatal(err)
	}
	var naughty []string
	if err := json.Unmarshal(raw, &naughty); err != nil {
		t.Fatal(err)
	}
	list = append(list, naughty...)
	for _, name := range []string{"csv-injection.txt", "crlf-injection.txt", "ssrf-lookalikes.txt", "syslog-lines.txt"} {
		raw, err := os.ReadFile(wanted(t, "corpora", name)) //nolint:gosec // a path in a test
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")...)
	}
	if len(list) < 700 {
		t.Fatalf("only %d texts", len(list))
	}
	return list
}

// shape is what a message is made of, without its texts.
func shape(m read) []string {
	var list []string
	for _, b := range m.Blocks {
		s := b.Type
		for _, f := range append(slices.Clone(b.Fields), element(b.Text)...) {
			s += " " + f.Type
		}
		for _, e := range b.Elements {
			s += " " + e.Type + ":" + e.ActionID
		}
		list = append(list, s)
	}
	return list
}

// TestHostileText: whatever stands in an event's texts, the message has the same parts, what people read is what was
// written (in one line, without what hides or reorders), and nothing of it is markup.
func TestHostileText(t *testing.T) {
	t.Parallel()
	s := schema(t)
	c := openWith(t, map[string]any{"webhook_url": "https://hooks.slack.com/services/T/B/x"}, connectortest.Env(nil))
	// A URL of the event is the one thing that may add a part: a button.
	message := func(text string) ([]byte, read) {
		shown := card.Of(full(t, text), "https://tocsin.example.com")
		shown.URL = ""
		m, err := c.look.message(&shown, true, true)
		if err != nil {
			t.Fatalf("%.60q: %v", text, err)
		}
		body, err := encode(hook{content: m})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readMessage(body)
		if err != nil {
			t.Fatalf("%.60q: %v", text, err)
		}
		return body, got
	}
	_, plain := message("ordinary text")
	ours := plain.markup()
	for _, text := range corpus(t) {
		body, got := message(text)
		if err := valid(s, body); err != nil {
			t.Errorf("%.60q: %v", text, err)
		}
		want := oneLine(text)
		if want == "" {
			continue // then there are fewer parts
		}
		if len(want) <= 120 { // longer ones are cut, and a long title stands twice
			if diff := cmp.Diff(shape(plain), shape(got)); diff != "" {
				t.Errorf("%.60q: %s", text, diff)
			}
			for _, name := range []string{"Actor", "Project", "Alert type", "Endpoint", "Case", "Rule"} {
				if got.field(name) != want {
					t.Errorf("%.60q: %s reads %q", text, name, got.field(name))
				}
			}
			if got.title() != want || !got.shows("1. "+want) || !got.shows("Owner: "+want) || !got.shows("• "+want+" "+want+" ("+want+") – observed") {
				t.Errorf("%.60q is not shown: %q", text, got.plain())
			}
		}
		if diff := cmp.Diff(ours, got.markup()); diff != "" {
			t.Errorf("%.60q: %s", text, diff)
		}
		notified := strings.NewReplacer("&lt;", "", "&gt;", "", "&amp;", "").Replace(got.Text)
		if strings.ContainsAny(notified, "<>&") {
			t.Errorf("%.60q: the notification is not escaped: %q", text, got.Text)
		}
		if all := strings.Join(got.plain(), ""); strings.ContainsAny(all+got.Text, "\x00\x1b\u202e\u2066\u200b\ufeff\u2028\r") {
			t.Errorf("%.60q: hidden characters are left: %q", text, all)
		}
	}
}

// oneLine is shownTitle for a text that may be empty.
func oneLine(text string) string {
	if s := shownTitle(text); s != "alert.created" {
		return s
	}
	return ""
}

// TestLimits: no event makes a message that Slack refuses for its size; what is cut ends in a visible mark.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := schema(t)
	c := openWith(t, map[string]any{"bot_token": testToken, "channel": testChannel, "signing_secret": testSecret,
		"mention": []string{"U1"}, "mention_from": "info"}, connectortest.Env(nil))
	rapid.Check(t, func(rt *rapid.T) {
		alphabet := []rune("a é<>&\"\\\n😀\u202e漢*")
		text := rapid.SampledFrom([]string{"", "x", strings.Repeat("<", 4000), strings.Repeat("é😀", 2000), strings.Repeat("word ", 2000)}).Draw(rt, "long") +
			rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 300, -1).Draw(rt, "text")
		r := full(t, text)
		shown := card.Of(r, "https://tocsin.example.com")
		for range rapid.IntRange(0, 30).Draw(rt, "more") {
			shown.Entities = append(shown.Entities, event.Entity{Type: "ip", Value: card.Line(event.Clip(text, 256)), Role: "source"})
			shown.Advice = append(shown.Advice, card.Line(event.Clip(text, 256)))
		}
		shown.State = card.State{Status: "acknowledged", Verb: "note", By: card.Line(event.Clip(text, 256)), At: testTime, Note: card.Lines(event.Clip(text, 512)), Count: 9, LastSeen: testTime}
		shown.Entities = slices.DeleteFunc(shown.Entities, func(e event.Entity) bool { return e.Value == "" })
		m, err := c.look.message(&shown, true, true)
		if err != nil {
			rt.Fatal(err)
		}
		checkLimits(rt, s, m)
	})
	m, err := c.look.message(cardOf(t, strings.Repeat("word ", 5000)), false, true)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := encode(m)
	got, err := readMessage(body)
	if err != nil || !strings.HasSuffix(got.Blocks[0].Text.Text, "…") || !strings.HasSuffix(got.field("Actor"), "…") || !strings.HasSuffix(got.title(), "…") {
		t.Errorf("%v: cut without a mark: %q", err, got.plain())
	}
}

func cardOf(t testing.TB, text string) *card.Card {
	c := card.Of(full(t, text), "https://tocsin.example.com")
	return &c
}

func checkLimits(t *rapid.T, s *jsonschema.Schema, m content) {
	body, err := json.Marshal(hook{content: m})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > maxBlockBytes || len(m.Blocks) > maxBlocks || len(m.Text) > 4000 {
		t.Errorf("%d bytes in %d blocks, %d of text", len(raw), len(m.Blocks), len(m.Text))
	}
	if err := valid(s, body); err != nil {
		t.Error(err)
	}
}

// TestRemembered: what is kept of a message fits, whatever the event.
func TestRemembered(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("<", 1<<15), strings.Repeat("\"\\", 1<<14), strings.Repeat("😀", 1<<13), strings.Repeat("\u202e", 1<<13)} {
		m := newModel(t)
		c := m.open(t, nil)
		r := full(t, text)
		send(t, c, r)
		p, err := c.recall(t.Context(), subjectKey(r.Account, cardOf(t, text)))
		if err != nil || p.TS == "" || p.Card.Title == "" {
			t.Errorf("%.10q: %v, %+v", text, err, p.place)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, text := range connectortest.Hostile {
		f.Add(text)
	}
	c := &look{settings: new(Settings)}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := c.message(cardOf(t, text), true, true)
		if err != nil || len(m.Blocks) == 0 || m.Blocks[0].Text.Text == "" {
			t.Errorf("%v %+v", err, m)
		}
	})
}
