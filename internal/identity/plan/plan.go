// Package plan says what an account may use: a matrix of plans by connector kinds and by limits, which is data, and
// the meters that hold accounts to it.
//
// [Matrix] is the data and pure. [Service] counts events by account and calendar month, in memory; it saves the counts
// every few seconds and completes them after a crash from the journal's running numbers.
package plan

import (
	"slices"
	"strings"
)

// Default is the name of the plan of an account that has none: every matrix has it.
const Default = "default"

// What happens to events above a plan's monthly number.
const (
	// Refuse answers 429, and nothing of the request is taken: what is not acknowledged is not lost.
	Refuse = "refuse"
	// Flag takes the events, counts them as over and says so in the answer.
	Flag = "flag"
)

// Plan is one plan. In its numbers 0 means that there is no limit.
type Plan struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Connectors are the kinds that may be used: a kind ("slack"), all of a category ("category:siem"), or "*" for all.
	Connectors []string `json:"connectors"`
	// RequestsPerMinute bounds the API requests of the account's keys and people together.
	RequestsPerMinute int `json:"requests_per_minute"`
	// EventsPerSecond bounds events over time. A single batch may be larger than it; then the next has to wait.
	EventsPerSecond int `json:"events_per_second"`
	// BatchEvents is how many events one request may hold; 0: as many as the hub takes.
	BatchEvents int `json:"batch_events"`
	// EventsPerMonth bounds events by calendar month (UTC); Above says what happens beyond it.
	EventsPerMonth int    `json:"events_per_month"`
	Above          string `json:"above"`
}

// Has says whether the plan has connectors of a kind, whose category is given too.
func (p *Plan) Has(kind, category string) bool {
	return slices.ContainsFunc(p.Connectors, func(c string) bool {
		name, isCategory := strings.CutPrefix(c, categoryPrefix)
		return c == "*" || c == kind || isCategory && name == category
	})
}

const categoryPrefix = "category:"

// The names of the limits, as the fields of the data are named.
const (
	RequestsPerMinute = "requests_per_minute"
	EventsPerSecond   = "events_per_second"
	BatchEvents       = "batch_events"
	EventsPerMonth    = "events_per_month"
)

// limit gives a limit by its name; 0: none.
func (p *Plan) limit(name string) int {
	switch name {
	case RequestsPerMinute:
		return p.RequestsPerMinute
	case EventsPerSecond:
		return p.EventsPerSecond
	case BatchEvents:
		return p.BatchEvents
	case EventsPerMonth:
		return p.EventsPerMonth
	}
	return 0
}

// burst is how many events may come at once: a whole batch, even if that is more than a second's number.
func (p *Plan) burst() int { return max(p.EventsPerSecond, p.BatchEvents) }

// Matrix is all plans of an installation. It does not change.
type Matrix struct {
	plans  []Plan // the cheapest first
	byName map[string]*Plan
}

// Plans gives all plans, in the order of the data: the cheapest first.
func (m *Matrix) Plans() []Plan {
	list := slices.Clone(m.plans)
	for i := range list {
		list[i].Connectors = slices.Clone(list[i].Connectors)
	}
	return list
}

// Known says whether there is a plan of that name.
func (m *Matrix) Known(name string) bool { return m.byName[name] != nil }

// Get gives a plan by its name; the empty name is the default plan.
func (m *Matrix) Get(name string) (Plan, bool) {
	p := m.find(name)
	if p == nil {
		return Plan{}, false
	}
	return *p, true
}

func (m *Matrix) find(name string) *Plan {
	if name == "" {
		name = Default
	}
	return m.byName[name]
}

// With gives the names of the plans that have connectors of a kind, the cheapest first. The default plan is not named:
// it is the operator's own.
func (m *Matrix) With(kind, category string) []string {
	return m.names(func(p *Plan) bool { return p.Has(kind, category) })
}

// withMore gives the cheapest plan whose limit is above most; empty if there is none.
func (m *Matrix) withMore(limit string, most int) string {
	names := m.names(func(p *Plan) bool { n := p.limit(limit); return n == 0 || n > most })
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func (m *Matrix) names(want func(*Plan) bool) []string {
	names := []string{}
	for i := range m.plans {
		if p := &m.plans[i]; p.Name != Default && want(p) {
			names = append(names, p.Name)
		}
	}
	return names
}
