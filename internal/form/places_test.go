package form_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/form"
)

type places struct {
	url, base, host, region, ca string
	brokers                     []string
	port                        int
	verify                      bool
	token, hook                 form.Secret
	endpoints                   []place
}

type place struct {
	url string
	key form.Secret
}

func (p *places) Form(f *form.Set) {
	f.URL("url", &p.url, "URL")
	f.URL("base_url", &p.base, "Base URL", form.Default("https://api.vendor.example"))
	f.Text("host", &p.host, "Host", form.Destination())
	f.Choice("region", &p.region, "Region", []string{"us", "eu"}, form.Default("us"), form.Destination())
	f.PEM("ca", &p.ca, "CA", form.Destination())
	f.Texts("brokers", &p.brokers, "Brokers", form.Destination())
	f.Int("port", &p.port, "Port", form.Default(514), form.Destination())
	f.Bool("verify", &p.verify, "Verify", form.Default(true), form.Destination())
	f.Secret("token", &p.token, "Token")
	f.Secret("hook", &p.hook, "Hook", form.Destination())
	form.List(f, "endpoints", &p.endpoints, "Endpoints")
}

func (p *place) Form(f *form.Set) {
	f.URL("url", &p.url, "URL")
	f.Secret("key", &p.key, "Key")
}

func TestDestinations(t *testing.T) {
	t.Parallel()
	base := map[string][]string{
		"url": {""}, "base_url": {"https://api.vendor.example:443"}, "host": {""}, "region": {"us"}, "ca": {""}, "brokers": {""},
		"port": {"514"}, "hook": {""},
	}
	for _, tt := range []struct {
		raw  string
		want map[string][]string
	}{
		{`{}`, nil},
		{`{"token":"x"}`, nil},
		{`{"url":"https://A.Example.com./x?y"}`, map[string][]string{"url": {"https://a.example.com:443"}}},
		{`{"url":"HTTPS://a.example.com:443"}`, map[string][]string{"url": {"https://a.example.com:443"}}},
		{`{"url":"http://a.example.com"}`, map[string][]string{"url": {"http://a.example.com:80"}}},
		{`{"url":"https://[2001:DB8:0::1]:8443/x"}`, map[string][]string{"url": {"https://[2001:db8::1]:8443"}}},
		{`{"url":"https://[2001:db8::1]"}`, map[string][]string{"url": {"https://[2001:db8::1]:443"}}},
		{`{"url":"https://good.example@evil.example/"}`, map[string][]string{"url": {"https://evil.example:443"}}},
		{`{"base_url":""}`, nil},
		{`{"host":"Kafka.Example.:9092"}`, map[string][]string{"host": {"kafka.example:9092"}}},
		{`{"host":"2001:db8::1"}`, map[string][]string{"host": {"[2001:db8::1]"}}},
		{`{"brokers":["B:1","a:1","b.:1"]}`, map[string][]string{"brokers": {"a:1", "b:1"}}},
		{`{"region":"eu","port":6514}`, map[string][]string{"region": {"eu"}, "port": {"6514"}}},
		{`{"verify":true}`, nil},
		{`{"verify":false}`, map[string][]string{"verify": {"false"}}},
		{`{"ca":"a\r\n b "}`, map[string][]string{"ca": {"a b"}}},
		{`{"hook":"https://hooks.example/T/1"}`, map[string][]string{"hook": {"https://hooks.example:443"}}},
		{`{"endpoints":[{"url":"https://b"},{"url":"https://a"},{}]}`, map[string][]string{
			"endpoints.0.url": {"https://b:443"}, "endpoints.1.url": {"https://a:443"}, "endpoints.2.url": {""}}},
	} {
		want := map[string][]string{}
		for name, values := range base {
			want[name] = values
		}
		for name, values := range tt.want {
			want[name] = values
		}
		if diff := cmp.Diff(want, form.Destinations(new(places), json.RawMessage(tt.raw))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.raw, diff)
		}
	}
}

func TestReplaceSecrets(t *testing.T) {
	t.Parallel()
	raw := json.RawMessage(`{"url":"https://a","token":"one","hook":"","endpoints":[{"key":"two"},{"url":"https://b"}],"more":1}`)
	if diff := cmp.Diff(map[string]string{"token": "one", "endpoints.0.key": "two"}, form.SecretTexts(new(places), raw)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := form.ReplaceSecrets(new(places), raw, func(path, text string) string { return path + "=" + text })
	want := `{"url":"https://a","token":"token=one","hook":"","endpoints":[{"key":"endpoints.0.key=two"},{"url":"https://b"}],"more":1}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}
