package ingest

import (
	"iter"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Grafana reads what the webhook of Grafana's contact points sends
// (https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/):
// one event for each alert of the group. What becomes what stands in prometheus.go; besides:
//
//	url      panelURL, else dashboardURL, else generatorURL
//	source   vendor grafana, product grafana, instance externalURL of the group, id fingerprint
//	data     values, valueString, silenceURL and the other links; group has receiver, orgId, title, state, message …
//
// The alert of the button "Test" is a test. The one object of the alerting before Grafana 9 (ruleName, state,
// evalMatches) is read as well: ok is alert.resolved, alerting alert.created, anything else alert.updated.
type Grafana struct{}

// Name is the last part of the path.
func (Grafana) Name() string { return "grafana" }

// Decode reads one group, an array or NDJSON.
func (Grafana) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return grouped{split: promGroup, decode: grafanaItem}.items(body, lim)
}

func grafanaItem(o, group object) (Item, error) {
	if group == nil && o.has("ruleName") {
		return grafanaRule(o), nil
	}
	e, r, err := promAlert("grafana", o, group)
	if err != nil {
		return Item{}, err
	}
	e.Source.Vendor = "grafana"
	e.URL = r.takeURL("panelURL", "dashboardURL", "generatorURL")
	e.Data = r.rest().data()
	return Item{Event: e, Test: e.Labels["alertname"] == "TestAlert" && e.Labels["instance"] == "Grafana"}, nil
}

// grafanaRule reads a notification of the alerting that Grafana had up to version 8.
func grafanaRule(o object) Item {
	r := remainderOf(o)
	tags := o.object("tags")
	name := o.text("ruleName")
	e := event.Event{
		Type:        map[string]string{"ok": "alert.resolved", "alerting": "alert.created"}[o.text("state")],
		Severity:    severityOf(event.Medium, tags.text("severity"), tags.text("priority")),
		Title:       r.take("title", event.MaxTitle),
		Description: r.take("message", event.MaxDescription),
		AlertType:   slug(name),
		Project:     event.Clip(tags.text("project"), event.MaxName),
		Rule:        &event.Rule{ID: r.take("ruleId", event.MaxText), Name: r.take("ruleName", event.MaxText)},
		Status:      r.take("state", event.MaxName),
		URL:         r.takeURL("ruleUrl"),
		Source:      &event.Source{Vendor: "grafana", Product: "grafana"},
	}
	if e.Type == "" {
		e.Type = "alert.updated"
	}
	if e.Title == "" {
		e.Title = event.Clip(name, event.MaxTitle)
	}
	e.Labels, _ = promLabels(tags) // they stay in data too
	e.DedupKey = dedupKey("grafana", o.scalar("orgId"), o.scalar("dashboardId"), o.scalar("panelId"), e.Rule.ID, name)
	e.Data = r.rest().data()
	return Item{Event: e}
}
