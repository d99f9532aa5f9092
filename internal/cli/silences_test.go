package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMatcher(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]matcherRow{
		"project=web":         {Field: "project", Op: "=", Value: "web"},
		"type!=ip.blocked":    {Field: "type", Op: "!=", Value: "ip.blocked"},
		"entity~host:mail-*":  {Field: "entity", Op: "glob", Value: "host:mail-*"},
		"severity=low|medium": {Field: "severity", Op: "one_of", Values: []string{"low", "medium"}},
		"label.k8s.ns=a=b":    {Field: "label", Name: "k8s.ns", Op: "=", Value: "a=b"},
		"project=":            {Field: "project", Op: "="},
	} {
		got, err := parseMatcher(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		if got.text() != text {
			t.Errorf("%s is written as %s", text, got.text())
		}
	}
	for _, text := range []string{"", "project", "=web", "a!b", "~x"} {
		if _, err := parseMatcher(text); err == nil {
			t.Errorf("%q is a matcher", text)
		}
	}
}
