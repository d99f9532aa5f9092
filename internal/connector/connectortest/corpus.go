package connectortest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Hostile are texts that break out of careless formats. They are the whole corpus of a machine without the shared one.
var Hostile = []string{
	`"}],"x":[{"`, "line\nbreak\r\nHeader: x", "nul\x00bell\x07esc\x1b[31m", "<script>alert(1)</script>&amp;<!channel>@everyone",
	"=cmd|' /C calc'!A0", "*bold* _it_ `code` [link](https://evil.example) ~~s~~ |pipe\\|", "\u2028\u2029\u202e\u200b\ufeff",
	`{{.}} ${jndi:ldap://x} %s %n %d`, "</event>]]>", "\\", `\"`, "'; DROP TABLE x; --", "😀\U0010ffff", "{\"event\":\"x\"}{\"event\":\"y\"}",
	strings.Repeat("a", 20000),
}

// Markup are texts with a meaning of their own in messages, tickets and mails: mentions, links, macros, tables, headers.
var Markup = []string{
	"<@U012AB3CD> <#C012AB3CD|general> <!here|here> <!subteam^S0|x> @channel @here @everyone @all", "<https://evil.example|console.example.com>",
	"&lt;!channel&gt;", "&amp;amp;", "<at>everyone</at>", "{{DATE(2026-02-14T06:08:39Z,SHORT)}}", "[~accountid:5b10] [~admin] [x|https://evil.example]",
	"{code}\n{code} {noformat}{panel:title=x}", "h1. Heading\n* list\n|| a || b ||\n| c | d |", "!https://evil.example/x.png|width=1!", "bq. quoted\n----\n",
	"# Heading\n> quote\n- [ ] task\n```\ncode\n```\n| a | b |\n|---|---|", "![x](https://evil.example/x.png)", "||spoiler|| __under__ *_[]()~`>#+-=|{}.!",
	"<b>bold</b><img src=x onerror=alert(1)><a href=\"javascript:alert(1)\">x</a>", "--></style></title></textarea><!--", "<![CDATA[x]]>", "<?xml version=\"1.0\"?>",
	"\r\n.\r\nMAIL FROM:<x@example.com>\r\n", "x\r\nBcc: victim@example.com\r\n\r\n<h1>x</h1>", "=?utf-8?q?=0d=0aBcc:_x@example.com?=", "--=_boundary--\r\nContent-Type: text/html",
	"From here to there", ".", "..", "-", "+1+1", "@SUM(1+1)", "\t=1+1", "0x41", "1e999", "NaN", "null", "true", "[]", "{}", "[object Object]",
	`{"type":"doc","version":1,"content":[]}`, `{"create":{"_index":"x"}}`, "{\"create\":{}}\n{\"x\":1}\n", `","_id":"x`, "\u061c\u202a\u202b\u202d\u2066\u2067\u2069gpj.exe",
	"a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309", "\u00a0\u3000 \u2003blank ends \u00a0", "\u200d\u200c\u2060\u00ad", "\x7f\u0080\u009f\u0085",
	"👩‍👩‍👧‍👦🏳️‍🌈🇩🇪", "مرحبا", "ＦＵＬＬ ｗｉｄｔｈ", "İıſK", "ﷺ", "\ufffd", "\U000e0041\U000e0042", "../../etc/passwd", "C:\\Windows\\System32", "file:///etc/passwd",
	"javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "http://169.254.169.254/latest/meta-data/", "https://user:pass@evil.example/?a=b&c=d#e", "//evil.example",
	"a|b\\|c\\\\|d", "key=value other=x\\=y cs1=evil", "CEF:0|x|y|z|1|2|3|src=1.2.3.4", "tab\tsep\tsrc=6.6.6.6", " ", "x\n\n\n\n\ny",
}

// Corpus is every hostile text there is: Hostile, Markup and, where it can be found (TOCSIN_SHARED), the shared corpora.
// Each is valid UTF-8 and none is empty.
func Corpus(t testing.TB) []string {
	t.Helper()
	texts := append(slices.Clone(Hostile), Markup...)
	raw, err := os.ReadFile(SharedPath("corpora", "naughty-strings.json"))
	if err != nil {
		t.Logf("the shared corpora are not here, so that only %d texts are tried: set TOCSIN_SHARED", len(texts))
		return texts
	}
	var naughty []string
	if err := json.Unmarshal(raw, &naughty); err != nil {
		t.Fatal(err)
	}
	texts = append(texts, naughty...)
	for _, name := range []string{"crlf-injection.txt", "csv-injection.txt", "ssrf-spellings.txt", "ssrf-lookalikes.txt"} {
		raw, err := os.ReadFile(SharedPath("corpora", name))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.Split(string(raw), "\n")...)
	}
	for i := range texts {
		texts[i] = strings.ToValidUTF8(texts[i], "\ufffd")
	}
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// SharedPath is where a file of the shared reference material is, if it is there: below TOCSIN_SHARED, or beside the
// repository.
func SharedPath(parts ...string) string {
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../../shared")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}
