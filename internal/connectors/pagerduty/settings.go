package pagerduty

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// The values of settings.
const (
	regionUS, regionEU = "us", "eu"
	byAlert            = "alert"
	byIncident         = "incident"
	detailsFull        = "full"
	detailsShort       = "short"
)

// hosts are PagerDuty's, by region.
var hosts = map[string]string{regionUS: "https://events.pagerduty.com", regionEU: "https://events.eu.pagerduty.com"}

// enqueuePath is where alert events go.
const enqueuePath = "/v2/enqueue"

// Limits of settings.
const (
	maxRoutes   = 5  // one for each severity
	maxPrevious = 10 // routing keys
	maxAssets   = 10 // links, and images
)

// Settings are what an integration of this kind is configured with. RoutingKey alone is enough.
type Settings struct {
	RoutingKey      form.Secret
	Routes          []Route
	Previous        []PreviousKey
	Region          string
	BaseURL         string
	KeyBy           string
	OnAcknowledge   string
	Levels          connector.Levels
	Client          string
	Component       string
	Group           string
	Class           string
	Details         string
	Links           []Link
	Images          []Image
	WebhookSecret   form.Secret
	PreviousWebhook form.Secret
	httpkit.Connection
}

// Route sends alerts of a severity to another service.
type Route struct {
	Severity   string
	RoutingKey form.Secret
}

// PreviousKey is a routing key that open alerts were triggered with.
type PreviousKey struct {
	Name       string
	RoutingKey form.Secret
}

// Link stands on every alert.
type Link struct{ Href, Text string }

// Image stands on every alert.
type Image struct{ Src, Href, Alt string }

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.Secret("routing_key", &s.RoutingKey, "Routing key", form.Required(), form.Max(200), form.Check(checkKey),
		form.Help("The Integration Key of an Events API v2 integration, on a service or an orchestration."))
	form.List(f, "severity_routes", &s.Routes, "Other services by severity", form.Key("severity"), form.Max(maxRoutes), form.Group("Routing"),
		form.Help("An alert stays where it was triggered until it is resolved, whatever becomes of its severity."))
	form.List(f, "previous_routing_keys", &s.Previous, "Previous routing keys", form.Key("name"), form.Max(maxPrevious), form.Group("Routing"), form.Advanced(),
		form.Help("After a key was changed: PagerDuty drops the resolve of an alert that was triggered with another key, so keep the old one here until its alerts are resolved."))
	f.Choice("region", &s.Region, "Region", []string{regionUS, regionEU}, form.Default(regionUS), form.Destination(),
		form.Help("The service region of your PagerDuty account."))
	f.URL("base_url", &s.BaseURL, "Base URL", form.Advanced(), form.Group("Connection"), form.Placeholder(hosts[regionUS]), form.Check(checkBase),
		form.Help("For a gateway. Left out, the host of the region: "+hosts[regionUS]+" or "+hosts[regionEU]+"."))
	f.Choice("key_by", &s.KeyBy, "One page for each", []string{byAlert, byIncident}, form.Default(byAlert), form.Group("Life cycle"),
		form.Help("What dedup_key is. alert: the alert's dedup key. incident: the incident that the alert is under, if it is under one; the page is resolved with the last of its alerts, or with the incident. Events of incidents always have the incident's number."))
	f.Choice("on_acknowledge", &s.OnAcknowledge, "When it is acknowledged in Tocsin", []string{actionAcknowledge, actionResolve}, form.Default(actionAcknowledge), form.Group("Life cycle"),
		form.Help("acknowledge: the page is acknowledged, and resolved with the alert. resolve: the page is resolved at once, as SOCWarden does."))
	s.Levels = connector.LevelsOf("info", "info", "warning", "error", "critical")
	s.Levels.Fields(f, "severity", "Severity", "PagerDuty's severity for each of Tocsin's.", "critical", "error", "warning", "info")
	s.payloadFields(f)
	f.Secret("webhook_secret", &s.WebhookSecret, "Webhook secret", form.Max(200), form.Group("Webhook"),
		form.Help("The signing secret that PagerDuty shows when the webhook subscription (v3) is made. Without it nothing comes back."))
	f.Secret("previous_webhook_secret", &s.PreviousWebhook, "Previous webhook secret", form.Max(200), form.Group("Webhook"), form.Advanced(),
		form.Help("While the subscription is being replaced: calls signed with either are taken."))
	s.Connection.Fields(f, httpkit.DefaultConnectTimeout, httpkit.DefaultRequestTimeout)
}

