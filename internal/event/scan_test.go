package event

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

func TestScanReasons(t *testing.T) {
	t.Parallel()
	small := Limits{Depth: 3, Keys: 4, StringBytes: 10, Bytes: 60}
	for _, c := range []struct {
		name, in  string
		want      string // "" for accepted
		malformed bool
	}{
		{name: "object", in: ` {"a":1, "b" : [true,false,null] } `},
		{name: "empty", in: ``, want: "at byte 0: unexpected end: want a value", malformed: true},
		{name: "bare word", in: `{a:1}`, want: `at byte 1: unexpected 'a': want a member name in '"'`, malformed: true},
		{name: "trailing comma", in: `[1,]`, want: `at byte 3: unexpected ']': want a value`, malformed: true},
		{name: "two values", in: `1 2`, want: `at byte 2: unexpected '2' after the value`, malformed: true},
		{name: "leading zero", in: `01`, want: `at byte 1: unexpected '1' after the value`, malformed: true},
		{name: "no fraction", in: `1.`, want: `at byte 2: unexpected end: want a digit`, malformed: true},
		{name: "no exponent", in: `1e+`, want: `at byte 3: unexpected end: want a digit`, malformed: true},
		{name: "minus", in: `-x`, want: `at byte 1: unexpected 'x': want a digit`, malformed: true},
		{name: "NaN", in: `NaN`, want: `at byte 0: unexpected 'N': want a value`, malformed: true},
		{name: "nul", in: `nul`, want: `at byte 0: unexpected 'n': want a value`, malformed: true},
		{name: "control character", in: "\"a\tb\"", want: "at byte 2: control character 0x09 in a string", malformed: true},
		{name: "bad escape", in: `"\x41"`, want: `at byte 1: no such escape: \x`, malformed: true},
		{name: "short unicode escape", in: `"\u12"`, want: `at byte 1: want four hexadecimal digits after \u`, malformed: true},
		{name: "high surrogate", in: `"\ud800"`, want: "at byte 1: half a surrogate pair", malformed: true},
		{name: "low surrogate", in: `"\udc00"`, want: "at byte 1: half a surrogate pair", malformed: true},
		{name: "two high surrogates", in: `"\ud800\ud800"`, want: "at byte 1: half a surrogate pair", malformed: true},
		{name: "surrogate pair", in: `"😀"`},
		{name: "invalid UTF-8", in: "\"a\xff\"", want: "at byte 2: invalid UTF-8", malformed: true},
		{name: "encoded surrogate", in: "\"\xed\xa0\x80\"", want: "at byte 1: invalid UTF-8", malformed: true},
		{name: "overlong", in: "\"\xc0\x80\"", want: "at byte 1: invalid UTF-8", malformed: true},
		{name: "unclosed string", in: `"abcdefgh`, want: "at byte 9: unexpected end in a string", malformed: true},
		{name: "unclosed string after a backslash", in: `"abcdefgh\`, want: "at byte 9: unexpected end in a string", malformed: true},
		{name: "depth", in: `[[[1]]]`},
		{name: "too deep", in: `[[[[1]]]]`, want: "at byte 3: nested more than 3 deep", malformed: true},
		{name: "too many keys", in: `{"a":{"b":1,"c":1},"d":1,"e":1}`, want: "at byte 25: more than 4 object members"},
		{name: "long string", in: `"12345678901"`, want: "at byte 0: a string of 11 bytes is more than 10"},
		{name: "too large", in: "[" + strings.Repeat("1,", 40) + "1]", want: "at byte 0: 83 bytes are more than an event may have (60)"},
		{name: "number out of range", in: `1e999`, want: "at byte 0: number beyond the range of a 64-bit float"},
		{name: "number that underflows", in: `1e-999`},
		{name: "duplicate", in: `{"a":1,"a":1}`, want: `at byte 7: duplicate member name "a"`},
		{name: "duplicate by escape", in: `{"a":1,"\u0061":1}`, want: `at byte 7: duplicate member name "\\u0061"`},
		{name: "duplicate further down", in: `[{"b":{"a":1,"a":1}}]`, want: `at byte 13: duplicate member name "a"`},
		{name: "duplicate empty name", in: `{"":1,"":1}`, want: `at byte 6: duplicate member name ""`},
		{name: "duplicate known field", in: `{"type":1,"type":1}`, want: `at byte 10: duplicate member name "type"`},
		{name: "same names in different objects", in: `[{"a":1},{"a":1}]`},
		{name: "same name in parent and child", in: `{"a":{"a":{}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := NewScanner(small).Document([]byte(c.in))
			if c.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var e *ScanError
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Error() != c.want || e.Malformed != c.malformed {
				t.Errorf("got %q (malformed %t), want %q", e, e.Malformed, c.want)
			}
		})
	}
}

// TestScanGoesOn: the end of a value is right when it breaks a rule but is JSON.
func TestScanGoesOn(t *testing.T) {
	t.Parallel()
	s := NewScanner(Limits{Keys: 2})
	b := []byte(`[{"a":1,"a":2,"b":{"c":"x"}} , 7]`)
	end, err := s.Value(b, 1)
	if err == nil || end != len(`[{"a":1,"a":2,"b":{"c":"x"}}`) {
		t.Fatalf("end %d, error %v", end, err)
	}
	if end, err = s.Value(b, end+3); err != nil || end != len(b)-1 {
		t.Errorf("the next value: end %d, error %v", end, err)
	}
}

// TestScanManyNames: large objects, with the names of one object in many places.
func TestScanManyNames(t *testing.T) {
	t.Parallel()
	object := func(n int, last string) string {
		var b strings.Builder
		b.WriteByte('{')
		for i := range n {
			fmt.Fprintf(&b, `"name_%d":{"name_1":[{"name_2":%d}]},`, i, i)
		}
		return b.String() + last + ":0}"
	}
	s := NewScanner(Limits{})
	for n := range 60 {
		if err := s.Document([]byte(object(n, `"other"`))); err != nil {
			t.Errorf("%d names: %v", n, err)
		}
		for i := range n {
			for _, spelling := range []string{fmt.Sprintf(`"name_%d"`, i), fmt.Sprintf(`"\u006eame\u005f%d"`, i)} {
				if err := s.Document([]byte(object(n, spelling))); err == nil || !strings.Contains(err.Error(), "duplicate") {
					t.Fatalf("%d names and %s again: %v", n, spelling, err)
				}
			}
		}
	}
}

// TestScanNoQuadratic: the most names that may come, all alike at their ends, take no noticeable time.
func TestScanNoQuadratic(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{"same end": `"%06d_the_same_end":0`, "same start": `"the_same_start_%06d":0`} {
		var b bytes.Buffer
		b.WriteByte('{')
		for i := range 10_000 {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		b.WriteByte('}')
		s := NewScanner(Limits{})
		start := time.Now()
		if err := s.Document(b.Bytes()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// TestScanBombs counts allocations, so it runs alone.
func TestScanBombs(t *testing.T) {
	const big = 2 << 20
	manyKeys := func() []byte {
		var b bytes.Buffer
		b.WriteByte('{')
		for i := range 200_000 {
			fmt.Fprintf(&b, `"%d":0,`, i)
		}
		return append(b.Bytes()[:b.Len()-1], '}')
	}
	for name, in := range map[string][]byte{
		"deep arrays":  bytes.Repeat([]byte("["), 100_000),
		"deep objects": bytes.Repeat([]byte(`{"a":`), 100_000),
		"deep mix":     bytes.Repeat([]byte(`[{"a":`), 100_000),
		"long string":  append(append([]byte{'"'}, bytes.Repeat([]byte("x"), big)...), '"'),
		"backslashes":  append(append([]byte{'"'}, bytes.Repeat([]byte(`\\`), big/2)...), '"'),
		"many keys":    manyKeys(),
		"many numbers": append(append([]byte{'['}, bytes.Repeat([]byte("1e999,"), big/6)...), '1', ']'),
		"long number":  bytes.Repeat([]byte("9"), big),
		"open string":  append([]byte{'"'}, bytes.Repeat([]byte("x"), big)...),
	} {
		s := NewScanner(Limits{})
		var took time.Duration
		allocated := testing.AllocsPerRun(1, func() {
			start := time.Now()
			if err := s.Document(in); err == nil {
				t.Errorf("%s: accepted", name)
			}
			took = time.Since(start)
		})
		if took > 3*time.Second || allocated > 50 {
			t.Errorf("%s: took %v and %v allocations", name, took, allocated)
		}
	}
}

// TestScanSuite runs the public parser tests: y_ files are JSON (we refuse those with duplicate names), n_ files are
// not, i_ files may be either.
func TestScanSuite(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(sharedFile(t, "corpora", "json-parsing"), "*.json"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	s := NewScanner(Limits{})
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Document(b)
		name := filepath.Base(f)
		duplicate := strings.HasPrefix(name, "y_object_duplicated_key")
		switch {
		case name[0] == 'y' && !duplicate && err != nil:
			t.Errorf("%s: refused: %v", name, err)
		case duplicate && (err == nil || !strings.Contains(err.Error(), "duplicate")):
			t.Errorf("%s: %v", name, err)
		case name[0] == 'n' && err == nil:
			t.Errorf("%s: accepted", name)
		}
		_, err = Parse(b, DefaultAccount, time.Now(), Limits{})
		if err == nil {
			t.Errorf("%s: accepted as an event", name)
		}
	}
}

// agree compares with another strict parser.
func agree(t interface{ Fatalf(string, ...any) }, s *Scanner, b []byte) {
	err := s.Document(b)
	var e *ScanError
	if errors.As(err, &e) && (strings.Contains(e.Reason, "more than") || strings.Contains(e.Reason, "beyond the range")) {
		return // limits are ours alone
	}
	if oracle := jsontext.Value(b).IsValid(); oracle != (err == nil) {
		t.Fatalf("%q: we say %v, the oracle says %t", b, err, oracle)
	}
}

func TestScanAgainstOracle(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"{", "}", "[", "]", ",", ":", `"`, `\`, " ", "\n", "0", "-", "1", ".", "e", "+", "true", "null", `"a"`, `"type"`, `"\u0061"`,
		`\ud83d`, `\ude00`, "é", "\xff", "\xed\xa0\x80", `{"a":1}`, `[1,2]`, "\t", `\n`, "u", "12345678", `"abcdefgh"`, "\x00", "\u2028",
	}
	s := NewScanner(Limits{})
	rapid.Check(t, func(rt *rapid.T) {
		agree(rt, s, []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(rt, "pieces"), "")))
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"type":"alert.created","a":[1,2.5e3,"x\n😀"],"b":{"c":null}}`))
	f.Add([]byte(`{"a":1,"\u0061":2}`))
	f.Add([]byte("[\"\xff\"]"))
	f.Add(kibEvent)
	f.Fuzz(func(t *testing.T, b []byte) {
		agree(t, NewScanner(Limits{}), b)
	})
}
