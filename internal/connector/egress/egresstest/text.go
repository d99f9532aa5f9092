package egresstest

import (
	"fmt"
	"strings"
)

// digits are the first of ten characters that IDNA mapping (UTS #46) or a lenient parser turns into 0 to 9.
var digits = map[string]rune{
	"fullwidth digits": '０', "Arabic digits": '٠', "Devanagari digits": '०', "bold digits": '𝟎', "monospaced digits": '𝟶',
}

// superscripts are not in a row.
var superscripts = []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")

// unicode adds a host with other characters in the place of its digits, letters and dots.
func (b *builder) unicode(host string) {
	for _, trick := range sorted(digits) {
		b.hosts(trick, mapDigits(host, func(n rune) rune { return digits[trick] + n }))
	}
	b.hosts("superscripts", mapDigits(host, func(n rune) rune { return superscripts[n] }))
	b.hosts("enclosed digits", mapDigits(host, func(n rune) rune {
		if n == 0 {
			return '⓪'
		}
		return '①' + n - 1
	}))
	for _, dot := range []string{"。", "．", "｡", "․", "%2e", "%2E", "%E3%80%82"} {
		b.hosts("other dots", strings.ReplaceAll(host, ".", dot))
	}
	for _, hidden := range []string{"\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u202e"} {
		b.hosts("hidden characters", host[:1]+hidden+host[1:], host+hidden)
	}
}

func mapDigits(host string, to func(n rune) rune) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return to(r - '0')
		}
		return r
	}, host)
}

// tricks adds URLs that two parsers read differently.
func (b *builder) tricks(host string) {
	at := host + ":" + b.port
	b.hosts("percent-encoding", percent(host), strings.ReplaceAll(percent(host), "%", "%25"), host+"%00", host+"%00.example.com",
		host+"%23.example.com", host+"%2f.example.com", host+"%20")
	b.urls("user information",
		"http://example.com@"+at+"/", "http://example.com:80@"+at+"/", "http://user:password@"+at+"/", "http://@"+at+"/",
		"http://:@"+at+"/", "http://example.com%40"+at+"/", "http://example.com@@"+at+"/", "http://a@b@"+at+"/",
		"http://example.com%00@"+at+"/", "http://example.com@"+at+"@example.com/")
	b.urls("backslashes",
		`http:\\`+at+`\`, `http://`+at+`\@example.com/`, `http://example.com\@`+at+`/`, `http://example.com:80\@`+at+`/`,
		`\\`+at, `http:/\`+at, `http://\`+at, `http://example.com\`+at)
	b.urls("fragments and queries",
		"http://"+at+"#example.com", "http://"+at+"#@example.com/", "http://example.com#@"+at+"/", "http://"+at+"?@example.com/#")
	b.urls("white space and control characters",
		" http://"+at+"/", "http://"+at+"/ ", "\thttp://"+at+"/", "http://\t"+at+"/", "ht\ttp://"+at+"/", "http://"+host+"\t:"+b.port+"/",
		"http://"+host+" :"+b.port+"/", "http://"+at+"\r\n/", "http://"+at+"/\r\nHost: example.com", "http://\n"+at+"/", "\x00http://"+at+"/",
		"http://"+host+"\x00.example.com/", "http://\u00a0"+at+"/", "\ufeffhttp://"+at+"/", "http://\u3000"+at+"/")
	b.urls("slashes", "http:"+at, "http:/"+at, "http:///"+at, "http:////"+at, "//"+at, "///"+at, at, "/"+at, "http//"+at, "http:/ /"+at)
	b.urls("schemes",
		"HTTP://"+at+"/", "hTtP://"+at+"/", "https://"+at+"/", "HTTPS://"+at+"/", "ftp://"+at+"/", "gopher://"+at+"/_x", "dict://"+at+"/x",
		"ldap://"+at+"/", "file://"+at+"/etc/passwd", "jar:http://"+at+"!/", "unix://"+at, "tcp://"+at, "ws://"+at+"/", "http+unix://"+at+"/",
		"view-source:http://"+at+"/", "url:http://"+at+"/", "javascript://"+at+"/", "h\u0442tp://"+at+"/", "socks5://"+at)
	b.urls("ports",
		"http://"+host, "http://"+host+":/", "http://"+at+":80/", "http://"+host+":0"+b.port+"/", "http://"+host+":+"+b.port+"/",
		"http://"+host+":-1/", "http://"+host+":0/", "http://"+host+":65536/", fmt.Sprintf("http://%s:%d/", host, 65536+80), "http://"+host+":0x50/",
		"http://"+host+":８０/", "http://"+host+":http/", "http://"+host+"::"+b.port+"/")
	b.urls("odd hosts",
		"http://["+host+"]/", "http://["+at+"]/", "http://."+at+"/", "http://"+host+"..:"+b.port+"/", "http://"+host+",example.com/",
		"http://"+host+";example.com/", "http://("+host+")/", "http://'"+host+"'/", "http://"+host+"|example.com/", "http://{"+host+"}/")
}

// percent encodes every byte.
func percent(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02x", text[i])
	}
	return b.String()
}
