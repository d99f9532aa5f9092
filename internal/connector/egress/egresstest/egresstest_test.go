package egresstest

import (
	"net/netip"
	"testing"
)

func TestSpellings(t *testing.T) {
	t.Parallel()
	var a, b DNS
	first, second := Spellings(&a, "8080"), Spellings(&b, "8080")
	if len(first) < 2000 || len(first) != len(second) {
		t.Fatalf("%d and %d spellings", len(first), len(second))
	}
	tricks := map[string]int{}
	for i, s := range first {
		if s != second[i] {
			t.Fatalf("not the same twice: %+v and %+v", s, second[i])
		}
		tricks[s.Trick]++
	}
	if len(tricks) < 40 {
		t.Errorf("only %d tricks", len(tricks))
	}
	t.Logf("%d spellings by %d tricks: %v", len(first), len(tricks), tricks)
}

func TestDNS(t *testing.T) {
	t.Parallel()
	d := &DNS{}
	public, private := netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("10.0.0.1")
	d.Set("flip.example.com", []netip.Addr{public}, []netip.Addr{private, netip.MustParseAddr("::1")})
	r := d.Resolver()
	for i, want := range []int{1, 2, 2} {
		got, err := r.LookupNetIP(t.Context(), "ip", "flip.example.com.")
		if err != nil || len(got) != want {
			t.Errorf("look-up %d: %v, %v", i, got, err)
		}
	}
	if got, err := r.LookupNetIP(t.Context(), "ip", "nowhere.example.com."); err == nil {
		t.Errorf("a name without an entry: %v", got)
	}
}
