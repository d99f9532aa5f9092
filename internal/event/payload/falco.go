package payload

import (
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// falcoAlert is what Falco's HTTP output sends (https://falco.org/docs/concepts/outputs/formatting/).
type falcoAlert struct {
	UUID     string   `json:"uuid"`
	Output   string   `json:"output"`
	Priority string   `json:"priority"`
	Rule     string   `json:"rule"`
	Time     string   `json:"time"`
	Source   string   `json:"source"`
	Hostname string   `json:"hostname"`
	Tags     []string `json:"tags"`
	// Fields holds texts, numbers, truth values and null: nothing nested.
	Fields map[string]any `json:"output_fields"`
}

var falco = Profile{
	Name: "falco", Title: "Falco", Help: "The alert of Falco's HTTP output, as falcosidekick and other receivers of Falco take it.",
	Lossy: true, Open: form(asFalco, "falcosecurity"),
}

// falcoPriorities are Falco's words by severity.
var falcoPriorities = [...]string{event.Info: "Informational", event.Low: "Notice", event.Medium: "Warning", event.High: "Error", event.Critical: "Critical"}

func asFalco(r *reading) any {
	a := &falcoAlert{
		UUID:     r.record.ID.UUID(),
		Output:   first(r.own.text("output"), r.Description, r.headline()),
		Priority: falcoPriorities[min(r.Severity, event.Critical)],
		Rule:     r.ruleName(),
		Time:     stamp(r.Time),
		Source:   first(r.own.text("source"), "tocsin"),
		Hostname: first(r.Source.Instance, r.host()),
		Tags:     list(r.Tags),
	}
	for _, technique := range r.Mitre {
		if !slices.ContainsFunc(a.Tags, func(t string) bool { return strings.EqualFold(t, technique) }) {
			a.Tags = append(slices.Clip(a.Tags), technique)
		}
	}
	if r.own == nil {
		if r.Description != "" && r.Title != "" {
			a.Output = r.Title + ": " + r.Description
		}
		a.Hostname = first(r.host(), r.Source.Instance)
		a.Fields = r.falcoFields()
		return a
	}
	if id := r.Source.ID; id != "" {
		a.UUID = id
	}
	if p := r.own.text("priority"); falcoWord(p) {
		a.Priority = p
	}
	a.Fields = scalars(r.own.object("output_fields"))
	return a
}

// falcoWord says whether a text is one of Falco's priorities.
func falcoWord(text string) bool {
	return slices.Contains([]string{"emergency", "alert", "critical", "error", "warning", "notice", "informational", "info", "debug"}, strings.ToLower(text))
}

// maxFields bounds output_fields.
const maxFields = 1000

// scalars keeps the members of an object that are neither objects nor arrays.
func scalars(o object) map[string]any {
	fields := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if v := o[name]; len(fields) < maxFields && v[0] != '{' && v[0] != '[' {
			fields[name] = v
		}
	}
	return fields
}

// falcoEntities are the fields of Falco that hold what an entity is, by its type and role; a type without a role is for
// all.
var falcoEntities = map[[2]string]string{
	{"ip", "source"}: "fd.cip", {"ip", "target"}: "fd.sip", {"process", ""}: "proc.name", {"user", ""}: "user.name", {"file", ""}: "fd.name",
	{"container", ""}: "container.id", {"pod", ""}: "k8s.pod.name", {"namespace", ""}: "k8s.ns.name",
}

// falcoFields are the output_fields of an event that is not Falco's: its time, what Falco has fields for, and what the
// event is here.
func (r *reading) falcoFields() map[string]any {
	fields := map[string]any{
		"evt.time": r.Time.UnixNano(), "tocsin.id": r.id(), "tocsin.type": r.Type, "tocsin.severity": r.Severity.String(),
		"tocsin.account": string(r.record.Account),
	}
	for name, value := range map[string]string{
		"tocsin.project": r.Project, "tocsin.incident": r.Incident, "tocsin.dedup_key": r.DedupKey, "tocsin.endpoint": r.Endpoint,
		"tocsin.url": r.link(), "tocsin.link": r.home(), "tocsin.actor": r.Actor,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	for _, e := range r.Entities {
		name := first(falcoEntities[[2]string{e.Type, e.Role}], falcoEntities[[2]string{e.Type, ""}])
		if _, taken := fields[name]; name != "" && !taken {
			fields[name] = e.Value
		}
	}
	return fields
}
