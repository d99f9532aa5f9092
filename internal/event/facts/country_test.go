package facts_test

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

func TestCountry(t *testing.T) {
	t.Parallel()
	for geo, want := range map[string]string{
		``:                                    "",
		`{}`:                                  "",
		`[1]`:                                 "",
		`{"country_code":"nl"}`:               "NL",
		`{"country_iso_code":"DE"}`:           "DE",
		`{"country_code":"UK"}`:               "GB",
		`{"country_code":"T1"}`:               "",
		`{"country":"us"}`:                    "US",
		`{"country":"USA"}`:                   "US",
		`{"country":"DEU"}`:                   "DE",
		`{"country":"Netherlands"}`:           "NL",
		`{"country":"The Netherlands"}`:       "NL",
		`{"country_name":"Germany"}`:          "DE",
		`{"country":"United States"}`:         "US",
		`{"country":"RUSSIAN FEDERATION"}`:    "RU",
		`{"country":"Korea, Republic of"}`:    "KR",
		`{"country":"South Korea"}`:           "KR",
		`{"country":"Korea"}`:                 "",
		`{"country":"Congo"}`:                 "",
		`{"country":"Georgia"}`:               "GE",
		`{"country":"Czech Republic"}`:        "CZ",
		`{"country":"Czechia"}`:               "CZ",
		`{"country":"Turkey"}`:                "TR",
		`{"country":"Viet Nam"}`:              "VN",
		`{"country":"Atlantis"}`:              "",
		`{"country":"Europe"}`:                "",
		`{"country":5}`:                       "",
		`{"country":"<script>"}`:              "",
		`{"country":{"countryName":"x"}}`:     "",
		`{"city":"Berlin"}`:                   "",
		`{"country_code":"FR","country":"x"}`: "FR",
	} {
		if got := facts.Country([]byte(geo)); got != want {
			t.Errorf("%s is of %q, want %q", geo, got, want)
		}
	}
}
