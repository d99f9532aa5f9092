package cli

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// Whatever text the API answers with: JSON and YAML say the same, and nothing in them makes a terminal do anything.
func TestViews(t *testing.T) {
	t.Parallel()
	hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b[2J", "a\u202eb", "\u009b31m", "\U000e0001", "x\r\ny", "true", "~", "- a: b", "\u2028", "\ufeff", "1e3", "#", "\x7f", "'\"", "\t",
	}))
	rapid.Check(t, func(t *rapid.T) {
		value := map[string]any{
			hostile.Draw(t, "name"): hostile.Draw(t, "text"), "list": []any{hostile.Draw(t, "a"), true, nil, float64(rapid.Int32().Draw(t, "n"))},
			"none": []any{}, "object": map[string]any{"x": hostile.Draw(t, "b")}, "f": 1.5,
		}
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		pretty, err := prettyJSON(raw)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := writeYAML(&text, raw); err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{string(pretty), text.String()} {
			if strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
				t.Fatalf("a terminal may act on %q", out)
			}
		}
		var fromJSON, want, fromYAML any
		if json.Unmarshal(pretty, &fromJSON) != nil || json.Unmarshal(raw, &want) != nil || !reflect.DeepEqual(fromJSON, want) {
			t.Fatalf("JSON says %s, want %s", pretty, raw)
		}
		if err := yaml.Unmarshal(text.Bytes(), &fromYAML); err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
		again, err := json.Marshal(fromYAML)
		if err != nil || json.Unmarshal(again, &fromYAML) != nil || !reflect.DeepEqual(fromYAML, want) {
			t.Fatalf("YAML says %s, want %s", text.String(), raw)
		}
	})
}

func TestTimeOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"24h": "2026-11-20T12:00:00Z", "7d": "2026-11-14T12:00:00Z", "90s": "2026-11-21T11:58:30Z", "0s": "2026-11-21T12:00:00Z",
		"2026-11-20": "2026-11-20T00:00:00Z", "2026-11-20T09:30:00+01:00": "2026-11-20T09:30:00+01:00",
	} {
		if got, err := timeOf("from", text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1h", "yesterday", "7", "d", "99999d", "2026-13-01"} {
		if _, err := timeOf("from", text, now); err == nil {
			t.Errorf("%q is a time", text)
		}
	}
}

func TestJudgements(t *testing.T) {
	t.Parallel()
	var slow, bad []time.Duration
	for i := range 50 {
		slow = append(slow, time.Duration(i)*time.Millisecond)
		bad = append(bad, time.Duration(i)*10*time.Millisecond)
	}
	if f := judgeFsync("fsync", slow); f.State != stateWarn || f.Do == "" || !strings.HasPrefix(f.What, "p50 25ms, p99 49ms") {
		t.Errorf("slow: %+v", f)
	}
	if f := judgeFsync("fsync", bad); f.State != stateWrong {
		t.Errorf("bad: %+v", f)
	}
	if f := judgeFsync("fsync", nil); f.State != stateSkip {
		t.Errorf("none: %+v", f)
	}
	here := time.Date(2026, 11, 21, 12, 0, 0, 400e6, time.UTC)
	for apart, want := range map[time.Duration]string{0: stateOK, 10 * time.Second: stateWarn, -10 * time.Minute: stateWrong} {
		if f := judgeClock(here.Add(apart).Truncate(time.Second), here); f.State != want {
			t.Errorf("%s apart: %+v", apart, f)
		}
	}
	if f := judgeClock(time.Time{}, here); f.State != stateSkip {
		t.Errorf("no clock: %+v", f)
	}
}
