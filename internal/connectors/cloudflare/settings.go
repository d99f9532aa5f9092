package cloudflare

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// The values of driver.
const (
	driverRules = "access_rules"
	driverList  = "list"
)

// Defaults of this connector.
const (
	defaultBase = "https://api.cloudflare.com" + apiPath
	apiPath     = "/client/v4"
	defaultTag  = "tocsin-block"
)

// The permissions that a token needs, as Cloudflare's dashboard writes them.
const (
	needRules = "Zone · Firewall Services · Edit"
	needList  = "Account · Account Filter Lists · Edit"
	needWAF   = "Zone · Zone WAF · Edit"
)

// Settings are what an integration of this kind is configured with. The token and the zone are enough for driver
// access_rules.
type Settings struct {
	APIToken  form.Secret
	ZoneID    string
	AccountID string
	List      string
	Driver    string
	Tag       string
	Capacity  int
	BaseURL   string
	httpkit.Connection
}

const idHint = "32 hexadecimal digits, as in the zone's overview in the dashboard"

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.Secret("api_token", &s.APIToken, "API token", form.Required(), form.Max(1024), form.Check(checkToken),
		form.Help("Driver access_rules: the template \"Edit zone firewall\", or the permission "+needRules+", for this zone alone. Driver list: "+
			needList+" and "+needWAF+"."))
	f.Text("zone_id", &s.ZoneID, "Zone ID", form.Required(), form.Pattern(`^[0-9a-fA-F]{32}$`, idHint),
		form.Placeholder("023e105f4ecef8ad9ca31a8372d0c353"), form.Help("In the overview of the zone, at the lower right."))
	f.Choice("driver", &s.Driver, "How to block", []string{driverRules, driverList}, form.Default(driverRules),
		form.Help("access_rules: an IP access rule of the zone for each address; addresses and a few sizes of ranges. list: a list of the "+
			"account and one custom rule of the zone; ranges of all sizes, many addresses at once, 10,000 in all."))
	f.Text("account_id", &s.AccountID, "Account ID", form.Pattern(`^[0-9a-fA-F]{32}$`, idHint),
		form.Placeholder("9a7806061c88ada191ed06f989cc3dac"),
		form.Help("For the driver list; also for a token that an account owns, so that it can be verified."))
	f.Text("list", &s.List, "List", form.Max(50), form.Pattern(`^[a-zA-Z0-9_]+$`, "letters, digits and underscores"),
		form.Placeholder("tocsin_blocks"), form.Help("The name of the list of addresses, for the driver list. It is made when it does not exist."))
	f.Text("tag", &s.Tag, "Tag", form.Default(defaultTag), form.Max(connector.MaxBlockTag), form.Advanced(),
		form.Pattern(`^[A-Za-z0-9][A-Za-z0-9._-]*$`, "letters, digits and . _ -, with a letter or a digit first"),
		form.Help("Marks what is made: notes and comments begin with it, a colon and the block's id. Only what bears it is ever changed. "+
			"Choose another one for each hub that blocks in the same zone; do not change it while blocks are in force."))
	f.Int("capacity", &s.Capacity, "Capacity", form.Min(0), form.Max(connector.MaxBlockEntries), form.Advanced(),
		form.Help("How many entries your plan allows: 0 is what most do, 50,000 access rules or 10,000 items in lists."))
	f.URL("base_url", &s.BaseURL, "Base URL", form.Default(defaultBase), form.Advanced(), form.Group("Connection"), form.Check(checkBase),
		form.Help("Where the API is, with its path; a host alone means "+apiPath+" there."))
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, httpkit.DefaultRequestTimeout)
}

// Validate checks what spans several settings, and tidies.
func (s *Settings) Validate() error {
	var errs form.Errors
	s.ZoneID, s.AccountID = strings.ToLower(s.ZoneID), strings.ToLower(s.AccountID)
	s.BaseURL = tidyBase(s.BaseURL)
	switch {
	case s.Driver != driverList && s.List != "":
		errs.Add("list", "is for the driver list: choose it, or leave the name out")
	case s.Driver == driverList && s.List == "":
		errs.Add("list", "is required with the driver list: the name of a list, which is made when it does not exist")
	}
	if s.Driver == driverList && s.AccountID == "" {
		errs.Add("account_id", "is required with the driver list: lists belong to the account")
	}
	if s.AccountID != "" && s.AccountID == s.ZoneID {
		errs.Add("account_id", "is the zone's id: the account has one of its own, below it in the overview")
	}
	s.Connection.Check(&errs)
	return errs.Err()
}

// token is the token alone: people paste it with its scheme word, and with blanks around it.
func (s *Settings) token() string { return bare(s.APIToken.Reveal()) }

func bare(token string) string {
	token = strings.TrimSpace(token)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "bearer") {
		token = strings.TrimSpace(rest)
	}
	return token
}

// globalKey is the form of the key that is allowed everything. It does not work as a token, and it should not be here.
var globalKey = regexp.MustCompile(`^[0-9a-f]{37}$`)

func checkToken(text string) error {
	token := bare(text)
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return errors.New("is not an API token: paste its value alone")
		}
	}
	if globalKey.MatchString(token) {
		return errors.New("is the Global API Key, which may do everything: create an API token with the permissions named here")
	}
	return nil
}

// checkBase refuses what would be lost or would end up in the middle of a path.
func checkBase(text string) error {
	if strings.ContainsAny(text, "?#") {
		return errors.New("must not have a query")
	}
	return nil
}

// tidyBase is the URL that paths are put behind. A host alone is a host that serves the API where Cloudflare does.
func tidyBase(text string) string {
	text = strings.TrimRight(text, "/")
	if u, err := url.Parse(text); err == nil && u.Host != "" && u.Path == "" {
		text += apiPath
	}
	return text
}
