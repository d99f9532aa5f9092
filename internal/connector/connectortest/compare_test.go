package connectortest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestCompare: what a careless connector does to a text is told.
func TestCompare(t *testing.T) {
	t.Parallel()
	h := Harness{
		Limits: []Limit{
			{Text: "title", Max: 10, Unit: Characters}, {Text: "title#small", Max: 6, Unit: Bytes, Mark: "[cut]"},
			{Text: "actor", Max: 100, Unit: Bytes}, {Text: "actor", Max: 4, Unit: Characters}, {Text: "tag", Max: 40, Unit: Characters},
		},
		Made: map[string]func(map[string]string) string{
			"rule": func(seen map[string]string) string { return seen["rule.name"] + " (" + seen["rule.id"] + ")" },
		},
		Shows: func(field, text string) string {
			if field == "url" && !strings.HasPrefix(text, "https://") {
				return ""
			}
			return text
		},
	}
	control := Reading{Shape: "a\nb", Texts: map[string]string{"title": "plain", "url": ""}}
	for name, tt := range map[string]struct {
		texts map[string]string
		got   Reading
		want  []string
	}{
		"as it is":        {map[string]string{"title": "<b>"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "<b>"}}, nil},
		"escaped twice":   {map[string]string{"title": "<b>"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "&lt;b>"}}, []string{"&lt;b>"}},
		"lost":            {map[string]string{"title": "<b>"}, Reading{Shape: "a\nb"}, []string{`"", want "<b>"`}},
		"broken out":      {map[string]string{"title": "<b>"}, Reading{Shape: "a\nb\nc", Texts: map[string]string{"title": "<b>"}}, []string{"the structure"}},
		"cut":             {map[string]string{"title": "ééééééééééé"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "ééééééééé…"}}, nil},
		"cut unseen":      {map[string]string{"title": "ééééééééééé"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "éééééééééé"}}, []string{"without"}},
		"cut for nothing": {map[string]string{"title": "abc"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "a…"}}, []string{`want "abc"`}},
		"too long":        {map[string]string{"title": "abcdefghijk"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "abcdefghijk"}}, []string{"the limit is 10"}},
		"another text":    {map[string]string{"title": "abcdefghijk"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "xyz…"}}, []string{"not the beginning"}},
		"left out":        {map[string]string{"title": "x", "url": "javascript:x"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "x"}}, nil},
		"shown after all": {map[string]string{"title": "x", "url": "javascript:x"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "x", "url": "javascript:x"}}, []string{"javascript:x"}},
		"second place":    {map[string]string{"title": "abcdefghi"}, Reading{Shape: "a\nb", Texts: map[string]string{"title": "abcdefghi", "title#small": "a[cut]"}}, nil},
		"two limits":      {map[string]string{"actor": "abcde"}, Reading{Shape: "a\nb", Texts: map[string]string{"actor": "abc…"}}, nil},
		"one too long":    {map[string]string{"actor": "abcde"}, Reading{Shape: "a\nb", Texts: map[string]string{"actor": "abcde"}}, []string{"the limit is 4"}},
		"full of escapes": {map[string]string{"tag": "*****************************"}, Reading{Shape: "a\nb", Texts: map[string]string{"tag": "*******************…"}, Raw: map[string]string{"tag": strings.Repeat(`\*`, 19) + "…"}}, nil},
		"not full":        {map[string]string{"tag": "******"}, Reading{Shape: "a\nb", Texts: map[string]string{"tag": "**…"}, Raw: map[string]string{"tag": `\*\*…`}}, []string{`want "******"`}},
		"raw too long":    {map[string]string{"tag": "x"}, Reading{Shape: "a\nb", Texts: map[string]string{"tag": "x"}, Raw: map[string]string{"tag": strings.Repeat("x", 41)}}, []string{"the limit is 40"}},
		"made of two":     {map[string]string{"rule.name": "n", "rule.id": "i"}, Reading{Shape: "a\nb", Texts: map[string]string{"rule": "n (i)"}}, nil},
		"made wrongly":    {map[string]string{"rule.name": "n", "rule.id": "i"}, Reading{Shape: "a\nb", Texts: map[string]string{"rule": "n i"}}, []string{`want "n (i)"`}},
	} {
		got := h.compare(tt.texts, control, tt.got)
		if len(got) != len(tt.want) || len(got) > 0 && !strings.Contains(got[0], tt.want[0]) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestUnread(t *testing.T) {
	t.Parallel()
	r := RecordOf(event.NewID(), plainTexts())
	reading, err := ReadEnvelope(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if missed := unread(r.Body, reading); len(missed) > 0 {
		t.Errorf("not read: %v", missed)
	}
	name := reading.Texts["rule.name"]
	delete(reading.Texts, "rule.name")
	reading.Texts["rule"] = "Rule: " + name
	if missed := unread(r.Body, reading); len(missed) > 0 {
		t.Errorf("not read, though it is a part of a text: %v", missed)
	}
	delete(reading.Texts, "rule")
	if diff := cmp.Diff([]string{"rule.name"}, unread(r.Body, reading)); diff != "" {
		t.Error(diff)
	}
	for field, text := range plainTexts() {
		if text == "" || reading.Texts[field] != text && field != "rule.name" {
			t.Errorf("%s: %q, want %q", field, reading.Texts[field], text)
		}
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	got, err := JSONShape([]byte(`{"a":[1,"x",null],"b":{"any":"name"},"c":true}`), "b")
	if diff := cmp.Diff(" object\n.a list of 3\n.a.0 number\n.a.1 string\n.a.2 null\n.b 1 pairs\n.c bool", got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, broken := range []string{`{`, `{}{}`, ``} {
		if _, err := JSONShape([]byte(broken)); err == nil {
			t.Errorf("%q has a shape", broken)
		}
	}
	got, err = HTMLShape(`<p class="x">text <b>bold</b><!-- c --></p>`)
	if diff := cmp.Diff("StartTag p class\nStartTag b\nEndTag b\nComment\nEndTag p", got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for body, ok := range map[string]bool{"{}\n{}\n": true, "{}\n{}": false, "{}\n\n": false, "{\n}\n": false, "\n": false} {
		if _, err := Lines([]byte(body)); (err == nil) != ok {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// TestCorpus: every text fits into an event.
func TestCorpus(t *testing.T) {
	t.Parallel()
	texts := Corpus(t)
	if len(texts) < len(Hostile)+len(Markup) || slices.Contains(texts, "") {
		t.Errorf("%d texts", len(texts))
	}
}
