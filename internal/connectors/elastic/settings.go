package elastic

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Defaults of this connector.
const (
	// defaultIndex follows Elastic's scheme for data streams: type, dataset and namespace. Elasticsearch has a template for
	// logs-*-* of its own, so that the stream comes into being with the first event.
	defaultIndex = "logs-tocsin.alerts-default"
	// requestTimeout is longer than that of others: a busy cluster answers late, and rightly so.
	requestTimeout = time.Minute
)

// The values of install_template.
const (
	templateNone   = "none"
	templateStream = "data_stream"
	templateIndex  = "index"
)

// Settings are what an integration of this kind is configured with. URL (or CloudID) and the credentials are enough.
type Settings struct {
	URL             string
	CloudID         string
	APIKey          form.Secret
	Username        string
	Password        form.Secret
	Index           string
	Pipeline        string
	InstallTemplate string
	Gzip            bool
	connector.Payload
	Batch connector.Batch
	httpkit.Connection
}

// profiles are those whose form is a JSON object: a document.
var profiles = []string{payload.ECS, payload.Native, payload.CloudEvents, payload.OCSF, payload.UDM, payload.Template}

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.URL("url", &s.URL, "URL", form.Placeholder("https://elastic.example.com:9200"), form.Check(checkURL),
		form.Help("Where the cluster's API is; or give cloud_id."))
	f.Text("cloud_id", &s.CloudID, "Cloud ID", form.Max(2048), form.Destination(), form.Check(checkCloudID),
		form.Placeholder("deployment:ZXhhbXBsZS5jb20kYWJj…"), form.Help("Of a deployment in Elastic Cloud, instead of url."))
	f.Secret("api_key", &s.APIKey, "API key", form.Max(4096), form.Check(checkAPIKey),
		form.Help("As Kibana shows it (encoded), or id:api_key. For OpenSearch use username and password."))
	f.Text("username", &s.Username, "User name", form.Max(1024), form.Check(checkUsername))
	f.Secret("password", &s.Password, "Password", form.Max(1024))
	f.Text("index", &s.Index, "Data stream or index", form.Default(defaultIndex), form.Max(300), form.Check(checkIndex), form.Group("Event"),
		form.Help("A data stream, an index, an alias, or a name with the event's date in UTC: tocsin-{yyyy.MM.dd}; yyyy, MM, dd and HH are "+
			"known between the braces."))
	f.Text("pipeline", &s.Pipeline, "Ingest pipeline", form.Max(256), form.Group("Event"), form.Advanced(),
		form.Pattern(`^[A-Za-z0-9_.@-]+$`, "letters, digits and _ . @ -"), form.Help("Left out, the index's own default pipeline is used."))
	f.Choice("install_template", &s.InstallTemplate, "Install an index template", []string{templateNone, templateStream, templateIndex},
		form.Default(templateNone), form.Group("Event"),
		form.Help("data_stream or index: before the first batch, a template with the mappings of the profile ecs is put there for the "+
			"name in index, unless it is there. It needs the privilege manage_index_templates."))
	s.Payload.Profile = payload.ECS
	s.Payload.Choose(f, profiles...)
	f.Bool("gzip", &s.Gzip, "Compress", form.Default(true), form.Group("Connection"), form.Advanced(),
		form.Help("Sends gzip: about a tenth of the bytes."))
	s.Batch = connector.Batch{MaxEvents: 5000, MaxBytes: 5 * form.MiB, MaxWait: time.Second}
	s.Batch.Fields(f)
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, requestTimeout)
}

// Validate checks what spans several settings, and tidies.
func (s *Settings) Validate() error {
	var errs form.Errors
	s.URL = strings.TrimSuffix(strings.TrimRight(s.URL, "/"), "/_bulk")
	switch {
	case s.URL == "" && s.CloudID == "":
		errs.Add("url", "is required, or cloud_id")
	case s.URL != "" && s.CloudID != "":
		errs.Add("cloud_id", "is instead of url: give one of them")
	}
	switch {
	case !s.APIKey.IsZero() && (s.Username != "" || !s.Password.IsZero()):
		errs.Add("api_key", "is instead of username and password: give one of them")
	case s.Username != "" && s.Password.IsZero():
		errs.Add("password", "is required with username")
	case s.Username == "" && !s.Password.IsZero():
		errs.Add("username", "is required with password")
	}
	if p, err := parseIndex(s.Index); err == nil && p.dated() && s.InstallTemplate == templateStream {
		errs.Add("install_template", "must be index: a data stream has no date in its name")
	}
	if s.InstallTemplate != templateNone && s.Profile != payload.ECS {
		errs.Add("install_template", "has mappings for the profile ecs alone")
	}
	s.Payload.Check(&errs)
	s.Connection.Check(&errs)
	return errs.Err()
}

// base is the URL that paths are put behind.
func (s *Settings) base() (string, error) {
	if s.CloudID != "" {
		return cloudURL(s.CloudID)
	}
	return s.URL, nil
}

// authorization is the header of that name; empty for a cluster without security.
func (s *Settings) authorization() string {
	if key := s.apiKey(); key != "" {
		return "ApiKey " + key
	}
	if s.Username != "" {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(s.Username+":"+s.Password.Reveal()))
	}
	return ""
}

// apiKey is the key as the header wants it: people paste it encoded or not, with its scheme word or without.
func (s *Settings) apiKey() string {
	key := strings.TrimSpace(s.APIKey.Reveal())
	if scheme, rest, ok := strings.Cut(key, " "); ok && strings.EqualFold(scheme, "apikey") {
		key = strings.TrimSpace(rest)
	}
	if strings.Contains(key, ":") {
		return base64.StdEncoding.EncodeToString([]byte(key))
	}
	return key
}

// secrets are all values that nothing may show.
func (s *Settings) secrets() []string {
	return []string{s.APIKey.Reveal(), s.apiKey(), s.Password.Reveal(), s.ClientKey.Reveal(), strings.TrimPrefix(s.authorization(), "Basic ")}
}

func checkAPIKey(text string) error {
	key := (&Settings{APIKey: form.NewSecret(text)}).apiKey()
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return errors.New("is not an API key: paste its encoded value alone, or id:api_key")
		}
	}
	return nil
}

// checkUsername refuses what basic authentication cannot carry (RFC 7617 §2).
func checkUsername(text string) error {
	if strings.Contains(text, ":") {
		return errors.New("must not hold a colon")
	}
	return nil
}

// checkURL refuses what would be lost or would end up in the middle of a path.
func checkURL(text string) error {
	if strings.ContainsAny(text, "?#") {
		return errors.New("must not have a query")
	}
	return nil
}
