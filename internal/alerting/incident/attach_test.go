package incident

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestFileName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"report.pdf":             "report.pdf",
		"Bericht für Dana.pdf":   "Bericht für Dana.pdf",
		"../../etc/passwd":       "passwd",
		`C:\Users\dana\evil.exe`: "evil.exe",
		"/":                      "attachment",
		"..":                     "attachment",
		".":                      "attachment",
		"":                       "attachment",
		"...":                    "attachment",
		".bashrc":                "bashrc",
		"a\r\nContent-Type: text/html\r\n\r\n<b>": "html_b_",
		"user\u202egpj.exe":                       "usergpj.exe",
		"a\x00b":                                  "ab",
		`x"; filename="y.exe`:                     "x__ filename=_y.exe",
		"\xff\xfe":                                "attachment",
		"con|prn:*?<>":                            "con_prn_____",
		"trailing. . ":                            "trailing",
		"%2e%2e%2fx":                              "_2e_2e_2fx",
	} {
		if got := FileName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("../a\r\n\u202eb")
	f.Add(strings.Repeat("☃", 500))
	f.Fuzz(func(t *testing.T, text string) {
		name := FileName(text)
		if name == "" || name == "." || name == ".." || len(name) > MaxFileName || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\"\r\n;") ||
			strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) || FileName(name) != name {
			t.Errorf("%q became %q", text, name)
		}
	})
}

func TestMediaType(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"text/html; charset=utf-8": "text/html", "": "", "nope": "", "text/html\r\nX: y": "", "a/b/c": "", "IMAGE/PNG": "image/png",
		"x/" + strings.Repeat("y", 200): "", "текст/html": "",
	} {
		if got := mediaType(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(`{"title":"x"}`)
	content := []byte("<script>alert(1)</script>")
	a, err := w.Attach(t.Context(), acme, 1, "../x.html", "text/html", content)
	if err != nil {
		t.Fatal(err)
	}
	got, body, err := w.Attachment(t.Context(), acme, 1, a.ID)
	if err != nil || got != a || !bytes.Equal(body, content) || a.Name != "x.html" || a.Size != int64(len(content)) {
		t.Errorf("%+v %q %v", got, body, err)
	}
	if _, _, err := w.Attachment(t.Context(), "other", 1, a.ID); !errors.Is(err, ErrAttachment) {
		t.Errorf("another account's: %v", err)
	}
	if _, err := w.Attach(t.Context(), acme, 2, "x", "", content); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown incident: %v", err)
	}
	if _, err := w.Attach(t.Context(), acme, 1, "x", "", nil); err == nil {
		t.Error("an empty file is taken")
	}
	if _, err := w.Attach(t.Context(), acme, 1, "x", "", make([]byte, MaxAttachmentBytes+1)); err == nil {
		t.Error("a file that is too large is taken")
	}
	for range MaxAttachments - 1 {
		if _, err := w.Attach(t.Context(), acme, 1, "x", "", content); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Attach(t.Context(), acme, 1, "x", "", content); !errors.Is(err, ErrNoRoom) {
		t.Errorf("one more: %v", err)
	}
	if err := w.Detach(t.Context(), acme, 1, a.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Detach(t.Context(), acme, 1, a.ID); !errors.Is(err, ErrAttachment) {
		t.Errorf("again: %v", err)
	}
	entries, _, err := w.Timeline(t.Context(), acme, 1, store.Page{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	if c := entries[1].Change; c.Verb != "attach" || c.Changed["attachment"] != [2]string{"", "x.html"} {
		t.Errorf("timeline tells %+v", c)
	}
	if c := entries[len(entries)-1].Change; c.Verb != "detach" || c.Changed["attachment"] != [2]string{"x.html", ""} {
		t.Errorf("timeline tells %+v", c)
	}
}
