package awswaf

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/form"
)

const (
	setID  = "a1b2c3d4-5678-90ab-cdef-111111111111"
	setID6 = "a1b2c3d4-5678-90ab-cdef-222222222222"
)

func TestARN(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ipSet{
		"arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/tocsin/" + setID:         {partition: "aws", region: "eu-central-1", scope: types.ScopeRegional},
		"arn:aws:wafv2:us-east-1:111122223333:regional/ipset/tocsin/" + setID:            {partition: "aws", region: "us-east-1", scope: types.ScopeRegional},
		"arn:aws:wafv2:us-east-1:111122223333:global/ipset/tocsin/" + setID:              {partition: "aws", region: "us-east-1", scope: types.ScopeCloudfront},
		"arn:aws-cn:wafv2:cn-north-1:111122223333:regional/ipset/tocsin/" + setID:        {partition: "aws-cn", region: "cn-north-1", scope: types.ScopeRegional},
		"arn:aws-us-gov:wafv2:us-gov-west-1:111122223333:regional/ipset/tocsin/" + setID: {partition: "aws-us-gov", region: "us-gov-west-1", scope: types.ScopeRegional},
	} {
		want.arn, want.account, want.name, want.id = text, "111122223333", "tocsin", setID
		if got, err := parseARN(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":       "must be an ARN",
		"tocsin": "must be an ARN",
		"arn:aws:waf-regional:eu-central-1:111122223333:ipset/" + setID:                                    `not of "waf-regional"`,
		"arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/tocsin/" + setID:                          "not of a webacl",
		"arn:aws:wafv2:eu-central-1:111122223333:global/ipset/tocsin/" + setID:                             "is of the global scope, whose sets are in us-east-1",
		"arn:aws:wafv2:eu-central-1:111122223333:local/ipset/tocsin/" + setID:                              "must be of the scope",
		"arn:aws:wafv2:eu-central-1:1111:regional/ipset/tocsin/" + setID:                                   "12 digits",
		"arn:aws:wafv2:eu-central-1.evil.example:111122223333:regional/ipset/tocsin/" + setID:              "must name a region",
		"arn:aws:wafv2:eu-central-1#:111122223333:regional/ipset/tocsin/" + setID:                          "must name a region",
		"arn:aws:wafv2:cn-north-1:111122223333:regional/ipset/tocsin/" + setID:                             "names the region cn-north-1, which is of the partition aws-cn",
		"arn:aws-cn:wafv2:eu-central-1:111122223333:regional/ipset/tocsin/" + setID:                        "names the region eu-central-1, which is of the partition aws",
		"arn:aws-iso:wafv2:us-iso-east-1:111122223333:regional/ipset/tocsin/" + setID:                      "must be of the partition",
		"arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/toc sin/" + setID:                          "must end in",
		"arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/tocsin/x":                                  "must end in",
		"arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/tocsin/" + setID + "/x":                    "must end in",
		"arn:aws:wafv2:eu-central-1:111122223333:regional":                                                 "must end in",
		"arn:aws:" + strings.Repeat("x", 99) + ":eu-central-1:111122223333:regional/ipset/tocsin/" + setID: "…",
	} {
		if _, err := parseARN(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	const (
		good   = `"ip_set_arn":"arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/tocsin/` + setID + `"`
		good6  = `"ip_set_arn_v6":"arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/tocsin-v6/` + setID6 + `"`
		global = `"ip_set_arn":"arn:aws:wafv2:us-east-1:111122223333:global/ipset/tocsin/` + setID + `"`
		keys   = `,"access_key_id":"AKIAIOSFODNN7EXAMPLE","secret_access_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"`
	)
	for in, want := range map[string]string{
		good:                              "",
		good6:                             "",
		good + "," + good6:                "",
		good + keys:                       "",
		good + `,"region":"eu-central-1"`: "",
		global + `,"region":"us-east-1"`:  "",
		good + keys + `,"role_arn":"arn:aws:iam::444455556666:role/team/tocsin","external_id":"a-1"`: "",
		``:                                  "ip_set_arn is required, or ip_set_arn_v6",
		good + `,"region":"us-east-1"`:      "region must be eu-central-1, where the IP set is, or be left out",
		global + `,"region":"eu-central-1"`: "region must be us-east-1, where the IP set is, or be left out",
		good + `,"region":"Frankfurt"`:      "region must be a region, such as eu-central-1",
		global + "," + good6:                "ip_set_arn_v6 must be of the account, region and scope of ip_set_arn: use two integrations for two places",
		good + "," + strings.Replace(good, "ip_set_arn", "ip_set_arn_v6", 1):     "ip_set_arn_v6 is the set of ip_set_arn: a set holds one family",
		good + `,"access_key_id":"AKIAIOSFODNN7EXAMPLE"`:                         "secret_access_key is required with access_key_id",
		good + `,"secret_access_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"`: "access_key_id is required with secret_access_key",
		good + `,"access_key_id":"ASIAIOSFODNN7EXAMPLE","secret_access_key":"wJalrXUtnFEMI/K7MDENG"`: "access_key_id is of temporary credentials, which end within " +
			"hours: use the key of a user (AKIA…), and role_arn for a role",
		good + `,"access_key_id":"a b","secret_access_key":"wJalrXUtnFEMI/K7MDENG"`: "access_key_id is not an access key ID: it looks like AKIAIOSFODNN7EXAMPLE",
		good + keys + `,"external_id":"a-1"`:                                        "external_id is for role_arn, which is missing",
		good + keys + `,"role_arn":"arn:aws:iam::444455556666:user/tocsin"`:         "role_arn must be the ARN of a role: arn:aws:iam::111122223333:role/name",
		good + keys + `,"role_arn":"arn:aws-cn:iam::444455556666:role/tocsin"`:      "role_arn must be of the partition aws, as the IP set is",
		good + `,"base_url":"https://gateway.example.com/?x=1"`:                     "base_url must not have a query",
		good + `,"base_url":"file:///etc"`:                                          "base_url must be an absolute URL that begins with https:// or http://",
	} {
		err := form.Decode(json.RawMessage("{"+in+"}"), new(Settings))
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}
