// Package route decides which integrations want an event, and says why not. It is pure: an index of subscriptions, and
// a match that changes nothing.
package route

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of one subscription.
const (
	// MaxFilters bounds each list of a subscription.
	MaxFilters = 500
)

// Subscription says which events an integration wants. Empty Types want nothing; every other empty filter wants all.
type Subscription struct {
	Types       []event.TypeFilter
	MinSeverity event.Severity
	AlertTypes  []string
	Projects    []string
	// IncludeChildren: also the events of the accounts below the integration's own, at any depth.
	IncludeChildren bool
	// Where is an expression that must hold as well; nil: none. It is asked last.
	Where *expr.Condition
}

// ParseSubscription reads the "subscription" object of an integration. Errors are form.Errors.
func ParseSubscription(raw json.RawMessage) (Subscription, error) {
	f := new(SubscriptionForm)
	err := form.Decode(raw, f)
	return f.Subscription(), err
}

// SubscriptionForm declares the "subscription" object.
type SubscriptionForm struct {
	types       []string
	minSeverity string
	alertTypes  []string
	projects    []string
	children    bool
	where       string
}

// Form declares the settings.
func (s *SubscriptionForm) Form(f *form.Set) {
	f.Texts("types", &s.types, "Event types", form.Max(MaxFilters), form.Check(checkTypeFilter),
		form.Help("\"alert.created\", \"alert.*\" for everything below, \"*\" for all that is sent in and what becomes of its alerts. What Tocsin says of itself must be named (\"system.*\"). None chosen sends nothing."))
	f.Choice("min_severity", &s.minSeverity, "Minimum severity", event.Severities(), form.Default("info"),
		form.Help("Events below it are filtered."))
	f.Texts("alert_types", &s.alertTypes, "Alert types", form.Max(MaxFilters), form.Help("None chosen means all."))
	f.Texts("projects", &s.projects, "Projects", form.Max(MaxFilters), form.Help("None chosen means all."))
	f.Bool("include_children", &s.children, "Child accounts", form.Default(false),
		form.Help("Also receive the events of child accounts."))
	f.Text("where", &s.where, "Condition", form.Max(expr.MaxSource), form.Multiline(), form.Check(checkWhere),
		form.Help("An expression that must hold as well, such as event.severity_level >= HIGH || \"pci\" in event.tags. Empty: none."))
}

func checkWhere(source string) error {
	_, err := expr.ParseCondition(source)
	return err
}

func checkTypeFilter(text string) error { return event.TypeFilter(text).Check() }

// Subscription is what was decoded.
func (s *SubscriptionForm) Subscription() Subscription {
	severity, _ := event.ParseSeverity(s.minSeverity)
	types := make([]event.TypeFilter, len(s.types))
	for i, t := range s.types {
		types[i] = event.TypeFilter(t)
	}
	sub := Subscription{
		Types: types, MinSeverity: severity, AlertTypes: s.alertTypes, Projects: s.projects, IncludeChildren: s.children,
	}
	if s.where != "" {
		sub.Where, _ = expr.ParseCondition(s.where) // it was checked
	}
	return sub
}

// Reason is why an integration does not get an event.
type Reason string

// The reasons; the empty one means that the event is wanted.
const (
	Wanted       Reason = ""
	NoTypes      Reason = "no event types are chosen"
	TypeFiltered Reason = "its type is not chosen"
	TooLow       Reason = "its severity is below the minimum"
	AlertType    Reason = "its alert type is not chosen"
	Project      Reason = "its project is not chosen"
	OwnFact      Reason = "it is about this integration itself"
	OtherAccount Reason = "it belongs to another account"
	Where        Reason = "its where expression does not hold"
	WhereFailed  Reason = "its where expression cannot be evaluated for it"
	Addressed    Reason = "it is for another integration alone"
	Unnamed      Reason = "what Tocsin says of itself is only sent where its type is named: \"*\" does not mean it"
)

// WantsType says whether events of the type may be wanted: those that the type filters want, and those that are for one
// integration alone.
func (s *Subscription) WantsType(eventType string) bool {
	return event.Addressed(eventType) || s.chooses(eventType)
}

// chooses says whether the type filters want the type.
func (s *Subscription) chooses(eventType string) bool {
	for _, f := range s.Types {
		if f.Match(eventType) {
			return true
		}
	}
	return false
}

// Explain says why the integration does not get the event; Wanted if it does.
func (s *Subscription) Explain(r *event.Record, integration string) Reason {
	why := s.explainFields(r, integration)
	if why == Wanted && s.Where != nil && !addressed(r) {
		return s.askWhere(expr.NewView(r))
	}
	return why
}

// explainFields is Explain without the expression.
func (s *Subscription) explainFields(r *event.Record, integration string) Reason {
	switch {
	case addressed(r):
		return s.explainRest(r, integration)
	case len(s.Types) == 0:
		return NoTypes
	case !s.chooses(r.Type):
		return TypeFiltered
	}
	return s.explainRest(r, integration)
}

// askWhere asks the expression. An event for which it cannot be evaluated is not wanted.
func (s *Subscription) askWhere(v *expr.View) Reason {
	holds, err := s.Where.MatchView(v)
	switch {
	case err != nil:
		return WhereFailed
	case !holds:
		return Where
	}
	return Wanted
}

// addressed says whether the event is for its Origin alone, whatever anybody subscribes to.
func addressed(r *event.Record) bool {
	return r.Flags&event.Internal != 0 && event.Addressed(r.Type)
}

// explainRest checks what the index does not: everything but the type, and the expression.
func (s *Subscription) explainRest(r *event.Record, integration string) Reason {
	switch {
	case addressed(r):
		if r.Origin != integration {
			return Addressed
		}
		return Wanted
	case event.Addressed(r.Type) && !s.chooses(r.Type):
		return TypeFiltered // a sender's own event of that name
	case r.Severity < s.MinSeverity:
		return TooLow
	case len(s.AlertTypes) > 0 && !slices.Contains(s.AlertTypes, r.AlertType):
		return AlertType
	case len(s.Projects) > 0 && !slices.Contains(s.Projects, r.Project):
		return Project
	case r.Origin != "" && r.Origin == integration:
		return OwnFact
	case r.Flags&event.Internal != 0 && !ofCase(r.Type) && !s.names(r.Type):
		return Unnamed
	}
	return Wanted
}

// ofCase says whether a type belongs to the story of an alert or an incident, or of a block. Who
// was told how it began hears how it goes on, whoever changes it.
func ofCase(eventType string) bool {
	return strings.HasPrefix(eventType, "alert.") || strings.HasPrefix(eventType, "incident.") || strings.HasPrefix(eventType, "ip.")
}

// names says whether a type filter other than "*" wants the type. Who asks for all means all that is sent in and what
// becomes of it, not what the hub says of itself.
func (s *Subscription) names(eventType string) bool {
	return slices.ContainsFunc(s.Types, func(f event.TypeFilter) bool { return f != "*" && f.Match(eventType) })
}
