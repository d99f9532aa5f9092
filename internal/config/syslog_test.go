package config

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSyslogListeners(t *testing.T) {
	t.Parallel()
	const listen = "udp://0.0.0.0:514,tcp://[::1]:601?account=acme&project=edge&timezone=Europe/Berlin&label=site%3Dx&allow=10.0.0.0/8&allow=192.0.2.7"
	c, err := Load(Sources{File: write(t, "syslog:\n  listen: [\"udp://0.0.0.0:514\", \"tcp://[::1]:601?account=acme&project=edge&label=site=x&allow=10.0.0.0/8&allow=192.0.2.7&timezone=Europe/Berlin\"]\n"+
		"  labels: site=all,room=1\n  allow: 198.51.100.0/24\n")})
	if err != nil {
		t.Fatal(err)
	}
	prefixes := func(list ...string) (p []netip.Prefix) {
		for _, s := range list {
			p = append(p, netip.MustParsePrefix(s))
		}
		return p
	}
	want := []SyslogListener{
		{Network: "udp", Address: "0.0.0.0:514", Account: "default", Timezone: "UTC", Labels: map[string]string{"site": "all", "room": "1"}, Allow: prefixes("198.51.100.0/24")},
		{Network: "tcp", Address: "[::1]:601", Account: "acme", Project: "edge", Timezone: "Europe/Berlin", Labels: map[string]string{"site": "x", "room": "1"}, Allow: prefixes("10.0.0.0/8", "192.0.2.7/32")},
	}
	if diff := cmp.Diff(want, c.Syslog.Listeners(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	for _, v := range c.Values() {
		if v.Key == "syslog.listen" && v.Value != strings.Replace(listen, "192.0.2.7", "192.0.2.7/32", 1) {
			t.Errorf("shown as %s", v.Value)
		}
	}
	if c := Default(); len(c.Syslog.Listeners()) != 0 {
		t.Error("listening without being asked")
	}
}

func TestSyslogMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, value, want string }{
		{"syslog.listen", "514", "is not an address"},
		{"syslog.listen", "http://:514", "udp, tcp or tls"},
		{"syslog.listen", "tcp://host", "names no port"},
		{"syslog.listen", "tcp://:601?acount=a", "did you mean account?"},
		{"syslog.listen", "tcp://:601?account=A B", "cannot be one"},
		{"syslog.listen", "tcp://:601?allow=10.0.0.1/8", "did you mean 10.0.0.0/8?"},
		{"syslog.listen", "tls://:6514", "set syslog.tls_cert"},
		{"syslog.tls_cert", "x.pem", "go together"},
		{"syslog.tls_clients", "required", "syslog.tls_client_ca"},
		{"syslog.timezone", "Berlin", `"Berlin" is no time zone`},
		{"syslog.account", "No Such", "is no account"},
		{"syslog.labels", "a", "is not name=value"},
		{"syslog.max_message", "1GiB", "out of range"},
	} {
		if _, err := Load(Sources{Flags: map[string]string{c.key: c.value}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: got %v, want %q", c.key, c.value, err, c.want)
		}
	}
}

func TestSyslogDoubts(t *testing.T) {
	t.Parallel()
	for listen, doubted := range map[string]bool{
		"tcp://127.0.0.1:601": false, "udp://:514": true, "tcp://0.0.0.0:601?allow=10.0.0.0/8": false,
	} {
		c, err := Load(Sources{Flags: map[string]string{"syslog.listen": listen}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(c.Warnings(), "\n"), "whoever reaches"); got != doubted {
			t.Errorf("%s: %v", listen, c.Warnings())
		}
	}
}
