package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// relay is a connector with every kind of destination that there is.
type relaySettings struct {
	url, base, host, region, path string
	brokers                       []string
	port                          int
	token, signing, hook          form.Secret
	headers                       []relayHeader
	endpoints                     []relayEndpoint
	httpkit.Connection
}

type relayHeader struct {
	name   string
	value  form.Secret
	secret bool
}

type relayEndpoint struct {
	url string
	key form.Secret
}

func (s *relaySettings) Form(f *form.Set) {
	f.URL("url", &s.url, "URL", form.Required())
	f.URL("base_url", &s.base, "Base URL", form.Default("https://api.vendor.example"))
	f.Text("host", &s.host, "Host", form.Destination())
	f.Choice("region", &s.region, "Region", []string{"us", "eu"}, form.Default("us"), form.Destination())
	f.Text("path", &s.path, "Path")
	f.Texts("brokers", &s.brokers, "Brokers", form.Destination())
	f.Int("port", &s.port, "Port", form.Default(514), form.Destination())
	f.Secret("token", &s.token, "Token", form.Required(), form.Min(8))
	f.Secret("signing_secret", &s.signing, "Signing secret")
	f.Secret("hook", &s.hook, "Hook", form.Destination())
	form.List(f, "headers", &s.headers, "Headers", form.Key("name"))
	form.List(f, "endpoints", &s.endpoints, "Endpoints")
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, httpkit.DefaultRequestTimeout)
}

func (s *relaySettings) Validate() error {
	var errs form.Errors
	s.Connection.Check(&errs)
	return errs.Err()
}

func (h *relayHeader) Form(f *form.Set) {
	f.Text("name", &h.name, "Name", form.Required())
	f.Secret("value", &h.value, "Value", form.Required(), form.SecretWhen(func(o map[string]any) bool { return o["secret"] == true }))
	f.Bool("secret", &h.secret, "Secret", form.Default(false))
}

func (e *relayEndpoint) Form(f *form.Set) {
	f.URL("url", &e.url, "URL", form.Required())
	f.Secret("key", &e.key, "Key")
}

type relay struct{}

func openRelay(_ *relaySettings, _ connector.Env) (*relay, error) { return &relay{}, nil }
func (*relay) Send(context.Context, connector.Delivery) error     { return nil }

