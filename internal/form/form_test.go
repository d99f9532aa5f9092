package form_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/form"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run go test -run Golden -update)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-file +now):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	var schema bytes.Buffer
	if err := json.Indent(&schema, form.Schema(new(sample)), "", "  "); err != nil {
		t.Fatal(err)
	}
	schema.WriteByte('\n')
	golden(t, "schema.json", schema.Bytes())
	golden(t, "docs.md", []byte(form.Docs(new(sample))))
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var s sample
	err := form.Decode(json.RawMessage(`{
		"url": "https://example.com/hook?x=1", "token": "s3cret", "name": "abc", "mode": null, "verify": false,
		"keep": 7, "ratio": 0.75, "timeout": "30s", "limit": 4096, "tags": ["x","y"], "steps": ["1s","72h"],
		"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"headers": [{"name":"A","value":"1"},{"name":"B","value":"2","secret":true}],
		"batch": {"password": "pw"}
	}`), &s)
	if err != nil {
		t.Fatal(err)
	}
	if s.Mode != "safe" || s.Verify || s.Keep != 7 || s.Timeout != 30*time.Second || s.Limit != 4*form.KiB ||
		s.Token.Reveal() != "s3cret" || s.Batch.MaxEvents != 50 || s.Batch.Password.Reveal() != "pw" || s.CA != samplePEM {
		t.Errorf("decoded %+v", s)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 72 * time.Hour}, s.Steps); diff != "" {
		t.Error(diff)
	}
	if len(s.Headers) != 2 || s.Headers[1].Value.Reveal() != "2" || !s.Headers[1].Secret || s.Headers[0].Secret {
		t.Errorf("headers %+v", s.Headers)
	}
}

func TestDecodeReportsEveryError(t *testing.T) {
	t.Parallel()
	err := form.Decode(json.RawMessage(`{
		"url": "ftp://example.com", "mode": "slow", "token": "********", "name": "UPPER", "verify": "yes", "keep": 0,
		"ratio": 0.1, "timeout": "2m", "limit": "2MiB", "tags": ["a","b","c","d"], "steps": ["1s", 5], "ca": "nothing",
		"headers": [{"name":"A"},7,{"name":"B","value":"x","secrt":true}], "batch": {"max_events": 13},
		"urll": "x", "zebra": 1}`), new(sample))
	got, ok := form.AsErrors(err)
	if !ok {
		t.Fatalf("error %T %v", err, err)
	}
	want := form.Errors{
		{Path: "url", Message: "must be an absolute URL that begins with https:// or http://"},
		{Path: "mode", Message: "must be one of fast, safe"},
		{Path: "token", Message: "holds the mask, not a value: send the secret itself"},
		{Path: "name", Message: "must be lower-case letters"},
		{Path: "verify", Message: "must be true or false"},
		{Path: "keep", Message: "must be at least 1"},
		{Path: "ratio", Message: "must be at least 0.5"},
		{Path: "timeout", Message: "must be at most 1m"},
		{Path: "limit", Message: "must be at most 1MiB"},
		{Path: "tags", Message: "must have at most 3 items, has 4"},
		{Path: "steps.1", Message: `must be a duration as text, such as "15s"`},
		{Path: "ca", Message: "is not PEM text (-----BEGIN …)"},
		{Path: "headers.0.value", Message: "is required"},
		{Path: "headers.1", Message: "must be an object"},
		{Path: "headers.2.secrt", Message: `is not a known field (did you mean "secret"?)`},
		{Path: "batch.max_events", Message: "brings bad luck"},
		{Path: "urll", Message: "is not a known field"},
		{Path: "zebra", Message: "is not a known field"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDecodeWhole(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for in, want := range map[string]string{
		``:                                       "url is required; token is required",
		`{`:                                      "is not valid JSON",
		`{"url":"x"}}`:                           "has something after the JSON value",
		`[]`:                                     "must be a JSON object",
		`null`:                                   "must be a JSON object",
		`{"keep":1,"keep":2}`:                    `has the name "keep" twice`,
		"{\"name\":\"\xff\"}":                    "is not valid UTF-8",
		deep:                                     "is nested deeper than 20 levels",
		`"` + strings.Repeat("a", 600<<10) + `"`: "is longer than 524288 bytes",
		`{"url":"https://a.example","token":"same","previous":"same"}`:                 "previous is the same as token",
		`{"url":"https://a.example","token":"same","name":"nobody"}`:                   "nobody is not allowed here",
		`{"url":"https://a.example","token":"ab\ncd"}`:                                 "token must not hold control characters",
		`{"url":"https://a.example","token":"abc"}`:                                    "token must have at least 4 characters",
		`{"URL":"https://a.example","token":"abcd"}`:                                   `url is required; URL is not a known field (did you mean "url"?)`,
		`{"url":"https://a.example","token":"abcd","key":"-----BEGIN X-----"}`:         "key is not PEM text (-----BEGIN …)",
		`{"url":"https://a.example","token":"abcd","keep":1.5}`:                        "keep must be a whole number",
		`{"url":"https://a.example","token":"abcd","keep":1e400}`:                      "keep must be a number in range",
		`{"url":"https://a.example","token":"abcd","timeout":15}`:                      `timeout must be a duration as text, such as "15s"`,
		`{"url":"https://a.example","token":"abcd","limit":"99999999999999999999TiB"}`: `limit must be a size such as "900KiB"`,
	} {
		err := form.Decode(json.RawMessage(in), new(sample))
		if err == nil || err.Error() != want {
			t.Errorf("%.60s: got %v, want %s", in, err, want)
		}
	}
}

func TestSchemaAgreesWithDecode(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(form.Schema(new(sample))))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sample.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sample.json")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw(in)))
		if err != nil {
			t.Fatal(err)
		}
		decoded := form.Decode(raw(in), new(sample))
		if decoded == nil {
			if err := schema.Validate(v); err != nil {
				t.Fatalf("Decode takes %s, the schema does not: %v", raw(in), err)
			}
		}
	})
}

