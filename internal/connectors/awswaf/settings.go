package awswaf

import (
	"errors"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// requestTimeout is longer than that of others: a full set is half a megabyte each way.
const requestTimeout = 30 * time.Second

// Settings are what an integration of this kind is configured with. An ARN and an access key are enough.
type Settings struct {
	IPSetARN        string
	IPSetARNv6      string
	AccessKeyID     string
	SecretAccessKey form.Secret
	RoleARN         string
	ExternalID      string
	Region          string
	ProveWrite      bool
	BaseURL         string
	httpkit.Connection

	v4, v6 *ipSet // what the ARNs say; nil: there is none
}

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	const examples = "arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/"
	f.Text("ip_set_arn", &s.IPSetARN, "IP set for IPv4", form.Max(2048), form.Check(checkSet),
		form.Placeholder(examples+"tocsin/a1b2c3d4-5678-90ab-cdef-111111111111"),
		form.Help("The set's ARN. It says the region and the scope: global is CloudFront, regional everything else."))
	f.Text("ip_set_arn_v6", &s.IPSetARNv6, "IP set for IPv6", form.Max(2048), form.Check(checkSet),
		form.Placeholder(examples+"tocsin-v6/a1b2c3d4-5678-90ab-cdef-222222222222"),
		form.Help("An IP set holds one family: IPv6 addresses need a second one, of the same account, region and scope."))
	f.Text("access_key_id", &s.AccessKeyID, "Access key ID", form.Max(128), form.Check(checkKeyID), form.Group("Credentials"),
		form.Placeholder("AKIAIOSFODNN7EXAMPLE"),
		form.Help("Left out, the credentials of the machine that the hub runs on are used; only the operator's own account may do that."))
	f.Secret("secret_access_key", &s.SecretAccessKey, "Secret access key", form.Max(128), form.Check(checkSecretKey), form.Group("Credentials"))
	f.Text("role_arn", &s.RoleARN, "Role to assume", form.Max(2048), form.Check(checkRole), form.Group("Credentials"),
		form.Placeholder("arn:aws:iam::111122223333:role/tocsin"), form.Help("The credentials are used to assume this role, which may be another account's."))
	f.Text("external_id", &s.ExternalID, "External ID", form.Min(2), form.Max(1224), form.Group("Credentials"),
		form.Pattern(`^[A-Za-z0-9_+=,.@:/-]+$`, "letters, digits and _ + = , . @ : / -"), form.Placeholder("tocsin-7c1f"),
		form.Help("What the role's trust policy wants as sts:ExternalId."))
	f.Text("region", &s.Region, "Region", form.Max(32), form.Check(checkRegion), form.Placeholder("eu-central-1"), form.Advanced(),
		form.Help("The ARN says it already; given, it must be the same."))
	f.Bool("prove_write", &s.ProveWrite, "Test also writes",
		form.Help("A test also sends the set back as it is, which proves wafv2:UpdateIPSet and changes nothing."))
	f.URL("base_url", &s.BaseURL, "Base URL", form.Advanced(), form.Group("Connection"),
		form.Help("Instead of AWS's own endpoints of AWS WAF and STS: a gateway's."))
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, requestTimeout)
}

// Validate checks what spans several settings, and tidies.
func (s *Settings) Validate() error {
	var errs form.Errors
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	if strings.ContainsAny(s.BaseURL, "?#") {
		errs.Add("base_url", "must not have a query")
	}
	s.validateSets(&errs)
	s.validateKeys(&errs)
	s.Connection.Check(&errs)
	return errs.Err()
}

func (s *Settings) validateSets(errs *form.Errors) {
	s.v4, s.v6 = parsed(s.IPSetARN), parsed(s.IPSetARNv6)
	if s.IPSetARN == "" && s.IPSetARNv6 == "" {
		errs.Add("ip_set_arn", "is required, or ip_set_arn_v6")
	}
	if s.v4 != nil && s.v6 != nil {
		switch {
		case s.v4.id == s.v6.id:
			errs.Add("ip_set_arn_v6", "is the set of ip_set_arn: a set holds one family")
		case s.v4.partition != s.v6.partition || s.v4.region != s.v6.region || s.v4.account != s.v6.account || s.v4.scope != s.v6.scope:
			errs.Add("ip_set_arn_v6", "must be of the account, region and scope of ip_set_arn: use two integrations for two places")
		}
	}
	if at := s.place(); at != nil && s.Region != "" && s.Region != at.region {
		errs.Add("region", "must be %s, where the IP set is, or be left out", at.region)
	}
}

func (s *Settings) validateKeys(errs *form.Errors) {
	switch {
	case s.AccessKeyID != "" && s.SecretAccessKey.IsZero():
		errs.Add("secret_access_key", "is required with access_key_id")
	case s.AccessKeyID == "" && !s.SecretAccessKey.IsZero():
		errs.Add("access_key_id", "is required with secret_access_key")
	}
	if s.ExternalID != "" && s.RoleARN == "" {
		errs.Add("external_id", "is for role_arn, which is missing")
	}
	if at := s.place(); at != nil && s.RoleARN != "" && checkRole(s.RoleARN) == nil && !strings.HasPrefix(s.RoleARN, "arn:"+at.partition+":") {
		errs.Add("role_arn", "must be of the partition %s, as the IP set is", at.partition)
	}
}

// place is where the sets are; nil while no ARN is good.
func (s *Settings) place() *ipSet {
	if s.v4 != nil {
		return s.v4
	}
	return s.v6
}

func parsed(arn string) *ipSet {
	if x, err := parseARN(arn); err == nil {
		return &x
	}
	return nil
}

func checkSet(text string) error {
	_, err := parseARN(text)
	return err
}

func checkRegion(text string) error {
	if !regionForm.MatchString(text) {
		return errors.New("must be a region, such as eu-central-1")
	}
	return nil
}

// checkKeyID takes the ids of lasting keys alone.
func checkKeyID(text string) error {
	if strings.HasPrefix(text, "ASIA") {
		return errors.New("is of temporary credentials, which end within hours: use the key of a user (AKIA…), and role_arn for a role")
	}
	if len(text) < 16 || !nameForm.MatchString(text) {
		return errors.New("is not an access key ID: it looks like AKIAIOSFODNN7EXAMPLE")
	}
	return nil
}

func checkSecretKey(text string) error {
	if len(text) < 16 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("is not a secret access key: paste it alone, without blanks")
	}
	return nil
}
