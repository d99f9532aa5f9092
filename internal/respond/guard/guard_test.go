package guard

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestParseTarget(t *testing.T) {
	t.Parallel()
	for want, spellings := range map[string][]string{
		"203.0.113.7/32": {"203.0.113.7", "203.0.113.7/32", "::ffff:203.0.113.7", "::FFFF:cb00:7107", "::ffff:203.0.113.7/128", "0:0:0:0:0:ffff:cb00:7107", "\t203.0.113.7 "},
		"203.0.113.0/24": {"203.0.113.0/24", "::ffff:203.0.113.0/120"},
		"0.0.0.0/0":      {"0.0.0.0/0", "::ffff:0:0/96"},
		"2001:db8::7/128": {
			"2001:db8::7", "2001:DB8::7", "2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8:0:0::7/128", "2001:db8::0.0.0.7",
		},
		"2001:db8::/32": {"2001:db8::/32", "2001:DB8:0::/32"},
	} {
		for _, s := range spellings {
			p, err := ParseTarget(s)
			if err != nil || p.String() != want {
				t.Errorf("ParseTarget(%q) = %s, %v, want %s", s, p, err, want)
			}
		}
	}
	for text, want := range map[string]string{"203.0.113.7/32": "203.0.113.7", "203.0.113.0/24": "203.0.113.0/24", "2001:db8::7/128": "2001:db8::7", "::/0": "::/0"} {
		if got := Words(netip.MustParsePrefix(text)); got != want {
			t.Errorf("Words(%s) = %s, want %s", text, got, want)
		}
	}
}

func TestTTL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"24h": day, "7d": 7 * day, "2w": 14 * day, "90m": 90 * time.Minute, "1m": time.Minute, "permanent": 0, " 1h30m ": 90 * time.Minute, "3660d": LongestTTL,
	} {
		got, err := ParseTTL(text)
		if err != nil || got != want {
			t.Errorf("ParseTTL(%q) = %s, %v, want %s", text, got, err, want)
		}
		again, err := ParseTTL(TTLWords(want))
		if err != nil || again != want {
			t.Errorf("ParseTTL(TTLWords(%s)) = ParseTTL(%q) = %s, %v", want, TTLWords(want), again, err)
		}
	}
	for _, text := range []string{"", "0", "0s", "-1h", "59s", "3661d", "65536d", "99999999999999999999d", "1.5d", "d", "w", "-1d", "+1d", "7 d", "1e3h", "forever", "NaN", "1y", "９d"} {
		if got, err := ParseTTL(text); err == nil {
			t.Errorf("ParseTTL(%q) = %s, want an error", text, got)
		}
	}
}

func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	p, err := ParsePolicy(json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Policy{
		DefaultTTL: day, MaxTTL: 90 * day, WidestIPv4: 24, WidestIPv6: 48, PerMinute: 60, PerHour: 600, MaxShare: 0.8, OnBreach: Approve,
		ApproveWiderIPv4: 32, ApproveWiderIPv6: 128, ApprovePermanent: true, ApprovalTime: time.Hour,
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(p, DefaultPolicy()); diff != "" {
		t.Error(diff)
	}
}

// TestPolicyDocument: what Document writes is what ParsePolicy reads, of a policy in which nothing has its default.
func TestPolicyDocument(t *testing.T) {
	t.Parallel()
	p := Policy{
		KillSwitch: true, KillReason: "a wrong list", DefaultTTL: time.Hour, MaxTTL: 0, WidestIPv4: 16, WidestIPv6: 32, PerMinute: 1, PerHour: 2,
		MaxShare: 0.5, OnBreach: Refuse, ApproveWiderIPv4: 0, ApproveWiderIPv6: 64, ApprovePermanent: false, ApproveAutomatic: true,
		ApproveAll: true, ApprovalTime: 10 * time.Minute, Evict: true, ReportDrift: true,
	}
	doc := p.Document()
	got, err := ParsePolicy(doc)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("%s\n%s", diff, doc)
	}
	if again := PolicyDocument(doc); string(again) != string(doc) {
		t.Errorf("%s becomes %s", doc, again)
	}
	merged := form.Merge(NewPolicyForm(), doc, json.RawMessage(`{"kill_switch":false,"kill_reason":null}`))
	if got, err = ParsePolicy(merged); err != nil || got.KillSwitch || got.KillReason != "" || got.PerMinute != 1 {
		t.Errorf("merged: %+v, %v", got, err)
	}
}

