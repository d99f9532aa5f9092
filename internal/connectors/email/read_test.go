package email

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"
)

// letterRead is a mail as its reader sees it, read with parsers that are not ours.
type letterRead struct {
	header  mail.Header
	subject string
	text    string
	html    string
	picture []byte
	shape   []string // the MIME structure
}

func read(t testing.TB, raw []byte) *letterRead {
	t.Helper()
	for _, l := range bytes.Split(raw, []byte("\r\n")) {
		if len(l) > 998 || bytes.ContainsAny(l, "\r\n\x00") {
			t.Fatalf("a line of %d bytes, or with a bare line end: %.100q", len(l), l)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("reading the mail: %v", err)
	}
	r := &letterRead{header: m.Header}
	if r.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatalf("reading the subject: %v", err)
	}
	r.part(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return r
}

func (r *letterRead) part(t testing.TB, contentType, encoding string, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatalf("reading %q: %v", contentType, err)
	}
	r.shape = append(r.shape, kind)
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("reading the parts of %s: %v", kind, err)
			}
			r.part(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	switch encoding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("reading a part of type %s: %v", kind, err)
	}
	switch kind {
	case "text/plain":
		r.text = strings.ReplaceAll(string(raw), "\r\n", "\n")
	case "text/html":
		r.html = strings.ReplaceAll(string(raw), "\r\n", "\n")
	case "image/png":
		r.picture = raw
	}
}

// tokens are the tags of the HTML with their attributes' names, and its texts, as a tokenizer sees them.
func (r *letterRead) tokens(t testing.TB) (tags, texts []string) {
	t.Helper()
	z := xhtml.NewTokenizer(strings.NewReader(r.html))
	for {
		switch kind := z.Next(); kind {
		case xhtml.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatalf("reading the HTML: %v", z.Err())
			}
			return tags, texts
		case xhtml.TextToken:
			if text := string(z.Text()); strings.TrimSpace(text) != "" {
				texts = append(texts, text)
			}
		case xhtml.CommentToken:
			tags = append(tags, "comment")
		default:
			token := z.Token()
			tag := kind.String() + " " + token.Data
			for _, a := range token.Attr {
				tag += " " + a.Key
			}
			tags = append(tags, tag)
		}
	}
}

// titles are the texts of the headings of the first order.
func (r *letterRead) titles(t testing.TB) []string {
	t.Helper()
	var list []string
	z := xhtml.NewTokenizer(strings.NewReader(r.html))
	inside := false
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return list
		case xhtml.StartTagToken:
			if name, _ := z.TagName(); string(name) == "h1" {
				inside = true
				list = append(list, "")
			}
		case xhtml.EndTagToken:
			if name, _ := z.TagName(); string(name) == "h1" {
				inside = false
			}
		case xhtml.TextToken:
			if inside {
				list[len(list)-1] += string(z.Text())
			}
		}
	}
}
