package elastic

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	cloud := "prod:" + base64.StdEncoding.EncodeToString([]byte("eu.example.com$abc123$def"))
	for in, want := range map[string]string{
		`"url":"https://e.example:9200","api_key":"aWQ6a2V5"`:        "",
		`"url":"https://e.example:9200"`:                             "",
		`"url":"http://e.example","username":"u","password":"p"`:     "",
		`"cloud_id":"` + cloud + `","api_key":"id:key"`:              "",
		`"url":"https://e.example","index":"tocsin-{yyyy.MM.dd}"`:    "",
		`"url":"https://e.example","index":"tocsin-%{+yyyy.MM}"`:     "",
		`"url":"https://e.example","install_template":"data_stream"`: "",
		``: "url is required, or cloud_id",
		`"url":"https://e.example","cloud_id":"` + cloud + `"`: "cloud_id is instead of url: give one of them",
		`"cloud_id":"x"`: "cloud_id is not a cloud id: copy it from the deployment's page, name:base64; url is required, or cloud_id",
		`"url":"https://e.example","api_key":"a","username":"u","password":"p"`:         "api_key is instead of username and password: give one of them",
		`"url":"https://e.example","username":"u"`:                                      "password is required with username",
		`"url":"https://e.example","password":"p"`:                                      "username is required with password",
		`"url":"https://e.example","username":"a:b","password":"p"`:                     "username must not hold a colon",
		`"url":"https://e.example","api_key":"a b c"`:                                   "api_key is not an API key: paste its encoded value alone, or id:api_key",
		`"url":"https://e.example/?x=1"`:                                                "url must not have a query",
		`"url":"https://e.example","index":"Tocsin"`:                                    `index must be lower case, and without blanks and \ / * ? " < > | , # : %`,
		`"url":"https://e.example","index":"-x"`:                                        "index must not begin with - _ or +",
		`"url":"https://e.example","index":"x-{YYYY}"`:                                  "index has {YYYY}, which is no date: want yyyy, MM, dd and HH with . - or _ between, as in {yyyy.MM.dd}",
		`"url":"https://e.example","index":"x-{yyyy"`:                                   `index must be lower case, and without blanks and \ / * ? " < > | , # : %`,
		`"url":"https://e.example","index":"x-{yyyy}","install_template":"data_stream"`: "install_template must be index: a data stream has no date in its name",
		`"url":"https://e.example","profile":"ocsf","install_template":"index"`:         "install_template has mappings for the profile ecs alone",
		`"url":"https://e.example","profile":"cef"`:                                     "profile must be one of ecs, native, cloudevents, ocsf, udm, template",
		`"url":"https://e.example","pipeline":"a/b"`:                                    "pipeline must be letters, digits and _ . @ -",
	} {
		err := form.Decode(json.RawMessage("{"+in+"}"), new(Settings))
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	var s Settings
	if err := form.Decode(json.RawMessage(`{"url":"https://e.example/x/_bulk/"}`), &s); err != nil {
		t.Fatal(err)
	}
	if s.URL != "https://e.example/x" || s.Index != defaultIndex || s.Profile != "ecs" || !s.Gzip || s.Batch.MaxBytes != 5*form.MiB || s.Batch.MaxWait != time.Second {
		t.Errorf("%+v", s)
	}
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, user, password, want string }{
		{"aWQ6a2V5", "", "", "ApiKey aWQ6a2V5"}, {"id:key", "", "", "ApiKey aWQ6a2V5"}, {"ApiKey aWQ6a2V5 ", "", "", "ApiKey aWQ6a2V5"},
		{"", "alice", "p:w", "Basic YWxpY2U6cDp3"}, {"", "", "", ""},
	} {
		s := Settings{APIKey: form.NewSecret(tt.key), Username: tt.user, Password: form.NewSecret(tt.password)}
		if got := s.authorization(); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func TestCloudID(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"eu.example.com$abc$def":                     "https://abc.eu.example.com",
		"eu.example.com:9243$abc$":                   "https://abc.eu.example.com:9243",
		"eu.example.com:443$abc$def":                 "https://abc.eu.example.com",
		"eu.example.com$abc:9244$def":                "https://abc.eu.example.com:9244",
		"eu.example.com$abc":                         "https://abc.eu.example.com",
		"eu.example.com":                             "",
		"eu.example.com$":                            "",
		"$abc$def":                                   "",
		"eu.example.com/x?$abc$def":                  "",
		"eu.example.com$abc@evil$def":                "",
		"eu.example.com:0$abc$def":                   "",
		"eu.example.com:99999$abc$def":               "",
		"eu.example.com\r\nX: y$abc$def":             "",
		"[::1]$abc$def":                              "",
		"x." + strings.Repeat("a", 300) + "$abc$def": "",
		"eu.example.com$../../$def":                  "",
	} {
		got, err := cloudURL("name:" + base64.StdEncoding.EncodeToString([]byte(raw)))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
	for _, id := range []string{"", "name", "name:***", ":"} {
		if got, err := cloudURL(id); err == nil {
			t.Errorf("%q: %q", id, got)
		}
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 23, 30, 0, 0, time.FixedZone("", -3600)) // the next day in UTC
	for text, want := range map[string][2]string{
		"logs-tocsin.alerts-default": {"logs-tocsin.alerts-default", "logs-tocsin.alerts-default"},
		"tocsin-{yyyy.MM.dd}":        {"tocsin-2026.11.21", "tocsin-*"},
		"tocsin-%{+yyyy.MM.dd}":      {"tocsin-2026.11.21", "tocsin-*"},
		"{yyyy}-t-{MM_dd}-{HH}":      {"2026-t-11_21-00", "*-t-*-*"},
		"größe":                      {"größe", "größe"},
	} {
		x, err := parseIndex(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := [2]string{string(x.append(nil, at)), x.pattern()}; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
