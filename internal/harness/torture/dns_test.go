package torture

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
)

// TestNameServer asks it with Go's own resolver.
func TestNameServer(t *testing.T) {
	t.Parallel()
	s, err := newNameServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", s.addr)
	}}
	name := "lane0" + zone
	for _, c := range []struct {
		says answerTo
		name string
		want []string
		none bool
	}{
		{answerTo{}, name, []string{"127.0.0.1"}, false},
		{answerTo{}, strings.ToUpper(name), []string{"127.0.0.1"}, false},
		{answerTo{}, "elsewhere.test.", nil, true},
		{answerTo{four: []string{"10.0.0.1"}, six: []string{"::1"}}, name, []string{"10.0.0.1", "::1"}, false},
		{answerTo{code: codeNoName}, name, nil, true},
		{answerTo{four: []string{}}, name, nil, true},
	} {
		s.say(c.says)
		got, err := r.LookupHost(t.Context(), c.name)
		slices.Sort(got)
		var dns *net.DNSError
		if c.none != (errors.As(err, &dns) && dns.IsNotFound) || !slices.Equal(got, c.want) {
			t.Errorf("%+v, %s: %v, %v", c.says, c.name, got, err)
		}
	}
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	head := append([]byte{0, 1, 1, 0, 0, 1}, make([]byte, 6)...)
	whole := append(slices.Clone(head), "\x01a\x02bc\x00\x00\x01\x00\x01"...)
	if name, end := question(whole); name != "a.bc." || end != len(whole) {
		t.Errorf("%q, %d", name, end)
	}
	for cut := range whole {
		if _, end := question(whole[:cut]); end != 0 {
			t.Errorf("the first %d bytes are a question", cut)
		}
	}
}
