package facts

import (
	"encoding/json"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// maxCountryName is the longest name that is looked up, in bytes.
const maxCountryName = 64

// Country is the country that an event's "geo" tells of, as the two upper-case letters of ISO 3166-1, or empty. It is read
// from country_code or country_iso_code, and from country or country_name: two letters, three letters (ISO 3166-1 alpha-3),
// or an English name. A name that could be of two countries ("Congo", "Korea") is of none.
func Country(geo json.RawMessage) string {
	if len(geo) == 0 {
		return ""
	}
	g := geoOf(geo)
	if g.CountryCode != "" {
		return canonicalCode(g.CountryCode)
	}
	if len(g.Country) == 0 || len(g.Country) > maxCountryName {
		return ""
	}
	if code := countryCode(g.Country); code != "" {
		return canonicalCode(code)
	}
	name := foldName(g.Country)
	if code, ok := otherNames[name]; ok {
		return code
	}
	if code, ok := countryNames()[name]; ok {
		return code
	}
	if len(name) != 3 {
		return ""
	}
	if r, err := language.ParseRegion(name); err == nil && r.IsCountry() && len(r.String()) == 2 {
		return r.String()
	}
	return ""
}

// canonicalCode is the code of today: senders write UK for GB.
func canonicalCode(code string) string {
	if code == "UK" {
		return "GB"
	}
	return code
}

// foldName is a name as names are compared: "Korea, Republic of" and "korea republic of" are one.
func foldName(name string) string {
	var b strings.Builder
	for i, word := range strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return strings.ContainsRune(" ,.()'’-_", c) }) {
		if i == 0 && word == "the" {
			continue
		}
		switch word {
		case "&":
			word = "and"
		case "st":
			word = "saint"
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

// countryNames are the English names of Unicode's CLDR, folded, with their codes.
var countryNames = sync.OnceValue(func() map[string]string {
	regions := display.English.Regions()
	names := make(map[string]string, 300)
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			r, err := language.ParseRegion(code)
			if err != nil || !r.IsCountry() || r.Canonicalize().String() != code {
				continue
			}
			if name := foldName(regions.Name(r)); name != "" {
				names[name] = code
			}
		}
	}
	return names
})

// otherNames are further names in use by databases of addresses, folded. Empty: more than one country has the name.
var otherNames = map[string]string{
	"bolivia plurinational state of": "BO", "bosnia": "BA", "brunei darussalam": "BN", "burma": "MM", "cabo verde": "CV", "congo": "",
	"cote d ivoire": "CI", "côte d ivoire": "CI", "ivory coast": "CI", "czech republic": "CZ", "congo the democratic republic of the": "CD",
	"democratic republic of the congo": "CD", "republic of the congo": "CG", "england": "GB", "great britain": "GB", "guinea": "GN", "hong kong": "HK",
	"iran islamic republic of": "IR", "korea": "", "korea democratic people s republic of": "KP", "korea republic of": "KR", "republic of korea": "KR",
	"lao people s democratic republic": "LA", "macao": "MO", "macau": "MO", "macedonia": "MK", "micronesia federated states of": "FM",
	"moldova republic of": "MD", "republic of moldova": "MD", "myanmar": "MM", "palestine": "PS", "palestine state of": "PS",
	"reunion": "RE", "russian federation": "RU", "swaziland": "SZ", "syrian arab republic": "SY", "taiwan province of china": "TW",
	"tanzania united republic of": "TZ", "turkey": "TR", "türkiye": "TR", "turkiye": "TR", "united states of america": "US", "usa": "US",
	"venezuela bolivarian republic of": "VE", "viet nam": "VN", "holland": "NL", "virgin islands": "",
	"saint martin": "", "timor leste": "TL",
}
