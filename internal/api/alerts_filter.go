package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// AlertFilter selects alerts. Empty fields do not filter; of several values of one field one must hold.
type AlertFilter struct {
	Status      []string  `json:"status,omitempty" query:"status" enum:"open,acknowledged,resolved" doc:"Only those that stand there."`
	Severity    []string  `json:"severity,omitempty" query:"severity" enum:"info,low,medium,high,critical" doc:"Only those of these severities."`
	MinSeverity string    `json:"min_severity,omitempty" query:"min_severity" enum:"info,low,medium,high,critical" doc:"Only those at least this severe."`
	AlertType   []string  `json:"alert_type,omitempty" query:"alert_type" maxItems:"50" doc:"Only these kinds of alerts; none: those without one."`
	Project     []string  `json:"project,omitempty" query:"project" maxItems:"50" doc:"Only those of these projects; none: those without one."`
	Source      []string  `json:"source,omitempty" query:"source" maxItems:"50" doc:"Only those of these sources (vendor/product); none: those without one." example:"[\"example/identity\"]"`
	Assignee    []string  `json:"assignee,omitempty" query:"assignee" maxItems:"50" doc:"Only those that these people have; none: those that nobody has." example:"[\"none\"]"`
	Country     []string  `json:"country,omitempty" query:"country" maxItems:"50" doc:"Only those from these countries, as two letters (ISO 3166-1); none: those without one." example:"[\"NL\"]"`
	Mitre       []string  `json:"mitre,omitempty" query:"mitre" maxItems:"50" doc:"Only those that name one of these ATT&CK techniques; a technique also finds its sub-techniques." example:"[\"T1110\"]"`
	Incident    string    `json:"incident,omitempty" query:"incident" maxLength:"64" doc:"Only those under this incident." example:"INC-7"`
	Entity      string    `json:"entity,omitempty" query:"entity" maxLength:"8192" doc:"Only those about this entity: its value, or type:value." example:"ip:203.0.113.7"`
	Tag         string    `json:"tag,omitempty" query:"tag" maxLength:"256" doc:"Only those with this tag."`
	Rule        string    `json:"rule,omitempty" query:"rule" maxLength:"4096" doc:"Only those of this rule: its id or its name."`
	Text        string    `json:"q,omitempty" query:"q" maxLength:"1000" doc:"Only those with all of these words in their title, description, entities, rule or key." example:"failed logins"`
	Since       time.Time `json:"since,omitzero" query:"since" doc:"Only those last seen from this time on."`
	Until       time.Time `json:"until,omitzero" query:"until" doc:"Only those last seen before this time."`
}

// noneValue stands for alerts without a value.
const noneValue = "none"

// read turns the filter into the store's. part is where it stands in the request.
func (f *AlertFilter) read(account event.Account, part string) (store.AlertFilter, error) {
	out := store.AlertFilter{
		Account: account, Status: f.Status, AlertType: withNone(f.AlertType), Project: withNone(f.Project), Source: withNone(f.Source),
		Assignee: withNone(f.Assignee), Country: countriesOf(f.Country), Mitre: f.Mitre, Entity: f.Entity, Tag: f.Tag, Rule: f.Rule, Text: strings.TrimSpace(f.Text), Since: f.Since, Until: f.Until,
	}
	if f.Incident != "" {
		if out.Incident = event.IncidentNumber(f.Incident); out.Incident == 0 {
			p := fieldError(part+".incident", fmt.Sprintf("%.20q is not the number of an incident, such as INC-7", f.Incident))
			return out, problem(http.StatusUnprocessableEntity, summary([]FieldError{p}), p)
		}
	}
	least, _ := event.ParseSeverity(f.MinSeverity)
	for s := event.Info; s <= event.Critical; s++ {
		if s >= least && (len(f.Severity) == 0 || slices.Contains(f.Severity, s.String())) {
			out.Severity = append(out.Severity, s)
		}
	}
	switch {
	case len(f.Severity) == 0 && f.MinSeverity == "":
		out.Severity = nil
	case len(out.Severity) == 0: // the two exclude each other
		out.Severity = []event.Severity{event.Critical + 1}
	}
	return out, nil
}

func withNone(values []string) []string {
	if slices.Contains(values, noneValue) {
		return append(slices.Clone(values), "")
	}
	return values
}

// countriesOf is withNone of codes, which are upper case.
func countriesOf(values []string) []string {
	codes := withNone(values)
	for i, v := range codes {
		if i == 0 {
			codes = slices.Clone(codes)
		}
		if v != noneValue {
			codes[i] = strings.ToUpper(strings.TrimSpace(v))
		}
	}
	return codes
}
