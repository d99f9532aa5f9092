package event

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text  string
		limit int
		unit  Unit
		mark  string
		want  string
	}{
		{"abc", 3, Bytes, "…", "abc"}, {"abcd", 3, Bytes, "…", "…"}, {"abcd", 3, Characters, "…", "ab…"}, {"ééé", 5, Bytes, "…", "é…"},
		{"ééé", 3, Characters, "…", "ééé"}, {"éééé", 3, Characters, " [cut]", "ééé"}, {"😀😀", 3, UTF16, "…", "😀…"}, {"😀😀", 4, UTF16, "…", "😀😀"},
		{"abcdefgh", 7, Characters, " [cut]", "a [cut]"}, {"abc", 0, Bytes, "…", ""}, {"abc", 2, UTF16, "", "ab"}, {"a\xffbc", 3, UTF16, "…", "a\xff…"},
	} {
		if got := Shorten(tt.text, tt.limit, tt.unit, tt.mark); got != tt.want {
			t.Errorf("%q to %d: %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abé漢😀")), 0, 60, -1).Draw(rt, "text")
		unit := Unit(rapid.IntRange(0, 2).Draw(rt, "unit"))
		limit := rapid.IntRange(4, 40).Draw(rt, "limit")
		count := map[Unit]func(string) int{
			Bytes: func(s string) int { return len(s) }, Characters: utf8.RuneCountInString, UTF16: func(s string) int { return len(utf16.Encode([]rune(s))) },
		}[unit]
		got := Shorten(text, limit, unit, "…")
		head, cut := strings.CutSuffix(got, "…")
		switch {
		case count(text) <= limit && got != text, count(text) > limit && !cut, !strings.HasPrefix(text, head), !utf8.ValidString(got):
			rt.Errorf("%q to %d: %q", text, limit, got)
		case count(got) > limit, cut && count(got) < limit-4: // as much as there is room for
			rt.Errorf("%q to %d: %d units", text, limit, count(got))
		case unit.Count(text) != count(text):
			rt.Errorf("%q has %d units", text, unit.Count(text))
		}
	})
}

func TestHidden(t *testing.T) {
	t.Parallel()
	for r, want := range map[rune]bool{
		'a': false, ' ': false, 'é': false, '漢': false, '\u200c': false, '\u200d': false, '\ufffd': false, '\n': true, 0: true, 0x7f: true, '\u0085': true,
		'\u2028': true, '\u202e': true, '\u2066': true, '\u200b': true, '\ufeff': true, '\u00ad': true, 0xe0041: true, 0xffff: true, 0xfdd0: true,
	} {
		if Hidden(r) != want {
			t.Errorf("%U: %v", r, !want)
		}
	}
}

func TestIsWebURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://example.com/a?b=c#d": true, "http://[::1]:8080/": true, "HTTPS://EXAMPLE.COM": true, "": false, "javascript:alert(1)": false,
		"ftp://example.com": false, "//example.com": false, "https://": false, "https:example.com": false, "https://bank.example@evil.example/": false,
		"https://example.com/ x": false, "https://exämple.com": false, "https://example.com/\u202e": false, "https://example.com/<script>": false,
		"https://example.com\\@evil.example": false, "https://example.com/" + strings.Repeat("x", MaxWebURL): false,
	} {
		if IsWebURL(text) != want {
			t.Errorf("%.40q: %v", text, !want)
		}
	}
}
