package ingest

import (
	"iter"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Alertmanager and Grafana send groups of alerts in the same shape. This file reads what they have in common:
//
//	type       status: firing is alert.created, resolved alert.resolved, anything else alert.updated
//	severity   the label severity (else priority, level): critical, page; error, high, major; warning, medium; low,
//	           minor; info, none. Without one medium. A resolved alert keeps the severity of its label, so that it takes
//	           the way that the alert took
//	time       startsAt; of a resolved alert endsAt. The year 1 stands for none
//	title      the annotation summary, else title, else the alert's name and instance (Grafana's rulename); description: the annotation
//	           description, else message
//	rule       name: the label alertname; alert_type: the same in lower case with underscores
//	project    the label project
//	labels     labels
//	dedup_key  the dialect and the fingerprint, else all labels: the same when firing and when resolved
//	entities   of the labels instance, host, hostname, node, pod, namespace, container: told of, never observed
//	data       everything else of the alert; what the group says about all of its alerts under group

// promGroup splits a group. Prometheus itself sends bare alerts.
func promGroup(o object) (alerts iter.Seq[[]byte], context object, ok bool) {
	alerts, ok = elements(o, "alerts")
	if !ok {
		return nil, nil, false
	}
	context = object{}
	for name, value := range o {
		if name != "alerts" && o.has(name) {
			context[name] = value
		}
	}
	return alerts, context, true
}

// promAlert reads one alert of a group.
func promAlert(dialect string, o, group object) (event.Event, *remainder, error) {
	labels, notes := o.object("labels"), o.object("annotations")
	if labels == nil {
		return event.Event{}, nil, event.FieldErrors{{Field: "labels", Detail: "is missing: not an alert of " + dialect}}
	}
	r := remainderOf(o)
	name := labels.text("alertname")
	e := event.Event{
		Title:       event.Clip(firstText(notes, "summary", "title"), event.MaxTitle),
		Description: event.Clip(firstText(notes, "description", "message"), event.MaxDescription),
		AlertType:   slug(name),
		Severity:    severityOf(event.Medium, firstText(labels, "severity"), firstText(labels, "priority"), firstText(labels, "level")),
		Project:     event.Clip(labels.text("project"), event.MaxName),
		Status:      r.take("status", event.MaxName),
	}
	if name != "" {
		e.Rule = &event.Rule{ID: event.Clip(labels.text("__alert_rule_uid__"), event.MaxText), Name: event.Clip(name, event.MaxText)}
	}
	if e.Title == "" {
		e.Title = event.Clip(joinTexts(": ", name, firstText(labels, "instance", "rulename")), event.MaxTitle)
	}
	switch e.Status {
	case "firing", "":
		e.Type, e.Time = "alert.created", r.takeTime("startsAt")
	case "resolved":
		e.Type, e.Time = "alert.resolved", r.takeTime("endsAt", "startsAt")
	default:
		e.Type, e.Time = "alert.updated", r.takeTime("startsAt")
	}
	var whole bool
	if e.Labels, whole = promLabels(labels); whole {
		r.place("labels")
	}
	e.Entities = promEntities(labels)
	fingerprint := r.take("fingerprint", event.MaxText)
	e.DedupKey = promKey(dialect, fingerprint, labels)
	context := remainderOf(group)
	e.Source = sourceOf("", dialect, context.take("externalURL", event.MaxText), fingerprint)
	r.setObject(freeMember(r.object, "group"), context.rest())
	return e, r, nil
}

// promLabels gives labels as the event's, and whether all of them are there, and whole.
func promLabels(labels object) (all map[string]string, whole bool) {
	all, whole = map[string]string{}, true
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		value := labels.scalar(name)
		isText := value != "" || string(labels[name]) == `""`
		if !isText || len(name) > event.MaxName || len(all) == event.MaxLabels {
			whole = false
			continue
		}
		whole = whole && len(value) <= event.MaxText
		all[name] = event.Clip(value, event.MaxText)
	}
	return all, whole
}

// promKey is the same for an alert as long as its labels are.
func promKey(dialect, fingerprint string, labels object) string {
	if fingerprint != "" {
		return dedupKey(dialect, fingerprint)
	}
	parts := []string{dialect}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, name+"="+labels.scalar(name))
	}
	return dedupKey(parts...)
}

// promEntities takes what the labels name. A label is what somebody configured, so nothing is observed.
func promEntities(labels object) []event.Entity {
	list := entities{told: true}
	instance := labels.text("instance")
	if u, err := url.Parse(instance); err == nil && u.Scheme != "" && u.Host != "" {
		list.add("url", instance, "target")
		instance = u.Host
	}
	if host, _, err := net.SplitHostPort(instance); err == nil {
		instance = host
	}
	list.addKind("host", strings.Trim(instance, "[]"), "target")
	list.pick(labels, []pick{
		{"host", "host", "target"}, {"hostname", "host", "target"}, {"node", "host", "target"}, {"nodename", "host", "target"},
		{"pod", "pod", "target"}, {"namespace", "namespace", ""}, {"container", "container", "target"},
	})
	return list.all
}
