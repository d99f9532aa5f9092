package cloudflare

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/form"
)

func testSecret() form.Secret { return form.NewSecret(testToken) }

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ patch, wrong string }{
		"the least":                     {`{}`, ""},
		"a list":                        {byList, ""},
		"no token":                      {`{"api_token":""}`, "api_token is required"},
		"no zone":                       {`{"zone_id":""}`, "zone_id is required"},
		"a zone by its name":            {`{"zone_id":"example.com"}`, "zone_id"},
		"the global key":                {`{"api_token":"0123456789abcdef0123456789abcdef01234"}`, "api_token is the Global API Key"},
		"a token and more":              {`{"api_token":"abc def"}`, "api_token is not an API token"},
		"a token with its scheme":       {`{"api_token":" Bearer abcdefgh "}`, ""},
		"a list without an account":     {`{"driver":"list","list":"x"}`, "account_id is required with the driver list"},
		"a list without a name":         {`{"driver":"list","account_id":"` + testAccount + `"}`, "list is required with the driver list"},
		"a name without the driver":     {`{"list":"x"}`, "list is for the driver list"},
		"a name that none can have":     {`{"driver":"list","account_id":"` + testAccount + `","list":"my-list"}`, "list"},
		"an account that is the zone":   {`{"account_id":"` + testZone + `"}`, "account_id is the zone's id"},
		"a tag with a colon":            {`{"tag":"a:b"}`, "tag"},
		"a tag with a blank":            {`{"tag":"a b"}`, "tag"},
		"a tag that is too long":        {`{"tag":"` + strings.Repeat("x", 65) + `"}`, "tag"},
		"an unknown driver":             {`{"driver":"firewall_rules"}`, "driver"},
		"a base with a query":           {`{"base_url":"https://example.com/?x=1"}`, "base_url must not have a query"},
		"a capacity beyond what we can": {`{"capacity":500000}`, "capacity"},
	} {
		raw := merged(t, `{"api_token":"`+testToken+`","zone_id":"`+testZone+`"}`, tt.patch)
		i, err := Definition().Open(raw, connectortest.Env(nil))
		if err == nil {
			i.(*Connector).Close()
		}
		if got := form.Errors(nil); tt.wrong == "" && err != nil || tt.wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.wrong)) {
			t.Errorf("%s: %v, want %q %v", name, err, tt.wrong, got)
		}
	}
}

func TestSettingsTidied(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"":                                      "https://api.cloudflare.com/client/v4",
		"https://api.cloudflare.com":            "https://api.cloudflare.com/client/v4",
		"https://api.cloudflare.com/client/v4/": "https://api.cloudflare.com/client/v4",
		"http://127.0.0.1:8080/":                "http://127.0.0.1:8080/client/v4",
		"https://gateway.example.com/cf":        "https://gateway.example.com/cf",
	} {
		var s Settings
		raw := merged(t, `{"api_token":"bearer  abcdefgh","zone_id":"`+strings.ToUpper(testZone)+`"}`, `{"base_url":`+string(quoted(from))+`}`)
		if err := form.Decode(raw, &s); err != nil {
			t.Fatal(err)
		}
		if s.BaseURL != want || s.ZoneID != testZone || s.token() != "abcdefgh" || s.Driver != driverRules || s.Tag != defaultTag {
			t.Errorf("%q: %+v, token %q", from, s, s.token())
		}
	}
}

func quoted(text string) []byte {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return raw
}
