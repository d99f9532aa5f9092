package payload

import (
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// alertmanagerGroup is the body of Alertmanager's webhook, version 4
// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
type alertmanagerGroup struct {
	Version           string              `json:"version"`
	GroupKey          string              `json:"groupKey"`
	TruncatedAlerts   int                 `json:"truncatedAlerts"`
	Status            string              `json:"status"` // firing, resolved
	Receiver          string              `json:"receiver"`
	GroupLabels       map[string]string   `json:"groupLabels"`
	CommonLabels      map[string]string   `json:"commonLabels"`
	CommonAnnotations map[string]string   `json:"commonAnnotations"`
	ExternalURL       string              `json:"externalURL"`
	Alerts            []alertmanagerAlert `json:"alerts"`
}

type alertmanagerAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     string            `json:"startsAt"`
	EndsAt       string            `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

var alertmanager = Profile{
	Name: "alertmanager", Title: "Prometheus Alertmanager", Help: "The webhook of Alertmanager, version 4: one event is a group of one alert.",
	Lossy: true, Open: form(asAlertmanager, "prometheus"),
}

// asAlertmanager makes a group of one alert of any event. The end of a matter is a resolved alert with the fingerprint
// and the groupKey of the one that began it: both are made of the dedup key. An alert that came from Alertmanager keeps
// its labels and annotations, and what it said of its group.
func asAlertmanager(r *reading) any {
	labels, annotations := r.alertLabels(), r.alertAnnotations()
	group, own := r.own.object("group"), r.own != nil && r.Labels["alertname"] != ""
	if own {
		labels, annotations = ownLabels(r.Labels), r.own.object("annotations").strings()
	}
	a := alertmanagerAlert{
		Status: "firing", Labels: labels, Annotations: annotations, StartsAt: stamp(r.Time), EndsAt: stamp(time.Time{}),
		GeneratorURL: r.link(), Fingerprint: r.fingerprint(labels),
	}
	if r.over() {
		a.Status, a.StartsAt, a.EndsAt = "resolved", r.ownTime("startsAt", r.Time), stamp(r.Time)
	} else {
		a.EndsAt = r.ownTime("endsAt", time.Time{})
	}
	g := &alertmanagerGroup{
		Version: "4", GroupKey: `{}/{fingerprint="` + a.Fingerprint + `"}:{}`, Status: a.Status, Receiver: first(group.text("receiver"), "tocsin"),
		GroupLabels: map[string]string{"alertname": labels["alertname"]}, CommonLabels: labels, CommonAnnotations: annotations,
		ExternalURL: r.options.PublicURL, Alerts: []alertmanagerAlert{a},
	}
	if own {
		g.GroupKey = first(group.text("groupKey"), g.GroupKey)
		g.ExternalURL = first(r.Source.Instance, g.ExternalURL)
		if given := ownLabels(group.object("groupLabels").strings()); len(given) > 0 {
			g.GroupLabels = given
		}
	}
	return g
}

// ownTime is a time as Alertmanager said it, else the given one.
func (r *reading) ownTime(name string, otherwise time.Time) string {
	if at := r.own.text(name); rfc3339(at) {
		return at
	}
	return stamp(otherwise)
}

func rfc3339(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

// ownLabels keeps the labels whose names Prometheus allows, reserved ones too.
func ownLabels(labels map[string]string) map[string]string {
	own := map[string]string{}
	for name, value := range labels {
		if labelName(strings.TrimLeft(name, "_")) {
			own[name] = value
		}
	}
	return own
}

// maxLabels bounds the labels that are made of an event's own.
const maxLabels = 64

// alertLabels are the labels that make an alert what it is. Of the event's own labels those go along whose names are
// names of labels in Prometheus and none of ours.
func (r *reading) alertLabels() map[string]string {
	labels := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			labels[name] = value
		}
	}
	set("alertname", first(r.AlertType, r.ruleName()))
	set("severity", r.Severity.String())
	set("event_type", r.Type)
	set("account", string(r.record.Account))
	set("project", r.Project)
	set("instance", first(r.host(), r.Source.Instance))
	set("job", first(r.Source.Product, r.Source.Vendor))
	set("source_ip", r.entity("source", "ip"))
	set("user", r.entity("target", "user", "email"))
	for i, name := range slices.Sorted(maps.Keys(r.Labels)) {
		if _, taken := labels[name]; !taken && i < maxLabels && labelName(name) {
			set(name, r.Labels[name])
		}
	}
	return labels
}

// labelName says whether Prometheus allows a name for a label that people set: [a-zA-Z_][a-zA-Z0-9_]*, and not
// reserved by a "__" in front.
func labelName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && !strings.HasPrefix(name, "__")
}

func (r *reading) alertAnnotations() map[string]string {
	a := map[string]string{"summary": r.headline(), "event_id": r.id()}
	for name, value := range map[string]string{"description": r.Description, "dedup_key": r.DedupKey, "incident": r.Incident,
		"endpoint": r.Endpoint, "link": r.home()} {
		if value != "" {
			a[name] = value
		}
	}
	return a
}

// fingerprint is 16 hexadecimal digits that are the same for all events of one matter: of the dedup key, else of the
// labels.
func (r *reading) fingerprint(labels map[string]string) string {
	if own := r.Source.ID; r.own != nil && own != "" {
		return own
	}
	h := fnv.New64a()
	if r.DedupKey != "" {
		_, _ = h.Write([]byte(string(r.record.Account) + "\xff" + r.DedupKey))
	} else {
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			_, _ = h.Write([]byte(name + "\xff" + labels[name] + "\xff"))
		}
	}
	digits := strconv.FormatUint(h.Sum64(), 16)
	return strings.Repeat("0", 16-len(digits)) + digits
}
