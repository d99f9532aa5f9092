package facts

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Geo is what an event's "geo" says, as far as it is in the usual places.
type Geo struct {
	CountryCode string // two upper-case letters, or empty
	Country     string
	City        string
	Region      string
}

// Net is what an event's "network" says about its source.
type Net struct {
	ASN   int64 // 0: unknown
	ASOrg string
}

// geoOf reads what is in the usual places; a member of another kind than a text is left out.
func geoOf(raw json.RawMessage) Geo {
	var g Geo
	var name, code string // of the country: some senders give one for the other
	gjson.ParseBytes(raw).ForEach(func(key, value gjson.Result) bool {
		if value.Type == gjson.String {
			switch key.Str {
			case "country_code", "country_iso_code":
				first(&code, value.Str)
			case "country_name":
				g.Country = value.Str
			case "country":
				name = value.Str
			case "city", "city_name":
				first(&g.City, value.Str)
			case "region", "region_name":
				first(&g.Region, value.Str)
			}
		}
		return true
	})
	first(&g.Country, name)
	g.CountryCode = either(countryCode(code), countryCode(name))
	return g
}

func countryCode(text string) string {
	if len(text) != 2 {
		return ""
	}
	code := strings.ToUpper(text)
	if code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z' {
		return ""
	}
	return code
}

// netOf takes the number of an autonomous system as a number or as text.
func netOf(raw json.RawMessage) Net {
	var n Net
	var isp string
	gjson.ParseBytes(raw).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "asn":
			n.ASN = systemNumber(value)
		case "as_org", "asn_org":
			if value.Type == gjson.String {
				first(&n.ASOrg, value.Str)
			}
		case "isp":
			isp = value.Str
		}
		return true
	})
	first(&n.ASOrg, isp)
	return n
}

// systemNumber reads 64500, "64500" or "AS64500"; 0 for anything else.
func systemNumber(v gjson.Result) int64 {
	text := v.Str
	if v.Type == gjson.Number {
		text = v.Raw
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToUpper(text), "AS"), 10, 32)
	if err != nil {
		return 0
	}
	return int64(n)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Hash is a checksum; Algorithm is "md5", "sha1", "sha256", "sha512", or empty when its length says none.
type Hash struct{ Algorithm, Value string }

// algorithms by the length of a checksum in hexadecimal.
var algorithms = map[int]string{32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}

// HashOf reads a checksum, with or without its algorithm before a colon ("sha256:ab…").
func HashOf(text string) Hash {
	value := text
	if head, rest, ok := strings.Cut(text, ":"); ok && len(head) <= 7 {
		value = rest
	}
	algorithm := algorithms[len(value)]
	for i := 0; algorithm != "" && i < len(value); i++ {
		if c := value[i] | 0x20; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			algorithm = ""
		}
	}
	if algorithm == "" {
		return Hash{Value: text}
	}
	return Hash{Algorithm: algorithm, Value: strings.ToLower(value)}
}

// Technique is one entry of "mitre": exactly one of Tactic, ID and Name is set.
type Technique struct {
	Tactic string // "TA0006"
	ID     string // "T1110"
	Sub    string // "T1110.001", beside its ID
	Name   string // anything else
}

// Full is the technique's or tactic's id, the sub-technique's where there is one, or the name.
func (t Technique) Full() string { return either(either(either(t.Sub, t.ID), t.Tactic), t.Name) }

func techniqueOf(text string) Technique {
	id := strings.ToUpper(strings.TrimSpace(text))
	switch {
	case len(id) == 6 && strings.HasPrefix(id, "TA") && allDigits(id[2:]):
		return Technique{Tactic: id}
	case len(id) == 5 && id[0] == 'T' && allDigits(id[1:]):
		return Technique{ID: id}
	case len(id) == 9 && id[0] == 'T' && allDigits(id[1:5]) && id[5] == '.' && allDigits(id[6:]):
		return Technique{ID: id[:5], Sub: id}
	}
	return Technique{Name: text}
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
