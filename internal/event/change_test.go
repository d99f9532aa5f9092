package event

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func parsed(tb interface{ Fatal(...any) }, body string) *Record {
	r, err := Parse([]byte(body), "acme", time.Unix(1e9, 0), Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestChange(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	level := func(s Severity) *Severity { return &s }
	for _, c := range []struct {
		name, body string
		changes    Changes
		want       string // "": the record itself
	}{
		{"nothing", `{"type":"alert.created"}`, Changes{}, ""},
		{"the same", `{"type":"alert.created","severity":"low","project":"p","tags":["a"],"labels":{"a":"b"}}`,
			Changes{Type: text("alert.created"), Severity: level(Low), Project: text("p"), AddTags: []string{"a"}, SetLabels: map[string]string{"a": "b", "x": ""}}, ""},
		{"in place", `{"type":"alert.created","severity":"low","title":"t","project":"p"}`,
			Changes{Type: text("alert.resolved"), Severity: level(High), Project: text("q")},
			`{"type":"alert.resolved","severity":"high","title":"t","project":"q"}`},
		{"new", `{"type":"alert.created"}`,
			Changes{Severity: level(High), Project: text("q\"\n"), AlertType: text("x"), AddTags: []string{"b", "a", "b"}, SetLabels: map[string]string{"z": "1", "a": "2"}},
			`{"type":"alert.created","alert_type":"x","labels":{"a":"2","z":"1"},"project":"q\"\n","severity":"high","tags":["b","a"]}`},
		{"added", `{"type":"alert.created","tags":["a"],"labels":{"k":"1","l":"2"},"data":{ "x" : [1, 2] }}`,
			Changes{AddTags: []string{"a", "b"}, SetLabels: map[string]string{"k": "3", "l": "", "m": "4"}},
			`{"type":"alert.created","tags":["a","b"],"labels":{"k":"3","m":"4"},"data":{ "x" : [1, 2] }}`},
		{"taken away", `{"type":"alert.created","project":"p","alert_type":"x","labels":{"a":"b"}}`,
			Changes{Project: text(""), AlertType: text(""), SetLabels: map[string]string{"a": ""}}, `{"type":"alert.created"}`},
	} {
		r := parsed(t, c.body)
		got, err := Change(r, c.changes, Limits{})
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want == "" && got != r:
			t.Errorf("%s: it was rewritten to %s", c.name, got.Body)
		case c.want != "" && (string(got.Body) != c.want || string(got.SenderBytes()) != c.body || string(r.Body) != c.body):
			t.Errorf("%s: %s of %s", c.name, got.Body, got.SenderBytes())
		}
		if err == nil {
			again := parsed(t, string(got.Body))
			if again.Type != got.Type || again.Severity != got.Severity || again.Project != got.Project || again.AlertType != got.AlertType || again.Flags != got.Flags {
				t.Errorf("%s: the record says %+v, its body %+v", c.name, got, again)
			}
		}
	}
}

func TestChangeRefuses(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	long := strings.Repeat("x", 70_000)
	for name, c := range map[string]Changes{
		"a type":    {Type: text("Alert")},
		"a project": {Project: text(long)},
		"a tag":     {AddTags: []string{""}},
		"a label":   {SetLabels: map[string]string{"a": long}},
	} {
		if _, err := Change(parsed(t, `{"type":"alert.created"}`), c, Limits{}); err == nil {
			t.Errorf("%s was taken", name)
		} else if _, ok := errors.AsType[FieldErrors](err); !ok {
			t.Errorf("%s: %T", name, err)
		}
	}
	whole := parsed(t, `{"type":"alert.created","data":{"a":"`+strings.Repeat("x", 200_000)+`","b":"`+strings.Repeat("x", 100_000)+`"}}`)
	if _, err := Change(whole, Changes{Project: text("p")}, Limits{}); err == nil {
		t.Error("an event that is too large with its original was changed")
	}
}

// A record that took its severity from its type takes that of the new type.
func TestChangeTypeAlone(t *testing.T) {
	t.Parallel()
	kind := "detection.malware"
	r := parsed(t, `{"type":"telemetry.x","title":"t"}`)
	got, err := Change(r, Changes{Type: &kind}, Limits{})
	if err != nil || got.Severity != DefaultSeverity(kind) || got.Flags&NoSeverity == 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever the texts are: the changed event is one that its sender could have sent, and says what was asked for.
func TestChangeIsSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 20, 60)
		e := Event{Type: "alert.created", Severity: High, Title: text.Draw(t, "title"), Project: text.Draw(t, "project"), Labels: rapid.MapOf(text, text).Draw(t, "labels")}
		r, err := FromEvent(&e, Origin{Account: "acme", Received: time.Unix(1e9, 0), Raw: []byte("raw")}, Limits{})
		if err != nil {
			return
		}
		project := text.Draw(t, "new project")
		c := Changes{Project: &project, AddTags: rapid.SliceOfN(rapid.StringN(1, 9, 30), 0, 3).Draw(t, "tags"), SetLabels: rapid.MapOfN(rapid.StringN(1, 9, 30), text, 0, 3).Draw(t, "set")}
		got, err := Change(r, c, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		again := parsed(t, string(got.Body))
		back, err := again.Event()
		if err != nil {
			t.Fatal(err)
		}
		if got.Project != project || back.Project != project || string(got.SenderBytes()) != "raw" {
			t.Fatalf("%q: %s", project, got.Body)
		}
		for name, value := range c.SetLabels {
			if v, ok := back.Labels[name]; v != value || ok != (value != "") {
				t.Fatalf("%q is %q of %q: %s", name, v, value, got.Body)
			}
		}
	})
}
