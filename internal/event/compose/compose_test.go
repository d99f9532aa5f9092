package compose

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWriter(t *testing.T) {
	t.Parallel()
	w := On([]byte(`x{[`))
	m := w.Object("")
	w.Text("a", "1\"\n")
	w.Text("empty", "")
	inner := w.Object("b")
	deep := w.List("c")
	w.End(deep)
	w.End(inner)
	w.Int("d", -7)
	w.Float("e", 0.25)
	w.Texts("f", "x", "", "y{", "z[")
	w.True("g")
	w.JSON("h", []byte(`{"i":[]}`))
	w.JSON("none", nil)
	list := w.List("j")
	for _, text := range []string{"", "{"} {
		one := w.Object("")
		w.Text("k", text)
		w.End(one)
	}
	w.End(list)
	dropped := w.Object("l")
	w.Text("m", "n")
	w.Drop(dropped)
	w.Pairs("p", "name", "value", map[string]string{"b": "", "a\"": "1"})
	w.Named("q\"", "")
	w.End(m)
	want := `x{[{"a":"1\"\n","d":-7,"e":0.25,"f":["x","y{","z["],"g":true,"h":{"i":[]},"j":[{"k":"{"}],` +
		`"p":[{"name":"a\"","value":"1"},{"name":"b","value":""}],"q\"":""}`
	if diff := cmp.Diff(want, string(w.Bytes())); diff != "" {
		t.Error(diff)
	}
}

// TestAnyNesting: whatever is opened and closed, the result is JSON.
func TestAnyNesting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := On(nil)
		var fill func(object bool, depth int)
		fill = func(object bool, depth int) {
			for i := range rapid.IntRange(0, 3).Draw(rt, "members") {
				name := ""
				if object {
					name = string(rune('a' + i))
				}
				switch kind := rapid.IntRange(0, 2).Draw(rt, "kind"); {
				case kind == 0 || depth > 4:
					w.Text(name, rapid.String().Draw(rt, "text"))
				case kind == 1:
					m := w.Object(name)
					fill(true, depth+1)
					w.End(m)
				default:
					m := w.List(name)
					fill(false, depth+1)
					w.End(m)
				}
			}
		}
		m := w.Object("")
		fill(true, 0)
		if w.End(m) && !json.Valid(w.Bytes()) {
			rt.Fatalf("%s", w.Bytes())
		}
	})
}
