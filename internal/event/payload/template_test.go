package payload

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
)

func TestTemplate(t *testing.T) {
	t.Parallel()
	write, err := Open(Template, Options{Template: "{\n\t\"text\": event.title,\n\t\"level\": event.severity_level, \"all\": event.data\n}"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := event.Parse([]byte(`{"type":"alert.created","severity":"high","title":"\"},{\"x\":\n","data":{"a":[1,2]}}`), "acme", time.Unix(1e9, 0), event.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := write([]byte(">"), r)
	if want := `>{"text":"\"},{\"x\":\n","level":4,"all":{"a":[1,2]}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	failing, err := Open(Template, Options{Template: `{"x": event.data.missing}`})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := failing([]byte(">"), r); err == nil || string(got) != ">" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestTemplateIsChecked(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"":                         "a template is needed",
		`{"x": event.titel}`:       "at line 1, column 12: there is no field",
		`event.data`:               "must not come from an event",
		`{event.title: 1}`:         "must not come from an event",
		`{"x": event.title`:        "syntax error",
		`"text"`:                   "want an object",
		`{"a": 1, "b": 2, "a": 3}`: "stands twice",
	} {
		_, err := Open(Template, Options{Template: template})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", template, err, want)
		}
		if e, ok := errors.AsType[*expr.Error](err); template != "" && (!ok || e.Line != 1) {
			t.Errorf("%s: %#v has no position", template, err)
		}
	}
}
