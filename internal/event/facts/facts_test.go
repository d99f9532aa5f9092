package facts

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

func TestTechnique(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Technique{
		"T1110": {ID: "T1110"}, "t1110.001": {ID: "T1110", Sub: "T1110.001"}, "TA0006": {Tactic: "TA0006"},
		"T11": {Name: "T11"}, "T1110.1": {Name: "T1110.1"}, "mitre_execution": {Name: "mitre_execution"}, "TA000X": {Name: "TA000X"},
	} {
		if diff := cmp.Diff(want, techniqueOf(in)); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Hash{
		"44d88612fea8a8f36de82e1278abb02f":         {"md5", "44d88612fea8a8f36de82e1278abb02f"},
		"MD5:44D88612FEA8A8F36DE82E1278ABB02F":     {"md5", "44d88612fea8a8f36de82e1278abb02f"},
		"zzd88612fea8a8f36de82e1278abb02f":         {"", "zzd88612fea8a8f36de82e1278abb02f"},
		"3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C": {"", "3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C"},
	} {
		if diff := cmp.Diff(want, HashOf(in)); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Geo{
		`{"country":"Netherlands","country_code":"nl","city":"Amsterdam"}`: {CountryCode: "NL", Country: "Netherlands", City: "Amsterdam"},
		`{"country":"DE"}`:                          {CountryCode: "DE", Country: "DE"},
		`{"country":7,"city":"x","region":["a"]}`:   {City: "x"},
		`{"country_iso_code":"N1","city_name":"y"}`: {City: "y"},
	} {
		if diff := cmp.Diff(want, geoOf(json.RawMessage(in))); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	for in, want := range map[string]Net{
		`{"asn":64500,"isp":"x"}`: {ASN: 64500, ASOrg: "x"}, `{"asn":"AS64500"}`: {ASN: 64500}, `{"asn":1.5}`: {}, `{"asn":-1}`: {}, `{"asn":{}}`: {},
	} {
		if diff := cmp.Diff(want, netOf(json.RawMessage(in))); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

// TestSides: roles decide the side, and the first of a kind on it stands.
func TestSides(t *testing.T) {
	t.Parallel()
	f := Of(eventtest.Record(t, `{"type":"alert.created","actor":"mallory","entities":[
		{"type":"ip","value":"fe80::1%eth0","role":"source"},{"type":"ip","value":"::ffff:203.0.113.7","role":"attacker"},{"type":"ip","value":"203.0.113.8","role":"source"},
		{"type":"user","value":"alice@example.com","role":"target"},{"type":"domain","value":"example.com","role":"destination"},{"type":"user","value":"bob"}]}`))
	if f.Source.IPText() != "203.0.113.7" || f.Source.User != "mallory" || f.Target.Email != "alice@example.com" || f.Target.Host != "example.com" || f.Other.User != "bob" {
		t.Errorf("%+v %+v %+v", f.Source, f.Target, f.Other)
	}
	if user, _ := f.User(); user != "mallory" {
		t.Errorf("user %s", user)
	}
}

// TestUnreadable: a record whose body is no event gives what the record says.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	f := Of(&event.Record{Type: "a.b", Severity: event.High, DedupKey: "k", Body: []byte(`{"type":7}`)})
	if f.Event.Type != "a.b" || f.Event.Severity != event.High || f.Key() != "k" || f.Headline() != "a.b" || f.Vendor() != "Tocsin" {
		t.Errorf("%+v", f)
	}
}
