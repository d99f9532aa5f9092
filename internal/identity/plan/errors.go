package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// NotInPlanError says that an account's plan has no connectors of a kind. It is a 403.
type NotInPlanError struct {
	Plan string // the account's
	Kind string
	// PlansWith are the plans that have it, the cheapest first; none if no plan on offer has it.
	PlansWith []string
}

func (e *NotInPlanError) Error() string {
	text := fmt.Sprintf("the plan %q does not have %.64s connectors; ", e.Plan, e.Kind)
	switch n := len(e.PlansWith); n {
	case 0:
		return text + "no plan on offer has them"
	case 1:
		return text + "the plan " + quoted(e.PlansWith) + " has them"
	default:
		return text + "the plans " + quoted(e.PlansWith) + " have them"
	}
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strconv.Quote(n)
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return list[0]
}

// LimitError says that a limit of an account's plan is reached. It is a 429; for BatchEvents, where waiting does not
// help, a 413.
type LimitError struct {
	Limit string // its name: EventsPerSecond, …
	Plan  string
	Max   int
	// RetryAfter is how long to wait; 0 for BatchEvents.
	RetryAfter time.Duration
	// PlanWithMore is the cheapest plan that allows more; empty if there is none.
	PlanWithMore string
}

var limitTexts = map[string]string{
	RequestsPerMinute: "requests per minute",
	EventsPerSecond:   "events per second",
	BatchEvents:       "events in one request",
	EventsPerMonth:    "events per month",
}

func (e *LimitError) Error() string {
	text := fmt.Sprintf("the plan %q allows %s %s", e.Plan, thousands(e.Max), limitTexts[e.Limit])
	if e.PlanWithMore != "" {
		text += fmt.Sprintf("; the plan %q allows more", e.PlanWithMore)
	}
	return text
}

// thousands writes a number as in "25,000".
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
