package ingest

import (
	"iter"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Alertmanager reads what Prometheus' Alertmanager sends to a webhook receiver
// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4): one event for each alert of the
// group. It reads bare alerts too, as Prometheus sends them to Alertmanager. What becomes what stands in prometheus.go;
// besides:
//
//	url     generatorURL
//	source  vendor prometheus, product alertmanager, instance externalURL of the group, id fingerprint
//	data    group has receiver, status, groupLabels, commonLabels, commonAnnotations, groupKey, truncatedAlerts
type Alertmanager struct{}

// Name is the last part of the path.
func (Alertmanager) Name() string { return "alertmanager" }

// Decode reads one group, an array or NDJSON.
func (Alertmanager) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return grouped{split: promGroup, decode: alertmanagerItem}.items(body, lim)
}

func alertmanagerItem(o, group object) (Item, error) {
	e, r, err := promAlert("alertmanager", o, group)
	if err != nil {
		return Item{}, err
	}
	e.Source.Vendor = "prometheus"
	e.URL = r.takeURL("generatorURL")
	e.Data = r.rest().data()
	return Item{Event: e}, nil
}