// payloadFields declares what is in the page.
func (s *Settings) payloadFields(f *form.Set) {
	group := form.Group("Payload")
	f.Text("client", &s.Client, "Client", form.Default("Tocsin"), form.Max(100), group, form.Help("The name that the page says it comes from."))
	names := fieldNames()
	f.Choice("component", &s.Component, "Component", names, form.Default("rule"), group, form.Help("Which field of the event becomes PagerDuty's component."))
	f.Choice("group", &s.Group, "Group", names, form.Default("project"), group, form.Help("Which field becomes PagerDuty's group."))
	f.Choice("class", &s.Class, "Class", names, form.Default("type"), group, form.Help("Which field becomes PagerDuty's class."))
	f.Choice("details", &s.Details, "Custom details", []string{detailsFull, detailsShort}, form.Default(detailsFull), group,
		form.Help("short leaves the description, labels, geo, network and the sender's own data out."))
	form.List(f, "links", &s.Links, "Links", form.Max(maxAssets), group, form.Help("On every page, beside the links to Tocsin and to the event's own URL: a runbook, a dashboard."))
	form.List(f, "images", &s.Images, "Images", form.Max(maxAssets), group, form.Help("On every page. PagerDuty shows images over https alone."))
}

// Form declares a route.
func (r *Route) Form(f *form.Set) {
	f.Choice("severity", &r.Severity, "Severity", event.Severities(), form.Required())
	f.Secret("routing_key", &r.RoutingKey, "Routing key", form.Required(), form.Max(200), form.Check(checkKey))
}

// Form declares a previous key.
func (p *PreviousKey) Form(f *form.Set) {
	f.Text("name", &p.Name, "Name", form.Required(), form.Max(100), form.Help("To tell them apart."))
	f.Secret("routing_key", &p.RoutingKey, "Routing key", form.Required(), form.Max(200), form.Check(checkKey))
}

// Form declares a link. People follow it, the hub does not: it is a text, and no destination of secrets.
func (l *Link) Form(f *form.Set) {
	f.Text("href", &l.Href, "URL", form.Required(), form.Max(event.MaxWebURL), form.Check(checkLink))
	f.Text("text", &l.Text, "Text", form.Max(200))
}

// Form declares an image.
func (i *Image) Form(f *form.Set) {
	f.Text("src", &i.Src, "Image", form.Required(), form.Max(event.MaxWebURL), form.Check(checkImage))
	f.Text("href", &i.Href, "Leads to", form.Max(event.MaxWebURL), form.Check(checkLink))
	f.Text("alt", &i.Alt, "Text", form.Max(200))
}

// Validate checks what spans several settings.
func (s *Settings) Validate() error {
	var errs form.Errors
	seen := map[string]bool{}
	for i, r := range s.Routes {
		if seen[r.Severity] {
			errs.Add("severity_routes."+strconv.Itoa(i)+".severity", "has a route already")
		}
		seen[r.Severity] = true
	}
	if s.WebhookSecret.IsZero() && !s.PreviousWebhook.IsZero() {
		errs.Add("webhook_secret", "is required with previous_webhook_secret")
	}
	s.Connection.Check(&errs)
	return errs.Err()
}

func checkKey(text string) error {
	if strings.ContainsAny(strings.TrimSpace(text), " \t") {
		return errors.New("must be one word: paste the Integration Key alone")
	}
	return nil
}

func checkBase(text string) error {
	if u, err := url.Parse(text); err == nil && u.RawQuery != "" {
		return errors.New("must not have a query")
	}
	return nil
}

func checkLink(text string) error {
	if !event.IsWebURL(text) {
		return errors.New("must be a URL with https or http")
	}
	return nil
}

func checkImage(text string) error {
	if !isImage(text) {
		return errors.New("must be a URL with https: PagerDuty shows no other images")
	}
	return nil
}

// endpoint is the URL that is posted to.
func (s *Settings) endpoint() string {
	base := strings.TrimRight(s.BaseURL, "/")
	if base == "" {
		base = hosts[s.Region]
	}
	if strings.HasSuffix(base, enqueuePath) {
		return base
	}
	return strings.TrimSuffix(base, "/v2") + enqueuePath
}

// keyFor is the routing key of a new alert.
func (s *Settings) keyFor(severity event.Severity) string {
	for _, r := range s.Routes {
		if r.Severity == severity.String() {
			return strings.TrimSpace(r.RoutingKey.Reveal())
		}
	}
	return strings.TrimSpace(s.RoutingKey.Reveal())
}

// routingKeys are those that new alerts may get.
func (s *Settings) routingKeys() []string {
	list := []string{strings.TrimSpace(s.RoutingKey.Reveal())}
	for _, r := range s.Routes {
		list = append(list, strings.TrimSpace(r.RoutingKey.Reveal()))
	}
	return list
}

// knownKeys are all routing keys that there are or were.
func (s *Settings) knownKeys() []string {
	list := s.routingKeys()
	for _, p := range s.Previous {
		list = append(list, strings.TrimSpace(p.RoutingKey.Reveal()))
	}
	return list
}

// webhookSecrets are those that a call may be signed with.
func (s *Settings) webhookSecrets() []string {
	var list []string
	for _, secret := range []form.Secret{s.WebhookSecret, s.PreviousWebhook} {
		if text := strings.TrimSpace(secret.Reveal()); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// secrets are all values that nothing may show.
func (s *Settings) secrets() []string {
	return append(append(s.knownKeys(), s.webhookSecrets()...), s.ClientKey.Reveal())
}