func TestPolicyErrors(t *testing.T) {
	t.Parallel()
	for doc, path := range map[string]string{
		`{"widest_ipv4":7}`:                       "widest_ipv4",
		`{"widest_ipv6":15}`:                      "widest_ipv6",
		`{"widest_ipv4":33}`:                      "widest_ipv4",
		`{"per_minute":-1}`:                       "per_minute",
		`{"per_hour":1000001}`:                    "per_hour",
		`{"max_share":1.01}`:                      "max_share",
		`{"on_breach":"allow"}`:                   "on_breach",
		`{"max_ttl":"1s","default_ttl":"1m"}`:     "max_ttl",
		`{"default_ttl":"48h","max_ttl":"24h"}`:   "default_ttl",
		`{"default_ttl":"10s"}`:                   "default_ttl",
		`{"approval_time":"0s"}`:                  "approval_time",
		`{"kill_switch":"yes"}`:                   "kill_switch",
		`{"killswitch":true}`:                     "killswitch",
		`{"kill_reason":"two\nlines"}`:            "kill_reason",
		`{"default_ttl":"9999999h","max_ttl":""}`: "default_ttl",
	} {
		_, err := ParsePolicy(json.RawMessage(doc))
		errs, _ := form.AsErrors(err)
		found := false
		for _, e := range errs {
			found = found || e.Path == path
		}
		if !found {
			t.Errorf("%s: %v, want an error of %s", doc, err, path)
		}
	}
}

// documentation is what the egress guard refuses and this one does not.
var documentation = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("3fff::/20"),
}

