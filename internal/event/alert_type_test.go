package event

import (
	"regexp"
	"testing"
	"time"
)

func TestAlertTypes(t *testing.T) {
	t.Parallel()
	list, name, technique := AlertTypes(), regexp.MustCompile(`^[a-z][a-z0-9_]*$`), regexp.MustCompile(`^(T[0-9]{4}(\.[0-9]{3})?)?$`)
	perCategory := map[string]int{}
	for i, a := range list {
		if i > 0 && list[i-1].Name >= a.Name {
			t.Errorf("%s stands twice", a.Name)
		}
		if !name.MatchString(a.Name) || a.Category == "" || a.Description == "" || !technique.MatchString(a.Mitre) {
			t.Errorf("%+v: name, category, description or technique is missing or wrong", a)
		}
		perCategory[a.Category]++
		if got, ok := LookupAlertType(a.Name); !ok || got != a {
			t.Errorf("%s is not found", a.Name)
		}
	}
	for category, least := range map[string]int{"behavioral": 6, "request": 9, "monitoring": 3, "ip_action": 3, "custom": 1, "waf": 20, "page": 6} {
		if perCategory[category] < least {
			t.Errorf("%s has %d alert types, want at least %d", category, perCategory[category], least)
		}
	}
	if AlertCategory("impossible_travel") != "behavioral" || AlertCategory("of our own") != OtherCategory {
		t.Error("the category of an alert type is wrong")
	}
}

// Every alert type that a sample of the catalogue uses in a registered form is spelled as in the registry.
func TestSamplesUseRegisteredAlertTypes(t *testing.T) {
	t.Parallel()
	registered := 0
	for _, info := range Types() {
		r, err := Parse(info.Sample, DefaultAccount, time.Now(), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := LookupAlertType(r.AlertType); ok {
			registered++
		}
	}
	if registered < 15 {
		t.Errorf("only %d samples have a registered alert type", registered)
	}
}
