package integration

import (
	"encoding/json"
	"testing"
)

// The cases are those of RFC 7396, appendix A, that have objects as their targets, and the reading of null as empty.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"a":1}`, `null`, `{}`},
		{`{"a":"<&>"}`, `{"b":"<&>"}`, `{"a":"<&>","b":"<&>"}`},
	} {
		got, err := mergePatch(json.RawMessage(tt.document), json.RawMessage(tt.patch))
		if err != nil || string(got) != tt.want {
			t.Errorf("mergePatch(%s, %s) = %s, %v; want %s", tt.document, tt.patch, got, err, tt.want)
		}
	}
}

func FuzzMergePatch(f *testing.F) {
	f.Add(`{"a":{"b":1}}`, `{"a":{"b":null,"c":[{}]}}`)
	f.Fuzz(func(t *testing.T, document, patch string) {
		if !json.Valid([]byte(document)) || !json.Valid([]byte(patch)) {
			return
		}
		merged, err := mergePatch(json.RawMessage(document), json.RawMessage(patch))
		if err != nil {
			t.Skip()
		}
		if !json.Valid(merged) {
			t.Fatalf("mergePatch(%s, %s) = %s, which is not JSON", document, patch, merged)
		}
		again, err := mergePatch(merged, json.RawMessage(patch))
		if err != nil || string(again) != string(merged) {
			t.Fatalf("a patch applied twice gave %s, then %s (%v)", merged, again, err)
		}
	})
}
