package jira

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// The values of the setting "deployment".
const (
	auto       = "auto"
	cloud      = "cloud"
	datacenter = "datacenter"
)

// The values of the setting "text".
const (
	wiki  = "wiki"
	plain = "plain"
)

// Settings are what an integration of this kind is configured with.
type Settings struct {
	URL           string
	Email         string
	Token         form.Secret
	Project       string
	IssueType     string
	WebhookSecret form.Secret
	Deployment    string
	Text          string
	Transitions   transitions
	Resolution    string
	ticketing.Settings
	httpkit.Connection
}

// transitions are the names of transitions to prefer, by the category that they lead to.
type transitions struct{ New, Active, Closed string }

// Form declares the settings.
func (t *transitions) Form(f *form.Set) {
	help := form.Help("Left out, the first that leads to a status of that category.")
	f.Text("new", &t.New, "To do", form.Max(maxName), help)
	f.Text("active", &t.Active, "In progress", form.Max(maxName), help)
	f.Text("closed", &t.Closed, "Done", form.Max(maxName), help)
}

// maxName bounds the name of something in Jira, in bytes.
const maxName = 255

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.URL("url", &s.URL, "URL", form.Required(), form.Placeholder("https://your-company.atlassian.net"),
		form.Help("Jira's address as in a browser, without what stands behind the host (and the context path, if there is one). For a token with scopes: https://api.atlassian.com/ex/jira/<cloud id>."))
	f.Text("email", &s.Email, "E-mail address", form.Max(maxName), form.Destination(),
		form.Help("Of the account that the API token belongs to. Left out, the token is a personal access token (Data Center)."))
	f.Secret("api_token", &s.Token, "API token", form.Required(), form.Max(4096), form.Help("An API token (Cloud), or a personal access token (Data Center)."))
	f.Text("project", &s.Project, "Project", form.Required(), form.Max(maxName), form.Placeholder("SEC"),
		form.Pattern(`^[A-Za-z0-9_-]+$`, "a project's key, such as SEC"))
	f.Text("issue_type", &s.IssueType, "Issue type", form.Default("Task"), form.Max(maxName), form.Help("Its name, or its id."))
	f.Secret("webhook_secret", &s.WebhookSecret, "Webhook secret", form.Max(256), form.Min(8), form.Group("Webhook"),
		form.Help("What Jira signs its calls with. Without it calls are refused, and changes come over with the next look."))
	f.Choice("deployment", &s.Deployment, "Edition", []string{auto, cloud, datacenter}, form.Default(auto), form.Advanced(), form.Group("Connection"), form.Help("auto: Jira is asked."))
	f.Choice("text", &s.Text, "Text of Data Center", []string{wiki, plain}, form.Default(wiki), form.Advanced(), form.Group("Tickets"),
		form.Help("How the description and comments are rendered there. Cloud has documents."))
	s.Levels = connector.LevelsOf("Lowest", "Low", "Medium", "High", "Highest")
	s.Settings.Fields(f, "Jira")
	f.Object("transitions", &s.Transitions, "Transitions", form.Group("Mapping"), form.Advanced(), form.Help("Names of transitions to prefer."))
	f.Text("resolution", &s.Resolution, "Resolution", form.Default("Done"), form.Max(maxName), form.Group("Mapping"), form.Advanced(),
		form.Help("For transitions that ask for one. If Jira has no such resolution, its first."))
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, httpkit.DefaultRequestTimeout)
}

// Validate checks what spans several settings, and tidies.
func (s *Settings) Validate() error {
	var errs form.Errors
	if u, err := url.Parse(s.URL); err == nil {
		u.RawQuery = ""
		u.Path = strings.TrimRight(u.Path, "/")
		for _, tail := range []string{"/browse", "/jira", "/rest/api/3", "/rest/api/2"} {
			if tail != "/jira" || strings.HasSuffix(u.Host, ".atlassian.net") {
				u.Path = strings.TrimSuffix(u.Path, tail)
			}
		}
		s.URL = u.String()
	}
	if s.Deployment == cloud && s.Email == "" {
		errs.Add("email", "is required for Jira Cloud")
	}
	s.Settings.Check(&errs)
	s.Connection.Check(&errs)
	return errs.Err()
}

// credentials are what follows the scheme word in Authorization.
func (s *Settings) credentials() string {
	if s.Email == "" {
		return s.Token.Reveal()
	}
	return base64.StdEncoding.EncodeToString([]byte(s.Email + ":" + s.Token.Reveal()))
}

func (s *Settings) authorization() string {
	if s.Email == "" {
		return "Bearer " + s.credentials()
	}
	return "Basic " + s.credentials()
}

// guess says which edition it is, as far as the settings tell.
func (s *Settings) guess() (edition string, sure bool) {
	if s.Deployment == cloud || s.Deployment == datacenter {
		return s.Deployment, true
	}
	u, err := url.Parse(s.URL)
	if err == nil && (strings.HasSuffix(u.Hostname(), ".atlassian.net") || u.Hostname() == gateway) {
		return cloud, true
	}
	if strings.Contains(s.Email, "@") {
		return cloud, false
	}
	return datacenter, false
}

// gateway is the host of tokens with scopes; people do not go there.
const gateway = "api.atlassian.com"