// TestBuiltInHoldsWhatIsNotPublic compares what is built in with the egress guard's tables, which were made apart, at
// the edges of every range of both and around them.
func TestBuiltInHoldsWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	l := NewList(BuiltIn())
	var edges []netip.Addr
	for _, e := range BuiltIn() {
		first := e.Prefix.Addr()
		last := lastOf(e.Prefix)
		edges = append(edges, first, last, first.Prev(), last.Next())
	}
	for _, text := range []string{"100.100.100.200", "fd00:ec2::254", "192.0.0.192", "2001:1::1", "2001:2::1", "2001:db7:ffff::", "3ffe::1", "4000::", "::ffff:7f00:1"} {
		edges = append(edges, netip.MustParseAddr(text))
	}
	for _, p := range documentation {
		edges = append(edges, p.Addr(), lastOf(p), p.Addr().Prev(), lastOf(p).Next())
	}
	looked := 0
	for _, a := range edges {
		if !a.IsValid() || within(a, documentation) {
			continue
		}
		looked++
		found := l.Overlaps(netip.PrefixFrom(a, a.BitLen()), now)
		if !egress.Global(a) && len(found) == 0 {
			t.Errorf("%s is not public, and not protected", a)
		}
		if egress.Global(a) {
			for _, e := range found {
				// 2001::/23 has corners that are public, such as AS112's: no attacker has an address there. And 64:ff9b::/96 is as
				// public as the IPv4 address in it; all of it is protected here.
				if e.Source == reserved && e.Prefix.String() != "2001::/23" && e.Prefix.String() != "64:ff9b::/96" && e.Prefix.String() != "::/3" {
					t.Errorf("%s is public, and protected as %s (%s)", a, e.Prefix, e.Reason)
				}
			}
		}
	}
	if looked < 300 {
		t.Errorf("looked at %d addresses only", looked)
	}
	for _, p := range documentation {
		if found := l.Overlaps(p, now); len(found) > 0 && p.String() != "2001:db8::/32" {
			t.Errorf("%s is protected: %v", p, found)
		}
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func TestBuiltInIsInOrder(t *testing.T) {
	t.Parallel()
	seen := map[netip.Prefix]bool{}
	for _, e := range BuiltIn() {
		if e.Reason == "" || e.Source == "" || e.Prefix != e.Prefix.Masked() || e.Prefix.Addr().Is4In6() || seen[e.Prefix] {
			t.Errorf("%+v is out of order", e)
		}
		seen[e.Prefix] = true
	}
}

func TestListOfNothing(t *testing.T) {
	t.Parallel()
	var l *List
	p := netip.MustParsePrefix("10.0.0.0/8")
	if l.Overlaps(p, now) != nil || l.All() != nil || NewList(nil).Overlaps(p, now) != nil {
		t.Error("nothing protects something")
	}
	l = NewList([]Protected{{}, {Prefix: netip.MustParsePrefix("10.1.2.3/8"), Reason: "unmasked"}})
	if got := l.Overlaps(netip.MustParsePrefix("10.200.0.0/16"), now); len(got) != 1 || got[0].Prefix != p {
		t.Errorf("got %v", got)
	}
	if got := l.Overlaps(netip.Prefix{}, now); got != nil {
		t.Errorf("an invalid prefix overlaps %v", got)
	}
	if v := Decide(DefaultPolicy(), l, Ask{}, Usage{}, now); v.Decision != Refuse {
		t.Errorf("no target: %+v", v)
	}
	base := NewList([]Protected{{Prefix: p, Reason: "below"}})
	over := base.With([]Protected{{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Reason: "above"}})
	if len(base.All()) != 1 || len(over.All()) != 2 || len(over.Overlaps(p, now)) != 2 || len(base.Overlaps(p, now)) != 1 {
		t.Error("a list upon another changes it, or misses it")
	}
}

// TestFindingsAreShort: a list full of long reasons makes no long text.
func TestFindingsAreShort(t *testing.T) {
	t.Parallel()
	var entries []Protected
	for i := range 256 {
		entries = append(entries, Protected{Prefix: netip.MustParsePrefix(fmt.Sprintf("12.0.0.%d/32", i)), Reason: strings.Repeat("é", 1000)})
	}
	v := Decide(DefaultPolicy(), NewList(entries), Ask{Target: netip.MustParsePrefix("12.0.0.0/24"), TTL: day}, Usage{Responders: []Responder{anything()}}, now)
	if text := v.Findings[0].Text; len(text) > 2000 || !strings.Contains(text, "and 251 more") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

// TestCorpora: no spelling of an inner address in public lists of them is read as anything else.
func TestCorpora(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("TOCSIN_SHARED")
	if dir == "" {
		dir = "../../../../shared"
	}
	raw, err := os.ReadFile(filepath.Join(dir, "corpora", "ssrf-spellings.txt"))
	if err != nil {
		t.Skip("the public corpora are not beside this checkout")
	}
	l := NewList(BuiltIn())
	read := 0
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		texts := []string{line}
		if u, err := url.Parse(line); err == nil {
			texts = append(texts, u.Hostname(), u.Host)
		}
		for _, text := range texts {
			p, err := ParseTarget(text)
			if err != nil {
				continue
			}
			read++
			if v := Decide(DefaultPolicy(), l, Ask{Target: p, TTL: day}, Usage{Responders: []Responder{anything()}}, now); v.Decision != Refuse {
				t.Errorf("%q is read as %s, and the decision is %s", text, p, v.Decision)
			}
		}
	}
	if read < 20 {
		t.Errorf("only %d spellings were read at all", read)
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"203.0.113.7", "203.0.113.0/24", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "2001:db8::7", "fe80::1%eth0", "0x7f.1", "010.0.0.1", "1.2.3.4:80", "[::1]:80", "::/0", "/", "1.2.3.4/32/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseTarget(text)
		if err != nil {
			if p.IsValid() || len(err.Error()) > 1000 {
				t.Fatalf("%q: %s and %q", text, p, err)
			}
			return
		}
		if p != p.Masked() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			t.Fatalf("%q is read as %s, which is not normal", text, p)
		}
		for _, again := range []string{p.String(), Words(p)} {
			if q, err := ParseTarget(again); err != nil || q != p {
				t.Fatalf("%q is read as %s, which is read as %s, %v", text, p, q, err)
			}
		}
		// Whoever reads it by the standard library reads the same.
		address, _, _ := strings.Cut(strings.Trim(text, " \t\r\n"), "/")
		a, err := netip.ParseAddr(address)
		if err != nil || !p.Contains(a.Unmap()) && p.Bits() > 0 && !a.Is4In6() {
			t.Fatalf("%q is read as %s", text, p)
		}
	})
}

// BenchmarkOverlaps is one look at a list of ten thousand entries.
func BenchmarkOverlaps(b *testing.B) {
	var entries []Protected
	for i := range 10_000 {
		a := netip.AddrFrom4([4]byte{12, byte(i >> 8), byte(i), 0})
		entries = append(entries, Protected{Prefix: netip.PrefixFrom(a, 24+i%9)})
	}
	l := NewList(BuiltIn()).With(entries)
	target := netip.MustParsePrefix("203.0.113.7/32")
	for b.Loop() {
		if len(l.Overlaps(target, now)) != 0 {
			b.Fatal("it overlaps")
		}
	}
}
