package config

import (
	"bytes"
	"flag"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestDefault(t *testing.T) {
	t.Parallel()
	c := Default()
	if c.Listen != "127.0.0.1:8080" || c.DataDir != "./data" || c.Journal.MaxBytes != 50<<30 ||
		c.Journal.MaxAge != 7*24*time.Hour || c.Journal.AccountQuota != 0 || c.Mailbox.MaxAge != 30*24*time.Hour {
		t.Errorf("unexpected defaults: %+v", c)
	}
	if len(c.Egress.Allow) != 0 || !c.AdminKey.IsZero() {
		t.Errorf("nothing may be allowed or set by default: %+v", c)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tocsin.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	src := Sources{
		File: write(t, `
listen: 127.0.0.1:1
log: {level: debug, format: json}
journal.max_age: 72h
journal:
  account_quota: 5GiB
egress:
  allow: [10.0.0.0/8, "fd00::/8", 192.0.2.7]
ingest:
  max_ratio: 20
tls:
`),
		Environ: []string{"TOCSIN_LISTEN=127.0.0.1:2", "TOCSIN_LOG_LEVEL=warn", "TOCSIN_LOG_FORMAT=", "HOME=/x"},
		Flags:   map[string]string{"listen": "127.0.0.1:3"},
	}
	c, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.Log.Level != slog.LevelWarn || c.Log.Format != "json" {
		t.Errorf("wrong layer won: %s %s %s", c.Listen, c.Log.Level, c.Log.Format)
	}
	if c.Journal.MaxAge != 72*time.Hour || c.Journal.AccountQuota != 5<<30 || c.Ingest.MaxRatio != 20 {
		t.Errorf("file not read: %+v %+v", c.Journal, c.Ingest)
	}
	want := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.7/32"),
	}
	if diff := cmp.Diff(want, c.Egress.Allow, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	origins := map[string]string{}
	for _, v := range c.Values() {
		origins[v.Key] = v.Origin
	}
	if origins["listen"] != "command line" || origins["log.level"] != "TOCSIN_LOG_LEVEL" ||
		origins["log.format"] != src.File || origins["data_dir"] != "default" {
		t.Errorf("origins: %v", origins)
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	t.Parallel()
	path := write(t, `
listn: 127.0.0.1:1
journal:
  max_agee: 1h
  max_bytes: 50Gib
  max_age: [a, {b: c}]
`)
	_, err := Load(Sources{
		File:    path,
		Environ: []string{"TOCSIN_ADMIN_KEY=short", "TOCSIN_EGRESS_ALLOW=10.0.0.1/8"},
		Flags:   map[string]string{"log.level": "wran", "max_bytes": "1", "tls.cert": "x.pem"},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		path + `: unknown setting "listn": did you mean listen?`,
		path + `: unknown setting "journal.max_agee": did you mean journal.max_age?`,
		path + `: journal.max_bytes: "50Gib" is not a size`,
		path + `: journal.max_age: item 1: a value of this kind`,
		`TOCSIN_ADMIN_KEY: is 5 characters long: use at least 24`,
		`TOCSIN_EGRESS_ALLOW: "10.0.0.1/8" has bits set after its prefix: did you mean 10.0.0.0/8?`,
		`command line: log.level: "wran" is not one of debug, info, warn, error: did you mean warn?`,
		`--set: unknown setting "max_bytes": did you mean journal.max_bytes?`,
		`tls.cert and tls.key go together`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s\nin:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "short\"") {
		t.Error("the error shows the admin key")
	}
}

func TestBadValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, value, want string }{
		{"listen", "8080", "is not host:port"},
		{"listen", "127.0.0.1:99999", "is not a number from 0 to 65535"},
		{"public_url", "tocsin.example.com", "is not a URL"},
		{"public_url", "https://u:p@h/", "may not hold a user"},
		{"data_dir", "", "is empty"},
		{"admin_key", strings.Repeat("a b", 10), "printable ASCII"},
		{"timeouts.read", "10", "is not a duration"},
		{"timeouts.read", "0s", "out of range: want 1s to 1h"},
		{"ingest.max_depth", "1e3", "not a whole number"},
		{"ingest.max_depth", "100000", "out of range: want 4 to 1000"},
		{"trusted_proxies", "proxy.local", "is not a network"},
		{"response.never_block", "198.51.100.0/24", "has no reason"},
		{"response.never_block", "the office", "is not a network"},
		{"response.never_block", "198.51.100.0/24 The office, 198.51.100.9/24 x", "has bits set after its prefix"},
		{"ingest.max_inflated_bytes", "1MiB", "is smaller than ingest.max_wire_bytes"},
		{"journal.segment_bytes", "1GiB", ""},
	} {
		_, err := Load(Sources{Flags: map[string]string{tt.key: tt.value}})
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s=%s: %v", tt.key, tt.value, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s=%s: got %v, want %q", tt.key, tt.value, err, tt.want)
		}
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ path, want string }{
		"missing":   {filepath.Join(t.TempDir(), "none.yaml"), "no such file"},
		"not YAML":  {write(t, "listen: [\n"), "is not valid YAML"},
		"duplicate": {write(t, "listen: a\nlisten: b\n"), "is not valid YAML"},
		"a list":    {write(t, "- a\n"), "is not valid YAML"},
		"too large": {write(t, strings.Repeat("# x\n", 300_000)), "is larger than 1MiB"},
	} {
		if _, err := Load(Sources{File: tt.path}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if _, err := Load(Sources{File: write(t, "")}); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	c, err := Load(Sources{Environ: []string{
		"TOCSIN_LISTN=1", "TOCSIN_SERVICE_HOST=10.0.0.1", "TOCSIN_URL=x", "TOCSIN_KEY=y", "TOCSIN_LISTEN=0.0.0.0:80",
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.Warnings(), "\n")
	for _, want := range []string{"TOCSIN_LISTN is not a setting: did you mean TOCSIN_LISTEN?", "without TLS"} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in %q", want, got)
		}
	}
	if len(c.Warnings()) != 2 {
		t.Errorf("got %q", got)
	}
}

// What config show prints is a file that gives the same settings.
func TestShowRoundTrip(t *testing.T) {
	t.Parallel()
	const key = "0123456789abcdef01234567"
	first, err := Load(Sources{
		Environ: []string{"TOCSIN_ADMIN_KEY=" + key},
		Flags: map[string]string{
			"listen": "[::1]:0", "egress.allow": "127.0.0.0/8, ::1", "journal.max_bytes": "1000000001",
			"journal.account_quota": "1GiB", "public_url": "https://a.example/x/", "data_dir": "/var/lib/a b#c",
			"timeouts.idle": "1m30s",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := first.WriteYAML(&shown); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown.String(), key) {
		t.Errorf("the admin key is shown:\n%s", shown.String())
	}
	second, err := Load(Sources{File: write(t, shown.String()), Environ: []string{"TOCSIN_ADMIN_KEY=" + key}})
	if err != nil {
		t.Fatalf("%v\n%s", err, shown.String())
	}
	values := func(c Config) map[string]string {
		m := map[string]string{}
		for _, v := range c.Values() {
			m[v.Key] = v.Value
		}
		return m
	}
	if diff := cmp.Diff(values(first), values(second)); diff != "" {
		t.Error(diff)
	}
}

func TestDocsAreFresh(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	if err := WriteDocs(&want); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/configuration.md is stale (%v): run make docs", err)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	const text = "198.51.100.0/24 The office, first floor, 2001:db8::7/128 Our proxy"
	c, err := Load(Sources{Flags: map[string]string{"response.never_block": text}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[netip.Prefix]string{
		netip.MustParsePrefix("198.51.100.0/24"): "The office, first floor", netip.MustParsePrefix("2001:db8::7/128"): "Our proxy",
	}
	if !maps.Equal(c.Response.NeverBlock, want) {
		t.Errorf("got %v", c.Response.NeverBlock)
	}
	for _, v := range c.Values() {
		if v.Key == "response.never_block" && v.Value != text {
			t.Errorf("it is shown as %s", v.Value)
		}
	}
}
