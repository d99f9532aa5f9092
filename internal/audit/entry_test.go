package audit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
)

const (
	apiKey = "tsk_live_7f3kq9zd_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk"
	pem    = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n\"x\"\n-----END RSA PRIVATE KEY-----"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"nothing":                            "nothing",
		"tsk_live_7f3kq9zd":                  "tsk_live_7f3kq9zd", // what everybody may see of a key
		"key " + apiKey + ", new":            "key ********, new",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La": "********",
		"a " + pem + " b":                    "a ******** b",
		"-----BEGIN PRIVATE KEY-----\nMII":   "********",
		"AGE-SECRET-KEY-1QQQ and age1xyz":    "******** and age1xyz",
	} {
		if got := Mask(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	quoted := string(quote(pem))
	for raw, want := range map[string]string{
		``:                             ``,
		` { "a" : [1.50, "<x>"] } `:    `{"a":[1.50,"<x>"]}`,
		`{"b":1,"a":"` + apiKey + `"}`: `{"b":1,"a":"********"}`,
		`{"k":"x` + "\\u0074" + apiKey[1:] + `y\"","n":"\\"}`: `{"k":"x********\"","n":"\\"}`,
		`{"pem":` + quoted + `,"next":"stays"}`:               `{"pem":"********","next":"stays"}`,
		`{"` + apiKey + `":1}`:                                `{"********":1}`,
		`not json ` + apiKey:                                  `"not json ********"`,
		"{\"a\":\"\xff\"}":                                    `{"a":"` + "\ufffd" + `"}`,
		`null`:                                                `null`,
	} {
		if got := string(values(json.RawMessage(raw))); got != want {
			t.Errorf("%s became\n%s, want\n%s", raw, got, want)
		}
	}
	long := `"` + strings.Repeat("x", MaxValues) + `"`
	want := fmt.Sprintf(`{"shortened":true,"bytes":%d,"sha256":"%x"}`, len(long), sha256.Sum256([]byte(long)))
	if got := string(values(json.RawMessage(long))); got != want {
		t.Errorf("a long one became %s", got)
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		want          []string
	}{
		{``, ``, nil},
		{`{"a":1}`, `{"a":1}`, nil},
		{`{"a":1,"b":2,"c":3}`, `{"a":1,"b":3,"d":4}`, []string{"b", "c", "d"}},
		{``, `{"a":1}`, []string{"a"}},
		{`{"a":1}`, `[1]`, []string{"a"}},
	} {
		if diff := cmp.Diff(c.want, changed(json.RawMessage(c.before), json.RawMessage(c.after))); diff != "" {
			t.Errorf("%s to %s: %s", c.before, c.after, diff)
		}
	}
}

// TestEntry wants every act to become a bounded body of one line that reads back as what it was made of, without secrets.
func TestEntry(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.String(),
			rapid.SampledFrom([]string{apiKey, pem, "\x00\xff\u2028\"<>&", strings.Repeat("\x01", 2500), strings.Repeat("ü\n", 1100)}),
		)
		quoted := rapid.Map(text, func(s string) json.RawMessage { return quote(s) })
		bare := rapid.Map(text, func(s string) json.RawMessage { return json.RawMessage(s) })
		long := rapid.Just(json.RawMessage(`"` + strings.Repeat(`\u0001`, MaxValues/6-1) + `"`))
		values := rapid.OneOf(quoted, quoted, quoted, bare, bare, long)
		a := act.Act{
			Account: "acme", Action: text.Draw(t, "action"), Target: text.Draw(t, "target"), Note: text.Draw(t, "note"),
			Actor: act.Actor{
				Kind: text.Draw(t, "kind"), ID: text.Draw(t, "id"), Name: text.Draw(t, "name"),
				Account: event.Account(text.Draw(t, "own")), Address: text.Draw(t, "address"),
			},
			Before: values.Draw(t, "before"), After: values.Draw(t, "after"),
		}
		e := beginning(&a)
		row, err := e.encode(7, newClock().Now())
		if err != nil {
			t.Fatal(err)
		}
		if len(row.Body) > MaxBody || !utf8.Valid(row.Body) || strings.ContainsAny(string(row.Body), "\n\r\u2028") {
			t.Fatalf("a body of %d bytes: %.200q", len(row.Body), row.Body)
		}
		for _, secret := range []string{apiKey, "MIIE"} {
			if strings.Contains(string(row.Body), secret) && a.Action+a.Actor.Kind+a.Actor.ID+a.Actor.Address+string(a.Actor.Account) == "" {
				t.Fatalf("a secret in %s", row.Body)
			}
		}
		back, err := decode(row.Body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, back); diff != "" {
			t.Fatalf("read back (-want +got):\n%s", diff)
		}
		want := back.row()
		row.Body = nil
		if diff := cmp.Diff(want, row); diff != "" {
			t.Fatalf("columns (-want +got):\n%s", diff)
		}
	})
}