// draw makes input that is mostly valid.
func draw(t *rapid.T) map[string]any {
	in := map[string]any{
		"url":   rapid.SampledFrom([]any{"https://example.com", "http://a.example/x?y", "ftp://x", "https://"}).Draw(t, "url"),
		"token": rapid.SampledFrom([]any{"abcd", "a secret value", "abc", form.Mask}).Draw(t, "token"),
	}
	maybe := func(name string, values ...any) {
		if rapid.Bool().Draw(t, "has "+name) {
			in[name] = rapid.SampledFrom(values).Draw(t, name)
		}
	}
	maybe("mode", "fast", "safe", "", "slow")
	maybe("name", "abc", "", "ABC")
	maybe("verify", true, false)
	maybe("keep", 1, 1000, 0, 2.0)
	maybe("ratio", 0.5, 12)
	maybe("timeout", "1s", "0.5m", "1m", "1h")
	maybe("limit", "1KiB", "5", 77, "1 KiB")
	maybe("tags", []string{}, []string{"x"}, []string{"a", "b", "c", "d"})
	maybe("steps", []string{"0s", "0", "1h2m3.5s"}, []string{})
	maybe("ca", samplePEM, "", "x")
	maybe("headers", []any{}, []any{map[string]any{"name": "A", "value": "b"}},
		[]any{map[string]any{"name": "A", "value": "hidden one", "secret": true}, map[string]any{"name": "A", "value": "hidden two", "secret": true}})
	maybe("batch", map[string]any{}, map[string]any{"max_events": 3, "password": "batch password"})
	maybe("previous", "", "previous token")
	return in
}

func TestSecretsSplitJoinMask(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := raw(draw(t))
		masked, secrets, err := form.Split(new(sample), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range form.SecretValues(new(sample), in) {
			if len(v) > 5 && bytes.Contains(masked, []byte(v)) {
				t.Fatalf("%s shows %q", masked, v)
			}
		}
		if diff := cmp.Diff(string(masked), string(form.MaskSecrets(new(sample), in))); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(generic(in), generic(form.Join(new(sample), masked, secrets))); diff != "" {
			t.Fatalf("joined (-given +joined):\n%s", diff)
		}
		// A change that sends back what was shown changes nothing.
		if diff := cmp.Diff(generic(in), generic(form.Merge(new(sample), in, masked))); diff != "" {
			t.Fatalf("merged with itself (-given +merged):\n%s", diff)
		}
		// Normalising is idempotent and does not change what it means.
		n := form.Normalise(new(sample), in)
		if diff := cmp.Diff(string(n), string(form.Normalise(new(sample), n))); diff != "" {
			t.Fatal(diff)
		}
		var a, b sample
		if form.Decode(in, &a) == nil {
			if err := form.Decode(n, &b); err != nil {
				t.Fatalf("%s: %v", n, err)
			}
			if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) || a.Token != b.Token {
				t.Fatalf("normalised, it means %+v instead of %+v", b, a)
			}
		}
	})
}

func generic(raw json.RawMessage) (v any) {
	if err := json.Unmarshal(raw, &v); err != nil {
		panic(err)
	}
	return v
}