// relayObject makes a relay with all its secrets.
func relayObject(t *testing.T) string {
	t.Helper()
	cert, key := connectortest.ClientCertificate(t)
	raw, err := json.Marshal(map[string]any{
		"kind": "relay", "name": "Relay", "settings": map[string]any{
			"url": "https://siem.example.com/in", "host": "kafka.example.com:9092", "brokers": []string{"a.example:9092", "b.example:9092"},
			"token": "canary-token", "signing_secret": "canary-signing", "hook": "https://hooks.example.com/canary",
			"headers":            []map[string]any{{"name": "X-A", "value": "canary-a", "secret": true}, {"name": "X-Plain", "value": "seen"}},
			"endpoints":          []map[string]any{{"url": "https://one.example.com", "key": "canary-one"}, {"url": "https://two.example.com"}},
			"client_certificate": cert, "client_key": key, "ca_bundle": cert,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const (
	everything = "client_key endpoints.0.key headers.0.value hook signing_secret token"
	nothing    = ""
)

// TestDestinationChanges patches the settings of one integration in many ways, and says which secrets are given up.
func TestDestinationChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cert, _ := connectortest.ClientCertificate(t)
	base := relayObject(t)
	quoted := func(text string) string { b, _ := json.Marshal(text); return string(b) }
	without := func(paths ...string) string {
		list := strings.Fields(everything)
		return strings.Join(slices.DeleteFunc(list, func(p string) bool { return slices.Contains(paths, p) }), " ")
	}
	for n, tt := range []struct{ patch, want string }{
		// What stays the same place.
		{`{}`, nothing},
		{`{"url":"https://siem.example.com/in"}`, nothing},
		{`{"url":"https://siem.example.com/other/path"}`, nothing},
		{`{"url":"https://siem.example.com/in?tenant=2"}`, nothing},
		{`{"url":"https://SIEM.Example.COM/in"}`, nothing},
		{`{"url":"https://siem.example.com./in"}`, nothing},
		{`{"url":"https://siem.example.com:443/in"}`, nothing},
		{`{"url":"HTTPS://siem.example.com"}`, nothing},
		{`{"path":"/x","connect_timeout":"9s"}`, nothing},
		{`{"token":"********"}`, nothing},
		{`{"token":"another-token"}`, nothing},
		{`{"region":"us","port":514,"verify_tls":true,"base_url":"https://api.vendor.example/v2"}`, nothing},
		{`{"base_url":""}`, nothing},
		{`{"host":"Kafka.Example.com.:9092"}`, nothing},
		{`{"brokers":["b.example:9092","A.example:9092"]}`, nothing},
		{`{"brokers":["a.example:9092"]}`, nothing}, // one receiver fewer
		{`{"headers":[{"name":"X-A","value":"canary-new","secret":true}]}`, nothing},
		{`{"endpoints":[{"url":"https://one.example.com/path"},{"url":"https://two.example.com"}]}`, nothing},
		{`{"endpoints":[]}`, nothing},
		{`{"hook":"https://hooks.example.com/canary/rotated"}`, nothing},
		// What is another place.
		{`{"url":"https://evil.example.com/in"}`, everything},
		{`{"url":"https://siem.example.com.evil.example/in"}`, everything},
		{`{"url":"https://sub.siem.example.com/in"}`, everything},
		{`{"url":"https://example.com/in"}`, everything},
		{`{"url":"https://siem.example.com:8443/in"}`, everything},
		{`{"url":"https://siem.example.com:80/in"}`, everything},
		{`{"url":"http://siem.example.com/in"}`, everything},
		{`{"url":"http://siem.example.com:443/in"}`, everything},
		{`{"url":"https://203.0.113.7/in"}`, everything},
		{`{"url":"https://[2001:db8::1]/in"}`, everything},
		{`{"url":"https://xn--siem-example-9za.com/in"}`, everything},
		{`{"base_url":"https://api.other.example"}`, everything},
		{`{"base_url":"http://api.vendor.example"}`, everything},
		{`{"host":"evil.example.com:9092"}`, everything},
		{`{"host":"kafka.example.com:9093"}`, everything},
		{`{"host":""}`, everything},
		{`{"host":null}`, everything},
		{`{"brokers":["a.example:9092","b.example:9092","evil.example:9092"]}`, everything},
		{`{"brokers":[]}`, everything}, // whatever the connector then does
		{`{"region":"eu"}`, everything},
		{`{"port":515}`, everything},
		{`{"endpoints":[{"url":"https://one.example.com"},{"url":"https://evil.example.com"}]}`, everything},
		{`{"endpoints":[{"url":"https://evil.example.com"}]}`, everything},
		{`{"endpoints":[{"url":"https://two.example.com"},{"url":"https://one.example.com"}]}`, everything}, // the key of one for two
		{`{"hook":"https://evil.example.com/x"}`, without("hook")},
		// Who may be in between.
		{`{"verify_tls":false}`, everything},
		{`{"ca_bundle":` + quoted(cert) + `}`, everything},
		{`{"ca_bundle":null}`, everything},
		{`{"ca_bundle":""}`, everything},
		// What the same patch enters or clears is not given up.
		{`{"url":"https://evil.example.com","token":"********"}`, everything},
		{`{"url":"https://evil.example.com","token":"canary-token"}`, without("token")},
		{`{"url":"https://evil.example.com","token":"entered-new","hook":null,"signing_secret":""}`, without("token", "hook", "signing_secret")},
		{`{"url":"https://evil.example.com","headers":[]}`, without("headers.0.value")},
		{`{"url":"https://evil.example.com","headers":[{"name":"X-Plain","value":"seen"},{"name":"X-A","secret":true}]}`,
			strings.ReplaceAll(everything, "headers.0", "headers.1")},
		{`{"url":"https://evil.example.com","headers":[{"name":"X-A","value":"again","secret":true}]}`, without("headers.0.value")},
		{`{"url":"https://evil.example.com","client_certificate":null,"client_key":null}`, without("client_key")},
	} {
		i, err := f.Create(t.Context(), account, []byte(strings.Replace(base, `"name":"Relay"`, fmt.Sprintf(`"name":"Relay %d"`, n), 1)))
		if err != nil {
			t.Fatal(err)
		}
		i, err = f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":`+tt.patch+`}`))
		if err != nil {
			t.Errorf("%.90s: %v", tt.patch, err)
			continue
		}
		if got := strings.Join(i.Voided, " "); got != tt.want {
			t.Errorf("%.90s:\n got %q\nwant %q", tt.patch, got, tt.want)
		}
		checkHeld(t, f, i)
	}
}

// checkHeld proves that a held integration keeps nothing that it gave up and sends nothing.
func checkHeld(t *testing.T, f *fixture, i store.Integration) {
	t.Helper()
	if i.Held() != (len(i.Voided) > 0) {
		t.Error("held does not follow from voided")
	}
	for _, path := range i.Voided {
		if _, still := i.Secrets[path]; still {
			t.Errorf("%s is voided and still sealed", path)
		}
	}
	_, err := f.Open(t.Context(), i)
	var voided *VoidedError
	if i.Held() != errors.As(err, &voided) {
		t.Errorf("opening gave %v", err)
	}
	warned := 0
	for _, w := range f.Warnings(i) {
		if strings.Contains(w.Message, "entered again") {
			warned++
		}
	}
	if warned != len(i.Voided) {
		t.Errorf("%d warnings about %d given up secrets", warned, len(i.Voided))
	}
}

func TestDestinationRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i, err := f.Create(t.Context(), account, []byte(relayObject(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"https://siem.example.com@evil.example/in", "https://user:pass@siem.example.com/in", `https://siem.example.com\\@evil.example/`,
		"https://siem.example.com#@evil.example/", "https://sıem.example.com/", "https:siem.example.com", "//evil.example", "https://siem.example.com%2f@evil.example",
	} {
		if _, err := f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":{"url":"`+url+`"}}`)); err == nil {
			t.Errorf("%s was taken", url)
		}
	}
	if now, err := f.Get(t.Context(), account, i.ID); err != nil || now.Version != 1 {
		t.Errorf("refused changes left version %d, %v", now.Version, err)
	}
}

// TestHeldUntilEntered follows one integration through giving up and entering again.
func TestHeldUntilEntered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{"settings":{"signing_secret":"canary-signing","headers":[{"name":"X-A","value":"canary-a"},{"name":"X-B","value":"canary-b"}]}}`)
	step := func(patch, want string) {
		t.Helper()
		var err error
		i, err = f.Update(t.Context(), account, i.ID, 0, []byte(patch))
		if err != nil {
			t.Fatalf("%s: %v", patch, err)
		}
		if got := strings.Join(i.Voided, " "); got != want {
			t.Fatalf("%s: voided %q, want %q", patch, got, want)
		}
		if last := f.lanes.last(t); last.Held() != i.Held() {
			t.Errorf("%s: the lanes heard held=%v", patch, last.Held())
		}
		checkHeld(t, f, i)
	}
	step(`{"settings":{"url":"https://new.example.com"}}`, "headers.0.value headers.1.value signing_secret token")
	step(`{"settings":{"url":"https://siem.example.com/in"}}`, "headers.0.value headers.1.value signing_secret token") // going back gives nothing back
	step(`{"name":"Renamed","settings":{}}`, "headers.0.value headers.1.value signing_secret token")
	step(`{"settings":{"token":"********","mode":"plain"}}`, "headers.0.value headers.1.value signing_secret token")
	step(`{"settings":{"token":"canary-token-2"}}`, "headers.0.value headers.1.value signing_secret")
	step(`{"settings":{"headers":[{"name":"X-B","value":"********"},{"name":"X-A","value":"canary-a2"}]}}`, "headers.0.value signing_secret")
	step(`{"settings":{"url":"https://third.example.com"}}`, "headers.0.value headers.1.value signing_secret token")
	step(`{"settings":{"signing_secret":null,"token":"canary-token-3","headers":[]}}`, "")
	opened, err := f.Open(t.Context(), i)
	if err != nil || opened.(*beacon).s.token.Reveal() != "canary-token-3" || len(opened.(*beacon).s.headers) != 0 {
		t.Errorf("opened %v", err)
	}
	if _, err := f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":{"headers":[{"name":"X","value":"********"}]}}`)); err == nil {
		t.Error("a mask without a secret behind it was taken")
	}
}

