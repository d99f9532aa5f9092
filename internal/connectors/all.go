// Package connectors lists every connector there is. Adding one is a folder here and a line below.
package connectors

import (
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf"
	"github.com/tocsin-hub/tocsin/internal/connectors/capture"
	"github.com/tocsin-hub/tocsin/internal/connectors/cloudflare"
	"github.com/tocsin-hub/tocsin/internal/connectors/elastic"
	"github.com/tocsin-hub/tocsin/internal/connectors/email"
	"github.com/tocsin-hub/tocsin/internal/connectors/jira"
	"github.com/tocsin-hub/tocsin/internal/connectors/pagerduty"
	"github.com/tocsin-hub/tocsin/internal/connectors/responder"
	"github.com/tocsin-hub/tocsin/internal/connectors/slack"
	"github.com/tocsin-hub/tocsin/internal/connectors/splunk"
	"github.com/tocsin-hub/tocsin/internal/connectors/webhook"
)

// All is the catalogue.
func All() connector.Catalogue {
	return connector.NewCatalogue(
		awswaf.Definition(),
		capture.Definition(),
		cloudflare.Definition(),
		elastic.Definition(),
		email.Definition(),
		jira.Definition(),
		pagerduty.Definition(),
		responder.Definition(),
		slack.Definition(),
		splunk.Definition(),
		webhook.Definition(),
	)
}
