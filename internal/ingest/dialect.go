package ingest

// Dialect describes a dialect for people.
type Dialect struct {
	Name, Title string
	// Methods are the ways in which the tool can prove who it is, the best first, by the names of package source.
	Methods []string
	// Docs is the vendor's page about sending; empty if there is none.
	Docs string
}

// dialects is what is known of them beside their decoders.
var dialects = [...]Dialect{
	{Native, "Tocsin events and CloudEvents", []string{"standard_webhooks", "tocsin", "api_key", "hmac", "bearer", "mtls"}, ""},
	{"alertmanager", "Prometheus Alertmanager", []string{"mtls", "bearer", "basic"}, "https://prometheus.io/docs/alerting/latest/configuration/#webhook_config"},
	{"cef", "Common Event Format", []string{"api_key", "header", "mtls"}, ""},
	{"crowdsec", "CrowdSec", []string{"header", "bearer"}, "https://docs.crowdsec.net/docs/notification_plugins/http"},
	{"falco", "Falco", []string{"mtls", "basic", "header"}, "https://falco.org/docs/concepts/outputs/channels/"},
	{"github", "GitHub", []string{"github"}, "https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries"},
	{"grafana", "Grafana Alerting", []string{"hmac", "bearer", "basic", "header"}, "https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/"},
	{"guardduty", "Amazon GuardDuty", []string{"header", "basic"}, "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html"},
	{"leef", "Log Event Extended Format", []string{"api_key", "header", "mtls"}, ""},
	{"ocsf", "Open Cybersecurity Schema Framework", []string{"api_key", "bearer", "header", "mtls"}, "https://schema.ocsf.io/"},
	{"okta", "Okta event hooks", []string{"header"}, "https://developer.okta.com/docs/concepts/event-hooks/"},
	{"socmate", "SoCMate", []string{"header", "bearer"}, ""},
	{"socwarden", "SOCWarden", []string{"hmac", "header"}, ""},
	{"source-defense", "Source Defense", []string{"header"}, ""},
	{"suricata", "Suricata EVE", []string{"mtls", "basic", "bearer", "header"}, "https://docs.suricata.io/en/latest/output/eve/eve-json-output.html"},
	{"syslog", "Syslog lines", []string{"api_key", "header", "mtls"}, "https://www.rfc-editor.org/rfc/rfc5424"},
	{"wallarm", "Wallarm", []string{"header"}, "https://docs.wallarm.com/user-guides/settings/integrations/webhook/"},
	{"wardex", "Wardex", []string{"hmac", "header"}, ""},
	{"wazuh", "Wazuh", []string{"header", "bearer"}, "https://documentation.wazuh.com/current/user-manual/manager/integration-with-external-apis.html"},
}

// Dialects describes what the handler reads, native events first, then by name as the decoders are listed.
func (h *Handler) Dialects() []Dialect {
	list := make([]Dialect, 0, len(h.names)+1)
	for _, name := range append([]string{Native}, h.names...) {
		list = append(list, dialectOf(name))
	}
	return list
}

// dialectOf gives what is known of a dialect; of one that is not in the list, its name.
func dialectOf(name string) Dialect {
	for _, d := range dialects {
		if d.Name == name {
			return d
		}
	}
	return Dialect{Name: name, Title: name, Methods: []string{"api_key"}}
}
