package incident

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of rules.
const (
	MaxRules        = 50 // of an account
	MaxRuleName     = 100
	MaxRulePosition = 1_000_000
	DefaultPosition = 100
	MaxThreshold    = 100 // alerts
	MinWindow       = 10 * time.Second
	MaxWindow       = 24 * time.Hour
	MaxMatch        = 50 // values in one list of a match
	maxTemplate     = 200
)

// What a rule groups by.
const (
	ByEntity    = "entity"
	ByRule      = "rule"
	BySource    = "source"
	ByProject   = "project"
	ByAlertType = "alert_type"
)

// Groupings are all of them, in the order in which they stand in a key.
var Groupings = []string{ByEntity, ByRule, BySource, ByProject, ByAlertType}

// Defaults of a rule: three alerts about the same thing within five minutes.
const (
	DefaultWindow    = 5 * time.Minute
	DefaultThreshold = 3
	DefaultTitle     = "{count} related alerts: {key}"
)

// DefaultEntityTypes are the entities that make alerts related unless a rule names others.
var DefaultEntityTypes = []string{"ip", "user", "host"}

// Rule says which alerts become an incident by themselves: those that match, share what it groups by, and are at least
// Threshold within Window.
type Rule struct {
	Name     string   `json:"name"`
	Position int      `json:"position"`
	Enabled  bool     `json:"enabled"`
	Match    Match    `json:"match"`
	GroupBy  []string `json:"group_by"`
	// EntityTypes are the types of entities that ByEntity looks at.
	EntityTypes []string `json:"entity_types"`
	Window      string   `json:"window"` // a Go duration
	Threshold   int      `json:"threshold"`
	// Title is the new incident's: {count}, {key}, {rule} and {alert} stand for what they say.
	Title string `json:"title"`

	window time.Duration
}

// Match says which alerts a rule looks at. Empty members match all.
type Match struct {
	Severities []string `json:"severities,omitempty"`
	AlertTypes []string `json:"alert_types,omitempty"`
	Projects   []string `json:"projects,omitempty"`
	Where      string   `json:"where,omitempty"` // an expression about the alert as an event
}

// ruleReadOnly are members of an answer that may come back with a change; they are ignored.
var ruleReadOnly = []string{"id", "version", "created_at", "updated_at"}

// ParseRule reads a rule. What is left out has its default. The errors are form.Errors.
func ParseRule(raw json.RawMessage) (Rule, error) {
	r := Rule{
		Position: DefaultPosition, Enabled: true, GroupBy: []string{ByEntity}, EntityTypes: DefaultEntityTypes, Window: DefaultWindow.String(),
		Threshold: DefaultThreshold, Title: DefaultTitle,
	}
	var errs form.Errors
	m, ok := membersOf(raw, &errs)
	if !ok {
		return r, errs
	}
	for _, name := range ruleReadOnly {
		delete(m.fields, name)
	}
	set(&r.Name, read[string](&m, "name", "a text"))
	set(&r.Position, readSet[int](&m, "position", "a whole number"))
	set(&r.Enabled, readSet[bool](&m, "enabled", "true or false"))
	set(&r.GroupBy, readSet[[]string](&m, "group_by", "a list of texts"))
	set(&r.EntityTypes, readSet[[]string](&m, "entity_types", "a list of texts"))
	set(&r.Window, readSet[string](&m, "window", `a duration such as "5m"`))
	set(&r.Threshold, readSet[int](&m, "threshold", "a whole number"))
	set(&r.Title, readSet[string](&m, "title", "a text"))
	if match := readSet[json.RawMessage](&m, "match", "an object"); match != nil {
		r.Match = parseMatch(*match, &errs)
	}
	m.unknown()
	var more form.Errors
	r.check(&more)
	for _, e := range more { // a member that is of the wrong kind is told of once
		if !slices.ContainsFunc(errs, func(known form.FieldError) bool { return known.Path == e.Path }) {
			errs = append(errs, e)
		}
	}
	return r, errs.Err()
}

