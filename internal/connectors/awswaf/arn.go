package awswaf

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// ipSet is where an IP set is, as its ARN says it.
type ipSet struct {
	arn       string
	partition string // "aws", "aws-cn", "aws-us-gov"
	region    string // whose endpoint is asked
	account   string
	scope     types.Scope
	name, id  string
}

// globalRegion is the region that requests about sets of the scope CLOUDFRONT go to
// (https://docs.aws.amazon.com/waf/latest/APIReference/API_GetIPSet.html, Scope).
const globalRegion = "us-east-1"

var (
	// The forms of a region (it becomes a part of a host name), an account, a name and an id: the last two by the patterns
	// EntityName and EntityId of the service's model.
	regionForm  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}$`)
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	nameForm    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	idForm      = regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)
	roleForm    = regexp.MustCompile(`^role/([!-~]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}$`)
)

// parseARN reads arn:aws:wafv2:us-east-1:111122223333:global/ipset/name/id, or regional/… of any region.
func parseARN(text string) (ipSet, error) {
	part := strings.SplitN(text, ":", 6)
	if len(part) != 6 || part[0] != "arn" {
		return ipSet{}, errors.New("must be an ARN, as the console shows it: arn:aws:wafv2:…:regional/ipset/…")
	}
	if part[2] != "wafv2" {
		return ipSet{}, fmt.Errorf("must be the ARN of an IP set of AWS WAF (wafv2), not of %q", shorten(part[2]))
	}
	s := ipSet{arn: text, partition: part[1], region: part[3], account: part[4]}
	if err := checkPlace(s.partition, s.region); err != nil {
		return ipSet{}, err
	}
	if !accountForm.MatchString(s.account) {
		return ipSet{}, errors.New("must name an account of 12 digits")
	}
	what := strings.Split(part[5], "/")
	if len(what) >= 2 && what[1] != "ipset" {
		return ipSet{}, fmt.Errorf("must be the ARN of an IP set (…/ipset/…), not of a %s", shorten(what[1]))
	}
	if len(what) != 4 || !nameForm.MatchString(what[2]) || !idForm.MatchString(what[3]) {
		return ipSet{}, errors.New("must end in global/ipset/name/id or regional/ipset/name/id, the id as in a1b2c3d4-5678-90ab-cdef-000000000001")
	}
	s.name, s.id = what[2], what[3]
	switch what[0] {
	case "regional":
		s.scope = types.ScopeRegional
	case "global":
		s.scope = types.ScopeCloudfront
		if s.partition == "aws" && s.region != globalRegion {
			return ipSet{}, fmt.Errorf("is of the global scope, whose sets are in %s", globalRegion)
		}
	default:
		return ipSet{}, errors.New("must be of the scope global (CloudFront) or regional")
	}
	return s, nil
}

// checkPlace checks a partition and that the region is one of it: the SDK would find the endpoint by the region alone.
func checkPlace(partition, region string) error {
	if !regionForm.MatchString(region) {
		return errors.New("must name a region, such as eu-central-1")
	}
	switch partition {
	case "aws", "aws-cn", "aws-us-gov":
	default:
		return errors.New("must be of the partition aws, aws-cn or aws-us-gov")
	}
	if want := partitionOf(region); want != partition {
		return fmt.Errorf("names the region %s, which is of the partition %s", region, want)
	}
	return nil
}

func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// checkRole checks arn:aws:iam::111122223333:role/path/name.
func checkRole(text string) error {
	part := strings.SplitN(text, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[2] != "iam" || part[3] != "" || !accountForm.MatchString(part[4]) || !roleForm.MatchString(part[5]) {
		return errors.New("must be the ARN of a role: arn:aws:iam::111122223333:role/name")
	}
	return nil
}

// shorten keeps a piece of an input short enough to be repeated.
func shorten(text string) string {
	if len(text) > 32 {
		return text[:32] + "…"
	}
	return text
}