func TestSplitPaths(t *testing.T) {
	t.Parallel()
	masked, secrets, err := form.Split(new(sample), json.RawMessage(`{"headers":[{"name":"A","value":"plain"},
		{"secret":true,"value":"hidden","name":"B"}],"token":"tok","batch":{"password":"pw"},"key":"","url":"u"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"url":"u","token":"********","key":"","headers":[{"name":"A","value":"plain"},` +
		`{"name":"B","value":"********","secret":true}],"batch":{"password":"********"}}`
	if string(masked) != want {
		t.Errorf("masked %s\nwant   %s", masked, want)
	}
	got := map[string]string{}
	for path, s := range secrets {
		got[path] = s.Reveal()
	}
	if diff := cmp.Diff(map[string]string{"headers.1.value": "hidden", "token": "tok", "batch.password": "pw"}, got); diff != "" {
		t.Error(diff)
	}
	if got := form.MaskSecrets(new(sample), json.RawMessage(`"tok`)); string(got) != "{}" {
		t.Errorf("masking what is not JSON gives %s", got)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	const old = `{"url":"https://a.example","token":"tok","name":"abc","headers":[{"name":"A","value":"va","secret":true},` +
		`{"name":"A","value":"vb","secret":true},{"name":"P","value":"plain"}],"batch":{"max_events":3,"password":"pw"}}`
	for _, tt := range []struct{ name, patch, want string }{
		{"nothing", `{}`, old},
		{"one field", `{"name":"xyz"}`, strings.Replace(old, `"abc"`, `"xyz"`, 1)},
		{"null removes", `{"name":null}`, strings.Replace(old, `"name":"abc",`, ``, 1)},
		{"masked secret", `{"token":"********"}`, old},
		{"new secret", `{"token":"new"}`, strings.Replace(old, `"tok"`, `"new"`, 1)},
		{"cleared secret", `{"token":null}`, strings.Replace(old, `"token":"tok",`, ``, 1)},
		{"nested", `{"batch":{"max_events":null}}`, strings.Replace(old, `"max_events":3,`, ``, 1)},
		{"reordered headers", `{"headers":[{"name":"P","value":"q"},{"name":"A","value":"********","secret":true},{"name":"A","secret":true}]}`,
			strings.Replace(old, `[{"name":"A","value":"va","secret":true},{"name":"A","value":"vb","secret":true},{"name":"P","value":"plain"}]`,
				`[{"name":"P","value":"q"},{"name":"A","value":"va","secret":true},{"name":"A","value":"vb","secret":true}]`, 1)},
		{"a secret cannot be made visible", `{"headers":[{"name":"A","value":"********","secret":false}]}`,
			strings.Replace(old, `[{"name":"A","value":"va","secret":true},{"name":"A","value":"vb","secret":true},{"name":"P","value":"plain"}]`,
				`[{"name":"A","value":"********","secret":false}]`, 1)},
		{"not an object", `[1]`, `[1]`},
		{"not JSON", `{`, `{`},
	} {
		if got := form.Merge(new(sample), json.RawMessage(old), json.RawMessage(tt.patch)); string(got) != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := form.Size(rapid.Int64Range(0, 1<<62).Draw(t, "n"))
		got, err := form.ParseSize(n.String())
		if err != nil || got != n {
			t.Fatalf("%v: %v %v", n, got, err)
		}
	})
	for _, bad := range []string{"", "KiB", "-1B", "1 KiB", "1kb", "9223372036854775807KiB", "1.5MiB"} {
		if n, err := form.ParseSize(bad); err == nil {
			t.Errorf("ParseSize(%q) = %v", bad, n)
		}
	}
}

func TestDurationText(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 15 * time.Second: "15s", 5 * time.Minute: "5m", 72 * time.Hour: "72h", 90 * time.Minute: "1h30m",
		10 * time.Second: "10s", time.Hour + time.Second: "1h0m1s", 1500 * time.Millisecond: "1.5s",
	} {
		if got := form.DurationText(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	v := struct {
		S      form.Secret
		hidden form.Secret
		P      *form.Secret
	}{S: form.NewSecret("canary-value"), hidden: form.NewSecret("canary-value")}
	v.P = &v.S
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "s", v.S, "p", v.P)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "s", v.S, "p", v.P)
	texts := []string{string(raw(v)), log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		texts = append(texts, fmt.Sprintf(verb, v), fmt.Sprintf(verb, v.S), fmt.Sprintf(verb, &v))
	}
	for _, text := range texts {
		if strings.Contains(text, "canary") || strings.Contains(strings.ToLower(text), "63616e617279") {
			t.Errorf("shows: %s", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"url":"https://a.example","token":"abcd","headers":[{"name":"A","value":"b"}]}`), []byte(`{"token":"********"}`))
	f.Add([]byte(`{"headers":7,"batch":[],"steps":{}}`), []byte(`{"headers":[null,{}]}`))
	f.Fuzz(func(t *testing.T, in, patch []byte) {
		form.Decode(in, new(sample)) //nolint:errcheck // it must not panic
		form.MaskSecrets(new(sample), in)
		form.Normalise(new(sample), in)
		form.Merge(new(sample), in, patch)
	})
}

// linesForm has a text of several lines beside an ordinary one.
type linesForm struct{ many, one string }

func (f *linesForm) Form(s *form.Set) {
	s.Text("many", &f.many, "Many", form.Multiline())
	s.Text("one", &f.one, "One")
}

func TestMultiline(t *testing.T) {
	t.Parallel()
	var f linesForm
	if err := form.Decode([]byte(`{"many":"a\n\tb\r\n"}`), &f); err != nil || f.many != "a\n\tb\r\n" {
		t.Errorf("%q: %v", f.many, err)
	}
	if err := form.Decode([]byte(`{"many":"a\u0000","one":"a\nb"}`), &f); err == nil || err.Error() != "many must not hold control characters; one must not hold control characters" {
		t.Errorf("error %v", err)
	}
	if schema := string(form.Schema(&f)); strings.Count(schema, `"x-multiline":true`) != 1 {
		t.Errorf("schema %s", schema)
	}
}