// readSet is read for members whose null stands for the default.
func readSet[T any](m *members, name, want string) *T {
	if string(m.fields[name]) == "null" {
		delete(m.fields, name)
		return nil
	}
	return read[T](m, name, want)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func parseMatch(raw json.RawMessage, errs *form.Errors) Match {
	var out Match
	var own form.Errors
	if m, ok := membersOf(raw, &own); ok {
		set(&out.Severities, read[[]string](&m, "severities", "a list of texts"))
		set(&out.AlertTypes, read[[]string](&m, "alert_types", "a list of texts"))
		set(&out.Projects, read[[]string](&m, "projects", "a list of texts"))
		set(&out.Where, read[string](&m, "where", "a text"))
		m.unknown()
	}
	for _, e := range own {
		errs.Add(strings.TrimSuffix("match."+e.Path, "."), "%s", e.Message)
	}
	return out
}

// check says everything that is wrong with a rule, and puts it into its usual form.
func (r *Rule) check(errs *form.Errors) {
	if r.Name == "" {
		errs.Add("name", "is required")
	}
	checkLine(errs, "name", r.Name, MaxRuleName)
	if r.Position < 0 || r.Position > MaxRulePosition {
		errs.Add("position", "must be 0 to %d", MaxRulePosition)
	}
	if r.Threshold < 1 || r.Threshold > MaxThreshold {
		errs.Add("threshold", "must be 1 to %d", MaxThreshold)
	}
	window, err := time.ParseDuration(r.Window)
	if err != nil || window < MinWindow || window > MaxWindow {
		errs.Add("window", "must be a duration from %s to %s", MinWindow, MaxWindow)
	}
	r.window, r.Window = window, window.String()
	if r.Title == "" {
		r.Title = DefaultTitle
	}
	checkLine(errs, "title", r.Title, maxTemplate)
	r.checkGroups(errs)
	r.Match.check(errs)
}

func (r *Rule) checkGroups(errs *form.Errors) {
	if len(r.GroupBy) == 0 {
		errs.Add("group_by", "name at least one of %s", strings.Join(Groupings, ", "))
	}
	for n, by := range first(r.GroupBy, MaxMatch) {
		if !slices.Contains(Groupings, by) {
			errs.Add(fmt.Sprintf("group_by.%d", n), "must be one of %s", strings.Join(Groupings, ", "))
		}
	}
	r.GroupBy = slices.DeleteFunc(slices.Clone(Groupings), func(by string) bool { return !slices.Contains(r.GroupBy, by) })
	if len(r.EntityTypes) == 0 {
		r.EntityTypes = DefaultEntityTypes
	}
	if len(r.EntityTypes) > MaxMatch {
		errs.Add("entity_types", "must be at most %d", MaxMatch)
	}
	for n, t := range first(r.EntityTypes, MaxMatch) {
		if t == "" {
			errs.Add(fmt.Sprintf("entity_types.%d", n), "must not be empty")
		}
		checkLine(errs, fmt.Sprintf("entity_types.%d", n), t, 64)
	}
}

func (m *Match) check(errs *form.Errors) {
	for _, l := range []struct {
		name string
		list []string
	}{{"match.severities", m.Severities}, {"match.alert_types", m.AlertTypes}, {"match.projects", m.Projects}} {
		if len(l.list) > MaxMatch {
			errs.Add(l.name, "must be at most %d", MaxMatch)
		}
		for n, text := range first(l.list, MaxMatch) {
			checkLine(errs, fmt.Sprintf("%s.%d", l.name, n), text, event.MaxName)
		}
	}
	for n, text := range first(m.Severities, MaxMatch) {
		severity, ok := event.ParseSeverity(text)
		if !ok {
			errs.Add(fmt.Sprintf("match.severities.%d", n), "must be one of %s", strings.Join(event.Severities(), ", "))
			continue
		}
		m.Severities[n] = severity.String()
	}
	if m.Where != "" {
		if _, err := expr.ParseCondition(m.Where); err != nil {
			errs.Add("match.where", "%v", err)
		}
	}
}

// RuleOf reads a stored rule.
func RuleOf(row store.IncidentRule) (Rule, error) {
	r, err := ParseRule(row.Spec)
	if err != nil {
		return r, fmt.Errorf("reading incident rule %s: %w", row.ID.Text(event.PrefixRule), err)
	}
	return r, nil
}

// fill puts a rule into a row.
func fill(row *store.IncidentRule, r Rule) {
	row.Name, row.Position, row.Enabled, row.Spec = r.Name, r.Position, r.Enabled, encodeRule(r)
}

func encodeRule(r Rule) json.RawMessage {
	raw, err := json.Marshal(r)
	if err != nil {
		panic("incident: writing a rule as JSON: " + err.Error()) // texts and numbers
	}
	return raw
}

// compiled is a rule as it runs.
type compiled struct {
	Rule

	id         event.ID
	version    int64
	severities []event.Severity
	where      *expr.Condition // nil: always
}

func compile(id event.ID, version int64, r Rule) (*compiled, error) {
	c := &compiled{Rule: r, id: id, version: version}
	for _, text := range r.Match.Severities {
		severity, ok := event.ParseSeverity(text)
		if !ok {
			return nil, errors.New("it names a severity that is none")
		}
		c.severities = append(c.severities, severity)
	}
	if r.Match.Where != "" {
		var err error
		if c.where, err = expr.ParseCondition(r.Match.Where); err != nil {
			return nil, err
		}
	}
	return c, nil
}