// TestHeldStillChecks: the checks of settings go on while secrets are missing.
func TestHeldStillChecks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{}`)
	i, err := f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":{"url":"https://new.example.com"}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":{"token":"short","mode":"odd","colour":1}}`))
	if diff := cmp.Diff([]string{"settings.token", "settings.mode", "settings.colour"}, paths(t, err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":{"token":null}}`))
	if diff := cmp.Diff([]string{"settings.token"}, paths(t, err)); diff != "" {
		t.Errorf("clearing a required secret (-want +got):\n%s", diff)
	}
	_, err = f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":{"mode":"plain","mode":"panics"}}`))
	if got := paths(t, err); len(got) != 1 || got[0] != "settings" {
		t.Errorf("a name that stands twice: %v", err)
	}
}

// TestTestSendsNoStoredSecretElsewhere: overriding settings of a test do what a patch would.
func TestTestSendsNoStoredSecretElsewhere(t *testing.T) {
	t.Parallel()
	f, home, evil := newFixture(t), newReceiver(t), newReceiver(t)
	i := f.create(t, `{"settings":{"url":"`+home.URL+`","headers":[{"name":"X-A","value":"canary-a"}]}}`)
	for _, override := range []string{
		`{"url":"` + evil.URL + `"}`, `{"url":"` + evil.URL + `","token":"********"}`, `{"verify_tls":false}`,
		`{"url":"` + evil.URL + `","token":"entered-new"}`, // the header is still a stored one
	} {
		_, err := f.Test(t.Context(), account, i.ID, TestInput{Settings: json.RawMessage(override), EventType: "alert.created"})
		if got := paths(t, err); !slices.Contains(got, "settings.headers.0.value") {
			t.Errorf("%s: %v", override, err)
		}
	}
	if len(evil.got) > 0 {
		t.Fatalf("the other host was called: %v", evil.got)
	}
	res, err := f.Test(t.Context(), account, i.ID, TestInput{EventType: "alert.created",
		Settings: json.RawMessage(`{"url":"` + evil.URL + `","token":"entered-new","headers":[]}`)})
	if err != nil || !res.OK || evil.got[0].Header.Get("Authorization") != "Bearer entered-new" {
		t.Errorf("with entered secrets: %s, %v", encoded(t, res), err)
	}
	held, err := f.Update(t.Context(), account, i.ID, 0, []byte(`{"settings":{"url":"`+evil.URL+`"}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Test(t.Context(), account, held.ID, TestInput{})
	if diff := cmp.Diff([]string{"settings.headers.0.value", "settings.token"}, paths(t, err)); diff != "" {
		t.Errorf("testing a held one (-want +got):\n%s", diff)
	}
	_, err = f.Preview(t.Context(), account, held.ID, PreviewInput{EventType: "alert.created"})
	if got := paths(t, err); len(got) != 1 || got[0] != "settings" {
		t.Errorf("a preview of a held one: %v", err)
	}
}
