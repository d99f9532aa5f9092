package event

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFillIn(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"team": "blue", "a\"b": "x\ny"}
	for _, c := range []struct{ name, sent, project, want string }{
		{"nothing to add", `{"type":"a.b","project":"own"}`, "web", `{"type":"a.b","project":"own","labels":{"a\"b":"x\ny","team":"blue"}}`},
		{"both", `{"type":"a.b"}`, "web", `{"type":"a.b","project":"web","labels":{"a\"b":"x\ny","team":"blue"}}`},
		{"an empty project", `{"type":"a.b","project":"","title":"t"}`, "web", `{"type":"a.b","title":"t","project":"web","labels":{"a\"b":"x\ny","team":"blue"}}`},
		{"an escaped label", `{"type":"a.b","labels":{"\u0074eam":"red", "x":"y"}}`, "", `{"type":"a.b","labels":{"\u0074eam":"red","x":"y","a\"b":"x\ny"}}`},
		{"no labels in it", `{"type":"a.b","labels":{}}`, "", `{"type":"a.b","labels":{"a\"b":"x\ny","team":"blue"}}`},
		{"an unknown field", `{"type":"a.b","x":1}`, "web", `{"type":"a.b","data":{"x":1},"project":"web","labels":{"a\"b":"x\ny","team":"blue"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := Parse([]byte(c.sent), DefaultAccount, time.Unix(0, 0), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if err := r.FillIn(c.project, labels, Limits{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(r.Body)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if string(r.SenderBytes()) != c.sent {
				t.Errorf("the sender's bytes are %s", r.SenderBytes())
			}
			again, err := Parse(r.Body, DefaultAccount, time.Unix(0, 0), Limits{})
			if err != nil || len(again.Raw) > 0 || again.Project != r.Project {
				t.Errorf("the body is not canonical: %v, project %q and %q", err, again.Project, r.Project)
			}
		})
	}
}

func TestFillInBounds(t *testing.T) {
	t.Parallel()
	sent := `{"type":"a.b","description":"` + strings.Repeat("x", 600) + `"}`
	r, err := Parse([]byte(sent), DefaultAccount, time.Unix(0, 0), Limits{Bytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.FillIn("web", nil, Limits{Bytes: 1000}); err == nil || string(r.Body) != sent || r.Project != "" {
		t.Errorf("got %v and %s", err, r.Body)
	}
	many := `{"type":"a.b","labels":{}}`
	r, err = Parse([]byte(many), DefaultAccount, time.Unix(0, 0), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	more := map[string]string{}
	for i := range MaxLabels + 10 {
		more[strings.Repeat("n", i+1)] = "v"
	}
	if err := r.FillIn("", more, Limits{}); err != nil {
		t.Fatal(err)
	}
	e, err := r.Event()
	if err != nil || len(e.Labels) != MaxLabels {
		t.Errorf("there are %d labels, %v", len(e.Labels), err)
	}
}
